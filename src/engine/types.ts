import type { AppError } from '../domain/app-error.ts';
import type { EpochMs } from '../domain/time.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import type { AppendMetrics } from './append-metrics.ts';

/**
 * An engine provides a journal, a message bus and leases. Every engine passes test/contract/engine.ts; the layers above
 * do not know which one runs.
 */
export interface Engine {
  readonly journal: Journal;
  readonly bus: MessageBus;
  lease(name: string): Lease;
  /** Why writes are refused now; undefined while writes work. Reads continue. */
  readonly outage: Outage | undefined;
  /** Opens and verifies the stored data, and brings the read model up to the journal's head. */
  start(): Promise<void>;
  /** Waits for pending appends, then closes. */
  stop(): Promise<void>;
}

export interface Outage {
  readonly error: AppError;
  readonly since: EpochMs;
}

/** One fact: its kind, its time and the fields of its kind (plain JSON). */
export interface NewRecord {
  readonly kind: string;
  readonly at: EpochMs;
  /**
   * Sequence numbers of earlier records that this record makes void. Every read model must be the same without them.
   * They keep their slots, with a record of kind `void`.
   */
  readonly voids?: readonly number[];
  readonly [field: string]: unknown;
}

/** A record with its sequence number. Sequence numbers are contiguous from 1. */
export interface JournalRecord extends NewRecord {
  readonly seq: number;
}

export interface AppendOptions {
  /** What the record is about (`account.yoda`, `post.17`). Needed where writers race. */
  readonly subject?: string;
  /** Expected sequence number of the subject's last record, 0 for none. A mismatch throws CONFLICT. */
  readonly expect?: number;
}

/** A durable record that is applied to this daemon's read model, and what it changed there. */
export interface AppendResult {
  readonly seq: number;
  readonly changes: readonly Change[];
}

export interface Journal {
  /**
   * Resolves once the record is durable and applied here.
   * @throws AppError CONFLICT when `expect` does not match, STORE_FAILED when the record could not be made durable,
   * NOT_AVAILABLE before start, after stop and when too many appends are pending, INTERNAL when the read model failed
   */
  append(record: NewRecord, options?: AppendOptions): Promise<AppendResult>;
  /** All records after `seq` in order, stored and then live ones. Ends when the signal aborts or the engine stops. */
  follow(seq: number, signal: AbortSignal): AsyncIterable<JournalRecord>;
  /** Sequence number of the last durable record, 0 for none. */
  head(): number;
  readonly pendingAppends: number;
  readonly metrics: AppendMetrics;
  /**
   * Resolves once every record that was durable at the time of the call, from any writer, is applied here.
   * @throws AppError NOT_AVAILABLE when the journal cannot be read now
   */
  catchUp(): Promise<void>;
}

/** Ephemeral messages (presence, offers), delivered to current subscribers only. */
export interface MessageBus {
  publish(topic: string, message: unknown): void;
  subscribe(topic: string, listener: (message: unknown) => void): () => void;
}

/** Held by one daemon at a time. The holder does what must happen once, such as fetching rates. */
export interface Lease {
  readonly isHeld: boolean;
  /** Resolves when this daemon holds the lease. Rejects when the signal aborts. */
  acquire(signal: AbortSignal): Promise<void>;
  release(): Promise<void>;
}

/** A change of the read model. The engine only passes it on; projections/read-model.ts has all types of changes. */
export interface Change {
  readonly type: string;
}

/** The read model as the engine sees it: it stages the writes of a record and is notified when they are durable. */
export interface Projector {
  /** Loads what is kept in memory. Called once, before anything else. */
  load(): Promise<void>;
  /** Stages the writes that a record causes. A pure function, so that a replay gives the same result. */
  project(record: JournalRecord, writes: WriteBatch): readonly Change[];
  /** Called in order, once per record, when its writes are durable and readable. */
  applyCommitted(record: JournalRecord, changes: readonly Change[]): void;
}
