import type { Failure } from '../domain/failure.ts';
import { isOver, type Transfer, type TransferPeer, type TransferState } from '../domain/transfer.ts';
import type { Job } from './ipc.ts';

/** Transfers that are over and still shown. */
const KEPT = 200;
/** A transfer is told so often at most, but for its end. */
const TELL_MS = 200;
/** What is done, of status 205. */
const DOWNLOADED = 205;

export interface TransfersOptions {
  /** Number of the first one. */
  readonly nextId: number;
  readonly onChange: (transfer: Transfer) => void;
  /** Told what it takes to go on with a transfer elsewhere; null: it is over. */
  readonly onJob: (id: number, job: Job | null) => void;
}

type Begin = Pick<Transfer, 'direction' | 'name' | 'size' | 'files' | 'state'> & {
  readonly member: string;
  /** Of one that another process left. */
  readonly id?: number;
  readonly startedAt?: number;
};

/** All transfers of this process, by number. */
export class Transfers {
  readonly #options: TransfersOptions;
  readonly #all = new Map<number, TransferEntry>();
  #nextId: number;

  constructor(options: TransfersOptions) {
    this.#options = options;
    this.#nextId = options.nextId;
  }

  begin({
    direction,
    name,
    size,
    files,
    state,
    member,
    id = this.#nextId,
    startedAt = Date.now(),
  }: Begin): TransferEntry {
    this.#nextId = Math.max(this.#nextId, id + 1);
    const entry = new TransferEntry(
      {
        id,
        direction,
        peers: [{ member, path: null }],
        name,
        size,
        files,
        done: 0,
        bytesPerSecond: 0,
        state,
        startedAt,
        endedAt: null,
        place: null,
        reason: null,
        status: null,
        savedAs: null,
      },
      { ...this.#options, onOver: () => this.#forget() },
    );
    this.#all.set(id, entry);
    return entry;
  }

  get(id: number): TransferEntry | undefined {
    return this.#all.get(id);
  }

  /** Those that are not over. */
  open(): TransferEntry[] {
    return [...this.#all.values()].filter(({ over }) => !over);
  }

  stop(): void {
    for (const entry of this.#all.values()) entry.hush();
  }

  #forget(): void {
    const over = [...this.#all.values()].filter((entry) => entry.over);
    for (const { id } of over.slice(0, Math.max(0, over.length - KEPT))) this.#all.delete(id);
  }
}

type Change = Partial<Pick<Transfer, 'state' | 'done' | 'bytesPerSecond' | 'place' | 'reason' | 'status' | 'peers'>>;

/** One transfer: what happens to it is told in time, its end at once. */
export class TransferEntry {
  readonly #options: Pick<TransfersOptions, 'onChange' | 'onJob'> & { onOver: () => void };
  #transfer: Transfer;
  #toldAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #job: Job | undefined;
  /** How each member was reached last: what remains to be said once it is over. */
  readonly #ways = new Map<string, TransferPeer['path']>();

  constructor(transfer: Transfer, options: Pick<TransfersOptions, 'onChange' | 'onJob'> & { onOver: () => void }) {
    this.#transfer = transfer;
    this.#options = options;
    this.#changed();
  }

  get id(): number {
    return this.#transfer.id;
  }

  get over(): boolean {
    return isOver(this.#transfer);
  }

  get snapshot(): Transfer {
    return this.#transfer;
  }

  get job(): Job | undefined {
    return this.#job;
  }

  set job(job: Job) {
    this.#job = job;
    if (!this.over) this.#options.onJob(this.id, job);
  }

  /** Ignored once it is over. */
  set(change: Change): void {
    if (this.over) return;
    this.#transfer = { ...this.#transfer, ...change };
    for (const { member, path } of change.peers ?? []) if (path !== null) this.#ways.set(member, path);
    if (this.#transfer.state !== 'active') this.#transfer = { ...this.#transfer, bytesPerSecond: 0 };
    this.#changed();
  }

  /** How a member is reached; null: not now. Members are added as they come. */
  reach(member: string, path: TransferPeer['path']): void {
    const { peers } = this.#transfer;
    const others = peers.filter((peer) => peer.member !== member);
    const at = peers.findIndex((peer) => peer.member === member);
    this.set({ peers: others.toSpliced(at < 0 ? others.length : at, 0, { member, path }) });
  }

  end(state: TransferState & ('done' | 'failed' | 'declined' | 'cancelled'), why?: Failure, savedAs?: string): void {
    if (this.over) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { size, done, peers } = this.#transfer;
    this.#transfer = {
      ...this.#transfer,
      peers: peers.map(({ member, path }) => ({ member, path: path ?? this.#ways.get(member) ?? null })),
      state,
      done: state === 'done' ? size : done,
      bytesPerSecond: 0,
      place: null,
      endedAt: Date.now(),
      reason: why?.message ?? null,
      status: why?.status ?? (state === 'done' ? DOWNLOADED : null),
      savedAs: savedAs ?? null,
    };
    this.#tell();
    this.#options.onJob(this.id, null);
    this.#options.onOver();
  }

  /** Nothing is told any more. */
  hush(): void {
    clearTimeout(this.#timer);
  }

  #changed(): void {
    if (this.#timer) return;
    const wait = this.#toldAt + TELL_MS - performance.now();
    if (wait <= 0) this.#tell();
    else this.#timer = setTimeout(() => this.#tell(), wait);
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#toldAt = performance.now();
    this.#options.onChange(this.#transfer);
  }
}
