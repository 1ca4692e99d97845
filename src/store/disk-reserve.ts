import { rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { PrivateFile } from '../private-file.ts';

const RESERVE_FILE = 'reserve';
const CHUNK = Buffer.alloc(64 * 1024, 1); // some file systems do not store zeros
/** The reserve is created only if this many times its size is free. */
const MIN_FREE_FACTOR = 16;

/**
 * Reserved disk space in the data folder. LevelDB writes when it is opened; if the disk is full, the reserve is
 * released for that, so that the data can still be read.
 */
export class DiskReserve {
  readonly #folder: string;
  readonly #file: string;
  readonly #bytes: number;

  constructor(folder: string, bytes: number) {
    this.#folder = folder;
    this.#file = join(folder, RESERVE_FILE);
    this.#bytes = bytes;
  }

  /** Creates the reserve if it is missing and the disk has plenty of space. */
  async createIfRoom(): Promise<void> {
    if ((await this.#freeBytes()) >= MIN_FREE_FACTOR * this.#bytes) await this.create();
  }

  /** Creates the reserve if it is missing. @throws errors of the file system, such as ENOSPC */
  async create(): Promise<void> {
    if (await this.#exists()) return;
    const file = await PrivateFile.create(this.#file, { replace: true });
    try {
      for (let written = 0; written < this.#bytes; written += CHUNK.length) await file.write(CHUNK);
      await file.commit();
    } finally {
      await file.discard();
    }
  }

  /** Deletes the reserve if the disk is full. @returns whether it did */
  async release(): Promise<boolean> {
    if (!(await this.#exists()) || (await this.#freeBytes()) >= this.#bytes) return false;
    await rm(this.#file);
    return true;
  }

  async #exists(): Promise<boolean> {
    try {
      return (await stat(this.#file)).size >= this.#bytes;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw cause;
    }
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }
}
