import { Buffer } from 'node:buffer';
import { AppError } from '../domain/app-error.ts';
import { sleep } from '../sleep.ts';
import type { BandwidthLimiter } from './bandwidth-limiter.ts';
import { blockPool } from './block-pool.ts';
import type { FileRequest } from './channel-request.ts';
import { channelEndedError } from './connection-errors.ts';
import type { BlockRead, FileSource } from './file-source.ts';
import { encodeBlockInPlace, FrameError, MAX_CONTROL_BYTES } from './frame.ts';
import type { FramedChannel } from './framed-channel.ts';
import { BLOCK_BYTES, countBlocks, merkleRoot } from './hash-tree.ts';
import { ThrottledNotifier, ThroughputMeter } from './meter.ts';
import type { PeerChannel } from './peer-channel.ts';
import { decodeRefusal, encodeRefusal, type FileSpec, type PeerMessage } from './peer-message.ts';
import type { UploadSlots } from './upload-slots.ts';

/** Finds requested files. */
export interface FileSourceProvider {
  /** @throws AppError NO_SUCH_FILE, GONE, NOT_ALLOWED; its message is sent to the other side */
  open(want: { name: string; hash: string }, from: Pick<PeerChannel, 'member' | 'key'>): Promise<FileSource>;
}

export interface UploadProgress {
  readonly state: 'offered' | 'queued' | 'active';
  /** Bytes that are verified and on the receiver's disk. */
  readonly done: number;
  readonly size: number;
  readonly bytesPerSecond: number;
  /** In this side's queue, from 1, while `queued`. */
  readonly queuePosition: number | null;
}

export interface UploadSettings {
  readonly channel: FramedChannel;
  readonly slots: UploadSlots;
  /** All of them apply. */
  readonly limiters?: readonly BandwidthLimiter[];
  readonly onProgress?: (progress: UploadProgress) => void;
  /** How long a receiver may leave data unacknowledged, or its slot unused. */
  readonly stallMs?: number;
}

/** Limit on unacknowledged bytes. Bounds the memory use of a receiver with a slow disk. */
export const MAX_CREDIT_BYTES = 16 * 1024 * 1024;
const READ_AHEAD_BLOCKS = 8;
const BLOCKS_PER_READ = 4;
/** Several times the request window of any receiver. */
const MAX_REQUESTED_BLOCKS = 4 * (MAX_CREDIT_BYTES / BLOCK_BYTES);
const MAX_QUEUED_ANSWERS = 4096;
const MAX_OPEN_SOURCES = 8;

interface BlockRange {
  readonly file: number;
  readonly from: number;
  readonly end: number;
}

interface PendingRead {
  readonly file: number;
  readonly block: number;
  readonly read: Promise<BlockRead>;
}

/** The sending side of one channel: answers the receiver's requests, within its credit and the bandwidth limits. */
export class Upload {
  readonly #channel: FramedChannel;
  readonly #slots: UploadSlots;
  readonly #limiters: readonly BandwidthLimiter[];
  readonly #stallMs: number;
  readonly #meter = new ThroughputMeter();
  readonly #notifier: ThrottledNotifier;
  readonly #abort = new AbortController();
  readonly #outcome: Promise<void>;
  #settleOutcome!: (failure: AppError | null) => void;
  #sources: readonly FileSource[] = [];
  #size = 0;
  #state: UploadProgress['state'] = 'offered';
  #queuePosition: number | null = null;
  #verifiedBytes = 0;
  #releaseSlot: (() => void) | undefined;
  #hasSlot = false;
  #requestedRanges: BlockRange[] = [];
  #requestedBlocks = 0;
  #readQueue: PendingRead[] = [];
  #openSources: FileSource[] = [];
  #sentBytes = 0;
  #ackedBytes = 0;
  #progressAt = performance.now();
  #queuedAnswers: (() => Promise<void>)[] = [];
  #isAnswering = false;
  #isSending = false;
  #wakeCredit: (() => void) | undefined;
  #isOver = false;

  constructor({ channel, slots, limiters = [], onProgress, stallMs = 60_000 }: UploadSettings) {
    this.#channel = channel;
    this.#slots = slots;
    this.#limiters = limiters;
    this.#stallMs = stallMs;
    this.#notifier = new ThrottledNotifier(
      () => onProgress?.(this.progress),
      () => this.#meter.bytesPerSecond > 0,
    );
    this.#outcome = new Promise((resolve, reject) => {
      this.#settleOutcome = (failure) => (failure ? reject(failure) : resolve());
    });
    this.#outcome.catch(() => undefined); // handled by those who await it
  }

  get progress(): UploadProgress {
    return {
      state: this.#state,
      done: this.#verifiedBytes,
      size: this.#size,
      bytesPerSecond: this.#meter.bytesPerSecond,
      queuePosition: this.#queuePosition,
    };
  }

  /**
   * Answers a file request. Resolves when the receiver has the file.
   * @throws AppError of the provider; like `offer`
   */
  async serve({ name, hash }: FileRequest, provider: FileSourceProvider): Promise<void> {
    let source: FileSource;
    try {
      source = await provider.open({ name, hash }, this.#channel.peer);
    } catch (thrown) {
      const error = AppError.from(thrown);
      this.#channel.send(encodeRefusal(error));
      this.#channel.close();
      throw error;
    }
    this.#start([source]);
    this.#channel.send({ type: 'found', size: source.size });
    await this.#outcome;
  }

  /**
   * Offers files. Resolves when the receiver has all of them.
   * @throws AppError from the receiver (with `data.declined` if a person or a rule declined); GONE when a file has
   * changed; CONNECTION_ENDED, TOO_SLOW when the connection is lost: the same offer on another channel resumes it
   */
  async offer(offer: { id: string; name: string; folder: boolean; sources: readonly FileSource[] }): Promise<void> {
    const { id, name, folder, sources } = offer;
    this.#start(sources);
    this.#channel.send({ type: 'offer', id, name, folder, count: sources.length });
    for (const files of chunkFileSpecs(sources)) {
      await this.#channel.waitUntilWritable();
      this.#channel.send({ type: 'files', files });
    }
    await this.#outcome;
  }

  /** Ends the transfer and sends the reason to the other side. */
  cancel(failure = new AppError('CONNECTION_ENDED', 'The sender cancelled the transfer.'), declined = true): void {
    if (this.#isOver) return;
    this.#channel.send(encodeRefusal(failure, declined));
    this.#end(failure);
  }

  #start(sources: readonly FileSource[]): void {
    this.#sources = sources;
    this.#size = sources.reduce((sum, { size }) => sum + size, 0);
    this.#channel.ended.then((error) => this.#end(error ?? channelEndedError(this.#channel.peer.member)));
    const timer = setInterval(() => this.#checkStall(), Math.min(1000, this.#stallMs / 4));
    this.#outcome.catch(() => undefined).finally(() => clearInterval(timer));
    this.#channel.setHandler({ onMessage: (message) => this.#onMessage(message) });
    this.#notifier.notify();
  }

  #onMessage(message: PeerMessage): void {
    switch (message.type) {
      case 'accept':
        break;
      case 'ready':
        this.#requestSlot();
        break;
      case 'leaves': {
        const source = this.#sourceAt(message.file);
        this.#queueAnswer(async () => this.#channel.sendLeaves(message.file, await source.leaves(this.#abort.signal)));
        break;
      }
      case 'askRoots':
        this.#queueAnswer(() => this.#sendRoots(message.from, message.count));
        break;
      case 'pull':
        this.#addRange(message.file, message.from, message.from + message.count);
        break;
      case 'drop':
        this.#removeRange(message.file, message.from, message.from + message.count);
        break;
      case 'ack':
        this.#onAck(message.bytes, message.done);
        break;
      case 'done':
        this.#verifiedBytes = this.#size;
        this.#end(null);
        break;
      case 'refuse':
        this.#end(decodeRefusal(message));
        break;
      default:
        throw new FrameError(`A receiver must not send ${message.type}.`);
    }
  }

  #sourceAt(file: number): FileSource {
    const source = this.#sources[file];
    if (!source) throw new FrameError(`There is no file ${file} in this transfer.`);
    return source;
  }

  /** Answers are sent one at a time, in the order of the requests. */
  #queueAnswer(answer: () => Promise<void>): void {
    if (this.#queuedAnswers.length >= MAX_QUEUED_ANSWERS) throw new FrameError('Too many unanswered requests.');
    this.#queuedAnswers.push(answer);
    if (!this.#isAnswering) void this.#sendAnswers();
  }

  async #sendAnswers(): Promise<void> {
    this.#isAnswering = true;
    try {
      while (this.#queuedAnswers.length > 0 && !this.#isOver) await this.#queuedAnswers.shift()!();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isAnswering = false;
    }
  }

  async #sendRoots(from: number, count: number): Promise<void> {
    const roots: string[] = [];
    for (const source of this.#sources.slice(from, from + count)) {
      const leaves = await source.leaves(this.#abort.signal);
      this.#keepOpen(source);
      roots.push(merkleRoot(leaves).toString('hex'));
    }
    this.#channel.send({ type: 'roots', from, roots });
  }

  #requestSlot(): void {
    if (this.#releaseSlot) return;
    this.#hasSlot = false;
    try {
      const release = this.#slots.acquire({
        onQueued: (position) => {
          this.#state = 'queued';
          this.#queuePosition = position;
          this.#channel.send({ type: 'queued', place: position });
          this.#notifier.notify();
        },
        onGranted: () => {
          this.#state = 'active';
          this.#queuePosition = null;
          this.#hasSlot = true;
          this.#meter.start();
          this.#progressAt = performance.now();
          this.#channel.send({ type: 'go' });
          this.#notifier.notify();
          void this.#sendBlocks();
        },
      });
      if (this.#isOver) release();
      else this.#releaseSlot = release;
    } catch (error) {
      this.#fail(error);
    }
  }

  #addRange(file: number, from: number, end: number): void {
    const source = this.#sourceAt(file);
    if (end <= from || end > countBlocks(source.size)) throw new FrameError('The file does not have these blocks.');
    this.#requestedBlocks += end - from;
    if (this.#requestedBlocks > MAX_REQUESTED_BLOCKS) throw new FrameError('Too many blocks are requested.');
    if (this.#requestedRanges.length === 0 && this.#readQueue.length === 0) this.#progressAt = performance.now();
    this.#requestedRanges.push({ file, from, end });
    this.#requestSlot();
    void this.#sendBlocks();
  }

  #removeRange(file: number, from: number, end: number): void {
    const kept: BlockRange[] = [];
    for (const range of this.#requestedRanges) {
      if (range.file !== file || range.end <= from || range.from >= end) {
        kept.push(range);
        continue;
      }
      if (range.from < from) kept.push({ file, from: range.from, end: from });
      if (range.end > end) kept.push({ file, from: end, end: range.end });
    }
    this.#requestedRanges = kept;
    this.#requestedBlocks = kept.reduce((sum, range) => sum + range.end - range.from, 0);
  }

  #onAck(bytes: number, done: number): void {
    if (bytes > this.#sentBytes || bytes < this.#ackedBytes)
      throw new FrameError('The acknowledged bytes were not sent.');
    if (bytes > this.#ackedBytes) this.#progressAt = performance.now();
    this.#meter.add(bytes - this.#ackedBytes);
    this.#ackedBytes = bytes;
    this.#verifiedBytes = Math.min(done, this.#size);
    this.#notifier.notify();
    this.#wakeCredit?.();
  }

  /** Sends the requested blocks; reads a few of them ahead. */
  async #sendBlocks(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (!this.#isOver && this.#hasSlot) {
        this.#fillReadQueue();
        const next = this.#readQueue.shift();
        if (!next) break;
        const { buffer, length } = await next.read;
        this.#fillReadQueue();
        await this.#waitForCredit(length);
        if (this.#isOver) {
          blockPool.release(buffer);
          break;
        }
        this.#sentBytes += length;
        const frame = encodeBlockInPlace(buffer, next.file, next.block, length);
        this.#channel.sendBlock(frame, () => blockPool.release(buffer));
        const waitMs = Math.max(0, ...this.#limiters.map((limiter) => limiter.consume(length)));
        if (waitMs >= 1) await sleep(waitMs, this.#abort.signal);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isSending = false;
    }
  }

  #fillReadQueue(): void {
    while (!this.#isOver && this.#readQueue.length + BLOCKS_PER_READ <= READ_AHEAD_BLOCKS) {
      const range = this.#requestedRanges[0];
      if (!range) return;
      const { file, from, end } = range;
      const count = Math.min(BLOCKS_PER_READ, end - from);
      if (from + count === end) this.#requestedRanges.shift();
      else this.#requestedRanges[0] = { file, from: from + count, end };
      this.#requestedBlocks -= count;
      const source = this.#sources[file]!;
      this.#keepOpen(source);
      const reads = source.readBlocks(from, count);
      for (let i = 0; i < count; i += 1) {
        const read = reads.then((all) => all[i]!);
        read.catch(() => undefined); // handled when the block is sent
        this.#readQueue.push({ file, block: from + i, read });
      }
    }
  }

  /** Only the most recently read files stay open. */
  #keepOpen(source: FileSource): void {
    if (this.#openSources.at(-1) === source) return;
    this.#openSources = [...this.#openSources.filter((other) => other !== source), source];
    if (this.#openSources.length > MAX_OPEN_SOURCES) void this.#openSources.shift()!.close();
  }

  /** Resolves when the channel is writable and the receiver's credit allows these bytes. */
  async #waitForCredit(length: number): Promise<void> {
    await this.#channel.waitUntilWritable();
    while (!this.#isOver && this.#sentBytes + length - this.#ackedBytes > MAX_CREDIT_BYTES) {
      await new Promise<void>((resolve) => {
        this.#wakeCredit = resolve;
      });
    }
  }

  #checkStall(): void {
    const isAnswering = this.#isAnswering || this.#queuedAnswers.length > 0;
    if (isAnswering || performance.now() - this.#progressAt < this.#stallMs) return;
    const isIdle = this.#requestedRanges.length === 0 && this.#readQueue.length === 0;
    if (this.#sentBytes > this.#ackedBytes) {
      const message = `${this.#channel.peer.member} has stopped receiving. The transfer resumes when they continue.`;
      this.#fail(new AppError('TOO_SLOW', message));
    } else if (isIdle && this.#hasSlot) {
      // the receiver wants nothing now, so others may have its slot
      this.#hasSlot = false;
      this.#releaseSlot?.();
      this.#releaseSlot = undefined;
    }
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const error = AppError.from(thrown);
    this.#channel.send(encodeRefusal(error));
    this.#end(error);
  }

  #end(failure: AppError | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queuePosition = null;
    this.#abort.abort();
    this.#releaseSlot?.();
    this.#wakeCredit?.();
    for (const { read } of this.#readQueue.splice(0)) {
      read.then(
        ({ buffer }) => blockPool.release(buffer),
        () => undefined, // the transfer has ended anyway
      );
    }
    for (const source of this.#sources) void source.close();
    this.#channel.close();
    this.#notifier.stop();
    this.#settleOutcome(failure);
  }
}

/** Splits the files into chunks that fit into one frame each. */
function* chunkFileSpecs(sources: readonly FileSpec[]): Generator<FileSpec[]> {
  let chunk: FileSpec[] = [];
  let chunkBytes = 0;
  for (const { path, size, modified, root } of sources) {
    const file = { path, size, modified, root };
    const bytes = Buffer.byteLength(JSON.stringify(file)) + 1;
    if (chunkBytes + bytes > MAX_CONTROL_BYTES - 100) {
      yield chunk;
      [chunk, chunkBytes] = [[], 0];
    }
    chunk.push(file);
    chunkBytes += bytes;
  }
  yield chunk;
}
