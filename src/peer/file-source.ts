import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { normalizeUnicode } from '../domain/unicode-normalization.ts';
import { readFully } from '../read-fully.ts';
import { blockPool } from './block-pool.ts';
import { BLOCK_HEADER_BYTES } from './frame.ts';
import { BLOCK_BYTES, blockLength, countBlocks, HASH_BYTES, hashLeaf, toModifiedMs } from './hash-tree.ts';
import { type FileSpec, MAX_FILES, MAX_TRANSFER_BYTES } from './peer-message.ts';
import { assertSafePath, assertSafePaths } from './safe-path.ts';

export interface FileSourceSettings extends Omit<FileSpec, 'root'> {
  /** Local path. Never sent to the other side. */
  readonly file: string;
  readonly root?: string | null;
  /** All leaves, if the file has been hashed before. */
  readonly leaves?: Buffer;
}

/** If the file was replaced by a pipe, opening does not block. Files in a folder are not opened through links. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const NO_FOLLOW_FLAG = constants.O_NOFOLLOW ?? 0;

/** Interval of checks for changes of the file. It is also checked before its hashes are sent. */
const CHANGE_CHECK_INTERVAL_MS = 100;

export interface BlockRead {
  /** From the block pool. The content starts after space for the frame header. */
  readonly buffer: Buffer;
  readonly length: number;
}

/**
 * A file to be sent, read block by block. If its size, modification time or known hashes change during the transfer,
 * reading fails with GONE.
 */
export class FileSource implements FileSpec {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  /** As initially known, so that a repeated offer is identical. */
  readonly root: string | null;
  readonly #file: string;
  /** 32 bytes per block; blocks not read yet are zeros. */
  #leaves: Buffer | undefined;
  #isLeafKnown: Uint8Array | undefined;
  #missingLeaves: number;
  #opening: Promise<FileHandle> | undefined;
  #mtimeMs = 0;
  #checkedAt = 0;
  #activeReads = 0;
  #isClosePending = false;

  constructor({ file, path, size, modified, root = null, leaves }: FileSourceSettings) {
    this.#file = file;
    this.path = path;
    this.size = size;
    this.modified = modified;
    this.root = root;
    this.#leaves = leaves;
    this.#missingLeaves = leaves ? 0 : countBlocks(size);
  }

  /**
   * Reads adjacent blocks in one system call, because each call costs as much as hashing a block.
   * @throws AppError GONE
   */
  async readBlocks(from: number, count: number): Promise<readonly BlockRead[]> {
    const reads = Array.from({ length: count }, (_, i) => {
      const length = blockLength(this.size, from + i);
      return { buffer: blockPool.acquire(length), length };
    });
    this.#activeReads += 1;
    try {
      const handle = await this.#open();
      const views = reads.map(({ buffer, length }) => buffer.subarray(BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES + length));
      await this.#readInto(handle, views, from * BLOCK_BYTES);
      if (performance.now() - this.#checkedAt > CHANGE_CHECK_INTERVAL_MS) await this.#assertUnchanged(handle);
      for (const [i, view] of views.entries()) this.#recordLeaf(from + i, hashLeaf(view));
      return reads;
    } catch (cause) {
      for (const { buffer } of reads) blockPool.release(buffer);
      if (cause instanceof AppError) throw cause;
      throw this.#goneError(`cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
    } finally {
      this.#activeReads -= 1;
      if (this.#isClosePending) await this.close();
    }
  }

  async #readInto(handle: FileHandle, views: readonly Buffer[], at: number): Promise<void> {
    const { bytesRead: first } = await handle.readv(views, at);
    let before = 0;
    for (const view of views) {
      const rest = view.subarray(Math.min(view.length, Math.max(0, first - before)));
      const position = at + before + view.length - rest.length;
      if ((await readFully(handle, rest, position)) < rest.length) throw this.#goneError('is shorter than it was');
      before += view.length;
    }
  }

  /**
   * Hashes of all blocks; reads the blocks that have not been read yet.
   * @throws AppError GONE
   */
  async leaves(signal?: AbortSignal): Promise<Buffer> {
    for (let block = 0; this.#missingLeaves > 0 && block < countBlocks(this.size); block += 1) {
      signal?.throwIfAborted();
      if (this.#isLeafKnown?.[block]) continue;
      for (const { buffer } of await this.readBlocks(block, 1)) blockPool.release(buffer);
    }
    await this.#recheck();
    return this.#leafTable();
  }

  /** Reading reopens it. */
  async close(): Promise<void> {
    this.#isClosePending = this.#activeReads > 0;
    if (this.#isClosePending || !this.#opening) return;
    const opening = this.#opening;
    this.#opening = undefined;
    const handle = await opening.catch(() => undefined);
    await handle?.close();
  }

  #leafTable(): Buffer {
    this.#leaves ??= Buffer.alloc(countBlocks(this.size) * HASH_BYTES);
    return this.#leaves;
  }

  #recordLeaf(block: number, leaf: Buffer): void {
    const table = this.#leafTable();
    const at = block * HASH_BYTES;
    if (this.#missingLeaves === 0 || this.#isLeafKnown?.[block]) {
      if (!table.subarray(at, at + HASH_BYTES).equals(leaf)) throw this.#goneError('has other content than before');
      return;
    }
    this.#isLeafKnown ??= new Uint8Array(countBlocks(this.size));
    this.#isLeafKnown[block] = 1;
    this.#missingLeaves -= 1;
    table.set(leaf, at);
  }

  #open(): Promise<FileHandle> {
    this.#isClosePending = false;
    this.#opening ??= this.#openFile().catch((cause) => {
      this.#opening = undefined;
      throw cause;
    });
    return this.#opening;
  }

  async #openFile(): Promise<FileHandle> {
    const inFolder = this.path.includes('/');
    const handle = await open(this.#file, inFolder ? READ_FLAGS | NO_FOLLOW_FLAG : READ_FLAGS).catch((cause) => {
      const { code } = cause as NodeJS.ErrnoException;
      throw this.#goneError(code === 'ENOENT' ? 'no longer exists' : `cannot be read (${code})`, cause);
    });
    try {
      const { mtimeMs } = await handle.stat();
      this.#mtimeMs ||= mtimeMs;
      await this.#assertUnchanged(handle);
      return handle;
    } catch (cause) {
      await handle.close();
      throw cause;
    }
  }

  async #recheck(): Promise<void> {
    this.#activeReads += 1;
    try {
      await this.#assertUnchanged(await this.#open());
    } finally {
      this.#activeReads -= 1;
      if (this.#isClosePending) await this.close();
    }
  }

  async #assertUnchanged(handle: FileHandle): Promise<void> {
    this.#checkedAt = performance.now();
    const now = await handle.stat();
    if (!now.isFile()) throw this.#goneError('is no longer a file');
    if (now.nlink === 0) throw this.#goneError('was deleted or replaced');
    if (now.size !== this.size || now.mtimeMs !== this.#mtimeMs || toModifiedMs(now) !== this.modified) {
      throw this.#goneError('has changed');
    }
  }

  #goneError(what: string, cause?: unknown): AppError {
    const message = `${this.path} ${what} at its source, so it cannot be sent. Request it again.`;
    return new AppError('GONE', message, { cause, data: { path: this.path } });
  }
}

/** The files of one transfer. */
export interface TransferSources {
  readonly name: string;
  readonly folder: boolean;
  /** Sorted by path. */
  readonly sources: readonly FileSource[];
  /** Bytes. */
  readonly size: number;
  /** Hidden files, links and devices in the folder, which are not sent. */
  readonly skippedCount: number;
}

/**
 * @throws AppError NO_SUCH_FILE
 */
export async function createFileSource(
  file: string,
  known: { readonly root?: string; readonly leaves?: Buffer } = {},
): Promise<FileSource> {
  const stats = await statOrThrow(file);
  if (!stats.isFile()) throw new AppError('NO_SUCH_FILE', `${file} is neither a file nor a folder.`);
  const path = normalizeUnicode(basename(resolve(file)));
  return new FileSource({ file, path, size: stats.size, modified: toModifiedMs(stats), ...known });
}

/**
 * Collects a file, or all files in a folder and its subfolders except hidden files and links.
 * @throws AppError NO_SUCH_FILE, TOO_LARGE; NOT_ALLOWED when a name is not safe on every system
 */
export async function collectSources(path: string): Promise<TransferSources> {
  const stats = await statOrThrow(path);
  const name = normalizeUnicode(basename(resolve(path)));
  if (!stats.isDirectory()) {
    const source = await createFileSource(path);
    return { name, folder: false, sources: [source], size: source.size, skippedCount: 0 };
  }
  const sources: FileSource[] = [];
  const skipped = await collectFolder(path, '', sources);
  if (sources.length === 0) throw new AppError('NO_SUCH_FILE', `There are no files to send in ${path}.`);
  sources.sort((a, b) => (a.path < b.path ? -1 : 1));
  assertSafePaths(sources);
  const size = sources.reduce((sum, source) => sum + source.size, 0);
  if (size > MAX_TRANSFER_BYTES) throw new AppError('TOO_LARGE', `${path} is larger than 1 TiB. Send it in parts.`);
  return { name, folder: true, sources, size, skippedCount: skipped };
}

/** @returns the number of skipped entries */
async function collectFolder(folder: string, above: string, into: FileSource[]): Promise<number> {
  let skipped = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = join(folder, entry.name);
    const path = `${above}${normalizeUnicode(entry.name)}`;
    if (entry.name.startsWith('.') || !(entry.isFile() || entry.isDirectory())) skipped += 1;
    else if (entry.isDirectory()) {
      assertSafePath(path);
      skipped += await collectFolder(file, `${path}/`, into);
    } else {
      if (into.length === MAX_FILES) {
        throw new AppError('TOO_LARGE', `One transfer is limited to ${MAX_FILES} files. Pack them into an archive.`);
      }
      const stats = await lstat(file);
      into.push(new FileSource({ file, path, size: stats.size, modified: toModifiedMs(stats) }));
    }
  }
  return skipped;
}

async function statOrThrow(path: string) {
  try {
    return await stat(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new AppError('NO_SUCH_FILE', `${path} ${reason}. Check its name and permissions.`, { cause });
  }
}
