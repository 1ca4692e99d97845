import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { foldForSearch, sanitizeText } from '../domain/text.ts';
import type { Unit } from '../domain/unit.ts';

/** The columns of a quote file, in export order. */
export const QUOTE_COLUMNS = [
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

/** `price` means both buy and sell; `clock` is the time of day for a date in `at`. */
export const IMPORT_FIELDS = [...QUOTE_COLUMNS, 'price', 'clock', 'open', 'high', 'low'] as const;
export type ImportField = (typeof IMPORT_FIELDS)[number];

/** Common column names, compared without case, accents, spaces, punctuation and bracketed text. */
const COLUMN_NAMES: Readonly<Record<ImportField, readonly string[]>> = {
  instrument: ['instrument', 'symbol', 'ticker'],
  market: ['market'],
  provider: ['provider'],
  company: ['company'],
  brand: ['brand'],
  buy: ['buy', 'bid', 'buyprice', 'buying', 'muavao', 'mua', 'giamua', 'giamuavao'],
  sell: ['sell', 'ask', 'offer', 'sellprice', 'selling', 'banra', 'ban', 'giaban', 'giabanra'],
  currency: ['currency'],
  unit: ['unit'],
  at: [
    ...['at', 'timestamp', 'datetime', 'date', 'time', 'day', 'month', 'unix', 'unixtime', 'opentime', 'snappedat'],
    ...['observationdate', 'ngay', 'thoigian', 'thang', 'ngaygio', 'ngaythang'],
  ],
  checkedAt: ['checkedat'],
  id: ['id'],
  price: [
    'price',
    'close',
    'closeprice',
    'closingprice',
    'closelast',
    'last',
    'rate',
    'value',
    'gia',
    'giadongcua',
    'dongcua',
    'lancuoi',
  ],
  clock: ['clock', 'time', 'gio', 'hour'],
  open: ['open', 'openprice', 'openingprice', 'giamocua', 'mocua', 'mo'],
  high: ['high', 'highprice', 'giacaonhat', 'caonhat', 'cao'],
  low: ['low', 'lowprice', 'giathapnhat', 'thapnhat', 'thap'],
};

/** The value of --map: the column of a field, by name or as `#3`. */
export type ColumnMap = Readonly<Partial<Record<ImportField, string>>>;
/** Column indexes by field. */
export type FieldColumns = Readonly<Partial<Record<ImportField, number>>>;

export interface ColumnMatch {
  readonly fields: FieldColumns;
  /** Fields that match several columns, with their indexes. */
  readonly ambiguous: ReadonlyMap<ImportField, readonly number[]>;
  /** Fields that the map assigns to a missing column. */
  readonly unknown: readonly ImportField[];
}

/** Parses `at=timestamp,buy=buy_1l,sell=#4`. @throws AppError USAGE */
export function parseColumnMap(texts: readonly string[]): ColumnMap {
  const map: Partial<Record<ImportField, string>> = {};
  for (const pair of texts.flatMap((text) => text.split(','))) {
    const at = pair.indexOf('=');
    const field = IMPORT_FIELDS.find((each) => each.toLowerCase() === pair.slice(0, at).trim().toLowerCase());
    const column = pair.slice(at + 1).trim();
    if (at < 0 || column === '') {
      throw new AppError(
        'USAGE',
        `--map "${sanitizeText(pair)}" is not FIELD=COLUMN. Examples: --map at=timestamp,buy=buy_1l or --map at=#1,buy=#3.`,
      );
    }
    if (!field) {
      throw new AppError(
        'USAGE',
        `--map has no field "${sanitizeText(pair.slice(0, at))}". The fields are ${IMPORT_FIELDS.join(', ')}.`,
      );
    }
    if (map[field] !== undefined) throw new AppError('USAGE', `--map names the field ${field} twice.`);
    map[field] = column;
  }
  if (map.price !== undefined && map.buy !== undefined && map.sell !== undefined) {
    throw new AppError('USAGE', '--map price sets both buy and sell: omit it, or one of the others.');
  }
  return map;
}

/** Finds the columns of the fields by the map, and of the other fields by common names. */
export function matchColumns(columns: readonly string[], map: ColumnMap): ColumnMatch {
  const fields: Partial<Record<ImportField, number>> = {};
  const contested = new Map<ImportField, readonly number[]>();
  const unknown: ImportField[] = [];
  const bareNames = columns.map(normalizeColumnName);
  const taken = new Set<number>();
  const take = (field: ImportField, indexes: readonly number[]): void => {
    if (indexes.length > 0) fields[field] = indexes[0]!;
    if (indexes.length > 1) contested.set(field, indexes);
  };
  for (const field of IMPORT_FIELDS) {
    const wanted = map[field];
    if (wanted === undefined) continue;
    const indexes = findColumns(wanted, columns, bareNames);
    if (indexes.length === 0) unknown.push(field);
    for (const index of indexes) taken.add(index);
    take(field, indexes);
  }
  for (const field of IMPORT_FIELDS) {
    if (map[field] !== undefined) continue;
    take(
      field,
      [...columns.keys()].filter((index) => !taken.has(index) && COLUMN_NAMES[field].includes(bareNames[index]!)),
    );
  }
  resolvePrice(fields, contested, map);
  return { fields, ambiguous: contested, unknown };
}

/** A price column is used for sides without a column; if both have one, a price column found by name is ignored. */
function resolvePrice(
  fields: Partial<Record<ImportField, number>>,
  contested: Map<ImportField, readonly number[]>,
  map: ColumnMap,
): void {
  if (fields.price === undefined || map.price !== undefined) return;
  const [side, index] = fields.buy === undefined ? ['sell' as const, fields.sell] : ['buy' as const, fields.buy];
  if (index === undefined) return;
  const isOneSide = fields.buy === undefined || fields.sell === undefined;
  if (isOneSide && map[side] === undefined && !contested.has(side)) contested.set('price', [fields.price, index]);
  else {
    delete fields.price;
    contested.delete('price');
  }
}

function findColumns(wanted: string, columns: readonly string[], bareNames: readonly string[]): number[] {
  const indexes = [...columns.keys()];
  const exact = indexes.filter((index) => columns[index] === wanted);
  if (exact.length > 0) return exact;
  const number = /^#([1-9]\d{0,3})$/.exec(wanted);
  if (number) return indexes.filter((index) => index === Number(number[1]) - 1);
  const name = normalizeColumnName(wanted);
  return name === '' ? [] : indexes.filter((index) => bareNames[index] === name);
}

/** Unit and scale in the name of a price column: `Mua vào (nghìn đồng/chỉ)`. */
export function unitScaleInName(name: string): { readonly unit?: Unit; readonly scale?: string } {
  const folded = foldForSearch(name);
  const bracketed = [...folded.matchAll(/[([]([^)\]]*)[)\]]/g)].map(([, text]) => text!).join(' ');
  const unit = /(?:\/|\bper |\bmoi )\s*(chi|luong|cay|tael|gram|g|kg|oz|ozt|ounce)\b/.exec(folded)?.[1];
  const scale = /\b(?:nghin|ngan|thousands?)\b|\b1[.,]?000\b/.test(bracketed)
    ? '1000'
    : /\b(?:trieu|tr|millions?)\b/.test(bracketed)
      ? '1000000'
      : undefined;
  return {
    ...(unit === undefined ? {} : { unit: UNITS_BY_WORD[unit]! }),
    ...defined({ scale }),
  };
}

const UNITS_BY_WORD: Readonly<Record<string, Unit>> = {
  ...{ chi: 'chi', luong: 'tael', cay: 'tael', tael: 'tael', gram: 'g', g: 'g', kg: 'kg', oz: 'ozt', ozt: 'ozt' },
  ounce: 'ozt',
};

function normalizeColumnName(name: string): string {
  return foldForSearch(name.replace(/\([^)]*\)/g, '')).replace(/[^\p{L}\p{N}]/gu, '');
}
