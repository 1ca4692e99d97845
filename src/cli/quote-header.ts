import { type ColumnMap, matchColumns } from './quote-columns.ts';
import { classifyMarks, parseWrittenPrice } from './quote-number.ts';
import { cellText, isBlankCell, type RecordCell, type SampleRow } from './quote-records.ts';
import { DATE_ORDERS, parseImportTime } from './quote-time.ts';

/** Maximum number of lines with titles and notes above the header. */
const MAX_PREAMBLE = 50;

export interface TableOptions {
  readonly map: ColumnMap;
  /** False if the first line is a quote. */
  readonly header?: boolean | undefined;
  /** Name of the sheet of a workbook. */
  readonly sheet?: string | undefined;
}

/** Where the quotes of a file begin, and its column names. */
export interface Header {
  /** `#1`, `#2`, … without a header. */
  readonly columns: readonly string[];
  readonly hasHeader: boolean;
  /** Whether the required columns were found by name. */
  readonly isNamed: boolean;
  /** Number of the last line before the quotes. */
  readonly line: number;
}

export function isTimeLike(cell: RecordCell): boolean {
  const text = cellText(cell);
  return DATE_ORDERS.some((order) => parseImportTime(text, order) !== undefined);
}

export function isNumberLike(cell: RecordCell): boolean {
  if (typeof cell === 'number') return true;
  const text = cell.trim();
  return classifyMarks(text) !== undefined || classifyMarks(parseWrittenPrice(text)?.digits ?? '') !== undefined;
}

/**
 * Finds the header among the first records: the first one with names for time and price; otherwise the one above the first
 * quote. There is none if a quote comes first or `wanted` is false.
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
    columns: headerNames(row.cells),
    hasHeader: true,
    isNamed,
    line: row.line,
  });
  // A quote is never a header, even if its cells match names of the map.
  const above = rows.slice(0, quote < 0 ? MAX_PREAMBLE : Math.min(quote, MAX_PREAMBLE));
  const byName = above.find(({ cells }) => hasNames(cells, map));
  if (byName) return under(byName, true);
  if (quote < 0) return under(rows.find(({ cells }) => cells.length > 1) ?? first, false);
  const last = rows[quote - 1];
  const isHeader =
    last?.cells.length === rows[quote]!.cells.length &&
    last.cells.every((cell) => isBlankCell(cell) || !isNumberLike(cell));
  return isHeader ? under(last, false) : without(rows[quote]!);
}

/** Whether a record has a time and a number. */
function isQuoteLike(cells: readonly RecordCell[]): boolean {
  const time = cells.findIndex(isTimeLike);
  return time >= 0 && cells.some((cell, i) => i !== time && !isBlankCell(cell) && isNumberLike(cell));
}

function hasNames(cells: readonly RecordCell[], map: ColumnMap): boolean {
  const byName = Object.fromEntries(Object.entries(map).filter(([, column]) => !column.startsWith('#')));
  const { fields } = matchColumns(headerNames(cells), byName);
  return fields.at !== undefined && (fields.buy ?? fields.sell ?? fields.price) !== undefined;
}

function headerNames(cells: readonly RecordCell[]): string[] {
  const names = cells.map(cellText);
  // Trailing delimiters are not columns.
  while (names.length > 1 && names.at(-1) === '') names.pop();
  return names;
}
