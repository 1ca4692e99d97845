import { Buffer } from 'node:buffer';
import { AppError } from '../domain/app-error.ts';
import type { ConnectionPath } from '../domain/transfer.ts';
import type { BandwidthLimiter } from './bandwidth-limiter.ts';
import { blockPool } from './block-pool.ts';
import { BlockRequester, type BlockRequesterDelegate, type SourceResult } from './block-requester.ts';
import { BlockScheduler } from './block-scheduler.ts';
import type { FramedChannel } from './framed-channel.ts';
import { countBlocks, HASH_BYTES, hashLeaf, merkleRoot } from './hash-tree.ts';
import { ThrottledNotifier, ThroughputMeter } from './meter.ts';
import { PartialFile, type PartialFileSpec } from './partial-file.ts';
import type { FileSpec } from './peer-message.ts';

export interface DownloadProgress {
  /** `connecting`: no source is connected. */
  readonly state: 'opening' | 'connecting' | 'queued' | 'active';
  /** Bytes that are verified and on disk. */
  readonly done: number;
  readonly size: number;
  readonly bytesPerSecond: number;
  /** The best position in the queue of any source, from 1, while `queued`. */
  readonly queuePosition: number | null;
  readonly sources: readonly { readonly member: string; readonly path: ConnectionPath }[];
}

export interface DownloadSettings extends PartialFileSpec {
  readonly limiter?: BandwidthLimiter;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** How long a source may leave requests unanswered. */
  readonly stallMs?: number;
}

const TICK_INTERVAL_MS = 250;

/**
 * Receives one set of files from one or more sources, which may come and go. A block whose hash is known is verified
 * before it is written. If a file was sent without being hashed first, all its hashes are compared at the end. Without
 * sources the download waits.
 */
export class Download implements BlockRequesterDelegate {
  /** The path it was saved to. Rejects with an AppError when it is stopped or fails; received data is kept then. */
  readonly finished: Promise<string>;
  readonly files: readonly FileSpec[];
  readonly #settings: DownloadSettings;
  readonly #requesters = new Set<BlockRequester>();
  readonly #meter = new ThroughputMeter();
  readonly #notifier: ThrottledNotifier;
  readonly #abort = new AbortController();
  readonly #size: number;
  /** Leaves that match the root of their file. */
  readonly #expectedLeaves: (Buffer | undefined)[];
  /** From the offer, or sent later if the offer had none. */
  readonly #rootHashes: (string | null)[];
  readonly #blocksBeingWritten = new Set<number>();
  readonly #pendingWrites = new Set<Promise<void>>();
  readonly #askedForRoots = new WeakSet<BlockRequester>();
  #opening: Promise<void> | undefined;
  #partialFile: PartialFile | undefined;
  #scheduler: BlockScheduler | undefined;
  /** Number of files that have a root but no known leaves. */
  #filesMissingLeaves = 0;
  #rehashedBytes = 0;
  #tickTimer: NodeJS.Timeout | undefined;
  #limiterTimer: NodeJS.Timeout | undefined;
  #isFinishing = false;
  #isOver = false;
  #isSaved = false;
  #resolveFinished!: (path: string) => void;
  #rejectFinished!: (failure: AppError) => void;

  constructor(settings: DownloadSettings) {
    this.#settings = settings;
    this.files = settings.files;
    this.#size = settings.files.reduce((sum, { size }) => sum + size, 0);
    this.#rootHashes = settings.files.map(({ root }) => root);
    this.#expectedLeaves = settings.files.map(({ size, root }) => {
      if (size === 0) return Buffer.alloc(0);
      return root !== null && countBlocks(size) === 1 ? Buffer.from(root, 'hex') : undefined;
    });
    this.#notifier = new ThrottledNotifier(
      () => settings.onProgress?.(this.progress),
      () => this.#meter.bytesPerSecond > 0,
    );
    this.finished = new Promise((resolve, reject) => {
      this.#resolveFinished = resolve;
      this.#rejectFinished = reject;
    });
    this.finished.catch(() => undefined); // handled by those who await it
  }

  get verifiedBytes(): number {
    return this.#partialFile?.verifiedBytes ?? this.#rehashedBytes;
  }

  /** @returns the leaves that match the file's root; undefined while they are unknown */
  expectedLeaves(file: number): Buffer | undefined {
    return this.#expectedLeaves[file];
  }

  get progress(): DownloadProgress {
    const requesters = [...this.#requesters];
    const positions = requesters.flatMap(({ queuePosition }) => (queuePosition === null ? [] : [queuePosition]));
    const isQueued = positions.length > 0 && !requesters.some(({ hasSlot }) => hasSlot);
    const isConnected = this.#isSaved || requesters.some(({ isJoined }) => isJoined);
    return {
      state: !this.#partialFile ? 'opening' : isQueued ? 'queued' : isConnected ? 'active' : 'connecting',
      done: this.verifiedBytes,
      size: this.#size,
      bytesPerSecond: this.#meter.bytesPerSecond,
      queuePosition: isQueued ? Math.min(...positions) : null,
      sources: requesters.map(({ channel: { peer } }) => ({ member: peer.member, path: peer.path })),
    };
  }

  /**
   * Creates the partial file or resumes an earlier one. If that is already complete, the download finishes.
   * @throws AppError TOO_LARGE, CONFLICT, STORE_FAILED like PartialFile.open; `finished` rejects with the same
   */
  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /**
   * Adds a source: `want` requests the file by its root, `offer` accepts the source's offer.
   * @returns how the source ended; never rejects
   */
  addSource(channel: FramedChannel, how: 'want' | 'offer', name: string = this.#settings.name): Promise<SourceResult> {
    const requester = new BlockRequester(channel, this, { stallMs: this.#settings.stallMs ?? 45_000 });
    if (this.#rootHashes.includes(null)) {
      // Without roots, nothing guarantees that two sources have the same content.
      for (const other of this.#requesters)
        other.stop(new AppError('CONNECTION_ENDED', 'The transfer continues over another connection.'));
    }
    this.#requesters.add(requester);
    requester.start(how === 'want' ? { name, hash: this.files[0]!.root! } : undefined);
    if (this.#isOver && !this.#isSaved)
      requester.stop(new AppError('CONNECTION_ENDED', 'The receiver has stopped the transfer.'));
    this.#notifier.notify();
    return requester.result;
  }

  /** Stops but keeps what has been received; a new Download of the same files resumes it. */
  async stop(
    failure = new AppError('CONNECTION_ENDED', 'The receiver has paused the transfer.'),
    declined = false,
  ): Promise<void> {
    this.#fail(failure, declined);
    await this.#waitForWrites();
    await this.#partialFile?.close();
  }

  /** Stops and removes what has been received. */
  async cancel(): Promise<void> {
    this.#fail(new AppError('CONNECTION_ENDED', 'The receiver cancelled the transfer.'), true);
    await this.#waitForWrites();
    if (this.#isSaved) return;
    await this.#opening?.catch(() => undefined); // reported to the caller of open()
    if (this.#partialFile) await this.#partialFile.remove();
    else await PartialFile.discard(this.#settings);
  }

  // ---- events of the sources

  onStateChange(requester: BlockRequester): void {
    if (requester.hasSlot) this.#meter.start();
    if (this.#isSaved) {
      if (requester.isJoined) requester.complete();
      return;
    }
    if (requester.isJoined && this.#partialFile) {
      if (requester.hasSlot) this.#scheduleRequests();
      else if (requester.queuePosition === null) this.#requestMissing(requester);
    }
    this.#notifier.notify();
  }

  onBlock(requester: BlockRequester, file: number, block: number, content: Buffer, isWanted: boolean): void {
    const index = this.#indexOf(file, block);
    const { length } = content;
    if (isWanted) this.#scheduler!.releaseRequest(index);
    if (this.#isOver || this.#isFinishing || !this.#isMissing(index)) {
      blockPool.release(content);
      requester.onBlockHandled(length);
      return;
    }
    const leaf = hashLeaf(content);
    const expected = this.#expectedLeaves[file];
    if (expected && !leaf.equals(expected.subarray(block * HASH_BYTES, (block + 1) * HASH_BYTES))) {
      blockPool.release(content);
      this.#scheduler!.markFree(index);
      requester.reject('a block of another file');
      return;
    }
    this.#blocksBeingWritten.add(index);
    const write = this.#writeBlock(requester, file, block, content, leaf).finally(() =>
      this.#pendingWrites.delete(write),
    );
    this.#pendingWrites.add(write);
  }

  onLeaves(file: number, leaves: Buffer): void {
    if (this.#expectedLeaves[file] || this.#isOver) return;
    this.#expectedLeaves[file] = leaves;
    this.#discardMismatches(file, leaves).then(
      () => {
        this.#filesMissingLeaves -= 1;
        this.#finishIfComplete();
        for (const requester of this.#requesters) this.#requestSlot(requester);
        this.#scheduleRequests();
      },
      (error) => this.#fail(AppError.from(error)),
    );
  }

  onRoots(requester: BlockRequester, from: number, roots: readonly string[]): void {
    for (const [i, root] of roots.entries()) {
      const file = from + i;
      if (this.#rootHashes[file] !== null) continue;
      this.#rootHashes[file] = root;
      const received = this.#partialFile!.leaves(file);
      if (merkleRoot(received).toString('hex') === root) {
        this.#expectedLeaves[file] = Buffer.from(received);
        continue;
      }
      if (this.files[file]!.size === 0) {
        requester.reject('a wrong hash for an empty file');
        return;
      }
      this.#filesMissingLeaves += 1;
      requester.requestLeaves(file, root);
    }
    this.#finishIfComplete();
  }

  onBlockLost(file: number, block: number): void {
    const index = this.#indexOf(file, block);
    this.#scheduler!.releaseRequest(index);
    this.#scheduler!.markFree(index);
  }

  onSourceEnded(requester: BlockRequester): void {
    this.#requesters.delete(requester);
    this.#notifier.notify();
    if (!this.#isOver) this.#scheduleRequests();
  }

  // ---- internals

  async #open(): Promise<void> {
    try {
      this.#validateEmptyFiles();
      const part = await PartialFile.open(this.#settings, {
        signal: this.#abort.signal,
        onProgress: (bytes) => {
          this.#rehashedBytes = bytes;
          this.#notifier.notify();
        },
      });
      if (this.#isOver) {
        await part.close();
        return;
      }
      this.#partialFile = part;
      this.#scheduler = new BlockScheduler({
        files: this.files,
        firstBlocks: part.firstBlocks,
        limiter: this.#settings.limiter,
        isMissing: (index) => this.#isMissing(index),
      });
      for (const [file, root] of this.#rootHashes.entries()) await this.#verifyResumedFile(file, root);
      const isWithoutLeaves = (root: string | null, file: number) => root !== null && !this.#expectedLeaves[file];
      this.#filesMissingLeaves = this.#rootHashes.filter(isWithoutLeaves).length;
    } catch (thrown) {
      const failure = AppError.from(thrown);
      this.#fail(failure);
      throw failure;
    }
    this.#tickTimer = setInterval(() => this.#tick(), TICK_INTERVAL_MS);
    this.#notifier.notify();
    this.#finishIfComplete();
    for (const requester of this.#requesters) this.#requestMissing(requester);
  }

  #indexOf(file: number, block: number): number {
    return this.#partialFile!.firstBlocks[file]! + block;
  }

  #isMissing(index: number): boolean {
    return !this.#blocksBeingWritten.has(index) && !this.#partialFile!.hasBlock(index);
  }

  /** Requests the leaves, slot or roots that are needed from a source that has joined. */
  #requestMissing(requester: BlockRequester): void {
    const part = this.#partialFile;
    if (!part || !requester.isJoined || this.#isOver) return;
    for (const [file, root] of this.#rootHashes.entries()) {
      if (root !== null && !this.#expectedLeaves[file]) requester.requestLeaves(file, root);
    }
    this.#requestSlot(requester);
    const needsRoots = part.isComplete && this.#filesMissingLeaves === 0 && this.#rootHashes.includes(null);
    if (needsRoots) this.#requestRoots(requester);
  }

  #requestSlot(requester: BlockRequester): void {
    const isIdle = requester.isJoined && !requester.hasSlot && requester.queuePosition === null;
    if (isIdle && !this.#partialFile!.isComplete) requester.requestSlot();
  }

  #requestRoots(requester: BlockRequester): void {
    this.#askedForRoots.add(requester);
    requester.requestRoots();
  }

  async #writeBlock(
    requester: BlockRequester,
    file: number,
    block: number,
    content: Buffer,
    leaf: Buffer,
  ): Promise<void> {
    const { length } = content;
    try {
      await this.#partialFile!.writeBlock(file, block, content, leaf);
      this.#meter.add(length);
      this.#notifier.notify();
    } catch (thrown) {
      if (!this.#isOver) this.#fail(AppError.from(thrown));
    } finally {
      blockPool.release(content);
      this.#blocksBeingWritten.delete(this.#indexOf(file, block));
    }
    requester.onBlockHandled(length);
    this.#finishIfComplete();
    this.#scheduleRequests();
  }

  #finishIfComplete(): void {
    const part = this.#partialFile!;
    if (this.#isOver || this.#isFinishing || this.#filesMissingLeaves > 0) return;
    if (this.#blocksBeingWritten.size > 0 || !part.isComplete) return;
    if (this.#rootHashes.some((root, file) => root === null && this.files[file]!.size > 0)) {
      const requester = [...this.#requesters].find(({ isJoined }) => isJoined);
      if (requester && !this.#askedForRoots.has(requester)) this.#requestRoots(requester);
      return;
    }
    this.#isFinishing = true;
    this.#finish(part).catch((error) => {
      this.#isFinishing = false;
      this.#fail(AppError.from(error));
      void part.close();
    });
  }

  async #finish(part: PartialFile): Promise<void> {
    const path = await part.finish();
    this.#isOver = true;
    this.#isSaved = true;
    this.#stopTimers();
    for (const requester of this.#requesters) requester.complete();
    this.#notifier.stop();
    this.#resolveFinished(path);
  }

  #scheduleRequests(): void {
    if (this.#isOver || this.#isFinishing || !this.#scheduler || this.#filesMissingLeaves > 0) return;
    const waitMs = this.#scheduler.schedule([...this.#requesters].filter(({ hasSlot }) => hasSlot));
    if (waitMs === 0) return;
    clearTimeout(this.#limiterTimer);
    this.#limiterTimer = setTimeout(() => this.#scheduleRequests(), waitMs + 1);
  }

  /** The blocks on disk may match the root already; a file of one block has its root as its only leaf. */
  async #verifyResumedFile(file: number, root: string | null): Promise<void> {
    if (root === null) return;
    const leaves = this.#partialFile!.leaves(file);
    if (merkleRoot(leaves).toString('hex') === root) this.#expectedLeaves[file] = Buffer.from(leaves);
    const expected = this.#expectedLeaves[file];
    if (expected) await this.#discardMismatches(file, expected);
  }

  /** Blocks that do not match the expected leaves are downloaded again. */
  async #discardMismatches(file: number, expected: Buffer): Promise<void> {
    const part = this.#partialFile!;
    const leaves = part.leaves(file);
    for (let at = 0; at < leaves.length; at += HASH_BYTES) {
      const index = this.#indexOf(file, at / HASH_BYTES);
      const isMatch = leaves.subarray(at, at + HASH_BYTES).equals(expected.subarray(at, at + HASH_BYTES));
      if (isMatch || !part.hasBlock(index)) continue;
      await part.forgetBlock(index);
      this.#scheduler!.markFree(index);
    }
  }

  #validateEmptyFiles(): void {
    const emptyRoot = merkleRoot(Buffer.alloc(0)).toString('hex');
    for (const { path, size, root } of this.files) {
      if (size > 0 || root === null || root === emptyRoot) continue;
      const message = `${path} is listed as empty, but its hash is not that of an empty file. Ask its owner to publish it again.`;
      throw new AppError('CONFLICT', message);
    }
  }

  #tick(): void {
    for (const requester of this.#requesters) {
      requester.acknowledge();
      requester.checkStall();
    }
    this.#scheduleRequests();
  }

  #fail(failure: AppError, declined = false): void {
    if (this.#isOver || this.#isFinishing) return;
    this.#isOver = true;
    this.#abort.abort(failure);
    this.#stopTimers();
    for (const requester of this.#requesters) requester.stop(failure, declined);
    this.#notifier.stop();
    this.#rejectFinished(failure);
    void this.#waitForWrites().then(() => this.#partialFile?.close());
  }

  async #waitForWrites(): Promise<void> {
    await Promise.allSettled([...this.#pendingWrites, this.#isFinishing ? this.finished : undefined]);
  }

  #stopTimers(): void {
    clearInterval(this.#tickTimer);
    clearTimeout(this.#limiterTimer);
  }
}
