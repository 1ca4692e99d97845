import { Failure } from '../domain/failure.ts';
import type { Ask, Choice, Question } from './import-question.ts';
import { type ColumnMap, type Field, type Fields, matchColumns } from './quote-columns.ts';
import { isNumberLike, isTimeLike } from './quote-header.ts';
import { cellText, isBlank, type QuoteTable } from './quote-records.ts';
import { SERIES_FIELDS, type SeriesFields, shown } from './quote-series.ts';
import { isClock } from './quote-time.ts';

const PREVIEW_ROWS = 3;
/** Columns that a message lists. */
const MAX_LISTED = 40;

const WHAT: Readonly<Partial<Record<Field, string>>> = {
  at: 'the time',
  clock: 'the time of day',
  price: 'the price',
  buy: 'the buy price',
  sell: 'the sell price',
};

/**
 * Decides which columns a quote is read from: by the map, by usual names, by what is in them. What is open then is
 * asked.
 * @throws Failure USAGE where it cannot be asked, or the map names a column that is not there
 */
export async function chooseColumns(
  table: QuoteTable,
  map: ColumnMap,
  constants: SeriesFields,
  ask: Ask,
): Promise<Fields> {
  const { fields: matched, contested, unknown } = matchColumns(table.columns, map);
  const [missing] = unknown;
  if (missing !== undefined) {
    throw new Failure(
      'USAGE',
      `--map ${missing}=${shown(map[missing]!)}: there is no such column. The file has ${listed(table)}.${headerless(table)}`,
    );
  }
  const fields: Partial<Record<Field, number>> = { ...matched };
  const open = new Map(contested);
  for (const field of SERIES_FIELDS) if (constants[field] !== undefined) open.delete(field);
  settleTime(table, map, fields, open);
  for (const field of ['price', 'buy', 'sell', 'open', 'high', 'low'] as const) {
    const numeric = open.get(field)?.filter((place) => valuesOf(table, place).some(isNumberLike)) ?? [];
    if (numeric.length === 1) settle(fields, open, field, numeric[0]!);
  }
  const hasPrice = fields.price !== undefined || fields.buy !== undefined || fields.sell !== undefined;
  if (!table.hasHeader && (fields.at === undefined || !hasPrice)) inferPlaces(table, map, fields);
  const questions: Question[] = [];
  const answered: Field[] = [];
  const askFor = (field: Field, places: readonly number[], problem: string): void => {
    answered.push(field);
    questions.push({ problem, choices: places.map((place) => choiceOf(table, field, place)) });
  };
  const note = headerless(table);
  if (fields.at === undefined) {
    const places = placesWhere(table, isTimeLike);
    askFor('at', places, `Which column has the time? The file has ${listed(table)}.${note}`);
  }
  if (fields.price === undefined && fields.buy === undefined && fields.sell === undefined) {
    const places = placesWhere(table, isNumberLike).filter((place) => place !== fields.at);
    askFor(
      'price',
      places,
      `Which column has the price? The file has ${listed(table)}; --map buy=COLUMN,sell=COLUMN names two.${note}`,
    );
  }
  for (const [field, places] of open) {
    askFor(field, places, `Several columns fit: which one has ${WHAT[field] ?? `the ${field}`}?`);
  }
  const answers = questions.length > 0 ? await askWithChoices(questions, ask) : [];
  for (const [i, field] of answered.entries()) {
    const flag = questions[i]!.choices[answers[i]!]!.flag;
    fields[field] = Number(/#(\d+)$/.exec(flag)![1]) - 1;
  }
  return bothSides(fields, map);
}

/** A question without choices cannot be answered on a terminal either. */
function askWithChoices(questions: readonly Question[], ask: Ask): Promise<number[]> {
  const hopeless = questions.find(({ choices }) => choices.length === 0);
  if (!hopeless) return ask(questions);
  const field = hopeless.problem.includes('the time?') ? 'at' : 'buy';
  throw new Failure('USAGE', `${hopeless.problem} Say it with --map ${field}=COLUMN.`);
}

/** The sides of a quote: a price serves those that were not named. */
function bothSides(found: Fields, map: ColumnMap): Fields {
  const { price, ...fields } = found;
  if (price === undefined) return fields;
  const isMapped = (side: 'buy' | 'sell') => map[side] !== undefined;
  return {
    ...fields,
    buy: isMapped('buy') ? fields.buy! : price,
    sell: isMapped('sell') ? fields.sell! : price,
  };
}

function settle(
  fields: Partial<Record<Field, number>>,
  open: Map<Field, readonly number[]>,
  field: Field,
  place: number,
): void {
  fields[field] = place;
  open.delete(field);
}

/** A column of times of day stands beside a date; a column in which no time can be read is none of them. */
function settleTime(
  table: QuoteTable,
  map: ColumnMap,
  fields: Partial<Record<Field, number>>,
  open: Map<Field, readonly number[]>,
): void {
  const isOnlyClocks = (place: number): boolean => {
    const values = valuesOf(table, place);
    return values.length > 0 && values.every((cell) => typeof cell === 'string' && isClock(cell));
  };
  if (map.at === undefined) {
    const dates = open.get('at')?.filter((place) => valuesOf(table, place).some(isTimeLike)) ?? [];
    if (dates.length === 1) settle(fields, open, 'at', dates[0]!);
  }
  if (map.clock !== undefined) return;
  const clocks = (open.get('clock') ?? (fields.clock === undefined ? [] : [fields.clock])).filter(
    (place) => place !== fields.at && isOnlyClocks(place),
  );
  open.delete('clock');
  delete fields.clock;
  if (clocks.length > 0) fields.clock = clocks[0]!;
  if (clocks.length > 1) open.set('clock', clocks);
}

/** The only columns that can be meant in a file without a header: the one with dates, and the one other with numbers. */
function inferPlaces(table: QuoteTable, map: ColumnMap, fields: Partial<Record<Field, number>>): void {
  const isMostly = (place: number, test: (cell: string | number) => boolean): boolean => {
    const values = valuesOf(table, place);
    return values.length > 0 && values.filter(test).length >= values.length * 0.8;
  };
  const places = [...table.columns.keys()];
  if (fields.at === undefined) {
    const times = places.filter((place) => isMostly(place, isTimeLike));
    // A price of nine digits could be a time as well; a date with marks in it is no price.
    const dates = times.filter((place) => !isMostly(place, isNumberLike));
    const [only] = dates.length === 1 ? dates : times.length === 1 ? times : [];
    if (only !== undefined) fields.at = only;
  }
  const mapped = new Set(Object.keys(map).map((field) => fields[field as Field]));
  const numbers = places.filter((place) => place !== fields.at && !mapped.has(place) && isMostly(place, isNumberLike));
  const hasPrice = fields.price !== undefined || fields.buy !== undefined || fields.sell !== undefined;
  if (!hasPrice && fields.at !== undefined && numbers.length === 1) fields.price = numbers[0]!;
}

function choiceOf(table: QuoteTable, field: Field, place: number): Choice {
  return {
    flag: `--map ${field}=#${place + 1}`,
    meaning: `column ${place + 1}${table.hasHeader ? ` "${shown(table.columns[place]!)}"` : ''}`,
    rows: valuesOf(table, place)
      .slice(0, PREVIEW_ROWS)
      .map((cell) => shown(cellText(cell))),
  };
}

function placesWhere(table: QuoteTable, test: (cell: string | number) => boolean): number[] {
  return [...table.columns.keys()].filter((place) => valuesOf(table, place).some(test)).slice(0, MAX_LISTED);
}

function valuesOf(table: QuoteTable, place: number): (string | number)[] {
  return table.sample.map(({ cells }) => cells[place]).filter((cell) => cell !== undefined && !isBlank(cell)) as (
    | string
    | number
  )[];
}

function listed(table: QuoteTable): string {
  const columns = table.columns.slice(0, MAX_LISTED).map((name, place) => {
    const example = valuesOf(table, place)[0];
    return table.hasHeader ? `"${shown(name)}"` : `${name} (${shown(cellText(example))})`;
  });
  return `${columns.join(', ')}${table.columns.length > MAX_LISTED ? ', …' : ''}`;
}

function headerless(table: QuoteTable): string {
  return table.hasHeader
    ? ''
    : ' Its first line is a quote already, not the names of columns: name them by their numbers, as in --no-header --map at=#1,price=#2.';
}
