import type { Instant } from '../domain/instant.ts';
import type { DatedQuote, QuoteDraft } from '../domain/quote.ts';

/** Series of one source that a sink takes, in all. */
export const MAX_SERIES = 2000;

export interface Refused {
  readonly quote: QuoteDraft;
  readonly reason: string;
}

export interface Received {
  /** Quotes with a new price, now stored. */
  readonly stored: number;
  /** Quotes whose price held: their `checkedAt` moved. */
  readonly confirmed: number;
  /** Quotes that do not fit what is known, counted in `refused` as well. They are held until somebody or a rule decides. */
  readonly held: number;
  readonly refused: readonly Refused[];
  /** The newest time that the provider states of itself; null where it states none. */
  readonly statedAt: Instant | null;
  /** Null where its prices are near those of others. */
  readonly distance: PriceDistance | null;
}

/** How far a price is from another provider's. */
export interface PriceDistance {
  /** Positive: over the other. */
  readonly percent: number;
  /** The other provider. */
  readonly label: string;
  readonly instrument: string;
}

/** Where gathered quotes go: room/rates.ts. Both resolve once all is durable. */
export interface QuoteSink {
  /** A provider's whole current answer at `at`: series of that provider that are not in it keep their old `checkedAt`. */
  receive(provider: string, quotes: readonly QuoteDraft[], at: Instant): Promise<Received>;
  /** Quotes of the past, in any order; ones that are there already are skipped. */
  receiveHistory(provider: string, quotes: readonly DatedQuote[]): Promise<Received>;
  /** Whether the provider's own history is in: what its first start fetches, and a later one goes on with. */
  hasHistory(provider: string): boolean;
  /** All of the provider's history was received. */
  historyDone(provider: string): Promise<void>;
}
