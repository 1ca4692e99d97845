import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PIECE = 4 * 1024 * 1024;

/** A temporary folder during `use`. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'goldctl-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file of random bytes. */
export async function makeFile(folder: string, name: string, bytes: number): Promise<string> {
  const path = join(folder, name);
  const file = await open(path, 'w');
  try {
    for (let left = bytes; left > 0; left -= PIECE) await file.write(randomBytes(Math.min(PIECE, left)));
  } finally {
    await file.close();
  }
  return path;
}
