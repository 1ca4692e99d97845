import { Failure } from '../domain/failure.ts';
import { fold, plain } from '../domain/fold.ts';

/** What a line of a quote file may say, in the order in which an export writes it. */
export const COLUMNS = [
  'instrument',
  'market',
  'provider',
  'company',
  'brand',
  'buy',
  'sell',
  'currency',
  'unit',
  'at',
  'checkedAt',
  'id',
] as const;

/** `price` stands for buy and sell at once. */
export const FIELDS = [...COLUMNS, 'price'] as const;
export type Field = (typeof FIELDS)[number];

/** Names under which files have our fields, compared without case, accents, spaces and `_`; the first that is there counts. */
const NAMES: Record<Field, readonly string[]> = {
  instrument: ['instrument', 'symbol', 'ticker'],
  market: ['market'],
  provider: ['provider'],
  company: ['company'],
  brand: ['brand'],
  buy: ['buy', 'bid', 'buyprice', 'muavao', 'mua'],
  sell: ['sell', 'ask', 'sellprice', 'banra', 'ban'],
  currency: ['currency'],
  unit: ['unit'],
  at: ['at', 'timestamp', 'datetime', 'date', 'time', 'ngay'],
  checkedAt: ['checkedat'],
  id: ['id'],
  price: ['price', 'close', 'gia'],
};

/** Which column of a file a field is read from: by name, undefined where the file has none. */
export type ColumnNames = Readonly<Partial<Record<Field, string>>>;

/** Reads `at=timestamp,buy=buy_1l`. @throws Failure USAGE */
export function parseMap(texts: readonly string[]): ColumnNames {
  const map: Partial<Record<Field, string>> = {};
  for (const pair of texts.flatMap((text) => text.split(','))) {
    const at = pair.indexOf('=');
    const field = FIELDS.find((each) => each.toLowerCase() === pair.slice(0, at).trim().toLowerCase());
    const column = pair.slice(at + 1).trim();
    if (at < 0 || column === '') {
      throw new Failure('USAGE', `--map "${plain(pair)}" is no FIELD=COLUMN, as in --map at=timestamp,buy=buy_1l.`);
    }
    if (!field) {
      throw new Failure(
        'USAGE',
        `--map has no field "${plain(pair.slice(0, at))}". The fields are ${FIELDS.join(', ')}.`,
      );
    }
    if (map[field] !== undefined) throw new Failure('USAGE', `--map names the field ${field} twice.`);
    map[field] = column;
  }
  if (map.price !== undefined && map.buy !== undefined && map.sell !== undefined) {
    throw new Failure('USAGE', '--map price stands for buy and sell at once: leave it out, or one of the others.');
  }
  return map;
}

/**
 * Finds the columns of the fields: those that the map names, the others by their usual names.
 * @throws Failure USAGE when the map names a column that is not there, or when there is no time or no price
 */
export function findColumns(columns: readonly string[], map: ColumnNames): ColumnNames {
  const found: Partial<Record<Field, string>> = {};
  const listed = columns.map((column) => `"${plain(column).slice(0, 64)}"`).join(', ');
  for (const field of FIELDS) {
    const wanted = map[field];
    const column =
      wanted === undefined
        ? usual(field, columns)
        : (columns.find((each) => each === wanted) ?? columns.find((each) => bare(each) === bare(wanted)));
    if (column !== undefined) found[field] = column;
    else if (wanted !== undefined) {
      throw new Failure('USAGE', `--map ${field}=${plain(wanted)}: there is no such column. The file has ${listed}.`);
    }
  }
  // A price column serves the sides that were not named; a guess yields to what the map says.
  if (map.price === undefined && (found.buy !== undefined || found.sell !== undefined)) delete found.price;
  if (map.price !== undefined) {
    if (map.buy === undefined) found.buy = found.price!;
    if (map.sell === undefined) found.sell = found.price!;
  } else if (found.price !== undefined) {
    found.buy = found.price;
    found.sell = found.price;
  }
  if (found.at === undefined) throw nothingFor('at', 'time', listed);
  if (found.buy === undefined && found.sell === undefined) throw nothingFor('buy', 'price', listed);
  return found;
}

function usual(field: Field, columns: readonly string[]): string | undefined {
  const names = columns.map(bare);
  for (const name of NAMES[field]) {
    const at = names.indexOf(name);
    if (at >= 0) return columns[at];
  }
  return undefined;
}

function bare(name: string): string {
  return fold(name).replace(/[\s_]/g, '');
}

function nothingFor(field: Field, what: string, listed: string): Failure {
  return new Failure(
    'USAGE',
    `Which column has the ${what}? Say it with --map ${field}=COLUMN; the file has ${listed}. A file needs a first line with the names of its columns.`,
  );
}
