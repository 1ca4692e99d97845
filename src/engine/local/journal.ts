import { AppError } from '../../domain/app-error.ts';
import { type Deferred, deferred, yieldToEventLoop } from '../../domain/deferred.ts';
import { keys } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { stageTombstones, WriteBatch } from '../../store/write-batch.ts';
import { AppendMetrics } from '../append-metrics.ts';
import { RecordFollower } from '../record-follower.ts';
import type { AppendOptions, AppendResult, Change, Journal, JournalRecord, NewRecord, Projector } from '../types.ts';

interface PendingAppend {
  readonly record: NewRecord;
  readonly options: AppendOptions;
  readonly result: Deferred<AppendResult>;
  readonly queuedAt: number;
}

interface CommittedAppend {
  readonly append: PendingAppend;
  readonly record: JournalRecord;
  readonly changes: readonly Change[];
}

/** Bounds a group by its batch size, which bounds the latency of its first append and the memory. */
const MAX_GROUP_RECORDS = 1024;
const MAX_GROUP_WRITES = 20_000;
/** Appends waiting for the disk. Beyond this, writers are asked to retry, so that memory stays bounded. */
const MAX_PENDING_APPENDS = 100_000;

/**
 * The journal of one machine: records, the read model's writes and the new head form one atomic, synced batch. Appends
 * that arrive while a batch is written share the next one (group commit), so more writers need fewer syncs per record.
 */
export class LocalJournal implements Journal {
  readonly metrics = new AppendMetrics();
  readonly #store: Store;
  readonly #projector: Projector;
  #queue: PendingAppend[] = [];
  #committing: Promise<void> | undefined;
  readonly #tail: RecordFollower;
  #isOpen = false;
  /** Appends whose write failed. Reopening the store shows whether they reached the journal. */
  #unconfirmed: readonly CommittedAppend[] = [];

  constructor(store: Store, projector: Projector) {
    this.#store = store;
    this.#projector = projector;
    this.#tail = new RecordFollower(store);
  }

  open(head: number): void {
    this.#tail.open(head);
    this.#isOpen = true;
  }

  head(): number {
    return this.#tail.head;
  }

  get pendingAppends(): number {
    return this.#queue.length;
  }

  async catchUp(): Promise<void> {}

  append(record: NewRecord, options: AppendOptions = {}): Promise<AppendResult> {
    if (!this.#isOpen) return Promise.reject(new AppError('NOT_AVAILABLE', 'The daemon is starting or stopping.'));
    if (this.#store.writeError) return Promise.reject(this.#store.writeError);
    if (this.#queue.length >= MAX_PENDING_APPENDS) {
      return Promise.reject(
        new AppError('NOT_AVAILABLE', 'The disk is too slow for the current write load. Try again.'),
      );
    }
    const appended = deferred<AppendResult>();
    this.#queue.push({ record, options, result: appended, queuedAt: performance.now() });
    this.#committing ??= this.#commitLoop();
    return appended.promise;
  }

  follow(seq: number, signal: AbortSignal): AsyncGenerator<JournalRecord> {
    return this.#tail.follow(seq, signal);
  }

  /**
   * Called after a failed write, when the store is open again and ends with record `head`. Records whose write failed
   * but that are in the store are applied to the read model now. Their writers were already told that the write failed.
   */
  resume(head: number): void {
    const found = this.#unconfirmed.filter(({ record }) => record.seq <= head);
    this.#unconfirmed = [];
    try {
      this.#tail.head = head;
      for (const { record, changes } of found) this.#projector.applyCommitted(record, changes);
    } finally {
      this.#tail.notifyAppended();
    }
  }

  /** Accepts no more appends. Resolves when all accepted ones are settled, and ends all followers. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#committing;
    this.#tail.close();
  }

  async #commitLoop(): Promise<void> {
    // Wait one turn of the event loop, to group the appends of all sockets that were readable in it.
    await yieldToEventLoop();
    while (this.#queue.length > 0) {
      const { writeError } = this.#store;
      if (writeError) {
        for (const { result } of this.#queue.splice(0)) result.reject(writeError);
        break;
      }
      const group = this.#queue.splice(0, MAX_GROUP_RECORDS);
      await this.#commitGroup(group);
    }
    this.#committing = undefined;
  }

  async #commitGroup(group: PendingAppend[]): Promise<void> {
    const writes = new WriteBatch(this.#store);
    const settled: CommittedAppend[] = [];
    let head = this.#tail.head;
    for (let i = 0; i < group.length; i++) {
      if (writes.size > MAX_GROUP_WRITES) {
        this.#queue.unshift(...group.slice(i));
        break;
      }
      const append = group[i]!;
      try {
        this.#checkExpectedSeq(append.options, writes);
      } catch (conflict) {
        append.result.reject(conflict);
        continue;
      }
      // `seq` must come first: a property added after a spread makes an object that is slow to create and to read.
      const record: JournalRecord = { seq: head + 1, ...append.record };
      let changes: readonly Change[];
      try {
        changes = this.#projector.project(record, writes);
      } catch (cause) {
        // The batch may contain half of this record. Nothing is written yet, so retry the others without it.
        append.result.reject(new AppError('INTERNAL', undefined, { cause }));
        this.#queue.unshift(...settled.map((done) => done.append), ...group.slice(i + 1));
        return;
      }
      head = record.seq;
      writes.write(keys.record(head), record);
      stageTombstones(record, writes);
      if (append.options.subject !== undefined) writes.write(keys.subject(append.options.subject), head);
      settled.push({ append, record, changes });
    }
    if (settled.length === 0) return;
    writes.write(keys.headSeq, head);
    const startedAt = performance.now();
    try {
      await this.#store.write(writes.takeWrites(), { sync: true });
    } catch (failure) {
      this.#unconfirmed = settled;
      for (const { append } of settled) append.result.reject(AppError.from(failure));
      return;
    }
    this.#tail.head = head;
    this.metrics.recordCommit(settled.length, startedAt);
    for (const { append } of settled) this.metrics.recordAppend(append.queuedAt);
    const failures = new Map<PendingAppend, unknown>();
    for (const { append, record, changes } of settled) {
      try {
        this.#projector.applyCommitted(record, changes);
      } catch (cause) {
        failures.set(append, cause); // durable nevertheless: later appends of the group must still settle
      }
    }
    for (const { append, record, changes } of settled) {
      if (!failures.has(append)) append.result.resolve({ seq: record.seq, changes });
      else append.result.reject(new AppError('INTERNAL', undefined, { cause: failures.get(append) }));
    }
    this.#tail.notifyAppended();
  }

  #checkExpectedSeq({ subject, expect }: AppendOptions, writes: WriteBatch): void {
    if (expect === undefined || subject === undefined) return;
    const last = writes.read<number>(keys.subject(subject)) ?? 0;
    if (last !== expect) throw new AppError('CONFLICT', undefined, { data: { subject, expected: expect, last } });
  }
}
