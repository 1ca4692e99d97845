import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const PREFIX_FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** How to write a size, for error messages. */
export const SIZE_FORMAT_HELP = 'a number of bytes, or one with kB, MB, GB or TB, such as 500MB';

/** `0 B`, `12.5 MB`: decimal units, as for disks and networks. */
export function formatBytes(bytes: number): SafeText {
  let size = Math.max(0, Number.isFinite(bytes) ? bytes : 0);
  let unit = 0;
  while (size >= 999.5 && unit < BYTE_UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return sanitizeText(`${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${BYTE_UNITS[unit]}`);
}

export function formatSpeed(bytesPerSecond: number): SafeText {
  return safeText`${formatBytes(bytesPerSecond)}/s`;
}

/** Parses `500MB`, `1.5 gb`, `20M` or `4096`, optionally followed by `/s`; undefined if it is not a size above zero. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit = ''] = /^\s*(\d{1,15}(?:\.\d{1,6})?)\s*(?:([kmgt]?)b?)?(?:\/s)?\s*$/i.exec(text) ?? [];
  const bytes = Math.round(Number(number) * (PREFIX_FACTORS[unit.toLowerCase()] ?? Number.NaN));
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
