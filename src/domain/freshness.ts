import type { Instant } from './instant.ts';
import { staleAtOf } from './market-calendar.ts';
import type { Quote } from './quote.ts';

/**
 * What the time means that a provider states:
 * - `change`: since when the price holds; it stands still while the market is closed
 * - `response`: when the answer was made, whether or not the price changed
 * - `none`: it states no time
 */
export type StatedTime = 'change' | 'response' | 'none';

/** A price that was not confirmed for this many intervals of its provider is stale. */
export const STALE_INTERVALS = 3;

/**
 * From when on a quote is stale: three intervals after it was last received, and not later than the provider's own time
 * allows, whatever the provider still answers.
 * @param everyMs the interval of its provider
 */
export function staleAt(quote: Quote, everyMs: number): Instant {
  const unconfirmed = (quote.receivedAt ?? quote.checkedAt) + STALE_INTERVALS * everyMs;
  return quote.statedAt === undefined
    ? unconfirmed
    : Math.min(unconfirmed, statedExpiry(quote.statedAt, quote, everyMs));
}

/** From when on a time that a provider states is too old for a current price. */
export function statedExpiry(statedAt: Instant, quote: Pick<Quote, 'market' | 'currency'>, everyMs: number): Instant {
  return Math.max(staleAtOf(statedAt, quote), statedAt + STALE_INTERVALS * everyMs);
}
