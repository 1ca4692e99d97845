import { foldForSearch } from '../domain/text.ts';
import type { Unit } from '../domain/unit.ts';

/** Number formats by example; thousands separators are optional. */
export const NUMBER_FORMATS = ['1234.5', '1,234.5', '1.234,5'] as const;
export type NumberFormat = (typeof NUMBER_FORMATS)[number];

const DECIMAL_PATTERN = /^[+-]?\d+(?:\.\d*)?$/;
const SCIENTIFIC_PATTERN = /^[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,3}$/;
/** A thousands group does not follow a leading 0: `0.325` has a decimal point. */
const GROUPED_PATTERNS = {
  '1,234.5': /^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$/,
  '1.234,5': /^[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d*)?$/,
} as const;

const MAX_CHARACTERS = 400;

/** Parses and scales a price; undefined if the text is not a number. */
export type NumberReader = (text: string) => number | undefined;

/**
 * @param scale the factor as decimal text: the exact product is rounded once, so that 21.06 times 1000000 is 21060000
 * @returns undefined if the scale is not a positive number
 */
export function createNumberReader(format: NumberFormat, scale: string): NumberReader | undefined {
  const factor = parseDecimal(scale);
  if (!factor || factor.digits <= 0n) return undefined;
  const power = exponentOfPowerOfTen(factor);
  const scaled = (decimal: string, thousands = 0): number | undefined => {
    if (power === 0 && thousands === 0) return toFiniteNumber(decimal);
    if (power !== undefined && DECIMAL_PATTERN.test(decimal)) return toFiniteNumber(`${decimal}e${power + thousands}`);
    const exact = parseDecimal(decimal);
    return exact && toFiniteNumber(`${exact.digits * factor.digits}e${exact.exponent + factor.exponent + thousands}`);
  };
  return (text) => {
    const decimal = toDecimalText(text, format);
    if (decimal !== undefined) return scaled(decimal);
    const price = parseWrittenPrice(text);
    const digits = price && toDecimalText(price.digits, format);
    return digits === undefined ? undefined : scaled(digits, price!.power);
  };
}

/** Converts to JavaScript notation; undefined if the text does not match the format. */
function toDecimalText(text: string, format: NumberFormat): string | undefined {
  if (format !== '1.234,5' && (DECIMAL_PATTERN.test(text) || SCIENTIFIC_PATTERN.test(text))) return text;
  if (format === '1234.5' || !GROUPED_PATTERNS[format].test(text)) return undefined;
  return format === '1,234.5' ? text.replaceAll(',', '') : text.replaceAll('.', '').replace(',', '.');
}

// ---- currencies, units and number words

/** A price in everyday notation: `89.900.000 đ`, `1,5 tỷ`, `$4,010.10`, `14.800.000 đ/chỉ`. */
export interface WrittenPrice {
  /** With the separators of the file. */
  readonly digits: string;
  /** Power of ten of the number word: 6 for `150tr`. */
  readonly power: number;
  readonly currency: string | undefined;
  readonly unit: Unit | undefined;
}

/** By folded word or sign. A dollar sign may mean any dollar; without a specified currency it means USD. */
const CURRENCY_WORDS: Readonly<Record<string, string>> = {
  ...{ d: 'VND', dong: 'VND', vnd: 'VND', '₫': 'VND', $: 'USD', us$: 'USD', usd: 'USD', '€': 'EUR', eur: 'EUR' },
  ...{ '£': 'GBP', gbp: 'GBP' },
};
const POWER_WORDS: Readonly<Record<string, number>> = {
  ...{ k: 3, nghin: 3, ngan: 3, tr: 6, 'tr.': 6, trieu: 6, m: 6, million: 6, ty: 9, ti: 9, b: 9, bn: 9, billion: 9 },
};
const UNIT_WORDS: Readonly<Record<string, Unit>> = {
  ...{ luong: 'tael', cay: 'tael', tael: 'tael', chi: 'chi', oz: 'ozt', ozt: 'ozt', kg: 'kg', g: 'g', gram: 'g' },
};
const toAlternation = (table: object): string =>
  Object.keys(table)
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replace(/[$.]/g, '\\$&'))
    .join('|');
const WRITTEN_PRICE_PATTERN = new RegExp(
  `^(${toAlternation(CURRENCY_WORDS)})?\\s*([+-]?\\d[\\d.,' ]*?)\\s*(${toAlternation(POWER_WORDS)})?\\s*(${toAlternation(CURRENCY_WORDS)})?\\s*(?:/\\s*(${toAlternation(UNIT_WORDS)}))?$`,
);
const SPACED_PATTERN = /^[+-]?\d{1,3}(?:[ ']\d{3})+(?:[.,]\d*)?$/;

/** Parses a price with a currency, unit or number word; undefined if it is not a price. */
export function parseWrittenPrice(text: string): WrittenPrice | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const match = WRITTEN_PRICE_PATTERN.exec(foldForSearch(text));
  if (!match) return undefined;
  const [, before, amount, power, after, unit] = match;
  const digits = SPACED_PATTERN.test(amount!) ? amount!.replace(/[ ']/g, '') : amount!;
  if (/[ ']/.test(digits) || (before !== undefined && after !== undefined)) return undefined;
  const currency = before ?? after;
  return {
    digits,
    power: power === undefined ? 0 : POWER_WORDS[power]!,
    currency: currency === undefined ? undefined : CURRENCY_WORDS[currency],
    unit: unit === undefined ? undefined : UNIT_WORDS[unit],
  };
}

/**
 * What the separators of a number reveal about the file's format. `dot`: only a decimal point is possible (1,234.5);
 * `comma`: only a decimal comma (1.234,5); `either`: the two readings differ by a factor of 1000 (24.325); `none`: no
 * separators; undefined: not a number.
 */
export type NumberMarks = 'none' | 'dot' | 'comma' | 'either';

export function classifyMarks(digits: string): NumberMarks | undefined {
  if (/^[+-]?\d+$/.test(digits)) return 'none';
  const isDot = toDecimalText(digits, '1,234.5') !== undefined;
  const isComma = toDecimalText(digits, '1.234,5') !== undefined;
  if (isDot && isComma) return 'either';
  return isDot ? 'dot' : isComma ? 'comma' : undefined;
}

/** Undefined on overflow: JSON would send Infinity as null, which means "no price". */
function toFiniteNumber(decimal: string): number | undefined {
  const value = Number(decimal);
  return Number.isFinite(value) ? value : undefined;
}

interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

function parseDecimal(text: string): Decimal | undefined {
  const match = /^([+-]?)(\d{1,40})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (!match) return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole! + fraction);
  return { digits: sign === '-' ? -digits : digits, exponent: Number(exponent) - fraction.length };
}

/** The n if the decimal is 10^n. */
function exponentOfPowerOfTen({ digits, exponent }: Decimal): number | undefined {
  const text = String(digits);
  return /^10*$/.test(text) ? text.length - 1 + exponent : undefined;
}
