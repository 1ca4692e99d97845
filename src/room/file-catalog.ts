import { distance } from 'fastest-levenshtein';
import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { type FileListing, type FileListingEntry, parseDescription, parseFileName } from '../domain/file-listing.ts';
import { foldForSearch, sanitizeText } from '../domain/text.ts';
import type { EpochMs } from '../domain/time.ts';
import { normalizeUnicode } from '../domain/unicode-normalization.ts';
import { toFileListing } from '../projections/listings.ts';
import { appendNow, type RoomContext } from './append-to-journal.ts';
import type { Presence } from './presence.ts';
import { LEGACY_FILE_PROTOCOL, latestPeer, type PresenceConnection } from './presence-connection.ts';
import type { RemoteConnection } from './remote-presence.ts';
import type { WriteQuota } from './write-quota.ts';

export interface NewListing {
  readonly name: string;
  readonly size: number;
  readonly hash: string;
  readonly modified: EpochMs;
  readonly description?: string | undefined;
  readonly key: string;
  readonly unencrypted?: true;
}

/** A member from whom a file can be downloaded. */
export interface FileLocation extends Omit<FileListingEntry, 'at'> {
  /** Null if the peer is offline or connected through the control socket. */
  readonly address: string | null;
  readonly port: number | null;
  /** Port of an online legacy client that serves it over plain TCP. */
  readonly tcpPort?: number;
}

export interface FileLookup {
  readonly member?: string | undefined;
  readonly text?: string | undefined;
  readonly cursor?: string | undefined;
}

const PAGE_SIZE = 200;
/** Listings and members scanned per call. A search for a rare text takes several calls. */
const MAX_SCANNED = 2000;
const MAX_LOCATIONS = 200;
const MAX_SAME_NAME = 1000;
const MAX_COMPARED_NAMES = 1000;
const MAX_SUGGESTIONS = 3;
/** Longer names are only checked for containing the text. */
const MAX_FUZZY_LENGTH = 64;

/** The catalogue of published files: what they are and who has them, without their content. */
export class FileCatalog {
  readonly #room: RoomContext & { presence: Pick<Presence, 'connections' | 'names'>; quota?: WriteQuota };
  maxListings: number;
  readonly #pendingListings = new Map<string, Set<{ readonly name: string }>>();

  constructor(
    room: RoomContext & { presence: Pick<Presence, 'connections' | 'names'>; quota?: WriteQuota; listings: number },
  ) {
    this.#room = room;
    this.maxListings = room.listings;
  }

  /**
   * Publishes a file, or updates its listing. Writes nothing if nothing changed.
   * @param address of the member; undefined on the control socket
   * @returns sequence number of the record with the listing
   * @throws AppError INVALID_REQUEST, TOO_LARGE, TOO_MANY_REQUESTS, NOT_AVAILABLE
   */
  async publish(
    member: string,
    { name: rawName, description: rawDescription = '', ...rest }: NewListing,
    address?: string,
  ): Promise<number> {
    const name = parseFileName(rawName);
    const description = parseDescription(rawDescription);
    const { size, hash, modified, key, unencrypted } = rest;
    const before = this.#room.readModel.listings.get(member, name);
    if (
      before?.size === size &&
      before.hash === hash &&
      before.modified === modified &&
      before.description === description &&
      before.key === key
    ) {
      return before.seq;
    }
    const owner = canonicalName(member);
    const pending = this.#pendingListings.get(owner) ?? new Set();
    // The read model may already contain a pending listing, which must not be counted twice.
    const unlisted = [...pending].filter((each) => !this.#room.readModel.listings.get(member, each.name)).length;
    if (!before && this.#room.readModel.listings.countOf(member) + unlisted >= this.maxListings) {
      throw new AppError(
        'TOO_LARGE',
        `A member can publish at most ${this.maxListings} files. Unpublish one, or publish a folder as one archive.`,
        { data: { limit: this.maxListings } },
      );
    }
    this.#room.quota?.chargeRecord({ name: member, address }, name, description, hash, key);
    const listing = { name };
    this.#pendingListings.set(owner, pending.add(listing));
    try {
      const fields = { member, name, size, hash, modified, description, key, ...(unencrypted ? { unencrypted } : {}) };
      return (await appendNow(this.#room, 'files.published', fields)).seq;
    } finally {
      pending.delete(listing);
      if (pending.size === 0) this.#pendingListings.delete(owner);
    }
  }

  /** @throws AppError NO_SUCH_FILE, TOO_MANY_REQUESTS, NOT_AVAILABLE */
  async unpublish(member: string, rawName: string, address?: string): Promise<void> {
    const name = normalizeUnicode(rawName);
    if (!this.#room.readModel.listings.get(member, name)) {
      throw new AppError('NO_SUCH_FILE', `You have not published a file "${sanitizeText(rawName).slice(0, 255)}".`, {
        data: { field: 'name' },
      });
    }
    this.#room.quota?.chargeRecord({ name: member, address }, name);
    await appendNow(this.#room, 'files.unpublished', { member, name });
  }

  /**
   * A page of published files: those of online members, or those of one member, online or not.
   * @throws AppError NO_SUCH_ACCOUNT
   */
  async discover({
    member,
    text,
    cursor,
  }: FileLookup): Promise<{ listings: FileListingEntry[]; cursor: string | null }> {
    const { listings } = this.#room.readModel;
    const owners = member === undefined ? this.#room.presence.names() : [canonicalName(this.#accountName(member))];
    const wanted = text === undefined ? '' : foldForSearch(text);
    const from = cursor === undefined ? undefined : parseCursor(cursor);
    const entries: FileListingEntry[] = [];
    let scanned = 0;
    for (const owner of owners) {
      if (from && owner < from.owner) continue;
      if (scanned >= MAX_SCANNED) return { listings: entries, cursor: `${owner}/` };
      scanned += 1;
      if (listings.countOf(owner) === 0) continue;
      for await (const listing of listings.ofMember(owner, from?.owner === owner ? from.name : undefined)) {
        if ([listing.name, listing.description].some((each) => foldForSearch(each).includes(wanted))) {
          entries.push(this.withOnline(toFileListing(listing)));
        }
        scanned += 1;
        if (entries.length === PAGE_SIZE || scanned >= MAX_SCANNED)
          return { listings: entries, cursor: `${owner}/${listing.name}` };
      }
    }
    return { listings: entries, cursor: null };
  }

  /**
   * The members with a file of this name, or else of the same folded name. Identical content is grouped; available
   * files come before unavailable ones, those of legacy clients last.
   * @throws AppError NO_SUCH_FILE with the nearest names as `suggestions`
   */
  async find(text: string): Promise<FileLocation[]> {
    const name = normalizeUnicode(text);
    const similar: FileLocation[] = [];
    const exact: FileLocation[] = [];
    for await (const listing of this.#room.readModel.listings.withFoldedName(name)) {
      (listing.name === name ? exact : similar).push(this.#toLocation(toFileListing(listing)));
      if (exact.length + similar.length === MAX_SAME_NAME) break;
    }
    const sources = exact.length > 0 ? exact : similar;
    if (sources.length > 0) return groupByContent(sources).slice(0, MAX_LOCATIONS);
    const suggestions = await this.#suggestNames(name);
    const hint = suggestions.length > 0 ? ` Did you mean ${suggestions.join(', ')}?` : '';
    throw new AppError('NO_SUCH_FILE', `Nobody has published a file "${sanitizeText(text).slice(0, 255)}".${hint}`, {
      data: { field: 'name', suggestions },
    });
  }

  /** Online legacy clients that serve a file of exactly this name over plain TCP. */
  async legacyLocations(text: string): Promise<FileLocation[]> {
    const name = normalizeUnicode(text);
    const locations: FileLocation[] = [];
    for await (const listing of this.#room.readModel.listings.withFoldedName(name)) {
      if (listing.name !== name || !listing.unencrypted) continue;
      const source = this.#toLocation(toFileListing(listing));
      if (source.online) locations.push(source);
      if (locations.length === MAX_LOCATIONS) break;
    }
    return locations;
  }

  withOnline(listing: FileListing): FileListingEntry {
    return { ...listing, online: this.#servingConnection(listing) !== undefined };
  }

  #toLocation({ at: _, ...listing }: FileListing): FileLocation {
    const connection = this.#servingConnection(listing);
    const address = !connection || connection.local ? null : connection.address;
    const online = connection !== undefined;
    if (!listing.unencrypted) return { ...listing, address, port: connection?.peer?.port ?? null, online };
    const port = connection?.old?.port;
    return { ...listing, address, port: null, ...defined({ tcpPort: port }), online };
  }

  #servingConnection({
    member,
    key,
    unencrypted,
  }: Omit<FileListing, 'at'>): PresenceConnection | RemoteConnection | undefined {
    const connections = this.#room.presence.connections(member);
    return unencrypted
      ? connections.findLast(({ old }) => old?.dialect === LEGACY_FILE_PROTOCOL)
      : latestPeer(connections, key);
  }

  async #suggestNames(text: string): Promise<string[]> {
    const folded = foldForSearch(text);
    if (folded === '') return [];
    const near: { name: string; away: number }[] = [];
    // Compare all names if there are few, otherwise those with the same first letter.
    for (const [from, sameLetter] of [
      ['', false],
      [[...folded][0]!, true],
    ] as const) {
      let left = MAX_COMPARED_NAMES;
      for await (const name of this.#room.readModel.listings.names(from)) {
        const other = foldForSearch(name);
        if (left-- === 0 || (sameLetter && !other.startsWith(from))) break;
        const away = other.includes(folded) ? 0.5 : editDistance(folded, other);
        if (away !== undefined) near.push({ name, away });
      }
      if (left >= 0) break;
    }
    near.sort((a, b) => a.away - b.away || a.name.length - b.name.length);
    return [...new Set(near.map(({ name }) => name))].slice(0, MAX_SUGGESTIONS);
  }

  #accountName(name: string): string {
    const account = this.#room.readModel.accounts.byName(name);
    if (!account) throw new AppError('NO_SUCH_ACCOUNT', `There is no account "${sanitizeText(name).slice(0, 64)}".`);
    return account.name;
  }
}

/** Groups by content; that of the most online members comes first. Legacy files have no hash and come last. */
function groupByContent(sources: readonly FileLocation[]): FileLocation[] {
  const groups = new Map<string, FileLocation[]>();
  for (const source of sources) {
    const group = groups.get(source.hash);
    if (group) group.push(source);
    else groups.set(source.hash, [source]);
  }
  const onlineCount = (group: readonly FileLocation[]) => group.filter(({ online }) => online).length;
  const plainLast = (group: readonly FileLocation[]) => Number(group[0]!.unencrypted === true);
  return [...groups.values()]
    .sort((a, b) => plainLast(a) - plainLast(b) || onlineCount(b) - onlineCount(a) || b.length - a.length)
    .flatMap((group) => group.sort((a, b) => Number(b.online) - Number(a.online)));
}

/** Number of differing characters of two names; undefined if the names are too different. */
function editDistance(one: string, other: string): number | undefined {
  const maxDistance = Math.max(2, one.length / 3);
  if (one.length > MAX_FUZZY_LENGTH || Math.abs(one.length - other.length) > maxDistance) return undefined;
  const away = distance(one, other);
  return away <= maxDistance ? away : undefined;
}

function parseCursor(cursor: string): { owner: string; name: string } {
  const at = cursor.indexOf('/');
  return at < 0 ? { owner: cursor, name: '' } : { owner: cursor.slice(0, at), name: cursor.slice(at + 1) };
}
