import { AppError } from '../domain/app-error.ts';
import type { QuoteImportRow } from '../protocol/rates.ts';
import { hasOpenHighLow, includeClose, type OpenHighLow, withOpenHighLow } from './open-high-low.ts';
import { createNumberReader, type NumberReader, parseWrittenPrice } from './quote-number.ts';
import type { QuotePlan } from './quote-plan.ts';
import {
  cellText,
  isBlankCell,
  isBlankRecord,
  type QuoteTable,
  type RecordBlock,
  type RecordCell,
} from './quote-records.ts';
import { excerpt, type ImportSeries, parseImportSeries, SERIES_FIELDS, type SeriesTexts } from './quote-series.ts';
import { joinTimeCells } from './quote-survey.ts';
import { type DateOrder, MIN_TIME_MS, needsDateOrder, parseImportTime } from './quote-time.ts';

/** Receives the quotes of a file. */
export interface QuoteConsumer {
  /** Called first. @param oneSeries whether all lines belong to one series */
  begin(oneSeries: boolean): void;
  /** Lines with equal series texts share one `series` object. */
  addQuote(line: number, series: ImportSeries, row: QuoteImportRow): void;
  /** Called for an invalid line. */
  addRejected(line: number, reason: string): void;
  /** Resolves when the consumer accepts more (back-pressure). */
  waitUntilReady(): Promise<void>;
}

/** Column indexes; -1 if the file has no such column. */
interface RecordLayout {
  readonly width: number;
  readonly at: number;
  readonly clock: number;
  readonly buy: number;
  readonly sell: number;
  readonly checkedAt: number;
  readonly id: number;
  /** Open, high and low. */
  readonly range: readonly [number, number, number] | undefined;
  readonly series: readonly { readonly field: (typeof SERIES_FIELDS)[number]; readonly index: number }[];
}

/** Bounds the cache of parsed series. */
const MAX_CACHED_SERIES = 10_000;
const MAX_ID_LENGTH = 128;

/**
 * Reads the quotes of a file by its plan, one block of records at a time.
 * @returns the number of records without blank ones
 * @throws AppError USAGE if all lines belong to one series and it is not specified
 */
export async function readQuotes(
  table: QuoteTable,
  plan: QuotePlan,
  consumer: QuoteConsumer,
  progress: (lines: number) => void = () => {},
  onBytes?: (count: number) => void,
): Promise<number> {
  const file = new QuoteFileReader(table, plan, consumer);
  for await (const block of table.records(onBytes)) {
    file.read(block);
    await consumer.waitUntilReady();
    progress(file.lines);
  }
  return file.lines;
}

class QuoteFileReader {
  lines = 0;
  readonly #constants: SeriesTexts;
  readonly #order: DateOrder | undefined;
  readonly #readNumber: NumberReader;
  /** For cells that are numbers in the file itself. */
  readonly #readPlainNumber: NumberReader;
  readonly #consumer: QuoteConsumer;
  readonly #layout: RecordLayout;
  /** The series of all lines if no column belongs to the series. */
  #fixedSeries: ImportSeries | undefined;
  #seriesCache = new Map<string, ImportSeries | string>();
  #lastKey: string | undefined;
  #lastSeries: ImportSeries | string = '';

  constructor(table: QuoteTable, { fields, order, number, scale, constants }: QuotePlan, consumer: QuoteConsumer) {
    this.#constants = constants;
    this.#order = order;
    this.#readNumber = createNumberReader(number, scale)!;
    this.#readPlainNumber = createNumberReader('1234.5', scale)!;
    this.#consumer = consumer;
    const index = (field: keyof typeof fields) => fields[field] ?? -1;
    this.#layout = {
      width: table.columns.length,
      at: index('at'),
      clock: index('clock'),
      buy: index('buy'),
      sell: index('sell'),
      checkedAt: index('checkedAt'),
      id: index('id'),
      range: hasOpenHighLow(fields) ? [index('open'), index('high'), index('low')] : undefined,
      series: SERIES_FIELDS.filter((field) => constants[field] === undefined && index(field) >= 0).map((field) => ({
        field,
        index: index(field),
      })),
    };
    const oneSeries = this.#layout.series.length === 0;
    consumer.begin(oneSeries);
    if (!oneSeries) return;
    const series = parseImportSeries(constants);
    if (typeof series === 'string') throw new AppError('USAGE', `Cannot store any line: ${series}.`);
    this.#fixedSeries = series;
  }

  read({ lines, records }: RecordBlock): void {
    for (let i = 0; i < records.length; i++) {
      const cells = records[i]!;
      if (isBlankRecord(cells)) continue;
      this.lines++;
      const reason = typeof cells === 'string' ? cells : this.#readQuote(lines[i]!, cells);
      if (reason !== undefined) this.#consumer.addRejected(lines[i]!, reason);
    }
  }

  /** Passes a quote to the consumer. @returns the reason if the line is invalid */
  #readQuote(line: number, cells: readonly RecordCell[]): string | undefined {
    const layout = this.#layout;
    if (cells.length !== layout.width && !hasEmptyTail(cells, layout.width)) {
      return `it has ${cells.length} columns, but the header has ${layout.width}`;
    }
    const time = joinTimeCells(cells, layout.at, layout.clock);
    const at = parseImportTime(time, this.#order);
    if (at === undefined) return timeReason(time);
    if (at < MIN_TIME_MS)
      return `"${excerpt(time)}" is before 1800: a placeholder for a missing date, not the date of a price`;
    const buy = this.#readPrice(cells, layout.buy);
    if (buy === undefined) return numberReason('buy', cells[layout.buy]!);
    // A single price is used for both sides: parse it once.
    const sell = layout.sell === layout.buy ? buy : this.#readPrice(cells, layout.sell);
    if (sell === undefined) return numberReason('sell', cells[layout.sell]!);
    let row: QuoteImportRow = [at, buy, sell];
    if (layout.checkedAt >= 0) {
      const text = cellText(cells[layout.checkedAt]);
      const checkedAt = text === '' ? at : text === time ? at : parseImportTime(text, this.#order);
      if (checkedAt === undefined) return `its checkedAt ${timeReason(text)}`;
      if (checkedAt !== at) row[3] = checkedAt;
    }
    if (layout.id >= 0) {
      const id = cellText(cells[layout.id]);
      if (id.length > MAX_ID_LENGTH) return `its id is longer than ${MAX_ID_LENGTH} characters`;
      if (id !== '') {
        row[3] ??= null;
        row[4] = id;
      }
    }
    if (layout.range) {
      const range = this.#readOpenHighLow(cells, layout.range, sell ?? buy);
      if (typeof range === 'string') return range;
      if (range) row = withOpenHighLow(row, range);
    }
    const series = this.#fixedSeries ?? this.#seriesOf(cells);
    if (typeof series === 'string') return series;
    this.#consumer.addQuote(line, series, row);
    return undefined;
  }

  #readPrice(cells: readonly RecordCell[], index: number): number | null | undefined {
    const cell = index < 0 ? undefined : cells[index];
    if (cell === undefined || isBlankCell(cell)) return null;
    return typeof cell === 'number' ? this.#readPlainNumber(String(cell)) : this.#readNumber(cell.trim());
  }

  /** Undefined if the record has no open, high and low. */
  #readOpenHighLow(
    cells: readonly RecordCell[],
    indexes: readonly [number, number, number],
    close: number | null,
  ): OpenHighLow | string | undefined {
    const range = indexes.map((index) => this.#readPrice(cells, index));
    if (close === null || range.every((price) => price === null)) return undefined;
    const missing = range.findIndex((price) => price === null || price === undefined);
    if (missing >= 0) return numberReason(['open', 'high', 'low'][missing]!, cells[indexes[missing]!]!);
    return includeClose(range as unknown as OpenHighLow, close);
  }

  #seriesOf(cells: readonly RecordCell[]): ImportSeries | string {
    const { series: columns } = this.#layout;
    let key = cellText(cells[columns[0]!.index]);
    for (let i = 1; i < columns.length; i++) key += `\x1f${cellText(cells[columns[i]!.index])}`;
    if (key === this.#lastKey) return this.#lastSeries;
    let series = this.#seriesCache.get(key);
    if (series === undefined) {
      const fields: { -readonly [F in keyof SeriesTexts]: SeriesTexts[F] } = { ...this.#constants };
      for (const { field, index } of columns) fields[field] = cellText(cells[index]);
      series = parseImportSeries(fields);
      if (this.#seriesCache.size >= MAX_CACHED_SERIES) this.#seriesCache = new Map();
      this.#seriesCache.set(key, series);
    }
    this.#lastKey = key;
    this.#lastSeries = series;
    return series;
  }
}

function timeReason(text: string): string {
  if (text === '') return 'it has no time';
  return needsDateOrder(text)
    ? `"${excerpt(text)}" is not a date in the order of this file's dates (--dates sets another order)`
    : `"${excerpt(text)}" is not a time`;
}

function numberReason(side: string, cell: RecordCell): string {
  const text = cellText(cell);
  const isWritten = /[,.]/.test(text) || parseWrittenPrice(text) !== undefined;
  return `${side} "${excerpt(text)}" is not a number${isWritten ? ' (--number sets the number format)' : ''}`;
}

/** Whether all cells beyond the header are empty (trailing delimiters). */
function hasEmptyTail(cells: readonly RecordCell[], width: number): boolean {
  return cells.length > width && cells.slice(width).every(isBlankCell);
}
