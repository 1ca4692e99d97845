import { nameKey } from '../domain/name.ts';
import type { JournalRecord } from '../engine/contract.ts';
import { keys, within } from '../store/keys.ts';
import { salvage } from '../store/salvage.ts';
import type { Store } from '../store/store.ts';
import { counted } from './places.ts';
import type { RecordOf } from './records.ts';

/** A post or direct message as the view had it: its number, and the record that it came with. */
interface Row {
  readonly number: number;
  readonly seq: number;
  readonly text: string;
}

/**
 * What a view still knows of the numbers of posts or direct messages whose records are lost. Asked for places of the
 * journal in their order.
 */
class Rows {
  readonly #rows: AsyncGenerator<Row>;
  #next: Row | undefined;
  #begun = false;

  constructor(rows: AsyncGenerator<Row>) {
    this.#rows = rows;
  }

  async at(seq: number): Promise<Row | undefined> {
    while (!this.#begun || (this.#next && this.#next.seq < seq)) {
      this.#begun = true;
      const step = await this.#rows.next();
      this.#next = step.done ? undefined : step.value;
    }
    return this.#next?.seq === seq ? this.#next : undefined;
  }

  async end(): Promise<void> {
    await this.#rows.return(undefined);
  }
}

/** Numbers rise with the places of the journal: a row that does not fit in is damaged. */
async function* rising(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
  let last = { number: 0, seq: 0 };
  for await (const row of rows) {
    if (!Number.isSafeInteger(row.seq) || row.number <= last.number || row.seq <= last.seq) continue;
    if (row.number > row.seq) continue; // each came with a record of its own
    yield row;
    last = row;
  }
}

async function* postRows(store: Store): AsyncGenerator<Row> {
  for await (const [key, text] of salvage(store, within('p/'))) {
    const post = parsed(text) as { first?: number; seq?: number } | undefined;
    yield { number: Number(key.slice(-12)), seq: post?.first ?? post?.seq ?? Number.NaN, text };
  }
}

async function* messageRows(store: Store): AsyncGenerator<Row> {
  for await (const [key, text] of salvage(store, within('h/'))) {
    yield { number: Number(key.slice(-12)), seq: Number(text), text };
  }
}

/** For places without a record: how many posts and direct messages there had been by then. */
export class Numbering {
  readonly #store: Store;
  readonly #posts: Rows;

  constructor(store: Store) {
    this.#store = store;
    this.#posts = new Rows(rising(postRows(store)));
  }

  /**
   * Counts to be put at lost places, by seq: where they stand, all behind them get the numbers that they had.
   * @param journal all places, in order
   * @param totals at least so many there were in all
   */
  static async counts(
    store: Store,
    journal: AsyncIterable<{ readonly seq: number; readonly record?: JournalRecord }>,
    totals: { readonly posts: number; readonly messages: number },
  ): Promise<Map<number, { posts?: number; messages?: number }>> {
    const counts = new Map<number, { posts?: number; messages?: number }>();
    const kinds = [
      { field: 'posts', kind: 'forum.posted', rows: new Rows(rising(postRows(store))), total: totals.posts },
      { field: 'messages', kind: 'message.sent', rows: new Rows(rising(messageRows(store))), total: totals.messages },
    ] as const;
    // The last place lost before what comes, and how many came since whose number nobody knows.
    const open = kinds.map(() => ({ lost: undefined as number | undefined, nameless: 0 }));
    const put = (which: number, value: number) => {
      const { lost } = open[which]!;
      if (lost !== undefined && value > 0) counts.set(lost, { ...counts.get(lost), [kinds[which]!.field]: value });
      open[which] = { lost: undefined, nameless: 0 };
    };
    for await (const { seq, record } of journal) {
      for (const [which, { kind, rows }] of kinds.entries()) {
        const row = await rows.at(seq);
        // A lost post that the view has is written again; a lost direct message is not, but counts.
        if (row && (record?.kind === kind || (!record && kind === 'forum.posted'))) {
          put(which, row.number - 1 - open[which]!.nameless);
        } else if (!record) {
          open[which] = { lost: seq, nameless: 0 };
        } else if (record.kind === kind && !repeats(store, record)) {
          open[which]!.nameless += 1;
        }
      }
    }
    for (const [which, { rows, total }] of kinds.entries()) {
      put(which, total - open[which]!.nameless);
      await rows.end();
    }
    return counts;
  }

  /** A lost `forum.posted` as the view tells it: what it said at first, where that is known. Asked in order of places. */
  async post(seq: number): Promise<RecordOf<'forum.posted'> | undefined> {
    const row = await this.#posts.at(seq);
    const post = row && (parsed(row.text) as Record<string, unknown> | undefined);
    if (!row || !post) return undefined;
    const first = parsed(this.#text(keys.revision(row.number, seq))) as { text?: unknown } | undefined;
    const text = first?.text ?? post.text;
    const { at, member, topic, replyTo } = post;
    if (![text, member, topic].every((one) => typeof one === 'string') || !Number.isFinite(at)) return undefined;
    if (replyTo !== null && !Number.isSafeInteger(replyTo)) return undefined;
    return { seq, kind: 'forum.posted', at, member, text, topic, replyTo } as RecordOf<'forum.posted'>;
  }

  async end(): Promise<void> {
    await this.#posts.end();
  }

  #text(key: string): string | undefined {
    try {
      return this.#store.get(key);
    } catch {
      return undefined; // what cannot be read is as good as missing here
    }
  }
}

/** Sent twice at the same time: the second one has no number of its own. */
function repeats(store: Store, record: JournalRecord): boolean {
  if (typeof record.clientId !== 'string') return false;
  if (record.kind !== 'forum.posted' || typeof record.member !== 'string') return false;
  const number = counted(store, keys.clientPost(nameKey(record.member), record.clientId));
  if (number === 0) return false;
  try {
    const post = store.read<{ first?: number; seq: number }>(keys.post(number));
    return post !== undefined && (post.first ?? post.seq) < record.seq;
  } catch {
    return false;
  }
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
