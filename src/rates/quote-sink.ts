import type { DatedNewQuote, NewQuote } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';

/** Limit of all series of one source. */
export const MAX_SERIES_PER_SOURCE = 2000;

export interface RejectedQuote {
  readonly quote: NewQuote;
  readonly reason: string;
}

export interface IngestResult {
  /** Quotes with a new price. */
  readonly stored: number;
  /** Quotes with an unchanged price: only their `checkedAt` was updated. */
  readonly confirmed: number;
  /** Implausible quotes that wait for a decision of a person or a rule; also counted in `refused`. */
  readonly held: number;
  readonly refused: readonly RejectedQuote[];
  /** The latest time that the provider states, if any. */
  readonly statedAt: EpochMs | null;
  /** Null if its prices are close to those of other providers. */
  readonly distance: PriceDistance | null;
}

/** The difference from another provider's price. */
export interface PriceDistance {
  /** Positive: above the other price. */
  readonly percent: number;
  /** The other provider. */
  readonly label: string;
  readonly instrument: string;
}

/** Implemented by room/quote-ingest.ts. Methods resolve once everything is durable. */
export interface QuoteSink {
  /** @param quotes the complete response as of `at`; series that are not in it keep their `checkedAt` */
  receive(provider: string, quotes: readonly NewQuote[], at: EpochMs): Promise<IngestResult>;
  /** Stores historical quotes, in any order; duplicates are skipped. */
  receiveHistory(provider: string, quotes: readonly DatedNewQuote[]): Promise<IngestResult>;
  /** Whether the provider's history is complete. */
  hasHistory(provider: string): boolean;
  /** Marks the provider's history as complete. */
  historyDone(provider: string): Promise<void>;
}
