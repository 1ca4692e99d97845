import { findCatalogueInstrument, type Instrument, makeInstrumentId } from '../domain/instrument.ts';
import { type DatedNewQuote, findNewAliases, type NewQuote, seriesId } from '../domain/quote.ts';
import { foldForSearch } from '../domain/text.ts';
import type { EpochMs } from '../domain/time.ts';
import type { BodyField } from './response-body.ts';

/**
 * Vietnamese gold providers quote VND or thousand VND, per chỉ (a tenth of a tael) or per tael, in every combination. Each
 * provider has a constant that converts its prices to VND per tael.
 */
export const CHI_PER_TAEL = 10;

export const GOLD_INTERVAL_MS = 30 * 60_000;

/** For sites that reject clients other than browsers. */
export const BROWSER_HEADERS = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36',
};

/** One row of a provider, in VND per tael unless stated otherwise. */
export interface GoldRow {
  readonly instrument: string;
  readonly company: string;
  readonly brand: string;
  readonly buy: number | null;
  readonly sell: number | null;
  /** The time that the provider states; undefined ranks before any stated time. */
  readonly at: EpochMs | undefined;
  readonly id?: string;
  /** The provider's own names for it. */
  readonly aliases?: readonly string[];
}

/**
 * Collects the quotes of response bodies. Rows without a price are skipped. Rows of one series are merged: the latest wins
 * (the first among equal times) and gets the aliases of all; with `history`, rows are merged per time.
 */
export class GoldQuoteCollector {
  readonly #provider: string;
  readonly #keepsEveryTime: boolean;
  readonly #rows = new Map<string, { readonly draft: NewQuote; readonly stated: number }>();

  constructor(provider: string, kind: 'latest' | 'history' = 'latest') {
    this.#provider = provider;
    this.#keepsEveryTime = kind === 'history';
  }

  add(row: GoldRow): void {
    this.#add(goldQuote(this.#provider, row));
  }

  /** Adds world gold, in USD per troy ounce. */
  addWorld(row: Omit<GoldRow, 'instrument'>): void {
    this.#add(worldGoldQuote(this.#provider, row));
  }

  /** Adds a currency that is listed among the gold, in VND per unit. */
  addCurrency(row: GoldRow): void {
    this.#add({ ...row, provider: this.#provider, market: 'fx', currency: 'VND', unit: 'each' });
  }

  #add(draft: NewQuote): void {
    if (draft.buy === null && draft.sell === null) return;
    const stated = draft.at ?? Number.NEGATIVE_INFINITY;
    const key = this.#keepsEveryTime ? `${seriesId(draft)}\n${draft.at}` : seriesId(draft);
    const other = this.#rows.get(key);
    const kept = other && stated <= other.stated ? other : { draft, stated };
    this.#rows.set(key, other ? { ...kept, draft: withAliases(kept.draft, other.draft, draft) } : kept);
  }

  /** In body order. */
  list(): NewQuote[] {
    return [...this.#rows.values()].map(({ draft }) => draft);
  }

  /** Quotes of `[from, to)`, oldest first. */
  inPeriod(from: EpochMs, to: EpochMs): DatedNewQuote[] {
    return this.list()
      .filter((quote): quote is DatedNewQuote => quote.at !== undefined && quote.at >= from && quote.at < to)
      .sort((a, b) => a.at - b.at);
  }
}

export function goldQuote<Row extends GoldRow>(provider: string, row: Row): NewQuote & Pick<Row, 'at'> {
  return { ...row, market: 'gold', provider, currency: 'VND', unit: 'tael' };
}

export function worldGoldQuote<Row extends Omit<GoldRow, 'instrument'>>(
  provider: string,
  row: Row,
): NewQuote & Pick<Row, 'at'> {
  return { ...goldQuote(provider, { ...row, instrument: 'XAU' }), currency: 'USD', unit: 'ozt' };
}

/** A quote with the aliases of two quotes of its series. */
export function withAliases<Draft extends NewQuote>(draft: Draft, one: NewQuote, other: NewQuote): Draft {
  const known = one.aliases ?? [];
  const aliases = [...known, ...findNewAliases(known, other.aliases ?? [])];
  return aliases.length === 0 ? draft : { ...draft, aliases };
}

/** Excludes world gold and coins whose name happens to match. */
function isVietnameseGold(instrument: Instrument | undefined): instrument is Instrument {
  return instrument?.market === 'gold' && instrument.currency === 'VND';
}

const NAME_PATTERNS: readonly (readonly [pattern: RegExp, instrument: string])[] = [
  // the one-tael bar, the reference; bars of a few chỉ have their own prices
  [/^(?:vang )?(?:mieng )?sjc(?: 999\.?9)?(?: \(vang sjc\))?$/, 'SJC'],
  [/^(?:vang )?(?:mieng )?sjc\b.*\b1l\b/, 'SJC'],
  [/^(?:vang )?nhan (?:tron )?(?:tron )?sjc\b/, 'SJC-RING'],
];

/**
 * The id of the instrument for a provider's product name: from the catalogue, or built from company and name.
 * @throws ResponseFormatError for `field` if the name has no usable characters
 */
export function goldInstrumentId(field: BodyField, name: string, company = ''): string {
  const folded = foldForSearch(name);
  for (const [pattern, instrument] of NAME_PATTERNS) if (pattern.test(folded)) return instrument;
  const known = findCatalogueInstrument(name);
  if (isVietnameseGold(known)) return known.id;
  const id = makeInstrumentId(folded.includes(foldForSearch(company)) ? name : `${company} ${name}`);
  if (id === '') throw field.error('a name with letters or digits');
  return isTakenId(id) ? makeInstrumentId(`GOLD ${id}`) : id;
}

/** Whether an id is, or begins with, the id of a coin, a currency or world gold (`BTC`, `USD-EUR`). */
function isTakenId(id: string): boolean {
  const known = findCatalogueInstrument(id);
  if (known) return !isVietnameseGold(known);
  const [first = ''] = id.split('-');
  const beginning = findCatalogueInstrument(first);
  return beginning?.id === first && !isVietnameseGold(beginning);
}

/**
 * The plausible price range of a 24-carat tael in VND: `[low, high)`. The bounds are less than a factor of ten apart, so a
 * price fits either as per tael or as per chỉ, never both. From 2009 to mid-2020 it rose from 21 to 49 million; since then
 * it has stayed above 47 million.
 */
export function taelRange(at: EpochMs): readonly [low: number, high: number] {
  return at < MID_2020_MS ? [15_000_000, 100_000_000] : [40_000_000, 400_000_000];
}

const MID_2020_MS = Date.UTC(2020, 6, 1);
