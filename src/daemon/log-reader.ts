import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../domain/failure.ts';

const CHUNK = 64 * 1024;
const POLL_MS = 200;
const NEWLINE = 0x0a;

/** The last `count` lines of a log, oldest first; where the file has fewer, those before it in `<file>.1`. */
export async function lastLines(file: string, count: number): Promise<string[]> {
  const { lines } = await openTail(file, count);
  return [...(await before(file, count - lines.length)), ...lines];
}

async function before(file: string, count: number): Promise<string[]> {
  return count > 0 ? (await openTail(`${file}.1`, count)).lines : [];
}

async function openTail(file: string, count: number): Promise<Tail> {
  const handle = await openIfThere(file);
  try {
    return await tail(handle, count);
  } finally {
    await handle?.close();
  }
}

/**
 * The last `count` lines, then each new one as it is written, also after the file was put aside for a new one; a
 * file that is not there yet is waited for. Ends when `signal` says so.
 */
export async function* followLines(file: string, count: number, signal: AbortSignal): AsyncGenerator<string> {
  let handle = await openIfThere(file);
  let rest = Buffer.alloc(0);
  try {
    const { lines, end } = await tail(handle, count);
    let position = end;
    yield* await before(file, count - lines.length);
    yield* lines;
    while (!signal.aborted) {
      if (handle) {
        const { size, ino } = await handle.stat();
        if (size < position) position = 0; // emptied by hand
        if (size > position) {
          const chunk = Buffer.alloc(Math.min(size - position, 16 * CHUNK));
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
        if (await isAt(file, ino)) {
          await pause(signal);
          continue;
        }
        // Read to its end, and the name belongs to another file by now: put aside.
        if (rest.length > 0) yield rest.toString('utf8');
        rest = Buffer.alloc(0);
        await handle.close();
      }
      position = 0;
      handle = await openIfThere(file);
      if (!handle) await pause(signal);
    }
  } finally {
    await handle?.close();
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await wait(POLL_MS, undefined, { signal }).catch(() => {}); // the only way that this fails is the signal
}

async function isAt(file: string, ino: number): Promise<boolean> {
  try {
    return (await stat(file)).ino === ino;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return true; // between two files: wait for the next
    throw cause;
  }
}

interface Tail {
  readonly lines: string[];
  /** Offset behind the last of them. */
  readonly end: number;
}

/** The last whole lines of a file. */
async function tail(handle: FileHandle | undefined, count: number): Promise<Tail> {
  let from = (await handle?.stat())?.size ?? 0;
  let held = Buffer.alloc(0);
  let end = -1;
  let newlines = 0;
  while (handle && from > 0 && newlines <= count) {
    const length = Math.min(CHUNK, from);
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

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Failure('STORE_FAILED', `${file} cannot be read (${code}).`, { cause, data: { file } });
  }
}
