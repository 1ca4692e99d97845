import { type CandleInterval, type EpochMs, startOfInterval } from './time.ts';

/** Open, high, low, close and count of an instrument's quotes in the interval that starts at `at`. */
export interface Candle {
  readonly at: EpochMs;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly count: number;
}

/**
 * A candle of one provider, as stored. The times of open and close are kept so that quotes can arrive in any order (a
 * backfill after live quotes) and candles of several providers can be merged.
 */
export type PartialCandle = [
  open: number,
  high: number,
  low: number,
  close: number,
  count: number,
  first: EpochMs,
  last: EpochMs,
];

export function newPartialCandle(price: number, at: EpochMs): PartialCandle {
  return [price, price, price, price, 1, at, at];
}

/**
 * Adds a quote, in place. Of several quotes at the time of open or close the highest counts, here and in
 * `mergePartialCandles`, so that a candle does not depend on the order in which its quotes arrived.
 */
export function addToPartialCandle(candle: PartialCandle, price: number, at: EpochMs): void {
  if (at < candle[5] || (at === candle[5] && price > candle[0])) {
    candle[0] = price;
    candle[5] = at;
  }
  if (price > candle[1]) candle[1] = price;
  if (price < candle[2]) candle[2] = price;
  if (at > candle[6] || (at === candle[6] && price > candle[3])) {
    candle[3] = price;
    candle[6] = at;
  }
  candle[4] += 1;
}

export function mergePartialCandles(a: PartialCandle, b: PartialCandle): PartialCandle {
  return [
    b[5] < a[5] || (b[5] === a[5] && b[0] > a[0]) ? b[0] : a[0],
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    b[6] > a[6] || (b[6] === a[6] && b[3] > a[3]) ? b[3] : a[3],
    a[4] + b[4],
    Math.min(a[5], b[5]),
    Math.max(a[6], b[6]),
  ];
}

/** Merges all given parts; undefined if there are none. */
export function candleFromPartials(at: EpochMs, parts: readonly PartialCandle[]): Candle | undefined {
  let merged = parts[0];
  if (!merged) return undefined;
  for (let i = 1; i < parts.length; i++) merged = mergePartialCandles(merged, parts[i]!);
  return { at, open: merged[0], high: merged[1], low: merged[2], close: merged[3], count: merged[4] };
}

/** Combines candles, sorted by time, into a longer interval. */
export function resampleCandles(candles: readonly Candle[], interval: CandleInterval): Candle[] {
  const resampled: Candle[] = [];
  for (const candle of candles) {
    const at = startOfInterval(interval, candle.at);
    const last = resampled.at(-1);
    if (last?.at === at) {
      resampled[resampled.length - 1] = {
        at,
        open: last.open,
        high: Math.max(last.high, candle.high),
        low: Math.min(last.low, candle.low),
        close: candle.close,
        count: last.count + candle.count,
      };
    } else {
      resampled.push({ ...candle, at });
    }
  }
  return resampled;
}
