import { AppError } from '../domain/app-error.ts';
import { deferred } from '../domain/deferred.ts';
import { sleep } from '../sleep.ts';
import { keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { JournalRecord } from './types.ts';

/** How often a follower checks whether a store that is being reopened is readable. */
const REOPEN_POLL_MS = 100;

/** Follows the records of a store, stored and future ones. The writer sets `head` and calls `notifyAppended`. */
export class RecordFollower {
  readonly #store: Store;
  head = 0;
  #isOpen = false;
  #appended = deferred();

  constructor(store: Store) {
    this.#store = store;
  }

  open(head: number): void {
    this.head = head;
    this.#isOpen = true;
  }

  notifyAppended(): void {
    const { resolve } = this.#appended;
    this.#appended = deferred();
    resolve();
  }

  close(): void {
    this.#isOpen = false;
    this.notifyAppended();
  }

  async *follow(seq: number, signal: AbortSignal): AsyncGenerator<JournalRecord> {
    let last = seq;
    while (this.#isOpen && !signal.aborted) {
      const appended = this.#appended.promise;
      try {
        for await (const [, text] of this.#store.range({ gt: keys.record(last), lte: keys.record(this.head) })) {
          if (signal.aborted) return;
          const record = JSON.parse(text) as JournalRecord;
          last = record.seq;
          yield record;
        }
      } catch (failure) {
        if (!this.#isOpen) return; // the store was closed during the read
        if (!(failure instanceof AppError) || failure.code !== 'NOT_AVAILABLE') throw failure;
        await sleep(REOPEN_POLL_MS, undefined, { ref: false }); // continue where it stopped
        continue;
      }
      if (last < this.head) continue;
      if (signal.aborted) return; // the abort event does not fire again
      const aborted = deferred();
      const abort = () => aborted.resolve();
      signal.addEventListener('abort', abort, { once: true });
      await Promise.race([appended, aborted.promise]);
      signal.removeEventListener('abort', abort);
    }
  }
}
