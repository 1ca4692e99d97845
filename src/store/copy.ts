import { link, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../domain/failure.ts';
import { copyExclusive } from '../private-file.ts';
import { isTable } from './checksums.ts';
import { Store } from './store.ts';

/**
 * A data folder as it is, to open and to change while the original stays untouched: opening alone makes tables of logs
 * and gives up what is damaged. Tables, which LevelDB writes once and never changes, are shared with the original where the
 * file system can (hard links); the few other files are copied. No daemon can open the original meanwhile.
 */
export class StoreCopy {
  /** What is in it goes with the copy. */
  readonly scratch: string;
  readonly folder: string;
  readonly #lock: Store;

  private constructor(scratch: string, folder: string, lock: Store) {
    this.scratch = scratch;
    this.folder = folder;
    this.#lock = lock;
  }

  /**
   * @param parent where it is made: on the disk of the original, it takes hardly any room
   * @param prefix of the folder's name; folders of that name that an earlier run left are removed
   * @throws Failure DATA_LOCKED when a daemon runs, NOT_FOUND when there is no data, STORE_FAILED
   */
  static async make(original: string, { parent, prefix }: { parent: string; prefix: string }): Promise<StoreCopy> {
    let scratch: string | undefined;
    let lock: Store | undefined;
    try {
      const names = await readdir(original).catch((cause: NodeJS.ErrnoException): string[] => {
        if (cause.code === 'ENOENT') return [];
        throw cause;
      });
      if (!names.some((name) => isTable(name) || name.endsWith('.log') || name === 'CURRENT')) {
        throw new Failure('NOT_FOUND', `There is no data in ${original}.`, { data: { folder: original } });
      }
      scratch = await mkdtemp(join(parent, prefix));
      // Whoever opens a store locks its file LOCK: under another name the same file is the same lock.
      const locked = join(scratch, 'lock');
      await mkdir(locked, { mode: 0o700 });
      if (names.includes('LOCK')) await share(join(original, 'LOCK'), join(locked, 'LOCK'));
      lock = await Store.at(locked);
      await lock.open();
      // Under the lock nobody else has one of this folder's in use.
      for (const name of parent === dirname(original) ? await readdir(parent) : []) {
        if (name.startsWith(prefix) && join(parent, name) !== scratch) {
          await rm(join(parent, name), { recursive: true, force: true });
        }
      }
      const folder = join(scratch, 'data');
      await copyStore(original, folder);
      return new StoreCopy(scratch, folder, lock);
    } catch (thrown) {
      await lock?.close();
      if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
      if (thrown instanceof Failure) throw thrown;
      throw new Failure('STORE_FAILED', `The data folder cannot be looked at: ${(thrown as Error).message}.`, {
        cause: thrown,
      });
    }
  }

  /** Makes a file of the copy its own, so that it can be changed. */
  async own(name: string): Promise<void> {
    const file = join(this.folder, name);
    await copyExclusive(file, `${file}.own`);
    await rm(file);
    await copyExclusive(`${file}.own`, file);
    await rm(`${file}.own`);
  }

  async remove(): Promise<void> {
    await this.#lock.close();
    await rm(this.scratch, { recursive: true, force: true });
  }
}

async function copyStore(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (!entry.isFile() || ['LOCK', 'LOG', 'LOG.old', 'probe', 'reserve', 'reserve.new'].includes(entry.name)) continue;
    const [file, copy] = [join(from, entry.name), join(to, entry.name)];
    if (isTable(entry.name)) await share(file, copy);
    else await copyExclusive(file, copy);
  }
}

/** Some file systems have no links, and none has them to another disk. */
async function share(file: string, name: string): Promise<void> {
  try {
    await link(file, name);
  } catch {
    await copyExclusive(file, name);
  }
}
