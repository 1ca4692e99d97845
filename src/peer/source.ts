import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Failure } from '../domain/failure.ts';
import { normalForm } from '../domain/normal-form.ts';
import { BLOCK_HEAD } from './frame.ts';
import { BLOCK_BYTES, blockBytes, blocksIn, HASH_BYTES, leafOf, modifiedOf } from './hash-tree.ts';
import { type FileSpec, MAX_BYTES, MAX_FILES } from './message.ts';
import { blocks } from './pool.ts';
import { checkPath, checkPaths } from './safe-path.ts';

export interface SourceSettings extends Omit<FileSpec, 'root'> {
  /** Where it lies. Never told to anybody. */
  readonly file: string;
  readonly root?: string | null;
  /** All of them, where it was hashed before. */
  readonly leaves?: Buffer;
}

/** Opening a pipe that somebody put in the place of the file does not wait, and no link is followed out of a folder. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** Between two looks at whether it is still the same file. Whoever is told its hashes is told after another look. */
const CHECK_MS = 100;

/** One block of a source. */
export interface BlockRead {
  /** Of the pool. The content begins behind the head of its frame. */
  readonly buffer: Buffer;
  readonly length: number;
}

/**
 * A file to be sent, read block by block where it lies. It is the same file from the first block to the last, or
 * reading fails with GONE: size, time of change and, where they are known, hashes have to stay as they were.
 */
export class Source implements FileSpec {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  /** As it was known at first: an offer that is repeated says the same. */
  readonly root: string | null;
  readonly #file: string;
  /** 32 bytes a block; those of blocks that nobody read yet are not known. */
  #leaves: Buffer | undefined;
  #known: Uint8Array | undefined;
  #missing: number;
  #opening: Promise<FileHandle> | undefined;
  #mtimeMs = 0;
  #checkedAt = 0;
  #reading = 0;
  #closing = false;

  constructor({ file, path, size, modified, root = null, leaves }: SourceSettings) {
    this.#file = file;
    this.path = path;
    this.size = size;
    this.modified = modified;
    this.root = root;
    this.#leaves = leaves;
    this.#missing = leaves ? 0 : blocksIn(size);
  }

  /**
   * Reads blocks that lie behind one another, in one call of the system: each call costs as much as hashing a block.
   * @throws Failure GONE
   */
  async read(from: number, count: number): Promise<readonly BlockRead[]> {
    const reads = Array.from({ length: count }, (_, i) => {
      const length = blockBytes(this.size, from + i);
      return { buffer: blocks.take(length), length };
    });
    this.#reading += 1;
    try {
      const handle = await this.#open();
      const views = reads.map(({ buffer, length }) => buffer.subarray(BLOCK_HEAD, BLOCK_HEAD + length));
      await this.#fill(handle, views, from * BLOCK_BYTES);
      if (performance.now() - this.#checkedAt > CHECK_MS) await this.#check(handle);
      for (const [i, view] of views.entries()) this.#learn(from + i, leafOf(view));
      return reads;
    } catch (cause) {
      for (const { buffer } of reads) blocks.give(buffer);
      if (cause instanceof Failure) throw cause;
      throw this.#gone(`cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
    } finally {
      this.#reading -= 1;
      if (this.#closing) await this.close();
    }
  }

  async #fill(handle: FileHandle, views: readonly Buffer[], at: number): Promise<void> {
    const { bytesRead: first } = await handle.readv(views, at);
    let before = 0;
    for (const view of views) {
      for (let got = Math.min(view.length, Math.max(0, first - before)); got < view.length; ) {
        const { bytesRead } = await handle.read(view, got, view.length - got, at + before + got);
        if (bytesRead === 0) throw this.#gone('is shorter than it was');
        got += bytesRead;
      }
      before += view.length;
    }
  }

  /**
   * Hashes of all blocks; those that nobody has read yet are read now.
   * @throws Failure GONE
   */
  async leaves(signal?: AbortSignal): Promise<Buffer> {
    for (let block = 0; this.#missing > 0 && block < blocksIn(this.size); block += 1) {
      signal?.throwIfAborted();
      if (this.#known?.[block]) continue;
      for (const { buffer } of await this.read(block, 1)) blocks.give(buffer);
    }
    await this.#checkNow();
    return this.#table();
  }

  /** It can be read again afterwards. */
  async close(): Promise<void> {
    this.#closing = this.#reading > 0;
    if (this.#closing || !this.#opening) return;
    const opening = this.#opening;
    this.#opening = undefined;
    const handle = await opening.catch(() => undefined);
    await handle?.close();
  }

  #table(): Buffer {
    this.#leaves ??= Buffer.alloc(blocksIn(this.size) * HASH_BYTES);
    return this.#leaves;
  }

  #learn(block: number, leaf: Buffer): void {
    const table = this.#table();
    const at = block * HASH_BYTES;
    if (this.#missing === 0 || this.#known?.[block]) {
      if (!table.subarray(at, at + HASH_BYTES).equals(leaf)) throw this.#gone('has other content than before');
      return;
    }
    this.#known ??= new Uint8Array(blocksIn(this.size));
    this.#known[block] = 1;
    this.#missing -= 1;
    table.set(leaf, at);
  }

  #open(): Promise<FileHandle> {
    this.#closing = false;
    this.#opening ??= this.#openFile().catch((cause) => {
      this.#opening = undefined;
      throw cause;
    });
    return this.#opening;
  }

  async #openFile(): Promise<FileHandle> {
    const inFolder = this.path.includes('/');
    const handle = await open(this.#file, inFolder ? READ | NO_FOLLOW : READ).catch((cause) => {
      const { code } = cause as NodeJS.ErrnoException;
      throw this.#gone(code === 'ENOENT' ? 'is not there any more' : `cannot be read (${code})`, cause);
    });
    try {
      const { mtimeMs } = await handle.stat();
      this.#mtimeMs ||= mtimeMs;
      await this.#check(handle);
      return handle;
    } catch (cause) {
      await handle.close();
      throw cause;
    }
  }

  async #checkNow(): Promise<void> {
    this.#reading += 1;
    try {
      await this.#check(await this.#open());
    } finally {
      this.#reading -= 1;
      if (this.#closing) await this.close();
    }
  }

  async #check(handle: FileHandle): Promise<void> {
    this.#checkedAt = performance.now();
    const now = await handle.stat();
    if (!now.isFile()) throw this.#gone('is no file any more');
    if (now.nlink === 0) throw this.#gone('was deleted or replaced');
    if (now.size !== this.size || now.mtimeMs !== this.#mtimeMs || modifiedOf(now) !== this.modified) {
      throw this.#gone('has changed');
    }
  }

  #gone(what: string, cause?: unknown): Failure {
    const message = `${this.path} ${what} at its source, so it cannot be sent as it was. Ask for it again.`;
    return new Failure('GONE', message, { data: { path: this.path }, ...(cause === undefined ? {} : { cause }) });
  }
}

/** What is sent in one transfer. */
export interface Sources {
  readonly name: string;
  readonly folder: boolean;
  /** Sorted by path. */
  readonly sources: readonly Source[];
  /** Bytes. */
  readonly size: number;
  /** Hidden files, links and devices in the folder: they are not sent. */
  readonly skipped: number;
}

/**
 * One file, as it lies there now.
 * @throws Failure NO_SUCH_FILE
 */
export async function sourceOf(
  file: string,
  known: { readonly root?: string; readonly leaves?: Buffer } = {},
): Promise<Source> {
  const stats = await statOf(file);
  if (!stats.isFile())
    throw new Failure('NO_SUCH_FILE', `${file} is neither a file nor a folder, so it cannot be sent.`);
  const path = normalForm(basename(resolve(file)));
  return new Source({ file, path, size: stats.size, modified: modifiedOf(stats), ...known });
}

/**
 * A file, or all files in a folder and its folders. Hidden files and links are left out.
 * @throws Failure NO_SUCH_FILE, TOO_LARGE, NOT_ALLOWED where a name in a folder is not safe on every system
 */
export async function sourcesOf(path: string): Promise<Sources> {
  const stats = await statOf(path);
  const name = normalForm(basename(resolve(path)));
  if (!stats.isDirectory()) {
    const source = await sourceOf(path);
    return { name, folder: false, sources: [source], size: source.size, skipped: 0 };
  }
  const sources: Source[] = [];
  const skipped = await walk(path, '', sources);
  if (sources.length === 0) throw new Failure('NO_SUCH_FILE', `There is no file in ${path} that could be sent.`);
  sources.sort((a, b) => (a.path < b.path ? -1 : 1));
  checkPaths(sources);
  const size = sources.reduce((sum, source) => sum + source.size, 0);
  if (size > MAX_BYTES) throw new Failure('TOO_LARGE', `${path} has more than 1 TiB. Send it in parts.`);
  return { name, folder: true, sources, size, skipped };
}

/** @returns how many entries were left out */
async function walk(folder: string, above: string, into: Source[]): Promise<number> {
  let skipped = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = join(folder, entry.name);
    const path = `${above}${normalForm(entry.name)}`;
    if (entry.name.startsWith('.') || !(entry.isFile() || entry.isDirectory())) skipped += 1;
    else if (entry.isDirectory()) {
      checkPath(path);
      skipped += await walk(file, `${path}/`, into);
    } else {
      if (into.length === MAX_FILES) {
        throw new Failure('TOO_LARGE', `More than ${MAX_FILES} files cannot be sent at once. Pack them into one.`);
      }
      const stats = await lstat(file);
      into.push(new Source({ file, path, size: stats.size, modified: modifiedOf(stats) }));
    }
  }
  return skipped;
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new Failure('NO_SUCH_FILE', `${path} ${why}. Check its name and your rights.`, { cause });
  }
}
