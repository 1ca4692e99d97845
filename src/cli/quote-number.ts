import { fold } from '../domain/fold.ts';
import type { Unit } from '../domain/unit.ts';

/** How a file writes its numbers, by example; marks of thousands may be left out. */
export const NUMBER_FORMATS = ['1234.5', '1,234.5', '1.234,5'] as const;
export type NumberFormat = (typeof NUMBER_FORMATS)[number];

const DECIMAL = /^[+-]?\d+(?:\.\d*)?$/;
const SCIENTIFIC = /^[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,3}$/;
/** A group of thousands does not begin with 0: `0.325` has a decimal point. */
const GROUPED = {
  '1,234.5': /^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$/,
  '1.234,5': /^[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d*)?$/,
} as const;

/** Longer texts are no prices. */
const MAX_CHARACTERS = 400;

/** Reads a price and brings it to scale; undefined when the text is no number. */
export type NumberReader = (text: string) => number | undefined;

/**
 * @param scale what every number is multiplied by, as decimal text: the product of the two decimals is rounded once, so
 * that 21.06 by 1000000 is 21060000
 * @returns undefined when the scale is no positive number
 */
export function numberReader(format: NumberFormat, scale: string): NumberReader | undefined {
  const factor = decimalOf(scale);
  if (!factor || factor.digits <= 0n) return undefined;
  const power = tenth(factor);
  const scaled = (decimal: string, thousands = 0): number | undefined => {
    if (power === 0 && thousands === 0) return finite(decimal);
    if (power !== undefined && DECIMAL.test(decimal)) return finite(`${decimal}e${power + thousands}`);
    const exact = decimalOf(decimal);
    return exact && finite(`${exact.digits * factor.digits}e${exact.exponent + factor.exponent + thousands}`);
  };
  return (text) => {
    const decimal = decimalText(text, format);
    if (decimal !== undefined) return scaled(decimal);
    const price = writtenPrice(text);
    const digits = price && decimalText(price.digits, format);
    return digits === undefined ? undefined : scaled(digits, price!.power);
  };
}

/** The number as JavaScript writes it; undefined when the text is none of that format. */
function decimalText(text: string, format: NumberFormat): string | undefined {
  if (format !== '1.234,5' && (DECIMAL.test(text) || SCIENTIFIC.test(text))) return text;
  if (format === '1234.5' || !GROUPED[format].test(text)) return undefined;
  return format === '1,234.5' ? text.replaceAll(',', '') : text.replaceAll('.', '').replace(',', '.');
}

// ---- what stands around a number

/** A price as people write it: `89.900.000 đ`, `1,5 tỷ`, `$4,010.10`, `14.800.000 đ/chỉ`. */
export interface WrittenPrice {
  /** With the marks of the file. */
  readonly digits: string;
  /** Zeros that a word stands for: 6 of `150tr`. */
  readonly power: number;
  readonly currency: string | undefined;
  readonly unit: Unit | undefined;
}

/** By folded words and signs. A dollar sign is of any dollar; nothing else is meant by it where the currency is not said. */
const CURRENCIES: Readonly<Record<string, string>> = {
  ...{ d: 'VND', dong: 'VND', vnd: 'VND', '₫': 'VND', $: 'USD', us$: 'USD', usd: 'USD', '€': 'EUR', eur: 'EUR' },
  ...{ '£': 'GBP', gbp: 'GBP' },
};
const POWERS: Readonly<Record<string, number>> = {
  ...{ k: 3, nghin: 3, ngan: 3, tr: 6, 'tr.': 6, trieu: 6, m: 6, million: 6, ty: 9, ti: 9, b: 9, bn: 9, billion: 9 },
};
const WEIGHTS: Readonly<Record<string, Unit>> = {
  ...{ luong: 'tael', cay: 'tael', tael: 'tael', chi: 'chi', oz: 'ozt', ozt: 'ozt', kg: 'kg', g: 'g', gram: 'g' },
};
const words = (table: object): string =>
  Object.keys(table)
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replace(/[$.]/g, '\\$&'))
    .join('|');
const WRITTEN = new RegExp(
  `^(${words(CURRENCIES)})?\\s*([+-]?\\d[\\d.,' ]*?)\\s*(${words(POWERS)})?\\s*(${words(CURRENCIES)})?\\s*(?:/\\s*(${words(WEIGHTS)}))?$`,
);
const SPACED = /^[+-]?\d{1,3}(?:[ ']\d{3})+(?:[.,]\d*)?$/;

/** Takes a price apart that has more than a number in it; undefined where it is none, or nothing but a number. */
export function writtenPrice(text: string): WrittenPrice | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const match = WRITTEN.exec(fold(text));
  if (!match) return undefined;
  const [, before, amount, power, after, unit] = match;
  const digits = SPACED.test(amount!) ? amount!.replace(/[ ']/g, '') : amount!;
  if (/[ ']/.test(digits) || (before !== undefined && after !== undefined)) return undefined;
  const currency = before ?? after;
  return {
    digits,
    power: power === undefined ? 0 : POWERS[power]!,
    currency: currency === undefined ? undefined : CURRENCIES[currency],
    unit: unit === undefined ? undefined : WEIGHTS[unit],
  };
}

/**
 * What the marks of a number tell of the file's format. `dot`: it can only be one with a decimal point (1,234.5);
 * `comma`: only one with a decimal comma (1.234,5); `either`: the two readings differ by a thousand (24.325); `none`: it
 * has no marks; undefined: it is no number.
 */
export type Marks = 'none' | 'dot' | 'comma' | 'either';

export function marksOf(digits: string): Marks | undefined {
  if (/^[+-]?\d+$/.test(digits)) return 'none';
  const isDot = decimalText(digits, '1,234.5') !== undefined;
  const isComma = decimalText(digits, '1.234,5') !== undefined;
  if (isDot && isComma) return 'either';
  return isDot ? 'dot' : isComma ? 'comma' : undefined;
}

/** Undefined for what is more than a number can hold: JSON has no infinity, it would arrive as "no price". */
function finite(decimal: string): number | undefined {
  const value = Number(decimal);
  return Number.isFinite(value) ? value : undefined;
}

interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

function decimalOf(text: string): Decimal | undefined {
  const match = /^([+-]?)(\d{1,40})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (!match) return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const digits = BigInt(whole! + fraction);
  return { digits: sign === '-' ? -digits : digits, exponent: Number(exponent) - fraction.length };
}

/** The n where the decimal is 10^n. */
function tenth({ digits, exponent }: Decimal): number | undefined {
  const text = String(digits);
  return /^10*$/.test(text) ? text.length - 1 + exponent : undefined;
}
