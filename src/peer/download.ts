import { Buffer } from 'node:buffer';
import { Failure } from '../domain/failure.ts';
import type { Path } from '../domain/transfer.ts';
import type { Bucket } from './bucket.ts';
import { BLOCK_BYTES, blocksIn, HASH_BYTES, leafOf, rootOf } from './hash-tree.ts';
import type { FileSpec } from './message.ts';
import { Meter, Reporter } from './meter.ts';
import { Part, type PartSpec } from './part.ts';
import { blocks } from './pool.ts';
import { Puller, type PullerHost, type SourceEnd } from './puller.ts';
import type { Wire } from './wire.ts';

export interface DownloadProgress {
  /** `connecting`: there is no source now. */
  readonly state: 'opening' | 'connecting' | 'queued' | 'active';
  /** Bytes that are checked and on the disk. */
  readonly done: number;
  readonly size: number;
  readonly bytesPerSecond: number;
  /** In the queue of the source where it is best, from 1, while `queued`. */
  readonly place: number | null;
  readonly sources: readonly { readonly member: string; readonly path: Path }[];
}

export interface DownloadSettings extends PartSpec {
  /** A cap on all that is received. */
  readonly bucket?: Bucket;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** How long a source may owe what was asked of it. */
  readonly stallMs?: number;
}

/** Asked for and not yet on the disk, of all sources together: bounds memory where the disk is slow. */
const WINDOW_BYTES = 16 * 1024 * 1024;
/** A source is asked for what it sends in this time, but for no less than this. */
const AHEAD_SECONDS = 1;
const LEAST_AHEAD = 2 * 1024 * 1024;
/** Blocks in one request. */
const RUN = 8;
const TICK_MS = 250;

/**
 * Receives one set of files from one source or several, which come and go while it runs. Every block is checked before
 * it is written where its hash is known; where it is not (a file that is sent without being read first), all hashes are
 * compared at the end. Without sources it waits.
 */
export class Download implements PullerHost {
  /** Where it was saved. Rejects with a Failure once it is stopped or cannot go on; what is there is kept then. */
  readonly finished: Promise<string>;
  readonly files: readonly FileSpec[];
  readonly #settings: DownloadSettings;
  readonly #pullers = new Set<Puller>();
  readonly #meter = new Meter();
  readonly #reporter: Reporter;
  readonly #abort = new AbortController();
  readonly #size: number;
  /** Hashes that the roots vouch for. */
  readonly #expected: (Buffer | undefined)[];
  /** As offered, and as told afterwards. */
  readonly #roots: (string | null)[];
  readonly #writing = new Set<number>();
  readonly #writes = new Set<Promise<void>>();
  readonly #rootsAsked = new WeakSet<Puller>();
  #opening: Promise<void> | undefined;
  #part: Part | undefined;
  /** How many sources were asked for each block. */
  #claims = new Uint8Array(0);
  /** No block before this one is free to be asked for. */
  #low = 0;
  /** Files with a root whose hashes are not known yet. */
  #unknown = 0;
  #hashed = 0;
  #notBefore = 0;
  #clock: NodeJS.Timeout | undefined;
  #paid: NodeJS.Timeout | undefined;
  #finishing = false;
  #over = false;
  #isSaved = false;
  #saved!: (path: string) => void;
  #failed!: (failure: Failure) => void;

  constructor(settings: DownloadSettings) {
    this.#settings = settings;
    this.files = settings.files;
    this.#size = settings.files.reduce((sum, { size }) => sum + size, 0);
    this.#roots = settings.files.map(({ root }) => root);
    this.#expected = settings.files.map(({ size, root }) => {
      if (size === 0) return Buffer.alloc(0);
      return root !== null && blocksIn(size) === 1 ? Buffer.from(root, 'hex') : undefined;
    });
    this.#reporter = new Reporter(
      () => settings.onProgress?.(this.progress),
      () => this.#meter.rate > 0,
    );
    this.finished = new Promise((resolve, reject) => {
      this.#saved = resolve;
      this.#failed = reject;
    });
    this.finished.catch(() => undefined); // heard by whoever asks
  }

  get done(): number {
    return this.#part?.done ?? this.#hashed;
  }

  /** Hashes of a file's blocks that its root vouches for; undefined while they are not known. */
  leavesOf(file: number): Buffer | undefined {
    return this.#expected[file];
  }

  get progress(): DownloadProgress {
    const pullers = [...this.#pullers];
    const places = pullers.flatMap(({ place }) => (place === null ? [] : [place]));
    const going = pullers.some((puller) => puller.going);
    const queued = !going && places.length > 0;
    const connected = pullers.some((puller) => puller.joined);
    return {
      state: !this.#part ? 'opening' : queued ? 'queued' : connected || this.#isSaved ? 'active' : 'connecting',
      done: this.done,
      size: this.#size,
      bytesPerSecond: this.#meter.rate,
      place: queued ? Math.min(...places) : null,
      sources: pullers.map(({ wire }) => ({ member: wire.channel.member, path: wire.channel.path })),
    };
  }

  /**
   * Makes room for it, or takes up what is there. Where all is there already it ends here.
   * @throws Failure TOO_LARGE, CONFLICT, STORE_FAILED as Part.open; `finished` rejects with the same
   */
  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /**
   * Takes a source: `want` asks it for the file by its root, `offer` accepts what it offered.
   * @returns how it ended; never rejects
   */
  add(wire: Wire, how: 'want' | 'offer', name: string = this.#settings.name): Promise<SourceEnd> {
    const puller = new Puller(wire, this, { stallMs: this.#settings.stallMs ?? 45_000 });
    if (this.#roots.includes(null)) {
      // nobody vouches that two of them have the same
      for (const other of this.#pullers)
        other.stop(new Failure('CONNECTION_ENDED', 'The transfer goes on over another connection.'));
    }
    this.#pullers.add(puller);
    puller.start(how === 'want' ? { name, hash: this.files[0]!.root! } : undefined);
    if (this.#over && !this.#isSaved)
      puller.stop(new Failure('CONNECTION_ENDED', 'The receiver has stopped the transfer.'));
    this.#reporter.changed();
    return puller.end;
  }

  /** Ends it for now: what is there is kept, and a new Download of the same files goes on. */
  async stop(
    failure = new Failure('CONNECTION_ENDED', 'The receiver has stopped for now.'),
    declined = false,
  ): Promise<void> {
    this.#fail(failure, declined);
    await this.#settled();
    await this.#part?.close();
  }

  /** Ends it for good and removes what is there. */
  async cancel(): Promise<void> {
    this.#fail(new Failure('CONNECTION_ENDED', 'The receiver cancelled the transfer.'), true);
    await this.#settled();
    if (this.#isSaved) return;
    await this.#opening?.catch(() => undefined); // told to whoever opened it
    if (this.#part) await this.#part.remove();
    else await Part.discard(this.#settings);
  }

  /** Hashes of a file's blocks, once it is finished: they save who shares it from reading it. */
  leaves(file: number): Buffer {
    return this.#part?.leaves(file) ?? Buffer.alloc(0);
  }

  // ---- what its sources tell

  changed(puller: Puller): void {
    if (this.#isSaved) {
      if (puller.joined) puller.done();
      return;
    }
    if (puller.joined && this.#part) {
      if (puller.going) this.#schedule();
      else if (puller.place === null) this.#greet(puller);
    }
    this.#reporter.changed();
  }

  block(puller: Puller, file: number, at: number, content: Buffer, wanted: boolean): void {
    const part = this.#part!;
    const index = part.first[file]! + at;
    const { length } = content;
    if (wanted) this.#unclaim(index);
    if (this.#over || this.#finishing || part.has(index) || this.#writing.has(index)) {
      blocks.give(content);
      puller.handled(length);
      return;
    }
    const leaf = leafOf(content);
    const expected = this.#expected[file];
    if (expected && !leaf.equals(expected.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))) {
      blocks.give(content);
      this.#free(index);
      puller.lied('a block that is not of the file');
      return;
    }
    this.#writing.add(index);
    const write = this.#write(puller, file, at, content, leaf).finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }

  learnt(_puller: Puller, file: number, leaves: Buffer): void {
    if (this.#expected[file] || this.#over) return;
    this.#expected[file] = leaves;
    this.#compareWith(file, leaves).then(
      () => {
        this.#unknown -= 1;
        this.#advance();
        for (const puller of this.#pullers) this.#askSlot(puller);
        this.#schedule();
      },
      (error) => this.#fail(Failure.from(error)),
    );
  }

  told(puller: Puller, from: number, roots: readonly string[]): void {
    for (const [i, root] of roots.entries()) {
      const file = from + i;
      if (this.#roots[file] !== null) continue;
      this.#roots[file] = root;
      const own = this.#part!.leaves(file);
      if (rootOf(own).toString('hex') === root) {
        this.#expected[file] = Buffer.from(own);
        continue;
      }
      if (blocksIn(this.files[file]!.size) === 0) {
        puller.lied('the hash of a file that is not empty');
        return;
      }
      this.#unknown += 1;
      puller.askLeaves(file, root);
    }
    this.#advance();
  }

  lost(_puller: Puller, file: number, at: number): void {
    const index = this.#part!.first[file]! + at;
    this.#unclaim(index);
    this.#free(index);
  }

  ended(puller: Puller): void {
    this.#pullers.delete(puller);
    this.#reporter.changed();
    if (!this.#over) this.#schedule();
  }

  // ---- inside

  async #open(): Promise<void> {
    try {
      this.#checkEmptyFiles();
      const part = await Part.open(this.#settings, {
        signal: this.#abort.signal,
        onProgress: (bytes) => {
          this.#hashed = bytes;
          this.#reporter.changed();
        },
      });
      if (this.#over) {
        await part.close();
        return;
      }
      this.#part = part;
      this.#claims = new Uint8Array(part.blocks);
      for (const [file, root] of this.#roots.entries()) await this.#compareOwn(file, root);
      this.#unknown = this.#roots.filter((root, file) => root !== null && !this.#expected[file]).length;
    } catch (error) {
      const failure = Failure.from(error);
      this.#fail(failure);
      throw failure;
    }
    this.#clock = setInterval(() => this.#tick(), TICK_MS);
    this.#reporter.changed();
    this.#advance();
    for (const puller of this.#pullers) this.#greet(puller);
  }

  /** Says to a source what is needed of it now. */
  #greet(puller: Puller): void {
    const part = this.#part;
    if (!part || !puller.joined || this.#over) return;
    for (const [file, root] of this.#roots.entries()) {
      if (root !== null && !this.#expected[file]) puller.askLeaves(file, root);
    }
    this.#askSlot(puller);
    if (part.complete && this.#unknown === 0 && this.#roots.includes(null)) this.#askRoots(puller);
  }

  #askSlot(puller: Puller): void {
    if (puller.joined && !puller.going && puller.place === null && !this.#part!.complete) puller.ready();
  }

  #askRoots(puller: Puller): void {
    this.#rootsAsked.add(puller);
    puller.askRoots();
  }

  async #write(puller: Puller, file: number, at: number, content: Buffer, leaf: Buffer): Promise<void> {
    const part = this.#part!;
    const { length } = content;
    try {
      await part.write(file, at, content, leaf);
      this.#meter.add(length);
      this.#reporter.changed();
    } catch (error) {
      if (!this.#over) this.#fail(Failure.from(error));
    } finally {
      blocks.give(content);
      this.#writing.delete(part.first[file]! + at);
    }
    puller.handled(length);
    this.#advance();
    this.#schedule();
  }

  /** Goes on to the end once all blocks are there. */
  #advance(): void {
    const part = this.#part!;
    if (this.#over || this.#finishing || this.#unknown > 0 || this.#writing.size > 0 || !part.complete) return;
    if (this.#roots.some((root, file) => root === null && this.files[file]!.size > 0)) {
      const puller = [...this.#pullers].find((one) => one.joined);
      if (puller && !this.#rootsAsked.has(puller)) this.#askRoots(puller);
      return;
    }
    this.#finishing = true;
    this.#finish(part).catch((error) => {
      this.#finishing = false;
      this.#fail(Failure.from(error));
      void part.close();
    });
  }

  async #finish(part: Part): Promise<void> {
    const path = await part.finish();
    this.#over = true;
    this.#isSaved = true;
    this.#stopClocks();
    for (const puller of this.#pullers) puller.done();
    this.#reporter.stop();
    this.#saved(path);
  }

  /** Asks every source that has room for what it can send soon. */
  #schedule(): void {
    if (this.#over || this.#finishing || !this.#part || this.#unknown > 0) return;
    const going = [...this.#pullers].filter((puller) => puller.going).sort((a, b) => a.inFlight - b.inFlight);
    for (const puller of going) {
      const share = Math.max(BLOCK_BYTES, Math.floor(WINDOW_BYTES / going.length));
      const quota = Math.min(share, Math.max(LEAST_AHEAD, puller.rate * AHEAD_SECONDS));
      this.#fill(puller, quota, going);
    }
  }

  #fill(puller: Puller, quota: number, going: readonly Puller[]): void {
    for (;;) {
      const room = quota - puller.inFlight;
      const worthwhile = Math.min(quota / 2, RUN * BLOCK_BYTES, quota - BLOCK_BYTES);
      if (room < BLOCK_BYTES || (room < worthwhile && puller.inFlight > 0)) return;
      const now = performance.now();
      if (now < this.#notBefore) return;
      const total = going.reduce((sum, { inFlight }) => sum + inFlight, 0);
      const most = Math.min(RUN, Math.floor(Math.min(room, WINDOW_BYTES - total) / BLOCK_BYTES), this.#capped());
      if (most < 1) return;
      const run = this.#nextRun(most);
      if (!run) {
        this.#steal(puller, going);
        return;
      }
      this.#pull(puller, run.file, run.at, run.count);
    }
  }

  #pull(puller: Puller, file: number, at: number, count: number): void {
    const first = this.#part!.first[file]! + at;
    for (let index = first; index < first + count; index += 1) this.#claims[index]! += 1;
    puller.pull(file, at, count);
    const wait =
      this.#settings.bucket?.debit(Math.min(count * BLOCK_BYTES, this.files[file]!.size - at * BLOCK_BYTES)) ?? 0;
    if (wait < 1) return;
    this.#notBefore = performance.now() + wait;
    clearTimeout(this.#paid);
    this.#paid = setTimeout(() => this.#schedule(), wait + 1);
  }

  /** Blocks that a cap lets through in a quarter of a second. */
  #capped(): number {
    const rate = this.#settings.bucket?.rate ?? null;
    return rate === null ? RUN : Math.max(1, Math.floor(rate / 4 / BLOCK_BYTES));
  }

  #nextRun(most: number): { file: number; at: number; count: number } | undefined {
    const part = this.#part!;
    while (this.#low < part.blocks && !this.#isFree(this.#low)) this.#low += 1;
    if (this.#low === part.blocks) return undefined;
    const { file, at } = part.place(this.#low);
    const end = Math.min(part.first[file + 1]!, this.#low + most);
    let count = 1;
    while (this.#low + count < end && this.#isFree(this.#low + count)) count += 1;
    this.#low += count;
    return { file, at, count };
  }

  /** The tail: a source with nothing to do takes over what a slower one would still need long for. */
  #steal(puller: Puller, going: readonly Puller[]): void {
    if (puller.inFlight >= LEAST_AHEAD || puller.rate === 0) return;
    const own = (puller.inFlight + BLOCK_BYTES) / puller.rate;
    let victim: Puller | undefined;
    let longest = 2 * own + 0.25;
    for (const other of going) {
      if (other === puller || other.requested === 0) continue;
      const seconds = (other.requested * BLOCK_BYTES) / Math.max(1, other.rate);
      if (seconds > longest) [victim, longest] = [other, seconds];
    }
    if (!victim) return;
    const share = puller.rate / (puller.rate + victim.rate);
    const most = Math.min(RUN, Math.ceil(victim.requested * share), this.#capped());
    const places: (readonly [number, number])[] = [];
    for (const place of victim.tail()) {
      if (places.length === most) break;
      places.push(place);
    }
    victim.drop(places);
    for (const [file, at] of places.reverse()) {
      this.#unclaim(this.#part!.first[file]! + at);
      this.#pull(puller, file, at, 1);
    }
  }

  #isFree(index: number): boolean {
    return this.#claims[index] === 0 && !this.#writing.has(index) && !this.#part!.has(index);
  }

  #free(index: number): void {
    this.#low = Math.min(this.#low, index);
  }

  #unclaim(index: number): void {
    if (this.#claims[index]! > 0) this.#claims[index]! -= 1;
  }

  /** What was found on the disk may be the whole file, or its one block. */
  async #compareOwn(file: number, root: string | null): Promise<void> {
    if (root === null) return;
    const own = this.#part!.leaves(file);
    if (rootOf(own).toString('hex') === root) this.#expected[file] = Buffer.from(own);
    const expected = this.#expected[file];
    if (expected) await this.#compareWith(file, expected);
  }

  /** Blocks that are not of the file are fetched again. */
  async #compareWith(file: number, expected: Buffer): Promise<void> {
    const part = this.#part!;
    const own = part.leaves(file);
    for (let at = 0; at < own.length; at += HASH_BYTES) {
      const index = part.first[file]! + at / HASH_BYTES;
      if (!part.has(index) || own.subarray(at, at + HASH_BYTES).equals(expected.subarray(at, at + HASH_BYTES)))
        continue;
      await part.forget(index);
      this.#free(index);
    }
  }

  #checkEmptyFiles(): void {
    const empty = rootOf(Buffer.alloc(0)).toString('hex');
    for (const { path, size, root } of this.files) {
      if (size > 0 || root === null || root === empty) continue;
      throw new Failure(
        'CONFLICT',
        `${path} is said to be empty, and its hash says that it is not. Ask its owner to publish it again.`,
      );
    }
  }

  #tick(): void {
    for (const puller of this.#pullers) {
      puller.acknowledge();
      puller.watch();
    }
    this.#schedule();
  }

  #fail(failure: Failure, declined = false): void {
    if (this.#over || this.#finishing) return;
    this.#over = true;
    this.#abort.abort(failure);
    this.#stopClocks();
    for (const puller of this.#pullers) puller.stop(failure, declined);
    this.#reporter.stop();
    this.#failed(failure);
    void this.#settled().then(() => this.#part?.close());
  }

  async #settled(): Promise<void> {
    await Promise.allSettled([...this.#writes, this.#finishing ? this.finished : undefined]);
  }

  #stopClocks(): void {
    clearInterval(this.#clock);
    clearTimeout(this.#paid);
  }
}
