import type { Failure } from '../domain/failure.ts';
import type { Instant } from '../domain/instant.ts';
import type { Draft } from '../store/draft.ts';
import type { AppendFigures } from './append-figures.ts';

/**
 * The three things that an engine gives to a room: a journal, a bus and leases. Every engine passes
 * test/contract/engine.ts; nothing above knows which one runs.
 */
export interface Engine {
  readonly journal: Journal;
  readonly bus: Bus;
  lease(name: string): Lease;
  /** Why nothing is written at present; undefined while all is well. Reading goes on meanwhile. */
  readonly trouble: Trouble | undefined;
  /** Opens what is there, checks it and brings the view up to the journal's head. */
  start(): Promise<void>;
  /** Lets appends under way end, then closes. */
  stop(): Promise<void>;
}

export interface Trouble {
  readonly failure: Failure;
  /** When writes were first refused. */
  readonly since: Instant;
}

/** One fact: a kind, its moment, and the kind's own fields (plain JSON). */
export interface NewRecord {
  readonly kind: string;
  readonly at: Instant;
  /**
   * Seqs of earlier records that are void from this one on: every view must be the same without them. Their places stay,
   * with a record of the kind `void`.
   */
  readonly voids?: readonly number[];
  readonly [field: string]: unknown;
}

/** A record in its place. Places are contiguous from 1. */
export interface JournalRecord extends NewRecord {
  readonly seq: number;
}

export interface AppendOptions {
  /** What the record is about (`account.yoda`, `post.17`), where writers may race. */
  readonly subject?: string;
  /** The seq of the subject's last record as the writer knows it, 0 for none: another one throws CONFLICT. */
  readonly expect?: number;
}

/** A record that is durable and applied to this daemon's view, and what it changed there. */
export interface Appended {
  readonly seq: number;
  readonly changes: readonly Change[];
}

export interface Journal {
  /**
   * Resolves once the record is durable and applied here.
   * @throws Failure CONFLICT when `expect` does not hold, STORE_FAILED when it could not be made durable,
   * NOT_AVAILABLE before start, after stop and when too many wait, INTERNAL when the view failed over it
   */
  append(record: NewRecord, options?: AppendOptions): Promise<Appended>;
  /** Every record after `seq` in order, past ones first, then live ones; ends when the signal aborts or the engine stops. */
  follow(seq: number, signal: AbortSignal): AsyncIterable<JournalRecord>;
  /** Seq of the last durable record, 0 for none. */
  head(): number;
  /** Appends that are not settled. */
  readonly appending: number;
  readonly figures: AppendFigures;
  /**
   * Resolves once every record that was durable when it was called, whoever wrote it, is applied here.
   * @throws Failure NOT_AVAILABLE when that is not to be had now
   */
  catchUp(): Promise<void>;
}

/** Ephemeral messages (presence, offers): delivered to who listens now, to nobody later. */
export interface Bus {
  publish(topic: string, message: unknown): void;
  subscribe(topic: string, listener: (message: unknown) => void): () => void;
}

/** Held by one daemon at a time; the holder does what must be done once (fetching rates). */
export interface Lease {
  readonly held: boolean;
  /** Resolves when this daemon holds the lease; rejects when the signal aborts. */
  acquire(signal: AbortSignal): Promise<void>;
  release(): Promise<void>;
}

/** What a record did to the view: told to sessions that watch. `type` names the event. */
export interface Change {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The view, as the engine sees it: it stages the writes of a record, and hears when they are durable. */
export interface Projector {
  /** Reads what it keeps in memory. Called once, before anything else. */
  load(): Promise<void>;
  /** Stages the writes that the record causes. A pure function of record and draft: replayed, it does the same. */
  project(record: JournalRecord, draft: Draft): Change[];
  /** The records are durable, their writes can be read. Called in order, once a record. */
  committed(record: JournalRecord, changes: readonly Change[]): void;
}
