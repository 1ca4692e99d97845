import { Buffer } from 'node:buffer';
import { BLOCK_HEAD } from './frame.ts';
import { BLOCK_BYTES } from './hash-tree.ts';

/** A frame of a full block fits. */
const BUFFER_BYTES = BLOCK_HEAD + BLOCK_BYTES;
const SMALL_BYTES = BLOCK_BYTES / 2;
/** 16 MiB are kept for later, more goes to the garbage collector. */
const KEPT = 64;

/** Buffers of one block, used again and again: a transfer at full speed would leave 100 MB of garbage a second. */
export class BlockPool {
  readonly #free: ArrayBufferLike[] = [];

  /**
   * Holds a block of so many bytes and the head of its frame. What is in it is left from before. Small blocks, of small
   * files, get small buffers: many of them can be on their way at once.
   */
  take(length: number): Buffer {
    if (length < SMALL_BYTES) return Buffer.allocUnsafeSlow(BLOCK_HEAD + length);
    const bytes = this.#free.pop();
    return bytes ? Buffer.from(bytes) : Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  /** @param buffer from `take`, or a part of it; nobody may use it any more */
  give(buffer: Buffer): void {
    if (buffer.buffer.byteLength === BUFFER_BYTES && this.#free.length < KEPT) this.#free.push(buffer.buffer);
  }
}

/** Of the process: transfers come and go, and share what is free. */
export const blocks = new BlockPool();
