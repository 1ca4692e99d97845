import { type Instant, type Interval, startOf } from './instant.ts';

/** Open, high, low, close and count of an instrument's quotes in the interval that starts at `at`. */
export interface Candle {
  readonly at: Instant;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly count: number;
}

/**
 * One provider's share of a candle, as it is kept: prices, count, and the instants of open and close, so that
 * quotes may come in any order (a backfill after live quotes) and shares of several providers can be joined.
 */
export type CandleShare = [
  open: number,
  high: number,
  low: number,
  close: number,
  count: number,
  first: Instant,
  last: Instant,
];

export function openShare(price: number, at: Instant): CandleShare {
  return [price, price, price, price, 1, at, at];
}

/**
 * Takes one more quote into a share, in place. Of several quotes at the edge's very instant the highest counts, here
 * and in `joinShares`: a candle depends on its quotes alone, not on the order in which they came.
 */
export function addToShare(share: CandleShare, price: number, at: Instant): void {
  if (at < share[5] || (at === share[5] && price > share[0])) {
    share[0] = price;
    share[5] = at;
  }
  if (price > share[1]) share[1] = price;
  if (price < share[2]) share[2] = price;
  if (at > share[6] || (at === share[6] && price > share[3])) {
    share[3] = price;
    share[6] = at;
  }
  share[4] += 1;
}

/** One share of two. */
export function joinShares(a: CandleShare, b: CandleShare): CandleShare {
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

/** The candle of the given shares; undefined when there are none. */
export function candleOf(at: Instant, shares: readonly CandleShare[]): Candle | undefined {
  let joined = shares[0];
  if (!joined) return undefined;
  for (let i = 1; i < shares.length; i++) joined = joinShares(joined, shares[i]!);
  return { at, open: joined[0], high: joined[1], low: joined[2], close: joined[3], count: joined[4] };
}

/** Rolls candles, sorted by time, up into a longer interval. */
export function rollUp(candles: readonly Candle[], interval: Interval): Candle[] {
  const rolled: Candle[] = [];
  for (const candle of candles) {
    const at = startOf(interval, candle.at);
    const last = rolled.at(-1);
    if (last?.at === at) {
      rolled[rolled.length - 1] = {
        at,
        open: last.open,
        high: Math.max(last.high, candle.high),
        low: Math.min(last.low, candle.low),
        close: candle.close,
        count: last.count + candle.count,
      };
    } else {
      rolled.push({ ...candle, at });
    }
  }
  return rolled;
}
