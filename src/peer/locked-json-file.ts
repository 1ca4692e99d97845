import { readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../domain/app-error.ts';
import { createExclusive, createPrivateFolder, writePrivateFileAtomic } from '../private-file.ts';

const LOCK_POLL_MS = 10;
/** An update takes milliseconds, so the owner of an older lock has died. */
const STALE_LOCK_MS = 5000;

/**
 * A small JSON file (mode 0600) that several processes of one home read and update. An update holds a lock file while it
 * reads, changes and writes, so that no update is lost.
 */
export class LockedJsonFile<T> {
  readonly #file: string;
  readonly #parse: (json: unknown) => T | undefined;
  readonly #remedy: string;
  #updates: Promise<unknown> = Promise.resolve();
  #cached: { readonly stamp: string; readonly value: T } | undefined;

  /**
   * @param parse receives undefined if there is no file yet; returns undefined if the file is damaged
   * @param remedy a sentence that tells the user what to do about a damaged file
   */
  constructor(file: string, parse: (json: unknown) => T | undefined, remedy: string) {
    this.#file = file;
    this.#parse = parse;
    this.#remedy = remedy;
  }

  /** @returns the current value, which must not be modified @throws AppError STORE_FAILED, CONFIG_INVALID */
  async read(): Promise<T> {
    const stamp = await this.#readStamp();
    if (this.#cached?.stamp === stamp) return this.#cached.value;
    const value = await this.#load();
    this.#cached = { stamp, value };
    return value;
  }

  /**
   * Changes the value while no other process can.
   * @param change modifies its own copy of the value, and returns whether to write it
   * @throws AppError STORE_FAILED, CONFIG_INVALID, what `change` throws
   */
  update(change: (value: T) => boolean): Promise<void> {
    const updated = this.#updates.then(() => this.#update(change));
    this.#updates = updated.catch(() => {}); // reported to the caller
    return updated;
  }

  async #update(change: (value: T) => boolean): Promise<void> {
    const unlock = await this.#lock();
    try {
      const value = await this.#load();
      if (!change(value)) return;
      await writePrivateFileAtomic(this.#file, `${JSON.stringify(value, null, 2)}\n`);
      this.#cached = undefined;
    } finally {
      await unlock();
    }
  }

  async #lock(): Promise<() => Promise<void>> {
    const lock = `${this.#file}.lock`;
    await createPrivateFolder(dirname(lock));
    for (;;) {
      try {
        await (await createExclusive(lock)).close();
        return () => rm(lock, { force: true });
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code !== 'EEXIST') {
          throw new AppError(
            'STORE_FAILED',
            `${lock} cannot be created (${code}). Check its folder and the free space.`,
            {
              cause,
            },
          );
        }
      }
      const stats = await stat(lock).catch(() => undefined);
      if (stats && Date.now() - stats.mtimeMs > STALE_LOCK_MS) await rm(lock, { force: true });
      else await sleep(LOCK_POLL_MS);
    }
  }

  async #load(): Promise<T> {
    let json: unknown;
    try {
      json = JSON.parse(await readFile(this.#file, 'utf8'));
    } catch (cause) {
      if (cause instanceof SyntaxError) throw this.#corruptError();
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw new AppError('STORE_FAILED', `${this.#file} cannot be read (${code}).`, { cause });
    }
    const value = this.#parse(json);
    if (value === undefined) throw this.#corruptError();
    return value;
  }

  /** Changes with every write, because each write creates a new file. */
  async #readStamp(): Promise<string> {
    try {
      const { ino, mtimeNs, size } = await stat(this.#file, { bigint: true });
      return `${ino} ${mtimeNs} ${size}`;
    } catch {
      return 'none';
    }
  }

  #corruptError(): AppError {
    return new AppError('CONFIG_INVALID', `${this.#file} is damaged. ${this.#remedy}`, { data: { file: this.#file } });
  }
}
