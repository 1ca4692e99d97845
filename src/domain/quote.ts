import { fold } from './fold.ts';
import type { Instant } from './instant.ts';
import type { Market } from './instrument.ts';
import type { Unit } from './unit.ts';

/**
 * Buy and sell of one instrument from one provider. Prices are numbers in `currency` per `unit`, from the
 * provider's side of the counter: it buys at `buy` and sells at `sell`. One of the two may be null (a shop that
 * only buys old jewellery), never both.
 */
export interface Quote {
  readonly instrument: string;
  readonly market: Market;
  readonly provider: string;
  /** Who makes the price, where the provider lists several (`SJC`, `DOJI`); else the provider's own name. */
  readonly company: string;
  /** Branch, city or kind within the company; may be empty. */
  readonly brand: string;
  readonly buy: number | null;
  readonly sell: number | null;
  readonly currency: string;
  readonly unit: Unit;
  /** Since when this price holds: by the provider's own time, else since it was first received. */
  readonly at: Instant;
  /**
   * Until when this price is confirmed. The price was observed during `[observedFrom, checkedAt]`; between `at` and
   * `observedFrom`, and after `checkedAt`, it is not known what the price was.
   */
  readonly checkedAt: Instant;
  /** Start of the observation without a gap; `at` where it is left out. */
  readonly observedFrom?: Instant;
  /** The provider's own time in its last response with this price; left out where it states none. */
  readonly statedAt?: Instant;
  /**
   * The price was accepted though nothing proved it: when its series was first confirmed with only such prices; left out
   * for others.
   */
  readonly weakSince?: Instant;
  /** When this price was last received; left out for imported quotes and for quotes that a later one replaced. */
  readonly receivedAt?: Instant;
  /** The provider's own number of the quote, or one that goldctl made. */
  readonly id: string;
  /** The import or correction that it came with, by the seq of its first record; left out for a provider's own quotes. */
  readonly batch?: number;
}

/** What a provider says; the journal adds nothing but time. `aliases`: what the source itself calls the series. */
export type QuoteDraft = Omit<Quote, 'at' | 'checkedAt' | 'id'> & {
  /**
   * The time that the provider itself states; undefined where it states none, or one that cannot be true (unset
   * dates: 0001, 1900, 1970; the future).
   */
  readonly at: Instant | undefined;
  readonly id?: string;
  readonly aliases?: readonly string[];
};

/** A draft whose time is known, as all quotes of the past have it. */
export type DatedQuote = QuoteDraft & { readonly at: Instant };

/** Aliases of one series; more are not kept. */
export const MAX_ALIASES = 8;
/** Characters of an alias: what a look-up can ask for. A longer one is not kept. */
export const MAX_ALIAS_LENGTH = 128;

/** A line of quotes that replace one another: same instrument, provider, company and brand. */
export type SeriesId = string;

const SEPARATOR = '\x1f'; // sorts below every printable character; `plain` keeps it out of names

export function seriesId(quote: Pick<Quote, 'instrument' | 'provider' | 'company' | 'brand'>): SeriesId {
  return `${quote.instrument}${SEPARATOR}${quote.provider}${SEPARATOR}${quote.company}${SEPARATOR}${quote.brand}`;
}

/** The one number that stands for a quote in candles and jumps: what a customer pays, else what he gets. */
export function price(quote: Pick<Quote, 'buy' | 'sell'>): number {
  return (quote.sell ?? quote.buy) as number;
}

export function samePrice(a: Pick<Quote, 'buy' | 'sell'>, b: Pick<Quote, 'buy' | 'sell'>): boolean {
  return a.buy === b.buy && a.sell === b.sell;
}

/** Those of the given aliases that a series with the known ones does not have yet, compared folded, up to its limit. */
export function newAliases(known: readonly string[], given: readonly string[]): string[] {
  const names = new Set(known.map(fold));
  const added: string[] = [];
  for (const alias of given) {
    if (known.length + added.length >= MAX_ALIASES) break;
    if (alias.length > MAX_ALIAS_LENGTH) continue;
    const name = fold(alias);
    if (name === '' || names.has(name)) continue;
    names.add(name);
    added.push(alias);
  }
  return added;
}

/** What a series id is made of. */
export function seriesParts(series: SeriesId): Pick<Quote, 'instrument' | 'provider' | 'company' | 'brand'> {
  const [instrument = '', provider = '', company = '', brand = ''] = series.split(SEPARATOR);
  return { instrument, provider, company, brand };
}
