import type { ImportRow } from '../protocol/rates.ts';
import type { Fields } from './quote-columns.ts';

/** What a day or hour of a file had beside its last price. */
export type PriceRange = readonly [open: number, high: number, low: number];

/** Whether the file has open, high and low beside its price. */
export function hasRange({ open, high, low, buy, sell }: Fields): boolean {
  const range = [open, high, low];
  return range.every((place) => place !== undefined && place !== buy && place !== sell);
}

/** The row of a period with its open, high and low: `[at, buy, sell, checkedAt, id, [open, high, low]]`. */
export function withRange(row: ImportRow, range: PriceRange): ImportRow {
  const [at, buy, sell, checkedAt = null, id = null] = row;
  return [at, buy, sell, checkedAt, id, [...range]];
}

/** How far a close may be outside of high and low: files round their columns in different ways. */
const ROUNDING = 0.001;

/** Open, high and low that hold the close as well, or why they cannot be those of one period with it. */
export function rangeAround([open, high, low]: PriceRange, close: number): PriceRange | string {
  if (low > high) return `its low ${low} is above its high ${high}`;
  const [least, most] = [Math.min(open, close), Math.max(open, close)];
  if (low > least * (1 + ROUNDING)) return `its low ${low} is above ${least}, which is its open or its close`;
  if (high < most * (1 - ROUNDING)) return `its high ${high} is below ${most}, which is its open or its close`;
  return [open, Math.max(high, most), Math.min(low, least)];
}
