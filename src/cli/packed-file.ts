import { access, link, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Failure } from '../domain/failure.ts';

export interface PackedOptions {
  /** Replace a file that is there. */
  readonly force: boolean;
  /** Gives up; nothing of it stays. */
  readonly signal?: AbortSignal;
}

/**
 * Writes text, gzipped, into a file of 0600 that comes into being when it is whole and on the disk; until then it is
 * a hidden file beside it, and when anything fails (a full disk) nothing of it stays. Never over a file that is there
 * without `force`, not even over one that came meanwhile.
 * @returns bytes of the file
 * @throws Failure INVALID_REQUEST, CONNECTION_ENDED when it was given up, and what the text throws
 */
export async function writePacked(
  path: string,
  text: AsyncIterable<string>,
  { force, signal }: PackedOptions,
): Promise<number> {
  if (!force) await access(path).then(() => Promise.reject(taken(path)), absent);
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.${Math.random().toString(36).slice(2, 10)}`);
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      const write = async (packed: AsyncIterable<Buffer>) => {
        for await (const chunk of packed) await file.writeFile(chunk);
      };
      await pipeline(text, createGzip(), write, signal ? { signal } : {});
      await file.sync();
    } finally {
      await file.close();
    }
    const { size } = await stat(draft);
    await (force ? rename(draft, path) : put(draft, path));
    await syncFolder(dirname(path));
    return size;
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => {}); // the first fault is the one to tell
    if (thrown instanceof Failure) throw thrown;
    if (signal?.aborted) throw new Failure('CONNECTION_ENDED', 'It was given up: nothing was written.');
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw taken(path);
    throw new Failure('INVALID_REQUEST', `The file ${path} cannot be written: ${WHY[code ?? ''] ?? message}.`, {
      cause: thrown,
      data: { file: path },
    });
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EFBIG: 'the disk takes no file of that size',
  EROFS: 'the disk is read-only',
  EACCES: 'the folder is not yours to write',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
};

function taken(path: string): Failure {
  return new Failure('INVALID_REQUEST', `The file ${path} exists already. Name another one, or add --force.`, {
    data: { file: path },
  });
}

function absent(thrown: unknown): void {
  if (thrown instanceof Failure) throw thrown;
}

/** A link is refused where a file is; a rename would go over it. */
async function put(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw cause;
    // A file system without hard links (FAT): a look has to do.
    await access(path).then(() => Promise.reject(taken(path)), absent);
    await rename(draft, path);
    return;
  }
  await rm(draft);
}

/** The name, too, is to be there after a power cut. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
