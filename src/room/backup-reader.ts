import { AppError } from '../domain/app-error.ts';
import type { Journal } from '../engine/types.ts';

/** Characters of records per page: small enough for a reader not to fall behind. */
const MAX_PAGE_CHARS = 512 * 1024;

/** Reads a snapshot of the journal in pages while others write. */
export class BackupReader {
  readonly #journal: Journal;

  constructor(room: { journal: Journal }) {
    this.#journal = room.journal;
  }

  /**
   * Records after `after` as JSON, in order, up to `upTo` or the current head. At least one, if there is any.
   * @throws AppError INVALID_PARAMS for a sequence number beyond the head, NOT_AVAILABLE when the daemon stops
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
      throw new AppError('INVALID_PARAMS', `The journal ends at ${head}: it is not the one this backup started with.`, {
        data: { field: after > seq ? 'after' : 'upTo', seq: head },
      });
    }
    const records: string[] = [];
    let last = after;
    let size = 0;
    if (last < seq) {
      for await (const record of this.#journal.follow(after, new AbortController().signal)) {
        const text = JSON.stringify(record);
        // A record larger than a page is sent alone.
        if (records.length > 0 && size + text.length > MAX_PAGE_CHARS) break;
        records.push(text);
        size += text.length;
        last = record.seq;
        if (last === seq || size >= MAX_PAGE_CHARS) break;
      }
      if (records.length === 0) throw new AppError('NOT_AVAILABLE', 'The daemon is stopping.');
    }
    return { seq, records };
  }
}
