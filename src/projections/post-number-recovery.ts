import { canonicalName } from '../domain/account.ts';
import type { JournalRecord } from '../engine/types.ts';
import { keys, prefixRange } from '../store/keys.ts';
import { readSkippingCorruption } from '../store/read-skipping-corruption.ts';
import type { Store } from '../store/store.ts';
import type { RecordOf } from './journal-records.ts';
import { readCount } from './journal-scan.ts';

/** A post or direct message of the read model: its number and the record that created it. */
interface NumberedRow {
  readonly number: number;
  readonly seq: number;
  readonly text: string;
}

/**
 * The numbers of posts or direct messages that the read model still knows although their records are lost. Must be read
 * in ascending order of sequence numbers.
 */
class RowCursor {
  readonly #rows: AsyncGenerator<NumberedRow>;
  #next: NumberedRow | undefined;
  #isStarted = false;

  constructor(rows: AsyncGenerator<NumberedRow>) {
    this.#rows = rows;
  }

  async rowAt(seq: number): Promise<NumberedRow | undefined> {
    while (!this.#isStarted || (this.#next && this.#next.seq < seq)) {
      this.#isStarted = true;
      const step = await this.#rows.next();
      this.#next = step.done ? undefined : step.value;
    }
    return this.#next?.seq === seq ? this.#next : undefined;
  }

  async close(): Promise<void> {
    await this.#rows.return(undefined);
  }
}

/** Numbers rise with sequence numbers, so a row that does not is damaged. */
async function* monotonic(rows: AsyncIterable<NumberedRow>): AsyncGenerator<NumberedRow> {
  let last = { number: 0, seq: 0 };
  for await (const row of rows) {
    if (!Number.isSafeInteger(row.seq) || row.number <= last.number || row.seq <= last.seq) continue;
    if (row.number > row.seq) continue; // each has a record of its own
    yield row;
    last = row;
  }
}

async function* readPostRows(store: Store): AsyncGenerator<NumberedRow> {
  for await (const [key, text] of readSkippingCorruption(store, prefixRange('p/'))) {
    const post = parseObject(text) as { first?: number; seq?: number } | undefined;
    yield { number: Number(key.slice(-12)), seq: post?.first ?? post?.seq ?? Number.NaN, text };
  }
}

async function* readMessageRows(store: Store): AsyncGenerator<NumberedRow> {
  for await (const [key, text] of readSkippingCorruption(store, prefixRange('h/'))) {
    yield { number: Number(key.slice(-12)), seq: Number(text), text };
  }
}

/** Recovers how many posts and direct messages existed before a lost record. */
export class PostNumberRecovery {
  readonly #store: Store;
  readonly #posts: RowCursor;

  constructor(store: Store) {
    this.#store = store;
    this.#posts = new RowCursor(monotonic(readPostRows(store)));
  }

  /**
   * Counters to store at lost sequence numbers so that later posts keep their numbers, by sequence number.
   * @param journal all slots, in order
   * @param totals lower bounds of the total counts
   */
  static async findCounters(
    store: Store,
    journal: AsyncIterable<{ readonly seq: number; readonly record?: JournalRecord }>,
    totals: { readonly posts: number; readonly messages: number },
  ): Promise<Map<number, { posts?: number; messages?: number }>> {
    const counts = new Map<number, { posts?: number; messages?: number }>();
    const kinds = [
      {
        field: 'posts',
        kind: 'forum.posted',
        rows: new RowCursor(monotonic(readPostRows(store))),
        total: totals.posts,
      },
      {
        field: 'messages',
        kind: 'message.sent',
        rows: new RowCursor(monotonic(readMessageRows(store))),
        total: totals.messages,
      },
    ] as const;
    // The last lost slot so far, and the number of records after it whose number is unknown.
    const open = kinds.map(() => ({ lost: undefined as number | undefined, nameless: 0 }));
    const put = (which: number, value: number) => {
      const { lost } = open[which]!;
      if (lost !== undefined && value > 0) counts.set(lost, { ...counts.get(lost), [kinds[which]!.field]: value });
      open[which] = { lost: undefined, nameless: 0 };
    };
    for await (const { seq, record } of journal) {
      for (const [which, { kind, rows }] of kinds.entries()) {
        const row = await rows.rowAt(seq);
        // A lost post that the read model has is written again. A lost direct message is not, but counts.
        if (row && (record?.kind === kind || (!record && kind === 'forum.posted'))) {
          put(which, row.number - 1 - open[which]!.nameless);
        } else if (!record) {
          open[which] = { lost: seq, nameless: 0 };
        } else if (record.kind === kind && !isRepeatedPost(store, record)) {
          open[which]!.nameless += 1;
        }
      }
    }
    for (const [which, { rows, total }] of kinds.entries()) {
      put(which, total - open[which]!.nameless);
      await rows.close();
    }
    return counts;
  }

  /** Restores a lost `forum.posted` record, if possible with its original text. Call in ascending order. */
  async recoverPost(seq: number): Promise<RecordOf<'forum.posted'> | undefined> {
    const row = await this.#posts.rowAt(seq);
    const post = row && (parseObject(row.text) as Record<string, unknown> | undefined);
    if (!row || !post) return undefined;
    const first = parseObject(this.#readText(keys.revision(row.number, seq))) as { text?: unknown } | undefined;
    const text = first?.text ?? post.text;
    const { at, member, topic, replyTo } = post;
    if (![text, member, topic].every((one) => typeof one === 'string') || !Number.isFinite(at)) return undefined;
    if (replyTo !== null && !Number.isSafeInteger(replyTo)) return undefined;
    return { seq, kind: 'forum.posted', at, member, text, topic, replyTo } as RecordOf<'forum.posted'>;
  }

  async close(): Promise<void> {
    await this.#posts.close();
  }

  #readText(key: string): string | undefined {
    try {
      return this.#store.get(key);
    } catch {
      return undefined; // unreadable is treated as missing
    }
  }
}

/** Sent twice at the same time: the second record has no number of its own. */
function isRepeatedPost(store: Store, record: JournalRecord): boolean {
  if (typeof record.clientId !== 'string') return false;
  if (record.kind !== 'forum.posted' || typeof record.member !== 'string') return false;
  const number = readCount(store, keys.clientPost(canonicalName(record.member), record.clientId));
  if (number === 0) return false;
  try {
    const post = store.read<{ first?: number; seq: number }>(keys.post(number));
    return post !== undefined && (post.first ?? post.seq) < record.seq;
  } catch {
    return false;
  }
}

function parseObject(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
