import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../domain/failure.ts';
import { parseDescription, parseFileName } from '../domain/listing.ts';
import { writePrivate } from '../private-file.ts';
import { blocksIn, HASH_BYTES, type HashedFile, hashFile, rootOf } from './hash-tree.ts';
import type { Share } from './ipc.ts';
import { SharedFile } from './shared-file.ts';

type Shares = Record<string, Share>;

/** A published file with the hashes of its blocks. */
export interface Shelved {
  readonly share: Share;
  readonly leaves: Buffer;
}

export interface LibraryOptions {
  /** `shares.json`; leaves lie beside it in `shares/`. */
  readonly file: string;
  /** Told when a file had changed and was read anew: the daemon is to know. */
  readonly onChanged: (share: Share) => void;
  readonly onNotice: (text: string) => void;
}

/**
 * What is published from this home, whoever of its processes did it: names, paths, and the hashes of all blocks. A file
 * stays where it lies; when it changes, it is read anew.
 */
export class Library {
  readonly #options: LibraryOptions;
  readonly #file: SharedFile<Shares>;
  readonly #leaves: string;
  readonly #reading = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.#file = new SharedFile(options.file, parse, 'Remove it, and publish your files again.');
    this.#leaves = join(dirname(options.file), 'shares');
  }

  /** Reads anew, in the background, what changed while nobody looked. What is not there now may come back. */
  start(): void {
    void this.#refresh().catch((thrown) => this.#options.onNotice(Failure.from(thrown).message));
  }

  stop(): void {
    this.#stop.abort(new Failure('CONNECTION_ENDED', 'The reading was left: goldctl ends.'));
  }

  /**
   * Reads a file for its hash, and keeps it under its name in place of what had that name before. One that was read
   * before and did not change is not read again.
   * @param path absolute
   * @throws Failure NO_SUCH_FILE, GONE when it changes meanwhile, INVALID_REQUEST for a name that nobody could read
   */
  async publish(
    path: string,
    {
      name,
      description = '',
      onProgress,
    }: { name?: string; description?: string; onProgress?: (done: number, size: number) => void } = {},
  ): Promise<Share> {
    const called = parseFileName(name ?? basename(path));
    const words = parseDescription(description);
    const before = Object.values(await this.#file.read()).find((share) => share.path === path);
    if (before && (await this.#unchanged(before)) && (await this.#shelved(before))) {
      return this.#keep({ ...before, name: called, description: words });
    }
    const hashed = await hashFile(path, { signal: this.#stop.signal, ...(onProgress ? { onProgress } : {}) });
    return this.keep(path, called, hashed, words);
  }

  /** Keeps a file whose hashes are known: it is not read. */
  async keep(path: string, name: string, { root, leaves, size, modified }: HashedFile, words = ''): Promise<Share> {
    await this.#shelve(root, leaves);
    return this.#keep({ name: parseFileName(name), path, size, hash: root, modified, description: words });
  }

  /** Keeps a file that was fetched and checked. @param leaves undefined: it has to be read once more */
  async keepFetched(path: string, name: string, hash: string, leaves: Buffer | undefined): Promise<Share> {
    if (!leaves || rootOf(leaves).toString('hex') !== hash) return this.publish(path, { name });
    const { size, mtimeMs } = await stat(path);
    return this.keep(path, name, { root: hash, leaves, size, modified: Math.floor(mtimeMs) });
  }

  /** Nothing happens where there is none. */
  async remove(name: string): Promise<void> {
    await this.#file.update((shares) => {
      if (!(name in shares)) return false;
      delete shares[name];
      return true;
    });
    await this.#sweep();
  }

  /**
   * What somebody asks for by name and hash.
   * @throws Failure NO_SUCH_FILE; GONE when it is another content by now
   */
  async find(name: string, hash: string): Promise<Shelved> {
    const shares = await this.#file.read();
    const named = shares[name];
    const share = named?.hash === hash ? named : Object.values(shares).find((one) => one.hash === hash);
    if (!share) {
      if (named) throw changed(name);
      throw new Failure('NO_SUCH_FILE', `${name} is not offered here any more.`, { data: { name } });
    }
    if (!(await this.#unchanged(share))) {
      if (!(await exists(share.path))) {
        throw new Failure('NO_SUCH_FILE', `${name} is not where it was on the disk of who offers it.`, {
          data: { name },
        });
      }
      this.#readAnew(share);
      throw changed(name);
    }
    const leaves = await this.#shelved(share);
    if (!leaves) {
      this.#readAnew(share);
      throw new Failure('NOT_AVAILABLE', `${name} is being read for its hashes. Try again in a moment.`, {
        data: { name },
      });
    }
    return { share, leaves };
  }

  async #refresh(): Promise<void> {
    for (const share of Object.values(await this.#file.read())) {
      if ((await this.#unchanged(share)) || !(await exists(share.path))) continue;
      this.#readAnew(share);
      await this.#reading.get(share.path);
    }
  }

  #readAnew(share: Share): void {
    if (this.#reading.has(share.path)) return;
    const reading = this.#read(share)
      .catch((thrown) => {
        if (!this.#stop.signal.aborted) {
          this.#options.onNotice(`${share.name} changed and cannot be offered: ${Failure.from(thrown).message}`);
        }
      })
      .finally(() => this.#reading.delete(share.path));
    this.#reading.set(share.path, reading);
  }

  async #read(share: Share): Promise<void> {
    const { root, leaves, size, modified } = await hashFile(share.path, { signal: this.#stop.signal });
    await this.#shelve(root, leaves);
    const read = { ...share, hash: root, size, modified };
    let kept = false;
    await this.#file.update((shares) => {
      kept = shares[share.name]?.path === share.path; // not taken back or replaced meanwhile
      if (kept) shares[share.name] = read;
      return kept;
    });
    if (!kept) return;
    await this.#sweep();
    this.#options.onChanged(read);
  }

  async #keep(share: Share): Promise<Share> {
    await this.#file.update((shares) => {
      shares[share.name] = share;
      return true;
    });
    await this.#sweep();
    return share;
  }

  async #unchanged({ path, size, modified }: Share): Promise<boolean> {
    const now = await stat(path).catch(() => undefined); // what is not there is not what it was
    return now?.isFile() === true && now.size === size && Math.floor(now.mtimeMs) === modified;
  }

  async #shelve(hash: string, leaves: Buffer): Promise<void> {
    await writePrivate(this.#leavesFile(hash), leaves);
  }

  /** Undefined where they are missing or damaged: they can be made again. */
  async #shelved({ hash, size }: Share): Promise<Buffer | undefined> {
    const leaves = await readFile(this.#leavesFile(hash)).catch(() => undefined);
    if (leaves?.length !== blocksIn(size) * HASH_BYTES || rootOf(leaves).toString('hex') !== hash) return undefined;
    return leaves;
  }

  /** Removes leaves of what nobody offers any more. */
  async #sweep(): Promise<void> {
    const shares = await this.#file.read();
    const used = new Set(Object.values(shares).map(({ hash }) => basename(this.#leavesFile(hash))));
    for (const file of await readdir(this.#leaves).catch(() => [])) {
      if (!file.endsWith('.leaves') || used.has(file)) continue;
      const path = join(this.#leaves, file);
      // Another process may have put it there and not yet named it.
      const { mtimeMs } = (await stat(path).catch(() => undefined)) ?? { mtimeMs: Date.now() };
      if (Date.now() - mtimeMs > YOUNG_MS) await rm(path, { force: true });
    }
  }

  #leavesFile(hash: string): string {
    return join(this.#leaves, `${hash}.leaves`);
  }
}

const YOUNG_MS = 60_000;

function changed(name: string): Failure {
  return new Failure('GONE', `${name} changed since it was listed. Look for it again.`, { data: { name } });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

function parse(json: unknown): Shares | undefined {
  const shares = Object.create(null) as Shares;
  const given = json ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) return undefined;
  for (const [name, value] of Object.entries(given)) {
    const { path, size, hash, modified, description } = (value ?? {}) as Partial<Record<keyof Share, unknown>>;
    if (typeof path !== 'string' || typeof description !== 'string') return undefined;
    if (!Number.isSafeInteger(size) || typeof modified !== 'number') return undefined;
    if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) return undefined;
    shares[name] = { name, path, size: size as number, hash, modified, description };
  }
  return shares;
}
