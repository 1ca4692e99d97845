import { calendarExpiry } from './market-calendar.ts';
import type { Quote } from './quote.ts';
import type { EpochMs } from './time.ts';

/**
 * Meaning of the time in a provider's response:
 * - `change`: when the price last changed; constant while the market is closed
 * - `response`: when the response was generated, whether or not the price changed
 * - `none`: the response has no time
 */
export type StatedTimeMeaning = 'change' | 'response' | 'none';

/** A price is stale after this many polling intervals without confirmation, a provider without a successful poll. */
export const STALE_AFTER_INTERVALS = 3;

/**
 * When a quote becomes stale: three intervals after it was last received, but not later than the time that the provider
 * states allows, even if the provider still responds.
 * @param everyMs polling interval of the provider
 */
export function staleTimeOf(quote: Quote, everyMs: number): EpochMs {
  const unconfirmedAt = (quote.receivedAt ?? quote.checkedAt) + STALE_AFTER_INTERVALS * everyMs;
  return quote.statedAt === undefined
    ? unconfirmedAt
    : Math.min(unconfirmedAt, statedTimeExpiry(quote.statedAt, quote, everyMs));
}

/** When a time that a provider states becomes too old for a current price. */
export function statedTimeExpiry(
  statedAt: EpochMs,
  quote: Pick<Quote, 'market' | 'currency'>,
  everyMs: number,
): EpochMs {
  return Math.max(calendarExpiry(statedAt, quote), statedAt + STALE_AFTER_INTERVALS * everyMs);
}
