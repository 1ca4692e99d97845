import type { Instant } from '../../domain/instant.ts';
import type { Field } from '../body.ts';
import { type RejectedRows, readRows } from '../rows.ts';

const DAY = 24 * 3_600_000;

/** A candle of a day in UTC. */
export interface DailyCandle {
  readonly time: Field;
  readonly start: Instant;
  readonly open: number | null;
  readonly close: number | null;
}

/** The candles of rows that begin with the time in seconds, oldest first. `columns` are the places of the prices. */
export function dailyCandles(
  rows: readonly Field[],
  columns: { readonly open: number; readonly close: number },
  rejected: RejectedRows,
): DailyCandle[] {
  const candles: DailyCandle[] = [];
  readRows(rows, rejected, (row) => {
    const time = row.at(0);
    const [open, close] = [row.at(columns.open).price('plain'), row.at(columns.close).price('plain')];
    candles.push({ time, start: time.seconds(), open, close });
  });
  return candles.sort((a, b) => a.start - b.start);
}

/** The latest price: the close of the newest candle, which is not finished. A finished one is as old as its end. */
export function latestClose(
  candles: readonly DailyCandle[],
  now: Instant,
): { price: number; at: Instant | undefined } | undefined {
  const last = candles.at(-1);
  if (!last || last.close === null) return undefined;
  return { price: last.close, at: last.time.acceptTime(last.start + DAY, now) };
}
