import type { Instant } from '../domain/instant.ts';
import { type QuoteDraft, seriesId } from '../domain/quote.ts';

/** Of quotes of the same series the latest by what they state (the first of those that state the same or nothing). */
export function latestOfSeries(quotes: readonly QuoteDraft[]): QuoteDraft[] {
  const latest = new Map<string, QuoteDraft>();
  for (const quote of quotes) {
    const id = seriesId(quote);
    const other = latest.get(id);
    if (!other || statedOrNever(quote) > statedOrNever(other)) latest.set(id, quote);
  }
  return [...latest.values()];
}

function statedOrNever({ at }: QuoteDraft): Instant {
  return at ?? Number.NEGATIVE_INFINITY;
}
