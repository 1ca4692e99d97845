import type { Instant } from '../domain/instant.ts';

/** The longest wait that is believed: Binance bans for three days, and timers hold no more than 24. */
const LONGEST = 7 * 24 * 3_600_000;

/**
 * How long a Retry-After header asks to wait, in milliseconds from now on: seconds or an HTTP date. Undefined when
 * it says nothing usable. A date is measured from the answer's own Date header where there is one, so that a wrong
 * clock on either side does no harm.
 */
export function retryAfter(value: string | null, date: string | null, now: Instant): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST);
  if (!/^[A-Z][a-z]{2}/.test(text)) return undefined; // an HTTP date begins with its weekday; Date.parse takes far more
  const until = Date.parse(text);
  if (Number.isNaN(until)) return undefined;
  const sent = date === null ? Number.NaN : Date.parse(date);
  return Math.min(Math.max(0, until - (Number.isNaN(sent) ? now : sent)), LONGEST);
}
