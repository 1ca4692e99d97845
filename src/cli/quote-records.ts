/** A value of a record: text, or a number where the file itself says that it is one (JSON, workbooks). */
export type Cell = string | number;
/** The cells of a record, or why it has none. */
export type Cells = readonly Cell[] | string;

/** Consecutive records of a file, and the numbers of the lines, rows or items where they begin. */
export interface RecordBlock {
  readonly lines: readonly number[];
  readonly records: readonly Cells[];
}

/** A record that has cells. */
export interface SampleRow {
  readonly line: number;
  readonly cells: readonly Cell[];
}

/** A file as records of the same columns, which may be read several times. */
export interface QuoteTable {
  /** Names of the columns; without a header `#1`, `#2`, …. */
  readonly columns: readonly string[];
  readonly hasHeader: boolean;
  /** Whose file it is, where its rows say all of themselves. */
  readonly origin?: string;
  /** What the numbers of its records count. */
  readonly counts: 'line' | 'row' | 'item';
  /** Its first records. */
  readonly sample: readonly SampleRow[];
  /** All records below the header. */
  records(onBytes?: (count: number) => void): AsyncIterable<RecordBlock>;
}

export function cellText(cell: Cell | undefined): string {
  return typeof cell === 'string' ? cell.trim() : cell === undefined ? '' : String(cell);
}

export function isBlank(cell: Cell | undefined): boolean {
  return cell === undefined || (typeof cell === 'string' && cell.trim() === '');
}

export function isBlankRecord(cells: Cells): boolean {
  return typeof cells !== 'string' && cells.length <= 1 && isBlank(cells[0]);
}
