import type { Change, JournalRecord, Projector } from '../engine/contract.ts';
import type { Draft } from '../store/draft.ts';
import { keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { AccountsView } from './accounts.ts';
import { AddressBansView } from './address-bans.ts';
import { ListingsView } from './listings.ts';
import { MessagesView } from './messages.ts';
import { PostsView } from './posts.ts';
import { QuotesView } from './quotes.ts';
import type { Kind, RecordOf } from './records.ts';
import { WordIndex } from './words.ts';

/** What one noun makes of its records. A kind belongs to one part only. */
export interface Part {
  readonly kinds: { readonly [K in Kind]?: (record: RecordOf<K>, draft: Draft) => Change[] };
  load(): Promise<void>;
  committed(change: Change): void;
}

export type ChangeListener = (change: Change, seq: number) => void;

/**
 * Everything derived from the journal: LevelDB for what is much, memory for what is hot (latest quotes, instruments,
 * accounts). The only writer of both is `project`.
 */
export class View implements Projector {
  readonly quotes: QuotesView;
  readonly accounts: AccountsView;
  readonly addressBans: AddressBansView;
  readonly posts: PostsView;
  readonly words: WordIndex;
  readonly messages: MessagesView;
  readonly listings: ListingsView;
  readonly #parts: readonly Part[];
  readonly #projections = new Map<string, (record: never, draft: Draft) => Change[]>();
  readonly #listeners = new Set<ChangeListener>();

  constructor(store: Store) {
    this.quotes = new QuotesView(store);
    this.accounts = new AccountsView(store);
    this.addressBans = new AddressBansView(store);
    this.posts = new PostsView(store);
    this.words = new WordIndex(store, this.posts);
    this.messages = new MessagesView(store);
    this.listings = new ListingsView(store);
    this.#parts = [this.quotes, this.accounts, this.addressBans, this.posts, this.words, this.messages, this.listings];
    for (const part of this.#parts) {
      for (const [kind, projection] of Object.entries(part.kinds)) {
        this.#projections.set(kind, projection as (record: never, draft: Draft) => Change[]);
      }
    }
    this.#projections.set('lost', projectLost);
    this.#projections.set('void', () => []);
  }

  async load(): Promise<void> {
    for (const part of this.#parts) await part.load();
  }

  project(record: JournalRecord, draft: Draft): Change[] {
    const projection = this.#projections.get(record.kind);
    if (!projection) throw new Error(`no projection for records of kind ${record.kind}`);
    return projection(record as never, draft);
  }

  committed(record: JournalRecord, changes: readonly Change[]): void {
    for (const change of changes) {
      for (const part of this.#parts) part.committed(change);
      for (const listener of this.#listeners) listener(change, record.seq);
    }
  }

  /** Hears every change once it is durable, in the order of the journal. Returns how to stop listening. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function projectLost({ posts, messages }: RecordOf<'lost'>, draft: Draft): Change[] {
  if (posts !== undefined && posts > (draft.read<number>(keys.posts) ?? 0)) draft.write(keys.posts, posts);
  if (messages !== undefined && messages > (draft.read<number>(keys.messages) ?? 0)) {
    draft.write(keys.messages, messages);
  }
  return [];
}
