import type { Instant } from '../domain/instant.ts';
import { knownInstrument } from '../domain/instrument.ts';
import { parseUnit, type Unit } from '../domain/unit.ts';
import { DateEvidence } from './date-evidence.ts';
import { isWithin, type Measure, measuresOf, type PriceLevel, priceLevel } from './price-level.ts';
import { type Marks, marksOf, type NumberReader, numberReader, writtenPrice } from './quote-number.ts';
import { type Cell, cellText, isBlankRecord, type RecordBlock } from './quote-records.ts';
import { type DateOrder, needsOrder, parseTime } from './quote-time.ts';

/** Where the cells are that the survey looks at; -1: there are none. */
export interface SurveyedPlaces {
  readonly at: number;
  readonly clock: number;
  readonly prices: readonly number[];
  readonly instrument: number;
  readonly unit: number;
}

/** What the command line says. */
export interface GivenReading {
  readonly order: DateOrder | undefined;
  readonly instrument: string | undefined;
  readonly unit: Unit | undefined;
  readonly scale: string | undefined;
}

export interface Example {
  readonly line: number;
  readonly text: string;
}

/** How many prices, read in one format, are at the level that is known of their instrument. */
export interface LevelFit {
  /** Prices of which a level is known. */
  count: number;
  /** Of these, those that fit as they are written. */
  plain: number;
  /** Those that fit by another unit or scale only, by these. */
  readonly others: Map<string, { readonly measure: Measure; count: number }>;
}

interface Level {
  readonly measures: readonly Measure[];
  /** By years. */
  readonly levels: Map<number, PriceLevel | undefined>;
  readonly instrument: string;
}

/** The time that a record says, with the time of day beside its date. */
export function timeText(cells: readonly Cell[], at: number, clock: number): string {
  const date = cellText(cells[at]);
  const time = clock < 0 ? '' : cellText(cells[clock]);
  return time === '' ? date : `${date} ${time}`;
}

const FORMATS = ['dot', 'comma'] as const;
const MAX_KNOWN_SERIES = 10_000;

/** What the whole file tells of how it is to be read: gathered before anything of it is stored. */
export class QuoteSurvey {
  /** Records that have cells. */
  count = 0;
  readonly dates = new DateEvidence();
  /** The first price of each kind. */
  readonly marks: Partial<Record<Exclude<Marks, 'none'>, Example>> = {};
  readonly currencies = new Set<string>();
  readonly units = new Set<Unit>();
  /** By whether a decimal point or a decimal comma is read. */
  readonly fits: Readonly<Record<'dot' | 'comma', LevelFit>> = {
    dot: { count: 0, plain: 0, others: new Map() },
    comma: { count: 0, plain: 0, others: new Map() },
  };

  readonly #places: SurveyedPlaces;
  readonly #given: GivenReading;
  readonly #readers: Readonly<Record<'dot' | 'comma', NumberReader>> = {
    dot: numberReader('1,234.5', '1')!,
    comma: numberReader('1.234,5', '1')!,
  };
  readonly #levels = new Map<string, Level | undefined>();

  constructor(places: SurveyedPlaces, given: GivenReading) {
    this.#places = places;
    this.#given = given;
  }

  read({ lines, records }: RecordBlock): void {
    for (let i = 0; i < records.length; i++) {
      const cells = records[i]!;
      if (typeof cells === 'string' || isBlankRecord(cells)) continue;
      this.count++;
      this.#record(lines[i]!, cells);
    }
  }

  #record(line: number, cells: readonly Cell[]): void {
    const { at, clock, prices } = this.#places;
    const time = timeText(cells, at, clock);
    const { order } = this.#given;
    let instant: Instant | undefined;
    if (order === undefined && needsOrder(time)) {
      instant = this.dates.add(line, time);
      if (instant === undefined) return;
    }
    let price: Cell | undefined;
    let unit = this.#given.unit;
    for (const place of prices) {
      const cell = cells[place];
      if (cell === undefined || cell === '') continue;
      price = cell;
      if (typeof cell === 'number') continue;
      const text = cell.trim();
      let marks = marksOf(text);
      if (marks === undefined) {
        const written = writtenPrice(text);
        if (!written) continue;
        marks = marksOf(written.digits);
        if (written.currency !== undefined) this.currencies.add(written.currency);
        if (written.unit !== undefined) {
          this.units.add(written.unit);
          unit ??= written.unit;
        }
      }
      if (marks !== undefined && marks !== 'none') this.marks[marks] ??= { line, text };
    }
    if (price === undefined) return;
    const level = this.#levelOf(cells, unit);
    if (!level) return;
    instant ??= parseTime(time, order);
    if (instant !== undefined) this.#fit(level, instant, price);
  }

  #fit(level: Level, at: Instant, price: Cell): void {
    const bounds = this.#boundsOf(level, at);
    if (!bounds) return;
    let value: number | undefined;
    for (const format of FORMATS) {
      if (typeof price === 'number') value = price;
      else if (format === 'dot' || !/^\d+$/.test(price)) value = this.#readers[format](price.trim());
      if (value === undefined) continue;
      const fit = this.fits[format];
      fit.count++;
      const [plain] = level.measures;
      if (isWithin(bounds, value * plain!.factor)) {
        fit.plain++;
        continue;
      }
      for (const measure of level.measures) {
        if (!isWithin(bounds, value * measure.factor)) continue;
        const key = `${measure.unit} ${measure.scale}`;
        const other = fit.others.get(key) ?? { measure, count: 0 };
        other.count++;
        fit.others.set(key, other);
      }
    }
  }

  #boundsOf(level: Level, at: Instant): PriceLevel | undefined {
    const year = new Date(at).getUTCFullYear();
    if (!level.levels.has(year)) level.levels.set(year, priceLevel(level.instrument, at));
    return level.levels.get(year);
  }

  /** What is known of the record's instrument; undefined where nothing is. */
  #levelOf(cells: readonly Cell[], given: Unit | undefined): Level | undefined {
    const { instrument, unit } = this.#places;
    const name = this.#given.instrument ?? (instrument < 0 ? '' : cellText(cells[instrument]));
    const unitText = given ?? (unit < 0 ? '' : cellText(cells[unit]).toLowerCase());
    const key = `${name}\x1f${unitText}`;
    if (this.#levels.has(key)) return this.#levels.get(key);
    let level: Level | undefined;
    const known = knownInstrument(name);
    if (known) {
      const unitOf = unitText === '' ? undefined : parseUnit(unitText);
      const measures = measuresOf(known.id, { unit: unitOf, scale: this.#given.scale });
      if (measures.length > 0) level = { measures, levels: new Map(), instrument: known.id };
    }
    if (this.#levels.size < MAX_KNOWN_SERIES) this.#levels.set(key, level);
    return level;
  }
}
