import type { Change, JournalRecord } from '../engine/contract.ts';
import { Draft } from '../store/draft.ts';
import { keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { stageVoids } from '../store/void.ts';
import { subjectOf } from './subject.ts';
import { View } from './view.ts';

/** Writes are handed over when they are this many: bounds the memory of a long journal. */
const BATCH = 5000;

/** Writes records into an empty open store, with all that is derived from them, as if each were appended anew. */
export class Replay {
  readonly #store: Store;
  readonly #view: View;
  #draft: Draft;
  #projected: { record: JournalRecord; changes: readonly Change[] }[] = [];
  #last = 0;

  constructor(store: Store) {
    this.#store = store;
    this.#view = new View(store);
    this.#draft = new Draft(store);
  }

  async start(): Promise<void> {
    await this.#view.load();
  }

  /** The view as of what was flushed. */
  get view(): View {
    return this.#view;
  }

  /**
   * @param record the one behind the last
   * @throws Error when the view cannot take it
   */
  async add(record: JournalRecord): Promise<void> {
    this.#projected.push({ record, changes: this.#view.project(record, this.#draft) });
    this.#draft.write(keys.record(record.seq), record);
    stageVoids(record, this.#draft);
    const subject = subjectOf(record);
    if (subject !== undefined) this.#draft.write(keys.subject(subject), record.seq);
    this.#last = record.seq;
    if (this.#draft.size > BATCH) await this.#flush(false);
  }

  /** Resolves once all of it is on the disk. */
  async end(): Promise<void> {
    await this.#flush(true);
  }

  async #flush(sync: boolean): Promise<void> {
    if (this.#last > 0) this.#draft.write(keys.head, this.#last);
    await this.#store.write(this.#draft.drain(), { sync });
    for (const { record, changes } of this.#projected) this.#view.committed(record, changes);
    this.#draft = new Draft(this.#store);
    this.#projected = [];
  }
}

/** What is wrong with a record that the view cannot take. */
export function unfit({ seq, kind }: JournalRecord, cause: unknown): string {
  return `Record ${seq}, of the kind ${kind}, does not fit: ${(cause as Error).message}.`;
}
