import { distance } from 'fastest-levenshtein';
import { type Converted, convert, parseMeasure } from '../domain/conversion.ts';
import { Failure } from '../domain/failure.ts';
import { fold, plain } from '../domain/fold.ts';
import { type Instant, type Interval, parseDay } from '../domain/instant.ts';
import { CATALOGUE, type Instrument, instrumentIdOf, knownInstrument, type Market } from '../domain/instrument.ts';
import { type Quote, seriesId } from '../domain/quote.ts';
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

/** Imported quotes have no interval: a day stands for it, so that they look stale after three. */
const DAY = 24 * 3_600_000;
const CANDLES = 5000;
const EXPORTED = 500;

/** Rates: every question about them. */
export class Rates {
  readonly #view: View;
  readonly #providers: ProviderOrder;
  readonly #now: () => Instant;

  constructor(room: { view: View; providers: ProviderOrder; now: () => Instant }) {
    this.#view = room.view;
    this.#providers = room.providers;
    this.#now = room.now;
  }

  /**
   * The instrument that a text names, by id, name or alias, whatever its case and accents.
   * @throws Failure NOT_FOUND with the nearest ones as `suggestions`
   */
  resolve(text: string): Instrument {
    const { instruments } = this.#view.quotes;
    const exact = instruments.get(text) ?? instruments.get(text.toUpperCase());
    if (exact) return exact;
    const known = knownInstrument(text);
    if (known) return instruments.get(known.id) ?? known;
    const folded = fold(text);
    const id = instrumentIdOf(text);
    for (const instrument of instruments.values()) {
      if (instrument.id === id || fold(instrument.name) === folded) return instrument;
    }
    const suggestions = this.#nearest(folded);
    const hint = suggestions.length > 0 ? ` Did you mean ${suggestions.join(', ')}?` : '';
    throw new Failure('NOT_FOUND', `There is no instrument "${plain(text)}".${hint}`, {
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

  /** The latest quotes of an instrument, the best first. */
  get(instrument: Instrument): StaleQuote[] {
    const now = this.#now();
    return this.#view.quotes
      .latest(instrument.id)
      .map((quote) => this.#mark(quote, now))
      .sort((a, b) => this.#compare(a, b));
  }

  /**
   * Quotes in another currency or unit.
   * @param measure as `USD/ozt`
   * @throws Failure INVALID_PARAMS, NOT_AVAILABLE where a quote that it would need is not known
   */
  convert(quotes: readonly StaleQuote[], measure: string): (Converted & { legs: readonly StaleQuote[] })[] {
    const wanted = parseMeasure(measure);
    if (!wanted) {
      throw new Failure('INVALID_PARAMS', 'Expected a currency, a unit or both, as USD/ozt, USD or chi.', {
        data: { field: 'in' },
      });
    }
    return quotes.map((quote) => {
      const converted = convert(quote, wanted, (currency, inCurrency) =>
        this.#best(inCurrency === 'VND' ? currency : `${currency}-${inCurrency}`),
      );
      if (!converted) {
        throw new Failure(
          'NOT_AVAILABLE',
          `${quote.instrument} is in ${quote.currency}/${quote.unit}, and no quote known here leads from there to ${plain(measure)}.`,
          { data: { field: 'in' } },
        );
      }
      return converted as Converted & { legs: readonly StaleQuote[] };
    });
  }

  /**
   * All quotes that held on a day, Vietnam time.
   * @throws Failure INVALID_PARAMS when there is no such day
   */
  async lookup(date: string, instrument: Instrument): Promise<StaleQuote[]> {
    const day = parseDay(date);
    if (!day) {
      throw new Failure('INVALID_PARAMS', `"${plain(date)}" is no date. Write it as 2021-12-27.`, {
        data: { field: 'date', path: '/date' },
      });
    }
    const now = this.#now();
    return (await this.#view.quotes.held(instrument.id, day.start, day.end)).map((quote) => this.#mark(quote, now));
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
    const found = await this.#view.quotes.candles(instrument.id, interval, from, to, { provider, limit: CANDLES + 1 });
    const more = found.length > CANDLES ? found[CANDLES]!.at : null;
    return { candles: found.slice(0, CANDLES), next: more };
  }

  /**
   * Every stored quote of an instrument, series by series, oldest first.
   * @param cursor from the page before
   */
  async exportPage(
    instrument: Instrument,
    { from, to, cursor }: { from?: Instant | undefined; to?: Instant | undefined; cursor?: string | undefined },
  ): Promise<{ quotes: StaleQuote[]; cursor: string | null }> {
    const match = cursor === undefined ? undefined : /^(\d+):(-?\d+)$/.exec(cursor);
    if (match === null) {
      throw new Failure('INVALID_PARAMS', 'Expected the cursor that the page before gave.', {
        data: { field: 'cursor' },
      });
    }
    const all = this.#view.quotes.latest(instrument.id).sort((a, b) => (seriesId(a) < seriesId(b) ? -1 : 1));
    const now = this.#now();
    const begin = from ?? Number.MIN_SAFE_INTEGER;
    let place = match ? Number(match[1]) : 0;
    let start = match ? Number(match[2]) : begin;
    for (; place < all.length; place++, start = begin) {
      const page = await this.#view.quotes.page(all[place]!, start, to ?? Number.MAX_SAFE_INTEGER, EXPORTED);
      if (page.length === 0) continue;
      const quotes = page.map((quote) => this.#mark(quote, now));
      if (page.length === EXPORTED) return { quotes, cursor: `${place}:${page.at(-1)!.at + 1}` };
      return { quotes, cursor: place + 1 < all.length ? `${place + 1}:${begin}` : null };
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
    return { ...quote, stale: now >= this.#staleAt(quote) };
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

  /** Fresh before stale; then by provider, so that two looks agree; among stale ones the newest. */
  #compare(a: StaleQuote, b: StaleQuote): number {
    if (a.stale !== b.stale) return a.stale ? 1 : -1;
    if (a.stale && a.checkedAt !== b.checkedAt) return b.checkedAt - a.checkedAt;
    return this.#providers.rank(a.provider) - this.#providers.rank(b.provider);
  }

  #nearest(folded: string): string[] {
    const names = new Map<string, string>();
    for (const entry of CATALOGUE) {
      for (const name of [entry.id, entry.name, ...entry.aliases]) names.set(fold(name), entry.id);
    }
    for (const instrument of this.#view.quotes.instruments.values()) names.set(fold(instrument.id), instrument.id);
    const near = [...names]
      .map(([name, id]) => ({ id, away: name.startsWith(folded) ? 0.5 : distance(folded, name) }))
      .filter(({ away }) => away <= Math.max(1, folded.length / 3))
      .sort((a, b) => a.away - b.away);
    return [...new Set(near.map(({ id }) => id))].slice(0, 5);
  }
}
