import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Failure } from '../domain/failure.ts';

/**
 * What a file is known by: the root of a SHA-256 Merkle tree over its blocks, shaped and domain-separated as in
 * RFC 6962, section 2.1: a leaf is SHA-256(0x00, block), a node SHA-256(0x01, left, right), a node without a partner
 * goes up as it is, and the root of an empty file is SHA-256 of nothing.
 */
export const BLOCK_BYTES = 256 * 1024;
export const HASH_BYTES = 32;

const LEAF = Buffer.of(0x00);
const NODE = Buffer.of(0x01);

/** Number of blocks in a file of so many bytes; an empty file has none. */
export function blocksIn(size: number): number {
  return Math.ceil(size / BLOCK_BYTES);
}

/** Bytes in one block of a file: all are full but the last. */
export function blockBytes(size: number, block: number): number {
  return Math.min(BLOCK_BYTES, size - block * BLOCK_BYTES);
}

export function leafOf(content: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(content).digest();
}

/** @param leaves 32 bytes a block, in order */
export function rootOf(leaves: Uint8Array): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest();
  let level = Buffer.from(leaves);
  for (let count = level.length / HASH_BYTES; count > 1; count = Math.ceil(count / 2)) {
    const above = Buffer.allocUnsafe(Math.ceil(count / 2) * HASH_BYTES);
    for (let i = 0; i < count; i += 2) {
      const pair = level.subarray(i * HASH_BYTES, (i + 2) * HASH_BYTES);
      const node = i + 1 < count ? createHash('sha256').update(NODE).update(pair).digest() : pair;
      above.set(node, (i / 2) * HASH_BYTES);
    }
    level = above;
  }
  return level;
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
  readonly signal?: AbortSignal;
  /** Told after every 4 MiB, and at the end. */
  readonly onProgress?: (bytes: number, size: number) => void;
}

/** Read at once while the one before is hashed. */
const PIECE_BYTES = 16 * BLOCK_BYTES;

/**
 * Hashes a file in one reading; memory does not grow with its size beyond the leaves.
 * @throws Failure NO_SUCH_FILE where there is no such file, GONE where it changed meanwhile; the signal's reason
 */
export async function hashFile(file: string, { signal, onProgress }: HashOptions = {}): Promise<HashedFile> {
  signal?.throwIfAborted();
  const handle = await openFile(file);
  try {
    const before = await handle.stat();
    if (!before.isFile()) throw new Failure('NO_SUCH_FILE', `${file} is not a file, so it has no hash.`);
    const leaves = await leavesOf(handle, before.size, {
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
    const after = await handle.stat();
    if (!leaves || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw new Failure('GONE', `${file} changed while it was read. Try again when nobody writes to it.`);
    }
    return {
      root: rootOf(leaves).toString('hex'),
      leaves,
      size: before.size,
      modified: modifiedOf(before),
    };
  } finally {
    await handle.close();
  }
}

/** Undefined where the file ends before `size`. */
async function leavesOf(
  handle: FileHandle,
  size: number,
  { signal, onProgress }: HashOptions,
): Promise<Buffer | undefined> {
  const leaves = Buffer.allocUnsafe(blocksIn(size) * HASH_BYTES);
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, size)));
  const read = (at: number, turn: number) =>
    readFully(handle, buffers[turn % 2]!, at, Math.min(PIECE_BYTES, size - at));
  let next = size > 0 ? read(0, 0) : undefined;
  for (let at = 0, turn = 0; at < size; at += PIECE_BYTES, turn += 1) {
    const piece = await next;
    if (signal?.aborted || !piece) {
      signal?.throwIfAborted();
      return undefined;
    }
    next = at + PIECE_BYTES < size ? read(at + PIECE_BYTES, turn + 1) : undefined;
    next?.catch(() => undefined); // awaited above in the next turn; never unheard when this one throws
    for (let from = 0; from < piece.length; from += BLOCK_BYTES) {
      const leaf = leafOf(piece.subarray(from, from + BLOCK_BYTES));
      leaves.set(leaf, ((at + from) / BLOCK_BYTES) * HASH_BYTES);
    }
    onProgress?.(at + piece.length, size);
  }
  return leaves;
}

/** Undefined where the file ends before. */
async function readFully(handle: FileHandle, into: Buffer, at: number, length: number): Promise<Buffer | undefined> {
  for (let got = 0; got < length; ) {
    const { bytesRead } = await handle.read(into, got, length - got, at + got);
    if (bytesRead === 0) return undefined;
    got += bytesRead;
  }
  return into.subarray(0, length);
}

/** Time of the last change as transfers tell it: whole milliseconds, nothing before 1970. */
export function modifiedOf({ mtimeMs }: { readonly mtimeMs: number }): number {
  return Math.max(0, Math.floor(mtimeMs));
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new Failure('NO_SUCH_FILE', `${file} ${why}. Check its name and your rights.`, { cause });
  }
}
