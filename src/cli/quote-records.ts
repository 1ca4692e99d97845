/** A number only if the file format distinguishes numbers from text (JSON, workbooks). */
export type RecordCell = string | number;
/** The cells of a record, or why it is invalid. */
export type RecordCells = readonly RecordCell[] | string;

/** Consecutive records and the numbers of the lines, rows or items at which they begin. */
export interface RecordBlock {
  readonly lines: readonly number[];
  readonly records: readonly RecordCells[];
}

export interface SampleRow {
  readonly line: number;
  readonly cells: readonly RecordCell[];
}

/** A file as records with common columns, which can be read several times. */
export interface QuoteTable {
  /** Column names; without a header `#1`, `#2`, …. */
  readonly columns: readonly string[];
  readonly hasHeader: boolean;
  /** The origin of a self-describing file. */
  readonly origin?: string;
  /** What record numbers count. */
  readonly recordNoun: 'line' | 'row' | 'item';
  readonly sample: readonly SampleRow[];
  /** All records below the header. */
  records(onBytes?: (count: number) => void): AsyncIterable<RecordBlock>;
}

export function cellText(cell: RecordCell | undefined): string {
  return typeof cell === 'string' ? cell.trim() : cell === undefined ? '' : String(cell);
}

export function isBlankCell(cell: RecordCell | undefined): boolean {
  return cell === undefined || (typeof cell === 'string' && cell.trim() === '');
}

export function isBlankRecord(cells: RecordCells): boolean {
  return typeof cells !== 'string' && cells.length <= 1 && isBlankCell(cells[0]);
}
