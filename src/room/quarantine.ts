import { STALE_AFTER_INTERVALS } from '../domain/freshness.ts';
import type { NewQuote, SeriesId } from '../domain/quote.ts';
import {
  type ComparisonPrice,
  type HeldLevel,
  isConfirmedLevel,
  isSameLevel,
  nextHeldLevel,
  type QuoteToValidate,
  type UnitMistake,
} from '../domain/quote-validation.ts';
import type { EpochMs } from '../domain/time.ts';
import type { HeldQuotes, StoredHeldQuote } from '../projections/held-quotes.ts';

type Prices = Pick<NewQuote, 'buy' | 'sell'>;

interface TrackedLevel extends HeldLevel {
  /** When it counts no longer as a price that the provider states now. */
  readonly staleAt: EpochMs;
}

/** Series whose levels are remembered. The oldest are forgotten, and their levels start again. */
const MAX_SERIES = 10_000;

/**
 * Tracks held prices until later responses confirm them. The counts are in memory: after a restart, a level needs its
 * confirmations again.
 */
export class Quarantine {
  readonly #held: HeldQuotes;
  readonly #levels = new Map<SeriesId, TrackedLevel>();

  constructor(held: HeldQuotes) {
    this.#held = held;
  }

  /** Whether a price of that level is held or discarded. */
  hasLevel(series: SeriesId, prices: Prices): boolean {
    return this.#ofLevel(series, prices).length > 0;
  }

  /**
   * Whether the provider of a held price still states it, and no factor explains it. Only such a price is evidence for
   * another provider's: any other one may be a mistake of long ago.
   */
  isCurrent(series: SeriesId, prices: Prices, now: EpochMs): boolean {
    const level = this.#levels.get(series);
    return level !== undefined && level.factor === undefined && now < level.staleAt && isSameLevel(level, prices);
  }

  /** Records an accepted price. @returns ids of the held quotes of its level, which it confirms */
  recordAccepted(series: SeriesId, prices: Prices): number[] {
    this.#levels.delete(series);
    return this.#ofLevel(series, prices).map(({ id }) => id);
  }

  /**
   * Records another held price. Repetition does not confirm a discarded level.
   * @returns `ids`: if the level is confirmed now, its held quotes. `isNew`: no quote of its level is held or discarded
   */
  recordHeld(
    series: SeriesId,
    quote: QuoteToValidate,
    factor: UnitMistake | undefined,
    comparisons: readonly ComparisonPrice[],
    everyMs: number,
    now: EpochMs,
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
    this.#levels.set(series, { ...level, staleAt: now + STALE_AFTER_INTERVALS * everyMs });
    if (this.#levels.size > MAX_SERIES) this.#levels.delete(this.#levels.keys().next().value!);
    return { isConfirmed: false, isNew: known.length === 0, isDiscarded: false, ids: [] };
  }

  #ofLevel(series: SeriesId, prices: Prices): StoredHeldQuote[] {
    return this.#held.allOf(series).filter(({ quote }) => isSameLevel(quote, prices));
  }
}
