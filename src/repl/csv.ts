import type { Candle } from '../domain/candle.ts';

const OFFSET_MS = 7 * 3_600_000;

/** Candles for other programs: times are ISO 8601 with Vietnam's offset, so that a day reads as the day it is. */
export function historyCsv(candles: readonly Candle[]): string[] {
  return [
    'at,open,high,low,close,count',
    ...candles.map(({ at, open, high, low, close, count }) =>
      [vietnamIso(at), open, high, low, close, count].join(','),
    ),
  ];
}

function vietnamIso(at: number): string {
  return new Date(at + OFFSET_MS).toISOString().replace(/(\.000)?Z$/, '+07:00');
}
