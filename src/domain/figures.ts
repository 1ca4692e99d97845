import { plain } from './fold.ts';
import { type SafeText, safeText } from './safe-text.ts';

const formats = new Map<string, Intl.NumberFormat>();

function format(least: number, most: number, significant?: number): Intl.NumberFormat {
  const key = `${least} ${most} ${significant}`;
  let made = formats.get(key);
  if (!made) {
    made = new Intl.NumberFormat(
      'en-US',
      significant === undefined
        ? { minimumFractionDigits: least, maximumFractionDigits: most }
        : { maximumSignificantDigits: significant },
    );
    formats.set(key, made);
  }
  return made;
}

/**
 * A price for people: `151,300,000` (VND has no smaller coin), `26,732.20`, `1.0003`, and six significant digits below
 * one, where coins live: `0.0000123457`. `-` where this side has no price.
 */
export function formatPrice(value: number | null, currency: string): SafeText {
  if (value === null) return safeText`-`;
  const size = Math.abs(value);
  if (currency === 'VND' && size >= 1000) return plain(format(0, 0).format(value));
  if (size >= 1000 || size === 0) return plain(format(2, 2).format(value));
  if (size >= 1) return plain(format(2, 4).format(value));
  return plain(format(0, 0, 6).format(value));
}

/** `+1.25 %`; a real minus sign would not survive an ASCII terminal. */
export function formatPercent(from: number, to: number): SafeText {
  if (!(from > 0)) return safeText`-`;
  const percent = ((to - from) / from) * 100;
  return safeText`${percent > 0 ? '+' : ''}${plain(format(2, 2).format(Math.abs(percent) < 0.005 ? 0 : percent))} %`;
}

/** With just as many decimals as tell neighbours `step` apart. */
export function formatTick(value: number, step: number): SafeText {
  const decimals = step > 0 ? Math.min(12, Math.max(0, Math.ceil(-Math.log10(step)) + 1)) : 0;
  return plain(format(decimals, decimals).format(value));
}

export function formatCount(value: number): SafeText {
  return plain(format(0, 0).format(value));
}
