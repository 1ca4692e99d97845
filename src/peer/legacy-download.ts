import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../domain/app-error.ts';
import { BandwidthLimiter } from './bandwidth-limiter.ts';
import { blockLength, hashLeaf } from './hash-tree.ts';
import { ThroughputMeter } from './meter.ts';
import { PartialFile } from './partial-file.ts';
import { safeName } from './safe-path.ts';
import { BLOCKS_PER_WRITE } from './write-queue.ts';

/** A file of a legacy client, and the TCP endpoint that sends it. */
export interface LegacyFile {
  readonly member: string;
  readonly address: string;
  readonly port: number;
  /** As published. */
  readonly name: string;
  readonly size: number;
}

export interface LegacyDownloadSettings extends LegacyFile {
  readonly downloadFolder: string;
  /** The private folder of state files. */
  readonly stateFolder: string;
  readonly limiter?: BandwidthLimiter;
  readonly signal: AbortSignal;
  /** @param done bytes on disk */
  readonly onProgress: (done: number, bytesPerSecond: number) => void;
  /** Time limit for the next 64 KiB. */
  readonly stallMs?: number;
}

const LENGTH_BYTES = 4;
/** Legacy clients send the size in 4 bytes. */
const MAX_LEGACY_FILE_BYTES = 2 ** 32 - 1;
const STALL_TIMEOUT_MS = 15_000;
const MIN_PROGRESS_BYTES = 64 * 1024;

/**
 * Downloads a file from a legacy client: unencrypted, over TCP, always from the beginning. Only its size can be
 * verified. An incomplete file is removed, because it cannot be resumed.
 * @returns the path it was saved to
 * @throws AppError TOO_LARGE; CONFLICT when it does not have the published size or is already being received;
 * NOT_AVAILABLE, CONNECTION_ENDED, TOO_SLOW, STORE_FAILED; the signal's reason
 */
export async function downloadLegacy(settings: LegacyDownloadSettings): Promise<string> {
  const { member, address, port, name, size, downloadFolder, stateFolder, signal } = settings;
  if (size > MAX_LEGACY_FILE_BYTES) {
    const message = `${name} has ${size} bytes, but a legacy client can send at most ${MAX_LEGACY_FILE_BYTES}.`;
    throw new AppError('TOO_LARGE', message);
  }
  signal.throwIfAborted();
  const socket = connect({ host: address, port });
  socket.on('error', () => undefined); // readChunks throws it
  const abort = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    socket.write(encodeRequest(name));
    const chunks = readChunks(socket, settings.stallMs ?? STALL_TIMEOUT_MS, member);
    const rest = await readSize(chunks, settings);
    const safe = safeName(name);
    const files = [{ path: safe, size, modified: 0, root: null }];
    const spec = { downloadFolder, stateFolder, name: safe, folder: false, sender: member, files };
    const part = await PartialFile.open(spec, { signal });
    try {
      // The blocks of an earlier attempt may be from another version of the file.
      for (let block = 0; block < part.blockCount; block += 1) await part.forgetBlock(block);
      await receiveContent(rest, chunks, part, settings);
      return await part.finish();
    } catch (thrown) {
      await part.remove();
      throw thrown;
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown instanceof AppError ? thrown : unreachableError(thrown, settings);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

function encodeRequest(name: string): Buffer {
  const text = Buffer.from(`download ${name}`);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

/** Yields the received chunks. Disconnects when the next MIN_PROGRESS_BYTES take too long in total. */
async function* readChunks(socket: Socket, stallMs: number, member: string): AsyncGenerator<Buffer> {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let waitedMs = 0;
  let received = 0;
  for (;;) {
    const startedAt = performance.now();
    const timer = setTimeout(
      () => socket.destroy(new AppError('TOO_SLOW', `${member} is sending too slowly.`)),
      stallMs - waitedMs,
    );
    const { done, value } = await chunks.next().finally(() => clearTimeout(timer));
    if (done) return;
    waitedMs += performance.now() - startedAt;
    received += value.length;
    if (received >= MIN_PROGRESS_BYTES) {
      waitedMs = 0;
      received = 0;
    }
    yield value;
  }
}

/** @returns the content received after the size */
async function readSize(chunks: AsyncGenerator<Buffer>, settings: LegacyDownloadSettings): Promise<Buffer> {
  const { member, name, size } = settings;
  let header: Buffer = Buffer.alloc(0);
  while (header.length < LENGTH_BYTES) header = Buffer.concat([header, await nextChunk(chunks, settings)]);
  const sentSize = header.readUInt32BE(0);
  if (sentSize !== size) {
    const message = `${name} now has ${sentSize} bytes, but was published with ${size}. Ask ${member} to publish it again.`;
    throw new AppError('CONFLICT', message);
  }
  return header.subarray(LENGTH_BYTES);
}

async function receiveContent(
  first: Buffer,
  chunks: AsyncGenerator<Buffer>,
  part: PartialFile,
  settings: LegacyDownloadSettings,
): Promise<void> {
  const { size, limiter = new BandwidthLimiter(), signal, onProgress } = settings;
  const meter = new ThroughputMeter();
  let chunk = first;
  let writes: Promise<void>[] = [];
  try {
    for (let block = 0; block < part.blockCount; block += 1) {
      const content = Buffer.allocUnsafeSlow(blockLength(size, block));
      for (let filled = 0; filled < content.length; ) {
        if (chunk.length === 0) {
          chunk = await nextChunk(chunks, settings);
          meter.add(chunk.length);
          const waitMs = limiter.consume(chunk.length);
          if (waitMs >= 1) await sleep(waitMs, undefined, { signal });
          onProgress(part.verifiedBytes, meter.bytesPerSecond);
        }
        const copied = chunk.copy(content, filled);
        filled += copied;
        chunk = chunk.subarray(copied);
      }
      writes.push(part.writeBlock(0, block, content, hashLeaf(content)));
      if (writes.length < BLOCKS_PER_WRITE) continue;
      await Promise.all(writes);
      writes = [];
    }
    await Promise.all(writes);
  } finally {
    await Promise.allSettled(writes); // the caller closes or removes the part, which must not have pending writes
  }
  onProgress(part.verifiedBytes, meter.bytesPerSecond);
}

/** @throws AppError CONNECTION_ENDED at the end of the stream */
async function nextChunk(chunks: AsyncGenerator<Buffer>, { member, name }: LegacyDownloadSettings): Promise<Buffer> {
  const { done, value } = await chunks.next();
  if (!done) return value;
  const message = `${member} closed the connection before ${name} was complete; the file may have been removed.`;
  throw new AppError('CONNECTION_ENDED', message);
}

function unreachableError(cause: unknown, { member, address, port }: LegacyDownloadSettings): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new AppError('NOT_AVAILABLE', `Cannot reach ${member} at ${address}, TCP port ${port} (${code}).`, { cause });
}
