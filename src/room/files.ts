import { distance } from 'fastest-levenshtein';
import { Failure } from '../domain/failure.ts';
import { fold, plain } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';
import { type Listed, type Listing, parseDescription, parseFileName } from '../domain/listing.ts';
import { nameKey } from '../domain/name.ts';
import { normalForm } from '../domain/normal-form.ts';
import type { Journal } from '../engine/contract.ts';
import { shown } from '../view/listings.ts';
import type { View } from '../view/view.ts';
import { append } from './append.ts';
import { type Attendant, GIVES_FILES, newestPeer, type Presence } from './presence.ts';
import type { Afar } from './roll.ts';
import type { WriteQuota } from './write-quota.ts';

export interface NewListing {
  readonly name: string;
  readonly size: number;
  readonly hash: string;
  readonly modified: Instant;
  readonly description?: string | undefined;
  /** Of the peer that serves it. */
  readonly key: string;
  /** An old client serves it. */
  readonly unencrypted?: true;
}

/** Where a file can be had. */
export interface Source extends Omit<Listing, 'at'> {
  /** Null where the peer is not there, or came by the control socket. */
  readonly address: string | null;
  readonly port: number | null;
  /** Where an old client that is there gives it by plain TCP. */
  readonly tcpPort?: number;
}

export interface Discovery {
  readonly member?: string | undefined;
  readonly text?: string | undefined;
  readonly cursor?: string | undefined;
}

const PAGE = 200;
/** Listings, and members, that one call looks at: a rare text is searched for over several. */
const LOOKED_AT = 2000;
const SOURCES = 200;
/** Listings of one name that are weighed against one another. */
const NAMESAKES = 1000;
/** Names that are compared with one that nobody lists. */
const COMPARED = 1000;
const SUGGESTIONS = 3;
/** Of longer names, it is only looked whether the one stands in the other. */
const MISTYPED_CHARACTERS = 64;

/** The files that members offer to one another: what they are and who has them, never what is in them. */
export class Files {
  readonly #journal: Journal;
  readonly #view: View;
  readonly #presence: Pick<Presence, 'connections' | 'names'>;
  readonly #now: () => Instant;
  readonly #quota: WriteQuota | undefined;
  /** Listings of one member at most. */
  listings: number;
  /** New listings of a member on their way to the journal. */
  readonly #underWay = new Map<string, Set<{ readonly name: string }>>();

  /** @param room.listings that one member may have */
  constructor(room: {
    journal: Journal;
    view: View;
    presence: Pick<Presence, 'connections' | 'names'>;
    now: () => Instant;
    listings: number;
    quota?: WriteQuota;
  }) {
    this.#quota = room.quota;
    this.#journal = room.journal;
    this.#view = room.view;
    this.#presence = room.presence;
    this.#now = room.now;
    this.listings = room.listings;
  }

  /**
   * Lists a file, or lists it anew. Where nothing differs from what is listed, nothing is noted.
   * @param address where the member is connected from; left out for the control socket
   * @returns seq of the record that lists it
   * @throws Failure INVALID_REQUEST, TOO_LARGE, TOO_MANY_REQUESTS, NOT_AVAILABLE
   */
  async publish(
    member: string,
    { name: given, description: told = '', ...rest }: NewListing,
    address?: string,
  ): Promise<number> {
    const name = parseFileName(given);
    const description = parseDescription(told);
    const { size, hash, modified, key, unencrypted } = rest;
    const before = this.#view.listings.get(member, name);
    if (
      before?.size === size &&
      before.hash === hash &&
      before.modified === modified &&
      before.description === description &&
      before.key === key
    ) {
      return before.seq;
    }
    const owner = nameKey(member);
    const underWay = this.#underWay.get(owner) ?? new Set();
    // The view has what was written before its author hears of it: such a listing counts once.
    const unlisted = [...underWay].filter((each) => !this.#view.listings.get(member, each.name)).length;
    if (!before && this.#view.listings.count(member) + unlisted >= this.listings) {
      throw new Failure(
        'TOO_LARGE',
        `A member lists ${this.listings} files at most. Take one off the list, or offer a folder as one archive.`,
        { data: { limit: this.listings } },
      );
    }
    this.#quota?.record({ name: member, address }, name, description, hash, key);
    const listing = { name };
    this.#underWay.set(owner, underWay.add(listing));
    try {
      const fields = { member, name, size, hash, modified, description, key, ...(unencrypted ? { unencrypted } : {}) };
      return (await append(this.#journal, 'files.published', this.#now(), fields)).seq;
    } finally {
      underWay.delete(listing);
      if (underWay.size === 0) this.#underWay.delete(owner);
    }
  }

  /** @throws Failure NO_SUCH_FILE, TOO_MANY_REQUESTS, NOT_AVAILABLE */
  async unpublish(member: string, given: string, address?: string): Promise<void> {
    const name = normalForm(given);
    if (!this.#view.listings.get(member, name)) {
      throw new Failure('NO_SUCH_FILE', `You list no file "${plain(given).slice(0, 255)}".`, {
        data: { field: 'name' },
      });
    }
    this.#quota?.record({ name: member, address }, name);
    await append(this.#journal, 'files.unpublished', this.#now(), { member, name });
  }

  /**
   * A page of what is offered: by the members who are there, or by one, there or not.
   * @throws Failure NO_SUCH_ACCOUNT
   */
  async discover({ member, text, cursor }: Discovery): Promise<{ listings: Listing[]; cursor: string | null }> {
    const owners = member === undefined ? this.#presence.names() : [nameKey(this.#account(member))];
    const wanted = text === undefined ? '' : fold(text);
    const from = cursor === undefined ? undefined : placeOf(cursor);
    const listings: Listing[] = [];
    let looked = 0;
    for (const owner of owners) {
      if (from && owner < from.owner) continue;
      if (looked >= LOOKED_AT) return { listings, cursor: `${owner}/` };
      looked += 1;
      if (this.#view.listings.count(owner) === 0) continue;
      for await (const listing of this.#view.listings.of(owner, from?.owner === owner ? from.name : undefined)) {
        if (wanted === '' || fold(listing.name).includes(wanted) || fold(listing.description).includes(wanted)) {
          listings.push(this.seen(shown(listing)));
        }
        looked += 1;
        if (listings.length === PAGE || looked >= LOOKED_AT) return { listings, cursor: `${owner}/${listing.name}` };
      }
    }
    return { listings, cursor: null };
  }

  /**
   * Who offers a file of that name; where nobody does, one of the same folded name. The same content stands together,
   * what can be had now before what cannot, and what old clients serve last.
   * @throws Failure NO_SUCH_FILE with the nearest names as `suggestions`
   */
  async find(text: string): Promise<Source[]> {
    const name = normalForm(text);
    const alike: Source[] = [];
    const exact: Source[] = [];
    for await (const listing of this.#view.listings.named(name)) {
      (listing.name === name ? exact : alike).push(this.#source(shown(listing)));
      if (exact.length + alike.length === NAMESAKES) break;
    }
    const sources = exact.length > 0 ? exact : alike;
    if (sources.length > 0) return grouped(sources).slice(0, SOURCES);
    const suggestions = await this.#nearest(name);
    const hint = suggestions.length > 0 ? ` Did you mean ${suggestions.join(', ')}?` : '';
    throw new Failure('NO_SUCH_FILE', `Nobody lists a file "${plain(text).slice(0, 255)}".${hint}`, {
      data: { field: 'name', suggestions },
    });
  }

  /** The old clients that are there and give a file of exactly this name, by plain TCP. */
  async givers(text: string): Promise<Source[]> {
    const name = normalForm(text);
    const givers: Source[] = [];
    for await (const listing of this.#view.listings.named(name)) {
      if (listing.name !== name || !listing.unencrypted) continue;
      const source = this.#source(shown(listing));
      if (source.online) givers.push(source);
      if (givers.length === SOURCES) break;
    }
    return givers;
  }

  /** A listing as members see it now. */
  seen(listing: Listed): Listing {
    return { ...listing, online: this.#server(listing) !== undefined };
  }

  #source({ at: _, ...listing }: Listed): Source {
    const connection = this.#server(listing);
    const address = !connection || connection.local ? null : connection.address;
    const online = connection !== undefined;
    if (!listing.unencrypted) return { ...listing, address, port: connection?.peer?.port ?? null, online };
    const port = connection?.old?.port;
    return { ...listing, address, port: null, ...(port === undefined ? {} : { tcpPort: port }), online };
  }

  /** The connection of the peer that serves a file; undefined while it is not there. */
  #server({ member, key, unencrypted }: Omit<Listed, 'at'>): Attendant | Afar | undefined {
    const connections = this.#presence.connections(member);
    return unencrypted ? connections.findLast(({ old }) => old?.dialect === GIVES_FILES) : newestPeer(connections, key);
  }

  /** Names in which the text stands, or which differ from it in little. */
  async #nearest(text: string): Promise<string[]> {
    const folded = fold(text);
    if (folded === '') return [];
    const near: { name: string; away: number }[] = [];
    // All of them where they are not too many, and in any case those of the same first letter.
    for (const [from, sameLetter] of [
      ['', false],
      [[...folded][0]!, true],
    ] as const) {
      let left = COMPARED;
      for await (const name of this.#view.listings.names(from)) {
        const other = fold(name);
        if (left-- === 0 || (sameLetter && !other.startsWith(from))) break;
        const away = other.includes(folded) ? 0.5 : mistyped(folded, other);
        if (away !== undefined) near.push({ name, away });
      }
      if (left >= 0) break;
    }
    near.sort((a, b) => a.away - b.away || a.name.length - b.name.length);
    return [...new Set(near.map(({ name }) => name))].slice(0, SUGGESTIONS);
  }

  #account(name: string): string {
    const account = this.#view.accounts.byName(name);
    if (!account)
      throw new Failure('NO_SUCH_ACCOUNT', `User not found: there is no account "${plain(name).slice(0, 64)}".`);
    return account.name;
  }
}

/** By content: first what most have who are there. What old clients serve has no hash, and is last. */
function grouped(sources: readonly Source[]): Source[] {
  const groups = new Map<string, Source[]>();
  for (const source of sources) {
    const group = groups.get(source.hash);
    if (group) group.push(source);
    else groups.set(source.hash, [source]);
  }
  const there = (group: readonly Source[]) => group.filter(({ online }) => online).length;
  const plainLast = (group: readonly Source[]) => Number(group[0]!.unencrypted === true);
  return [...groups.values()]
    .sort((a, b) => plainLast(a) - plainLast(b) || there(b) - there(a) || b.length - a.length)
    .flatMap((group) => group.sort((a, b) => Number(b.online) - Number(a.online)));
}

/** In how many characters two names differ; undefined where they are too many to be meant for one another. */
function mistyped(one: string, other: string): number | undefined {
  const most = Math.max(2, one.length / 3);
  if (one.length > MISTYPED_CHARACTERS || Math.abs(one.length - other.length) > most) return undefined;
  const away = distance(one, other);
  return away <= most ? away : undefined;
}

/** What a cursor says: behind which listing to go on. */
function placeOf(cursor: string): { owner: string; name: string } {
  const at = cursor.indexOf('/');
  return at < 0 ? { owner: cursor, name: '' } : { owner: cursor.slice(0, at), name: cursor.slice(at + 1) };
}
