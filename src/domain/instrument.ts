import { fold } from './fold.ts';
import { normalForm } from './normal-form.ts';
import type { Unit } from './unit.ts';

/** In the order in which they are listed. */
export const MARKETS = ['gold', 'silver', 'crypto', 'fx'] as const;
export type Market = (typeof MARKETS)[number];

/** Something with a price. One instrument has one unit and one currency: quotes of others are converted or refused. */
export interface Instrument {
  /** Capital letters, digits, `-` and `.`: `SJC`, `PNJ-RING`, `USD-EUR`. */
  readonly id: string;
  readonly market: Market;
  readonly name: string;
  readonly unit: Unit;
  readonly currency: string;
}

interface Entry extends Instrument {
  /** Further names that people and providers use; compared folded. */
  readonly aliases: readonly string[];
}

const gold = (id: string, name: string, ...aliases: string[]): Entry => ({
  id,
  market: 'gold',
  name,
  unit: 'tael',
  currency: 'VND',
  aliases,
});
const coin = (id: string, name: string, ...aliases: string[]): Entry => ({
  id,
  market: 'crypto',
  name,
  unit: 'coin',
  currency: 'USD',
  aliases,
});
const money = (id: string, name: string, ...aliases: string[]): Entry => ({
  id,
  market: 'fx',
  name,
  unit: 'each',
  currency: 'VND',
  aliases,
});

/** The instruments that goldctl knows by name. Others come into being with their first quote. */
export const CATALOGUE: readonly Entry[] = [
  gold('SJC', 'SJC gold bar', 'vàng sjc', 'vàng miếng sjc', 'sjc 1l', 'sjc 9999', 'vàng miếng sjc 999.9'),
  gold('SJC-RING', 'SJC gold ring 9999', 'nhẫn sjc', 'vàng nhẫn sjc', 'sjc ring', 'vàng nhẫn sjc 99,99%'),
  gold('PNJ', 'PNJ gold bar', 'vàng pnj', 'vàng miếng pnj'),
  gold('PNJ-RING', 'PNJ plain ring 9999', 'nhẫn pnj', 'nhẫn trơn pnj', 'nhẫn trơn pnj 999.9', 'pnj ring'),
  gold('DOJI', 'DOJI gold', 'vàng doji'),
  gold('DOJI-RING', 'DOJI Hưng Thịnh Vượng ring', 'nhẫn doji', 'hưng thịnh vượng', 'doji ring'),
  gold('BTMC', 'Bảo Tín Minh Châu Vàng Rồng Thăng Long', 'vàng rồng thăng long', 'vrtl', 'bảo tín minh châu'),
  gold('BTMC-RING', 'Bảo Tín Minh Châu plain ring', 'nhẫn tròn trơn', 'nhẫn btmc', 'btmc ring'),
  gold('MIHONG', 'Mi Hồng gold 999', 'mi hồng', 'vàng mi hồng', 'mi hồng 999'),
  {
    id: 'XAU',
    market: 'gold',
    name: 'Gold, world spot',
    unit: 'ozt',
    currency: 'USD',
    aliases: ['world', 'spot gold', 'xauusd', 'xau/usd', 'gold', 'vàng thế giới', 'thế giới'],
  },
  {
    id: 'XAG',
    market: 'silver',
    name: 'Silver, world spot',
    unit: 'ozt',
    currency: 'USD',
    aliases: ['silver', 'spot silver', 'xagusd', 'xag/usd', 'bạc thế giới'],
  },
  coin('BTC', 'Bitcoin', 'xbt'),
  coin('XRP', 'XRP', 'ripple'),
  coin('DOGE', 'Dogecoin'),
  coin('USDT', 'Tether'),
  coin('ETH', 'Ethereum', 'ether'),
  coin('BNB', 'BNB', 'binance coin'),
  coin('ADA', 'Cardano'),
  coin('USDC', 'USD Coin', 'usdc'),
  coin('POL', 'Polygon', 'matic', 'polygon'),
  coin('SOL', 'Solana'),
  money('USD', 'US dollar', 'dollar', 'đô la mỹ', 'đô la'),
  money('EUR', 'Euro'),
  money('GBP', 'Pound sterling'),
  money('JPY', 'Japanese yen', 'yen'),
  money('CNY', 'Chinese yuan', 'yuan', 'nhân dân tệ'),
  money('AUD', 'Australian dollar'),
  money('SGD', 'Singapore dollar'),
  money('KRW', 'South Korean won', 'won'),
  money('THB', 'Thai baht', 'baht'),
];

const BY_NAME = new Map<string, Entry>();
for (const entry of CATALOGUE) {
  for (const name of [entry.id, entry.name, ...entry.aliases]) BY_NAME.set(fold(name), entry);
}

/** The catalogue's instrument of that id, name or alias, whatever its case and accents; undefined when unknown. */
export function knownInstrument(text: string): Instrument | undefined {
  return BY_NAME.get(fold(text));
}

/** Whether a name says silver. Accents count: `bạc` is silver, `Bắc` is the north. */
export function isSilver(name: string): boolean {
  return /(?<!\p{L})(?:bạc|silver|xag)(?!\p{L})/u.test(normalForm(name).toLowerCase());
}

const ID = /^[A-Z0-9][A-Z0-9.-]{0,47}$/;

export function isInstrumentId(text: string): boolean {
  return ID.test(text);
}

/**
 * An id made of a name that no catalogue has: `Vàng nữ trang 99%` → `VANG-NU-TRANG-99`. Empty when nothing of
 * the name is left.
 */
export function instrumentIdOf(name: string): string {
  return fold(name)
    .toUpperCase()
    .replace(/[^A-Z0-9.]+/g, '-')
    .replace(/^[-.]+/, '')
    .slice(0, 48)
    .replace(/[-.]+$/, '');
}
