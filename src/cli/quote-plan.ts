import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { findCatalogueInstrument } from '../domain/instrument.ts';
import { type EpochMs, formatDate, formatDateTime } from '../domain/time.ts';
import type { Unit } from '../domain/unit.ts';
import type { UnitScale } from './expected-price-range.ts';
import type { AskQuestions, ImportChoice } from './import-question.ts';
import { type FieldColumns, type ImportField, unitScaleInName } from './quote-columns.ts';
import { createNumberReader, type NumberFormat } from './quote-number.ts';
import { cellText, isBlankCell, type QuoteTable, type SampleRow } from './quote-records.ts';
import { excerpt, type SeriesTexts } from './quote-series.ts';
import { joinTimeCells, QuoteSurvey } from './quote-survey.ts';
import { type DateOrder, parseImportTime } from './quote-time.ts';

/** Flags that control how a file is read. */
export interface PlanOptions {
  readonly order?: DateOrder | undefined;
  readonly number?: NumberFormat | undefined;
  readonly scale?: string | undefined;
  /** Values that apply to all lines. */
  readonly constants: SeriesTexts;
}

/** The complete decision on how to read a file. */
export interface QuotePlan {
  readonly fields: FieldColumns;
  readonly order: DateOrder | undefined;
  readonly number: NumberFormat;
  readonly scale: string;
  readonly constants: SeriesTexts;
}

const PREVIEW_ROWS = 3;
/** Share of prices outside the known level that needs no question: the daemon validates each price. */
const MAX_MISFIT_SHARE = 0.2;
/** Share of those prices that another unit or scale must explain. */
const MIN_EXPLAINED_SHARE = 0.8;
/** Share of prices that decides between decimal point and decimal comma. */
const MIN_FITTING_SHARE = 0.95;
const SCALE_LABELS: Readonly<Record<string, string>> = { '1000': ', in thousands', '1000000': ', in millions' };
/** Currencies that use the dollar sign. */
const DOLLAR_CURRENCIES = new Set(['USD', 'AUD', 'SGD', 'CAD', 'HKD', 'NZD', 'TWD']);

/**
 * Reads the whole file once and decides how to read it: date order, number format, unit and scale. Asks about what the file
 * does not prove.
 * @throws AppError USAGE if asking is not possible
 */
export async function planQuotes(
  table: QuoteTable,
  fields: FieldColumns,
  options: PlanOptions,
  ask: AskQuestions,
  onBytes?: (count: number) => void,
): Promise<QuotePlan> {
  const index = (field: ImportField): number => fields[field] ?? -1;
  const survey = new QuoteSurvey(
    {
      at: index('at'),
      clock: index('clock'),
      // The reference price comes last: it is compared with the known level.
      prices: [...new Set([index('buy'), index('sell')])].filter((each) => each >= 0),
      instrument: index('instrument'),
      unit: index('unit'),
    },
    {
      order: options.order,
      instrument: options.constants.instrument,
      unit: options.constants.unit as Unit | undefined,
      scale: options.scale,
    },
  );
  for await (const block of table.records(onBytes)) survey.read(block);
  if (survey.count === 0) {
    throw new AppError('INVALID_REQUEST', 'The file contains no quotes: there is nothing below the header.');
  }
  const constants = withMarkedUnits(survey, fields, options.constants);
  const planned = { fields, constants, scale: options.scale ?? '1' };
  const order = await decideOrder(survey, options, table, fields, ask);
  const number = await decideNumber(survey, options, { ...planned, order }, table, ask);
  const unitScale = await decideUnitScale(survey, options, { ...planned, order, number }, table, ask);
  return {
    ...planned,
    order,
    number,
    scale: unitScale?.scale ?? planned.scale,
    constants: unitScale && constants.unit === undefined ? { ...constants, unit: unitScale.unit } : constants,
  };
}

/** Adds the currency and unit that the prices themselves contain: `14.800.000 đ/chỉ`. */
function withMarkedUnits(survey: QuoteSurvey, fields: FieldColumns, constants: SeriesTexts): SeriesTexts {
  const marked = (
    field: 'currency' | 'unit',
    found: ReadonlySet<string>,
    same: (a: string, b: string) => boolean,
  ): string | undefined => {
    if (found.size === 0 || fields[field] !== undefined) return undefined;
    const stated = constants[field];
    const other = [...found].find((each) => stated !== undefined && !same(each, stated));
    if (other !== undefined) {
      throw new AppError('USAGE', `--${field} is ${stated}, but prices of the file are in ${other}.`);
    }
    if (found.size > 1) {
      throw new AppError(
        'INVALID_REQUEST',
        `The file mixes prices in ${[...found].join(' and ')}: add a column "${field}", or split the file.`,
      );
    }
    return stated === undefined ? [...found][0] : undefined;
  };
  const currency = marked(
    'currency',
    survey.currencies,
    (a, b) => a === b.toUpperCase() || (a === 'USD' && DOLLAR_CURRENCIES.has(b.toUpperCase())),
  );
  const unit = marked('unit', survey.units, (a, b) => a === b.toLowerCase());
  return { ...constants, ...defined({ currency, unit }) };
}

// ---- dates

async function decideOrder(
  { dates, marks }: QuoteSurvey,
  options: PlanOptions,
  table: QuoteTable,
  fields: FieldColumns,
  ask: AskQuestions,
): Promise<DateOrder | undefined> {
  const hasDecimalComma = (options.number ?? (marks.comma && !marks.dot ? '1.234,5' : '')) === '1.234,5';
  const verdict = options.order === undefined ? dates.verdict(hasDecimalComma) : undefined;
  if (!verdict) return options.order;
  if ('order' in verdict) return verdict.order;
  const { candidates, contradiction } = verdict;
  const [dayFirst, monthFirst] = contradiction;
  const rows = findPreviewRows(table, fields, new Set(dates.examples.map(({ line }) => line)));
  const problem =
    dayFirst && monthFirst
      ? `The dates of the file contradict each other: ${table.recordNoun} ${dayFirst.line} "${excerpt(dayFirst.text)}" cannot have the day first, ${table.recordNoun} ${monthFirst.line} "${excerpt(monthFirst.text)}" cannot have the month first.`
      : `The dates of the file are ambiguous: they can be read in ${candidates.length} ways.`;
  const choices = candidates.map((order): ImportChoice => {
    const read = dates.examples.map(
      ({ text }) => `"${excerpt(text)}" is ${formatImportTime(parseImportTime(text, order))}`,
    );
    const plan = { fields, order, number: '1,234.5', scale: '1', constants: options.constants } as const;
    return {
      flag: `--dates ${order}`,
      meaning: { 'd/m': 'day, month, year', 'm/d': 'month, day, year', 'y-m-d': 'year, month, day' }[order],
      rows: rows.length > 0 ? rows.map((row) => formatPreviewRow(row, table.recordNoun, plan)) : read,
    };
  });
  const [answer] = await ask([{ problem, choices }]);
  return candidates[answer!];
}

// ---- numbers

async function decideNumber(
  { marks, fits }: QuoteSurvey,
  options: PlanOptions,
  plan: Omit<QuotePlan, 'number'>,
  table: QuoteTable,
  ask: AskQuestions,
): Promise<NumberFormat> {
  if (options.number !== undefined) return options.number;
  const { dot, comma, either } = marks;
  if (!(dot && comma)) {
    if (dot || !(comma || either)) return '1,234.5';
    if (comma) return '1.234,5';
    const fitting = ({ count, asWritten }: typeof fits.dot) => (count === 0 ? undefined : asWritten / count);
    const [asDot, asComma] = [fitting(fits.dot), fitting(fits.comma)];
    if (asDot !== undefined && asComma !== undefined) {
      if (asDot >= MIN_FITTING_SHARE && asComma <= 1 - MIN_FITTING_SHARE) return '1,234.5';
      if (asComma >= MIN_FITTING_SHARE && asDot <= 1 - MIN_FITTING_SHARE) return '1.234,5';
    }
  }
  const text = either?.text ?? dot!.text;
  const problem =
    dot && comma
      ? `The numbers of the file contradict each other: ${table.recordNoun} ${dot.line} "${excerpt(dot.text)}" has a decimal point, ${table.recordNoun} ${comma.line} "${excerpt(comma.text)}" has a decimal comma.`
      : `The prices of the file are ambiguous by a factor of 1000: "${excerpt(text)}" of ${table.recordNoun} ${either!.line}.`;
  const rows = findPreviewRows(table, plan.fields, new Set([either?.line, dot?.line, comma?.line]));
  const formats = ['1,234.5', '1.234,5'] as const;
  const choices = formats.map(
    (number): ImportChoice => ({
      flag: `--number ${number}`,
      meaning: number === '1,234.5' ? 'the point is a decimal point' : 'the comma is a decimal comma',
      rows: rows.map((row) => formatPreviewRow(row, table.recordNoun, { ...plan, number })),
    }),
  );
  const [answer] = await ask([{ problem, choices }]);
  return formats[answer!]!;
}

// ---- unit and scale

async function decideUnitScale(
  survey: QuoteSurvey,
  options: PlanOptions,
  plan: QuotePlan,
  table: QuoteTable,
  ask: AskQuestions,
): Promise<UnitScale | undefined> {
  if (options.scale !== undefined && Number(options.scale) === 1) return undefined; // scale 1 is explicit
  const { count, asWritten, others } = survey.fits[plan.number === '1.234,5' ? 'comma' : 'dot'];
  const misfits = count - asWritten;
  const explaining = [...others.values()]
    .filter((other) => misfits > count * MAX_MISFIT_SHARE && other.count >= misfits * MIN_EXPLAINED_SHARE)
    .map(({ unitScale }) => unitScale);
  const name = options.constants.instrument;
  const known = name === undefined ? undefined : findCatalogueInstrument(name);
  const own: UnitScale = {
    unit: (plan.constants.unit as Unit | undefined) ?? known?.unit ?? 'each',
    scale: plan.scale,
    factor: 1,
  };
  const stated = unitScaleFromColumnNames(table, plan, options, own);
  if (stated) {
    const same = explaining.find(({ unit, scale }) => unit === stated.unit && scale === stated.scale);
    // The column name and the known price level agree.
    if (same && asWritten <= count * MAX_MISFIT_SHARE) return same;
    if (!same) explaining.push(stated);
  }
  if (explaining.length === 0) return undefined;
  const rows = findPreviewRows(table, plan.fields, new Set());
  const flags = ({ unit, scale }: UnitScale): string =>
    [unit === own.unit ? '' : `--unit ${unit}`, scale === own.scale ? '' : `--scale ${scale}`]
      .filter((flag) => flag !== '')
      .join(' ');
  const unitScales = [...explaining, own];
  const problem = stated
    ? `The name of a price column says per ${stated.unit}${SCALE_LABELS[stated.scale] ?? ''}, but the price level does not confirm it. Which unit and scale are correct?`
    : asWritten > count * MAX_MISFIT_SHARE
      ? `The file mixes prices that differ by a power of ten: ${asWritten} of ${count} match the known level of those days, ${misfits} would match in another unit or scale. Split the file, or choose one for all prices.`
      : `The prices of the file are far from the known level of ${known?.id ?? 'its instruments'} on those days. Which unit and scale are correct?`;
  const choices = unitScales.map((unitScale, i): ImportChoice => {
    const isOwn = i === unitScales.length - 1;
    const changed = { ...plan, scale: unitScale.scale, constants: { ...plan.constants, unit: unitScale.unit } };
    return {
      flag: isOwn ? (options.scale === undefined ? '--scale 1' : `--unit ${own.unit}`) : flags(unitScale),
      meaning: isOwn
        ? `per ${unitScale.unit}, unchanged`
        : `per ${unitScale.unit}${SCALE_LABELS[unitScale.scale] ?? ''}`,
      rows: rows.map((row) => formatPreviewRow(row, table.recordNoun, changed)),
    };
  });
  const [answer] = await ask([{ problem, choices }]);
  return explaining[answer!];
}

/** Unit and scale in the column names that are not specified elsewhere; undefined if they add nothing. */
function unitScaleFromColumnNames(
  table: QuoteTable,
  plan: QuotePlan,
  options: PlanOptions,
  own: UnitScale,
): UnitScale | undefined {
  const { buy, sell } = plan.fields;
  const stated = [buy, sell].map((index) => (index === undefined ? {} : unitScaleInName(table.columns[index]!)));
  const hasUnit = plan.constants.unit !== undefined || plan.fields.unit !== undefined;
  const unit = (hasUnit ? undefined : (stated[0]!.unit ?? stated[1]!.unit)) ?? own.unit;
  const scale = (options.scale === undefined ? (stated[0]!.scale ?? stated[1]!.scale) : undefined) ?? own.scale;
  return unit === own.unit && scale === own.scale ? undefined : { unit, scale, factor: Number(scale) };
}

// ---- previews

/** Rows for a preview: those with the given line numbers, otherwise the first ones with a price. */
function findPreviewRows(table: QuoteTable, fields: FieldColumns, lines: ReadonlySet<number | undefined>): SampleRow[] {
  const rows = table.sample.filter(({ line }) => lines.has(line));
  const prices = [fields.buy, fields.sell].filter((index) => index !== undefined);
  const first = table.sample.filter(({ cells }) => prices.some((index) => cellText(cells[index]) !== ''));
  return (rows.length > 0 ? rows : first).slice(0, PREVIEW_ROWS);
}

/** A row as the plan reads it: `line 3: 2013-02-01, 1,579.76`. */
function formatPreviewRow({ line, cells }: SampleRow, counts: string, plan: QuotePlan): string {
  const { fields, order, number, scale, constants } = plan;
  const reader = createNumberReader(number, scale)!;
  const plainReader = createNumberReader('1234.5', scale)!;
  const at = parseImportTime(joinTimeCells(cells, fields.at ?? -1, fields.clock ?? -1), order);
  const prices = [...new Set([fields.buy, fields.sell])].map((index) => {
    const cell = index === undefined ? '' : (cells[index] ?? '');
    if (isBlankCell(cell)) return '-';
    const value = typeof cell === 'number' ? plainReader(String(cell)) : reader(cell.trim());
    return value === undefined ? `"${excerpt(cellText(cell))}"` : formatImportPrice(value);
  });
  const currency = [constants.currency, constants.unit].filter((each) => each !== undefined).join('/');
  return `${counts} ${line}: ${formatImportTime(at)}, ${prices.join(' / ')}${currency === '' ? '' : ` ${currency}`}`;
}

export function formatImportPrice(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 15 });
}

/** The date, with the time unless it is midnight. */
export function formatImportTime(at: EpochMs | undefined): string {
  if (at === undefined) return 'no date';
  return formatDateTime(at).endsWith(' 00:00') ? formatDate(at) : formatDateTime(at);
}
