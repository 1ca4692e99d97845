import { canonicalName } from '../domain/account.ts';
import type { FileListing } from '../domain/file-listing.ts';
import { foldForSearch } from '../domain/text.ts';
import { keys, prefixRange } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import type { RecordOf } from './journal-records.ts';
import type { Projection } from './projection.ts';

export interface StoredListing extends FileListing {
  readonly seq: number;
}

export interface ListingChange {
  readonly type: 'listing';
  readonly change: 'published' | 'unpublished';
  readonly listing: StoredListing;
}

export interface ListingDelta {
  readonly seq: number;
  readonly change: ListingChange['change'];
  readonly listing: FileListing;
}

/** Published files, by member, by folded name and by last change. Nothing is kept in memory. */
export class ListingsProjection implements Projection {
  readonly handlers = {
    'files.published': (record: RecordOf<'files.published'>, writes: WriteBatch) => this.#onPublished(record, writes),
    'files.unpublished': (record: RecordOf<'files.unpublished'>, writes: WriteBatch) =>
      this.#onUnpublished(record, writes),
  };

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  countOf(member: string): number {
    return this.#store.read<number>(keys.listingCount(canonicalName(member))) ?? 0;
  }

  get(member: string, name: string): StoredListing | undefined {
    return this.#store.read<StoredListing>(keys.listing(canonicalName(member), name));
  }

  /**
   * A member's listings by name.
   * @param after only names after this one
   */
  async *ofMember(member: string, after?: string): AsyncGenerator<StoredListing> {
    const owner = canonicalName(member);
    const { gte, lt } = prefixRange(keys.listings(owner));
    const range = after === undefined ? { gte, lt } : { gt: keys.listing(owner, after), lt };
    for await (const [, text] of this.#store.range(range, 200)) yield JSON.parse(text) as StoredListing;
  }

  async *withFoldedName(name: string): AsyncGenerator<StoredListing> {
    for await (const key of this.#store.keysOf(prefixRange(keys.listingNames(foldForSearch(name))))) {
      const [, , , owner, own] = key.split('/') as [string, string, string, string, string];
      const listing = this.get(owner, own);
      if (listing) yield listing;
    }
  }

  /** Listed names in the order of their folded forms, from `from` on, each as one member wrote it. */
  async *names(from = ''): AsyncGenerator<string> {
    const { lt } = prefixRange('listing/n/');
    let last: string | undefined;
    for await (const key of this.#store.keysOf({ gte: `listing/n/${from}`, lt })) {
      const [, , folded, , name] = key.split('/') as [string, string, string, string, string];
      if (folded !== last) yield name;
      last = folded;
    }
  }

  /**
   * Listings published or removed after `seq`, in the order of their last changes. A listing that changes again during
   * the read is left out: it comes later.
   * @param head leave out changes after this sequence number
   */
  async *changedAfter(seq: number, head: number): AsyncGenerator<ListingDelta> {
    const range = { gt: keys.listingChange(seq), lte: keys.listingChange(head) };
    for await (const [key, text] of this.#store.range(range, 200)) {
      const at = Number(key.slice(-16));
      const changed = JSON.parse(text) as string | FileListing;
      if (typeof changed !== 'string') {
        yield { seq: at, change: 'unpublished', listing: changed };
        continue;
      }
      const listing = this.#store.read<StoredListing>(changed);
      if (listing?.seq === at) yield { seq: at, change: 'published', listing: toFileListing(listing) };
    }
  }

  #onPublished(record: RecordOf<'files.published'>, writes: WriteBatch): ListingChange[] {
    const { member, name, size, hash, modified, description, key: peer, unencrypted, at, seq } = record;
    const owner = canonicalName(member);
    const key = keys.listing(owner, name);
    const before = writes.read<StoredListing>(key);
    if (before) {
      writes.delete(keys.listingChange(before.seq));
    } else {
      const removedSeq = writes.read<number>(keys.unlisted(owner, name));
      if (removedSeq !== undefined) {
        writes.delete(keys.listingChange(removedSeq));
        writes.delete(keys.unlisted(owner, name));
      }
      writes.write(keys.listingCount(owner), (writes.read<number>(keys.listingCount(owner)) ?? 0) + 1);
      writes.write(keys.listingName(foldForSearch(name), owner, name), 1);
    }
    const source = unencrypted ? { key: peer, unencrypted } : { key: peer };
    const listing: StoredListing = { member, name, size, hash, modified, description, ...source, at, seq };
    writes.write(key, listing);
    writes.write(keys.listingChange(seq), key);
    return [{ type: 'listing', change: 'published', listing }];
  }

  #onUnpublished({ member, name, seq }: RecordOf<'files.unpublished'>, writes: WriteBatch): ListingChange[] {
    const owner = canonicalName(member);
    const key = keys.listing(owner, name);
    const listing = writes.read<StoredListing>(key);
    if (!listing) return []; // removed twice at the same time, or its record was lost (goldctl repair)
    writes.delete(key);
    writes.delete(keys.listingName(foldForSearch(name), owner, name));
    writes.write(keys.listingCount(owner), (writes.read<number>(keys.listingCount(owner)) ?? 1) - 1);
    writes.delete(keys.listingChange(listing.seq));
    writes.write(keys.listingChange(seq), toFileListing(listing));
    writes.write(keys.unlisted(owner, name), seq);
    return [{ type: 'listing', change: 'unpublished', listing }];
  }
}

export function toFileListing({ seq: _, ...listing }: StoredListing): FileListing {
  return listing;
}
