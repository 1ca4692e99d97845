import type { QuoteImportRow } from '../protocol/rates.ts';
import type { FieldColumns } from './quote-columns.ts';

/** Prices of a period besides its close. */
export type OpenHighLow = readonly [open: number, high: number, low: number];

/** Whether the file has separate columns for open, high and low. */
export function hasOpenHighLow({ open, high, low, buy, sell }: FieldColumns): boolean {
  const range = [open, high, low];
  return range.every((index) => index !== undefined && index !== buy && index !== sell);
}

/** Adds open, high and low to a row: `[at, buy, sell, checkedAt, id, [open, high, low]]`. */
export function withOpenHighLow(row: QuoteImportRow, range: OpenHighLow): QuoteImportRow {
  const [at, buy, sell, checkedAt = null, id = null] = row;
  return [at, buy, sell, checkedAt, id, [...range]];
}

/** Relative tolerance for a close outside of high and low, because columns are rounded differently. */
const ROUNDING_TOLERANCE = 0.001;

/** Extends high and low to include the close, or returns why they are inconsistent. */
export function includeClose([open, high, low]: OpenHighLow, close: number): OpenHighLow | string {
  if (low > high) return `its low ${low} is above its high ${high}`;
  const [least, most] = [Math.min(open, close), Math.max(open, close)];
  if (low > least * (1 + ROUNDING_TOLERANCE)) return `its low ${low} is above ${least}, its open or close`;
  if (high < most * (1 - ROUNDING_TOLERANCE)) return `its high ${high} is below ${most}, its open or close`;
  return [open, Math.max(high, most), Math.min(low, least)];
}
