import { Failure } from '../domain/failure.ts';
import type { ImportRow } from '../protocol/rates.ts';
import { type Cells, csvCells, delimiterOf } from './csv-lines.ts';
import { LineCutter, type Lines } from './line-cutter.ts';
import { type ColumnNames, findColumns } from './quote-columns.ts';
import type { NumberReader } from './quote-number.ts';
import { SERIES_FIELDS, type Series, type SeriesFields, seriesOf, shown } from './quote-series.ts';
import { parseTime } from './quote-time.ts';

export const FILE_FORMATS = ['csv', 'jsonl'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

export interface QuoteFileOptions {
  /** Without it: JSON Lines where the first line begins with `{`, else CSV. */
  readonly format?: FileFormat | undefined;
  /** Columns that go by other names than ours. */
  readonly map: ColumnNames;
  /** What holds for every line, whatever its columns say. */
  readonly constants: SeriesFields;
  readonly number: NumberReader;
}

/** Who gets what is read. */
export interface QuoteLines {
  /** Before the first: whether all lines are of one series. */
  begin(oneSeries: boolean): void;
  /** A quote. Lines that say the same of their series share one `series` object. */
  row(line: number, series: Series, row: ImportRow): void;
  /** A line that is no quote. */
  bad(line: number, reason: string): void;
  /** Resolves when more may come. */
  ready(): Promise<void>;
}

/** Where the cells of a record are that a quote is made of; -1: the file has none of it. */
interface Layout {
  readonly width: number;
  readonly at: number;
  readonly buy: number;
  readonly sell: number;
  readonly checkedAt: number;
  readonly id: number;
  readonly series: readonly { readonly field: (typeof SERIES_FIELDS)[number]; readonly place: number }[];
}

/** Texts of series that are kept as they were read; more are read anew. */
const KNOWN_SERIES = 10_000;
const LONGEST_ID = 128;

/**
 * Reads quotes out of CSV or JSON Lines as the bytes come, a block of lines at a time.
 * @returns how many lines there were that should be quotes: all but the header and blank ones
 * @throws Failure USAGE when the columns do not tell what is what, INVALID_REQUEST when it is no such file
 */
export async function readQuotes(
  bytes: AsyncIterable<Uint8Array>,
  options: QuoteFileOptions,
  to: QuoteLines,
  progress: (lines: number) => void = () => {},
): Promise<number> {
  const cutter = new LineCutter();
  const file = new QuoteFile(options, to);
  for await (const chunk of bytes) {
    file.read(cutter.push(chunk));
    await to.ready();
    progress(file.lines);
  }
  file.read(cutter.end());
  if (!file.begun) throw new Failure('INVALID_REQUEST', 'The file is empty: there is no header and no quote in it.');
  return file.lines;
}

class QuoteFile {
  lines = 0;
  readonly #options: QuoteFileOptions;
  readonly #to: QuoteLines;
  #cells: ((lines: readonly string[]) => Cells[]) | undefined;
  #layout!: Layout;
  /** The series of all lines, where no column says otherwise. */
  #only: Series | undefined;
  #known = new Map<string, Series | string>();
  #lastKey: string | undefined;
  #last: Series | string = '';

  constructor(options: QuoteFileOptions, to: QuoteLines) {
    this.#options = options;
    this.#to = to;
  }

  /** Whether the first line that is not blank was met. */
  get begun(): boolean {
    return this.#cells !== undefined;
  }

  read({ first, lines, tooLong }: Lines): void {
    let from = 0;
    if (!this.#cells) {
      while (from < lines.length && isBlank(lines[from]!)) from++;
      if (from === lines.length) return;
      if (this.#begin(lines[from]!)) from++;
    }
    const records = this.#cells!(from === 0 ? lines : lines.slice(from));
    for (let i = 0; i < records.length; i++) {
      const cells = records[i]!;
      const line = first + from + i;
      const cut = tooLong.size > 0 && tooLong.has(line);
      if (!cut && cells.length === 1 && typeof cells !== 'string' && isBlank(cells[0]!)) continue;
      this.lines++;
      const reason = cut ? 'it is longer than 64 KiB' : typeof cells === 'string' ? cells : this.#quote(line, cells);
      if (reason !== undefined) this.#to.bad(line, reason);
    }
  }

  /** Learns the columns by the first line. @returns whether that line is a header */
  #begin(line: string): boolean {
    const { format, map } = this.#options;
    const start = line.trimStart();
    if (format === undefined && start.startsWith('[')) {
      throw new Failure(
        'INVALID_REQUEST',
        "The file is a JSON array. Give it one object a line (JSON Lines): jq -c '.[]' makes them.",
      );
    }
    if (format === 'jsonl' || (format === undefined && start.startsWith('{'))) {
      const object = objectOf(line);
      if (typeof object === 'string') {
        throw new Failure('INVALID_REQUEST', `The first line of the file should be a JSON object, but ${object}.`);
      }
      const names = findColumns(Object.keys(object), map);
      // A later line may have what the first one leaves out.
      const own = [...SERIES_FIELDS, 'checkedAt', 'id', ...(names.buy === names.sell ? [] : ['buy', 'sell'])] as const;
      const all: ColumnNames = { ...Object.fromEntries(own.map((field) => [field, field])), ...names };
      const columns = [...new Set(Object.values(all))];
      this.#settle(columns, all);
      this.#cells = (texts) => texts.map((text) => cellsOfJson(text, columns));
      return false;
    }
    const delimiter = delimiterOf(line);
    const [header] = csvCells([line], delimiter);
    if (typeof header === 'string' || header === undefined) {
      throw new Failure('INVALID_REQUEST', `The first line, with the names of the columns, cannot be read: ${header}.`);
    }
    const columns = header.map((name) => name.trim());
    this.#settle(columns, findColumns(columns, map));
    this.#cells = (texts) => csvCells(texts, delimiter);
    return true;
  }

  #settle(columns: readonly string[], names: ColumnNames): void {
    const place = (field: keyof ColumnNames) => (names[field] === undefined ? -1 : columns.indexOf(names[field]));
    const { constants } = this.#options;
    this.#layout = {
      width: columns.length,
      at: place('at'),
      buy: place('buy'),
      sell: place('sell'),
      checkedAt: place('checkedAt'),
      id: place('id'),
      series: SERIES_FIELDS.filter((field) => constants[field] === undefined && place(field) >= 0).map((field) => ({
        field,
        place: place(field),
      })),
    };
    this.#to.begin(this.#layout.series.length === 0);
    if (this.#layout.series.length > 0) return;
    const series = seriesOf(constants);
    if (typeof series === 'string') throw new Failure('USAGE', `No line can be stored: ${series}.`);
    this.#only = series;
  }

  /** Hands a quote on. @returns why the line is none, where it is none */
  #quote(line: number, cells: readonly string[]): string | undefined {
    const layout = this.#layout;
    if (cells.length !== layout.width && !endsEmpty(cells, layout.width)) {
      return `it has ${cells.length} columns where the header has ${layout.width}`;
    }
    const time = cells[layout.at]!.trim();
    const at = parseTime(time);
    if (at === undefined) return time === '' ? 'it has no time' : `"${shown(time)}" is no time`;
    const buy = this.#price(cells, layout.buy);
    if (buy === undefined) return this.#noNumber('buy', cells[layout.buy]!);
    // A file with one price a line has it on both sides: read once.
    const sell = layout.sell === layout.buy ? buy : this.#price(cells, layout.sell);
    if (sell === undefined) return this.#noNumber('sell', cells[layout.sell]!);
    const row: ImportRow = [at, buy, sell];
    if (layout.checkedAt >= 0) {
      const text = cells[layout.checkedAt]!.trim();
      const checkedAt = text === '' ? at : text === time ? at : parseTime(text);
      if (checkedAt === undefined) return `its checkedAt "${shown(text)}" is no time`;
      if (checkedAt !== at) row[3] = checkedAt;
    }
    if (layout.id >= 0) {
      const id = cells[layout.id]!.trim();
      if (id.length > LONGEST_ID) return `its id is longer than ${LONGEST_ID} characters`;
      if (id !== '') {
        row[3] ??= null;
        row[4] = id;
      }
    }
    const series = this.#only ?? this.#seriesOf(cells);
    if (typeof series === 'string') return series;
    this.#to.row(line, series, row);
    return undefined;
  }

  #price(cells: readonly string[], place: number): number | null | undefined {
    if (place < 0) return null;
    const text = cells[place]!.trim();
    return text === '' ? null : this.#options.number(text);
  }

  #noNumber(side: string, text: string): string {
    const hint = /[,.]/.test(text) ? ' (--number says how the file writes them)' : '';
    return `${side} "${shown(text)}" is no number${hint}`;
  }

  #seriesOf(cells: readonly string[]): Series | string {
    const { series: columns } = this.#layout;
    let key = cells[columns[0]!.place]!;
    for (let i = 1; i < columns.length; i++) key += `\x1f${cells[columns[i]!.place]!}`;
    if (key === this.#lastKey) return this.#last;
    let series = this.#known.get(key);
    if (series === undefined) {
      const fields: { -readonly [F in keyof SeriesFields]: SeriesFields[F] } = { ...this.#options.constants };
      for (const { field, place } of columns) fields[field] = cells[place]!;
      series = seriesOf(fields);
      if (this.#known.size >= KNOWN_SERIES) this.#known = new Map();
      this.#known.set(key, series);
    }
    this.#lastKey = key;
    this.#last = series;
    return series;
  }
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

/** Whether the cells are as many as the header's, but for empty ones after them (a separator at the end of the line). */
function endsEmpty(cells: readonly string[], width: number): boolean {
  return cells.length > width && cells.slice(width).every(isBlank);
}

function objectOf(text: string): Readonly<Record<string, unknown>> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object';
  return value as Record<string, unknown>;
}

/** The values of a line of JSON as the cells of a line of CSV: numbers in the shortest text that reads back to them. */
function cellsOfJson(text: string, columns: readonly string[]): Cells {
  if (isBlank(text)) return [''];
  const object = objectOf(text);
  if (typeof object === 'string') return object;
  const cells: string[] = [];
  for (const column of columns) {
    const value = Object.hasOwn(object, column) ? object[column] : undefined;
    if (typeof value === 'string') cells.push(value);
    else if (typeof value === 'number') cells.push(String(value));
    else if (value === undefined || value === null) cells.push('');
    else return `its "${shown(column)}" is neither text nor a number`;
  }
  return cells;
}
