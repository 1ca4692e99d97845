import type { Instant } from '../domain/instant.ts';
import { parseHttpDate } from './http-date.ts';

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
  const until = parseHttpDate(text);
  if (until === undefined) return undefined;
  return Math.min(Math.max(0, until - (parseHttpDate(date ?? '') ?? now)), LONGEST);
}
