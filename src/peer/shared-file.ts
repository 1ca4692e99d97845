import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../domain/failure.ts';
import { createExclusive, writePrivate } from '../private-file.ts';

const POLL_MS = 10;
/** Whoever holds a lock for so long has died with it: a change takes milliseconds. */
const STALE_MS = 5000;

/**
 * A small JSON file of 0600 that several processes of one home read and change. A change is read, made and written
 * under a lock beside the file, so that none is lost.
 */
export class SharedFile<T> {
  readonly #file: string;
  readonly #parse: (json: unknown) => T | undefined;
  readonly #remedy: string;
  #changes: Promise<unknown> = Promise.resolve();
  #known: { readonly stamp: string; readonly value: T } | undefined;

  /**
   * @param parse gets undefined where there is no file yet; undefined: the file is damaged
   * @param remedy what to do then, as a sentence
   */
  constructor(file: string, parse: (json: unknown) => T | undefined, remedy: string) {
    this.#file = file;
    this.#parse = parse;
    this.#remedy = remedy;
  }

  /** As it stands on disk. Not to be changed. @throws Failure STORE_FAILED, CONFIG_INVALID */
  async read(): Promise<T> {
    const stamp = await this.#stamp();
    if (this.#known?.stamp === stamp) return this.#known.value;
    const value = await this.#load();
    this.#known = { stamp, value };
    return value;
  }

  /**
   * Changes it, alone of all processes.
   * @param change gets a value of its own, and returns whether it is to be written
   * @throws Failure STORE_FAILED, CONFIG_INVALID, what `change` throws
   */
  update(change: (value: T) => boolean): Promise<void> {
    const changed = this.#changes.then(() => this.#update(change));
    this.#changes = changed.catch(() => {}); // told to who asked
    return changed;
  }

  async #update(change: (value: T) => boolean): Promise<void> {
    const unlock = await this.#lock();
    try {
      const value = await this.#load();
      if (!change(value)) return;
      await writePrivate(this.#file, `${JSON.stringify(value, null, 2)}\n`);
      this.#known = undefined;
    } finally {
      await unlock();
    }
  }

  async #lock(): Promise<() => Promise<void>> {
    const lock = `${this.#file}.lock`;
    for (;;) {
      try {
        await (await createExclusive(lock)).close();
        return () => rm(lock, { force: true });
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        if (code === 'ENOENT') {
          await mkdir(dirname(lock), { recursive: true, mode: 0o700 });
          continue;
        }
        if (code !== 'EEXIST') {
          throw new Failure('STORE_FAILED', `${lock} cannot be made (${code}). Check its folder and the space left.`, {
            cause,
          });
        }
      }
      const held = await stat(lock).catch(() => undefined);
      if (held && Date.now() - held.mtimeMs > STALE_MS) await rm(lock, { force: true });
      else await wait(POLL_MS);
    }
  }

  async #load(): Promise<T> {
    let json: unknown;
    try {
      json = JSON.parse(await readFile(this.#file, 'utf8'));
    } catch (cause) {
      if (cause instanceof SyntaxError) throw this.#damaged();
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw new Failure('STORE_FAILED', `${this.#file} cannot be read (${code}).`, { cause });
    }
    const value = this.#parse(json);
    if (value === undefined) throw this.#damaged();
    return value;
  }

  /** Changes with every writing: each makes another file. */
  async #stamp(): Promise<string> {
    try {
      const { ino, mtimeNs, size } = await stat(this.#file, { bigint: true });
      return `${ino} ${mtimeNs} ${size}`;
    } catch {
      return 'none';
    }
  }

  #damaged(): Failure {
    return new Failure('CONFIG_INVALID', `${this.#file} is damaged. ${this.#remedy}`, { data: { file: this.#file } });
  }
}
