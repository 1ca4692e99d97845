import { AppError } from '../domain/app-error.ts';
import type { Candle } from '../domain/candle.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { DAY_MS, type EpochMs, formatLocalIso, startOfDay } from '../domain/time.ts';
import type { MethodName, MethodParams, MethodResult } from '../protocol/methods.ts';
import type { TimeWindow } from './chart-scale.ts';
import type { ChartRange } from './grammar.ts';

/** The part of a client that this folder uses. */
export interface RpcCaller {
  readonly name: string | null;
  call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>>;
}

/** Maximum pages of one history: 200,000 candles are more than any chart or table can show. */
const MAX_PAGES = 40;

/** The year 1: the world's gold prices begin before 1970. */
export const EARLIEST_MS: EpochMs = -62_135_596_800_000;

const RANGE_DAYS: Record<Exclude<ChartRange, 'all'>, number> = {
  '1d': 1,
  '1w': 7,
  '1m': 30,
  '3m': 91,
  '1y': 365,
  '5y': 1826,
};

/** Undefined: the range begins with the data. */
export function chartRangeMs(range: ChartRange): number | undefined {
  return range === 'all' ? undefined : RANGE_DAYS[range] * DAY_MS;
}

/** The period that a chart covers: it ends at `end`, whenever its data ends. */
export function chartWindow(range: ChartRange, end: EpochMs, candles: readonly Pick<Candle, 'at'>[]): TimeWindow {
  const spanMs = chartRangeMs(range) ?? end - (candles[0]?.at ?? end);
  return { from: end - Math.max(DAY_MS, spanMs), to: end };
}

/** Parameters for a chart range that ends at `end`: candles as fine as the chart can show, and no finer. */
export function chartRangeParams(
  range: ChartRange,
  end: EpochMs,
): Pick<MethodParams<'rates.history'>, 'from' | 'to' | 'interval'> {
  const to = end + 1;
  if (range === 'all') return { from: EARLIEST_MS, to, interval: '1w' };
  if (range === '1d') return { from: end - DAY_MS, to, interval: 'raw' };
  const from = startOfDay(end - RANGE_DAYS[range] * DAY_MS);
  return { from, to, interval: range === '1w' || range === '1m' ? '1h' : range === '5y' ? '1w' : '1d' };
}

/** Reads all candles of a period page by page. @throws AppError TOO_LARGE if there are too many to be useful */
export async function readRateHistory(
  caller: RpcCaller,
  params: MethodParams<'rates.history'>,
): Promise<MethodResult<'rates.history'>> {
  const first = await caller.call('rates.history', params);
  const candles = [...first.candles];
  let { next } = first;
  for (let page = 1; next !== null; page++) {
    if (page === MAX_PAGES || next >= params.to) {
      throw new AppError('TOO_LARGE', 'This history has too many candles. Use a longer interval or a shorter period.');
    }
    const more = await caller.call('rates.history', { ...params, ...first.series, from: next });
    candles.push(...more.candles);
    if (more.next !== null && more.next <= next)
      throw new AppError('INTERNAL', 'The daemon repeated a page of the history.');
    next = more.next;
  }
  return { ...first, candles, next: null };
}

/** Candles for other programs. Times are ISO 8601 with the offset of Vietnam, so that a date reads as that date. */
export function formatHistoryCsv(candles: readonly Candle[]): SafeText[] {
  return [
    safeText`at,open,high,low,close,count`,
    ...candles.map(({ at, open, high, low, close, count }) =>
      joinSafe([formatVietnamIso(at), open, high, low, close, count], ','),
    ),
  ];
}

function formatVietnamIso(at: number): SafeText {
  return sanitizeText(formatLocalIso(at).replace(/(\.000)?Z$/, '+07:00'));
}
