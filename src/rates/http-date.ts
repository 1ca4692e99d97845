import type { Instant } from '../domain/instant.ts';

/** The instant of an HTTP date; undefined for other texts. */
export function parseHttpDate(text: string): Instant | undefined {
  if (!/^[A-Z][a-z]{2}/.test(text)) return undefined; // it begins with its weekday; Date.parse takes far more
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * When a response was made, by its server's clock: its Date header, less the time that it lay in a cache by the Age
 * header. Undefined where Date is missing or cannot be read.
 */
export function respondedAt(headers: { get(name: string): string | null }): Instant | undefined {
  const at = parseHttpDate(headers.get('date')?.trim() ?? '');
  const age = headers.get('age')?.trim() ?? '';
  return at !== undefined && /^\d{1,10}$/.test(age) ? at - Number(age) * 1000 : at;
}
