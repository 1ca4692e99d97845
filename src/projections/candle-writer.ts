import { addToPartialCandle, mergePartialCandles, newPartialCandle, type PartialCandle } from '../domain/candle.ts';
import type { SeriesId } from '../domain/quote.ts';
import { type CandleInterval, type EpochMs, startOfInterval } from '../domain/time.ts';
import { keys } from '../store/keys.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import type { TradingRange } from './journal-records.ts';

/** Intervals stored on write. Longer ones are resampled from days. */
export const STORED_INTERVALS = ['1h', '1d'] as const satisfies readonly CandleInterval[];
export type StoredInterval = (typeof STORED_INTERVALS)[number];

/**
 * A stored candle of one series: one partial candle per batch. `mixed`: two batches have a quote at the same instant,
 * so the partials cannot be merged, and the candle is computed from its quotes on read.
 */
export type StoredCandle = PartialCandle | { readonly [batch: string]: PartialCandle } | { readonly mixed: true };

export function isMixed(candle: StoredCandle): candle is { readonly mixed: true } {
  return 'mixed' in candle;
}

export function partialsOf(candle: StoredCandle): [batch: number, partial: PartialCandle][] {
  if (Array.isArray(candle)) return [[0, candle as PartialCandle]];
  return Object.entries(candle as Record<string, PartialCandle>).map(([batch, partial]) => [Number(batch), partial]);
}

interface OpenCandle {
  readonly interval: StoredInterval;
  readonly keyOf: (at: EpochMs) => string;
  at: EpochMs;
  key: string;
  candle: StoredCandle | undefined;
}

/**
 * Adds the quotes of one batch to the candles of a series. Quotes usually come in order, so the open candle of each
 * interval is cached, and a candle that begins after the newest quote is not looked up on disk.
 */
export class CandleWriter {
  readonly #writes: WriteBatch;
  readonly #batch: number;
  readonly #newest: EpochMs;
  readonly #open: OpenCandle[];

  /** @param newest time of the newest quote of the series */
  constructor(writes: WriteBatch, series: SeriesId, batch: number, newest: EpochMs) {
    this.#writes = writes;
    this.#batch = batch;
    this.#newest = newest;
    this.#open = STORED_INTERVALS.map((interval) => ({
      interval,
      keyOf: keys.candlesOf(series, interval),
      at: Number.NaN,
      key: '',
      candle: undefined,
    }));
  }

  /**
   * @param range open, high and low if the quote stands for a period of trading
   * @param isShared whether another batch has a quote at this instant
   */
  add(price: number, at: EpochMs, range?: TradingRange, isShared = false): void {
    for (const open of this.#open) {
      const start = startOfInterval(open.interval, at);
      if (start !== open.at) {
        this.#save(open);
        open.at = start;
        open.key = open.keyOf(start);
        open.candle = start > this.#newest ? this.#writes.readPending(open.key) : this.#writes.read(open.key);
      }
      if (isShared) open.candle = { mixed: true };
      else open.candle = withQuote(open.candle, this.#batch, price, at, range);
    }
  }

  close(): void {
    for (const open of this.#open) this.#save(open);
  }

  #save({ key, candle }: OpenCandle): void {
    if (key !== '' && candle) this.#writes.write(key, candle);
  }
}

function withQuote(
  candle: StoredCandle | undefined,
  batch: number,
  price: number,
  at: EpochMs,
  range: TradingRange | undefined,
): StoredCandle {
  if (candle && isMixed(candle)) return candle;
  if (candle === undefined && batch === 0) return partialOf(price, at, range);
  if (Array.isArray(candle) && batch === 0) {
    addQuote(candle as PartialCandle, price, at, range);
    return candle;
  }
  const partials: Record<string, PartialCandle> =
    candle === undefined
      ? {}
      : Array.isArray(candle)
        ? { 0: candle as PartialCandle }
        : (candle as Record<string, PartialCandle>);
  const partial = partials[batch];
  if (partial) addQuote(partial, price, at, range);
  else partials[batch] = partialOf(price, at, range);
  return partials;
}

export function partialOf(price: number, at: EpochMs, range?: TradingRange): PartialCandle {
  if (range === undefined) return newPartialCandle(price, at);
  const [open, high, low] = range;
  return [open, Math.max(open, high, price), Math.min(open, low, price), price, 1, at, at];
}

export function addQuote(partial: PartialCandle, price: number, at: EpochMs, range?: TradingRange): void {
  if (range === undefined) {
    addToPartialCandle(partial, price, at);
    return;
  }
  const joined = mergePartialCandles(partial, partialOf(price, at, range));
  for (let i = 0; i < joined.length; i++) partial[i] = joined[i]!;
}
