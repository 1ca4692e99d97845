import { findCatalogueInstrument } from '../domain/instrument.ts';
import type { EpochMs } from '../domain/time.ts';
import { parseUnit, type Unit } from '../domain/unit.ts';
import { DateEvidence } from './date-evidence.ts';
import {
  type ExpectedPriceRange,
  expectedPriceRange,
  isInPriceRange,
  possibleUnitScales,
  type UnitScale,
} from './expected-price-range.ts';
import {
  classifyMarks,
  createNumberReader,
  type NumberMarks,
  type NumberReader,
  parseWrittenPrice,
} from './quote-number.ts';
import { cellText, isBlankRecord, type RecordBlock, type RecordCell } from './quote-records.ts';
import { type DateOrder, needsDateOrder, parseImportTime } from './quote-time.ts';

/** Column indexes; -1 if the file has no such column. */
export interface SurveyColumns {
  readonly at: number;
  readonly clock: number;
  readonly prices: readonly number[];
  readonly instrument: number;
  readonly unit: number;
}

/** Values given on the command line. */
export interface SurveyOptions {
  readonly order: DateOrder | undefined;
  readonly instrument: string | undefined;
  readonly unit: Unit | undefined;
  readonly scale: string | undefined;
}

export interface TextExample {
  readonly line: number;
  readonly text: string;
}

/** How many prices, in one number format, match the known level of their instrument. */
export interface LevelFit {
  /** Prices with a known level. */
  count: number;
  /** Those that match as written. */
  asWritten: number;
  /** Those that match only in another unit or scale. */
  readonly others: Map<string, { readonly unitScale: UnitScale; count: number }>;
}

interface InstrumentLevel {
  readonly unitScales: readonly UnitScale[];
  readonly levelsByYear: Map<number, ExpectedPriceRange | undefined>;
  readonly instrument: string;
}

/** Joins the date and the separate time of day of a record. */
export function joinTimeCells(cells: readonly RecordCell[], at: number, clock: number): string {
  const date = cellText(cells[at]);
  const time = clock < 0 ? '' : cellText(cells[clock]);
  return time === '' ? date : `${date} ${time}`;
}

const DECIMAL_MARKS = ['dot', 'comma'] as const;
const MAX_CACHED_LEVELS = 10_000;

/** Collects evidence from the whole file about how to read it, before anything is stored. */
export class QuoteSurvey {
  count = 0;
  readonly dates = new DateEvidence();
  /** The first price with each kind of separators. */
  readonly marks: Partial<Record<Exclude<NumberMarks, 'none'>, TextExample>> = {};
  readonly currencies = new Set<string>();
  readonly units = new Set<Unit>();
  /** By decimal point or decimal comma. */
  readonly fits: Readonly<Record<'dot' | 'comma', LevelFit>> = {
    dot: { count: 0, asWritten: 0, others: new Map() },
    comma: { count: 0, asWritten: 0, others: new Map() },
  };

  readonly #columns: SurveyColumns;
  readonly #options: SurveyOptions;
  readonly #readers: Readonly<Record<'dot' | 'comma', NumberReader>> = {
    dot: createNumberReader('1,234.5', '1')!,
    comma: createNumberReader('1.234,5', '1')!,
  };
  readonly #levels = new Map<string, InstrumentLevel | undefined>();

  constructor(columns: SurveyColumns, options: SurveyOptions) {
    this.#columns = columns;
    this.#options = options;
  }

  read({ lines, records }: RecordBlock): void {
    for (let i = 0; i < records.length; i++) {
      const cells = records[i]!;
      if (typeof cells === 'string' || isBlankRecord(cells)) continue;
      this.count++;
      this.#addRecord(lines[i]!, cells);
    }
  }

  #addRecord(line: number, cells: readonly RecordCell[]): void {
    const { at, clock, prices } = this.#columns;
    const time = joinTimeCells(cells, at, clock);
    const { order } = this.#options;
    let instant: EpochMs | undefined;
    if (order === undefined && needsDateOrder(time)) {
      instant = this.dates.add(line, time);
      if (instant === undefined) return;
    }
    let price: RecordCell | undefined;
    let unit = this.#options.unit;
    for (const index of prices) {
      const cell = cells[index];
      if (cell === undefined || cell === '') continue;
      price = cell;
      if (typeof cell === 'number') continue;
      const text = cell.trim();
      let marks = classifyMarks(text);
      if (marks === undefined) {
        const written = parseWrittenPrice(text);
        if (!written) continue;
        marks = classifyMarks(written.digits);
        if (written.currency !== undefined) this.currencies.add(written.currency);
        if (written.unit !== undefined) {
          this.units.add(written.unit);
          unit ??= written.unit;
        }
      }
      if (marks !== undefined && marks !== 'none') this.marks[marks] ??= { line, text };
    }
    if (price === undefined) return;
    const level = this.#findLevel(cells, unit);
    if (!level) return;
    instant ??= parseImportTime(time, order);
    if (instant !== undefined) this.#countFit(level, instant, price);
  }

  #countFit(level: InstrumentLevel, at: EpochMs, price: RecordCell): void {
    const bounds = this.#levelAt(level, at);
    if (!bounds) return;
    let value: number | undefined;
    for (const format of DECIMAL_MARKS) {
      if (typeof price === 'number') value = price;
      else if (format === 'dot' || !/^\d+$/.test(price)) value = this.#readers[format](price.trim());
      if (value === undefined) continue;
      const fit = this.fits[format];
      fit.count++;
      const [plain] = level.unitScales;
      if (isInPriceRange(bounds, value * plain!.factor)) {
        fit.asWritten++;
        continue;
      }
      for (const unitScale of level.unitScales) {
        if (!isInPriceRange(bounds, value * unitScale.factor)) continue;
        const key = `${unitScale.unit} ${unitScale.scale}`;
        const other = fit.others.get(key) ?? { unitScale, count: 0 };
        other.count++;
        fit.others.set(key, other);
      }
    }
  }

  #levelAt(level: InstrumentLevel, at: EpochMs): ExpectedPriceRange | undefined {
    const year = new Date(at).getUTCFullYear();
    if (!level.levelsByYear.has(year)) level.levelsByYear.set(year, expectedPriceRange(level.instrument, at));
    return level.levelsByYear.get(year);
  }

  /** The known levels of the record's instrument, if any. */
  #findLevel(cells: readonly RecordCell[], given: Unit | undefined): InstrumentLevel | undefined {
    const { instrument, unit } = this.#columns;
    const name = this.#options.instrument ?? (instrument < 0 ? '' : cellText(cells[instrument]));
    const unitText = given ?? (unit < 0 ? '' : cellText(cells[unit]).toLowerCase());
    const key = `${name}\x1f${unitText}`;
    if (this.#levels.has(key)) return this.#levels.get(key);
    let level: InstrumentLevel | undefined;
    const known = findCatalogueInstrument(name);
    if (known) {
      const unitOf = unitText === '' ? undefined : parseUnit(unitText);
      const unitScales = possibleUnitScales(known.id, { unit: unitOf, scale: this.#options.scale });
      if (unitScales.length > 0) level = { unitScales, levelsByYear: new Map(), instrument: known.id };
    }
    if (this.#levels.size < MAX_CACHED_LEVELS) this.#levels.set(key, level);
    return level;
  }
}
