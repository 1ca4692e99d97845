import { Failure } from '../domain/failure.ts';
import type { ImportRow } from '../protocol/rates.ts';
import { type NumberReader, numberReader, writtenPrice } from './quote-number.ts';
import type { QuotePlan } from './quote-plan.ts';
import { hasRange, type PriceRange, rangeAround, withRange } from './quote-range.ts';
import { type Cell, cellText, isBlank, isBlankRecord, type QuoteTable, type RecordBlock } from './quote-records.ts';
import { SERIES_FIELDS, type Series, type SeriesFields, seriesOf, shown } from './quote-series.ts';
import { timeText } from './quote-survey.ts';
import { type DateOrder, EARLIEST_MS, needsOrder, parseTime } from './quote-time.ts';

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
  readonly clock: number;
  readonly buy: number;
  readonly sell: number;
  readonly checkedAt: number;
  readonly id: number;
  /** Of open, high and low. */
  readonly range: readonly [number, number, number] | undefined;
  readonly series: readonly { readonly field: (typeof SERIES_FIELDS)[number]; readonly place: number }[];
}

/** Texts of series that are kept as they were read; more are read anew. */
const KNOWN_SERIES = 10_000;
const LONGEST_ID = 128;

/**
 * Reads the quotes of a file as its plan says, a block of records at a time.
 * @returns how many records there were that should be quotes: all but blank ones
 * @throws Failure USAGE when all lines are of one series and it is not clear which
 */
export async function readQuotes(
  table: QuoteTable,
  plan: QuotePlan,
  to: QuoteLines,
  progress: (lines: number) => void = () => {},
  onBytes?: (count: number) => void,
): Promise<number> {
  const file = new QuoteFile(table, plan, to);
  for await (const block of table.records(onBytes)) {
    file.read(block);
    await to.ready();
    progress(file.lines);
  }
  return file.lines;
}

class QuoteFile {
  lines = 0;
  readonly #constants: SeriesFields;
  readonly #order: DateOrder | undefined;
  readonly #number: NumberReader;
  /** For numbers that are numbers in the file itself. */
  readonly #plainNumber: NumberReader;
  readonly #to: QuoteLines;
  readonly #layout: Layout;
  /** The series of all lines, where no column says otherwise. */
  #only: Series | undefined;
  #known = new Map<string, Series | string>();
  #lastKey: string | undefined;
  #last: Series | string = '';

  constructor(table: QuoteTable, { fields, order, number, scale, constants }: QuotePlan, to: QuoteLines) {
    this.#constants = constants;
    this.#order = order;
    this.#number = numberReader(number, scale)!;
    this.#plainNumber = numberReader('1234.5', scale)!;
    this.#to = to;
    const place = (field: keyof typeof fields) => fields[field] ?? -1;
    this.#layout = {
      width: table.columns.length,
      at: place('at'),
      clock: place('clock'),
      buy: place('buy'),
      sell: place('sell'),
      checkedAt: place('checkedAt'),
      id: place('id'),
      range: hasRange(fields) ? [place('open'), place('high'), place('low')] : undefined,
      series: SERIES_FIELDS.filter((field) => constants[field] === undefined && place(field) >= 0).map((field) => ({
        field,
        place: place(field),
      })),
    };
    const oneSeries = this.#layout.series.length === 0;
    to.begin(oneSeries);
    if (!oneSeries) return;
    const series = seriesOf(constants);
    if (typeof series === 'string') throw new Failure('USAGE', `No line can be stored: ${series}.`);
    this.#only = series;
  }

  read({ lines, records }: RecordBlock): void {
    for (let i = 0; i < records.length; i++) {
      const cells = records[i]!;
      if (isBlankRecord(cells)) continue;
      this.lines++;
      const reason = typeof cells === 'string' ? cells : this.#quote(lines[i]!, cells);
      if (reason !== undefined) this.#to.bad(lines[i]!, reason);
    }
  }

  /** Hands a quote on. @returns why the line is none, where it is none */
  #quote(line: number, cells: readonly Cell[]): string | undefined {
    const layout = this.#layout;
    if (cells.length !== layout.width && !endsEmpty(cells, layout.width)) {
      return `it has ${cells.length} columns where the header has ${layout.width}`;
    }
    const time = timeText(cells, layout.at, layout.clock);
    const at = parseTime(time, this.#order);
    if (at === undefined) return noTime(time);
    if (at < EARLIEST_MS) return `"${shown(time)}" is before 1800: an empty date of a program, not the date of a price`;
    const buy = this.#price(cells, layout.buy);
    if (buy === undefined) return noNumber('buy', cells[layout.buy]!);
    // A file with one price a line has it on both sides: read once.
    const sell = layout.sell === layout.buy ? buy : this.#price(cells, layout.sell);
    if (sell === undefined) return noNumber('sell', cells[layout.sell]!);
    let row: ImportRow = [at, buy, sell];
    if (layout.checkedAt >= 0) {
      const text = cellText(cells[layout.checkedAt]);
      const checkedAt = text === '' ? at : text === time ? at : parseTime(text, this.#order);
      if (checkedAt === undefined) return `its checkedAt ${noTime(text)}`;
      if (checkedAt !== at) row[3] = checkedAt;
    }
    if (layout.id >= 0) {
      const id = cellText(cells[layout.id]);
      if (id.length > LONGEST_ID) return `its id is longer than ${LONGEST_ID} characters`;
      if (id !== '') {
        row[3] ??= null;
        row[4] = id;
      }
    }
    if (layout.range) {
      const range = this.#range(cells, layout.range, sell ?? buy);
      if (typeof range === 'string') return range;
      if (range) row = withRange(row, range);
    }
    const series = this.#only ?? this.#seriesOf(cells);
    if (typeof series === 'string') return series;
    this.#to.row(line, series, row);
    return undefined;
  }

  #price(cells: readonly Cell[], place: number): number | null | undefined {
    const cell = place < 0 ? undefined : cells[place];
    if (cell === undefined || isBlank(cell)) return null;
    return typeof cell === 'number' ? this.#plainNumber(String(cell)) : this.#number(cell.trim());
  }

  /** Open, high and low; undefined where the record has none of them. */
  #range(
    cells: readonly Cell[],
    places: readonly [number, number, number],
    close: number | null,
  ): PriceRange | string | undefined {
    const range = places.map((place) => this.#price(cells, place));
    if (close === null || range.every((price) => price === null)) return undefined;
    const missing = range.findIndex((price) => price === null || price === undefined);
    if (missing >= 0) return noNumber(['open', 'high', 'low'][missing]!, cells[places[missing]!]!);
    return rangeAround(range as unknown as PriceRange, close);
  }

  #seriesOf(cells: readonly Cell[]): Series | string {
    const { series: columns } = this.#layout;
    let key = cellText(cells[columns[0]!.place]);
    for (let i = 1; i < columns.length; i++) key += `\x1f${cellText(cells[columns[i]!.place])}`;
    if (key === this.#lastKey) return this.#last;
    let series = this.#known.get(key);
    if (series === undefined) {
      const fields: { -readonly [F in keyof SeriesFields]: SeriesFields[F] } = { ...this.#constants };
      for (const { field, place } of columns) fields[field] = cellText(cells[place]);
      series = seriesOf(fields);
      if (this.#known.size >= KNOWN_SERIES) this.#known = new Map();
      this.#known.set(key, series);
    }
    this.#lastKey = key;
    this.#last = series;
    return series;
  }
}

function noTime(text: string): string {
  if (text === '') return 'it has no time';
  return needsOrder(text)
    ? `"${shown(text)}" is not a date in the order of this file's dates (--dates says another one)`
    : `"${shown(text)}" is not a time`;
}

function noNumber(side: string, cell: Cell): string {
  const text = cellText(cell);
  const isWritten = /[,.]/.test(text) || writtenPrice(text) !== undefined;
  return `${side} "${shown(text)}" is not a number${isWritten ? ' (--number says how the file writes them)' : ''}`;
}

/** Whether the cells are as many as the header's, but for empty ones after them (a separator at the end of the line). */
function endsEmpty(cells: readonly Cell[], width: number): boolean {
  return cells.length > width && cells.slice(width).every(isBlank);
}
