import { distance } from 'fastest-levenshtein';
import { type Converted, convert, type Measure, parseMeasure } from '../domain/conversion.ts';
import { Failure } from '../domain/failure.ts';
import { fold, plain } from '../domain/fold.ts';
import { type StatedTime, staleAt } from '../domain/freshness.ts';
import { type Instant, type Interval, parseDay, startOfDay } from '../domain/instant.ts';
import { CATALOGUE, type Instrument, instrumentIdOf, knownInstrument, type Market } from '../domain/instrument.ts';
import { providerTolerance } from '../domain/price-comparison.ts';
import { price, type Quote, type SeriesId, seriesId } from '../domain/quote.ts';
import { type Series, seriesOf } from '../domain/series.ts';
import type { Unit } from '../domain/unit.ts';
import type { View } from '../view/view.ts';

/** What the room must know of the providers: how often they are fetched, what their times mean, and their order. */
export interface ProviderOrder {
  /** Milliseconds between its fetches; undefined for one that is not fetched (an import). */
  every(provider: string): number | undefined;
  /** What the time that it states means: `change` of the price, time of the `response`, or `none` stated. */
  statedTime?(provider: string): StatedTime;
  /** Lower is better. */
  rank(provider: string): number;
  /** The series of an instrument that the settings prefer. */
  reference?(instrument: string): SeriesChoice | undefined;
}

/** Which series of an instrument; what is left out may be any. */
export interface SeriesChoice {
  readonly provider?: string | undefined;
  readonly company?: string | undefined;
  readonly brand?: string | undefined;
}

/** How often a provider is fetched, and what its times mean. */
export interface ProviderTiming {
  readonly everyMs: number;
  readonly statedTime: StatedTime;
}

/** A page of an export. */
export interface ExportRange {
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly cursor?: string | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

export interface StaleQuote extends Quote {
  readonly stale: boolean;
}

/** Stale where one of its legs is. */
export type ConvertedQuote = Omit<Converted, 'legs'> & {
  readonly stale: boolean;
  readonly legs: readonly StaleQuote[];
};

/** Imported quotes have no interval: a day stands for it, so that they look stale after three. */
const DAY = 24 * 3_600_000;
/** A price that was received later than now, by more than clocks of daemons differ, is of an unknown age: a clock was set back. */
const MAX_AHEAD_MS = 10 * 60_000;
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
  #ids: readonly string[] = [];
  readonly #now: () => Instant;

  constructor(room: { view: View; providers: ProviderOrder; now: () => Instant }) {
    this.#view = room.view;
    this.#providers = room.providers;
    this.#now = room.now;
  }

  /** The time by which prices are fresh or stale. */
  get now(): Instant {
    return this.#now();
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

  /** The latest quote of the reference series of every instrument of a market, or of all, by id. */
  list(market?: Market): StaleQuote[] {
    const quotes: StaleQuote[] = [];
    for (const id of this.#sortedIds()) {
      const instrument = this.#view.quotes.instruments.get(id)!;
      if (market !== undefined && instrument.market !== market) continue;
      const best = this.freshest(instrument.id);
      if (best) quotes.push(best);
    }
    return quotes;
  }

  /**
   * The latest quotes of an instrument, the reference series first. A text that is the name of none means the series that
   * have it as an alias.
   * @throws Failure NOT_FOUND when it means nothing
   */
  get(what: Instrument | string): StaleQuote[] {
    if (typeof what !== 'string') return this.ranked(what.id);
    const { instrument, aliased } = this.#find(what);
    if (instrument) return this.ranked(instrument.id);
    if (aliased.length === 0) throw this.#unknown(what);
    return this.#rank(aliased);
  }

  /** The latest quotes of an instrument that are not stale, the best first. */
  fresh(instrument: string): StaleQuote[] {
    return this.ranked(instrument).filter(({ stale }) => !stale);
  }

  timingOf(provider: string): ProviderTiming {
    return {
      everyMs: this.#everyMs(provider),
      statedTime: this.#providers.statedTime?.(provider) ?? 'change',
    };
  }

  /**
   * The latest quote of the series that is meant.
   * @throws Failure NOT_FOUND when no series fits
   */
  series(instrument: Instrument, choice: SeriesChoice): StaleQuote {
    const all = this.ranked(instrument.id);
    const found = all.find((quote) => isChosen(quote, choice));
    if (found) return found;
    const named = Object.values(choice).filter((part) => part !== undefined);
    const known = [...new Set(all.map((quote) => describeSeries(quote)))].slice(0, 5);
    throw new Failure(
      'NOT_FOUND',
      named.length === 0
        ? `There are no prices of ${instrument.id}.`
        : `${instrument.id} has no series "${plain(named.join(' '))}".${known.length > 0 ? ` There is: ${known.join('; ')}.` : ''}`,
      { data: { field: named.length === 0 ? 'instrument' : 'provider' } },
    );
  }

  /**
   * Quotes in another currency or unit.
   * @param measure as `USD/ozt`
   * @throws Failure INVALID_PARAMS, NOT_AVAILABLE where a quote that it would need is not known
   */
  convert(quotes: readonly StaleQuote[], measure: string): ConvertedQuote[] {
    return this.convertEach(quotes, measure).map((converted, i) => {
      if (converted) return converted;
      const { instrument, currency, unit } = quotes[i]!;
      throw new Failure(
        'NOT_AVAILABLE',
        `${instrument} is in ${currency}/${unit}, and no quote known here leads from there to ${plain(measure)}.`,
        { data: { field: 'in' } },
      );
    });
  }

  /**
   * Each of the quotes in another currency or unit; null where no quotes lead there.
   * @throws Failure INVALID_PARAMS
   */
  convertEach(quotes: readonly StaleQuote[], measure: string): (ConvertedQuote | null)[] {
    const best = new Map<string, StaleQuote | undefined>();
    return convertAll(quotes, measureOf(measure), (id) => {
      if (!best.has(id)) best.set(id, this.freshest(id));
      return best.get(id);
    });
  }

  /**
   * Each of the quotes of a day in another currency or unit, by quotes that held on the same day, never by those of
   * another one; null where none of that day leads there.
   * @throws Failure INVALID_PARAMS
   */
  async convertOn(date: string, quotes: readonly StaleQuote[], measure: string): Promise<(ConvertedQuote | null)[]> {
    const wanted = measureOf(measure);
    const held = new Map<string, StaleQuote[]>();
    for (const { currency } of quotes) {
      const { currency: other = currency } = wanted;
      for (const id of currency === other ? [] : [...moneyIds(currency, other), ...moneyIds(other, currency)]) {
        const instrument = this.#view.quotes.instruments.get(id);
        if (!instrument || held.has(id)) continue;
        held.set(id, isMoney(instrument) ? await this.#heldOn(date, instrument) : []);
      }
    }
    return convertAll(quotes, wanted, (id, { at }) => this.#bestOf(held.get(id) ?? [], at));
  }

  /**
   * All quotes that held or were observed on a day, Vietnam time: of the instrument that a text names, then of every other
   * series that has it as an alias; each by time. Where there are none, the last ones before that day.
   * @throws Failure INVALID_PARAMS when there is no such day, NOT_FOUND when the text means nothing
   */
  async lookup(date: string, text: string): Promise<{ quotes: StaleQuote[]; before: StaleQuote[] }> {
    const day = parseDay(date);
    if (!day) {
      throw new Failure(
        'INVALID_PARAMS',
        `"${plain(date)}" is not a valid date. Use yyyy-mm-dd, for example 2021-12-27.`,
        {
          data: { field: 'date', path: '/date' },
        },
      );
    }
    const { instrument, aliased } = this.#find(text);
    if (!instrument && aliased.length === 0) throw this.#unknown(text);
    const own = instrument ? this.#view.quotes.latest(instrument.id) : [];
    const others = aliased.filter((quote) => quote.instrument !== instrument?.id);
    const now = this.#now();
    const found = await Promise.all([own, others].map((series) => this.#held(series, day)));
    const quotes = found.flat().map((quote) => this.#mark(quote, now));
    return { quotes, before: quotes.length > 0 ? [] : await this.#lastBefore([...own, ...others], day.start) };
  }

  async #heldOn(date: string, { id }: Instrument): Promise<StaleQuote[]> {
    const now = this.#now();
    const day = parseDay(date);
    return day ? (await this.#held(this.#view.quotes.latest(id), day)).map((quote) => this.#mark(quote, now)) : [];
  }

  async #held(series: readonly Quote[], { start, end }: { start: Instant; end: Instant }): Promise<Quote[]> {
    const { history } = this.#view.quotes;
    const found = await Promise.all(series.map((latest) => history.held(latest, start, end)));
    return found.flat().sort((a, b) => a.at - b.at);
  }

  /** The last quotes before an instant: those of the last day that has any. */
  async #lastBefore(series: readonly Quote[], end: Instant): Promise<StaleQuote[]> {
    const { history } = this.#view.quotes;
    const earlier = await Promise.all(series.map((latest) => history.newestBefore(latest, end)));
    const since = startOfDay(Math.max(...earlier.map((quote) => quote?.at ?? FIRST)));
    const now = this.#now();
    return earlier
      .filter((quote): quote is Quote => quote !== undefined && quote.at >= since)
      .map((quote) => this.#mark(quote, now))
      .sort((a, b) => this.#compare(a, b));
  }

  /**
   * Closes of the last days before today, oldest first, of every instrument that has any: what a change is measured
   * against. Of the series that `list` shows, so that a change is one of price and not of provider or branch.
   */
  async trends(days: number): Promise<{ instrument: string; series: Series; closes: number[] }[]> {
    const today = startOfDay(this.#now());
    const trends = await Promise.all(
      this.list().map(async (quote) => {
        const candles = await this.#view.quotes.history.candles(quote, '1d', today - days * DAY, today, days);
        return { instrument: quote.instrument, series: seriesOf(quote), closes: candles.map(({ close }) => close) };
      }),
    );
    return trends.filter(({ closes }) => closes.length > 0);
  }

  /** Candles of one series in `[from, to)`; `next` is where to continue when there are more. */
  async history(
    instrument: Instrument,
    { interval, from, to, ...choice }: { interval: Interval | 'raw'; from: Instant; to: Instant } & SeriesChoice,
  ) {
    const [start, end] = [bounded(from, LAST), bounded(to, LAST + 1)];
    const isAny = choice.provider === undefined && choice.company === undefined && choice.brand === undefined;
    if (isAny && this.#view.quotes.latest(instrument.id).length === 0) return { candles: [], next: null, series: null };
    const quote = this.series(instrument, choice);
    const series = seriesOf(quote);
    const found = await this.#view.quotes.history.candles(quote, interval, start, end, CANDLES + 1);
    if (found.length <= CANDLES) return { candles: found, next: null, series };
    return { candles: found.slice(0, CANDLES), next: found[CANDLES]!.at, series };
  }

  /**
   * Every stored quote of an instrument, series by series, oldest first.
   * @param cursor from the page before
   */
  async exportPage(
    instrument: Instrument,
    { from, to, cursor, signal }: ExportRange,
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
      signal?.throwIfAborted();
      const page = await this.#view.quotes.history.pageWithNext(latest, start, end, EXPORTED);
      start = begin;
      const quotes = page.quotes.map((quote) => this.#mark(quote, now));
      if (page.next !== undefined) return { quotes, cursor: `${page.next}:${id}` };
      if (quotes.length === 0) continue;
      const next = all[place + i + 1];
      return { quotes, cursor: next ? `${begin}:${next.id}` : null };
    }
    return { quotes: [], cursor: null };
  }

  /** How long what is known now stays fresh: until the next quote falls stale. */
  freshUntil(quotes: Iterable<StaleQuote>): Instant {
    let until = Number.POSITIVE_INFINITY;
    const now = this.#now();
    for (const quote of quotes) {
      if (quote.stale) continue;
      until = Math.min(until, this.#staleAt(quote));
      // From then on it is compared with the times of others.
      if (quote.statedAt !== undefined && quote.statedAt + OUTDATED_MS > now)
        until = Math.min(until, quote.statedAt + OUTDATED_MS);
      const missedAt = missedResponseAt(quote, this.#everyMs(quote.provider));
      const isDisputed = this.#view.quotes
        .latest(quote.instrument)
        .some((other) => other.provider !== quote.provider && isFar(quote, other));
      if (isDisputed && missedAt > now) until = Math.min(until, missedAt);
    }
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
      stale: now >= this.#staleAt(quote) || receivedAt(quote) > this.#now() + MAX_AHEAD_MS,
      ...(quote.statedAt === undefined ? undefined : { statedAt: quote.statedAt }),
      ...(quote.receivedAt === undefined ? undefined : { receivedAt: quote.receivedAt }),
      ...(quote.observedFrom === undefined ? undefined : { observedFrom: quote.observedFrom }),
      ...(quote.batch === undefined ? undefined : { batch: quote.batch }),
    };
  }

  #staleAt(quote: Quote): Instant {
    return staleAt(quote, this.#everyMs(quote.provider));
  }

  #everyMs(provider: string): number {
    return this.#providers.every(provider) ?? DAY;
  }

  /** The latest quote of the reference series: the freshest and best. */
  freshest(instrument: string): StaleQuote | undefined {
    return this.ranked(instrument)[0];
  }

  /** The latest quotes of an instrument, the best first. */
  ranked(instrument: string): StaleQuote[] {
    return this.#rank(this.#view.quotes.latest(instrument));
  }

  #rank(latest: readonly Quote[]): StaleQuote[] {
    const now = this.#now();
    const quotes = latest.map((quote) => this.#mark(quote, now));
    return withoutOutdated(quotes, now, (id) => this.#everyMs(id)).sort((a, b) => this.#compare(a, b));
  }

  /**
   * The best quote at a moment, from the quotes of a day, by time. Each series takes part with its quote at that moment, or
   * else with its first one after it.
   */
  #bestOf(quotes: readonly StaleQuote[], moment: Instant): StaleQuote | undefined {
    const series = new Map<SeriesId, StaleQuote>();
    for (const quote of quotes) {
      const id = seriesId(quote);
      if (quote.at <= moment || !series.has(id)) series.set(id, quote);
    }
    const inOrder = [...series].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, quote]) => quote);
    return inOrder.sort((a, b) => this.#compare(this.#mark(a, moment), this.#mark(b, moment)))[0];
  }

  /**
   * Fresh before stale; among stale ones the newest. Then the series that the settings prefer, then by provider, and by
   * branch, so that two looks agree.
   */
  #compare(a: StaleQuote, b: StaleQuote): number {
    if (a.stale !== b.stale) return a.stale ? 1 : -1;
    if (a.stale && a.checkedAt !== b.checkedAt) return b.checkedAt - a.checkedAt;
    const choice = this.#providers.reference?.(a.instrument);
    if (choice && isChosen(a, choice) !== isChosen(b, choice)) return isChosen(a, choice) ? -1 : 1;
    const byProvider = this.#providers.rank(a.provider) - this.#providers.rank(b.provider);
    if (byProvider !== 0) return byProvider;
    return branchRank(a.brand) - branchRank(b.brand);
  }

  /** Ids of all instruments, sorted once for each new one. */
  #sortedIds(): readonly string[] {
    const { instruments } = this.#view.quotes;
    if (this.#ids.length !== instruments.size) this.#ids = [...instruments.keys()].sort();
    return this.#ids;
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

export function isChosen(quote: Quote, { provider, company, brand }: SeriesChoice): boolean {
  return (
    (provider === undefined || quote.provider === provider) &&
    (company === undefined || fold(quote.company) === fold(company)) &&
    (brand === undefined || fold(quote.brand) === fold(brand))
  );
}

/** Names a series for people: `sjc, SJC, Hà Nội`. */
export function describeSeries({ provider, company, brand }: Pick<Quote, 'provider' | 'company' | 'brand'>): string {
  return [provider, company, brand].filter((part) => part !== '').join(', ');
}

/** Gold in Ho Chi Minh City is the one that people mean where a company has several branches. */
function branchRank(brand: string): number {
  return /^(?:ho chi minh|tp\.? ?hcm|tphcm|hcm)/.test(fold(brand)) ? 0 : 1;
}

/** Own times that are older than this are compared with those of other providers, however near their prices are. */
const OUTDATED_MS = DAY;
const SAME_PRICE = 0.02;
/** Responses of a provider do not come exactly one interval apart. */
const MISSED_INTERVALS = 1.5;

/**
 * Marks a quote as stale, though its age may still be allowed, where prices of other providers that are newer show that
 * it stands still:
 * - two of them agree on another price, with times that are newer by a day than the time that its provider states; or
 *   newer at all, where their price is too far away for two providers at the same time
 * - it was not in its provider's last response, and a price that was received since then is too far away
 */
function withoutOutdated(quotes: StaleQuote[], now: Instant, everyMs: (provider: string) => number): StaleQuote[] {
  const fresh = quotes.filter(({ stale }) => !stale);
  return quotes.map((quote) => {
    if (quote.stale) return quote;
    const others = fresh.filter(({ provider }) => provider !== quote.provider);
    const isMissed = now >= missedResponseAt(quote, everyMs(quote.provider));
    const isOutdated =
      isOutvoted(quote, others, now) ||
      (isMissed && others.some((other) => receivedAt(other) > receivedAt(quote) && isFar(quote, other)));
    return isOutdated ? { ...quote, stale: true } : quote;
  });
}

function isOutvoted(quote: StaleQuote, others: readonly StaleQuote[], now: Instant): boolean {
  const { statedAt } = quote;
  if (statedAt === undefined) return false;
  const newer = others.filter((other) => {
    const newerMs = (other.statedAt ?? receivedAt(other)) - statedAt;
    if (now - statedAt >= OUTDATED_MS && newerMs >= OUTDATED_MS) return !isNear(other, quote);
    return newerMs > 0 && isFar(quote, other);
  });
  return newer.some((one) => newer.some((other) => other.provider !== one.provider && isNear(one, other)));
}

/** When a quote should have been received again. */
function missedResponseAt(quote: Quote, everyMs: number): Instant {
  return receivedAt(quote) + MISSED_INTERVALS * everyMs;
}

function receivedAt(quote: Quote): Instant {
  return quote.receivedAt ?? quote.checkedAt;
}

function isNear(a: Quote, b: Quote): boolean {
  return Math.abs(price(a) / price(b) - 1) <= SAME_PRICE;
}

function isFar(a: Quote, b: Quote): boolean {
  const tolerance = 1 + providerTolerance(a);
  const ratio = price(a) / price(b);
  return ratio > tolerance || ratio < 1 / tolerance;
}

/** @throws Failure INVALID_PARAMS */
function measureOf(text: string): Measure {
  const measure = parseMeasure(text);
  if (measure) return measure;
  throw new Failure('INVALID_PARAMS', 'Expected a currency, a unit or both, as USD/ozt, USD or chi.', {
    data: { field: 'in' },
  });
}

/** What may have the price of money in other money: `USD` in VND, `USD-EUR` in EUR, `USDT` in USD. */
function moneyIds(currency: string, inCurrency: string): string[] {
  return [currency, `${currency}-${inCurrency}`];
}

function isMoney({ unit }: { unit: Unit }): boolean {
  return COUNTED.includes(unit);
}

/** @param bestOf the quote of an instrument by which another quote is converted */
function convertAll(
  quotes: readonly StaleQuote[],
  wanted: Measure,
  bestOf: (instrument: string, quote: StaleQuote) => StaleQuote | undefined,
): (ConvertedQuote | null)[] {
  return quotes.map((quote) => {
    // A dollar is one dollar: by its own price in dong it would be a little less.
    if (quote.instrument === wanted.currency && quote.currency !== wanted.currency) return null;
    const converted = convert(quote, wanted, (currency, inCurrency) => {
      for (const id of moneyIds(currency, inCurrency)) {
        const best = bestOf(id, quote);
        if (best?.currency === inCurrency && isMoney(best)) return best;
      }
      return undefined;
    });
    if (!converted) return null;
    const legs = converted.legs as readonly StaleQuote[];
    return { ...converted, stale: legs.some(({ stale }) => stale), legs };
  });
}
