import type { DatedNewQuote } from '../domain/quote.ts';
import { DAY_MS, type EpochMs, formatDate, startOfDay } from '../domain/time.ts';
import type { HistoryPage, ProviderContext } from './provider.ts';

/** Vietnam days of `[from, to)` up to now, oldest first; the newest `most` if there are more. */
export function historyDays(
  context: Pick<ProviderContext, 'now'>,
  from: EpochMs,
  to: EpochMs,
  most: number,
): EpochMs[] {
  const end = Math.min(to, context.now + 1);
  const all: EpochMs[] = [];
  for (let day = startOfDay(end - 1); day + DAY_MS > from && all.length < most; day -= DAY_MS) all.push(day);
  return end > from ? all.reverse() : [];
}

export function dailyPages(
  days: readonly EpochMs[],
  read: (day: EpochMs) => Promise<DatedNewQuote[]>,
): readonly HistoryPage[] {
  return days.map((day) => ({ id: formatDate(day), read: () => read(day) }));
}
