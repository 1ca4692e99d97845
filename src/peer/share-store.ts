import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { parseDescription, parseFileName } from '../domain/file-listing.ts';
import { writePrivateFileAtomic } from '../private-file.ts';
import { countBlocks, HASH_BYTES, type HashedFile, hashFile, merkleRoot } from './hash-tree.ts';
import type { Share } from './ipc.ts';
import { LockedJsonFile } from './locked-json-file.ts';

type SharesByName = Record<string, Share>;

export interface PersistedShare {
  readonly share: Share;
  readonly leaves: Buffer;
}

interface PublishOptions {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly onProgress?: ((doneBytes: number, size: number) => void) | undefined;
}

export interface ShareStoreOptions {
  /** `shares.json`; the leaves are stored beside it in `shares/`. */
  readonly file: string;
  /** Called after a changed file has been re-hashed. */
  readonly onChanged: (share: Share) => void;
  readonly onNotice: (text: string) => void;
}

/**
 * The files published by all processes of this home: names, paths, and the hashes of all blocks. The files themselves
 * are not copied; when one changes, it is hashed again.
 */
export class ShareStore {
  readonly #options: ShareStoreOptions;
  readonly #file: LockedJsonFile<SharesByName>;
  readonly #leavesFolder: string;
  readonly #rehashing = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();

  constructor(options: ShareStoreOptions) {
    this.#options = options;
    this.#file = new LockedJsonFile(options.file, parseShares, 'Remove it, and publish your files again.');
    this.#leavesFolder = join(dirname(options.file), 'shares');
  }

  /** Re-hashes files that have changed, in the background. Missing files stay published, as they may come back. */
  start(): void {
    void this.#rehashChanged().catch((thrown) => this.#options.onNotice(AppError.from(thrown).message));
  }

  stop(): void {
    this.#abort.abort(new AppError('CONNECTION_ENDED', 'Hashing was cancelled because goldctl is exiting.'));
  }

  /**
   * Hashes a file and publishes it, replacing an earlier file of that name. A file that has not changed since it was
   * hashed is not read again.
   * @param path absolute
   * @throws AppError NO_SUCH_FILE; GONE when it changes meanwhile; INVALID_REQUEST for an invalid name
   */
  async publish(path: string, { name, description = '', onProgress }: PublishOptions = {}): Promise<Share> {
    const parsedName = parseFileName(name ?? basename(path));
    const parsedDescription = parseDescription(description);
    const previous = Object.values(await this.#file.read()).find((share) => share.path === path);
    if (previous && (await this.#isUnchanged(previous)) && (await this.#readLeaves(previous))) {
      return this.#save({ ...previous, name: parsedName, description: parsedDescription });
    }
    const hashed = await hashFile(path, { signal: this.#abort.signal, onProgress });
    return this.addHashed(path, parsedName, hashed, parsedDescription);
  }

  /** Publishes a file whose hashes are known, without reading it. */
  async addHashed(path: string, name: string, hashed: HashedFile, description = ''): Promise<Share> {
    const { root, leaves, size, modified } = hashed;
    await this.#writeLeaves(root, leaves);
    return this.#save({ name: parseFileName(name), path, size, hash: root, modified, description });
  }

  /** Publishes a downloaded, verified file. @param leaves if undefined, the file is hashed again */
  async addDownloaded(path: string, name: string, hash: string, leaves: Buffer | undefined): Promise<Share> {
    if (!leaves || merkleRoot(leaves).toString('hex') !== hash) return this.publish(path, { name });
    const { size, mtimeMs } = await stat(path);
    return this.addHashed(path, name, { root: hash, leaves, size, modified: Math.floor(mtimeMs) });
  }

  /** Does nothing if there is no such file. */
  async remove(name: string): Promise<void> {
    await this.#file.update((shares) => {
      if (!(name in shares)) return false;
      delete shares[name];
      return true;
    });
    await this.#removeUnusedLeaves();
  }

  /**
   * Finds a requested file by name and hash.
   * @throws AppError NO_SUCH_FILE; GONE when its content has changed; NOT_AVAILABLE while it is being hashed
   */
  async find(name: string, hash: string): Promise<PersistedShare> {
    const shares = await this.#file.read();
    const named = shares[name];
    const share = named?.hash === hash ? named : Object.values(shares).find((other) => other.hash === hash);
    if (!share) {
      if (named) throw fileChangedError(name);
      throw new AppError('NO_SUCH_FILE', `${name} is no longer published here.`, { data: { name } });
    }
    if (!(await this.#isUnchanged(share))) {
      if (!(await fileExists(share.path))) {
        throw new AppError('NO_SUCH_FILE', `${name} is missing on its owner's disk.`, { data: { name } });
      }
      this.#rehashInBackground(share);
      throw fileChangedError(name);
    }
    const leaves = await this.#readLeaves(share);
    if (!leaves) {
      this.#rehashInBackground(share);
      throw new AppError('NOT_AVAILABLE', `${name} is being hashed. Try again in a moment.`, { data: { name } });
    }
    return { share, leaves };
  }

  async #rehashChanged(): Promise<void> {
    for (const share of Object.values(await this.#file.read())) {
      if ((await this.#isUnchanged(share)) || !(await fileExists(share.path))) continue;
      this.#rehashInBackground(share);
      await this.#rehashing.get(share.path);
    }
  }

  #rehashInBackground(share: Share): void {
    if (this.#rehashing.has(share.path)) return;
    const rehashing = this.#rehash(share)
      .catch((thrown) => {
        if (!this.#abort.signal.aborted) {
          this.#options.onNotice(
            `${share.name} changed and can no longer be published: ${AppError.from(thrown).message}`,
          );
        }
      })
      .finally(() => this.#rehashing.delete(share.path));
    this.#rehashing.set(share.path, rehashing);
  }

  async #rehash(share: Share): Promise<void> {
    const { root, leaves, size, modified } = await hashFile(share.path, { signal: this.#abort.signal });
    await this.#writeLeaves(root, leaves);
    const updated = { ...share, hash: root, size, modified };
    let isCurrent = false;
    await this.#file.update((shares) => {
      isCurrent = shares[share.name]?.path === share.path; // not unpublished or replaced meanwhile
      if (isCurrent) shares[share.name] = updated;
      return isCurrent;
    });
    if (!isCurrent) return;
    await this.#removeUnusedLeaves();
    this.#options.onChanged(updated);
  }

  async #save(share: Share): Promise<Share> {
    await this.#file.update((shares) => {
      shares[share.name] = share;
      return true;
    });
    await this.#removeUnusedLeaves();
    return share;
  }

  async #isUnchanged({ path, size, modified }: Share): Promise<boolean> {
    const now = await stat(path).catch(() => undefined); // a missing file has changed
    return now?.isFile() === true && now.size === size && Math.floor(now.mtimeMs) === modified;
  }

  async #writeLeaves(hash: string, leaves: Buffer): Promise<void> {
    await writePrivateFileAtomic(this.#leavesFile(hash), leaves);
  }

  /** @returns undefined when they are missing or damaged; hashing the file restores them */
  async #readLeaves({ hash, size }: Share): Promise<Buffer | undefined> {
    const leaves = await readFile(this.#leavesFile(hash)).catch(() => undefined);
    if (leaves?.length !== countBlocks(size) * HASH_BYTES || merkleRoot(leaves).toString('hex') !== hash)
      return undefined;
    return leaves;
  }

  async #removeUnusedLeaves(): Promise<void> {
    const shares = await this.#file.read();
    const used = new Set(Object.values(shares).map(({ hash }) => basename(this.#leavesFile(hash))));
    for (const file of await readdir(this.#leavesFolder).catch(() => [])) {
      if (!file.endsWith('.leaves') || used.has(file)) continue;
      const path = join(this.#leavesFolder, file);
      // Another process may have written the leaves and not yet the share.
      const { mtimeMs } = (await stat(path).catch(() => undefined)) ?? { mtimeMs: Date.now() };
      if (Date.now() - mtimeMs > UNUSED_LEAVES_GRACE_MS) await rm(path, { force: true });
    }
  }

  #leavesFile(hash: string): string {
    return join(this.#leavesFolder, `${hash}.leaves`);
  }
}

const UNUSED_LEAVES_GRACE_MS = 60_000;

function fileChangedError(name: string): AppError {
  return new AppError('GONE', `${name} has changed since it was published. Look it up again.`, { data: { name } });
}

async function fileExists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

function parseShares(json: unknown): SharesByName | undefined {
  const shares = Object.create(null) as SharesByName;
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
