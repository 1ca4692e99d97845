import type { Instrument } from '../domain/instrument.ts';
import type { Quote, SeriesId } from '../domain/quote.ts';
import type { StoredHeldQuote } from './held-quotes.ts';
import type { HiddenState } from './hidden-quotes.ts';

export interface InstrumentChange {
  readonly type: 'instrument';
  readonly instrument: Instrument;
}

export interface QuoteChange {
  readonly type: 'quote';
  readonly quote: Quote;
}

export interface ConfirmationChange {
  readonly type: 'confirmed';
  readonly quotes: readonly Quote[];
}

export interface AliasesChange {
  readonly type: 'aliases';
  readonly series: SeriesId;
  readonly aliases: readonly string[];
}

/** The hidden quotes of a series changed. `latest` null: none is visible. */
export interface QuotesHiddenChange {
  readonly type: 'quotesHidden';
  readonly series: SeriesId;
  readonly state: HiddenState;
  readonly latest: null | undefined;
}

export interface HeldQuotesChange {
  readonly type: 'held';
  readonly added: readonly StoredHeldQuote[];
  readonly removed: readonly number[];
}

export type QuotesChange =
  | QuoteChange
  | ConfirmationChange
  | AliasesChange
  | QuotesHiddenChange
  | HeldQuotesChange
  | InstrumentChange;
