import { Failure } from '../domain/failure.ts';
import { fold, plain } from '../domain/fold.ts';
import type { Unit } from '../domain/unit.ts';

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

/** `price` stands for buy and sell at once; `clock` is the time of day beside a date in `at`. */
export const FIELDS = [...COLUMNS, 'price', 'clock', 'open', 'high', 'low'] as const;
export type Field = (typeof FIELDS)[number];

/** Names under which files have our fields, compared without case, accents, spaces, marks and what is in brackets. */
const NAMES: Readonly<Record<Field, readonly string[]>> = {
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

/** What --map says: which column a field is read from, by its name or as `#3`. */
export type ColumnMap = Readonly<Partial<Record<Field, string>>>;
/** Places of the columns that the fields are read from. */
export type Fields = Readonly<Partial<Record<Field, number>>>;

export interface ColumnMatch {
  readonly fields: Fields;
  /** Fields that several columns fit, and the places of these. */
  readonly contested: ReadonlyMap<Field, readonly number[]>;
  /** Fields that the map reads from a column that is not there. */
  readonly unknown: readonly Field[];
}

/** Reads `at=timestamp,buy=buy_1l,sell=#4`. @throws Failure USAGE */
export function parseMap(texts: readonly string[]): ColumnMap {
  const map: Partial<Record<Field, string>> = {};
  for (const pair of texts.flatMap((text) => text.split(','))) {
    const at = pair.indexOf('=');
    const field = FIELDS.find((each) => each.toLowerCase() === pair.slice(0, at).trim().toLowerCase());
    const column = pair.slice(at + 1).trim();
    if (at < 0 || column === '') {
      throw new Failure(
        'USAGE',
        `--map "${plain(pair)}" is not FIELD=COLUMN. Examples: --map at=timestamp,buy=buy_1l or --map at=#1,buy=#3.`,
      );
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

/** Finds the columns of the fields: those that the map names, the others by their usual names. */
export function matchColumns(columns: readonly string[], map: ColumnMap): ColumnMatch {
  const fields: Partial<Record<Field, number>> = {};
  const contested = new Map<Field, readonly number[]>();
  const unknown: Field[] = [];
  const bareNames = columns.map(bare);
  const taken = new Set<number>();
  const take = (field: Field, places: readonly number[]): void => {
    if (places.length > 0) fields[field] = places[0]!;
    if (places.length > 1) contested.set(field, places);
  };
  for (const field of FIELDS) {
    const wanted = map[field];
    if (wanted === undefined) continue;
    const places = placesOf(wanted, columns, bareNames);
    if (places.length === 0) unknown.push(field);
    for (const place of places) taken.add(place);
    take(field, places);
  }
  for (const field of FIELDS) {
    if (map[field] !== undefined) continue;
    take(
      field,
      [...columns.keys()].filter((place) => !taken.has(place) && NAMES[field].includes(bareNames[place]!)),
    );
  }
  settlePrice(fields, contested, map);
  return { fields, contested, unknown };
}

/** A price column serves the sides that were not named; one that was found by its name yields to two sides. */
function settlePrice(
  fields: Partial<Record<Field, number>>,
  contested: Map<Field, readonly number[]>,
  map: ColumnMap,
): void {
  if (fields.price === undefined || map.price !== undefined) return;
  const [side, place] = fields.buy === undefined ? ['sell' as const, fields.sell] : ['buy' as const, fields.buy];
  if (place === undefined) return;
  const isOneSide = fields.buy === undefined || fields.sell === undefined;
  if (isOneSide && map[side] === undefined && !contested.has(side)) contested.set('price', [fields.price, place]);
  else {
    delete fields.price;
    contested.delete('price');
  }
}

function placesOf(wanted: string, columns: readonly string[], bareNames: readonly string[]): number[] {
  const places = [...columns.keys()];
  const exact = places.filter((place) => columns[place] === wanted);
  if (exact.length > 0) return exact;
  const number = /^#([1-9]\d{0,3})$/.exec(wanted);
  if (number) return places.filter((place) => place === Number(number[1]) - 1);
  const name = bare(wanted);
  return name === '' ? [] : places.filter((place) => bareNames[place] === name);
}

/** What the name of a price column says of unit and scale: `Mua vào (nghìn đồng/chỉ)`. */
export function measureInName(name: string): { readonly unit?: Unit; readonly scale?: string } {
  const folded = fold(name);
  const bracketed = [...folded.matchAll(/[([]([^)\]]*)[)\]]/g)].map(([, text]) => text!).join(' ');
  const unit = /(?:\/|\bper |\bmoi )\s*(chi|luong|cay|tael|gram|g|kg|oz|ozt|ounce)\b/.exec(folded)?.[1];
  const scale = /\b(?:nghin|ngan|thousands?)\b|\b1[.,]?000\b/.test(bracketed)
    ? '1000'
    : /\b(?:trieu|tr|millions?)\b/.test(bracketed)
      ? '1000000'
      : undefined;
  return {
    ...(unit === undefined ? {} : { unit: UNITS_IN_NAMES[unit]! }),
    ...(scale === undefined ? {} : { scale }),
  };
}

const UNITS_IN_NAMES: Readonly<Record<string, Unit>> = {
  ...{ chi: 'chi', luong: 'tael', cay: 'tael', tael: 'tael', gram: 'g', g: 'g', kg: 'kg', oz: 'ozt', ozt: 'ozt' },
  ounce: 'ozt',
};

function bare(name: string): string {
  return fold(name.replace(/\([^)]*\)/g, '')).replace(/[^\p{L}\p{N}]/gu, '');
}
