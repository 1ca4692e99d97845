import { AppError } from '../domain/app-error.ts';
import type { AskQuestions, ImportChoice, ImportQuestion } from './import-question.ts';
import { type ColumnMap, type FieldColumns, type ImportField, matchColumns } from './quote-columns.ts';
import { isNumberLike, isTimeLike } from './quote-header.ts';
import { cellText, isBlankCell, type QuoteTable } from './quote-records.ts';
import { excerpt, SERIES_FIELDS, type SeriesTexts } from './quote-series.ts';
import { isClock } from './quote-time.ts';

const PREVIEW_ROWS = 3;
/** Columns that a message lists at most. */
const MAX_LISTED_COLUMNS = 40;

const FIELD_LABELS: Readonly<Partial<Record<ImportField, string>>> = {
  at: 'the time',
  clock: 'the time of day',
  price: 'the price',
  buy: 'the buy price',
  sell: 'the sell price',
};

/**
 * Decides from which columns quotes are read: by the map, by common names, by contents. Asks about the rest.
 * @throws AppError USAGE if asking is not possible, or the map names a missing column
 */
export async function chooseColumns(
  table: QuoteTable,
  map: ColumnMap,
  constants: SeriesTexts,
  ask: AskQuestions,
): Promise<FieldColumns> {
  const { fields: matched, ambiguous, unknown } = matchColumns(table.columns, map);
  const [missing] = unknown;
  if (missing !== undefined) {
    throw new AppError(
      'USAGE',
      `--map ${missing}=${excerpt(map[missing]!)}: the file has no such column. Its columns are ${listColumns(table)}.${noHeaderHint(table)}`,
    );
  }
  const fields: Partial<Record<ImportField, number>> = { ...matched };
  const open = new Map(ambiguous);
  for (const field of SERIES_FIELDS) if (constants[field] !== undefined) open.delete(field);
  resolveTime(table, map, fields, open);
  for (const field of ['price', 'buy', 'sell', 'open', 'high', 'low'] as const) {
    const numeric = open.get(field)?.filter((index) => sampleValues(table, index).some(isNumberLike)) ?? [];
    if (numeric.length === 1) resolveField(fields, open, field, numeric[0]!);
  }
  const hasPrice = fields.price !== undefined || fields.buy !== undefined || fields.sell !== undefined;
  if (!table.hasHeader && (fields.at === undefined || !hasPrice)) inferColumns(table, map, fields);
  const questions: ImportQuestion[] = [];
  const answered: ImportField[] = [];
  const askFor = (field: ImportField, indexes: readonly number[], problem: string): void => {
    answered.push(field);
    questions.push({ problem, choices: indexes.map((index) => createChoice(table, field, index)) });
  };
  const note = noHeaderHint(table);
  if (fields.at === undefined) {
    const indexes = findColumnsWhere(table, isTimeLike);
    askFor('at', indexes, `Which column has the time? The columns are ${listColumns(table)}.${note}`);
  }
  if (fields.price === undefined && fields.buy === undefined && fields.sell === undefined) {
    const indexes = findColumnsWhere(table, isNumberLike).filter((index) => index !== fields.at);
    askFor(
      'price',
      indexes,
      `Which column has the price? The columns are ${listColumns(table)}; --map buy=COLUMN,sell=COLUMN names two.${note}`,
    );
  }
  for (const [field, indexes] of open) {
    askFor(field, indexes, `Several columns match. Which one has ${FIELD_LABELS[field] ?? `the ${field}`}?`);
  }
  const answers = questions.length > 0 ? await askAnswerable(questions, ask) : [];
  for (const [i, field] of answered.entries()) {
    const flag = questions[i]!.choices[answers[i]!]!.flag;
    fields[field] = Number(/#(\d+)$/.exec(flag)![1]) - 1;
  }
  return applyPriceToBothSides(fields, map);
}

/** A question without choices cannot be answered, even on a terminal. */
function askAnswerable(questions: readonly ImportQuestion[], ask: AskQuestions): Promise<number[]> {
  const hopeless = questions.find(({ choices }) => choices.length === 0);
  if (!hopeless) return ask(questions);
  const field = hopeless.problem.includes('the time?') ? 'at' : 'buy';
  throw new AppError('USAGE', `${hopeless.problem} Specify it with --map ${field}=COLUMN.`);
}

/** Uses the price for the sides that were not mapped. */
function applyPriceToBothSides(found: FieldColumns, map: ColumnMap): FieldColumns {
  const { price, ...fields } = found;
  if (price === undefined) return fields;
  const isMapped = (side: 'buy' | 'sell') => map[side] !== undefined;
  return {
    ...fields,
    buy: isMapped('buy') ? fields.buy! : price,
    sell: isMapped('sell') ? fields.sell! : price,
  };
}

function resolveField(
  fields: Partial<Record<ImportField, number>>,
  open: Map<ImportField, readonly number[]>,
  field: ImportField,
  index: number,
): void {
  fields[field] = index;
  open.delete(field);
}

/** Resolves the date column and the optional column with times of day; columns without readable times are excluded. */
function resolveTime(
  table: QuoteTable,
  map: ColumnMap,
  fields: Partial<Record<ImportField, number>>,
  open: Map<ImportField, readonly number[]>,
): void {
  const isOnlyClocks = (index: number): boolean => {
    const values = sampleValues(table, index);
    return values.length > 0 && values.every((cell) => typeof cell === 'string' && isClock(cell));
  };
  if (map.at === undefined) {
    const dates = open.get('at')?.filter((index) => sampleValues(table, index).some(isTimeLike)) ?? [];
    if (dates.length === 1) resolveField(fields, open, 'at', dates[0]!);
  }
  if (map.clock !== undefined) return;
  const clocks = (open.get('clock') ?? (fields.clock === undefined ? [] : [fields.clock])).filter(
    (index) => index !== fields.at && isOnlyClocks(index),
  );
  open.delete('clock');
  delete fields.clock;
  if (clocks.length > 0) fields.clock = clocks[0]!;
  if (clocks.length > 1) open.set('clock', clocks);
}

/** Without a header: the only column with dates, and the only other one with numbers. */
function inferColumns(table: QuoteTable, map: ColumnMap, fields: Partial<Record<ImportField, number>>): void {
  const isMostly = (index: number, test: (cell: string | number) => boolean): boolean => {
    const values = sampleValues(table, index);
    return values.length > 0 && values.filter(test).length >= values.length * 0.8;
  };
  const indexes = [...table.columns.keys()];
  if (fields.at === undefined) {
    const times = indexes.filter((index) => isMostly(index, isTimeLike));
    // A nine-digit price could also be a time, but a date with separators is not a price.
    const dates = times.filter((index) => !isMostly(index, isNumberLike));
    const [only] = dates.length === 1 ? dates : times.length === 1 ? times : [];
    if (only !== undefined) fields.at = only;
  }
  const mapped = new Set(Object.keys(map).map((field) => fields[field as ImportField]));
  const numbers = indexes.filter((index) => index !== fields.at && !mapped.has(index) && isMostly(index, isNumberLike));
  const hasPrice = fields.price !== undefined || fields.buy !== undefined || fields.sell !== undefined;
  if (!hasPrice && fields.at !== undefined && numbers.length === 1) fields.price = numbers[0]!;
}

function createChoice(table: QuoteTable, field: ImportField, index: number): ImportChoice {
  return {
    flag: `--map ${field}=#${index + 1}`,
    meaning: `column ${index + 1}${table.hasHeader ? ` "${excerpt(table.columns[index]!)}"` : ''}`,
    rows: sampleValues(table, index)
      .slice(0, PREVIEW_ROWS)
      .map((cell) => excerpt(cellText(cell))),
  };
}

function findColumnsWhere(table: QuoteTable, test: (cell: string | number) => boolean): number[] {
  return [...table.columns.keys()]
    .filter((index) => sampleValues(table, index).some(test))
    .slice(0, MAX_LISTED_COLUMNS);
}

function sampleValues(table: QuoteTable, index: number): (string | number)[] {
  return table.sample.map(({ cells }) => cells[index]).filter((cell) => cell !== undefined && !isBlankCell(cell)) as (
    | string
    | number
  )[];
}

function listColumns(table: QuoteTable): string {
  const columns = table.columns.slice(0, MAX_LISTED_COLUMNS).map((name, index) => {
    const example = sampleValues(table, index)[0];
    return table.hasHeader ? `"${excerpt(name)}"` : `${name} (${excerpt(cellText(example))})`;
  });
  return `${columns.join(', ')}${table.columns.length > MAX_LISTED_COLUMNS ? ', …' : ''}`;
}

function noHeaderHint(table: QuoteTable): string {
  return table.hasHeader
    ? ''
    : ' The file has no header line: use column numbers, for example --no-header --map at=#1,price=#2.';
}
