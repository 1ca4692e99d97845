import { Failure } from '../domain/failure.ts';
import { CsvRecords, cellsOf, DELIMITERS, delimiterOf } from './csv-lines.ts';
import type { Ask } from './import-question.ts';
import type { Input } from './input.ts';
import { JsonArrayCutter } from './json-array.ts';
import { LineCutter, type Lines } from './line-cutter.ts';
import { findHeader, type Header, type TableOptions } from './quote-header.ts';
import {
  type Cell,
  type Cells,
  isBlankRecord,
  type QuoteTable,
  type RecordBlock,
  type SampleRow,
} from './quote-records.ts';
import { shown } from './quote-series.ts';

export const FILE_FORMATS = ['csv', 'jsonl', 'json', 'xlsx', 'ecb'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** What is accepted, for messages. */
export const FORMS =
  'CSV (commas, semicolons, tabs or |; UTF-8 or UTF-16), JSON Lines, a JSON array of objects or arrays, an Excel workbook (.xlsx), the XML of the European Central Bank (eurofxref), any of them gzipped';

/** Records that are looked at to find header and columns, and how much of the file at most. */
const SAMPLE_ROWS = 1000;
const SAMPLE_BYTES = 4 * 1024 * 1024;

export interface FileOptions extends TableOptions {
  /** Without it the file is looked at. */
  readonly format?: FileFormat | undefined;
}

/**
 * Opens a file as records of the same columns.
 * @param ask which sheet of a workbook is meant
 * @throws Failure INVALID_REQUEST when it is of no form that is accepted, or there is nothing in it
 */
export async function openTable(input: Input, options: FileOptions, ask: Ask): Promise<QuoteTable> {
  const format = options.format ?? formatOf(input.head);
  switch (format) {
    case 'csv':
      return openCsv(input, options);
    case 'json':
      return openJson(input, options, () => new JsonArrayCutter(), 'item');
    case 'jsonl':
      return openJson(input, options, () => new LineCutter(), 'line');
    case 'xlsx':
      return (await import('./xlsx-file.ts')).openWorkbook(input, options, ask);
    case 'ecb':
      return (await import('./ecb-file.ts')).openEcb(input);
  }
}

/** @throws Failure INVALID_REQUEST when it is certainly none of them */
export function formatOf(head: Buffer): FileFormat {
  const start = head.subarray(0, 4).toString('latin1');
  const refused = (what: string, then: string) =>
    new Failure('INVALID_REQUEST', `The file is ${what}: ${then}. Accepted are ${FORMS}.`);
  if (start.startsWith('PK\x03\x04')) return 'xlsx';
  if (start === '\xd0\xcf\x11\xe0') throw refused('an old Excel workbook (.xls)', 'save it as .xlsx or CSV');
  if (start === '%PDF') throw refused('a PDF document', 'there is no table in it that can be read');
  const isUtf16 = start.startsWith('\xff\xfe') || start.startsWith('\xfe\xff');
  if (!isUtf16 && head.subarray(0, 4096).includes(0)) {
    throw refused('no text', 'it has bytes of 0 in it. Text in UTF-16 needs a byte order mark in front');
  }
  const text = new TextDecoder(isUtf16 ? (start.startsWith('\xff') ? 'utf-16le' : 'utf-16be') : 'utf-8').decode(head);
  const first = text.trimStart();
  if (first.startsWith('[')) return 'json';
  if (first.startsWith('{')) return 'jsonl';
  if (!first.startsWith('<')) return 'csv';
  if (/<Cube\b|eurofxref/.test(first)) return 'ecb';
  throw refused(/<html/i.test(first) ? 'a web page' : 'XML', 'save its table as CSV');
}

function nothingIn(): Failure {
  return new Failure('INVALID_REQUEST', `The file is empty: there is no quote in it. Accepted are ${FORMS}.`);
}

// ---- CSV

interface CsvLayout {
  readonly delimiter: string;
  readonly header: Header;
  readonly sample: readonly SampleRow[];
}

async function openCsv(input: Input, options: TableOptions): Promise<QuoteTable> {
  const head = await firstLines(input, new LineCutter());
  const { delimiter, header, sample } = csvLayout(head, options);
  return {
    columns: header.columns,
    hasHeader: header.hasHeader,
    counts: 'line',
    sample,
    async *records(onBytes) {
      const cutter = new LineCutter();
      const csv = new CsvRecords(delimiter, header.columns.length);
      for await (const bytes of input.read(onBytes)) yield below(csv.push(cutter.push(bytes)), header.line);
      yield below(csv.end(cutter.end()), header.line);
    },
  };
}

/** Finds what separates the columns, and the header. @throws Failure INVALID_REQUEST when there is nothing in the file */
function csvLayout(head: Lines, options: TableOptions): CsvLayout {
  const separator = /^"?sep=([^"])"?$/i.exec(head.lines[0]?.trim() ?? '');
  const skipped = separator ? 1 : 0;
  const lines = { ...head, first: head.first + skipped, lines: head.lines.slice(skipped) };
  if (!lines.lines.some((line) => line.trim() !== '')) throw nothingIn();
  const layout = (delimiter: string): CsvLayout | undefined => {
    const rows = rowsOf(new CsvRecords(delimiter).end(lines));
    const header = findHeader(rows, options.map, options.header);
    return header && { delimiter, header, sample: rows.filter(({ line }) => line > header.line) };
  };
  if (separator) {
    const found = layout(separator[1]!);
    if (found) return found;
  }
  const found = DELIMITERS.filter((mark) => lines.lines.some((line) => line.includes(mark)))
    .map(layout)
    .filter((each) => each !== undefined);
  const first = lines.lines.find((line) => line.trim() !== '')!;
  const best = found.find(({ header }) => header.isNamed) ?? bySameWidth(found) ?? layout(delimiterOf(first));
  if (best) return best;
  const reason = cellsOf(first, delimiterOf(first));
  throw new Failure('INVALID_REQUEST', `The first line of the file cannot be read: ${reason}. Accepted are ${FORMS}.`);
}

/** The one by which most records have the columns of the first quote, and more than one. */
function bySameWidth(layouts: readonly CsvLayout[]): CsvLayout | undefined {
  let best: CsvLayout | undefined;
  let most = 0;
  for (const layout of layouts) {
    const width = layout.header.columns.length;
    const count = width < 2 ? 0 : layout.sample.filter(({ cells }) => cells.length === width).length;
    if (count > most) [best, most] = [layout, count];
  }
  return best;
}

function rowsOf({ lines, records }: RecordBlock): SampleRow[] {
  return records.flatMap((cells, i) =>
    typeof cells === 'string' || isBlankRecord(cells) ? [] : [{ line: lines[i]!, cells }],
  );
}

/** The records of the block that begin below a line. */
function below({ lines, records }: RecordBlock, line: number): RecordBlock {
  if (lines.length === 0 || lines[0]! > line) return { lines, records };
  let from = 0;
  while (from < lines.length && lines[from]! <= line) from++;
  return { lines: lines.slice(from), records: records.slice(from) };
}

/** What is at the beginning of the file, in lines or items that are whole. */
async function firstLines(input: Input, cutter: LineCutter | JsonArrayCutter): Promise<Lines> {
  const lines: string[] = [];
  const tooLong = new Set<number>();
  const add = (cut: Lines): void => {
    lines.push(...cut.lines);
    for (const line of cut.tooLong) tooLong.add(line);
  };
  let isWhole = true;
  let size = 0;
  for await (const bytes of input.read()) {
    add(cutter.push(bytes));
    size += bytes.length;
    if (lines.length < SAMPLE_ROWS && size < SAMPLE_BYTES) continue;
    isWhole = false;
    break;
  }
  if (isWhole) add(cutter.end());
  return { first: 1, lines, tooLong };
}

// ---- JSON

async function openJson(
  input: Input,
  options: TableOptions,
  cutter: () => LineCutter | JsonArrayCutter,
  counts: 'line' | 'item',
): Promise<QuoteTable> {
  const head = await firstLines(input, cutter());
  const values = head.lines
    .map((text, i) => ({ line: i + 1, value: text.trim() === '' ? undefined : recordOf(text) }))
    .filter(({ value }) => value !== undefined);
  const [first] = values;
  if (!first) throw nothingIn();
  if (typeof first.value === 'string') {
    throw new Failure(
      'INVALID_REQUEST',
      `The first ${counts} of the file should be a JSON object, but ${first.value}. Accepted are ${FORMS}. Objects that are inside of another one come out by jq -c '.NAME[]'.`,
    );
  }
  const isArrays = Array.isArray(first.value);
  const toCells = isArrays ? cellsOfArray : cellsOfObject;
  const columns = isArrays ? [] : keysOf(values.map(({ value }) => value!));
  const rows = values.flatMap(({ line, value }) => {
    const cells = typeof value === 'string' ? value : toCells(value!, columns);
    return typeof cells === 'string' ? [] : [{ line, cells }];
  });
  const header: Header = (isArrays ? findHeader(rows, options.map, options.header) : undefined) ?? {
    columns,
    hasHeader: true,
    isNamed: true,
    line: 0,
  };
  if (header.columns.length === 0) throw nothingIn();
  const block = ({ first, lines, tooLong }: Lines): RecordBlock => ({
    lines: lines.map((_, i) => first + i),
    records: lines.map((text, i): Cells => {
      if (tooLong.has(first + i)) return 'it is longer than 64 KiB';
      if (text.trim() === '') return [''];
      const value = recordOf(text);
      return typeof value === 'string' ? value : toCells(value, header.columns);
    }),
  });
  return {
    columns: header.columns,
    hasHeader: header.hasHeader,
    counts,
    sample: rows.filter(({ line }) => line > header.line),
    async *records(onBytes) {
      const cut = cutter();
      for await (const bytes of input.read(onBytes)) yield below(block(cut.push(bytes)), header.line);
      yield below(block(cut.end()), header.line);
    },
  };
}

type JsonRecord = Readonly<Record<string, unknown>> | readonly unknown[];

/** The object or array that a text is, or why it is none. */
function recordOf(text: string): JsonRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (typeof value !== 'object' || value === null) return 'it is not a JSON object';
  return value as JsonRecord;
}

/** The keys of the objects in whose values there is more than objects and arrays. */
function keysOf(values: readonly (JsonRecord | string)[]): string[] {
  const keys = new Map<string, boolean>();
  for (const value of values) {
    if (typeof value === 'string') continue;
    for (const [key, one] of Object.entries(value)) keys.set(key, keys.get(key) === true || !isNested(one));
  }
  return [...keys].filter(([, isFlat]) => isFlat).map(([key]) => key);
}

function cellsOfObject(value: JsonRecord, columns: readonly string[]): Cells {
  if (Array.isArray(value)) return 'it is not a JSON object';
  const object = value as Readonly<Record<string, unknown>>;
  const cells: Cell[] = [];
  for (const column of columns) {
    const one = Object.hasOwn(object, column) ? object[column] : undefined;
    if (isNested(one)) return `its "${shown(column)}" is neither text nor a number`;
    cells.push(cellOf(one));
  }
  return cells;
}

function cellsOfArray(value: JsonRecord): Cells {
  if (!Array.isArray(value)) return 'it is not a JSON array';
  return value.some(isNested) ? 'it has more in it than texts and numbers' : value.map(cellOf);
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function cellOf(value: unknown): Cell {
  if (typeof value === 'string' || typeof value === 'number') return value;
  return value === undefined || value === null ? '' : String(value);
}
