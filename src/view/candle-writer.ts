import { addToShare, type CandleShare, joinShares, openShare } from '../domain/candle.ts';
import { type Instant, type Interval, startOf } from '../domain/instant.ts';
import type { SeriesId } from '../domain/quote.ts';
import type { Draft } from '../store/draft.ts';
import { keys } from '../store/keys.ts';
import type { PriceRange } from './records.ts';

/** Intervals that are kept up to date on write; longer ones are rolled up from days. */
export const KEPT = ['1h', '1d'] as const satisfies readonly Interval[];
export type KeptInterval = (typeof KEPT)[number];

/**
 * A candle of one series as it is kept: the share of each batch. `mixed`: two batches have a quote at one instant, so
 * the shares cannot be joined and the candle is made of its quotes when it is read.
 */
export type StoredCandle = CandleShare | { readonly [batch: string]: CandleShare } | { readonly mixed: true };

export function isMixed(candle: StoredCandle): candle is { readonly mixed: true } {
  return 'mixed' in candle;
}

/** The shares of a candle by batch. */
export function sharesOf(candle: StoredCandle): [batch: number, share: CandleShare][] {
  if (Array.isArray(candle)) return [[0, candle as CandleShare]];
  return Object.entries(candle as Record<string, CandleShare>).map(([batch, share]) => [Number(batch), share]);
}

interface OpenCandle {
  readonly interval: KeptInterval;
  readonly keyOf: (at: Instant) => string;
  at: Instant;
  key: string;
  candle: StoredCandle | undefined;
}

/**
 * Adds the quotes of one batch to the candles of a series. Quotes come mostly in order, so the open candle of each
 * interval stays at hand, and a candle that begins after everything known is not looked for on disk.
 */
export class CandleWriter {
  readonly #draft: Draft;
  readonly #batch: number;
  readonly #newest: Instant;
  readonly #open: OpenCandle[];

  /** @param newest no quote of the series is newer */
  constructor(draft: Draft, series: SeriesId, batch: number, newest: Instant) {
    this.#draft = draft;
    this.#batch = batch;
    this.#newest = newest;
    this.#open = KEPT.map((interval) => ({
      interval,
      keyOf: keys.candlesOf(series, interval),
      at: Number.NaN,
      key: '',
      candle: undefined,
    }));
  }

  /**
   * @param range open, high and low where the quote stands for a time of trading
   * @param isShared another batch has a quote at this instant
   */
  add(price: number, at: Instant, range?: PriceRange, isShared = false): void {
    for (const open of this.#open) {
      const start = startOf(open.interval, at);
      if (start !== open.at) {
        this.#save(open);
        open.at = start;
        open.key = open.keyOf(start);
        open.candle = start > this.#newest ? this.#draft.readNew(open.key) : this.#draft.read(open.key);
      }
      if (isShared) open.candle = { mixed: true };
      else open.candle = withQuote(open.candle, this.#batch, price, at, range);
    }
  }

  close(): void {
    for (const open of this.#open) this.#save(open);
  }

  #save({ key, candle }: OpenCandle): void {
    if (key !== '' && candle) this.#draft.write(key, candle);
  }
}

function withQuote(
  candle: StoredCandle | undefined,
  batch: number,
  price: number,
  at: Instant,
  range: PriceRange | undefined,
): StoredCandle {
  if (candle && isMixed(candle)) return candle;
  if (candle === undefined && batch === 0) return shareOf(price, at, range);
  if (Array.isArray(candle) && batch === 0) {
    addQuote(candle as CandleShare, price, at, range);
    return candle;
  }
  const shares: Record<string, CandleShare> =
    candle === undefined
      ? {}
      : Array.isArray(candle)
        ? { 0: candle as CandleShare }
        : (candle as Record<string, CandleShare>);
  const share = shares[batch];
  if (share) addQuote(share, price, at, range);
  else shares[batch] = shareOf(price, at, range);
  return shares;
}

/** The share of one quote. */
export function shareOf(price: number, at: Instant, range?: PriceRange): CandleShare {
  if (range === undefined) return openShare(price, at);
  const [open, high, low] = range;
  return [open, Math.max(open, high, price), Math.min(open, low, price), price, 1, at, at];
}

/** Takes one more quote into a share, in place. */
export function addQuote(share: CandleShare, price: number, at: Instant, range?: PriceRange): void {
  if (range === undefined) {
    addToShare(share, price, at);
    return;
  }
  const joined = joinShares(share, shareOf(price, at, range));
  for (let i = 0; i < joined.length; i++) share[i] = joined[i]!;
}
