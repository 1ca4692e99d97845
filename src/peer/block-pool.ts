import { Buffer } from 'node:buffer';
import { BLOCK_HEADER_BYTES } from './frame.ts';
import { BLOCK_BYTES } from './hash-tree.ts';

/** Holds the frame of a full block. */
const POOLED_BUFFER_BYTES = BLOCK_HEADER_BYTES + BLOCK_BYTES;
const SMALL_BLOCK_BYTES = BLOCK_BYTES / 2;
/** 16 MiB. Buffers beyond that are left to the garbage collector. */
const MAX_POOLED_BUFFERS = 64;

/** Recycles block buffers. Without it, a transfer at full speed would produce 100 MB of garbage per second. */
export class BlockPool {
  readonly #free: ArrayBufferLike[] = [];

  /**
   * @returns a buffer for a frame header and a block of `length` bytes, with arbitrary content. Small blocks get small
   * buffers, because many small files can be in transfer at once.
   */
  acquire(length: number): Buffer {
    if (length < SMALL_BLOCK_BYTES) return Buffer.allocUnsafeSlow(BLOCK_HEADER_BYTES + length);
    const bytes = this.#free.pop();
    return bytes ? Buffer.from(bytes) : Buffer.allocUnsafeSlow(POOLED_BUFFER_BYTES);
  }

  /** @param buffer from `acquire`, or a part of it; must not be used afterwards */
  release(buffer: Buffer): void {
    if (buffer.buffer.byteLength === POOLED_BUFFER_BYTES && this.#free.length < MAX_POOLED_BUFFERS)
      this.#free.push(buffer.buffer);
  }
}

/** Shared by all transfers of the process. */
export const blockPool = new BlockPool();
