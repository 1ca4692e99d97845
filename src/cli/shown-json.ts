import type { SafeText } from '../domain/safe-text.ts';
/**
 * JSON as a terminal may show it: what could give it orders stands escaped, and means the same to a program.
 * JSON.stringify itself lets all but the first 32 characters through: a daemon may send it one-byte escapes.
 */
export function shownJson(value: unknown, indent?: number): SafeText {
  return escapeOrders(JSON.stringify(value, null, indent));
}

/** As `shownJson`, for what is JSON already. */
export function escapeOrders(json: string): SafeText {
  return json.replace(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) =>
    Array.from({ length: sign.length }, (_, i) => `\\u${sign.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  ) as SafeText;
}
