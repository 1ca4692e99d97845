import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import type { Journal } from '../engine/types.ts';
import type { RecordKind, RecordOf } from '../projections/journal-records.ts';

/** By record kind: the member who was signed in when the record was written; undefined if there may have been none. */
const SIGNED_IN_MEMBER: { readonly [K in RecordKind]?: (record: RecordOf<K>) => string | undefined } = {
  'session.opened': ({ name }) => name,
  'account.password': ({ name, passwordFrom }) => (passwordFrom === 'import' ? undefined : name),
  'account.rehashed': ({ name }) => name,
  'forum.posted': ({ member }) => member,
  'forum.edited': ({ by }) => by,
  'forum.deleted': ({ by }) => by,
  'forum.marked': ({ member }) => member,
  'message.sent': ({ from }) => from,
  'message.marked': ({ member }) => member,
  'files.published': ({ member }) => member,
  'files.unpublished': ({ member }) => member,
};
const SIGNED_IN_MEMBER_BY_KIND = new Map(Object.entries(SIGNED_IN_MEMBER) as [string, (record: never) => unknown][]);

/**
 * Which accounts were ever used, according to all records of the journal. The read model does not know: earlier
 * versions did not record sign-ins of legacy clients, and a voided token leaves no trace in it. The journal is read
 * once, at the first query.
 */
export class AccountUsage {
  readonly #journal: Pick<Journal, 'follow' | 'head'>;
  readonly #used = new Set<string>();
  #lastSeq = 0;
  #reading: Promise<void> | undefined;

  constructor(journal: Pick<Journal, 'follow' | 'head'>) {
    this.#journal = journal;
  }

  /**
   * Whether a record in the journal shows that somebody was signed in to the account.
   * @throws AppError NOT_AVAILABLE when the engine stops meanwhile, STORE_FAILED
   */
  async isUsed(name: string): Promise<boolean> {
    const head = this.#journal.head();
    while (this.#lastSeq < head) {
      this.#reading ??= this.#read(head).finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#used.has(canonicalName(name));
  }

  async #read(head: number): Promise<void> {
    for await (const record of this.#journal.follow(this.#lastSeq, new AbortController().signal)) {
      const member = SIGNED_IN_MEMBER_BY_KIND.get(record.kind)?.(record as never);
      if (typeof member === 'string') this.#used.add(canonicalName(member));
      this.#lastSeq = record.seq;
      if (record.seq >= head) return;
    }
    throw new AppError('NOT_AVAILABLE', 'The daemon is stopping.');
  }
}
