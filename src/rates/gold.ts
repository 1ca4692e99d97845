import { fold } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';
import { type Instrument, instrumentIdOf, knownInstrument } from '../domain/instrument.ts';
import { type DatedQuote, newAliases, type QuoteDraft, seriesId } from '../domain/quote.ts';
import type { Field } from './body.ts';

export { isSilver } from '../domain/instrument.ts';

/**
 * What the Vietnamese gold providers share. Each of them has a constant that brings its prices to VND per tael:
 * they write VND or thousand VND, per chỉ (a tenth of a tael) or per tael, in every combination.
 */
export const CHI_PER_TAEL = 10;

export const GOLD_EVERY = 30 * 60_000;

/** For sites that turn away whatever does not look like a browser. */
export const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36';

/** One row of a provider, in VND per tael unless it says otherwise. */
export interface GoldRow {
  readonly instrument: string;
  readonly company: string;
  readonly brand: string;
  readonly buy: number | null;
  readonly sell: number | null;
  /** The time that the provider states; undefined loses against any time stated. */
  readonly at: Instant | undefined;
  readonly id?: string;
  /** What the source itself calls it. */
  readonly aliases?: readonly string[];
}

/**
 * Gathers the quotes of bodies. Rows without a price are left out. Of rows with the same instrument, company and
 * brand one stays, the latest (the first of those that state the same time), with the aliases of all; with `history` one
 * for every time.
 */
export class GoldQuotes {
  readonly #provider: string;
  readonly #history: boolean;
  readonly #rows = new Map<string, { readonly draft: QuoteDraft; readonly stated: number }>();

  constructor(provider: string, kind: 'latest' | 'history' = 'latest') {
    this.#provider = provider;
    this.#history = kind === 'history';
  }

  add(row: GoldRow): void {
    this.#add(goldDraft(this.#provider, row));
  }

  /** World gold, USD per troy ounce. */
  addWorld(row: Omit<GoldRow, 'instrument'>): void {
    this.#add(worldDraft(this.#provider, row));
  }

  /** Money that stands among the gold, VND per unit of it. */
  addCurrency(row: GoldRow): void {
    this.#add({ ...row, provider: this.#provider, market: 'fx', currency: 'VND', unit: 'each' });
  }

  #add(draft: QuoteDraft): void {
    if (draft.buy === null && draft.sell === null) return;
    const stated = draft.at ?? Number.NEGATIVE_INFINITY;
    const key = this.#history ? `${seriesId(draft)}\n${draft.at}` : seriesId(draft);
    const other = this.#rows.get(key);
    const kept = other && stated <= other.stated ? other : { draft, stated };
    this.#rows.set(key, other ? { ...kept, draft: withAliases(kept.draft, other.draft, draft) } : kept);
  }

  /** In the order of the body. */
  list(): QuoteDraft[] {
    return [...this.#rows.values()].map(({ draft }) => draft);
  }

  /** Those of `[from, to)`, oldest first. */
  between(from: Instant, to: Instant): DatedQuote[] {
    return this.list()
      .filter((quote): quote is DatedQuote => quote.at !== undefined && quote.at >= from && quote.at < to)
      .sort((a, b) => a.at - b.at);
  }
}

/** A row as a quote, in VND per tael. */
export function goldDraft<Row extends GoldRow>(provider: string, row: Row): QuoteDraft & Pick<Row, 'at'> {
  return { ...row, market: 'gold', provider, currency: 'VND', unit: 'tael' };
}

/** World gold as a quote, in USD per troy ounce. */
export function worldDraft<Row extends Omit<GoldRow, 'instrument'>>(
  provider: string,
  row: Row,
): QuoteDraft & Pick<Row, 'at'> {
  return { ...goldDraft(provider, { ...row, instrument: 'XAU' }), currency: 'USD', unit: 'ozt' };
}

/** A draft with the aliases of two that are of its series. */
export function withAliases<Draft extends QuoteDraft>(draft: Draft, one: QuoteDraft, other: QuoteDraft): Draft {
  const known = one.aliases ?? [];
  const aliases = [...known, ...newAliases(known, other.aliases ?? [])];
  return aliases.length === 0 ? draft : { ...draft, aliases };
}

/** Vietnamese gold of the catalogue; neither world gold nor a coin that happens to have the name. */
function vietnamese(instrument: Instrument | undefined): instrument is Instrument {
  return instrument?.market === 'gold' && instrument.currency === 'VND';
}

const NAMES: readonly (readonly [pattern: RegExp, instrument: string])[] = [
  // the bar of one tael, by which all others go; bars of a few chỉ have their own prices
  [/^(?:vang )?(?:mieng )?sjc(?: 999\.?9)?(?: \(vang sjc\))?$/, 'SJC'],
  [/^(?:vang )?(?:mieng )?sjc\b.*\b1l\b/, 'SJC'],
  [/^(?:vang )?nhan (?:tron )?(?:tron )?sjc\b/, 'SJC-RING'],
];

/**
 * The instrument that a provider's name of a kind of gold stands for: the catalogue's, else one with an id made of
 * company and name.
 * @throws BodyError of `field` when nothing of the name is left for an id
 */
export function goldInstrument(field: Field, name: string, company = ''): string {
  const folded = fold(name);
  for (const [pattern, instrument] of NAMES) if (pattern.test(folded)) return instrument;
  const known = knownInstrument(name);
  if (vietnamese(known)) return known.id;
  const id = instrumentIdOf(folded.includes(fold(company)) ? name : `${company} ${name}`);
  if (id === '') throw field.error('a name with letters or digits');
  return isForeign(id) ? instrumentIdOf(`GOLD ${id}`) : id;
}

/** Whether an id is, or begins with, that of a coin, a currency or world gold (`BTC`, `USD-EUR`). */
function isForeign(id: string): boolean {
  const known = knownInstrument(id);
  if (known) return !vietnamese(known);
  const [first = ''] = id.split('-');
  const beginning = knownInstrument(first);
  return beginning?.id === first && !vietnamese(beginning);
}

/**
 * Where the tael of a 24-carat bar or ring lies at a time, VND: `[low, high)`, less than tenfold apart. A price is
 * therefore within it either as one of a tael or as one of a chỉ, never as both. From 2009 to mid-2020 it went from
 * 21 to 49 million, and has not been below 47 million since.
 */
export function taelBand(at: Instant): readonly [low: number, high: number] {
  return at < MID_2020 ? [15_000_000, 100_000_000] : [40_000_000, 400_000_000];
}

const MID_2020 = Date.UTC(2020, 6, 1);
