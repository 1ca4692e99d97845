import type { Instant } from '../domain/instant.ts';
import type { Market } from '../domain/instrument.ts';
import type { Role } from '../domain/name.ts';
import type { Quote, SeriesId } from '../domain/quote.ts';
import type { Unit } from '../domain/unit.ts';

/**
 * Every kind of record that the journal holds, with its fields. Records are for ever: a field may be added, none may
 * change its meaning.
 */
export interface Records {
  /**
   * A provider's whole answer. `quotes`: those whose price changed; `missing`: its series that were not in it;
   * `aliases`: further names of its series, as the source writes them.
   */
  'rates.received': {
    provider: string;
    quotes: Quote[];
    missing: SeriesId[];
    aliases?: [series: SeriesId, aliases: string[]][];
  };
  /**
   * Quotes of the past, of one series: `[at, buy, sell, checkedAt?, id?]`. `aliases`: further names of the series. There
   * may be no rows where only the aliases are new.
   */
  'rates.imported': {
    instrument: string;
    market: Market;
    provider: string;
    company: string;
    brand: string;
    currency: string;
    unit: Unit;
    aliases?: string[];
    rows: ImportedRow[];
  };
  /** The provider's own history is in the journal. */
  'rates.backfilled': { provider: string };
  /**
   * Of the records up to `through`, those are void that only confirmed what a later answer of their provider confirmed as
   * well.
   */
  'rates.compacted': { through: number; voids: number[] };
  /** `owner` holds while the room has none, or else makes a member. */
  'account.created': { name: string; role: Role; password: PasswordHash; passwordFrom?: PasswordSource };
  'account.password': {
    name: string;
    password: PasswordHash;
    /** Hash of the token that stays valid. */
    keep?: string;
    passwordFrom?: PasswordSource;
  };
  /**
   * The same password, written at a sign-in: under newer parameters, or to record with `firstSignIn` that nobody had signed
   * in before. Earlier versions, which may serve the same room, take such a record as well.
   */
  'account.rehashed': { name: string; password: PasswordHash; firstSignIn?: true };
  /** Holds unless it would take the room its last owner. */
  'account.role': { name: string; role: Role };
  /** Without `until` for good. */
  'account.banned': { name: string; banned: boolean; reason?: string; by: string; until?: Instant };
  /** `range` as `parseRange` writes it. */
  'address.banned': { range: string; banned: boolean; reason?: string; by: string; until?: Instant };
  'session.opened': { name: string; token: string; expires: Instant };
  'session.closed': { name: string; token: string };
  'forum.posted': { member: string; text: string; topic: string; replyTo: number | null; clientId?: string };
  'forum.edited': { number: number; text: string; by: string };
  'forum.deleted': { number: number; by: string };
  /** A member has read a topic, or all of them, up to a post. */
  'forum.marked': { member: string; topic: string | null; number: number };
  'message.sent': { from: string; to: string; text: string; clientId?: string };
  /** A member has read what another one wrote to him, up to a message of that other one. */
  'message.marked': { member: string; with: string; number: number };
  /** A member offers a file; in place of what he offered under that name. */
  'files.published': {
    member: string;
    name: string;
    size: number;
    hash: string;
    modified: Instant;
    description: string;
    /** Of the peer that serves it. */
    key: string;
    /** An old client serves it: `hash` and `key` are empty. */
    unencrypted?: true;
  };
  'files.unpublished': { member: string; name: string };
  /**
   * Stands where a record was lost (`goldctl repair`). `posts`, `messages`: how many there had been by then, so that
   * those behind it keep their numbers, and the numbers of those that are lost are not given again.
   */
  lost: { posts?: number; messages?: number };
  /** Stands where a record was that another one made void. */
  void: Record<never, never>;
}

export type Kind = keyof Records;

export type RecordOf<K extends Kind> = { kind: K; seq: number; at: Instant } & Records[K];

export type ImportedRow = [
  at: Instant,
  buy: number | null,
  sell: number | null,
  checkedAt?: Instant | null,
  id?: string | null,
];

/** Who chose a password. Records of earlier versions do not tell. */
export type PasswordSource = 'import' | 'member';

/** scrypt's output and everything that is needed to compute it again; base64. */
export interface PasswordHash {
  readonly hash: string;
  readonly salt: string;
  readonly N: number;
  readonly r: number;
  readonly p: number;
}
