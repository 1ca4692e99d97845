import { fold } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';
import { instrumentIdOf, knownInstrument } from '../domain/instrument.ts';
import type { DatedQuote, QuoteDraft } from '../domain/quote.ts';
import type { Field } from './body.ts';
import type { LeftOut } from './providers/tygia.ts';

/** Tokens of one troy ounce of gold each. */
const GOLD_TOKENS = ['PAXG', 'XAUT'];
/** How far a gold token is from spot gold at most, as a factor. */
const BESIDE_SPOT = 1.25;
/** Codes of money: a coin that has one as its ticker must not take the instrument of a currency. */
const MONEY: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** Which coins have each ticker, by their folded names: some tickers stand for several coins. */
export type CoinNames = ReadonlyMap<string, ReadonlySet<string>>;

/** @param rows of coins; those that do not fit count for nothing */
export function coinNames(rows: Iterable<Readonly<Record<string, unknown>>>): CoinNames {
  const names = new Map<string, Set<string>>();
  for (const { type, brand } of rows) {
    const id = instrumentIdOf(textOf(type));
    const known = names.get(id) ?? new Set();
    names.set(id, known.add(fold(textOf(brand))));
  }
  return names;
}

/**
 * Reads a row of a coin: USD a coin, in cents. The type is its ticker, the brand its name.
 * @throws BodyError
 */
export function coinOf(field: Field, names: CoinNames, now: Instant): DatedQuote | LeftOut {
  const ticker = field.get('type').name();
  const company = field.get('company').name();
  const brand = field.get('brand').textOrEmpty();
  const updated = field.get('updated');
  const at = updated.acceptTime(updated.time('YYYY-MM-DD HH:mm:ss'), now);
  if (at === undefined) return 'no time';
  const [buy, sell] = [field.get('buy').price('comma'), field.get('sell').price('comma')];
  if (buy === null && sell === null) return 'no price';
  const instrument = instrumentOf(ticker, brand, names);
  if (instrument === '') throw field.get('type').error('a name with letters or digits');
  const id = field.get('id').textOrEmpty();
  return {
    ...{
      instrument,
      market: 'crypto',
      provider: 'tygia',
      company,
      brand,
      buy,
      sell,
      currency: 'USD',
      unit: 'coin',
      at,
    },
    ...(id === '' ? {} : { id }),
    aliases: [ticker],
  };
}

/** The ticker, where it is nothing else's name and one coin's only; else with the coin's name behind it. */
function instrumentOf(ticker: string, name: string, names: CoinNames): string {
  const known = knownInstrument(ticker);
  if (known?.market === 'crypto' && knownInstrument(name)?.id === known.id) return known.id;
  const id = instrumentIdOf(ticker);
  const isFree = !known && !knownInstrument(id) && !MONEY.has(id) && (names.get(id)?.size ?? 0) <= 1;
  return isFree ? id : instrumentIdOf(`${ticker} ${name}`);
}

/** Whether the coins of a list are not in USD: then a token of an ounce of gold is not beside its spot gold. */
export function isOtherMoney(coins: Iterable<QuoteDraft>, spot: number | undefined): boolean {
  if (spot === undefined) return false;
  for (const { aliases, buy, sell } of coins) {
    if (!GOLD_TOKENS.includes(aliases?.[0] ?? '')) continue;
    const ratio = (sell ?? buy)! / spot;
    if (ratio > BESIDE_SPOT || ratio < 1 / BESIDE_SPOT) return true;
  }
  return false;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 300) : '';
}
