import type { BandwidthLimiter } from './bandwidth-limiter.ts';
import type { BlockId, BlockRequester } from './block-requester.ts';
import { BLOCK_BYTES, locateBlock } from './hash-tree.ts';
import type { FileSpec } from './peer-message.ts';

/** Total bytes requested and not yet on disk. Bounds the memory use when the disk is slow. */
const MAX_IN_FLIGHT_BYTES = 16 * 1024 * 1024;
/** Each source has requests for what it sends in this time, but at least for MIN_PIPELINE_BYTES. */
const PIPELINE_SECONDS = 1;
const MIN_PIPELINE_BYTES = 2 * 1024 * 1024;
const MAX_BLOCKS_PER_REQUEST = 8;

type Source = Pick<
  BlockRequester,
  'bytesPerSecond' | 'dropBlocks' | 'inFlightBytes' | 'lastRequested' | 'requestBlocks' | 'requestedBlocks'
>;

export interface BlockSchedulerOptions {
  readonly files: readonly FileSpec[];
  /** See `firstBlocks` in hash-tree.ts. */
  readonly firstBlocks: readonly number[];
  readonly limiter?: BandwidthLimiter | undefined;
  /** Whether a block is neither on disk nor being written. */
  readonly isMissing: (index: number) => boolean;
  readonly now?: () => number;
}

/** Decides which blocks to request from which source. Does no I/O itself. */
export class BlockScheduler {
  readonly #options: BlockSchedulerOptions;
  readonly #now: () => number;
  /** How many sources have a request for each block. */
  readonly #requestCounts: Uint8Array;
  /** All blocks before this one are requested or not missing. */
  #firstFreeBlock = 0;
  /** Set by the limiter. */
  #nextRequestAt = 0;

  constructor(options: BlockSchedulerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#requestCounts = new Uint8Array(options.firstBlocks.at(-1)!);
  }

  /**
   * Sends requests to all sources that have capacity.
   * @param sources those that have given us a slot
   * @returns milliseconds after which to call it again because of the limiter; 0 for none
   */
  schedule(sources: readonly Source[]): number {
    const sorted = [...sources].sort((a, b) => a.inFlightBytes - b.inFlightBytes);
    for (const source of sorted) {
      const share = Math.max(BLOCK_BYTES, Math.floor(MAX_IN_FLIGHT_BYTES / sorted.length));
      const quota = Math.min(share, Math.max(MIN_PIPELINE_BYTES, source.bytesPerSecond * PIPELINE_SECONDS));
      this.#fillPipeline(source, quota, sorted);
    }
    return Math.max(0, this.#nextRequestAt - this.#now());
  }

  /** The block is missing again. */
  markFree(index: number): void {
    this.#firstFreeBlock = Math.min(this.#firstFreeBlock, index);
  }

  /** A request for the block has ended. */
  releaseRequest(index: number): void {
    if (this.#requestCounts[index]! > 0) this.#requestCounts[index]! -= 1;
  }

  #fillPipeline(source: Source, quota: number, sources: readonly Source[]): void {
    for (;;) {
      const free = quota - source.inFlightBytes;
      const worthwhile = Math.min(quota / 2, MAX_BLOCKS_PER_REQUEST * BLOCK_BYTES, quota - BLOCK_BYTES);
      if (free < BLOCK_BYTES || (free < worthwhile && source.inFlightBytes > 0)) return;
      if (this.#now() < this.#nextRequestAt) return;
      const total = sources.reduce((sum, { inFlightBytes }) => sum + inFlightBytes, 0);
      const freeBlocks = Math.floor(Math.min(free, MAX_IN_FLIGHT_BYTES - total) / BLOCK_BYTES);
      const maxBlocks = Math.min(freeBlocks, this.#maxBlocksByRate());
      if (maxBlocks < 1) return;
      const run = this.#nextFreeRun(maxBlocks);
      if (!run) {
        this.#endgame(source, sources);
        return;
      }
      this.#request(source, run.file, run.block, run.count);
    }
  }

  #request(source: Source, file: number, block: number, count: number): void {
    const { files, firstBlocks, limiter } = this.#options;
    const first = firstBlocks[file]! + block;
    for (let index = first; index < first + count; index += 1) this.#requestCounts[index]! += 1;
    source.requestBlocks(file, block, count);
    const waitMs = limiter?.consume(Math.min(count * BLOCK_BYTES, files[file]!.size - block * BLOCK_BYTES)) ?? 0;
    if (waitMs >= 1) this.#nextRequestAt = this.#now() + waitMs;
  }

  /** What the limiter allows in a quarter of a second, within MAX_BLOCKS_PER_REQUEST. */
  #maxBlocksByRate(): number {
    const rate = this.#options.limiter?.rate ?? Number.POSITIVE_INFINITY;
    return Math.min(MAX_BLOCKS_PER_REQUEST, Math.max(1, Math.floor(rate / 4 / BLOCK_BYTES)));
  }

  #nextFreeRun(maxBlocks: number): { file: number; block: number; count: number } | undefined {
    const { firstBlocks } = this.#options;
    const blockCount = this.#requestCounts.length;
    while (this.#firstFreeBlock < blockCount && !this.#isFree(this.#firstFreeBlock)) this.#firstFreeBlock += 1;
    const first = this.#firstFreeBlock;
    if (first === blockCount) return undefined;
    const { file, block } = locateBlock(firstBlocks, first);
    const end = Math.min(firstBlocks[file + 1]!, first + maxBlocks);
    let count = 1;
    while (first + count < end && this.#isFree(first + count)) count += 1;
    this.#firstFreeBlock += count;
    return { file, block, count };
  }

  /** When no block is free, an idle source takes over requests that a slower one would still need long for. */
  #endgame(source: Source, sources: readonly Source[]): void {
    if (source.inFlightBytes >= MIN_PIPELINE_BYTES || source.bytesPerSecond === 0) return;
    const ownSeconds = (source.inFlightBytes + BLOCK_BYTES) / source.bytesPerSecond;
    let slowest: Source | undefined;
    let longestSeconds = 2 * ownSeconds + 0.25;
    for (const other of sources) {
      if (other === source || other.requestedBlocks === 0) continue;
      const seconds = (other.requestedBlocks * BLOCK_BYTES) / Math.max(1, other.bytesPerSecond);
      if (seconds > longestSeconds) [slowest, longestSeconds] = [other, seconds];
    }
    if (!slowest) return;
    const share = source.bytesPerSecond / (source.bytesPerSecond + slowest.bytesPerSecond);
    const maxBlocks = Math.min(Math.ceil(slowest.requestedBlocks * share), this.#maxBlocksByRate());
    const taken: BlockId[] = [];
    for (const id of slowest.lastRequested()) {
      if (taken.length === maxBlocks) break;
      taken.push(id);
    }
    slowest.dropBlocks(taken);
    for (const [file, block] of taken.reverse()) {
      this.releaseRequest(this.#options.firstBlocks[file]! + block);
      this.#request(source, file, block, 1);
    }
  }

  #isFree(index: number): boolean {
    return this.#requestCounts[index] === 0 && this.#options.isMissing(index);
  }
}
