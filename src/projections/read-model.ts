import type { Change, JournalRecord, Projector } from '../engine/types.ts';
import { keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import { type AccountChange, AccountsProjection } from './accounts.ts';
import { type AddressBanChange, AddressBansProjection } from './address-bans.ts';
import type { RecordOf } from './journal-records.ts';
import { type ListingChange, ListingsProjection } from './listings.ts';
import { type MessageChange, MessagesProjection } from './messages.ts';
import { type PostChange, PostsProjection } from './posts.ts';
import type { Projection } from './projection.ts';
import type { QuotesChange } from './quote-changes.ts';
import { QuotesProjection } from './quotes.ts';
import { SearchIndex } from './search-index.ts';

export type ReadModelChange =
  | AccountChange
  | AddressBanChange
  | ListingChange
  | MessageChange
  | PostChange
  | QuotesChange;

export type ChangeListener = (change: ReadModelChange, seq: number) => void;

/**
 * Everything derived from the journal: large data in LevelDB, hot data in memory (latest quotes, instruments,
 * accounts). Only `project` and `applyCommitted` change them.
 */
export class ReadModel implements Projector {
  readonly quotes: QuotesProjection;
  readonly accounts: AccountsProjection;
  readonly addressBans: AddressBansProjection;
  readonly posts: PostsProjection;
  readonly searchIndex: SearchIndex;
  readonly messages: MessagesProjection;
  readonly listings: ListingsProjection;
  readonly #projections: readonly Projection[];
  readonly #handlers = new Map<string, (record: never, writes: WriteBatch) => readonly Change[]>();
  readonly #onCommitted = new Map<string, ((change: never) => void)[]>();
  readonly #listeners = new Set<ChangeListener>();

  constructor(store: Store) {
    this.quotes = new QuotesProjection(store);
    this.accounts = new AccountsProjection(store);
    this.addressBans = new AddressBansProjection(store);
    this.posts = new PostsProjection(store);
    this.searchIndex = new SearchIndex(store, this.posts);
    this.messages = new MessagesProjection(store);
    this.listings = new ListingsProjection(store);
    const { quotes, accounts, addressBans, posts, searchIndex, messages, listings } = this;
    this.#projections = [quotes, accounts, addressBans, posts, searchIndex, messages, listings];
    for (const { handlers, onCommitted = {} } of this.#projections) {
      for (const [kind, handler] of Object.entries(handlers)) this.#handlers.set(kind, handler);
      for (const [type, handler] of Object.entries(onCommitted)) {
        this.#onCommitted.set(type, [...(this.#onCommitted.get(type) ?? []), handler]);
      }
    }
    this.#handlers.set('lost', projectLost);
    this.#handlers.set('void', () => []);
  }

  async load(): Promise<void> {
    for (const projection of this.#projections) await projection.load?.();
  }

  project(record: JournalRecord, writes: WriteBatch): readonly Change[] {
    const handler = this.#handlers.get(record.kind);
    if (!handler) throw new Error(`no projection for records of kind ${record.kind}`);
    return handler(record as never, writes);
  }

  applyCommitted(record: JournalRecord, changes: readonly Change[]): void {
    for (const change of changes as readonly ReadModelChange[]) {
      for (const handler of this.#onCommitted.get(change.type) ?? []) handler(change as never);
      for (const listener of this.#listeners) listener(change, record.seq);
    }
  }

  /** Calls the listener with each durable change, in journal order. Returns a function that removes it. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function projectLost({ posts, messages }: RecordOf<'lost'>, writes: WriteBatch): Change[] {
  if (posts !== undefined && posts > (writes.read<number>(keys.posts) ?? 0)) writes.write(keys.posts, posts);
  if (messages !== undefined && messages > (writes.read<number>(keys.messages) ?? 0)) {
    writes.write(keys.messages, messages);
  }
  return [];
}
