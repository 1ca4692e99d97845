import { Buffer } from 'node:buffer';
import { AppError } from '../domain/app-error.ts';
import { channelEndedError } from './connection-errors.ts';
import { type BlockFrame, FrameError, type LeavesFrame } from './frame.ts';
import type { FramedChannel } from './framed-channel.ts';
import { BLOCK_BYTES, blockLength, countBlocks, HASH_BYTES, merkleRoot } from './hash-tree.ts';
import { ThroughputMeter } from './meter.ts';
import {
  decodeRefusal,
  encodeRefusal,
  type FileSpec,
  MAX_ROOTS_PER_MESSAGE,
  type PeerMessage,
} from './peer-message.ts';

export interface SourceResult {
  /**
   * `disconnected`: another channel can continue. `misbehaved`: it sent wrong data; never ask it again. `refused`: it
   * declined, for the reason in `failure`. `stopped`: this side ended it.
   */
  readonly outcome: 'done' | 'disconnected' | 'misbehaved' | 'refused' | 'stopped';
  readonly failure: AppError | null;
}

/** What a requester needs from its download. */
export interface BlockRequesterDelegate {
  readonly files: readonly FileSpec[];
  /** Bytes that are verified and on disk. */
  readonly verifiedBytes: number;
  /** The source has joined, or has got or lost its slot. */
  onStateChange(requester: BlockRequester): void;
  /** A requested block, or one that has been dropped since (`isWanted` false). The delegate now owns the content. */
  onBlock(requester: BlockRequester, file: number, block: number, content: Buffer, isWanted: boolean): void;
  /** All leaves of a file; they match its root. */
  onLeaves(file: number, leaves: Buffer): void;
  /** The requested roots. */
  onRoots(requester: BlockRequester, from: number, roots: readonly string[]): void;
  /** This source will not send the block. */
  onBlockLost(file: number, block: number): void;
  onSourceEnded(requester: BlockRequester): void;
}

const ACK_INTERVAL_BYTES = 2 * 1024 * 1024;
/** Concurrent requests for leaves. */
const MAX_LEAVES_REQUESTS = 16;

/** Index of a file, and of a block within it. */
export type BlockId = readonly [file: number, block: number];

/** Requests the blocks of a download from one source, and tracks what is outstanding and how fast it sends. */
export class BlockRequester {
  readonly channel: FramedChannel;
  readonly meter = new ThroughputMeter();
  readonly result: Promise<SourceResult>;
  readonly #delegate: BlockRequesterDelegate;
  readonly #stallMs: number;
  #resolveResult!: (result: SourceResult) => void;
  /** By `blockKey`, in the order of the requests. */
  readonly #requested = new Map<number, BlockId>();
  /** Dropped requests; their blocks may still arrive. */
  readonly #dropped = new Set<number>();
  readonly #leavesRequests = new Map<number, { readonly root: string; readonly buffer: Buffer; received: number }>();
  readonly #queuedLeavesRequests: (readonly [file: number, root: string])[] = [];
  #rootsRequests: { readonly from: number; readonly count: number }[] = [];
  #isJoined = false;
  #hasSlot = false;
  #queuePosition: number | null = null;
  #isOver = false;
  /** Received blocks that are not on disk yet. */
  #blocksBeingWritten = 0;
  #handledBytes = 0;
  #ackedBytes = 0;
  #progressAt = performance.now();

  constructor(channel: FramedChannel, delegate: BlockRequesterDelegate, { stallMs }: { stallMs: number }) {
    this.channel = channel;
    this.#delegate = delegate;
    this.#stallMs = stallMs;
    this.result = new Promise((resolve) => {
      this.#resolveResult = resolve;
    });
  }

  /** The source has the files and is connected. */
  get isJoined(): boolean {
    return this.#isJoined && !this.#isOver;
  }

  /** The source has given us a slot, so it sends requested blocks. */
  get hasSlot(): boolean {
    return this.#hasSlot && !this.#isOver;
  }

  /** In the queue of the source, from 1. */
  get queuePosition(): number | null {
    return this.#queuePosition;
  }

  /** Requested bytes that are not on disk yet; each block counts as a full one. */
  get inFlightBytes(): number {
    return (this.#requested.size + this.#blocksBeingWritten) * BLOCK_BYTES;
  }

  get requestedBlocks(): number {
    return this.#requested.size;
  }

  /** The expected speed: below the measured one when nothing has arrived for a while. */
  get bytesPerSecond(): number {
    const seconds = (performance.now() - this.#progressAt) / 1000;
    const { bytesPerSecond } = this.meter;
    if (this.#requested.size === 0 || seconds <= 0.5) return bytesPerSecond;
    return Math.min(bytesPerSecond || BLOCK_BYTES / seconds, BLOCK_BYTES / seconds);
  }

  /** @param want the file to request; if undefined, accepts the other side's offer */
  start(want?: { readonly name: string; readonly hash: string }): void {
    this.channel.ended.then((error) => {
      const outcome = error?.code === 'INVALID_REQUEST' ? 'misbehaved' : 'disconnected';
      this.#finish({ outcome, failure: error ?? channelEndedError(this.channel.peer.member) });
    });
    this.channel.setHandler({
      onMessage: (message) => this.#onMessage(message),
      onBlock: (frame) => this.#onBlock(frame),
      onLeaves: (frame) => this.#onLeaves(frame),
    });
    if (want) {
      this.channel.send({ type: 'want', ...want });
      return;
    }
    this.channel.send({ type: 'accept' });
    this.#isJoined = true;
    this.#delegate.onStateChange(this);
  }

  requestSlot(): void {
    this.channel.send({ type: 'ready' });
  }

  requestLeaves(file: number, root: string): void {
    this.#queuedLeavesRequests.push([file, root]);
    this.#sendLeavesRequests();
  }

  requestRoots(): void {
    for (let from = 0; from < this.#delegate.files.length; from += MAX_ROOTS_PER_MESSAGE) {
      const count = Math.min(MAX_ROOTS_PER_MESSAGE, this.#delegate.files.length - from);
      this.#rootsRequests.push({ from, count });
      this.channel.send({ type: 'askRoots', from, count });
    }
  }

  requestBlocks(file: number, from: number, count: number): void {
    if (this.#requested.size === 0) this.#progressAt = performance.now();
    for (let block = from; block < from + count; block += 1) {
      this.#requested.set(blockKey(file, block), [file, block]);
    }
    this.channel.send({ type: 'pull', file, from, count });
  }

  /** The latest request first. */
  *lastRequested(): Generator<BlockId> {
    yield* [...this.#requested.values()].reverse();
  }

  /** Cancels requests. */
  dropBlocks(blocks: readonly BlockId[]): void {
    for (const [file, block] of blocks) {
      const key = blockKey(file, block);
      if (!this.#requested.delete(key)) continue;
      this.#dropped.add(key);
      this.channel.send({ type: 'drop', file, from: block, count: 1 });
    }
  }

  /** A received block of this many bytes is on disk, or not needed. */
  onBlockHandled(bytes: number): void {
    this.#handledBytes += bytes;
    this.#blocksBeingWritten -= 1;
    if (this.#handledBytes - this.#ackedBytes >= ACK_INTERVAL_BYTES || this.inFlightBytes === 0) this.acknowledge();
  }

  acknowledge(): void {
    if (this.#handledBytes === this.#ackedBytes || this.#isOver) return;
    this.#ackedBytes = this.#handledBytes;
    this.channel.send({ type: 'ack', bytes: this.#handledBytes, done: this.#delegate.verifiedBytes });
  }

  /** Ends this source if it has not sent anything that it owes for too long. */
  checkStall(): void {
    const isOwed = this.#requested.size > 0 || this.#leavesRequests.size > 0 || !this.#isJoined;
    if (this.#isOver || !isOwed || performance.now() - this.#progressAt < this.#stallMs) return;
    const message = `${this.channel.peer.member} is sending too slowly. The transfer continues over another connection.`;
    const failure = new AppError('TOO_SLOW', message);
    this.channel.send(encodeRefusal(failure));
    this.#finish({ outcome: 'disconnected', failure });
  }

  /** The download is complete. */
  complete(): void {
    this.acknowledge();
    this.channel.send({ type: 'done' });
    this.#finish({ outcome: 'done', failure: null });
  }

  stop(failure: AppError | null, declined = false): void {
    if (!this.#isOver && failure) this.channel.send(encodeRefusal(failure, declined));
    this.#finish({ outcome: 'stopped', failure });
  }

  /** @param what the wrong data that the source has sent */
  reject(what: string): void {
    const failure = new AppError('CONFLICT', `${this.channel.peer.member} sent ${what}. It was discarded.`);
    this.channel.send(encodeRefusal(failure));
    this.#finish({ outcome: 'misbehaved', failure });
  }

  #onMessage(message: PeerMessage): void {
    if (this.#requested.size === 0) this.#progressAt = performance.now();
    switch (message.type) {
      case 'found':
        this.#onFound(message.size);
        break;
      case 'queued':
        this.#hasSlot = false;
        this.#queuePosition = message.place;
        this.#dropAllRequests();
        this.#delegate.onStateChange(this);
        break;
      case 'go':
        this.#hasSlot = true;
        this.#queuePosition = null;
        this.#delegate.onStateChange(this);
        break;
      case 'roots': {
        const request = this.#rootsRequests.shift();
        if (request?.from !== message.from || request.count !== message.roots.length) {
          throw new FrameError('Received roots that were not requested.');
        }
        this.#delegate.onRoots(this, message.from, message.roots);
        break;
      }
      case 'refuse': {
        const failure = decodeRefusal(message);
        this.#finish({ outcome: failure.code === 'TOO_SLOW' ? 'disconnected' : 'refused', failure });
        break;
      }
      default:
        throw new FrameError(`A source must not send ${message.type}.`);
    }
  }

  #onFound(size: number): void {
    if (this.#isJoined) throw new FrameError('Received a second answer to the file request.');
    if (size !== this.#delegate.files[0]!.size) {
      this.reject('the size of another file');
      return;
    }
    this.#isJoined = true;
    this.#delegate.onStateChange(this);
  }

  #onBlock({ file, block, content }: BlockFrame): void {
    const key = blockKey(file, block);
    const isWanted = this.#requested.has(key);
    if (!isWanted && !this.#dropped.has(key)) throw new FrameError('Received a block that was not requested.');
    if (content.length !== blockLength(this.#delegate.files[file]!.size, block)) {
      throw new FrameError('A block has the wrong length.');
    }
    (isWanted ? this.#requested : this.#dropped).delete(key);
    this.#progressAt = performance.now();
    this.meter.add(content.length);
    this.#blocksBeingWritten += 1;
    this.#delegate.onBlock(this, file, block, content, isWanted);
  }

  #sendLeavesRequests(): void {
    while (this.#leavesRequests.size < MAX_LEAVES_REQUESTS) {
      const next = this.#queuedLeavesRequests.shift();
      if (!next) return;
      const [file, root] = next;
      if (this.#leavesRequests.has(file)) continue;
      if (this.#leavesRequests.size === 0) this.#progressAt = performance.now();
      const buffer = Buffer.alloc(countBlocks(this.#delegate.files[file]!.size) * HASH_BYTES);
      this.#leavesRequests.set(file, { root, buffer, received: 0 });
      this.channel.send({ type: 'leaves', file });
    }
  }

  #onLeaves({ file, first, leaves }: LeavesFrame): void {
    const request = this.#leavesRequests.get(file);
    const isExpected = request && first * HASH_BYTES === request.received;
    if (!isExpected || request.received + leaves.length > request.buffer.length) {
      throw new FrameError('Received hashes that were not requested.');
    }
    this.#progressAt = performance.now();
    request.buffer.set(leaves, request.received);
    request.received += leaves.length;
    if (request.received < request.buffer.length) return;
    this.#leavesRequests.delete(file);
    if (merkleRoot(request.buffer).toString('hex') !== request.root) {
      this.reject('hashes of another file');
      return;
    }
    this.#delegate.onLeaves(file, request.buffer);
    this.#sendLeavesRequests();
  }

  #dropAllRequests(): void {
    const blocks = [...this.#requested.values()];
    this.dropBlocks(blocks);
    for (const [file, block] of blocks) this.#delegate.onBlockLost(file, block);
  }

  #finish(result: SourceResult): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queuePosition = null;
    const blocks = [...this.#requested.values()];
    this.#requested.clear();
    for (const [file, block] of blocks) this.#delegate.onBlockLost(file, block);
    this.channel.close();
    this.#resolveResult(result);
    this.#delegate.onSourceEnded(this);
  }
}

/** One number for file and block. It is exact: there are at most 10,000 files and 2^22 blocks in each. */
function blockKey(file: number, block: number): number {
  return file * 2 ** 32 + block;
}
