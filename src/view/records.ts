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
   * A provider's whole response. `quotes`: new prices, and known prices that are observed again after a gap. `missing`:
   * series of the provider that the response does not confirm. All other known series are confirmed at `at`, or as
   * `confirmed` says. `released`: held quotes that this response proved right.
   *
   * Records of versions before 0.2 have no `confirmed`: they do not tell gaps in the observation. For them, a
   * confirmation more than a day after the last one starts a new observation.
   */
  'rates.received': {
    provider: string;
    quotes: Quote[];
    missing: SeriesId[];
    confirmed?: Confirmation[];
    released?: number[];
    /** Further names of its series, as the source writes them. */
    aliases?: [series: SeriesId, aliases: string[]][];
  };
  /**
   * Quotes of the past, of one series. `batch`: the seq of the `rates.importStarted` record that they belong to.
   * `replaces`: quotes of the series from other batches in `[from, to)` are hidden by this batch. `aliases`: further names
   * of the series; there may be no rows where only they are new.
   */
  'rates.imported': SeriesFields & {
    rows: ImportedRow[];
    aliases?: string[];
    batch?: number;
    replaces?: [from: Instant, to: Instant];
  };
  /** A member imports a file. Its seq is the number of the batch. */
  'rates.importStarted': { file: string; by: string };
  /**
   * Quotes in `[from, to)` of these series are hidden, except those of later batches. `latest`: the latest quote of
   * each series without them. The seq is the number of the removal.
   */
  'rates.removed': {
    instrument: string;
    series: SeriesId[];
    from: Instant;
    to: Instant;
    by: string;
    reason?: string;
    latest: LatestQuote[];
  };
  /** One quote in place of whatever the series had at that instant. The seq is the number of the correction. */
  'rates.corrected': SeriesFields & {
    quoteAt: Instant;
    buy: number | null;
    sell: number | null;
    by: string;
    reason?: string;
  };
  /**
   * A batch, removal or correction counts no longer (`undone`), or counts again. `latest`: the latest quote of each
   * series concerned afterwards.
   */
  'rates.undone': { batch: number; undone: boolean; by: string; reason?: string; latest: LatestQuote[] };
  /** Prices of a provider that do not fit what is known. They are kept apart until somebody or something decides. */
  'rates.held': { provider: string; quotes: NewHeldQuote[] };
  /** A held quote is accepted, and is stored with this record, or it is discarded. */
  'rates.decided': { id: number; accepted: boolean; by: string; reason?: string };
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

/** What names a series, and what its prices are in. */
export interface SeriesFields {
  instrument: string;
  market: Market;
  provider: string;
  company: string;
  brand: string;
  currency: string;
  unit: Unit;
}

/** A confirmed series: the time that the provider stated (null: none), and until when its price is confirmed. */
export type Confirmation = [series: SeriesId, statedAt: Instant | null, checkedAt: Instant];

/** The latest quote of a series; null when it has none. */
export type LatestQuote = [series: SeriesId, quote: Quote | null];

/** A quote that is held, with the prices that it was compared with. */
export interface NewHeldQuote {
  readonly quote: Quote;
  readonly reason: string;
  /** What the price would be multiplied by to fit, where a known factor explains it. */
  readonly factor?: number;
  readonly comparisons: { label: string; buy: number | null; sell: number | null }[];
}

export type Kind = keyof Records;

export type RecordOf<K extends Kind> = { kind: K; seq: number; at: Instant } & Records[K];

/** `range`: open, high and low of the time that the row stands for; its price is the close. */
export type ImportedRow = [
  at: Instant,
  buy: number | null,
  sell: number | null,
  checkedAt?: Instant | null,
  id?: string | null,
  range?: PriceRange,
];

export type PriceRange = [open: number, high: number, low: number];

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
