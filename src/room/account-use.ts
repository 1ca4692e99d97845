import { Failure } from '../domain/failure.ts';
import { nameKey } from '../domain/name.ts';
import type { Journal } from '../engine/contract.ts';
import type { Kind, RecordOf } from '../view/records.ts';

/** By kind: the member who was signed in when the record was written; undefined where that may have been nobody. */
const MEMBERS: { readonly [K in Kind]?: (record: RecordOf<K>) => string | undefined } = {
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
const MEMBER_OF = new Map(Object.entries(MEMBERS) as [string, (record: never) => unknown][]);

/**
 * Which accounts have been used, by every record of the journal. The view does not keep it: earlier versions recorded no
 * sign-in of an old client, and a token that is void leaves no trace there. The journal is read once, when the first
 * account is asked about.
 */
export class AccountUse {
  readonly #journal: Pick<Journal, 'follow' | 'head'>;
  readonly #used = new Set<string>();
  /** Seq of the last record that was read. */
  #seq = 0;
  #reading: Promise<void> | undefined;

  constructor(journal: Pick<Journal, 'follow' | 'head'>) {
    this.#journal = journal;
  }

  /**
   * Whether a record that is in the journal now tells that somebody was signed in to the account.
   * @throws Failure NOT_AVAILABLE when the engine stops meanwhile, STORE_FAILED
   */
  async isUsed(name: string): Promise<boolean> {
    const head = this.#journal.head();
    while (this.#seq < head) {
      this.#reading ??= this.#read(head).finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#used.has(nameKey(name));
  }

  async #read(head: number): Promise<void> {
    for await (const record of this.#journal.follow(this.#seq, new AbortController().signal)) {
      const member = MEMBER_OF.get(record.kind)?.(record as never);
      if (typeof member === 'string') this.#used.add(nameKey(member));
      this.#seq = record.seq;
      if (record.seq >= head) return;
    }
    throw new Failure('NOT_AVAILABLE', 'The daemon is stopping.');
  }
}
