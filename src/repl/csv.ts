import type { Candle } from '../domain/candle.ts';
import { plain } from '../domain/fold.ts';
import { formatIso } from '../domain/instant.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';

/** Candles for other programs: times are ISO 8601 with Vietnam's offset, so that a day reads as the day it is. */
export function historyCsv(candles: readonly Candle[]): SafeText[] {
  return [
    safeText`at,open,high,low,close,count`,
    ...candles.map(({ at, open, high, low, close, count }) =>
      joinSafe([vietnamIso(at), open, high, low, close, count], ','),
    ),
  ];
}

function vietnamIso(at: number): SafeText {
  return plain(formatIso(at).replace(/(\.000)?Z$/, '+07:00'));
}
