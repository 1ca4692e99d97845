import { deferred } from '../domain/deferred.ts';
import { Failure } from '../domain/failure.ts';
import { keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { JournalRecord } from './contract.ts';

/** Who follows the journal looks this often whether a store that is opened again can be read. */
const REOPENING_MS = 100;

/** The records that a store has, and those that will come: whoever writes them says so by `head` and `grow`. */
export class RecordReader {
  readonly #store: Store;
  /** Seq of the last record that can be read. */
  head = 0;
  #open = false;
  #grown = deferred();

  constructor(store: Store) {
    this.#store = store;
  }

  open(head: number): void {
    this.head = head;
    this.#open = true;
  }

  /** Wakes who waits for records behind the last. */
  grow(): void {
    const { resolve } = this.#grown;
    this.#grown = deferred();
    resolve();
  }

  /** Ends who follows. */
  close(): void {
    this.#open = false;
    this.grow();
  }

  async *follow(seq: number, signal: AbortSignal): AsyncGenerator<JournalRecord> {
    let last = seq;
    while (this.#open && !signal.aborted) {
      const grown = this.#grown.promise;
      try {
        for await (const [, text] of this.#store.range({ gt: keys.record(last), lte: keys.record(this.head) })) {
          if (signal.aborted) return;
          const record = JSON.parse(text) as JournalRecord;
          last = record.seq;
          yield record;
        }
      } catch (failure) {
        if (!this.#open) return; // the store was closed under the reader
        if (!(failure instanceof Failure) || failure.code !== 'NOT_AVAILABLE') throw failure;
        await new Promise((resolve) => setTimeout(resolve, REOPENING_MS).unref()); // from where it was
        continue;
      }
      if (last < this.head) continue;
      if (signal.aborted) return; // it will not be told again
      const aborted = deferred();
      const abort = () => aborted.resolve();
      signal.addEventListener('abort', abort, { once: true });
      await Promise.race([grown, aborted.promise]);
      signal.removeEventListener('abort', abort);
    }
  }
}
