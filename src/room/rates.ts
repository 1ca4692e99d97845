import { distance } from 'fastest-levenshtein';
import { type Converted, convert, parseMeasure } from '../domain/conversion.ts';
import { Failure } from '../domain/failure.ts';
import { fold, plain } from '../domain/fold.ts';
import { type Instant, type Interval, parseDay, startOfDay } from '../domain/instant.ts';
import { CATALOGUE, type Instrument, instrumentIdOf, knownInstrument, type Market } from '../domain/instrument.ts';
import { type Quote, seriesId } from '../domain/quote.ts';
import type { Unit } from '../domain/unit.ts';
import type { View } from '../view/view.ts';

/** What the room must know of the providers: how often they speak, and whom to believe first. */
export interface ProviderOrder {
  /** Milliseconds between its fetches; undefined for one that is not fetched (an import). */
  every(provider: string): number | undefined;
  /** Lower is better. */
  rank(provider: string): number;
}

export interface StaleQuote extends Quote {
  readonly stale: boolean;
}

export type ConvertedQuote = Omit<Converted, 'legs'> & { readonly legs: readonly StaleQuote[] };

/** Imported quotes have no interval: a day stands for it, so that they look stale after three. */
const DAY = 24 * 3_600_000;
const CANDLES = 5000;
const EXPORTED = 500;
/** Names that are offered in place of one that means nothing. */
const SUGGESTIONS = 5;
/** The instants of a Date: no quote lies outside of them, whatever range is asked for. */
const FIRST = -8_640_000_000_000_000;
const LAST = 8_640_000_000_000_000;
/** What money is counted in. Gold is priced by weight: it is no currency, though `SJC` looks like the code of one. */
const COUNTED: readonly Unit[] = ['each', 'coin'];

/** Rates: every question about them. */
export class Rates {
  readonly #view: View;
  #providers: ProviderOrder;
  #revision = 0;
  readonly #now: () => Instant;

  constructor(room: { view: View; providers: ProviderOrder; now: () => Instant }) {
    this.#view = room.view;
    this.#providers = room.providers;
    this.#now = room.now;
  }

  /** Another one whenever answers of before may not hold any more, though no quote changed. */
  get revision(): number {
    return this.#revision;
  }

  /** Other providers, or in another order. */
  reorder(providers: ProviderOrder): void {
    this.#providers = providers;
    this.#revision += 1;
  }

  /**
   * The instrument that a text names, by id, name or alias, whatever its case and accents; else the one that all series
   * with that alias are of.
   * @throws Failure NOT_FOUND with the nearest ones as `suggestions`
   */
  resolve(text: string): Instrument {
    const { instrument, aliased } = this.#find(text);
    if (instrument) return instrument;
    const ids = [...new Set(aliased.map((quote) => quote.instrument))];
    const only = ids.length === 1 ? this.#view.quotes.instruments.get(ids[0]!) : undefined;
    if (only) return only;
    if (ids.length === 0) throw this.#unknown(text);
    const suggestions = ids.slice(0, SUGGESTIONS);
    throw new Failure(
      'NOT_FOUND',
      `Several instruments are called "${plain(text)}": name one of them, for example ${suggestions.join(', ')}.`,
      { data: { field: 'instrument', suggestions } },
    );
  }

  /** The instrument of that id, name or catalogue alias. What sources call their series does not count. */
  named(text: string): Instrument | undefined {
    const { instruments } = this.#view.quotes;
    return this.#exact(text) ?? instruments.get(instrumentIdOf(text)) ?? this.#ofName(fold(text));
  }

  #exact(text: string): Instrument | undefined {
    const { instruments } = this.#view.quotes;
    const exact = instruments.get(text) ?? instruments.get(text.toUpperCase());
    if (exact) return exact;
    const known = knownInstrument(text);
    return known && (instruments.get(known.id) ?? known);
  }

  #ofName(folded: string): Instrument | undefined {
    for (const instrument of this.#view.quotes.instruments.values()) {
      if (fold(instrument.name) === folded) return instrument;
    }
    return undefined;
  }

  /** What a text means: an instrument, and the series that have it as an alias, by their latest quotes. */
  #find(text: string): { instrument: Instrument | undefined; aliased: Quote[] } {
    const { quotes } = this.#view;
    const aliased = quotes.aliased(text);
    if (aliased.length === 0) return { instrument: this.named(text), aliased };
    const spelled = quotes.instruments.get(instrumentIdOf(text));
    // `SJC*` is an alias and not the catalogue's SJC, though no id has a star. All other ids have no names but such spellings.
    const isMeant = spelled && knownInstrument(spelled.id) === undefined;
    return { instrument: this.#exact(text) ?? (isMeant ? spelled : undefined), aliased };
  }

  #unknown(text: string): Failure {
    const suggestions = this.#nearest(fold(text));
    const hint = suggestions.length > 0 ? ` Did you mean ${suggestions.join(', ')}?` : '';
    return new Failure('NOT_FOUND', `There is no instrument "${plain(text)}".${hint}`, {
      data: { field: 'instrument', suggestions },
    });
  }

  /** The best latest quote of every instrument of a market, or of all. */
  list(market?: Market): StaleQuote[] {
    const quotes: StaleQuote[] = [];
    for (const instrument of this.#view.quotes.instruments.values()) {
      if (market !== undefined && instrument.market !== market) continue;
      const best = this.#best(instrument.id);
      if (best) quotes.push(best);
    }
    return quotes;
  }

  /**
   * The latest quotes of an instrument, the best first. A text that is the name of none means the series that have it as
   * an alias.
   * @throws Failure NOT_FOUND when it means nothing
   */
  get(what: Instrument | string): StaleQuote[] {
    const now = this.#now();
    return this.#latest(what)
      .map((quote) => this.#mark(quote, now))
      .sort((a, b) => this.#compare(a, b));
  }

  #latest(what: Instrument | string): Quote[] {
    const { quotes } = this.#view;
    if (typeof what !== 'string') return quotes.latest(what.id);
    const { instrument, aliased } = this.#find(what);
    if (instrument) return quotes.latest(instrument.id);
    if (aliased.length === 0) throw this.#unknown(what);
    return aliased;
  }

  /**
   * Quotes in another currency or unit.
   * @param measure as `USD/ozt`
   * @throws Failure INVALID_PARAMS, NOT_AVAILABLE where a quote that it would need is not known
   */
  convert(quotes: readonly StaleQuote[], measure: string): ConvertedQuote[] {
    const wanted = parseMeasure(measure);
    if (!wanted) {
      throw new Failure('INVALID_PARAMS', 'Expected a currency, a unit or both, as USD/ozt, USD or chi.', {
        data: { field: 'in' },
      });
    }
    return quotes.map((quote) => {
      const converted = convert(quote, wanted, (currency, inCurrency) => this.#rateOf(currency, inCurrency));
      if (!converted) {
        throw new Failure(
          'NOT_AVAILABLE',
          `${quote.instrument} is in ${quote.currency}/${quote.unit}, and no quote known here leads from there to ${plain(measure)}.`,
          { data: { field: 'in' } },
        );
      }
      return converted as ConvertedQuote;
    });
  }

  /**
   * All quotes that held on a day, Vietnam time: of the instrument that a text names, then of every other series that has
   * it as an alias; each by time.
   * @throws Failure INVALID_PARAMS when there is no such day, NOT_FOUND when the text means nothing
   */
  async lookup(date: string, text: string): Promise<StaleQuote[]> {
    const day = parseDay(date);
    if (!day) {
      throw new Failure('INVALID_PARAMS', `"${plain(date)}" is no date. Write it as 2021-12-27.`, {
        data: { field: 'date', path: '/date' },
      });
    }
    const now = this.#now();
    const { quotes } = this.#view;
    const { instrument, aliased } = this.#find(text);
    if (!instrument && aliased.length === 0) throw this.#unknown(text);
    const own = instrument ? quotes.latest(instrument.id) : [];
    const others = aliased.filter((quote) => quote.instrument !== instrument?.id);
    const held = await Promise.all([own, others].map((series) => quotes.held(series, day.start, day.end)));
    return held.flat().map((quote) => this.#mark(quote, now));
  }

  /**
   * Closes of the last days before today, oldest first, of every instrument that has any: what a change is measured
   * against. Of the provider that `list` shows, so that a change is one of price and not of provider.
   */
  async trends(days: number): Promise<{ instrument: string; closes: number[] }[]> {
    const today = startOfDay(this.#now());
    const trends = await Promise.all(
      this.list().map(async ({ instrument, provider }) => {
        const range = { provider, limit: days };
        const candles = await this.#view.quotes.candles(instrument, '1d', today - days * DAY, today, range);
        return { instrument, closes: candles.map(({ close }) => close) };
      }),
    );
    return trends.filter(({ closes }) => closes.length > 0);
  }

  /** Candles of `[from, to)`; `next` is where to go on when there are more. */
  async history(
    instrument: Instrument,
    {
      interval,
      from,
      to,
      provider,
    }: { interval: Interval | 'raw'; from: Instant; to: Instant; provider?: string | undefined },
  ) {
    const [start, end] = [bounded(from, LAST), bounded(to, LAST + 1)];
    const found = await this.#view.quotes.candles(instrument.id, interval, start, end, {
      provider,
      limit: CANDLES + 1,
    });
    if (found.length <= CANDLES) return { candles: found, next: null };
    // Raw ones of several series may share an instant: all of them go to the page that begins with it.
    const next = found[CANDLES]!.at;
    const cut = found.findIndex((candle) => candle.at === next);
    return cut > 0 ? { candles: found.slice(0, cut), next } : { candles: found.slice(0, CANDLES), next: next + 1 };
  }

  /**
   * Every stored quote of an instrument, series by series, oldest first.
   * @param cursor from the page before
   */
  async exportPage(
    instrument: Instrument,
    { from, to, cursor }: { from?: Instant | undefined; to?: Instant | undefined; cursor?: string | undefined },
  ): Promise<{ quotes: StaleQuote[]; cursor: string | null }> {
    const now = this.#now();
    const [begin, end] = [bounded(from ?? FIRST, LAST), bounded(to ?? LAST + 1, LAST + 1)];
    const all = this.#view.quotes
      .latest(instrument.id)
      .map((latest) => ({ latest, id: seriesId(latest) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    // A cursor is the instant where the page begins and the series' id: a new series may have come between two pages.
    const [, at = '', series] = /^(-?\d{1,16}):(.*)$/su.exec(cursor ?? '') ?? [];
    const place = cursor === undefined ? 0 : all.findIndex(({ id }) => id === series);
    if (place < 0) {
      throw new Failure('INVALID_PARAMS', 'Expected the cursor that the page before gave.', {
        data: { field: 'cursor' },
      });
    }
    let start = cursor === undefined ? begin : Math.max(begin, bounded(Number(at), LAST));
    for (const [i, { latest, id }] of all.slice(place).entries()) {
      const page = await this.#view.quotes.page(latest, start, end, EXPORTED);
      start = begin;
      if (page.length === 0) continue;
      const quotes = page.map((quote) => this.#mark(quote, now));
      if (page.length === EXPORTED) return { quotes, cursor: `${page.at(-1)!.at + 1}:${id}` };
      const next = all[place + i + 1];
      return { quotes, cursor: next ? `${begin}:${next.id}` : null };
    }
    return { quotes: [], cursor: null };
  }

  /** How long what is known now stays fresh: until the next quote falls stale. */
  freshUntil(quotes: Iterable<StaleQuote>): Instant {
    let until = Number.POSITIVE_INFINITY;
    for (const quote of quotes) if (!quote.stale) until = Math.min(until, this.#staleAt(quote));
    return until;
  }

  mark(quote: Quote): StaleQuote {
    return this.#mark(quote, this.#now());
  }

  #mark(quote: Quote, now: Instant): StaleQuote {
    return {
      instrument: quote.instrument,
      market: quote.market,
      provider: quote.provider,
      company: quote.company,
      brand: quote.brand,
      buy: quote.buy,
      sell: quote.sell,
      currency: quote.currency,
      unit: quote.unit,
      at: quote.at,
      checkedAt: quote.checkedAt,
      id: quote.id,
      stale: now >= this.#staleAt(quote),
    };
  }

  #staleAt(quote: Quote): Instant {
    return quote.checkedAt + 3 * (this.#providers.every(quote.provider) ?? DAY);
  }

  #best(instrument: string): StaleQuote | undefined {
    const now = this.#now();
    let best: StaleQuote | undefined;
    for (const quote of this.#view.quotes.latest(instrument)) {
      const marked = this.#mark(quote, now);
      if (!best || this.#compare(marked, best) < 0) best = marked;
    }
    return best;
  }

  /** The best quote of money in other money: `USD` in VND, `USD-EUR` in EUR, `USDT` in USD. */
  #rateOf(currency: string, inCurrency: string): StaleQuote | undefined {
    for (const id of [currency, `${currency}-${inCurrency}`]) {
      const best = this.#best(id);
      if (best?.currency === inCurrency && COUNTED.includes(best.unit)) return best;
    }
    return undefined;
  }

  /** Fresh before stale; then by provider, so that two looks agree; among stale ones the newest. */
  #compare(a: StaleQuote, b: StaleQuote): number {
    if (a.stale !== b.stale) return a.stale ? 1 : -1;
    if (a.stale && a.checkedAt !== b.checkedAt) return b.checkedAt - a.checkedAt;
    return this.#providers.rank(a.provider) - this.#providers.rank(b.provider);
  }

  #nearest(folded: string): string[] {
    if (folded === '') return []; // everything begins with nothing
    const names = new Map(this.#view.quotes.aliases());
    for (const entry of CATALOGUE) {
      for (const name of [entry.id, entry.name, ...entry.aliases]) names.set(fold(name), entry.id);
    }
    for (const { id } of this.#view.quotes.instruments.values()) names.set(id.toLowerCase(), id);
    const near = [...names]
      .map(([name, id]) => ({ id, away: name.startsWith(folded) ? 0.5 : distance(folded, name) }))
      .filter(({ away }) => away <= Math.max(1, folded.length / 3))
      .sort((a, b) => a.away - b.away);
    return [...new Set(near.map(({ id }) => id))].slice(0, SUGGESTIONS);
  }
}

/** An instant that is asked for, within those that there are. */
function bounded(at: Instant, last: Instant): Instant {
  return Math.min(Math.max(at, FIRST), last);
}
