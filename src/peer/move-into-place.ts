import { link, lstat, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { createExclusive } from '../private-file.ts';
import { withNumberSuffix } from './safe-path.ts';

const MAX_NAME_NUMBER = 9999;

/**
 * Tries `name`, then `name (1)` and so on, until `use` succeeds.
 * @param use returns undefined when the name is taken
 * @throws AppError STORE_FAILED when all names are taken
 */
export async function useFreeName<T>(
  folder: string,
  name: string,
  use: (path: string) => Promise<T | undefined>,
): Promise<T> {
  for (let number = 0; number <= MAX_NAME_NUMBER; number += 1) {
    const result = await use(join(folder, withNumberSuffix(name, number)));
    if (result !== undefined) return result;
  }
  const message = `There are ${MAX_NAME_NUMBER} files named like ${name} in ${folder}. Move some of them away.`;
  throw new AppError('STORE_FAILED', message, { data: { folder } });
}

/** Moves a file to a free name. @returns its new path */
export function moveFileIntoPlace(from: string, folder: string, name: string): Promise<string> {
  return useFreeName(folder, name, async (target) => {
    try {
      await link(from, target); // atomic, and fails if the name is taken
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') throw cause;
      if (code !== 'EEXIST') {
        // This file system has no hard links.
        if (!(await tryCreate(target))) return undefined;
        await rename(from, target);
        return target;
      }
      // If it is the same file, an earlier attempt was killed between link and unlink.
      if (!(await isSameFile(from, target))) return undefined;
    }
    await unlink(from);
    return target;
  });
}

/** Moves a folder to a free name. @returns its new path */
export function moveFolderIntoPlace(from: string, folder: string, name: string): Promise<string> {
  return useFreeName(folder, name, async (target) => {
    if (!(await tryCreate(target, true))) return undefined;
    if (process.platform === 'win32') await rmdir(target); // Windows cannot replace even an empty folder
    await rename(from, target);
    return target;
  });
}

/** Creates an empty file or folder. @returns false when the name is taken */
export async function tryCreate(path: string, isFolder = false): Promise<boolean> {
  try {
    if (isFolder) await mkdir(path, { mode: 0o700 });
    else await (await createExclusive(path)).close();
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

/** Makes new names in the folder survive a power cut. Not every system can open folders. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

async function isSameFile(path: string, otherPath: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(path, { bigint: true }), lstat(otherPath, { bigint: true })]);
  return one.ino === other.ino && one.dev === other.dev && one.ino !== 0n;
}
