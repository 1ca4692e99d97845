import { AppError } from '../domain/app-error.ts';
import { CsvRecordParser, DELIMITERS, detectDelimiter, parseCsvRecord } from './csv-records.ts';
import type { ImportInput } from './import-input.ts';
import type { AskQuestions } from './import-question.ts';
import { JsonArraySplitter } from './json-array-splitter.ts';
import { LineSplitter, type NumberedLines } from './line-splitter.ts';
import { findHeader, type Header, type TableOptions } from './quote-header.ts';
import {
  isBlankRecord,
  type QuoteTable,
  type RecordBlock,
  type RecordCell,
  type RecordCells,
  type SampleRow,
} from './quote-records.ts';
import { excerpt } from './quote-series.ts';

export const FILE_FORMATS = ['csv', 'jsonl', 'json', 'xlsx', 'ecb'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** For messages. */
export const ACCEPTED_FORMATS =
  'CSV (commas, semicolons, tabs or |; UTF-8 or UTF-16), JSON Lines, a JSON array of objects or arrays, an Excel workbook (.xlsx), the XML of the European Central Bank (eurofxref), any of them gzipped';

/** Limits of the sample in which header and columns are detected. */
const SAMPLE_ROWS = 1000;
const SAMPLE_BYTES = 4 * 1024 * 1024;

export interface FileOptions extends TableOptions {
  /** Default: detected. */
  readonly format?: FileFormat | undefined;
}

/**
 * Opens a file as records with common columns.
 * @param ask chooses the sheet of a workbook
 * @throws AppError INVALID_REQUEST if the format is not supported or the file is empty
 */
export async function openTable(input: ImportInput, options: FileOptions, ask: AskQuestions): Promise<QuoteTable> {
  const format = options.format ?? detectFileFormat(input.head);
  switch (format) {
    case 'csv':
      return openCsv(input, options);
    case 'json':
      return openJson(input, options, () => new JsonArraySplitter(), 'item');
    case 'jsonl':
      return openJson(input, options, () => new LineSplitter(), 'line');
    case 'xlsx':
      return (await import('./xlsx-file.ts')).openWorkbook(input, options, ask);
    case 'ecb':
      return (await import('./ecb-file.ts')).openEcbFile(input);
  }
}

/** @throws AppError INVALID_REQUEST if the format is not supported */
export function detectFileFormat(head: Buffer): FileFormat {
  const start = head.subarray(0, 4).toString('latin1');
  const refused = (what: string, then: string) =>
    new AppError('INVALID_REQUEST', `The file is ${what}: ${then}. Accepted formats: ${ACCEPTED_FORMATS}.`);
  if (start.startsWith('PK\x03\x04')) return 'xlsx';
  if (start === '\xd0\xcf\x11\xe0') throw refused('an old Excel workbook (.xls)', 'save it as .xlsx or CSV');
  if (start === '%PDF') throw refused('a PDF document', 'its tables cannot be read');
  const isUtf16 = start.startsWith('\xff\xfe') || start.startsWith('\xfe\xff');
  if (!isUtf16 && head.subarray(0, 4096).includes(0)) {
    throw refused('not text', 'it contains NUL bytes. UTF-16 text needs a byte order mark');
  }
  const text = new TextDecoder(isUtf16 ? (start.startsWith('\xff') ? 'utf-16le' : 'utf-16be') : 'utf-8').decode(head);
  const first = text.trimStart();
  if (first.startsWith('[')) return 'json';
  if (first.startsWith('{')) return 'jsonl';
  if (!first.startsWith('<')) return 'csv';
  if (/<Cube\b|eurofxref/.test(first)) return 'ecb';
  throw refused(/<html/i.test(first) ? 'a web page' : 'XML', 'save its table as CSV');
}

function emptyFileError(): AppError {
  return new AppError('INVALID_REQUEST', `The file is empty. Accepted formats: ${ACCEPTED_FORMATS}.`);
}

// ---- CSV

interface CsvLayout {
  readonly delimiter: string;
  readonly header: Header;
  readonly sample: readonly SampleRow[];
}

async function openCsv(input: ImportInput, options: TableOptions): Promise<QuoteTable> {
  const head = await readFirstLines(input, new LineSplitter());
  const { delimiter, header, sample } = detectCsvLayout(head, options);
  return {
    columns: header.columns,
    hasHeader: header.hasHeader,
    recordNoun: 'line',
    sample,
    async *records(onBytes) {
      const cutter = new LineSplitter();
      const csv = new CsvRecordParser(delimiter, header.columns.length);
      for await (const bytes of input.read(onBytes)) yield recordsBelow(csv.push(cutter.push(bytes)), header.line);
      yield recordsBelow(csv.finish(cutter.finish()), header.line);
    },
  };
}

/** Detects delimiter and header. @throws AppError INVALID_REQUEST if the file is empty */
function detectCsvLayout(head: NumberedLines, options: TableOptions): CsvLayout {
  const separator = /^"?sep=([^"])"?$/i.exec(head.lines[0]?.trim() ?? '');
  const skipped = separator ? 1 : 0;
  const lines = { ...head, first: head.first + skipped, lines: head.lines.slice(skipped) };
  if (!lines.lines.some((line) => line.trim() !== '')) throw emptyFileError();
  const layout = (delimiter: string): CsvLayout | undefined => {
    const rows = toSampleRows(new CsvRecordParser(delimiter).finish(lines));
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
  const best =
    found.find(({ header }) => header.isNamed) ?? findMostUniformLayout(found) ?? layout(detectDelimiter(first));
  if (best) return best;
  const reason = parseCsvRecord(first, detectDelimiter(first));
  throw new AppError(
    'INVALID_REQUEST',
    `The first line of the file cannot be read: ${reason}. Accepted formats: ${ACCEPTED_FORMATS}.`,
  );
}

/** The layout in which most records have as many columns (at least two) as the first quote. */
function findMostUniformLayout(layouts: readonly CsvLayout[]): CsvLayout | undefined {
  let best: CsvLayout | undefined;
  let most = 0;
  for (const layout of layouts) {
    const width = layout.header.columns.length;
    const count = width < 2 ? 0 : layout.sample.filter(({ cells }) => cells.length === width).length;
    if (count > most) [best, most] = [layout, count];
  }
  return best;
}

function toSampleRows({ lines, records }: RecordBlock): SampleRow[] {
  return records.flatMap((cells, i) =>
    typeof cells === 'string' || isBlankRecord(cells) ? [] : [{ line: lines[i]!, cells }],
  );
}

/** The records of the block that begin after a line. */
function recordsBelow({ lines, records }: RecordBlock, line: number): RecordBlock {
  if (lines.length === 0 || lines[0]! > line) return { lines, records };
  let from = 0;
  while (from < lines.length && lines[from]! <= line) from++;
  return { lines: lines.slice(from), records: records.slice(from) };
}

/** Reads complete lines or items from the beginning of the file. */
async function readFirstLines(input: ImportInput, cutter: LineSplitter | JsonArraySplitter): Promise<NumberedLines> {
  const lines: string[] = [];
  const tooLong = new Set<number>();
  const add = (cut: NumberedLines): void => {
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
  if (isWhole) add(cutter.finish());
  return { first: 1, lines, tooLong };
}

// ---- JSON

async function openJson(
  input: ImportInput,
  options: TableOptions,
  cutter: () => LineSplitter | JsonArraySplitter,
  counts: 'line' | 'item',
): Promise<QuoteTable> {
  const head = await readFirstLines(input, cutter());
  const values = head.lines
    .map((text, i) => ({ line: i + 1, value: text.trim() === '' ? undefined : parseJsonRecord(text) }))
    .filter(({ value }) => value !== undefined);
  const [first] = values;
  if (!first) throw emptyFileError();
  if (typeof first.value === 'string') {
    throw new AppError(
      'INVALID_REQUEST',
      `The first ${counts} of the file should be a JSON object, but ${first.value}. Accepted formats: ${ACCEPTED_FORMATS}. To extract nested objects, use jq -c '.NAME[]'.`,
    );
  }
  const isArrays = Array.isArray(first.value);
  const toCells = isArrays ? arrayCells : objectCells;
  const columns = isArrays ? [] : flatKeys(values.map(({ value }) => value!));
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
  if (header.columns.length === 0) throw emptyFileError();
  const block = ({ first, lines, tooLong }: NumberedLines): RecordBlock => ({
    lines: lines.map((_, i) => first + i),
    records: lines.map((text, i): RecordCells => {
      if (tooLong.has(first + i)) return 'it is longer than 64 KiB';
      if (text.trim() === '') return [''];
      const value = parseJsonRecord(text);
      return typeof value === 'string' ? value : toCells(value, header.columns);
    }),
  });
  return {
    columns: header.columns,
    hasHeader: header.hasHeader,
    recordNoun: counts,
    sample: rows.filter(({ line }) => line > header.line),
    async *records(onBytes) {
      const cut = cutter();
      for await (const bytes of input.read(onBytes)) yield recordsBelow(block(cut.push(bytes)), header.line);
      yield recordsBelow(block(cut.finish()), header.line);
    },
  };
}

type JsonRecord = Readonly<Record<string, unknown>> | readonly unknown[];

/** Parses an object or array, or returns why the text is not one. */
function parseJsonRecord(text: string): JsonRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (typeof value !== 'object' || value === null) return 'it is not a JSON object';
  return value as JsonRecord;
}

/** The keys that have at least one value other than an object or array. */
function flatKeys(values: readonly (JsonRecord | string)[]): string[] {
  const keys = new Map<string, boolean>();
  for (const value of values) {
    if (typeof value === 'string') continue;
    for (const [key, one] of Object.entries(value)) keys.set(key, keys.get(key) === true || !isNested(one));
  }
  return [...keys].filter(([, isFlat]) => isFlat).map(([key]) => key);
}

function objectCells(value: JsonRecord, columns: readonly string[]): RecordCells {
  if (Array.isArray(value)) return 'it is not a JSON object';
  const object = value as Readonly<Record<string, unknown>>;
  const cells: RecordCell[] = [];
  for (const column of columns) {
    const one = Object.hasOwn(object, column) ? object[column] : undefined;
    if (isNested(one)) return `its "${excerpt(column)}" is neither a string nor a number`;
    cells.push(toCell(one));
  }
  return cells;
}

function arrayCells(value: JsonRecord): RecordCells {
  if (!Array.isArray(value)) return 'it is not a JSON array';
  return value.some(isNested) ? 'it contains values other than strings and numbers' : value.map(toCell);
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function toCell(value: unknown): RecordCell {
  if (typeof value === 'string' || typeof value === 'number') return value;
  return value === undefined || value === null ? '' : String(value);
}
