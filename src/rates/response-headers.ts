import { DAY_MS, type EpochMs } from '../domain/time.ts';

/** Binance bans for three days; timers support at most 24 days. */
const MAX_RETRY_AFTER_MS = 7 * DAY_MS;

/** Parses an HTTP date; undefined for other texts. */
export function parseHttpDate(text: string): EpochMs | undefined {
  if (!/^[A-Z][a-z]{2}/.test(text)) return undefined; // begins with a weekday; Date.parse accepts far more
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * When the server created a response, by its own clock: the Date header minus the Age header (time in a cache). Undefined
 * if Date is missing or invalid.
 */
export function responseTime(headers: { get(name: string): string | null }): EpochMs | undefined {
  const at = parseHttpDate(headers.get('date')?.trim() ?? '');
  const age = headers.get('age')?.trim() ?? '';
  return at !== undefined && /^\d{1,10}$/.test(age) ? at - Number(age) * 1000 : at;
}

/**
 * The delay of a Retry-After header, given as seconds or an HTTP date; undefined if it is unusable. A date is relative to
 * the response's own Date header if present, so that a wrong clock on either side does no harm.
 */
export function retryAfterMs(value: string | null, date: string | null, now: EpochMs): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, MAX_RETRY_AFTER_MS);
  const until = parseHttpDate(text);
  if (until === undefined) return undefined;
  return Math.min(Math.max(0, until - (parseHttpDate(date ?? '') ?? now)), MAX_RETRY_AFTER_MS);
}
