import { Failure } from '../domain/failure.ts';
import type { Journal } from '../engine/contract.ts';

/** Characters of records in one page: what a reader takes in one piece without falling behind. */
const PAGE = 512 * 1024;

/** The journal as it was at one moment, read by the page while others write. */
export class Backup {
  readonly #journal: Journal;

  constructor(room: { journal: Journal }) {
    this.#journal = room.journal;
  }

  /**
   * Records after `after` as JSON, in order, up to `upTo` or to the head as it is now. At least one where there is any.
   * @throws Failure INVALID_PARAMS for a place that the journal does not have, NOT_AVAILABLE when the daemon ends
   */
  async page({
    after = 0,
    upTo,
  }: {
    after?: number | undefined;
    upTo?: number | undefined;
  }): Promise<{ seq: number; records: string[] }> {
    const head = this.#journal.head();
    const seq = upTo ?? head;
    if (seq > head || after > seq) {
      throw new Failure(
        'INVALID_PARAMS',
        `The journal ends at ${head}: it is not the one that the backup began with.`,
        {
          data: { field: after > seq ? 'after' : 'upTo', seq: head },
        },
      );
    }
    const records: string[] = [];
    let last = after;
    let size = 0;
    if (last < seq) {
      for await (const record of this.#journal.follow(after, new AbortController().signal)) {
        const text = JSON.stringify(record);
        // One that is longer than a page goes alone.
        if (records.length > 0 && size + text.length > PAGE) break;
        records.push(text);
        size += text.length;
        last = record.seq;
        if (last === seq || size >= PAGE) break;
      }
      if (records.length === 0) throw new Failure('NOT_AVAILABLE', 'The daemon is stopping.');
    }
    return { seq, records };
  }
}
