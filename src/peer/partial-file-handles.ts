import { type FileHandle, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { openForUpdate } from '../private-file.ts';
import type { FileSpec } from './peer-message.ts';

const MAX_OPEN_FILES = 16;
const MAX_CONCURRENT_SYNCS = 4;

/** Opens the files of a partial file on demand and keeps the most recently used ones open. */
export class PartialFileHandles {
  readonly #root: string;
  readonly #isFolder: boolean;
  readonly #files: readonly FileSpec[];
  readonly #open = new Map<number, { handle: Promise<FileHandle>; users: number }>();

  /** @param root the partial file, or the folder that contains its files */
  constructor(root: string, isFolder: boolean, files: readonly FileSpec[]) {
    this.#root = root;
    this.#isFolder = isFolder;
    this.#files = files;
  }

  async use<T>(file: number, work: (handle: FileHandle) => Promise<T>): Promise<T> {
    let entry = this.#open.get(file);
    this.#open.delete(file);
    entry ??= { handle: this.#openFile(file), users: 0 };
    this.#open.set(file, entry);
    entry.users += 1;
    try {
      const handle = await entry.handle.catch((cause) => {
        if (this.#open.get(file) === entry) this.#open.delete(file); // the next attempt may succeed
        throw cause;
      });
      return await work(handle);
    } finally {
      entry.users -= 1;
      await this.#closeIdle();
    }
  }

  async createEmptyFiles(): Promise<void> {
    for (const [file, { size }] of this.#files.entries()) if (size === 0) await this.use(file, async () => undefined);
  }

  async close(): Promise<void> {
    const entries = [...this.#open.values()];
    this.#open.clear();
    for (const { handle } of entries) await closeHandle(handle);
  }

  async syncAll(): Promise<void> {
    const queue = this.#files.keys();
    const worker = async () => {
      for (const file of queue) {
        const handle = await openForUpdate(this.#path(file));
        try {
          await handle.sync();
        } finally {
          await handle.close();
        }
      }
    };
    await Promise.all(Array.from({ length: MAX_CONCURRENT_SYNCS }, worker));
  }

  async #closeIdle(): Promise<void> {
    for (const [file, { handle, users }] of this.#open) {
      if (this.#open.size <= MAX_OPEN_FILES) return;
      if (users > 0) continue;
      this.#open.delete(file);
      await closeHandle(handle);
    }
  }

  #path(file: number): string {
    return this.#isFolder ? join(this.#root, ...this.#files[file]!.path.split('/')) : this.#root;
  }

  async #openFile(file: number): Promise<FileHandle> {
    if (this.#isFolder) await this.#createFolders(file);
    return openForUpdate(this.#path(file), { create: true });
  }

  /** Creates them one by one, so that no existing link is followed. */
  async #createFolders(file: number): Promise<void> {
    let folder = this.#root;
    for (const segment of this.#files[file]!.path.split('/').slice(0, -1)) {
      folder = join(folder, segment);
      try {
        await mkdir(folder, { mode: 0o700 });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
        if ((await lstat(folder)).isDirectory()) continue;
        const message = `${folder} exists and is not a folder. Move it away, then try again.`;
        throw new AppError('STORE_FAILED', message, { data: { folder } });
      }
    }
  }
}

async function closeHandle(handle: Promise<FileHandle>): Promise<void> {
  const opened = await handle.catch(() => undefined); // reported to its users
  await opened?.close();
}
