import { Failure } from '../domain/failure.ts';
import { formatDay, formatMinute, type Instant } from '../domain/instant.ts';
import { knownInstrument } from '../domain/instrument.ts';
import type { Unit } from '../domain/unit.ts';
import type { Ask, Choice } from './import-question.ts';
import type { Measure } from './price-level.ts';
import { type Field, type Fields, measureInName } from './quote-columns.ts';
import { type NumberFormat, numberReader } from './quote-number.ts';
import { cellText, isBlank, type QuoteTable, type SampleRow } from './quote-records.ts';
import { type SeriesFields, shown } from './quote-series.ts';
import { QuoteSurvey, timeText } from './quote-survey.ts';
import { type DateOrder, parseTime } from './quote-time.ts';

/** What the command line says of how a file is to be read. */
export interface GivenPlan {
  readonly order?: DateOrder | undefined;
  readonly number?: NumberFormat | undefined;
  readonly scale?: string | undefined;
  /** What holds for all lines. */
  readonly constants: SeriesFields;
}

/** How a file is read: nothing in it is open any more. */
export interface QuotePlan {
  readonly fields: Fields;
  readonly order: DateOrder | undefined;
  readonly number: NumberFormat;
  readonly scale: string;
  readonly constants: SeriesFields;
}

/** Rows of a preview. */
const PREVIEW_ROWS = 3;
/** Share of prices that may be off a level without a question: the daemon judges each of them. */
const MAX_MISFITS = 0.2;
/** Share of the misfits that another unit or scale must explain. */
const MIN_EXPLAINED = 0.8;
/** Share of prices that decides between a decimal point and a decimal comma, and that may speak against it. */
const MIN_FITTING = 0.95;
const SCALE_NAMES: Readonly<Record<string, string>> = { '1000': ', in thousands', '1000000': ', in millions' };
/** Dollars that are written with the same sign. */
const DOLLARS = new Set(['USD', 'AUD', 'SGD', 'CAD', 'HKD', 'NZD', 'TWD']);

/**
 * Reads the whole file once and decides how it is to be read: the order of its dates, its numbers, its unit. What the
 * file does not prove is asked.
 * @throws Failure USAGE where it cannot be asked
 */
export async function planQuotes(
  table: QuoteTable,
  fields: Fields,
  given: GivenPlan,
  ask: Ask,
  onBytes?: (count: number) => void,
): Promise<QuotePlan> {
  const place = (field: Field): number => fields[field] ?? -1;
  const survey = new QuoteSurvey(
    {
      at: place('at'),
      clock: place('clock'),
      // The price that a quote is known by comes last: it is measured.
      prices: [...new Set([place('buy'), place('sell')])].filter((each) => each >= 0),
      instrument: place('instrument'),
      unit: place('unit'),
    },
    {
      order: given.order,
      instrument: given.constants.instrument,
      unit: given.constants.unit as Unit | undefined,
      scale: given.scale,
    },
  );
  for await (const block of table.records(onBytes)) survey.read(block);
  if (survey.count === 0) {
    throw new Failure('INVALID_REQUEST', 'There is no quote in the file: it has a header and nothing below it.');
  }
  const constants = withMarks(survey, fields, given.constants);
  const planned = { fields, constants, scale: given.scale ?? '1' };
  const order = await decideOrder(survey, given, table, fields, ask);
  const number = await decideNumber(survey, given, { ...planned, order }, table, ask);
  const measure = await decideMeasure(survey, given, { ...planned, order, number }, table, ask);
  return {
    ...planned,
    order,
    number,
    scale: measure?.scale ?? planned.scale,
    constants: measure && constants.unit === undefined ? { ...constants, unit: measure.unit } : constants,
  };
}

/** What holds for all lines, with what the prices themselves say: `14.800.000 đ/chỉ`. */
function withMarks(survey: QuoteSurvey, fields: Fields, constants: SeriesFields): SeriesFields {
  const marked = (
    field: 'currency' | 'unit',
    found: ReadonlySet<string>,
    same: (a: string, b: string) => boolean,
  ): string | undefined => {
    if (found.size === 0 || fields[field] !== undefined) return undefined;
    const said = constants[field];
    const other = [...found].find((each) => said !== undefined && !same(each, said));
    if (other !== undefined) {
      throw new Failure('USAGE', `--${field} says ${said}, but prices of the file are marked ${other}.`);
    }
    if (found.size > 1) {
      throw new Failure(
        'INVALID_REQUEST',
        `Prices of the file are marked ${[...found].join(' and ')}: give it a column "${field}", or one file for each.`,
      );
    }
    return said === undefined ? [...found][0] : undefined;
  };
  const currency = marked(
    'currency',
    survey.currencies,
    (a, b) => a === b.toUpperCase() || (a === 'USD' && DOLLARS.has(b.toUpperCase())),
  );
  const unit = marked('unit', survey.units, (a, b) => a === b.toLowerCase());
  return { ...constants, ...(currency === undefined ? {} : { currency }), ...(unit === undefined ? {} : { unit }) };
}

// ---- dates

async function decideOrder(
  { dates, marks }: QuoteSurvey,
  given: GivenPlan,
  table: QuoteTable,
  fields: Fields,
  ask: Ask,
): Promise<DateOrder | undefined> {
  const hasDecimalComma = (given.number ?? (marks.comma && !marks.dot ? '1.234,5' : '')) === '1.234,5';
  const verdict = given.order === undefined ? dates.verdict(hasDecimalComma) : undefined;
  if (!verdict) return given.order;
  if ('order' in verdict) return verdict.order;
  const { candidates, contradiction } = verdict;
  const [dayFirst, monthFirst] = contradiction;
  const rows = rowsAt(table, fields, new Set(dates.examples.map(({ line }) => line)));
  const problem =
    dayFirst && monthFirst
      ? `The dates of the file contradict one another: ${table.counts} ${dayFirst.line} "${shown(dayFirst.text)}" cannot have the day first, ${table.counts} ${monthFirst.line} "${shown(monthFirst.text)}" cannot have the month first.`
      : `The dates of the file can be read in ${candidates.length} ways, and nothing in it proves one.`;
  const choices = candidates.map((order): Choice => {
    const read = dates.examples.map(({ text }) => `"${shown(text)}" is ${shownTime(parseTime(text, order))}`);
    const plan = { fields, order, number: '1,234.5', scale: '1', constants: given.constants } as const;
    return {
      flag: `--dates ${order}`,
      meaning: { 'd/m': 'day, month, year', 'm/d': 'month, day, year', 'y-m-d': 'year, month, day' }[order],
      rows: rows.length > 0 ? rows.map((row) => preview(row, table.counts, plan)) : read,
    };
  });
  const [answer] = await ask([{ problem, choices }]);
  return candidates[answer!];
}

// ---- numbers

async function decideNumber(
  { marks, fits }: QuoteSurvey,
  given: GivenPlan,
  plan: Omit<QuotePlan, 'number'>,
  table: QuoteTable,
  ask: Ask,
): Promise<NumberFormat> {
  if (given.number !== undefined) return given.number;
  const { dot, comma, either } = marks;
  if (!(dot && comma)) {
    if (dot || !(comma || either)) return '1,234.5';
    if (comma) return '1.234,5';
    const fitting = ({ count, plain }: typeof fits.dot) => (count === 0 ? undefined : plain / count);
    const [asDot, asComma] = [fitting(fits.dot), fitting(fits.comma)];
    if (asDot !== undefined && asComma !== undefined) {
      if (asDot >= MIN_FITTING && asComma <= 1 - MIN_FITTING) return '1,234.5';
      if (asComma >= MIN_FITTING && asDot <= 1 - MIN_FITTING) return '1.234,5';
    }
  }
  const text = either?.text ?? dot!.text;
  const problem =
    dot && comma
      ? `The numbers of the file contradict one another: ${table.counts} ${dot.line} "${shown(dot.text)}" has a decimal point, ${table.counts} ${comma.line} "${shown(comma.text)}" has a decimal comma.`
      : `The prices of the file can be read in two ways that differ by a thousand: "${shown(text)}" of ${table.counts} ${either!.line}.`;
  const rows = rowsAt(table, plan.fields, new Set([either?.line, dot?.line, comma?.line]));
  const formats = ['1,234.5', '1.234,5'] as const;
  const choices = formats.map(
    (number): Choice => ({
      flag: `--number ${number}`,
      meaning: number === '1,234.5' ? 'the point is a decimal point' : 'the comma is a decimal comma',
      rows: rows.map((row) => preview(row, table.counts, { ...plan, number })),
    }),
  );
  const [answer] = await ask([{ problem, choices }]);
  return formats[answer!]!;
}

// ---- unit and scale

async function decideMeasure(
  survey: QuoteSurvey,
  given: GivenPlan,
  plan: QuotePlan,
  table: QuoteTable,
  ask: Ask,
): Promise<Measure | undefined> {
  if (given.scale !== undefined && Number(given.scale) === 1) return undefined; // as they are written
  const { count, plain, others } = survey.fits[plan.number === '1.234,5' ? 'comma' : 'dot'];
  const misfits = count - plain;
  const explaining = [...others.values()]
    .filter((other) => misfits > count * MAX_MISFITS && other.count >= misfits * MIN_EXPLAINED)
    .map(({ measure }) => measure);
  const name = given.constants.instrument;
  const known = name === undefined ? undefined : knownInstrument(name);
  const own: Measure = {
    unit: (plan.constants.unit as Unit | undefined) ?? known?.unit ?? 'each',
    scale: plan.scale,
    factor: 1,
  };
  const said = measureSaid(table, plan, given, own);
  if (said) {
    const same = explaining.find(({ unit, scale }) => unit === said.unit && scale === said.scale);
    // The name of the column and the prices that are known of those days say the same.
    if (same && plain <= count * MAX_MISFITS) return same;
    if (!same) explaining.push(said);
  }
  if (explaining.length === 0) return undefined;
  const rows = rowsAt(table, plan.fields, new Set());
  const flags = ({ unit, scale }: Measure): string =>
    [unit === own.unit ? '' : `--unit ${unit}`, scale === own.scale ? '' : `--scale ${scale}`]
      .filter((flag) => flag !== '')
      .join(' ');
  const measures = [...explaining, own];
  const problem = said
    ? `The name of a price column says per ${said.unit}${SCALE_NAMES[said.scale] ?? ''}, and what is known of the prices does not confirm it: in which unit and scale are they?`
    : plain > count * MAX_MISFITS
      ? `The file mixes prices that differ by a power of ten: ${plain} of ${count} are as high as is known of those days, ${misfits} would be so by another unit or scale. Split the file, or say what holds for all.`
      : `The prices of the file are far from those that are known of ${known?.id ?? 'its instruments'} on those days: in which unit and scale are they?`;
  const choices = measures.map((measure, i): Choice => {
    const isOwn = i === measures.length - 1;
    const changed = { ...plan, scale: measure.scale, constants: { ...plan.constants, unit: measure.unit } };
    return {
      flag: isOwn ? (given.scale === undefined ? '--scale 1' : `--unit ${own.unit}`) : flags(measure),
      meaning: isOwn
        ? `per ${measure.unit}, as they are written`
        : `per ${measure.unit}${SCALE_NAMES[measure.scale] ?? ''}`,
      rows: rows.map((row) => preview(row, table.counts, changed)),
    };
  });
  const [answer] = await ask([{ problem, choices }]);
  return explaining[answer!];
}

/** What the names of the price columns say that is not said yet; undefined where that is nothing, or the plain reading. */
function measureSaid(table: QuoteTable, plan: QuotePlan, given: GivenPlan, own: Measure): Measure | undefined {
  const { buy, sell } = plan.fields;
  const said = [buy, sell].map((place) => (place === undefined ? {} : measureInName(table.columns[place]!)));
  const hasUnit = plan.constants.unit !== undefined || plan.fields.unit !== undefined;
  const unit = (hasUnit ? undefined : (said[0]!.unit ?? said[1]!.unit)) ?? own.unit;
  const scale = (given.scale === undefined ? (said[0]!.scale ?? said[1]!.scale) : undefined) ?? own.scale;
  return unit === own.unit && scale === own.scale ? undefined : { unit, scale, factor: Number(scale) };
}

// ---- previews

/** Rows for a preview: those of the lines, else the first ones that have a price. */
function rowsAt(table: QuoteTable, fields: Fields, lines: ReadonlySet<number | undefined>): SampleRow[] {
  const rows = table.sample.filter(({ line }) => lines.has(line));
  const prices = [fields.buy, fields.sell].filter((place) => place !== undefined);
  const first = table.sample.filter(({ cells }) => prices.some((place) => cellText(cells[place]) !== ''));
  return (rows.length > 0 ? rows : first).slice(0, PREVIEW_ROWS);
}

/** A row as a plan reads it: `line 3: 2013-02-01, 1,579.76`. */
function preview({ line, cells }: SampleRow, counts: string, plan: QuotePlan): string {
  const { fields, order, number, scale, constants } = plan;
  const reader = numberReader(number, scale)!;
  const plainReader = numberReader('1234.5', scale)!;
  const at = parseTime(timeText(cells, fields.at ?? -1, fields.clock ?? -1), order);
  const prices = [...new Set([fields.buy, fields.sell])].map((place) => {
    const cell = place === undefined ? '' : (cells[place] ?? '');
    if (isBlank(cell)) return '-';
    const value = typeof cell === 'number' ? plainReader(String(cell)) : reader(cell.trim());
    return value === undefined ? `"${shown(cellText(cell))}"` : shownPrice(value);
  });
  const currency = [constants.currency, constants.unit].filter((each) => each !== undefined).join('/');
  return `${counts} ${line}: ${shownTime(at)}, ${prices.join(' / ')}${currency === '' ? '' : ` ${currency}`}`;
}

export function shownPrice(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 15 });
}

/** A day, with the time of day where it is not the day's beginning. */
export function shownTime(at: Instant | undefined): string {
  if (at === undefined) return 'no date';
  return formatMinute(at).endsWith(' 00:00') ? formatDay(at) : formatMinute(at);
}
