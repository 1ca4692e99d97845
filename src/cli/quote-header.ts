import { type ColumnMap, matchColumns } from './quote-columns.ts';
import { marksOf, writtenPrice } from './quote-number.ts';
import { type Cell, cellText, isBlank, type SampleRow } from './quote-records.ts';
import { DATE_ORDERS, parseTime } from './quote-time.ts';

/** Lines of titles and notes that may stand above the header. */
const MAX_PREAMBLE = 50;

export interface TableOptions {
  readonly map: ColumnMap;
  /** False: the first line is a quote already. */
  readonly header?: boolean | undefined;
  /** Of a workbook. */
  readonly sheet?: string | undefined;
}

/** Where the quotes of a file begin, and what its columns are called. */
export interface Header {
  /** `#1`, `#2`, … where there is none. */
  readonly columns: readonly string[];
  readonly hasHeader: boolean;
  /** Whether the columns that a quote needs were found by their names. */
  readonly isNamed: boolean;
  /** Number of the last line above the quotes. */
  readonly line: number;
}

export function isTimeLike(cell: Cell): boolean {
  const text = cellText(cell);
  return DATE_ORDERS.some((order) => parseTime(text, order) !== undefined);
}

export function isNumberLike(cell: Cell): boolean {
  if (typeof cell === 'number') return true;
  const text = cell.trim();
  return marksOf(text) !== undefined || marksOf(writtenPrice(text)?.digits ?? '') !== undefined;
}

/**
 * Finds the header among the first records: the first one with names of a time and a price; else the one above the first
 * quote. There is none where a quote comes first, or where `wanted` is false.
 */
export function findHeader(rows: readonly SampleRow[], map: ColumnMap, wanted = true): Header | undefined {
  const [first] = rows;
  if (!first) return undefined;
  const without = (from: SampleRow): Header => ({
    columns: from.cells.map((_, i) => `#${i + 1}`),
    hasHeader: false,
    isNamed: false,
    line: from.line - 1,
  });
  const quote = rows.findIndex(({ cells }) => isQuoteLike(cells));
  if (!wanted) return { ...without(rows[quote] ?? first), line: first.line - 1 };
  const under = (row: SampleRow, isNamed: boolean): Header => ({
    columns: named(row.cells),
    hasHeader: true,
    isNamed,
    line: row.line,
  });
  // A quote is no header, whatever a map calls its columns.
  const above = rows.slice(0, quote < 0 ? MAX_PREAMBLE : Math.min(quote, MAX_PREAMBLE));
  const byName = above.find(({ cells }) => hasNames(cells, map));
  if (byName) return under(byName, true);
  if (quote < 0) return under(rows.find(({ cells }) => cells.length > 1) ?? first, false);
  const last = rows[quote - 1];
  const isHeader =
    last?.cells.length === rows[quote]!.cells.length &&
    last.cells.every((cell) => isBlank(cell) || !isNumberLike(cell));
  return isHeader ? under(last, false) : without(rows[quote]!);
}

/** Whether a record has a time and, beside it, a number. */
function isQuoteLike(cells: readonly Cell[]): boolean {
  const time = cells.findIndex(isTimeLike);
  return time >= 0 && cells.some((cell, i) => i !== time && !isBlank(cell) && isNumberLike(cell));
}

function hasNames(cells: readonly Cell[], map: ColumnMap): boolean {
  const byName = Object.fromEntries(Object.entries(map).filter(([, column]) => !column.startsWith('#')));
  const { fields } = matchColumns(named(cells), byName);
  return fields.at !== undefined && (fields.buy ?? fields.sell ?? fields.price) !== undefined;
}

function named(cells: readonly Cell[]): string[] {
  const names = cells.map(cellText);
  // Separators at the end of the line are no columns.
  while (names.length > 1 && names.at(-1) === '') names.pop();
  return names;
}
