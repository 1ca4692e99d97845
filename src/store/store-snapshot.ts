import { link, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { copyExclusive } from '../private-file.ts';
import { isTableFile } from './corruption.ts';
import { Store } from './store.ts';

/**
 * A snapshot of a data folder, which can be opened and changed without touching the original: even opening turns logs
 * into tables and drops damaged data. Tables, which LevelDB never changes, are hard-linked if the file system supports
 * that; the few other files are copied. No daemon can open the original while the snapshot exists.
 */
export class StoreSnapshot {
  /** For temporary files; removed with the snapshot. */
  readonly scratchFolder: string;
  readonly folder: string;
  readonly #lock: Store;

  private constructor(scratchFolder: string, folder: string, lock: Store) {
    this.scratchFolder = scratchFolder;
    this.folder = folder;
    this.#lock = lock;
  }

  /**
   * @param parent folder for the snapshot; on the disk of the original it takes hardly any space
   * @param prefix of the folder's name; leftovers of earlier runs with this prefix are removed
   * @throws AppError DATA_LOCKED if a daemon is running, NOT_FOUND if there is no data, STORE_FAILED
   */
  static async create(
    original: string,
    { parent, prefix }: { parent: string; prefix: string },
  ): Promise<StoreSnapshot> {
    let scratchFolder: string | undefined;
    let lock: Store | undefined;
    try {
      const names = await readdir(original).catch((cause: NodeJS.ErrnoException): string[] => {
        if (cause.code === 'ENOENT') return [];
        throw cause;
      });
      if (!names.some((name) => isTableFile(name) || name.endsWith('.log') || name === 'CURRENT')) {
        throw new AppError('NOT_FOUND', `There is no data in ${original}.`, { data: { folder: original } });
      }
      scratchFolder = await mkdtemp(join(parent, prefix));
      // LevelDB locks the file LOCK. A hard link to it is the same lock.
      const lockFolder = join(scratchFolder, 'lock');
      await mkdir(lockFolder, { mode: 0o700 });
      if (names.includes('LOCK')) await linkOrCopy(join(original, 'LOCK'), join(lockFolder, 'LOCK'));
      lock = await Store.inFolder(lockFolder);
      await lock.open();
      // While this process has the lock, no other process uses a snapshot of this folder.
      for (const name of parent === dirname(original) ? await readdir(parent) : []) {
        if (name.startsWith(prefix) && join(parent, name) !== scratchFolder) {
          await rm(join(parent, name), { recursive: true, force: true });
        }
      }
      const folder = join(scratchFolder, 'data');
      await copyStoreFiles(original, folder);
      return new StoreSnapshot(scratchFolder, folder, lock);
    } catch (thrown) {
      await lock?.close();
      if (scratchFolder !== undefined) await rm(scratchFolder, { recursive: true, force: true });
      if (thrown instanceof AppError) throw thrown;
      throw new AppError('STORE_FAILED', `The data folder cannot be read: ${(thrown as Error).message}.`, {
        cause: thrown,
      });
    }
  }

  /** Replaces a hard link by a copy, so that the file can be changed. */
  async unshareFile(name: string): Promise<void> {
    const file = join(this.folder, name);
    await copyExclusive(file, `${file}.own`);
    await rm(file);
    await copyExclusive(`${file}.own`, file);
    await rm(`${file}.own`);
  }

  async remove(): Promise<void> {
    await this.#lock.close();
    await rm(this.scratchFolder, { recursive: true, force: true });
  }
}

async function copyStoreFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (!entry.isFile() || ['LOCK', 'LOG', 'LOG.old', 'probe', 'reserve', 'reserve.new'].includes(entry.name)) continue;
    const [file, copy] = [join(from, entry.name), join(to, entry.name)];
    if (isTableFile(entry.name)) await linkOrCopy(file, copy);
    else await copyExclusive(file, copy);
  }
}

/** Copies if the file system has no hard links or the target is on another disk. */
async function linkOrCopy(file: string, name: string): Promise<void> {
  try {
    await link(file, name);
  } catch {
    await copyExclusive(file, name);
  }
}
