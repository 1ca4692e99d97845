import type { AppError } from '../domain/app-error.ts';
import { isFinished, type Transfer, type TransferPeer, type TransferState } from '../domain/transfer.ts';
import type { TransferJob } from './ipc.ts';

/** Finished transfers that are still shown. */
const MAX_FINISHED_TRANSFERS = 200;
/** Minimum interval between updates of one transfer; its end is reported at once. */
const UPDATE_INTERVAL_MS = 200;
const DOWNLOADED_STATUS = 205;

export interface TransferRegistryOptions {
  readonly nextId: number;
  readonly onChange: (transfer: Transfer) => void;
  /** @param job what another process needs to resume the transfer; null when it has finished */
  readonly onJob: (id: number, job: TransferJob | null) => void;
}

type TransferEntryOptions = Pick<TransferRegistryOptions, 'onChange' | 'onJob'> & { onFinished: () => void };

type NewTransfer = Pick<Transfer, 'direction' | 'name' | 'size' | 'files' | 'state'> & {
  readonly member: string;
  /** Set for a transfer of an earlier process. */
  readonly id?: number | undefined;
  readonly startedAt?: number | undefined;
};

/** All transfers of this process, by id. */
export class TransferRegistry {
  readonly #options: TransferRegistryOptions;
  readonly #all = new Map<number, TransferEntry>();
  #nextId: number;

  constructor(options: TransferRegistryOptions) {
    this.#options = options;
    this.#nextId = options.nextId;
  }

  add(transfer: NewTransfer): TransferEntry {
    const { direction, name, size, files, state, member, id = this.#nextId, startedAt = Date.now() } = transfer;
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
      { ...this.#options, onFinished: () => this.#removeOldest() },
    );
    this.#all.set(id, entry);
    return entry;
  }

  get(id: number): TransferEntry | undefined {
    return this.#all.get(id);
  }

  unfinished(): TransferEntry[] {
    return [...this.#all.values()].filter((entry) => !entry.isFinished);
  }

  stop(): void {
    for (const entry of this.#all.values()) entry.silence();
  }

  #removeOldest(): void {
    const finished = [...this.#all.values()].filter((entry) => entry.isFinished);
    for (const { id } of finished.slice(0, Math.max(0, finished.length - MAX_FINISHED_TRANSFERS))) this.#all.delete(id);
  }
}

type TransferUpdate = Partial<
  Pick<Transfer, 'state' | 'done' | 'bytesPerSecond' | 'place' | 'reason' | 'status' | 'peers'>
>;

/** One transfer. Reports its changes at most every UPDATE_INTERVAL_MS, and its end at once. */
export class TransferEntry {
  readonly #options: TransferEntryOptions;
  #transfer: Transfer;
  #notifiedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #job: TransferJob | undefined;
  /** The last path to each member, shown after the transfer has finished. */
  readonly #lastPaths = new Map<string, TransferPeer['path']>();

  constructor(transfer: Transfer, options: TransferEntryOptions) {
    this.#transfer = transfer;
    this.#options = options;
    this.#scheduleNotify();
  }

  get id(): number {
    return this.#transfer.id;
  }

  get isFinished(): boolean {
    return isFinished(this.#transfer);
  }

  get snapshot(): Transfer {
    return this.#transfer;
  }

  get job(): TransferJob | undefined {
    return this.#job;
  }

  set job(job: TransferJob) {
    this.#job = job;
    if (!this.isFinished) this.#options.onJob(this.id, job);
  }

  /** Ignored after the transfer has finished. */
  update(change: TransferUpdate): void {
    if (this.isFinished) return;
    this.#transfer = { ...this.#transfer, ...change };
    for (const { member, path } of change.peers ?? []) if (path !== null) this.#lastPaths.set(member, path);
    if (this.#transfer.state !== 'active') this.#transfer = { ...this.#transfer, bytesPerSecond: 0 };
    this.#scheduleNotify();
  }

  /** Sets the path to a member, who is added if necessary. @param path null when not connected */
  setPath(member: string, path: TransferPeer['path']): void {
    const { peers } = this.#transfer;
    const others = peers.filter((peer) => peer.member !== member);
    const at = peers.findIndex((peer) => peer.member === member);
    this.update({ peers: others.toSpliced(at < 0 ? others.length : at, 0, { member, path }) });
  }

  end(
    state: TransferState & ('done' | 'failed' | 'declined' | 'cancelled'),
    reason?: AppError,
    savedAs?: string,
  ): void {
    if (this.isFinished) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { size, done, peers } = this.#transfer;
    this.#transfer = {
      ...this.#transfer,
      peers: peers.map(({ member, path }) => ({ member, path: path ?? this.#lastPaths.get(member) ?? null })),
      state,
      done: state === 'done' ? size : done,
      bytesPerSecond: 0,
      place: null,
      endedAt: Date.now(),
      reason: reason?.message ?? null,
      status: reason?.status ?? (state === 'done' ? DOWNLOADED_STATUS : null),
      savedAs: savedAs ?? null,
    };
    this.#notify();
    this.#options.onJob(this.id, null);
    this.#options.onFinished();
  }

  /** Stops reporting changes. */
  silence(): void {
    clearTimeout(this.#timer);
  }

  #scheduleNotify(): void {
    if (this.#timer) return;
    const waitMs = this.#notifiedAt + UPDATE_INTERVAL_MS - performance.now();
    if (waitMs <= 0) this.#notify();
    else this.#timer = setTimeout(() => this.#notify(), waitMs);
  }

  #notify(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#notifiedAt = performance.now();
    this.#options.onChange(this.#transfer);
  }
}
