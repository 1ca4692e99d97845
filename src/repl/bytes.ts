import { plain } from '../domain/fold.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** How a size is written, for error messages. */
export const SIZE = 'a number of bytes, or one with kB, MB, GB or TB, such as 500MB';

/** `0 B`, `12.5 MB`: thousands, as disks and networks are counted. */
export function formatBytes(bytes: number): SafeText {
  let size = Math.max(0, Number.isFinite(bytes) ? bytes : 0);
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return plain(`${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit]}`);
}

/** `5.5 MB/s` */
export function formatSpeed(bytesPerSecond: number): SafeText {
  return safeText`${formatBytes(bytesPerSecond)}/s`;
}

/** `500MB`, `1.5 gb`, `20M`, `4096`, also with `/s` behind it; undefined when it is no size, or none at all. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit = ''] = /^\s*(\d{1,15}(?:\.\d{1,6})?)\s*(?:([kmgt]?)b?)?(?:\/s)?\s*$/i.exec(text) ?? [];
  const bytes = Math.round(Number(number) * (FACTORS[unit.toLowerCase()] ?? Number.NaN));
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
