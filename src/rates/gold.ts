import { fold } from '../domain/fold.ts';
import { type Instant, startOfDay } from '../domain/instant.ts';
import { type Instrument, instrumentIdOf, knownInstrument } from '../domain/instrument.ts';
import { newAliases, type QuoteDraft, seriesId } from '../domain/quote.ts';
import type { Field } from './body.ts';
import type { ProviderContext } from './provider.ts';

/**
 * What the Vietnamese gold providers share. Each of them has a constant that brings its prices to VND per tael:
 * they write VND or thousand VND, per chỉ (a tenth of a tael) or per tael, in every combination.
 */
export const CHI_PER_TAEL = 10;

export const GOLD_EVERY = 30 * 60_000;

/** For sites that turn away whatever does not look like a browser. */
export const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36';

const DAY = 24 * 3_600_000;

/** One row of a provider, in VND per tael unless it says otherwise. */
export interface GoldRow {
  readonly instrument: string;
  readonly company: string;
  readonly brand: string;
  readonly buy: number | null;
  readonly sell: number | null;
  /** The time that the provider states; undefined stands for now, and loses against any time stated. */
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
  readonly #context: Pick<ProviderContext, 'now'>;
  readonly #history: boolean;
  readonly #rows = new Map<string, { readonly draft: QuoteDraft; readonly stated: number }>();

  constructor(provider: string, context: Pick<ProviderContext, 'now'>, kind: 'latest' | 'history' = 'latest') {
    this.#provider = provider;
    this.#context = context;
    this.#history = kind === 'history';
  }

  add(row: GoldRow): void {
    this.#add(row, goldDraft(this.#provider, row, this.#context.now));
  }

  /** World gold, USD per troy ounce. */
  addWorld(row: Omit<GoldRow, 'instrument'>): void {
    this.#add(row, worldDraft(this.#provider, row, this.#context.now));
  }

  #add({ at, buy, sell }: Pick<GoldRow, 'at' | 'buy' | 'sell'>, draft: QuoteDraft): void {
    if (buy === null && sell === null) return;
    const stated = at ?? Number.NEGATIVE_INFINITY;
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
  between(from: Instant, to: Instant): QuoteDraft[] {
    return this.list()
      .filter(({ at }) => at >= from && at < to)
      .sort((a, b) => a.at - b.at);
  }
}

/** A row as a quote, in VND per tael. A time that is not stated is now. */
export function goldDraft(provider: string, { at, ...row }: GoldRow, now: Instant): QuoteDraft {
  return { ...row, market: 'gold', provider, currency: 'VND', unit: 'tael', at: at ?? now };
}

/** World gold as a quote, in USD per troy ounce. */
export function worldDraft(provider: string, row: Omit<GoldRow, 'instrument'>, now: Instant): QuoteDraft {
  return { ...goldDraft(provider, { ...row, instrument: 'XAU' }, now), currency: 'USD', unit: 'ozt' };
}

/** A draft with the aliases of two that are of its series. */
export function withAliases(draft: QuoteDraft, one: QuoteDraft, other: QuoteDraft): QuoteDraft {
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

/** Whether a name says silver. Accents count: `bạc` is silver, `Bắc` is the north. */
export function isSilver(name: string): boolean {
  return /(?<!\p{L})(?:bạc|silver|xag)(?!\p{L})/u.test(name.normalize('NFC').toLowerCase());
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

/** Vietnam days of `[from, to)` up to now, oldest first; of more than `most` the newest. */
export function days(context: ProviderContext, from: Instant, to: Instant, most: number): Instant[] {
  const end = Math.min(to, context.now + 1);
  const all: Instant[] = [];
  for (let day = startOfDay(end - 1); day + DAY > from && all.length < most; day -= DAY) all.push(day);
  return end > from ? all.reverse() : [];
}

/** Chunks of a list that is long. */
export function* chunks(quotes: readonly QuoteDraft[], size = 500): Generator<QuoteDraft[]> {
  for (let start = 0; start < quotes.length; start += size) yield quotes.slice(start, start + size);
}
