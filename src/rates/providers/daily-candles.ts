import { DAY_MS, type EpochMs } from '../../domain/time.ts';
import type { RejectedRows } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import type { BodyField } from '../response-body.ts';

export interface DailyCandle {
  readonly time: BodyField;
  readonly start: EpochMs;
  readonly open: number | null;
  readonly close: number | null;
}

/** Reads candles from rows that begin with a time in seconds. Returns them oldest first. */
export function readDailyCandles(
  rows: readonly BodyField[],
  columns: { readonly open: number; readonly close: number },
  rejected: RejectedRows,
): DailyCandle[] {
  const candles: DailyCandle[] = [];
  readRows(rows, rejected, (row) => {
    const time = row.at(0);
    const [open, close] = [row.at(columns.open).price('plain'), row.at(columns.close).price('plain')];
    candles.push({ time, start: time.unixSeconds(), open, close });
  });
  return candles.sort((a, b) => a.start - b.start);
}

/** The close of the newest candle. An open candle has no time for its price; that of a closed one is its end. */
export function latestClose(
  candles: readonly DailyCandle[],
  now: EpochMs,
): { price: number; at: EpochMs | undefined } | undefined {
  const last = candles.at(-1);
  if (!last || last.close === null) return undefined;
  return { price: last.close, at: last.time.plausibleTime(last.start + DAY_MS, now) };
}
