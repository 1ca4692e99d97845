import { Buffer } from 'node:buffer';
import { Failure } from '../domain/failure.ts';
import { type BlockFrame, FrameError, type LeavesFrame } from './frame.ts';
import { BLOCK_BYTES, blockBytes, blocksIn, HASH_BYTES, rootOf } from './hash-tree.ts';
import { type FileSpec, MAX_ROOTS, type Message, refusal, refused } from './message.ts';
import { Meter } from './meter.ts';
import type { Wire } from './wire.ts';

/** How a source of a download ended, and so what its caller can do. */
export interface SourceEnd {
  /**
   * `broken`: another channel to it can go on. `lied`: what it sent is not what it said; never ask it again.
   * `refused`: it has said no, `failure` says why. `stopped`: this side ended it.
   */
  readonly why: 'done' | 'broken' | 'lied' | 'refused' | 'stopped';
  readonly failure: Failure | null;
}

/** What a puller needs of the download that it pulls for. */
export interface PullerHost {
  readonly files: readonly FileSpec[];
  /** Bytes that are checked and on the disk. */
  readonly done: number;
  /** It can be asked for blocks, and for leaves and roots, from now on; or its state has changed. */
  changed(puller: Puller): void;
  /** A block that was asked for, or (not `wanted`) dropped again. The content is the host's from now on. */
  block(puller: Puller, file: number, block: number, content: Buffer, wanted: boolean): void;
  /** Hashes of a file, which fit its root. */
  learnt(puller: Puller, file: number, leaves: Buffer): void;
  /** Roots that were asked for. */
  told(puller: Puller, from: number, roots: readonly string[]): void;
  /** Blocks, as `file` and `block`, that will not come from it. */
  lost(puller: Puller, file: number, block: number): void;
  ended(puller: Puller): void;
}

const ACK_BYTES = 2 * 1024 * 1024;
/** Requests for leaves that are open at once. */
const ASKED_LEAVES = 16;

type Place = readonly [file: number, block: number];

/** One source of a download: what was asked of it, what came, and how fast. */
export class Puller {
  readonly wire: Wire;
  readonly meter = new Meter();
  readonly end: Promise<SourceEnd>;
  readonly #host: PullerHost;
  readonly #stallMs: number;
  #settle!: (end: SourceEnd) => void;
  /** Asked for and not there, in the order of asking; keys of `keyOf`. */
  readonly #requested = new Map<number, Place>();
  /** Asked for and dropped again: they may still come. */
  readonly #dropped = new Set<number>();
  readonly #leaves = new Map<number, { readonly root: string; readonly buffer: Buffer; got: number }>();
  readonly #leavesToAsk: (readonly [file: number, root: string])[] = [];
  #roots: { readonly from: number; readonly count: number }[] = [];
  #joined = false;
  #going = false;
  #place: number | null = null;
  #over = false;
  /** Blocks that came and are not yet on the disk. */
  #writing = 0;
  #handled = 0;
  #acked = 0;
  #movedAt = performance.now();

  constructor(wire: Wire, host: PullerHost, { stallMs }: { stallMs: number }) {
    this.wire = wire;
    this.#host = host;
    this.#stallMs = stallMs;
    this.end = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** It has the files, and answers. */
  get joined(): boolean {
    return this.#joined && !this.#over;
  }

  /** It has a slot for us: what is pulled is sent. */
  get going(): boolean {
    return this.#going && !this.#over;
  }

  /** In its queue, from 1. */
  get place(): number | null {
    return this.#place;
  }

  /** Bytes asked for that are not yet on the disk; each block counts as a full one. */
  get inFlight(): number {
    return (this.#requested.size + this.#writing) * BLOCK_BYTES;
  }

  get requested(): number {
    return this.#requested.size;
  }

  /** Bytes a second that can be counted on: less than measured where nothing has come for a while. */
  get rate(): number {
    const seconds = (performance.now() - this.#movedAt) / 1000;
    const { rate } = this.meter;
    return this.#requested.size > 0 && seconds > 0.5
      ? Math.min(rate || BLOCK_BYTES / seconds, BLOCK_BYTES / seconds)
      : rate;
  }

  /** @param want the file to ask for; without it an offer of the other side is accepted */
  start(want?: { readonly name: string; readonly hash: string }): void {
    this.wire.ended.then((failure) => {
      const lied = failure?.code === 'INVALID_REQUEST';
      this.#finish({ why: lied ? 'lied' : 'broken', failure: failure ?? left(this.wire.channel.member) });
    });
    this.wire.use({
      onMessage: (message) => this.#take(message),
      onBlock: (frame) => this.#block(frame),
      onLeaves: (frame) => this.#takeLeaves(frame),
    });
    if (want) {
      this.wire.send({ type: 'want', ...want });
      return;
    }
    this.wire.send({ type: 'accept' });
    this.#joined = true;
    this.#host.changed(this);
  }

  /** Asks for a slot. */
  ready(): void {
    this.wire.send({ type: 'ready' });
  }

  askLeaves(file: number, root: string): void {
    this.#leavesToAsk.push([file, root]);
    this.#askMoreLeaves();
  }

  askRoots(): void {
    for (let from = 0; from < this.#host.files.length; from += MAX_ROOTS) {
      const count = Math.min(MAX_ROOTS, this.#host.files.length - from);
      this.#roots.push({ from, count });
      this.wire.send({ type: 'askRoots', from, count });
    }
  }

  pull(file: number, from: number, count: number): void {
    if (this.#requested.size === 0) this.#movedAt = performance.now();
    for (let block = from; block < from + count; block += 1) {
      const key = keyOf(file, block);
      this.#requested.set(key, [file, block]);
    }
    this.wire.send({ type: 'pull', file, from, count });
  }

  /** What was asked of it last, last first. */
  *tail(): Generator<Place> {
    yield* [...this.#requested.values()].reverse();
  }

  /** These need not come from it any more. */
  drop(places: readonly Place[]): void {
    for (const [file, block] of places) {
      const key = keyOf(file, block);
      if (!this.#requested.delete(key)) continue;
      this.#dropped.add(key);
      this.wire.send({ type: 'drop', file, from: block, count: 1 });
    }
  }

  /** A block of so many bytes is on the disk, or not needed. */
  handled(bytes: number): void {
    this.#handled += bytes;
    this.#writing -= 1;
    if (this.#handled - this.#acked >= ACK_BYTES || this.inFlight === 0) this.acknowledge();
  }

  acknowledge(): void {
    if (this.#handled === this.#acked || this.#over) return;
    this.#acked = this.#handled;
    this.wire.send({ type: 'ack', bytes: this.#handled, done: this.#host.done });
  }

  /** Ends it where it has owed an answer for too long. */
  watch(): void {
    const owes = this.#requested.size > 0 || this.#leaves.size > 0 || !this.#joined;
    if (this.#over || !owes || performance.now() - this.#movedAt < this.#stallMs) return;
    const { member } = this.wire.channel;
    const failure = new Failure(
      'TOO_SLOW',
      `${member} sends too slowly, or nothing. The transfer goes on with another connection.`,
    );
    this.wire.send(refusal(failure));
    this.#finish({ why: 'broken', failure });
  }

  /** Everything is there. */
  done(): void {
    this.acknowledge();
    this.wire.send({ type: 'done' });
    this.#finish({ why: 'done', failure: null });
  }

  stop(failure: Failure | null, declined = false): void {
    if (!this.#over && failure) this.wire.send(refusal(failure, declined));
    this.#finish({ why: 'stopped', failure });
  }

  lied(what: string): void {
    const failure = new Failure('CONFLICT', `${this.wire.channel.member} sent ${what}. Nothing of it was kept.`);
    this.wire.send(refusal(failure));
    this.#finish({ why: 'lied', failure });
  }

  #take(message: Message): void {
    if (this.#requested.size === 0) this.#movedAt = performance.now();
    switch (message.type) {
      case 'found':
        this.#found(message.size);
        break;
      case 'queued':
        this.#going = false;
        this.#place = message.place;
        this.#loseAll();
        this.#host.changed(this);
        break;
      case 'go':
        this.#going = true;
        this.#place = null;
        this.#host.changed(this);
        break;
      case 'roots': {
        const asked = this.#roots.shift();
        if (asked?.from !== message.from || asked.count !== message.roots.length) {
          throw new FrameError('Roots came that nobody asked for.');
        }
        this.#host.told(this, message.from, message.roots);
        break;
      }
      case 'refuse': {
        const failure = refused(message);
        this.#finish({ why: failure.code === 'TOO_SLOW' ? 'broken' : 'refused', failure });
        break;
      }
      default:
        throw new FrameError(`A receiver is not told ${message.type}.`);
    }
  }

  #found(size: number): void {
    if (this.#joined) throw new FrameError('The file was found before.');
    if (size !== this.#host.files[0]!.size) {
      this.lied('the size of another file');
      return;
    }
    this.#joined = true;
    this.#host.changed(this);
  }

  #block({ file, block, content }: BlockFrame): void {
    const key = keyOf(file, block);
    const wanted = this.#requested.has(key);
    if (!wanted && !this.#dropped.has(key)) throw new FrameError('A block came that nobody asked for.');
    if (content.length !== blockBytes(this.#host.files[file]!.size, block)) {
      throw new FrameError('A block has not the length that it has in its file.');
    }
    (wanted ? this.#requested : this.#dropped).delete(key);
    this.#movedAt = performance.now();
    this.meter.add(content.length);
    this.#writing += 1;
    this.#host.block(this, file, block, content, wanted);
  }

  #askMoreLeaves(): void {
    while (this.#leaves.size < ASKED_LEAVES) {
      const next = this.#leavesToAsk.shift();
      if (!next) return;
      const [file, root] = next;
      if (this.#leaves.has(file)) continue;
      if (this.#leaves.size === 0) this.#movedAt = performance.now();
      const buffer = Buffer.alloc(blocksIn(this.#host.files[file]!.size) * HASH_BYTES);
      this.#leaves.set(file, { root, buffer, got: 0 });
      this.wire.send({ type: 'leaves', file });
    }
  }

  #takeLeaves({ file, first, leaves }: LeavesFrame): void {
    const asked = this.#leaves.get(file);
    if (!asked || first * HASH_BYTES !== asked.got || asked.got + leaves.length > asked.buffer.length) {
      throw new FrameError('Hashes came that nobody asked for.');
    }
    this.#movedAt = performance.now();
    asked.buffer.set(leaves, asked.got);
    asked.got += leaves.length;
    if (asked.got < asked.buffer.length) return;
    this.#leaves.delete(file);
    if (rootOf(asked.buffer).toString('hex') !== asked.root) {
      this.lied('hashes that do not belong to the file');
      return;
    }
    this.#host.learnt(this, file, asked.buffer);
    this.#askMoreLeaves();
  }

  #loseAll(): void {
    const places = [...this.#requested.values()];
    this.drop(places);
    for (const [file, block] of places) this.#host.lost(this, file, block);
  }

  #finish(end: SourceEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#place = null;
    const places = [...this.#requested.values()];
    this.#requested.clear();
    for (const [file, block] of places) this.#host.lost(this, file, block);
    this.wire.close();
    this.#settle(end);
    this.#host.ended(this);
  }
}

/** One number for file and block: exact, as there are at most 10,000 files and 2^22 blocks in one. */
function keyOf(file: number, block: number): number {
  return file * 2 ** 32 + block;
}

function left(member: string): Failure {
  return new Failure(
    'CONNECTION_ENDED',
    `The connection to ${member} ended. The transfer goes on once there is another.`,
  );
}
