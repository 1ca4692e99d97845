import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../domain/app-error.ts';

const CHUNK_BYTES = 64 * 1024;
const POLL_INTERVAL_MS = 200;
const NEWLINE = 0x0a;

/** The last `count` lines of a log, oldest first; if the file has fewer, the rest from `<file>.1`. */
export async function readLastLines(file: string, count: number): Promise<string[]> {
  const { lines } = await readTailOf(file, count);
  return [...(await readRotatedLines(file, count - lines.length)), ...lines];
}

async function readRotatedLines(file: string, count: number): Promise<string[]> {
  return count > 0 ? (await readTailOf(`${file}.1`, count)).lines : [];
}

async function readTailOf(file: string, count: number): Promise<FileTail> {
  const handle = await openIfExists(file);
  try {
    return await readTail(handle, count);
  } finally {
    await handle?.close();
  }
}

/** Yields the last `count` lines, then each new one until `signal` aborts, also across rotation and a missing file. */
export async function* followLines(file: string, count: number, signal: AbortSignal): AsyncGenerator<string> {
  let handle = await openIfExists(file);
  let rest = Buffer.alloc(0);
  try {
    const { lines, end } = await readTail(handle, count);
    let position = end;
    yield* await readRotatedLines(file, count - lines.length);
    yield* lines;
    while (!signal.aborted) {
      if (handle) {
        const { size, ino } = await handle.stat();
        if (size < position) position = 0; // truncated by hand
        if (size > position) {
          const chunk = Buffer.alloc(Math.min(size - position, 16 * CHUNK_BYTES));
          const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
          position += bytesRead;
          rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
          const end = rest.lastIndexOf(NEWLINE);
          if (end >= 0) {
            yield* rest.subarray(0, end).toString('utf8').split('\n');
            rest = rest.subarray(end + 1);
          }
          continue;
        }
        if (await isStillAt(file, ino)) {
          await waitForPoll(signal);
          continue;
        }
        // Read to the end, and the name now belongs to another file: the log was rotated.
        if (rest.length > 0) yield rest.toString('utf8');
        rest = Buffer.alloc(0);
        await handle.close();
      }
      position = 0;
      handle = await openIfExists(file);
      if (!handle) await waitForPoll(signal);
    }
  } finally {
    await handle?.close();
  }
}

async function waitForPoll(signal: AbortSignal): Promise<void> {
  await wait(POLL_INTERVAL_MS, undefined, { signal }).catch(() => {}); // only an abort rejects
}

async function isStillAt(file: string, ino: number): Promise<boolean> {
  try {
    return (await stat(file)).ino === ino;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return true; // during a rotation: wait for the new file
    throw cause;
  }
}

interface FileTail {
  readonly lines: string[];
  /** Offset behind the last line. */
  readonly end: number;
}

async function readTail(handle: FileHandle | undefined, count: number): Promise<FileTail> {
  let from = (await handle?.stat())?.size ?? 0;
  let held = Buffer.alloc(0);
  let end = -1;
  let newlines = 0;
  while (handle && from > 0 && newlines <= count) {
    const length = Math.min(CHUNK_BYTES, from);
    from -= length;
    const chunk = Buffer.alloc(length);
    await handle.read(chunk, 0, length, from);
    for (const byte of chunk) if (byte === NEWLINE) newlines++;
    if (end < 0 && newlines > 0) end = from + chunk.lastIndexOf(NEWLINE) + 1;
    held = Buffer.concat([chunk, held]);
  }
  if (end < 0) return { lines: [], end: 0 };
  const text = held.subarray(0, end - from - 1).toString('utf8');
  return { lines: count > 0 ? text.split('\n').slice(-count) : [], end };
}

async function openIfExists(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new AppError('STORE_FAILED', `${file} cannot be read (${code}).`, { cause, data: { file } });
  }
}
