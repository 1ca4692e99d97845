import type { Change, JournalRecord } from '../engine/types.ts';
import { keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { stageTombstones, WriteBatch } from '../store/write-batch.ts';
import { subjectOfRecord } from './account-subject.ts';
import { ReadModel } from './read-model.ts';

/** Bounds the memory that a long journal needs. */
const MAX_BATCH_WRITES = 5000;

/** Writes records and everything derived from them into an empty open store, as if they were appended again. */
export class Replay {
  readonly #store: Store;
  readonly #readModel: ReadModel;
  #writes: WriteBatch;
  #pending: { record: JournalRecord; changes: readonly Change[] }[] = [];
  #lastSeq = 0;

  constructor(store: Store) {
    this.#store = store;
    this.#readModel = new ReadModel(store);
    this.#writes = new WriteBatch(store);
  }

  async start(): Promise<void> {
    await this.#readModel.load();
  }

  get readModel(): ReadModel {
    return this.#readModel;
  }

  /**
   * @param record the next one
   * @throws Error when the read model cannot apply it
   */
  async add(record: JournalRecord): Promise<void> {
    this.#pending.push({ record, changes: this.#readModel.project(record, this.#writes) });
    this.#writes.write(keys.record(record.seq), record);
    stageTombstones(record, this.#writes);
    const subject = subjectOfRecord(record);
    if (subject !== undefined) this.#writes.write(keys.subject(subject), record.seq);
    this.#lastSeq = record.seq;
    if (this.#writes.size > MAX_BATCH_WRITES) await this.#flush(false);
  }

  async finish(): Promise<void> {
    await this.#flush(true);
  }

  async #flush(sync: boolean): Promise<void> {
    if (this.#lastSeq > 0) this.#writes.write(keys.headSeq, this.#lastSeq);
    await this.#store.write(this.#writes.takeWrites(), { sync });
    for (const { record, changes } of this.#pending) this.#readModel.applyCommitted(record, changes);
    this.#writes = new WriteBatch(this.#store);
    this.#pending = [];
  }
}

export function incompatibleRecordReason({ seq, kind }: JournalRecord, cause: unknown): string {
  return `Record ${seq}, of kind ${kind}, cannot be applied: ${(cause as Error).message}.`;
}
