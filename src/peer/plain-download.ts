import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failure.ts';
import { Bucket } from './bucket.ts';
import { blockBytes, leafOf } from './hash-tree.ts';
import { Meter } from './meter.ts';
import { Part } from './part.ts';
import { safeName } from './safe-path.ts';

/** A file that an old client gives, and where. */
export interface PlainFile {
  readonly member: string;
  readonly address: string;
  readonly port: number;
  /** As it is listed. */
  readonly name: string;
  readonly size: number;
}

export interface PlainDownloadSettings extends PlainFile {
  /** The folder that it goes to. */
  readonly into: string;
  /** The private folder of states. */
  readonly states: string;
  /** A cap on what is received. */
  readonly bucket?: Bucket;
  readonly signal: AbortSignal;
  /** Told what is on the disk, and how many bytes a second came lately. */
  readonly onProgress: (done: number, bytesPerSecond: number) => void;
  /** How long the next 64 KiB may be waited for. */
  readonly patienceMs?: number;
}

const LENGTH_BYTES = 4;
/** An old client tells the size in 4 bytes. */
const MOST_BYTES = 2 ** 32 - 1;
const PATIENCE_MS = 15_000;
const LEAST_BYTES = 64 * 1024;
/** Blocks that are written together: a part takes so many in one call of the system. */
const RUN = 8;

/**
 * Receives a file from an old client: in clear, over TCP, from its beginning. Nothing says whether it is what was
 * listed but its size. What did not come whole is removed, as there is nothing to go on from.
 * @returns where it was saved
 * @throws Failure TOO_LARGE, CONFLICT (not of the listed size, or being received already), NOT_AVAILABLE,
 * CONNECTION_ENDED, TOO_SLOW, STORE_FAILED; the signal's reason
 */
export async function downloadPlain(settings: PlainDownloadSettings): Promise<string> {
  const { member, address, port, name, size, into, states, signal, patienceMs = PATIENCE_MS } = settings;
  if (size > MOST_BYTES) {
    throw new Failure('TOO_LARGE', `${name} has ${size} bytes: an old client gives ${MOST_BYTES} at most.`);
  }
  signal.throwIfAborted();
  const socket = connect({ host: address, port });
  socket.on('error', () => undefined); // heard by who reads
  const leave = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', leave);
  try {
    socket.write(request(name));
    const chunks = arriving(socket, patienceMs, member);
    const rest = await readSize(chunks, settings);
    const called = safeName(name);
    const files = [{ path: called, size, modified: 0, root: null }];
    const part = await Part.open({ into, states, name: called, folder: false, from: member, files }, { signal });
    try {
      // What an earlier attempt left vouches for nothing.
      for (let block = 0; block < part.blocks; block += 1) await part.forget(block);
      await receive(rest, chunks, part, settings);
      return await part.finish();
    } catch (thrown) {
      await part.remove();
      throw thrown;
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown instanceof Failure ? thrown : lost(thrown, settings);
  } finally {
    signal.removeEventListener('abort', leave);
    socket.destroy();
  }
}

/** Old clients read as many bytes as the length says. */
function request(name: string): Buffer {
  const text = Buffer.from(`download ${name}`);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

/** What comes. Whoever lets the next 64 KiB be waited for too long, by silence or drop by drop, is left. */
async function* arriving(socket: Socket, patienceMs: number, member: string): AsyncGenerator<Buffer> {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let waited = 0;
  let came = 0;
  for (;;) {
    const begun = performance.now();
    const slow = setTimeout(
      () => socket.destroy(new Failure('TOO_SLOW', `${member} sent too little for too long.`)),
      patienceMs - waited,
    );
    const { done, value } = await chunks.next().finally(() => clearTimeout(slow));
    if (done) return;
    waited += performance.now() - begun;
    came += value.length;
    if (came >= LEAST_BYTES) {
      waited = 0;
      came = 0;
    }
    yield value;
  }
}

/** @returns what came behind the size */
async function readSize(chunks: AsyncGenerator<Buffer>, settings: PlainDownloadSettings): Promise<Buffer> {
  const { member, name, size } = settings;
  let head: Buffer = Buffer.alloc(0);
  while (head.length < LENGTH_BYTES) head = Buffer.concat([head, await next(chunks, settings)]);
  const told = head.readUInt32BE(0);
  if (told !== size) {
    throw new Failure(
      'CONFLICT',
      `${name} has ${told} bytes at ${member}, and ${size} are listed: it changed since. ${member} is to publish it anew.`,
    );
  }
  return head.subarray(LENGTH_BYTES);
}

async function receive(
  first: Buffer,
  chunks: AsyncGenerator<Buffer>,
  part: Part,
  settings: PlainDownloadSettings,
): Promise<void> {
  const { size, bucket = new Bucket(), signal, onProgress } = settings;
  const meter = new Meter();
  let chunk = first;
  let run: Promise<void>[] = [];
  try {
    for (let block = 0; block < part.blocks; block += 1) {
      const content = Buffer.allocUnsafeSlow(blockBytes(size, block));
      for (let filled = 0; filled < content.length; ) {
        if (chunk.length === 0) {
          chunk = await next(chunks, settings);
          meter.add(chunk.length);
          const wait = bucket.debit(chunk.length);
          if (wait >= 1) await sleep(wait, undefined, { signal });
          onProgress(part.done, meter.rate);
        }
        const taken = chunk.copy(content, filled);
        filled += taken;
        chunk = chunk.subarray(taken);
      }
      run.push(part.write(0, block, content, leafOf(content)));
      if (run.length < RUN) continue;
      await Promise.all(run);
      run = [];
    }
    await Promise.all(run);
  } finally {
    await Promise.allSettled(run); // a part is closed or removed only when nothing writes to it
  }
  onProgress(part.done, meter.rate);
}

/** @throws Failure CONNECTION_ENDED where nothing more comes */
async function next(chunks: AsyncGenerator<Buffer>, { member, name }: PlainDownloadSettings): Promise<Buffer> {
  const { done, value } = await chunks.next();
  if (!done) return value;
  throw new Failure('CONNECTION_ENDED', `${member} ended before all of ${name} was there: he may have it no more.`);
}

function lost(cause: unknown, { member, address, port }: PlainDownloadSettings): Failure {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new Failure('NOT_AVAILABLE', `${member} cannot be reached at ${address}, TCP port ${port} (${code}).`, {
    cause,
  });
}
