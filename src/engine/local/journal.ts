import { type Deferred, deferred } from '../../domain/deferred.ts';
import { Failure } from '../../domain/failure.ts';
import { Draft } from '../../store/draft.ts';
import { keys } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { stageVoids } from '../../store/void.ts';
import { AppendFigures } from '../append-figures.ts';
import type { Appended, AppendOptions, Change, Journal, JournalRecord, NewRecord, Projector } from '../contract.ts';
import { RecordReader } from '../reader.ts';

interface Waiting {
  readonly record: NewRecord;
  readonly options: AppendOptions;
  readonly appended: Deferred<Appended>;
  /** Monotonic milliseconds. */
  readonly since: number;
}

interface Settled {
  readonly waiting: Waiting;
  readonly record: JournalRecord;
  readonly changes: Change[];
}

/** A group ends where its batch gets large: latency of the first in it, and memory, stay bounded. */
const GROUP_RECORDS = 1024;
const GROUP_WRITES = 20_000;
/** Appends that wait for the disk; beyond it a writer is told to come again instead of filling the memory. */
const MAX_WAITING = 100_000;

/**
 * The journal of one machine: records, the view's writes and the new head go into one atomic synced batch. Appends
 * that arrive while a batch is written share the next one (group commit): the more writers, the fewer syncs a record.
 */
export class LocalJournal implements Journal {
  readonly figures = new AppendFigures();
  readonly #store: Store;
  readonly #projector: Projector;
  #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;
  readonly #reader: RecordReader;
  #open = false;
  /** Whose write failed: whether they are in the journal shows when the store is opened again. */
  #doubtful: readonly Settled[] = [];

  constructor(store: Store, projector: Projector) {
    this.#store = store;
    this.#projector = projector;
    this.#reader = new RecordReader(store);
  }

  open(head: number): void {
    this.#reader.open(head);
    this.#open = true;
  }

  head(): number {
    return this.#reader.head;
  }

  get appending(): number {
    return this.#waiting.length;
  }

  /** Whatever is durable here was applied in the same batch. */
  async catchUp(): Promise<void> {}

  append(record: NewRecord, options: AppendOptions = {}): Promise<Appended> {
    if (!this.#open) return Promise.reject(new Failure('NOT_AVAILABLE', 'The daemon is starting or stopping.'));
    if (this.#store.refusal) return Promise.reject(this.#store.refusal);
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(new Failure('NOT_AVAILABLE', 'The disk does not keep up with what is written. Try again.'));
    }
    const appended = deferred<Appended>();
    this.#waiting.push({ record, options, appended, since: performance.now() });
    this.#draining ??= this.#drain();
    return appended.promise;
  }

  follow(seq: number, signal: AbortSignal): AsyncGenerator<JournalRecord> {
    return this.#reader.follow(seq, signal);
  }

  /**
   * The store was opened again after a write failed, and ends with record `head`: whose write failed and is there all
   * the same is told to the view, as it would have been. Its writer was told that it failed, and nothing else.
   */
  resume(head: number): void {
    const found = this.#doubtful.filter(({ record }) => record.seq <= head);
    this.#doubtful = [];
    try {
      this.#reader.head = head;
      for (const { record, changes } of found) this.#projector.committed(record, changes);
    } finally {
      this.#reader.grow();
    }
  }

  /** Takes no more and ends who follows; resolves when all that was taken is durable. */
  async close(): Promise<void> {
    this.#open = false;
    await this.#draining;
    this.#reader.close();
  }

  async #drain(): Promise<void> {
    // One turn of the event loop gathers the appends of all sockets that were readable in it.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const { refusal } = this.#store;
      if (refusal) {
        for (const { appended } of this.#waiting.splice(0)) appended.reject(refusal);
        break;
      }
      const group = this.#waiting.splice(0, GROUP_RECORDS);
      await this.#commit(group);
    }
    this.#draining = undefined;
  }

  async #commit(group: Waiting[]): Promise<void> {
    const draft = new Draft(this.#store);
    const settled: Settled[] = [];
    let head = this.#reader.head;
    for (let i = 0; i < group.length; i++) {
      if (draft.size > GROUP_WRITES) {
        this.#waiting.unshift(...group.slice(i));
        break;
      }
      const waiting = group[i]!;
      try {
        this.#expect(waiting.options, draft);
      } catch (conflict) {
        waiting.appended.reject(conflict);
        continue;
      }
      // `seq` comes first: what is added behind a spread makes an object that is slow to make and to read.
      const record: JournalRecord = { seq: head + 1, ...waiting.record };
      let changes: Change[];
      try {
        changes = this.#projector.project(record, draft);
      } catch (cause) {
        // The draft may hold half of it. Nothing of this group is written yet: all others go again without it.
        waiting.appended.reject(new Failure('INTERNAL', undefined, { cause }));
        this.#waiting.unshift(...settled.map((done) => done.waiting), ...group.slice(i + 1));
        return;
      }
      head = record.seq;
      draft.write(keys.record(head), record);
      stageVoids(record, draft);
      if (waiting.options.subject !== undefined) draft.write(keys.subject(waiting.options.subject), head);
      settled.push({ waiting, record, changes });
    }
    if (settled.length === 0) return;
    draft.write(keys.head, head);
    const begun = performance.now();
    try {
      await this.#store.write(draft.drain(), { sync: true });
    } catch (failure) {
      this.#doubtful = settled;
      for (const { waiting } of settled) waiting.appended.reject(Failure.from(failure));
      return;
    }
    this.#reader.head = head;
    this.figures.committed(settled.length, begun);
    for (const { waiting } of settled) this.figures.appended(waiting.since);
    const unheard = new Map<Waiting, unknown>();
    for (const { waiting, record, changes } of settled) {
      try {
        this.#projector.committed(record, changes);
      } catch (cause) {
        unheard.set(waiting, cause); // durable all the same: those behind it must not wait for ever
      }
    }
    for (const { waiting, record, changes } of settled) {
      if (!unheard.has(waiting)) waiting.appended.resolve({ seq: record.seq, changes });
      else waiting.appended.reject(new Failure('INTERNAL', undefined, { cause: unheard.get(waiting) }));
    }
    this.#reader.grow();
  }

  #expect({ subject, expect }: AppendOptions, draft: Draft): void {
    if (expect === undefined || subject === undefined) return;
    const last = draft.read<number>(keys.subject(subject)) ?? 0;
    if (last !== expect) throw new Failure('CONFLICT', undefined, { data: { subject, expected: expect, last } });
  }
}
