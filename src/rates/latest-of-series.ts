import { type NewQuote, seriesId } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';

/** Keeps the latest quote of each series by stated time (the first among equal or missing times). */
export function latestOfSeries(quotes: readonly NewQuote[]): NewQuote[] {
  const latest = new Map<string, NewQuote>();
  for (const quote of quotes) {
    const id = seriesId(quote);
    const other = latest.get(id);
    if (!other || statedOrNever(quote) > statedOrNever(other)) latest.set(id, quote);
  }
  return [...latest.values()];
}

function statedOrNever({ at }: NewQuote): EpochMs {
  return at ?? Number.NEGATIVE_INFINITY;
}
