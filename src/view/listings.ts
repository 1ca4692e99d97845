import { fold } from '../domain/fold.ts';
import type { Listed } from '../domain/listing.ts';
import { nameKey } from '../domain/name.ts';
import type { Change } from '../engine/contract.ts';
import type { Draft } from '../store/draft.ts';
import { keys, within } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { RecordOf } from './records.ts';
import type { Part } from './view.ts';

/** A listing as it is stored. */
export interface StoredListing extends Listed {
  /** Seq of the record that listed it. */
  readonly seq: number;
}

export interface ListingChange extends Change {
  readonly type: 'listing';
  readonly change: 'published' | 'unpublished';
  /** As it is, or as it was. */
  readonly listing: StoredListing;
}

/** What became of a listing, by the last record about it. */
export interface Relisted {
  readonly seq: number;
  readonly change: ListingChange['change'];
  readonly listing: Listed;
}

/** The files that members offer: by member, by folded name, and by their last change. Nothing of it is in memory. */
export class ListingsView implements Part {
  readonly kinds = {
    'files.published': (record: RecordOf<'files.published'>, draft: Draft) => this.#published(record, draft),
    'files.unpublished': (record: RecordOf<'files.unpublished'>, draft: Draft) => this.#unpublished(record, draft),
  };

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {}

  committed(): void {}

  count(member: string): number {
    return this.#store.read<number>(keys.listingCount(nameKey(member))) ?? 0;
  }

  get(member: string, name: string): StoredListing | undefined {
    return this.#store.read<StoredListing>(keys.listing(nameKey(member), name));
  }

  /**
   * A member's listings by name.
   * @param after those behind that name
   */
  async *of(member: string, after?: string): AsyncGenerator<StoredListing> {
    const owner = nameKey(member);
    const { gte, lt } = within(keys.listings(owner));
    const range = after === undefined ? { gte, lt } : { gt: keys.listing(owner, after), lt };
    for await (const [, text] of this.#store.range(range, 200)) yield JSON.parse(text) as StoredListing;
  }

  /** Listings whose folded names are equal to this one's. */
  async *named(name: string): AsyncGenerator<StoredListing> {
    for await (const key of this.#store.keysOf(within(keys.listingNames(fold(name))))) {
      const [, , , owner, own] = key.split('/') as [string, string, string, string, string];
      const listing = this.get(owner, own);
      if (listing) yield listing;
    }
  }

  /** Names that are listed, each as one member wrote it, by their folded forms: those from `from` on. */
  async *names(from = ''): AsyncGenerator<string> {
    const { lt } = within('listing/n/');
    let last: string | undefined;
    for await (const key of this.#store.keysOf({ gte: `listing/n/${from}`, lt })) {
      const [, , folded, , name] = key.split('/') as [string, string, string, string, string];
      if (folded !== last) yield name;
      last = folded;
    }
  }

  /**
   * What was listed and taken off after `seq`, in the order of the last changes. One that is changed again while this
   * is read is left out: it comes after everything that was there.
   * @param head changes after it are left out too
   */
  async *changedAfter(seq: number, head: number): AsyncGenerator<Relisted> {
    const range = { gt: keys.listingChange(seq), lte: keys.listingChange(head) };
    for await (const [key, text] of this.#store.range(range, 200)) {
      const at = Number(key.slice(-16));
      const changed = JSON.parse(text) as string | Listed;
      if (typeof changed !== 'string') {
        yield { seq: at, change: 'unpublished', listing: changed };
        continue;
      }
      const listing = this.#store.read<StoredListing>(changed);
      if (listing?.seq === at) yield { seq: at, change: 'published', listing: shown(listing) };
    }
  }

  #published(record: RecordOf<'files.published'>, draft: Draft): Change[] {
    const { member, name, size, hash, modified, description, key: peer, unencrypted, at, seq } = record;
    const owner = nameKey(member);
    const key = keys.listing(owner, name);
    const before = draft.read<StoredListing>(key);
    if (before) {
      draft.delete(keys.listingChange(before.seq));
    } else {
      const gone = draft.read<number>(keys.unlisted(owner, name));
      if (gone !== undefined) {
        draft.delete(keys.listingChange(gone));
        draft.delete(keys.unlisted(owner, name));
      }
      draft.write(keys.listingCount(owner), (draft.read<number>(keys.listingCount(owner)) ?? 0) + 1);
      draft.write(keys.listingName(fold(name), owner, name), 1);
    }
    const served = unencrypted ? { key: peer, unencrypted } : { key: peer };
    const listing: StoredListing = { member, name, size, hash, modified, description, ...served, at, seq };
    draft.write(key, listing);
    draft.write(keys.listingChange(seq), key);
    return [{ type: 'listing', change: 'published', listing } satisfies ListingChange];
  }

  #unpublished({ member, name, seq }: RecordOf<'files.unpublished'>, draft: Draft): Change[] {
    const owner = nameKey(member);
    const key = keys.listing(owner, name);
    const listing = draft.read<StoredListing>(key);
    if (!listing) return []; // taken off twice at the same time, or lost (goldctl repair)
    draft.delete(key);
    draft.delete(keys.listingName(fold(name), owner, name));
    draft.write(keys.listingCount(owner), (draft.read<number>(keys.listingCount(owner)) ?? 1) - 1);
    draft.delete(keys.listingChange(listing.seq));
    draft.write(keys.listingChange(seq), shown(listing));
    draft.write(keys.unlisted(owner, name), seq);
    return [{ type: 'listing', change: 'unpublished', listing } satisfies ListingChange];
  }
}

/** A listing without what is the store's own. */
export function shown({ seq: _, ...listing }: StoredListing): Listed {
  return listing;
}
