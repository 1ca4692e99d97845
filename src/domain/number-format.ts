import { type SafeText, safeText } from './safe-text.ts';
import { sanitizeText } from './text.ts';

const numberFormats = new Map<string, Intl.NumberFormat>();

function numberFormat(minDecimals: number, maxDecimals: number, significantDigits?: number): Intl.NumberFormat {
  const key = `${minDecimals} ${maxDecimals} ${significantDigits}`;
  let cached = numberFormats.get(key);
  if (!cached) {
    cached = new Intl.NumberFormat(
      'en-US',
      significantDigits === undefined
        ? { minimumFractionDigits: minDecimals, maximumFractionDigits: maxDecimals }
        : { maximumSignificantDigits: significantDigits },
    );
    numberFormats.set(key, cached);
  }
  return cached;
}

/**
 * `151,300,000` (VND has no smaller coin), `26,732.20`, `1.0003`; six significant digits below one, for
 * cryptocurrencies: `0.0000123457`. `-` if this side has no price.
 */
export function formatPrice(value: number | null, currency: string): SafeText {
  if (value === null) return safeText`-`;
  const size = Math.abs(value);
  if (currency === 'VND' && size >= 1000) return sanitizeText(numberFormat(0, 0).format(value));
  if (size >= 1000 || size === 0) return sanitizeText(numberFormat(2, 2).format(value));
  if (size >= 1) return sanitizeText(numberFormat(2, 4).format(value));
  return sanitizeText(numberFormat(0, 0, 6).format(value));
}

const MAX_COMPACT_LENGTH = 9;
/** From here on, two decimals need more characters. */
const MAX_COMPACT_COUNT = 9999.995;

/**
 * As `formatPrice`, for narrow columns: `144.60M`, `12.34B`, `117,123`, `0.0001235`. Millions and billions keep two
 * decimals; prices below one keep as many digits as fit.
 */
export function formatCompactPrice(value: number | null, currency: string): SafeText {
  const full = formatPrice(value, currency);
  if (value === null) return full;
  const size = Math.abs(value);
  if (size >= MAX_COMPACT_COUNT * 1e9) return sanitizeText(value.toExponential(2));
  if (size >= MAX_COMPACT_COUNT * 1e6) return safeText`${sanitizeText(numberFormat(2, 2).format(value / 1e9))}B`;
  if (size >= 1e6) return safeText`${sanitizeText(numberFormat(2, 2).format(value / 1e6))}M`;
  if (full.length <= MAX_COMPACT_LENGTH) return full;
  if (size >= 1) return sanitizeText(numberFormat(0, 0).format(value));
  for (let digits = 5; digits >= 2; digits--) {
    const text = numberFormat(0, 0, digits).format(value);
    if (text.length <= MAX_COMPACT_LENGTH) return sanitizeText(text);
  }
  return sanitizeText(value.toExponential(1));
}

/** `+1.25%`. Uses a hyphen as the minus sign, because an ASCII terminal cannot show U+2212. */
export function formatPercent(from: number, to: number): SafeText {
  if (!(from > 0)) return safeText`-`;
  const percent = ((to - from) / from) * 100;
  return safeText`${percent > 0 ? '+' : ''}${sanitizeText(numberFormat(2, 2).format(Math.abs(percent) < 0.005 ? 0 : percent))}%`;
}

/** With as many decimals as are needed to distinguish values that are `step` apart. */
export function formatTick(value: number, step: number): SafeText {
  const decimals = step > 0 ? Math.min(12, Math.max(0, Math.ceil(-Math.log10(step)) + 1)) : 0;
  return sanitizeText(numberFormat(decimals, decimals).format(value));
}

/** With exactly so many decimals, and without a minus sign before zero. */
export function formatFixed(value: number, decimals: number): SafeText {
  return sanitizeText(numberFormat(decimals, decimals).format(Number(value.toFixed(decimals)) || 0));
}

export function formatInteger(value: number): SafeText {
  return sanitizeText(numberFormat(0, 0).format(value));
}
