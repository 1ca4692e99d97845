import { formatDay, type Instant, startOfDay } from '../domain/instant.ts';
import type { DatedQuote } from '../domain/quote.ts';
import type { HistoryPage, ProviderContext } from './provider.ts';

const DAY = 24 * 3_600_000;

/** Vietnam days of `[from, to)` up to now, oldest first; of more than `most` the newest. */
export function days(context: Pick<ProviderContext, 'now'>, from: Instant, to: Instant, most: number): Instant[] {
  const end = Math.min(to, context.now + 1);
  const all: Instant[] = [];
  for (let day = startOfDay(end - 1); day + DAY > from && all.length < most; day -= DAY) all.push(day);
  return end > from ? all.reverse() : [];
}

/** A history that is asked for day by day: one page for each of `days`. */
export function pagesOfDays(
  days: readonly Instant[],
  read: (day: Instant) => Promise<DatedQuote[]>,
): readonly HistoryPage[] {
  return days.map((day) => ({ id: formatDay(day), read: () => read(day) }));
}
