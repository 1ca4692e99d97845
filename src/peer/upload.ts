import { Buffer } from 'node:buffer';
import { Failure } from '../domain/failure.ts';
import type { Bucket } from './bucket.ts';
import { CONTROL_BYTES, FrameError, frameBlock } from './frame.ts';
import { BLOCK_BYTES, blocksIn, rootOf } from './hash-tree.ts';
import { type FileSpec, type Message, refusal, refused } from './message.ts';
import { Meter, Reporter } from './meter.ts';
import type { Want } from './opening.ts';
import { blocks } from './pool.ts';
import type { Slots } from './slots.ts';
import type { BlockRead, Source } from './source.ts';
import type { PeerChannel, Wire } from './wire.ts';

/** Where wanted files come from. */
export interface Library {
  /** @throws Failure NO_SUCH_FILE, GONE, NOT_ALLOWED: its sentence is told to the other side */
  open(want: { name: string; hash: string }, from: Pick<PeerChannel, 'member' | 'key'>): Promise<Source>;
}

export interface UploadProgress {
  readonly state: 'offered' | 'queued' | 'active';
  /** Bytes that are checked and on the receiver's disk. */
  readonly done: number;
  readonly size: number;
  readonly bytesPerSecond: number;
  /** In our own queue, from 1, while `queued`. */
  readonly place: number | null;
}

export interface UploadSettings {
  readonly wire: Wire;
  readonly slots: Slots;
  /** Caps that all bytes have to keep to. */
  readonly buckets?: readonly Bucket[];
  readonly onProgress?: (progress: UploadProgress) => void;
  /** How long a receiver may leave what it got unacknowledged, or its slot unused. */
  readonly stallMs?: number;
}

/** What a sender may be owed acknowledgements for: bounds the memory of a receiver whose disk is slow. */
export const CREDIT_BYTES = 16 * 1024 * 1024;
/** Blocks read before they are asked of the channel, and in one reading. */
const AHEAD = 8;
const RUN = 4;
/** More is no receiver's window. */
const MAX_PULLED = 4 * (CREDIT_BYTES / BLOCK_BYTES);
const MAX_ASKED = 4096;
const OPEN_SOURCES = 8;

interface Range {
  readonly file: number;
  readonly from: number;
  readonly end: number;
}

interface Ahead {
  readonly file: number;
  readonly block: number;
  readonly read: Promise<BlockRead>;
}

/** The sending side of one channel: answers what the receiver asks for, in its own time and within its credit. */
export class Upload {
  readonly #wire: Wire;
  readonly #slots: Slots;
  readonly #buckets: readonly Bucket[];
  readonly #stallMs: number;
  readonly #meter = new Meter();
  readonly #reporter: Reporter;
  readonly #abort = new AbortController();
  readonly #outcome: Promise<void>;
  #settle!: (failure: Failure | null) => void;
  #sources: readonly Source[] = [];
  #size = 0;
  #state: UploadProgress['state'] = 'offered';
  #place: number | null = null;
  #done = 0;
  #release: (() => void) | undefined;
  #going = false;
  #ranges: Range[] = [];
  #pulled = 0;
  #ahead: Ahead[] = [];
  #recent: Source[] = [];
  #sent = 0;
  #acked = 0;
  #movedAt = performance.now();
  #asked: (() => Promise<void>)[] = [];
  #answering = false;
  #pumping = false;
  #wakeCredit: (() => void) | undefined;
  #over = false;

  constructor({ wire, slots, buckets = [], onProgress, stallMs = 60_000 }: UploadSettings) {
    this.#wire = wire;
    this.#slots = slots;
    this.#buckets = buckets;
    this.#stallMs = stallMs;
    this.#reporter = new Reporter(
      () => onProgress?.(this.progress),
      () => this.#meter.rate > 0,
    );
    this.#outcome = new Promise((resolve, reject) => {
      this.#settle = (failure) => (failure ? reject(failure) : resolve());
    });
    this.#outcome.catch(() => undefined); // heard by whoever started it
  }

  get progress(): UploadProgress {
    return {
      state: this.#state,
      done: this.#done,
      size: this.#size,
      bytesPerSecond: this.#meter.rate,
      place: this.#place,
    };
  }

  /**
   * Answers `want`. Resolves when the receiver has everything.
   * @throws Failure of the library; as `offer`
   */
  async serve(want: Want, library: Library): Promise<void> {
    let source: Source;
    try {
      source = await library.open({ name: want.name, hash: want.hash }, this.#wire.channel);
    } catch (error) {
      const failure = Failure.from(error);
      this.#wire.send(refusal(failure));
      this.#wire.close();
      throw failure;
    }
    this.#begin([source]);
    this.#wire.send({ type: 'found', size: source.size });
    await this.#outcome;
  }

  /**
   * Offers files. Resolves when the receiver has all of them.
   * @throws Failure as the receiver told it (`data.declined` where a person or a rule said no); GONE where a file
   * changed; CONNECTION_ENDED, TOO_SLOW where the channel broke: another with the same offer goes on
   */
  async offer(offer: { id: string; name: string; folder: boolean; sources: readonly Source[] }): Promise<void> {
    const { id, name, folder, sources } = offer;
    this.#begin(sources);
    this.#wire.send({ type: 'offer', id, name, folder, count: sources.length });
    for (const files of split(sources)) {
      await this.#wire.writable();
      this.#wire.send({ type: 'files', files });
    }
    await this.#outcome;
  }

  /** Ends it, and tells the other side why. */
  cancel(failure = new Failure('CONNECTION_ENDED', 'The sender cancelled the transfer.'), declined = true): void {
    if (this.#over) return;
    this.#wire.send(refusal(failure, declined));
    this.#end(failure);
  }

  #begin(sources: readonly Source[]): void {
    this.#sources = sources;
    this.#size = sources.reduce((sum, { size }) => sum + size, 0);
    this.#wire.ended.then((failure) => this.#end(failure ?? ended(this.#wire.channel.member)));
    const clock = setInterval(() => this.#watch(), Math.min(1000, this.#stallMs / 4));
    this.#outcome.catch(() => undefined).finally(() => clearInterval(clock));
    this.#wire.use({ onMessage: (message) => this.#take(message) });
    this.#reporter.changed();
  }

  #take(message: Message): void {
    switch (message.type) {
      case 'accept':
        break;
      case 'ready':
        this.#queue();
        break;
      case 'leaves': {
        const source = this.#sourceAt(message.file);
        this.#ask(async () => this.#wire.sendLeaves(message.file, await source.leaves(this.#abort.signal)));
        break;
      }
      case 'askRoots':
        this.#ask(() => this.#sendRoots(message.from, message.count));
        break;
      case 'pull':
        this.#pull(message.file, message.from, message.from + message.count);
        break;
      case 'drop':
        this.#drop(message.file, message.from, message.from + message.count);
        break;
      case 'ack':
        this.#acknowledge(message.bytes, message.done);
        break;
      case 'done':
        this.#done = this.#size;
        this.#end(null);
        break;
      case 'refuse':
        this.#end(refused(message));
        break;
      default:
        throw new FrameError(`A source is not told ${message.type}.`);
    }
  }

  #sourceAt(file: number): Source {
    const source = this.#sources[file];
    if (!source) throw new FrameError(`There is no file ${file} in this transfer.`);
    return source;
  }

  /** Answers take time, and come in the order of their questions. */
  #ask(answer: () => Promise<void>): void {
    if (this.#asked.length >= MAX_ASKED) throw new FrameError('More is asked than anybody answers.');
    this.#asked.push(answer);
    if (!this.#answering) void this.#answer();
  }

  async #answer(): Promise<void> {
    this.#answering = true;
    try {
      for (let next = this.#asked.shift(); next && !this.#over; next = this.#asked.shift()) await next();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#answering = false;
    }
  }

  async #sendRoots(from: number, count: number): Promise<void> {
    const roots: string[] = [];
    for (const source of this.#sources.slice(from, from + count)) {
      const leaves = await source.leaves(this.#abort.signal);
      this.#keepOpen(source);
      roots.push(rootOf(leaves).toString('hex'));
    }
    this.#wire.send({ type: 'roots', from, roots });
  }

  #queue(): void {
    if (this.#release) return;
    this.#going = false;
    try {
      const release = this.#slots.acquire({
        onPlace: (place) => {
          this.#state = 'queued';
          this.#place = place;
          this.#wire.send({ type: 'queued', place });
          this.#reporter.changed();
        },
        onGo: () => {
          this.#state = 'active';
          this.#place = null;
          this.#going = true;
          this.#movedAt = performance.now();
          this.#wire.send({ type: 'go' });
          this.#reporter.changed();
          void this.#pump();
        },
      });
      if (this.#over) release();
      else this.#release = release;
    } catch (error) {
      this.#fail(error);
    }
  }

  #pull(file: number, from: number, end: number): void {
    const source = this.#sourceAt(file);
    if (end <= from || end > blocksIn(source.size)) throw new FrameError('There are no such blocks in this file.');
    this.#pulled += end - from;
    if (this.#pulled > MAX_PULLED) throw new FrameError('More blocks are pulled than fit into any window.');
    if (this.#ranges.length === 0 && this.#ahead.length === 0) this.#movedAt = performance.now();
    this.#ranges.push({ file, from, end });
    this.#queue();
    void this.#pump();
  }

  #drop(file: number, from: number, end: number): void {
    const kept: Range[] = [];
    for (const range of this.#ranges) {
      if (range.file !== file || range.end <= from || range.from >= end) {
        kept.push(range);
        continue;
      }
      if (range.from < from) kept.push({ file, from: range.from, end: from });
      if (range.end > end) kept.push({ file, from: end, end: range.end });
    }
    this.#ranges = kept;
    this.#pulled = kept.reduce((sum, range) => sum + range.end - range.from, 0);
  }

  #acknowledge(bytes: number, done: number): void {
    if (bytes > this.#sent || bytes < this.#acked) throw new FrameError('Bytes are acknowledged that were not sent.');
    if (bytes > this.#acked) this.#movedAt = performance.now();
    this.#meter.add(bytes - this.#acked);
    this.#acked = bytes;
    this.#done = Math.min(done, this.#size);
    this.#reporter.changed();
    this.#wakeCredit?.();
  }

  /** Sends what is pulled: a few blocks are read while those before are on their way. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#over && this.#going) {
        this.#readAhead();
        const next = this.#ahead.shift();
        if (!next) break;
        const { buffer, length } = await next.read;
        this.#readAhead();
        await this.#room(length);
        if (this.#over) {
          blocks.give(buffer);
          break;
        }
        this.#sent += length;
        this.#wire.sendBlock(frameBlock(buffer, next.file, next.block, length), () => blocks.give(buffer));
        const wait = Math.max(0, ...this.#buckets.map((bucket) => bucket.debit(length)));
        if (wait >= 1) await this.#sleep(wait);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#pumping = false;
    }
  }

  #readAhead(): void {
    while (!this.#over && this.#ahead.length + RUN <= AHEAD) {
      const range = this.#ranges[0];
      if (!range) return;
      const { file, from, end } = range;
      const count = Math.min(RUN, end - from);
      if (from + count === end) this.#ranges.shift();
      else this.#ranges[0] = { file, from: from + count, end };
      this.#pulled -= count;
      const source = this.#sources[file]!;
      this.#keepOpen(source);
      const reads = source.read(from, count);
      for (let i = 0; i < count; i += 1) {
        const read = reads.then((all) => all[i]!);
        read.catch(() => undefined); // heard when its turn comes
        this.#ahead.push({ file, block: from + i, read });
      }
    }
  }

  /** Of a folder with many files, only those read last stay open. */
  #keepOpen(source: Source): void {
    if (this.#recent.at(-1) === source) return;
    this.#recent = [...this.#recent.filter((one) => one !== source), source];
    if (this.#recent.length > OPEN_SOURCES) void this.#recent.shift()!.close();
  }

  /** Resolves when the channel takes more and the receiver has room. */
  async #room(length: number): Promise<void> {
    await this.#wire.writable();
    while (!this.#over && this.#sent + length - this.#acked > CREDIT_BYTES) {
      await new Promise<void>((resolve) => {
        this.#wakeCredit = resolve;
      });
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#abort.signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      this.#abort.signal.addEventListener('abort', finish);
    });
  }

  #watch(): void {
    if (performance.now() - this.#movedAt < this.#stallMs || this.#asked.length > 0 || this.#answering) return;
    const idle = this.#ranges.length === 0 && this.#ahead.length === 0;
    if (this.#sent > this.#acked) {
      const { member } = this.#wire.channel;
      this.#fail(new Failure('TOO_SLOW', `${member} takes nothing any more. The transfer goes on once it does.`));
    } else if (idle && this.#going) {
      // others may have the slot: its holder wants nothing now
      this.#going = false;
      this.#release?.();
      this.#release = undefined;
    }
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    const failure = Failure.from(error);
    this.#wire.send(refusal(failure));
    this.#end(failure);
  }

  #end(failure: Failure | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#place = null;
    this.#abort.abort();
    this.#release?.();
    this.#wakeCredit?.();
    for (const { read } of this.#ahead.splice(0)) {
      read.then(
        ({ buffer }) => blocks.give(buffer),
        () => undefined, // the transfer is over anyway
      );
    }
    for (const source of this.#sources) void source.close();
    this.#wire.close();
    this.#reporter.stop();
    this.#settle(failure);
  }
}

/** As many files a message as fit into one frame. */
function* split(sources: readonly FileSpec[]): Generator<FileSpec[]> {
  let some: FileSpec[] = [];
  let bytes = 0;
  for (const { path, size, modified, root } of sources) {
    const file = { path, size, modified, root };
    const own = Buffer.byteLength(JSON.stringify(file)) + 1;
    if (bytes + own > CONTROL_BYTES - 100) {
      yield some;
      [some, bytes] = [[], 0];
    }
    some.push(file);
    bytes += own;
  }
  yield some;
}

function ended(member: string): Failure {
  return new Failure(
    'CONNECTION_ENDED',
    `The connection to ${member} ended. The transfer goes on once there is another.`,
  );
}
