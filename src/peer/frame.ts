import { Buffer } from 'node:buffer';
import { BLOCK_BYTES, HASH_BYTES } from './hash-tree.ts';

/**
 * Frame codec of a peer channel (docs/protocol.md, "Peers' frames"). A frame is a u32 length (big-endian, of all that
 * follows), a u8 type, and:
 * - `CONTROL`: one JSON object in UTF-8, at most 64 KiB
 * - `BLOCK`: file u32, block u32, content of 1 byte to 256 KiB
 * - `LEAVES`: file u32, index of the first u32, 1 to 2,048 hashes of 32 bytes
 * - `PING`: nothing; the keep-alive
 */
export const FRAME_TYPES = { PING: 0, CONTROL: 1, BLOCK: 2, LEAVES: 3 } as const;

export const MAX_CONTROL_BYTES = 64 * 1024;
export const MAX_LEAVES_PER_FRAME = 2048;
/** Length, type, file, block. */
export const BLOCK_HEADER_BYTES = 13;

const LENGTH_BYTES = 4;
const INDEX_BYTES = 8;
const PING_FRAME = Buffer.of(0, 0, 0, 1, FRAME_TYPES.PING);

export interface ControlFrame {
  readonly type: 'control';
  /** Not validated yet; see peer-message.ts. */
  readonly value: unknown;
}

export interface BlockFrame {
  readonly type: 'block';
  readonly file: number;
  readonly block: number;
  /** Owned by the receiver of the frame. */
  readonly content: Buffer;
}

export interface LeavesFrame {
  readonly type: 'leaves';
  readonly file: number;
  readonly first: number;
  readonly leaves: Buffer;
}

export type Frame = ControlFrame | BlockFrame | LeavesFrame | { readonly type: 'ping' };

/** The other side violates the protocol, so nothing more can be read from the channel. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}

export function encodePing(): Buffer {
  return PING_FRAME;
}

/** @throws RangeError when the JSON is longer than 64 KiB; the caller has to split it */
export function encodeControl(value: object): Buffer {
  const text = JSON.stringify(value);
  const length = Buffer.byteLength(text);
  if (length > MAX_CONTROL_BYTES) throw new RangeError(`Expected at most ${MAX_CONTROL_BYTES} bytes, got ${length}`);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + 1 + length);
  frame.writeUInt32BE(1 + length, 0);
  frame[LENGTH_BYTES] = FRAME_TYPES.CONTROL;
  frame.write(text, LENGTH_BYTES + 1);
  return frame;
}

/**
 * Writes the header of a BLOCK frame into the first 13 bytes of a buffer whose content follows them, so that a block
 * needs only one buffer from disk to channel.
 * @returns the part of the buffer that is the frame
 */
export function encodeBlockInPlace(buffer: Buffer, file: number, block: number, length: number): Buffer {
  buffer.writeUInt32BE(1 + INDEX_BYTES + length, 0);
  buffer[LENGTH_BYTES] = FRAME_TYPES.BLOCK;
  buffer.writeUInt32BE(file, 5);
  buffer.writeUInt32BE(block, 9);
  return buffer.subarray(0, BLOCK_HEADER_BYTES + length);
}

/** @param leaves at most 2,048 hashes */
export function encodeLeaves(file: number, first: number, leaves: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(BLOCK_HEADER_BYTES + leaves.length);
  frame.writeUInt32BE(1 + INDEX_BYTES + leaves.length, 0);
  frame[LENGTH_BYTES] = FRAME_TYPES.LEAVES;
  frame.writeUInt32BE(file, 5);
  frame.writeUInt32BE(first, 9);
  frame.set(leaves, BLOCK_HEADER_BYTES);
  return frame;
}

/** Limits on the length field by type. A frame outside them is rejected before any of its bytes is stored. */
const FRAME_LENGTH_LIMITS: Readonly<Record<number, readonly [least: number, most: number]>> = {
  [FRAME_TYPES.PING]: [1, 1],
  [FRAME_TYPES.CONTROL]: [3, 1 + MAX_CONTROL_BYTES],
  [FRAME_TYPES.BLOCK]: [2 + INDEX_BYTES, 1 + INDEX_BYTES + BLOCK_BYTES],
  [FRAME_TYPES.LEAVES]: [1 + INDEX_BYTES + HASH_BYTES, 1 + INDEX_BYTES + MAX_LEAVES_PER_FRAME * HASH_BYTES],
};

const INDEX_BYTES_BY_TYPE = {
  [FRAME_TYPES.PING]: 0,
  [FRAME_TYPES.CONTROL]: 0,
  [FRAME_TYPES.BLOCK]: INDEX_BYTES,
  [FRAME_TYPES.LEAVES]: INDEX_BYTES,
};

/**
 * Splits a byte stream into frames. A body is copied once, into a buffer of its own. The buffer of a BLOCK comes from
 * `allocate`, so that its receiver can recycle it.
 */
export class FrameDecoder {
  readonly #allocate: (length: number) => Buffer;
  /** Length, type and indices of the current frame. */
  readonly #header = Buffer.alloc(BLOCK_HEADER_BYTES);
  #headerReceived = 0;
  #body: Buffer | undefined;
  #bodyReceived = 0;
  #hasFailed = false;

  constructor(allocate: (length: number) => Buffer = Buffer.allocUnsafeSlow) {
    this.#allocate = allocate;
  }

  /** Whether a frame has started and is not complete. */
  get hasPartialFrame(): boolean {
    return this.#headerReceived > 0;
  }

  /**
   * @param onFrame receives every frame that ends in the chunk
   * @throws FrameError; after that, nothing more can be read
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    if (this.#hasFailed) throw new FrameError('The channel has already failed.');
    try {
      for (let at = 0; at < chunk.length; ) at = this.#step(chunk, at, onFrame);
    } catch (error) {
      if (error instanceof FrameError) this.#hasFailed = true;
      throw error;
    }
  }

  #step(chunk: Uint8Array, at: number, onFrame: (frame: Frame) => void): number {
    if (!this.#body) {
      const wanted = this.#headerLength();
      const piece = chunk.subarray(at, at + wanted - this.#headerReceived);
      this.#header.set(piece, this.#headerReceived);
      this.#headerReceived += piece.length;
      if (this.#headerReceived === LENGTH_BYTES + 1) this.#checkLength();
      if (this.#headerReceived === this.#headerLength()) this.#startFrame(onFrame);
      return at + piece.length;
    }
    const piece = chunk.subarray(at, at + this.#body.length - this.#bodyReceived);
    this.#body.set(piece, this.#bodyReceived);
    this.#bodyReceived += piece.length;
    if (this.#bodyReceived === this.#body.length) this.#finishFrame(onFrame);
    return at + piece.length;
  }

  #headerLength(): number {
    if (this.#headerReceived <= LENGTH_BYTES) return LENGTH_BYTES + 1;
    return LENGTH_BYTES + 1 + INDEX_BYTES_BY_TYPE[this.#header[LENGTH_BYTES] as keyof typeof INDEX_BYTES_BY_TYPE];
  }

  #checkLength(): void {
    const type = this.#header[LENGTH_BYTES]!;
    const length = this.#header.readUInt32BE(0);
    const range = FRAME_LENGTH_LIMITS[type];
    if (!range) throw new FrameError(`Unknown frame type ${type}.`);
    if (length < range[0] || length > range[1])
      throw new FrameError(`Invalid length ${length} of a type ${type} frame.`);
    if (type === FRAME_TYPES.LEAVES && (length - 1 - INDEX_BYTES) % HASH_BYTES !== 0) {
      throw new FrameError(`${length - 1 - INDEX_BYTES} bytes are not a whole number of hashes.`);
    }
  }

  #startFrame(onFrame: (frame: Frame) => void): void {
    const type = this.#header[LENGTH_BYTES];
    const length = this.#header.readUInt32BE(0) - 1 - INDEX_BYTES_BY_TYPE[type as keyof typeof INDEX_BYTES_BY_TYPE];
    if (type === FRAME_TYPES.PING) {
      this.#headerReceived = 0;
      onFrame({ type: 'ping' });
      return;
    }
    this.#body = type === FRAME_TYPES.BLOCK ? this.#allocate(length).subarray(0, length) : Buffer.allocUnsafe(length);
    this.#bodyReceived = 0;
  }

  #finishFrame(onFrame: (frame: Frame) => void): void {
    const body = this.#body!;
    const [first, second] = [this.#header.readUInt32BE(5), this.#header.readUInt32BE(9)];
    this.#body = undefined;
    this.#headerReceived = 0;
    switch (this.#header[LENGTH_BYTES]) {
      case FRAME_TYPES.BLOCK:
        onFrame({ type: 'block', file: first, block: second, content: body });
        break;
      case FRAME_TYPES.LEAVES:
        onFrame({ type: 'leaves', file: first, first: second, leaves: body });
        break;
      default:
        onFrame({ type: 'control', value: parseJsonBody(body) });
    }
  }
}

const utf8Decoder = new TextDecoder('utf-8', { fatal: true });

function parseJsonBody(body: Buffer): unknown {
  try {
    return JSON.parse(utf8Decoder.decode(body));
  } catch {
    throw new FrameError('A control frame is not valid JSON.');
  }
}
