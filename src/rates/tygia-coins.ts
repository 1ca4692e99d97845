import { findCatalogueInstrument, makeInstrumentId } from '../domain/instrument.ts';
import type { DatedNewQuote, NewQuote } from '../domain/quote.ts';
import { foldForSearch } from '../domain/text.ts';
import type { EpochMs } from '../domain/time.ts';
import type { SkipReason } from './providers/tygia.ts';
import type { BodyField } from './response-body.ts';

/** Tokens of one troy ounce of gold each. */
const GOLD_TOKENS = ['PAXG', 'XAUT'];
/** The largest plausible ratio between a gold token and spot gold. */
const MAX_SPOT_RATIO = 1.25;
/** A coin whose ticker is a currency code must not get the id of the currency. */
const CURRENCY_CODES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** Folded names of the coins by ticker: several coins may share a ticker. */
export type CoinNames = ReadonlyMap<string, ReadonlySet<string>>;

/** @param rows of coins; invalid ones are ignored */
export function collectCoinNames(rows: Iterable<Readonly<Record<string, unknown>>>): CoinNames {
  const names = new Map<string, Set<string>>();
  for (const { type, brand } of rows) {
    const id = makeInstrumentId(toText(type));
    const known = names.get(id) ?? new Set();
    names.set(id, known.add(foldForSearch(toText(brand))));
  }
  return names;
}

/** Reads a row of a coin, in USD. `type` is its ticker, `brand` its name. @throws ResponseFormatError */
export function readCoin(field: BodyField, names: CoinNames, now: EpochMs): DatedNewQuote | SkipReason {
  const ticker = field.get('type').nonEmptyText();
  const company = field.get('company').nonEmptyText();
  const brand = field.get('brand').textOrEmpty();
  const updated = field.get('updated');
  const at = updated.plausibleTime(updated.time('YYYY-MM-DD HH:mm:ss'), now);
  if (at === undefined) return 'no time';
  const [buy, sell] = [field.get('buy').price('comma'), field.get('sell').price('comma')];
  if (buy === null && sell === null) return 'no price';
  const instrument = coinInstrumentId(ticker, brand, names);
  if (instrument === '') throw field.get('type').error('a name with letters or digits');
  const id = field.get('id').textOrEmpty();
  return {
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
    ...(id === '' ? {} : { id }),
    aliases: [ticker],
  };
}

/** The ticker if it is unique and not the name of another instrument; otherwise ticker and coin name. */
function coinInstrumentId(ticker: string, name: string, names: CoinNames): string {
  const known = findCatalogueInstrument(ticker);
  if (known?.market === 'crypto' && findCatalogueInstrument(name)?.id === known.id) return known.id;
  const id = makeInstrumentId(ticker);
  const isFree = !known && !findCatalogueInstrument(id) && !CURRENCY_CODES.has(id) && (names.get(id)?.size ?? 0) <= 1;
  return isFree ? id : makeInstrumentId(`${ticker} ${name}`);
}

/** Whether the coins of a list are not in USD: then gold tokens are far from the spot price. */
export function isNotInUsd(coins: Iterable<NewQuote>, spot: number | undefined): boolean {
  if (spot === undefined) return false;
  for (const { aliases, buy, sell } of coins) {
    if (!GOLD_TOKENS.includes(aliases?.[0] ?? '')) continue;
    const ratio = (sell ?? buy)! / spot;
    if (ratio > MAX_SPOT_RATIO || ratio < 1 / MAX_SPOT_RATIO) return true;
  }
  return false;
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 300) : '';
}
