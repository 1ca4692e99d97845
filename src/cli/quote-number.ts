/** How a file writes its numbers, by example; marks of thousands may be left out. */
export const NUMBER_FORMATS = ['1234.5', '1,234.5', '1.234,5'] as const;
export type NumberFormat = (typeof NUMBER_FORMATS)[number];

const DECIMAL = /^[+-]?\d+(?:\.\d*)?$/;
const SCIENTIFIC = /^[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,3}$/;
const GROUPED = {
  '1,234.5': /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/,
  '1.234,5': /^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d*)?$/,
} as const;

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
  const scaled = (decimal: string): number | undefined => {
    if (power === 0) return finite(decimal);
    if (power !== undefined && DECIMAL.test(decimal)) return finite(`${decimal}e${power}`);
    const exact = decimalOf(decimal);
    return exact && finite(`${exact.digits * factor.digits}e${exact.exponent + factor.exponent}`);
  };
  return (text) => {
    if (format !== '1.234,5' && (DECIMAL.test(text) || SCIENTIFIC.test(text))) return scaled(text);
    if (format === '1234.5' || !GROUPED[format].test(text)) return undefined;
    return scaled(format === '1,234.5' ? text.replaceAll(',', '') : text.replaceAll('.', '').replace(',', '.'));
  };
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
