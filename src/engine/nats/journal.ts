import type { NatsConnection } from '@nats-io/transport-node';
import { AppError } from '../../domain/app-error.ts';
import { defined } from '../../domain/defined.ts';
import { keys, prefixRange, seqOfRecordKey } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { stageTombstones, tombstoneOf, WriteBatch } from '../../store/write-batch.ts';
import { AppendMetrics } from '../append-metrics.ts';
import { RecordFollower } from '../record-follower.ts';
import type { AppendOptions, AppendResult, Change, Journal, JournalRecord, NewRecord, Projector } from '../types.ts';
import { isDuplicate } from './dedup.ts';
import { type JournalTransport, PendingAppends, type PendingAppendsSettings } from './pending-appends.ts';
import type { StreamMessage } from './stream-follower.ts';
import type { Subjects } from './subjects.ts';

export interface NatsJournalSettings extends Omit<PendingAppendsSettings, 'catchUp'> {
  readonly subjects: Subjects;
  /** Version of goldctl, stored when its read model could not apply a record. */
  readonly version: string;
  /** Called when this version's read model cannot apply a durable record. The record is skipped. */
  readonly onIncompatible: (seq: number, cause: unknown) => void;
  /** Called when a record appended here made these void, so the stream can delete them. */
  readonly onRecordsVoided: (seqs: readonly number[]) => void;
}

export interface JournalConnection extends JournalTransport {
  readonly connection: NatsConnection;
}

interface AppliedMessage {
  readonly message: StreamMessage;
  readonly record: JournalRecord;
  readonly changes: readonly Change[];
  readonly error?: unknown;
}

const MAX_PENDING_APPENDS = 100_000;
const MAX_GROUP_RECORDS = 1024;
const MAX_GROUP_WRITES = 20_000;
/** Applied records are written together at this interval. Single writes would use CPU that others need. */
const FLUSH_INTERVAL_MS = 50;

/**
 * The journal in a stream: a record is a message, its sequence number the message's. A record is durable when the
 * follower delivers it. Every daemon applies records in the order of the stream, whoever appended them.
 */
export class NatsJournal implements Journal {
  readonly metrics = new AppendMetrics();
  readonly #store: Store;
  readonly #projector: Projector;
  readonly #settings: NatsJournalSettings;
  readonly #tail: RecordFollower;
  readonly #pending: PendingAppends;
  #backlog: StreamMessage[] = [];
  #applying: Promise<void> | undefined;
  #unflushed = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #isOpen = false;
  #connection: JournalConnection | undefined;
  /** While set, nothing is published. */
  writeError: AppError | undefined;

  constructor(store: Store, projector: Projector, settings: NatsJournalSettings) {
    this.#store = store;
    this.#projector = projector;
    this.#settings = settings;
    this.#tail = new RecordFollower(store);
    this.#pending = new PendingAppends({ ...settings, catchUp: () => this.catchUp() });
  }

  head(): number {
    return this.#tail.head;
  }

  get pendingAppends(): number {
    return this.#pending.size;
  }

  get isRunning(): boolean {
    return this.#connection !== undefined;
  }

  get backlog(): number {
    return this.#backlog.length;
  }

  /** Enables reads. Appends are refused until `start`. */
  open(head: number): void {
    this.#backlog = [];
    this.#tail.open(head);
  }

  start(connection: JournalConnection): void {
    this.#connection = connection;
    this.#pending.start(connection);
    this.#isOpen = true;
  }

  append(record: NewRecord, options: AppendOptions = {}): Promise<AppendResult> {
    if (!this.#isOpen) return Promise.reject(new AppError('NOT_AVAILABLE', 'The daemon is starting or stopping.'));
    const writeError = this.#store.writeError ?? this.writeError;
    if (writeError) return Promise.reject(writeError);
    if (this.#pending.size >= MAX_PENDING_APPENDS) {
      return Promise.reject(
        new AppError('NOT_AVAILABLE', 'The cluster is too slow for the current write load. Try again.'),
      );
    }
    const { subject, expect } = options;
    // The local store may lag, but what it knows is certain.
    const last = subject === undefined ? 0 : (this.#store.read<number>(keys.subject(subject)) ?? 0);
    if (expect !== undefined && last > expect) {
      return Promise.reject(
        new AppError('CONFLICT', undefined, { data: { subject: subject!, expected: expect, last } }),
      );
    }
    try {
      // A record that no read model can apply must not enter the journal, where it would stay for ever.
      this.#projector.project({ seq: this.head() + 1, ...record }, new WriteBatch(this.#store));
    } catch (cause) {
      return Promise.reject(new AppError('INTERNAL', undefined, { cause }));
    }
    const payload = JSON.stringify(record);
    const limit = this.#connection!.connection.info?.max_payload ?? 0;
    // Leave room for the headers.
    if (limit > 0 && Buffer.byteLength(payload) > limit - 1024) {
      return Promise.reject(
        new AppError(
          'TOO_LARGE',
          `The record exceeds the NATS cluster's limit of ${limit} bytes: raise its max_payload.`,
        ),
      );
    }
    return this.#pending.add({
      subject: this.#settings.subjects.recordSubject(record.kind, subject),
      payload,
      expectedSeq: subject === undefined ? undefined : expect,
    });
  }

  async catchUp(): Promise<void> {
    const { follower } = this.#connection ?? {};
    if (!follower) throw new AppError('NOT_AVAILABLE', 'The daemon is starting or stopping.');
    await follower.catchUp();
    await this.#applying;
  }

  follow(seq: number, signal: AbortSignal): AsyncGenerator<JournalRecord> {
    return this.#tail.follow(seq, signal);
  }

  receive(message: StreamMessage): void {
    this.#backlog.push(message);
    this.#applying ??= this.#apply();
  }

  /** Resolves when every received message is applied. */
  async waitUntilApplied(): Promise<void> {
    await this.#applying;
  }

  /** Sequence number of the first empty slot that no record made void; undefined for none. */
  async firstGap(): Promise<number | undefined> {
    for await (const key of this.#store.keysOf(prefixRange('n/'))) return seqOfRecordKey(key);
    return undefined;
  }

  /** Called when the store is open again after a failed write. Messages received meanwhile were dropped. */
  resume(): void {
    this.#connection?.follower.seek(this.head());
  }

  expire(): void {
    this.#pending.expire();
  }

  /** Accepts no more appends. Resolves when all accepted ones are settled. */
  async drain(): Promise<void> {
    this.#isOpen = false;
    await this.#pending.waitUntilDrained();
  }

  /** Ends all followers. Nothing is received any more. */
  async close(): Promise<void> {
    await this.#applying;
    await this.#flush();
    this.#tail.close();
    this.#connection = undefined;
  }

  async #apply(): Promise<void> {
    await undefined; // messages that arrived in one chunk form one group
    while (this.#backlog.length > 0 && !this.#store.writeError) await this.#applyGroup();
    if (this.#store.writeError) {
      this.#backlog = []; // the follower delivers them again
      this.#pending.rejectAll(this.#store.writeError);
    }
    this.#applying = undefined;
  }

  async #applyGroup(): Promise<void> {
    const group = this.#backlog.splice(0, MAX_GROUP_RECORDS);
    const { applied, writes } = this.#project(group);
    this.#backlog.unshift(...group.slice(applied.length));
    // Do not wait for the disk: the record is durable in the stream, and is fetched again if it is lost here.
    this.#store.stage(writes.takeWrites());
    this.#unflushed += applied.length;
    this.#flushTimer ??= setTimeout(() => void this.#flush(), FLUSH_INTERVAL_MS);
    this.#tail.head = applied.at(-1)!.record.seq;
    const failures = new Map<AppliedMessage, unknown>();
    for (const one of applied) {
      if (one.error !== undefined) continue;
      try {
        this.#projector.applyCommitted(one.record, one.changes);
      } catch (cause) {
        failures.set(one, cause);
      }
    }
    for (const one of applied) {
      const { message, record, changes } = one;
      const since = this.#pending.onApplied(message.id, { seq: record.seq, changes }, one.error ?? failures.get(one));
      if (since === undefined) continue;
      this.metrics.recordAppend(since);
      if (record.voids) this.#settings.onRecordsVoided(record.voids);
    }
    this.#tail.notifyAppended();
    if (this.#store.stagedCount > MAX_GROUP_WRITES) await this.#flush();
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    const startedAt = performance.now();
    const records = this.#unflushed;
    this.#unflushed = 0;
    try {
      await this.#store.flush();
      if (records > 0) this.metrics.recordCommit(records, startedAt);
    } catch {
      // the store has reported the reason and keeps it
    }
  }

  /** Stages a group, or the first part of a large one. A record that cannot be applied changes nothing. */
  #project(group: readonly StreamMessage[]): { applied: AppliedMessage[]; writes: WriteBatch } {
    const incompatible = new Map<number, unknown>();
    for (;;) {
      const writes = new WriteBatch(this.#store);
      const applied: AppliedMessage[] = [];
      const again = () => {
        for (const message of group) {
          if (writes.size > MAX_GROUP_WRITES) return false;
          const error = incompatible.get(message.seq);
          const subject = this.#settings.subjects.subjectOf(message.subject);
          // A record with a subject is published with an expected sequence number, and therefore accepted only once.
          const isRepeated = subject === undefined && isDuplicate(message.id, message.seq, writes);
          const record: JournalRecord = isRepeated ? tombstoneOf(message.seq) : parseRecord(message);
          let changes: readonly Change[] = [];
          if (error === undefined) {
            try {
              changes = this.#projector.project(record, writes);
            } catch (cause) {
              incompatible.set(message.seq, cause); // the batch may contain half of this record
              this.#settings.onIncompatible(message.seq, cause);
              return true;
            }
          }
          writes.write(keys.record(record.seq), record);
          if (message.isEmpty) writes.write(keys.gap(record.seq), true);
          stageTombstones(record, writes);
          for (const seq of record.voids ?? []) if (writes.has(keys.gap(seq))) writes.delete(keys.gap(seq));
          if (subject !== undefined) writes.write(keys.subject(subject), record.seq);
          applied.push({ message, record, changes, ...defined({ error }) });
        }
        return false;
      };
      if (again()) continue;
      writes.write(keys.headSeq, applied.at(-1)!.record.seq);
      if (incompatible.size > 0) writes.write(keys.skippedByVersion, this.#settings.version);
      return { applied, writes };
    }
  }
}

/** A message that is not a record of goldctl becomes a `lost` record. */
function parseRecord({ seq, text, isEmpty }: StreamMessage): JournalRecord {
  if (isEmpty) return tombstoneOf(seq);
  try {
    const record = JSON.parse(text) as Partial<NewRecord> | null;
    if (typeof record?.kind === 'string' && typeof record.at === 'number') return { seq, ...(record as NewRecord) };
  } catch {
    // treated as lost below
  }
  return { seq, kind: 'lost', at: 0 };
}
