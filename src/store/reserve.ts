import { rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { PrivateFile } from '../private-file.ts';

const NAME = 'reserve';
const CHUNK = Buffer.alloc(64 * 1024, 1); // zeros may take no room
/** It is made only where the disk has room for it many times over. */
const MIN_FREE_FACTOR = 16;

/**
 * Room that is set aside in the data folder. LevelDB writes when it is opened: on a disk that others have filled, the
 * reserve is given up for that, and the data can be read.
 */
export class Reserve {
  readonly #folder: string;
  readonly #file: string;
  readonly #bytes: number;

  constructor(folder: string, bytes: number) {
    this.#folder = folder;
    this.#file = join(folder, NAME);
    this.#bytes = bytes;
  }

  /** Makes it, where it is missing and the disk has plenty of room. */
  async keep(): Promise<void> {
    if ((await this.#freeBytes()) >= MIN_FREE_FACTOR * this.#bytes) await this.restore();
  }

  /** Makes it, where it is missing. @throws what the file system throws when there is no room */
  async restore(): Promise<void> {
    if (await this.#exists()) return;
    const file = await PrivateFile.create(this.#file, { replace: true });
    try {
      for (let written = 0; written < this.#bytes; written += CHUNK.length) await file.write(CHUNK);
      await file.commit();
    } finally {
      await file.abandon();
    }
  }

  /** Gives its room up where the disk is full. @returns whether there is more room now */
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
