import { distance } from 'fastest-levenshtein';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { type StatedTimeMeaning, staleTimeOf } from '../domain/freshness.ts';
import {
  findCatalogueInstrument,
  INSTRUMENT_CATALOGUE,
  type Instrument,
  type Market,
  makeInstrumentId,
} from '../domain/instrument.ts';
import { providerTolerance } from '../domain/price-comparison.ts';
import { type ConvertedPrice, convertQuote, type PriceUnit, parsePriceUnit } from '../domain/price-conversion.ts';
import { type Quote, referencePrice, type SeriesId, seriesId } from '../domain/quote.ts';
import { type Series, toSeries } from '../domain/series.ts';
import { foldForSearch, sanitizeText } from '../domain/text.ts';
import { type CandleInterval, type EpochMs, MAX_EPOCH_MS, parseDate, startOfDay } from '../domain/time.ts';
import type { Unit } from '../domain/unit.ts';
import type { ReadModel } from '../projections/read-model.ts';

export interface ProviderRanking {
  /** Milliseconds between fetches; undefined for a provider that is not fetched (an import). */
  fetchIntervalMs(provider: string): number | undefined;
  /** Meaning of the time it states: `change` of the price, time of the `response`, or `none`. */
  statedTime?(provider: string): StatedTimeMeaning;
  rank(provider: string): number;
  /** The series of an instrument that the settings prefer. */
  reference?(instrument: string): SeriesChoice | undefined;
}

/** Selects series of an instrument. Omitted fields match all. */
export interface SeriesChoice {
  readonly provider?: string | undefined;
  readonly company?: string | undefined;
  readonly brand?: string | undefined;
}

export interface ProviderTiming {
  readonly everyMs: number;
  readonly statedTime: StatedTimeMeaning;
}

export interface RateExportRange {
  readonly from?: EpochMs | undefined;
  readonly to?: EpochMs | undefined;
  readonly cursor?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StaleQuote extends Quote {
  readonly stale: boolean;
}

/** Stale if one of its legs is. */
export type ConvertedQuote = Omit<ConvertedPrice, 'legs'> & {
  readonly stale: boolean;
  readonly legs: readonly StaleQuote[];
};

/** Imported quotes have no fetch interval. With a day they become stale after three. */
const DAY_MS = 24 * 3_600_000;
/** A price received further in the future than clocks differ has an unknown age: a clock was set back. */
const MAX_AHEAD_MS = 10 * 60_000;
const MAX_CANDLES = 5000;
const EXPORT_PAGE_SIZE = 500;
const MAX_SUGGESTIONS = 5;
/** Units of money. Gold is priced by weight, so it is not a currency, although `SJC` looks like a currency code. */
const MONEY_UNITS: readonly Unit[] = ['each', 'coin'];

export class RateQueries {
  readonly #readModel: ReadModel;
  #providers: ProviderRanking;
  #revision = 0;
  #ids: readonly string[] = [];
  readonly #now: () => EpochMs;

  constructor(room: { readModel: ReadModel; providers: ProviderRanking; now: () => EpochMs }) {
    this.#readModel = room.readModel;
    this.#providers = room.providers;
    this.#now = room.now;
  }

  get now(): EpochMs {
    return this.#now();
  }

  /** Changes whenever earlier results may be outdated although no quote changed. */
  get revision(): number {
    return this.#revision;
  }

  setProviders(providers: ProviderRanking): void {
    this.#providers = providers;
    this.#revision += 1;
  }

  /**
   * The instrument with this id, name or alias, ignoring case and accents. Otherwise the one instrument of all series
   * with that alias.
   * @throws AppError NOT_FOUND with the nearest ones as `suggestions`
   */
  resolve(text: string): Instrument {
    const { instrument, aliased } = this.#find(text);
    if (instrument) return instrument;
    const ids = [...new Set(aliased.map((quote) => quote.instrument))];
    const only = ids.length === 1 ? this.#readModel.quotes.instruments.get(ids[0]!) : undefined;
    if (only) return only;
    if (ids.length === 0) throw this.#unknownInstrumentError(text);
    const suggestions = ids.slice(0, MAX_SUGGESTIONS);
    throw new AppError(
      'NOT_FOUND',
      `Several instruments are called "${sanitizeText(text)}": name one, for example ${suggestions.join(', ')}.`,
      { data: { field: 'instrument', suggestions } },
    );
  }

  /** The instrument with this id, name or catalogue alias, without the aliases of sources. */
  findInstrument(text: string): Instrument | undefined {
    const { instruments } = this.#readModel.quotes;
    return this.#byExactId(text) ?? instruments.get(makeInstrumentId(text)) ?? this.#byFoldedName(foldForSearch(text));
  }

  #byExactId(text: string): Instrument | undefined {
    const { instruments } = this.#readModel.quotes;
    const exact = instruments.get(text) ?? instruments.get(text.toUpperCase());
    if (exact) return exact;
    const known = findCatalogueInstrument(text);
    return known && (instruments.get(known.id) ?? known);
  }

  #byFoldedName(folded: string): Instrument | undefined {
    for (const instrument of this.#readModel.quotes.instruments.values()) {
      if (foldForSearch(instrument.name) === folded) return instrument;
    }
    return undefined;
  }

  /** The instrument that a text means, and the latest quotes of the series with it as an alias. */
  #find(text: string): { instrument: Instrument | undefined; aliased: Quote[] } {
    const { quotes } = this.#readModel;
    const aliased = quotes.withAlias(text);
    if (aliased.length === 0) return { instrument: this.findInstrument(text), aliased };
    const spelled = quotes.instruments.get(makeInstrumentId(text));
    // `SJC*` is an alias, not the catalogue's SJC, although ids have no star. Other ids have no other names.
    const isMeant = spelled && findCatalogueInstrument(spelled.id) === undefined;
    return { instrument: this.#byExactId(text) ?? (isMeant ? spelled : undefined), aliased };
  }

  #unknownInstrumentError(text: string): AppError {
    const suggestions = this.#suggestInstruments(foldForSearch(text));
    const hint = suggestions.length > 0 ? ` Did you mean ${suggestions.join(', ')}?` : '';
    return new AppError('NOT_FOUND', `There is no instrument "${sanitizeText(text)}".${hint}`, {
      data: { field: 'instrument', suggestions },
    });
  }

  /** The latest quote of each instrument's reference series, of a market or of all, by id. */
  list(market?: Market): StaleQuote[] {
    const quotes: StaleQuote[] = [];
    for (const id of this.#sortedIds()) {
      const instrument = this.#readModel.quotes.instruments.get(id)!;
      if (market !== undefined && instrument.market !== market) continue;
      const best = this.freshest(instrument.id);
      if (best) quotes.push(best);
    }
    return quotes;
  }

  /**
   * The latest quotes of an instrument, the reference series first. Any other text means the series with that alias.
   * @throws AppError NOT_FOUND for an unknown text
   */
  latestQuotes(what: Instrument | string): StaleQuote[] {
    if (typeof what !== 'string') return this.rankedQuotes(what.id);
    const { instrument, aliased } = this.#find(what);
    if (instrument) return this.rankedQuotes(instrument.id);
    if (aliased.length === 0) throw this.#unknownInstrumentError(what);
    return this.#rank(aliased);
  }

  freshQuotes(instrument: string): StaleQuote[] {
    return this.rankedQuotes(instrument).filter(({ stale }) => !stale);
  }

  timingOf(provider: string): ProviderTiming {
    return {
      everyMs: this.#everyMs(provider),
      statedTime: this.#providers.statedTime?.(provider) ?? 'change',
    };
  }

  /**
   * The latest quote of the selected series.
   * @throws AppError NOT_FOUND if no series matches
   */
  latestOfSeries(instrument: Instrument, choice: SeriesChoice): StaleQuote {
    const all = this.rankedQuotes(instrument.id);
    const found = all.find((quote) => isChosen(quote, choice));
    if (found) return found;
    const named = Object.values(choice).filter((part) => part !== undefined);
    const known = [...new Set(all.map((quote) => describeSeries(quote)))].slice(0, 5);
    throw new AppError(
      'NOT_FOUND',
      named.length === 0
        ? `There are no prices of ${instrument.id}.`
        : `${instrument.id} has no series "${sanitizeText(named.join(' '))}".${known.length > 0 ? ` Known series: ${known.join('; ')}.` : ''}`,
      { data: { field: named.length === 0 ? 'instrument' : 'provider' } },
    );
  }

  /**
   * Converts quotes to another currency or unit.
   * @param measure such as `USD/ozt`
   * @throws AppError INVALID_PARAMS, NOT_AVAILABLE if a required quote is missing
   */
  convert(quotes: readonly StaleQuote[], targetUnit: string): ConvertedQuote[] {
    return this.convertEach(quotes, targetUnit).map((converted, i) => {
      if (converted) return converted;
      const { instrument, currency, unit } = quotes[i]!;
      throw new AppError(
        'NOT_AVAILABLE',
        `${instrument} is in ${currency}/${unit}, and no known quote converts it to ${sanitizeText(targetUnit)}.`,
        { data: { field: 'in' } },
      );
    });
  }

  /**
   * Converts each quote to another currency or unit; null if no quotes allow it.
   * @throws AppError INVALID_PARAMS
   */
  convertEach(quotes: readonly StaleQuote[], targetUnit: string): (ConvertedQuote | null)[] {
    const best = new Map<string, StaleQuote | undefined>();
    return convertAll(quotes, parseTargetUnit(targetUnit), (id) => {
      if (!best.has(id)) best.set(id, this.freshest(id));
      return best.get(id);
    });
  }

  /**
   * Converts each quote of a day to another currency or unit with quotes of the same day only; null if none of that day
   * allow it.
   * @throws AppError INVALID_PARAMS
   */
  async convertOn(date: string, quotes: readonly StaleQuote[], targetUnit: string): Promise<(ConvertedQuote | null)[]> {
    const target = parseTargetUnit(targetUnit);
    const held = new Map<string, StaleQuote[]>();
    for (const { currency } of quotes) {
      const { currency: other = currency } = target;
      for (const id of currency === other ? [] : [...moneyIds(currency, other), ...moneyIds(other, currency)]) {
        const instrument = this.#readModel.quotes.instruments.get(id);
        if (!instrument || held.has(id)) continue;
        held.set(id, isMoney(instrument) ? await this.#validOn(date, instrument) : []);
      }
    }
    return convertAll(quotes, target, (id, { at }) => this.#bestAt(held.get(id) ?? [], at));
  }

  /**
   * All quotes valid or observed on a day, Vietnam time: those of the instrument that the text names, then those of
   * other series with it as an alias; each by time. `before`: if there are none, the last quotes before that day.
   * @throws AppError INVALID_PARAMS for an invalid date, NOT_FOUND for an unknown text
   */
  async quotesOn(date: string, text: string): Promise<{ quotes: StaleQuote[]; before: StaleQuote[] }> {
    const day = parseDate(date);
    if (!day) {
      throw new AppError(
        'INVALID_PARAMS',
        `"${sanitizeText(date)}" is not a valid date. Use yyyy-mm-dd, for example 2021-12-27.`,
        {
          data: { field: 'date', path: '/date' },
        },
      );
    }
    const { instrument, aliased } = this.#find(text);
    if (!instrument && aliased.length === 0) throw this.#unknownInstrumentError(text);
    const own = instrument ? this.#readModel.quotes.latest(instrument.id) : [];
    const others = aliased.filter((quote) => quote.instrument !== instrument?.id);
    const now = this.#now();
    const found = await Promise.all([own, others].map((series) => this.#validDuring(series, day)));
    const quotes = found.flat().map((quote) => this.#withStalenessAt(quote, now));
    return { quotes, before: quotes.length > 0 ? [] : await this.#lastBefore([...own, ...others], day.start) };
  }

  async #validOn(date: string, { id }: Instrument): Promise<StaleQuote[]> {
    const now = this.#now();
    const day = parseDate(date);
    return day
      ? (await this.#validDuring(this.#readModel.quotes.latest(id), day)).map((quote) =>
          this.#withStalenessAt(quote, now),
        )
      : [];
  }

  async #validDuring(series: readonly Quote[], { start, end }: { start: EpochMs; end: EpochMs }): Promise<Quote[]> {
    const { history } = this.#readModel.quotes;
    const found = await Promise.all(series.map((latest) => history.validDuring(latest, start, end)));
    return found.flat().sort((a, b) => a.at - b.at);
  }

  /** The quotes before an instant, of the last day that has any. */
  async #lastBefore(series: readonly Quote[], end: EpochMs): Promise<StaleQuote[]> {
    const { history } = this.#readModel.quotes;
    const earlier = await Promise.all(series.map((latest) => history.newestBefore(latest, end)));
    const since = startOfDay(Math.max(...earlier.map((quote) => quote?.at ?? -MAX_EPOCH_MS)));
    const now = this.#now();
    return earlier
      .filter((quote): quote is Quote => quote !== undefined && quote.at >= since)
      .map((quote) => this.#withStalenessAt(quote, now))
      .sort((a, b) => this.#compare(a, b));
  }

  /**
   * Closing prices of the last days before today, oldest first, of every instrument that has any; changes are measured
   * against them. Of the series that `list` returns, so that a change is one of price, not of provider or branch.
   */
  async trends(days: number): Promise<{ instrument: string; series: Series; closes: number[] }[]> {
    const today = startOfDay(this.#now());
    const trends = await Promise.all(
      this.list().map(async (quote) => {
        const candles = await this.#readModel.quotes.history.candles(quote, '1d', today - days * DAY_MS, today, days);
        return { instrument: quote.instrument, series: toSeries(quote), closes: candles.map(({ close }) => close) };
      }),
    );
    return trends.filter(({ closes }) => closes.length > 0);
  }

  /**
   * Candles of one series in `[from, to)`. `next`: where to continue if there are more.
   * @param side only this price; default: what customers pay, else what they get
   */
  async history(
    instrument: Instrument,
    {
      interval,
      from,
      to,
      side,
      ...choice
    }: {
      interval: CandleInterval | 'raw';
      from: EpochMs;
      to: EpochMs;
      side?: 'buy' | 'sell' | undefined;
    } & SeriesChoice,
  ) {
    const [start, end] = [clampTime(from, MAX_EPOCH_MS), clampTime(to, MAX_EPOCH_MS + 1)];
    const isAny = choice.provider === undefined && choice.company === undefined && choice.brand === undefined;
    if (isAny && this.#readModel.quotes.latest(instrument.id).length === 0)
      return { candles: [], next: null, series: null };
    const quote = this.latestOfSeries(instrument, choice);
    const series = toSeries(quote);
    const { history } = this.#readModel.quotes;
    if (side !== undefined) {
      return { ...(await history.candlesOfSide(quote, side, interval, start, end, MAX_CANDLES)), series };
    }
    const found = await history.candles(quote, interval, start, end, MAX_CANDLES + 1);
    if (found.length <= MAX_CANDLES) return { candles: found, next: null, series };
    return { candles: found.slice(0, MAX_CANDLES), next: found[MAX_CANDLES]!.at, series };
  }

  /**
   * All stored quotes of an instrument, series by series, oldest first.
   * @param cursor from the previous page
   */
  async exportPage(
    instrument: Instrument,
    { from, to, cursor, signal }: RateExportRange,
  ): Promise<{ quotes: StaleQuote[]; cursor: string | null }> {
    const now = this.#now();
    const [begin, end] = [
      clampTime(from ?? -MAX_EPOCH_MS, MAX_EPOCH_MS),
      clampTime(to ?? MAX_EPOCH_MS + 1, MAX_EPOCH_MS + 1),
    ];
    const all = this.#readModel.quotes
      .latest(instrument.id)
      .map((latest) => ({ latest, id: seriesId(latest) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    // A cursor contains the page's start time and series id, because series may be added between two pages.
    const [, at = '', series] = /^(-?\d{1,16}):(.*)$/su.exec(cursor ?? '') ?? [];
    const index = cursor === undefined ? 0 : all.findIndex(({ id }) => id === series);
    if (index < 0) {
      throw new AppError('INVALID_PARAMS', 'Expected the cursor from the previous page.', {
        data: { field: 'cursor' },
      });
    }
    let start = cursor === undefined ? begin : Math.max(begin, clampTime(Number(at), MAX_EPOCH_MS));
    for (const [i, { latest, id }] of all.slice(index).entries()) {
      signal?.throwIfAborted();
      const page = await this.#readModel.quotes.history.pageWithNext(latest, start, end, EXPORT_PAGE_SIZE);
      start = begin;
      const quotes = page.quotes.map((quote) => this.#withStalenessAt(quote, now));
      if (page.next !== undefined) return { quotes, cursor: `${page.next}:${id}` };
      if (quotes.length === 0) continue;
      const next = all[index + i + 1];
      return { quotes, cursor: next ? `${begin}:${next.id}` : null };
    }
    return { quotes: [], cursor: null };
  }

  freshUntil(quotes: Iterable<StaleQuote>): EpochMs {
    let until = Number.POSITIVE_INFINITY;
    const now = this.#now();
    for (const quote of quotes) {
      if (quote.stale) continue;
      until = Math.min(until, this.#staleAt(quote));
      // From then on, it is compared with the times of other quotes.
      if (quote.statedAt !== undefined && quote.statedAt + OUTDATED_MS > now)
        until = Math.min(until, quote.statedAt + OUTDATED_MS);
      const missedAt = missedResponseAt(quote, this.#everyMs(quote.provider));
      const isDisputed = this.#readModel.quotes
        .latest(quote.instrument)
        .some((other) => other.provider !== quote.provider && isFar(quote, other));
      if (isDisputed && missedAt > now) until = Math.min(until, missedAt);
    }
    return until;
  }

  withStaleness(quote: Quote): StaleQuote {
    return this.#withStalenessAt(quote, this.#now());
  }

  #withStalenessAt(quote: Quote, now: EpochMs): StaleQuote {
    const { statedAt, observedFrom, batch } = quote;
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
      ...defined({ statedAt, receivedAt: quote.receivedAt, observedFrom, batch }),
    };
  }

  #staleAt(quote: Quote): EpochMs {
    return staleTimeOf(quote, this.#everyMs(quote.provider));
  }

  #everyMs(provider: string): number {
    return this.#providers.fetchIntervalMs(provider) ?? DAY_MS;
  }

  freshest(instrument: string): StaleQuote | undefined {
    return this.rankedQuotes(instrument)[0];
  }

  rankedQuotes(instrument: string): StaleQuote[] {
    return this.#rank(this.#readModel.quotes.latest(instrument));
  }

  #rank(latest: readonly Quote[]): StaleQuote[] {
    const now = this.#now();
    const quotes = latest.map((quote) => this.#withStalenessAt(quote, now));
    return withoutOutdated(quotes, now, (id) => this.#everyMs(id)).sort((a, b) => this.#compare(a, b));
  }

  /**
   * The best of a day's quotes, by time, at a moment. Each series takes part with its quote at that moment, or else
   * with its first one after it.
   */
  #bestAt(quotes: readonly StaleQuote[], moment: EpochMs): StaleQuote | undefined {
    const series = new Map<SeriesId, StaleQuote>();
    for (const quote of quotes) {
      const id = seriesId(quote);
      if (quote.at <= moment || !series.has(id)) series.set(id, quote);
    }
    const inOrder = [...series].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, quote]) => quote);
    return inOrder.sort((a, b) => this.#compare(this.#withStalenessAt(a, moment), this.#withStalenessAt(b, moment)))[0];
  }

  /**
   * Fresh before stale; stale ones by age. Then the series that the settings prefer, then by provider and branch, so
   * that the order is deterministic.
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

  /** Ids of all instruments, sorted again only when one is added. */
  #sortedIds(): readonly string[] {
    const { instruments } = this.#readModel.quotes;
    if (this.#ids.length !== instruments.size) this.#ids = [...instruments.keys()].sort();
    return this.#ids;
  }

  #suggestInstruments(folded: string): string[] {
    if (folded === '') return []; // every name starts with an empty text
    const names = new Map(this.#readModel.quotes.aliases());
    for (const entry of INSTRUMENT_CATALOGUE) {
      for (const name of [entry.id, entry.name, ...entry.aliases]) names.set(foldForSearch(name), entry.id);
    }
    for (const { id } of this.#readModel.quotes.instruments.values()) names.set(id.toLowerCase(), id);
    const near = [...names]
      .map(([name, id]) => ({ id, away: name.startsWith(folded) ? 0.5 : distance(folded, name) }))
      .filter(({ away }) => away <= Math.max(1, folded.length / 3))
      .sort((a, b) => a.away - b.away);
    return [...new Set(near.map(({ id }) => id))].slice(0, MAX_SUGGESTIONS);
  }
}

function clampTime(at: EpochMs, last: EpochMs): EpochMs {
  return Math.min(Math.max(at, -MAX_EPOCH_MS), last);
}

export function isChosen(quote: Quote, { provider, company, brand }: SeriesChoice): boolean {
  return (
    (provider === undefined || quote.provider === provider) &&
    (company === undefined || foldForSearch(quote.company) === foldForSearch(company)) &&
    (brand === undefined || foldForSearch(quote.brand) === foldForSearch(brand))
  );
}

/** Describes a series for people: `sjc, SJC, Hà Nội`. */
export function describeSeries({ provider, company, brand }: Pick<Quote, 'provider' | 'company' | 'brand'>): string {
  return [provider, company, brand].filter((part) => part !== '').join(', ');
}

/** If a company has several branches, people usually mean Ho Chi Minh City. */
function branchRank(brand: string): number {
  return /^(?:ho chi minh|tp\.? ?hcm|tphcm|hcm)/.test(foldForSearch(brand)) ? 0 : 1;
}

/** Quotes with an older stated time are compared with those of other providers, however near their prices are. */
const OUTDATED_MS = DAY_MS;
const SAME_PRICE_TOLERANCE = 0.02;
/** Responses of a provider do not arrive exactly one interval apart. */
const MISSED_INTERVALS = 1.5;

/**
 * Marks quotes as stale, even if their age is allowed, when newer prices of other providers show that they are
 * outdated:
 * - two of them agree on another price, and their times are a day newer than the time stated by its provider; or newer
 *   at all, if their price is too far away for two providers at the same time
 * - it was missing in its provider's last response, and a price received since then is too far away
 */
function withoutOutdated(quotes: StaleQuote[], now: EpochMs, everyMs: (provider: string) => number): StaleQuote[] {
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

function isOutvoted(quote: StaleQuote, others: readonly StaleQuote[], now: EpochMs): boolean {
  const { statedAt } = quote;
  if (statedAt === undefined) return false;
  const newer = others.filter((other) => {
    const newerMs = (other.statedAt ?? receivedAt(other)) - statedAt;
    if (now - statedAt >= OUTDATED_MS && newerMs >= OUTDATED_MS) return !isNear(other, quote);
    return newerMs > 0 && isFar(quote, other);
  });
  return newer.some((one) => newer.some((other) => other.provider !== one.provider && isNear(one, other)));
}

function missedResponseAt(quote: Quote, everyMs: number): EpochMs {
  return receivedAt(quote) + MISSED_INTERVALS * everyMs;
}

function receivedAt(quote: Quote): EpochMs {
  return quote.receivedAt ?? quote.checkedAt;
}

function isNear(a: Quote, b: Quote): boolean {
  return Math.abs(referencePrice(a) / referencePrice(b) - 1) <= SAME_PRICE_TOLERANCE;
}

function isFar(a: Quote, b: Quote): boolean {
  const tolerance = 1 + providerTolerance(a);
  const ratio = referencePrice(a) / referencePrice(b);
  return ratio > tolerance || ratio < 1 / tolerance;
}

/** @throws AppError INVALID_PARAMS */
function parseTargetUnit(text: string): PriceUnit {
  const targetUnit = parsePriceUnit(text);
  if (targetUnit) return targetUnit;
  throw new AppError('INVALID_PARAMS', 'Expected a currency, a unit or both, such as USD/ozt, USD or chi.', {
    data: { field: 'in' },
  });
}

/** Instruments that may have the price of a currency in another one: `USD` in VND, `USD-EUR` in EUR, `USDT` in USD. */
function moneyIds(currency: string, inCurrency: string): string[] {
  return [currency, `${currency}-${inCurrency}`];
}

function isMoney({ unit }: { unit: Unit }): boolean {
  return MONEY_UNITS.includes(unit);
}

/** @param bestOf returns the quote of an instrument with which another quote is converted */
function convertAll(
  quotes: readonly StaleQuote[],
  target: PriceUnit,
  bestOf: (instrument: string, quote: StaleQuote) => StaleQuote | undefined,
): (ConvertedQuote | null)[] {
  return quotes.map((quote) => {
    // A dollar is one dollar: converted through its own price in VND, it would be slightly less.
    if (quote.instrument === target.currency && quote.currency !== target.currency) return null;
    const converted = convertQuote(quote, target, (currency, inCurrency) => {
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
