import { Buffer } from 'node:buffer';
import { BLOCK_BYTES, HASH_BYTES } from './hash-tree.ts';

/**
 * The codec of what goes over a peers' channel (docs/protocol.md, "Peers' frames"). A frame is its length as u32
 * big-endian (of all that follows it), its type as u8, and:
 * - `CONTROL`: one JSON object in UTF-8, at most 64 KiB
 * - `BLOCK`: file u32, block u32, content of 1 byte to 256 KiB
 * - `LEAVES`: file u32, number of the first u32, 1 to 2,048 hashes of 32 bytes
 * - `PING`: nothing; shows that the sender lives
 */
export const FRAME = { PING: 0, CONTROL: 1, BLOCK: 2, LEAVES: 3 } as const;

export const CONTROL_BYTES = 64 * 1024;
/** Most hashes in one LEAVES frame. */
export const LEAVES_A_FRAME = 2048;
/** Bytes in front of the content of a BLOCK frame: length, type, file, block. */
export const BLOCK_HEAD = 13;

const LENGTH_BYTES = 4;
const INDEX_BYTES = 8;
const PING_FRAME = Buffer.of(0, 0, 0, 1, FRAME.PING);

export interface ControlFrame {
  readonly type: 'control';
  /** Not yet checked: message.ts does. */
  readonly value: unknown;
}

export interface BlockFrame {
  readonly type: 'block';
  readonly file: number;
  readonly block: number;
  /** The taker's own from now on. */
  readonly content: Buffer;
}

export interface LeavesFrame {
  readonly type: 'leaves';
  readonly file: number;
  readonly first: number;
  readonly leaves: Buffer;
}

export type Frame = ControlFrame | BlockFrame | LeavesFrame | { readonly type: 'ping' };

/** What no honest peer sends. The channel cannot be read any further. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}

export function encodePing(): Buffer {
  return PING_FRAME;
}

/** @throws RangeError where the JSON is longer than 64 KiB: the caller has to split it */
export function encodeControl(value: object): Buffer {
  const text = JSON.stringify(value);
  const length = Buffer.byteLength(text);
  if (length > CONTROL_BYTES) throw new RangeError(`Expected at most ${CONTROL_BYTES} bytes, got ${length}`);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + 1 + length);
  frame.writeUInt32BE(1 + length, 0);
  frame[LENGTH_BYTES] = FRAME.CONTROL;
  frame.write(text, LENGTH_BYTES + 1);
  return frame;
}

/**
 * Writes the head of a BLOCK frame into the first 13 bytes of a buffer that has the content behind them: a block goes
 * from the disk to the channel in one buffer.
 * @returns the part of the buffer that is the frame
 */
export function frameBlock(buffer: Buffer, file: number, block: number, length: number): Buffer {
  buffer.writeUInt32BE(1 + INDEX_BYTES + length, 0);
  buffer[LENGTH_BYTES] = FRAME.BLOCK;
  buffer.writeUInt32BE(file, 5);
  buffer.writeUInt32BE(block, 9);
  return buffer.subarray(0, BLOCK_HEAD + length);
}

/** @param leaves at most 2,048 hashes */
export function encodeLeaves(file: number, first: number, leaves: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(BLOCK_HEAD + leaves.length);
  frame.writeUInt32BE(1 + INDEX_BYTES + leaves.length, 0);
  frame[LENGTH_BYTES] = FRAME.LEAVES;
  frame.writeUInt32BE(file, 5);
  frame.writeUInt32BE(first, 9);
  frame.set(leaves, BLOCK_HEAD);
  return frame;
}

/** Lengths that a frame of each type may announce: whatever else it says is refused before a byte is kept. */
const LENGTHS: Readonly<Record<number, readonly [least: number, most: number]>> = {
  [FRAME.PING]: [1, 1],
  [FRAME.CONTROL]: [3, 1 + CONTROL_BYTES],
  [FRAME.BLOCK]: [2 + INDEX_BYTES, 1 + INDEX_BYTES + BLOCK_BYTES],
  [FRAME.LEAVES]: [1 + INDEX_BYTES + HASH_BYTES, 1 + INDEX_BYTES + LEAVES_A_FRAME * HASH_BYTES],
};

const HEAD_BYTES = { [FRAME.PING]: 0, [FRAME.CONTROL]: 0, [FRAME.BLOCK]: INDEX_BYTES, [FRAME.LEAVES]: INDEX_BYTES };

/**
 * Cuts what arrives into frames. A body is copied once, into a buffer of its own size: of `allocate` for a BLOCK, so
 * that its taker can use buffers again.
 */
export class FrameReader {
  readonly #allocate: (length: number) => Buffer;
  /** Length, type and indices of the frame that is being read. */
  readonly #head = Buffer.alloc(BLOCK_HEAD);
  #headGot = 0;
  #body: Buffer | undefined;
  #bodyGot = 0;
  #broken = false;

  constructor(allocate: (length: number) => Buffer = Buffer.allocUnsafeSlow) {
    this.#allocate = allocate;
  }

  /** Whether a frame has begun and not ended. */
  get partial(): boolean {
    return this.#headGot > 0;
  }

  /**
   * @param take gets every frame that ends in the chunk
   * @throws FrameError; nothing can be read afterwards
   */
  push(chunk: Uint8Array, take: (frame: Frame) => void): void {
    if (this.#broken) throw new FrameError('The channel was broken before.');
    try {
      for (let at = 0; at < chunk.length; ) at = this.#step(chunk, at, take);
    } catch (error) {
      if (error instanceof FrameError) this.#broken = true;
      throw error;
    }
  }

  #step(chunk: Uint8Array, at: number, take: (frame: Frame) => void): number {
    if (!this.#body) {
      const wanted = this.#headWanted();
      const piece = chunk.subarray(at, at + wanted - this.#headGot);
      this.#head.set(piece, this.#headGot);
      this.#headGot += piece.length;
      if (this.#headGot === LENGTH_BYTES + 1) this.#checkLength();
      if (this.#headGot === this.#headWanted()) this.#begin(take);
      return at + piece.length;
    }
    const piece = chunk.subarray(at, at + this.#body.length - this.#bodyGot);
    this.#body.set(piece, this.#bodyGot);
    this.#bodyGot += piece.length;
    if (this.#bodyGot === this.#body.length) this.#end(take);
    return at + piece.length;
  }

  #headWanted(): number {
    if (this.#headGot <= LENGTH_BYTES) return LENGTH_BYTES + 1;
    return LENGTH_BYTES + 1 + HEAD_BYTES[this.#head[LENGTH_BYTES] as keyof typeof HEAD_BYTES];
  }

  #checkLength(): void {
    const type = this.#head[LENGTH_BYTES]!;
    const length = this.#head.readUInt32BE(0);
    const range = LENGTHS[type];
    if (!range) throw new FrameError(`There is no frame of type ${type}.`);
    if (length < range[0] || length > range[1]) throw new FrameError(`No frame of type ${type} has ${length} bytes.`);
    if (type === FRAME.LEAVES && (length - 1 - INDEX_BYTES) % HASH_BYTES !== 0) {
      throw new FrameError(`No whole number of hashes has ${length - 1 - INDEX_BYTES} bytes.`);
    }
  }

  #begin(take: (frame: Frame) => void): void {
    const type = this.#head[LENGTH_BYTES];
    const length = this.#head.readUInt32BE(0) - 1 - HEAD_BYTES[type as keyof typeof HEAD_BYTES];
    if (type === FRAME.PING) {
      this.#headGot = 0;
      take({ type: 'ping' });
      return;
    }
    this.#body = type === FRAME.BLOCK ? this.#allocate(length).subarray(0, length) : Buffer.allocUnsafe(length);
    this.#bodyGot = 0;
  }

  #end(take: (frame: Frame) => void): void {
    const body = this.#body!;
    const [first, second] = [this.#head.readUInt32BE(5), this.#head.readUInt32BE(9)];
    this.#body = undefined;
    this.#headGot = 0;
    switch (this.#head[LENGTH_BYTES]) {
      case FRAME.BLOCK:
        take({ type: 'block', file: first, block: second, content: body });
        break;
      case FRAME.LEAVES:
        take({ type: 'leaves', file: first, first: second, leaves: body });
        break;
      default:
        take({ type: 'control', value: parse(body) });
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    throw new FrameError('A control frame is not JSON.');
  }
}
