import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { AppError } from '../domain/app-error.ts';
import { readFully } from '../read-fully.ts';

/**
 * A file is identified by the root of a SHA-256 Merkle tree over its blocks, with the shape and domain separation of
 * RFC 6962, section 2.1: a leaf is SHA-256(0x00, block), a node SHA-256(0x01, left, right), an unpaired node moves up
 * unchanged, and the root of an empty file is the SHA-256 of nothing.
 */
export const BLOCK_BYTES = 256 * 1024;
export const HASH_BYTES = 32;

const LEAF_PREFIX = Buffer.of(0x00);
const NODE_PREFIX = Buffer.of(0x01);

/** An empty file has no blocks. */
export function countBlocks(size: number): number {
  return Math.ceil(size / BLOCK_BYTES);
}

/** Every block but the last is full. */
export function blockLength(size: number, block: number): number {
  return Math.min(BLOCK_BYTES, size - block * BLOCK_BYTES);
}

export function hashLeaf(content: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF_PREFIX).update(content).digest();
}

/** @param leaves 32 bytes a block, in order */
export function merkleRoot(leaves: Uint8Array): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest();
  let level = Buffer.from(leaves);
  for (let count = level.length / HASH_BYTES; count > 1; count = Math.ceil(count / 2)) {
    const above = Buffer.allocUnsafe(Math.ceil(count / 2) * HASH_BYTES);
    for (let i = 0; i < count; i += 2) {
      const pair = level.subarray(i * HASH_BYTES, (i + 2) * HASH_BYTES);
      const node = i + 1 < count ? createHash('sha256').update(NODE_PREFIX).update(pair).digest() : pair;
      above.set(node, (i / 2) * HASH_BYTES);
    }
    level = above;
  }
  return level;
}

/** Index of each file's first block among the blocks of all files, and at the end the number of blocks. */
export function firstBlocks(files: readonly { readonly size: number }[]): number[] {
  const first = [0];
  for (const { size } of files) first.push(first.at(-1)! + countBlocks(size));
  return first;
}

/** File, and block within the file, of a block among the blocks of all files. */
export function locateBlock(firstBlocks: readonly number[], index: number): { file: number; block: number } {
  let [low, high] = [0, firstBlocks.length - 2];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (firstBlocks[middle]! <= index) low = middle;
    else high = middle - 1;
  }
  return { file: low, block: index - firstBlocks[low]! };
}

export interface HashedFile {
  /** 64 lower-case hexadecimal digits. */
  readonly root: string;
  /** 32 bytes a block: 1.3 MB for 10 GiB. */
  readonly leaves: Buffer;
  readonly size: number;
  /** Epoch milliseconds. */
  readonly modified: number;
}

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after every 4 MiB, and at the end. */
  readonly onProgress?: ((bytes: number, size: number) => void) | undefined;
}

/** One chunk is read while the previous one is hashed. */
const READ_CHUNK_BYTES = 16 * BLOCK_BYTES;

/**
 * Hashes a file in one pass. Memory use does not grow with its size, except for the leaves.
 * @throws AppError NO_SUCH_FILE when the file does not exist, GONE when it changes meanwhile; the signal's reason
 */
export async function hashFile(file: string, { signal, onProgress }: HashOptions = {}): Promise<HashedFile> {
  signal?.throwIfAborted();
  const handle = await openFile(file);
  try {
    const before = await handle.stat();
    if (!before.isFile()) throw new AppError('NO_SUCH_FILE', `${file} is not a file, so it cannot be hashed.`);
    const leaves = await hashBlocks(handle, before.size, { signal, onProgress });
    const after = await handle.stat();
    if (!leaves || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw new AppError('GONE', `${file} changed while it was being read. Try again when nothing writes to it.`);
    }
    const root = merkleRoot(leaves).toString('hex');
    return { root, leaves, size: before.size, modified: toModifiedMs(before) };
  } finally {
    await handle.close();
  }
}

/** @returns undefined when the file is shorter than `size` */
async function hashBlocks(
  handle: FileHandle,
  size: number,
  { signal, onProgress }: HashOptions,
): Promise<Buffer | undefined> {
  const leaves = Buffer.allocUnsafe(countBlocks(size) * HASH_BYTES);
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.min(READ_CHUNK_BYTES, size)));
  const read = async (at: number, i: number) => {
    const chunk = buffers[i % 2]!.subarray(0, size - at);
    return (await readFully(handle, chunk, at)) === chunk.length ? chunk : undefined;
  };
  let next = size > 0 ? read(0, 0) : undefined;
  for (let at = 0, i = 0; at < size; at += READ_CHUNK_BYTES, i += 1) {
    const chunk = await next;
    if (signal?.aborted || !chunk) {
      signal?.throwIfAborted();
      return undefined;
    }
    next = at + READ_CHUNK_BYTES < size ? read(at + READ_CHUNK_BYTES, i + 1) : undefined;
    next?.catch(() => undefined); // awaited in the next iteration; handled here in case this one throws
    for (let from = 0; from < chunk.length; from += BLOCK_BYTES) {
      const leaf = hashLeaf(chunk.subarray(from, from + BLOCK_BYTES));
      leaves.set(leaf, ((at + from) / BLOCK_BYTES) * HASH_BYTES);
    }
    onProgress?.(at + chunk.length, size);
  }
  return leaves;
}

/** Modification time as sent to peers: whole milliseconds, never before 1970. */
export function toModifiedMs({ mtimeMs }: { readonly mtimeMs: number }): number {
  return Math.max(0, Math.floor(mtimeMs));
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new AppError('NO_SUCH_FILE', `${file} ${reason}. Check its name and permissions.`, { cause });
  }
}
