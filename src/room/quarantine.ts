import type { Instant } from '../domain/instant.ts';
import type { QuoteDraft, SeriesId } from '../domain/quote.ts';
import {
  type ComparisonPrice,
  type HeldLevel,
  isConfirmedLevel,
  isSameLevel,
  nextHeldLevel,
  type QuoteToValidate,
  type UnitFactor,
} from '../domain/quote-validation.ts';
import type { HeldQuote, HeldQuotes } from '../view/held-quotes.ts';

type Prices = Pick<QuoteDraft, 'buy' | 'sell'>;

/** Series whose levels are remembered; of more, the oldest are forgotten and begin anew. */
const MAX_SERIES = 10_000;

/**
 * Watches prices that are held until they prove themselves. What it counts is of this process: after a restart, a level
 * needs its responses again.
 */
export class Quarantine {
  readonly #held: HeldQuotes;
  readonly #levels = new Map<SeriesId, HeldLevel>();

  constructor(held: HeldQuotes) {
    this.#held = held;
  }

  /** Whether a price of that level is held or discarded already. */
  knows(series: SeriesId, prices: Prices): boolean {
    return this.#ofLevel(series, prices).length > 0;
  }

  /** A price was accepted. @returns the held quotes of its level, which it proves right */
  accepted(series: SeriesId, prices: Prices): number[] {
    this.#levels.delete(series);
    return this.#ofLevel(series, prices).map(({ id }) => id);
  }

  /**
   * A price was held once more. Repetition does not prove a discarded level right.
   * @returns `ids`: where it has proved itself now, the held quotes of its level. `isNew`: none is held or discarded at
   * its level
   */
  seen(
    series: SeriesId,
    quote: QuoteToValidate,
    factor: UnitFactor | undefined,
    comparisons: readonly ComparisonPrice[],
    everyMs: number,
    now: Instant,
  ): { isConfirmed: boolean; isNew: boolean; isDiscarded: boolean; ids: number[] } {
    const known = this.#ofLevel(series, quote);
    if (known.some(({ discarded }) => discarded)) {
      this.#levels.delete(series);
      return { isConfirmed: false, isNew: false, isDiscarded: true, ids: [] };
    }
    const level = nextHeldLevel(this.#levels.get(series), quote, factor, now);
    this.#levels.delete(series);
    if (isConfirmedLevel(level, everyMs, quote, comparisons)) {
      return { isConfirmed: true, isNew: false, isDiscarded: false, ids: known.map(({ id }) => id) };
    }
    this.#levels.set(series, level);
    if (this.#levels.size > MAX_SERIES) this.#levels.delete(this.#levels.keys().next().value!);
    return { isConfirmed: false, isNew: known.length === 0, isDiscarded: false, ids: [] };
  }

  #ofLevel(series: SeriesId, prices: Prices): HeldQuote[] {
    return this.#held.allOf(series).filter(({ quote }) => isSameLevel(quote, prices));
  }
}
