import { foldForSearch } from './text.ts';
import { normalizeUnicode } from './unicode-normalization.ts';
import type { Unit } from './unit.ts';

/** In display order. */
export const MARKETS = ['gold', 'silver', 'crypto', 'fx'] as const;
export type Market = (typeof MARKETS)[number];

/** Something with a price. It has one unit and one currency: quotes in others are converted or rejected. */
export interface Instrument {
  /** Capital letters, digits, `-` and `.`: `SJC`, `PNJ-RING`, `USD-EUR`. */
  readonly id: string;
  readonly market: Market;
  readonly name: string;
  readonly unit: Unit;
  readonly currency: string;
}

interface CatalogueEntry extends Instrument {
  /** Other names that people and providers use; compared folded. */
  readonly aliases: readonly string[];
}

const entryMaker =
  (market: Market, unit: Unit, currency: string) =>
  (id: string, name: string, ...aliases: string[]): CatalogueEntry => ({ id, market, name, unit, currency, aliases });
const goldEntry = entryMaker('gold', 'tael', 'VND');
const cryptoEntry = entryMaker('crypto', 'coin', 'USD');
const currencyEntry = entryMaker('fx', 'each', 'VND');

/** The built-in instruments. Others are created by their first quote. */
export const INSTRUMENT_CATALOGUE: readonly CatalogueEntry[] = [
  goldEntry('SJC', 'SJC gold bar', 'vàng sjc', 'vàng miếng sjc', 'sjc 1l', 'sjc 9999', 'vàng miếng sjc 999.9'),
  goldEntry('SJC-RING', 'SJC gold ring 9999', 'nhẫn sjc', 'vàng nhẫn sjc', 'sjc ring', 'vàng nhẫn sjc 99,99%'),
  goldEntry('PNJ', 'PNJ gold bar', 'vàng pnj', 'vàng miếng pnj'),
  goldEntry('PNJ-RING', 'PNJ plain ring 9999', 'nhẫn pnj', 'nhẫn trơn pnj', 'nhẫn trơn pnj 999.9', 'pnj ring'),
  goldEntry('DOJI', 'DOJI gold', 'vàng doji'),
  goldEntry('DOJI-RING', 'DOJI Hưng Thịnh Vượng ring', 'nhẫn doji', 'hưng thịnh vượng', 'doji ring'),
  goldEntry('BTMC', 'Bảo Tín Minh Châu Vàng Rồng Thăng Long', 'vàng rồng thăng long', 'vrtl', 'bảo tín minh châu'),
  goldEntry('BTMC-RING', 'Bảo Tín Minh Châu plain ring', 'nhẫn tròn trơn', 'nhẫn btmc', 'btmc ring'),
  goldEntry('MIHONG', 'Mi Hồng gold 999', 'mi hồng', 'vàng mi hồng', 'mi hồng 999'),
  entryMaker('gold', 'ozt', 'USD')(
    'XAU',
    'Gold, world spot',
    'world',
    'spot gold',
    'xauusd',
    'xau/usd',
    'gold',
    'vàng thế giới',
    'thế giới',
  ),
  entryMaker('silver', 'ozt', 'USD')(
    'XAG',
    'Silver, world spot',
    'silver',
    'spot silver',
    'xagusd',
    'xag/usd',
    'bạc thế giới',
  ),
  cryptoEntry('BTC', 'Bitcoin', 'xbt'),
  cryptoEntry('XRP', 'XRP', 'ripple'),
  cryptoEntry('DOGE', 'Dogecoin'),
  cryptoEntry('USDT', 'Tether'),
  cryptoEntry('ETH', 'Ethereum', 'ether'),
  cryptoEntry('BNB', 'BNB', 'binance coin'),
  cryptoEntry('ADA', 'Cardano'),
  cryptoEntry('USDC', 'USD Coin', 'usdc'),
  cryptoEntry('POL', 'Polygon', 'matic', 'polygon'),
  cryptoEntry('SOL', 'Solana'),
  currencyEntry('USD', 'US dollar', 'dollar', 'đô la mỹ', 'đô la'),
  currencyEntry('EUR', 'Euro'),
  currencyEntry('GBP', 'Pound sterling'),
  currencyEntry('JPY', 'Japanese yen', 'yen'),
  currencyEntry('CNY', 'Chinese yuan', 'yuan', 'nhân dân tệ'),
  currencyEntry('AUD', 'Australian dollar'),
  currencyEntry('SGD', 'Singapore dollar'),
  currencyEntry('KRW', 'South Korean won', 'won'),
  currencyEntry('THB', 'Thai baht', 'baht'),
];

const ENTRIES_BY_NAME = new Map<string, CatalogueEntry>();
for (const entry of INSTRUMENT_CATALOGUE) {
  for (const name of [entry.id, entry.name, ...entry.aliases]) ENTRIES_BY_NAME.set(foldForSearch(name), entry);
}

/** By id, name or alias; ignores case and accents. */
export function findCatalogueInstrument(text: string): Instrument | undefined {
  return ENTRIES_BY_NAME.get(foldForSearch(text));
}

/** Whether a name means silver. Accents matter: `bạc` is silver, `Bắc` is north. */
export function isSilverName(name: string): boolean {
  return /(?<!\p{L})(?:bạc|silver|xag)(?!\p{L})/u.test(normalizeUnicode(name).toLowerCase());
}

const INSTRUMENT_ID = /^[A-Z0-9][A-Z0-9.-]{0,47}$/;

export function isInstrumentId(text: string): boolean {
  return INSTRUMENT_ID.test(text);
}

/** Derives an id from a name: `Vàng nữ trang 99%` → `VANG-NU-TRANG-99`. Empty if no character of the name is usable. */
export function makeInstrumentId(name: string): string {
  return foldForSearch(name)
    .toUpperCase()
    .replace(/[^A-Z0-9.]+/g, '-')
    .replace(/^[-.]+/, '')
    .slice(0, 48)
    .replace(/[-.]+$/, '');
}
