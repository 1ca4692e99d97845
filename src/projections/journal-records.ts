import type { Role } from '../domain/account.ts';
import type { Market } from '../domain/instrument.ts';
import type { Quote, SeriesId } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Unit } from '../domain/unit.ts';

/**
 * All kinds of records in the journal, with their fields. Records are kept for ever: fields may be added, but never
 * change their meaning.
 */
export interface JournalRecords {
  /**
   * A provider's whole response. `quotes`: new prices, and known prices that are observed again after a gap. `missing`:
   * series of the provider that the response does not confirm. All other known series are confirmed at `at`, or as
   * `confirmed` says. `released`: held quotes that this response confirmed.
   *
   * Records of versions before 0.2 have no `confirmed` and do not show gaps in the observation. For them, a
   * confirmation more than a day after the last one starts a new observation.
   */
  'rates.received': {
    provider: string;
    quotes: Quote[];
    missing: SeriesId[];
    confirmed?: SeriesConfirmation[];
    released?: number[];
    aliases?: [series: SeriesId, aliases: string[]][];
  };
  /**
   * Past quotes of one series. `batch`: sequence number of the `rates.importStarted` record they belong to. `replaces`:
   * this batch hides quotes of other batches in `[from, to)`. `aliases`: additional names of the series; if only they
   * are new, there may be no rows.
   */
  'rates.imported': SeriesDefinition & {
    rows: ImportedRow[];
    aliases?: string[];
    batch?: number;
    replaces?: [from: EpochMs, to: EpochMs];
  };
  /** A member imports a file. Its sequence number is the number of the batch. */
  'rates.importStarted': { file: string; by: string };
  /**
   * Hides quotes of these series in `[from, to)`, except those of later batches. `latest`: the resulting latest quote
   * of each series. The sequence number is the number of the removal.
   */
  'rates.removed': {
    instrument: string;
    series: SeriesId[];
    from: EpochMs;
    to: EpochMs;
    by: string;
    reason?: string;
    latest: LatestQuote[];
  };
  /** One quote that replaces those of the series at this instant. The sequence number identifies the correction. */
  'rates.corrected': SeriesDefinition & {
    quoteAt: EpochMs;
    buy: number | null;
    sell: number | null;
    by: string;
    reason?: string;
  };
  /**
   * A batch, removal or correction is undone (`undone`) or redone. `latest`: the resulting latest quote of each
   * affected series.
   */
  'rates.undone': { batch: number; undone: boolean; by: string; reason?: string; latest: LatestQuote[] };
  /** Implausible prices of a provider. They are held until somebody or a rule decides. */
  'rates.held': { provider: string; quotes: NewHeldQuote[] };
  /** A held quote is accepted, and stored by this record, or discarded. */
  'rates.decided': { id: number; accepted: boolean; by: string; reason?: string };
  /** The provider's own history is in the journal. */
  'rates.backfilled': { provider: string };
  /** `voids` lists records up to `through` whose confirmation was superseded by a later one. */
  'rates.compacted': { through: number; voids: number[] };
  /** `owner` applies only while the room has none; otherwise the account becomes a member. */
  'account.created': { name: string; role: Role; password: PasswordHash; passwordFrom?: PasswordSource };
  'account.password': {
    name: string;
    password: PasswordHash;
    keep?: string;
    passwordFrom?: PasswordSource;
  };
  /**
   * Written at a sign-in, for the same password: with newer parameters, or with `firstSignIn` to record that nobody had
   * signed in before. Earlier versions that serve the same room accept this record too.
   */
  'account.rehashed': { name: string; password: PasswordHash; firstSignIn?: true };
  /** Ignored if the room would lose its last owner. */
  'account.role': { name: string; role: Role };
  /** Without `until`, the ban does not expire. */
  'account.banned': { name: string; banned: boolean; reason?: string; by: string; until?: EpochMs };
  /** `range`: in the format of `parseRange`. */
  'address.banned': { range: string; banned: boolean; reason?: string; by: string; until?: EpochMs };
  'session.opened': { name: string; token: string; expires: EpochMs };
  'session.closed': { name: string; token: string };
  'forum.posted': { member: string; text: string; topic: string; replyTo: number | null; clientId?: string };
  'forum.edited': { number: number; text: string; by: string };
  'forum.deleted': { number: number; by: string };
  /** A member has read a topic, or all topics, up to a post. */
  'forum.marked': { member: string; topic: string | null; number: number };
  'message.sent': { from: string; to: string; text: string; clientId?: string };
  /** A member has read the messages from another member, up to one of those. */
  'message.marked': { member: string; with: string; number: number };
  /** A member publishes a file. It replaces the one they published under the same name. */
  'files.published': {
    member: string;
    name: string;
    size: number;
    hash: string;
    modified: EpochMs;
    description: string;
    key: string;
    /** A legacy client serves it: `hash` and `key` are empty. */
    unencrypted?: true;
  };
  'files.unpublished': { member: string; name: string };
  /**
   * Replaces a lost record (`goldctl repair`). `posts`, `messages`: how many existed before, so that later ones keep
   * their numbers and the lost numbers are not reused.
   */
  lost: { posts?: number; messages?: number };
  /** Replaces a record that a later one made void. */
  void: Record<never, never>;
}

/** The fields that identify a series, and the unit of its prices. */
export interface SeriesDefinition {
  instrument: string;
  market: Market;
  provider: string;
  company: string;
  brand: string;
  currency: string;
  unit: Unit;
}

export function seriesFieldsOf(quote: Readonly<SeriesDefinition>): SeriesDefinition {
  const { instrument, market, provider, company, brand, currency, unit } = quote;
  return { instrument, market, provider, company, brand, currency, unit };
}

/** A confirmed series: the time stated by the provider (null: none), and until when its price is confirmed. */
export type SeriesConfirmation = [series: SeriesId, statedAt: EpochMs | null, checkedAt: EpochMs];

/** The latest quote of a series; null for none. */
export type LatestQuote = [series: SeriesId, quote: Quote | null];

/** A held quote, with the prices it was compared with. */
export interface NewHeldQuote {
  readonly quote: Quote;
  readonly reason: string;
  /** Factor that would make the price plausible, if a known one explains it. */
  readonly factor?: number;
  readonly comparisons: { label: string; buy: number | null; sell: number | null }[];
}

export type RecordKind = keyof JournalRecords;

export type RecordOf<K extends RecordKind> = { kind: K; seq: number; at: EpochMs } & JournalRecords[K];

/** `range`: open, high and low of the period that the row stands for. Its price is the close. */
export type ImportedRow = [
  at: EpochMs,
  buy: number | null,
  sell: number | null,
  checkedAt?: EpochMs | null,
  id?: string | null,
  range?: TradingRange,
];

export type TradingRange = [open: number, high: number, low: number];

/** Who chose a password. Records of earlier versions do not contain it. */
export type PasswordSource = 'import' | 'member';

/** scrypt's output and parameters, in base64. */
export interface PasswordHash {
  readonly hash: string;
  readonly salt: string;
  readonly N: number;
  readonly r: number;
  readonly p: number;
}
