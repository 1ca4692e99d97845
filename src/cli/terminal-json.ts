import type { SafeText } from '../domain/safe-text.ts';
/**
 * JSON that is safe for a terminal: control characters are escaped, which does not change its meaning. JSON.stringify
 * escapes only the first 32 characters, but terminals also interpret others, such as C1 controls.
 */
export function toTerminalJson(value: unknown, indent?: number): SafeText {
  return escapeControlCharacters(JSON.stringify(value, null, indent));
}

/** Like `toTerminalJson`, for JSON text. */
export function escapeControlCharacters(json: string): SafeText {
  return json.replace(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) =>
    Array.from({ length: sign.length }, (_, i) => `\\u${sign.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  ) as SafeText;
}
