import {
  addToPartialCandle,
  type Candle,
  candleFromPartials,
  newPartialCandle,
  type PartialCandle,
  resampleCandles,
} from '../domain/candle.ts';
import { type Quote, referencePrice, type SeriesId, seriesId } from '../domain/quote.ts';
import { type CandleInterval, type EpochMs, MAX_EPOCH_MS, startOfInterval } from '../domain/time.ts';
import { epochMsOfKey, keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { addQuote, isMixed, partialOf, partialsOf, type StoredCandle, type StoredInterval } from './candle-writer.ts';
import type { HiddenQuotes } from './hidden-quotes.ts';
import { type QuoteRow, quoteOfRow, type StoredRows, visibleRow } from './quote-rows.ts';

/** Rows per read for one day: a quote every half hour, the one before, and a few extra. */
const DAY_PAGE_ROWS = 56;
/** Rows per read for the newest quote: only hidden quotes can come before it. */
const NEWEST_PAGE_ROWS = 4;
/**
 * Rows before a day that are searched for the price at which the day began. It need not be the newest of them: a late
 * response may have added an older price that was never observed.
 */
const MAX_ROWS_BEFORE = 8;
/** Rows per read, and rows after which a page of candles ends, where candles are computed from quotes. */
const SIDE_PAGE_ROWS = 1000;
const MAX_SIDE_ROWS = 20_000;
/** Length of a stored interval: where a candle that is computed from quotes ends. */
const INTERVAL_MS: Readonly<Record<StoredInterval, number>> = { '1h': 3_600_000, '1d': 86_400_000 };

/** Reads stored quotes and candles of single series. Hidden quotes are left out as if they had never been stored. */
export class QuoteHistory {
  readonly #store: Store;
  readonly #latestOf: (series: SeriesId) => Quote | undefined;
  readonly #hiddenOf: (series: SeriesId) => HiddenQuotes | undefined;

  constructor(
    store: Store,
    latestOf: (series: SeriesId) => Quote | undefined,
    hiddenOf: (series: SeriesId) => HiddenQuotes | undefined,
  ) {
    this.#store = store;
    this.#latestOf = latestOf;
    this.#hiddenOf = hiddenOf;
  }

  /** The stored rows of all batches at exactly this instant, hidden or not. */
  rowsAt(series: SeriesId, at: EpochMs): StoredRows | undefined {
    // An import asks for each of its rows. Most are newer than everything stored, and need no read.
    const newest = Math.max(
      this.#latestOf(series)?.at ?? -MAX_EPOCH_MS,
      this.#hiddenOf(series)?.state.newest ?? -MAX_EPOCH_MS,
    );
    if (at > newest) return undefined;
    return this.#store.read<StoredRows>(keys.quote(series, at));
  }

  rowAt(series: SeriesId, at: EpochMs): QuoteRow | undefined {
    const stored = this.rowsAt(series, at);
    return stored && visibleRow(stored, at, this.#hiddenOf(series));
  }

  /** Quotes of a series that were valid or observed at some moment of `[start, end)`, by time. */
  async validDuring(latest: Quote, start: EpochMs, end: EpochMs): Promise<Quote[]> {
    const quotes: Quote[] = [];
    let before = 0;
    for await (const quote of this.newestFirst(latest, end)) {
      if (quote.at >= start) quotes.push(quote);
      else {
        // The price at which the day began, unless the day's first quote replaced it exactly at midnight.
        const isObserved = quote.checkedAt >= start && (quote.observedFrom ?? quote.at) < end;
        if (isObserved && quotes.at(-1)?.at !== start) quotes.push(quote);
        if (isObserved || ++before === MAX_ROWS_BEFORE) break;
      }
    }
    return quotes.reverse();
  }

  async newestBefore(
    series: Quote,
    end: EpochMs,
    hidden = this.#hiddenOf(seriesId(series)),
  ): Promise<Quote | undefined> {
    for await (const quote of this.newestFirst(series, end, hidden, NEWEST_PAGE_ROWS)) return quote;
    return undefined;
  }

  async *newestFirst(
    latest: Quote,
    end: EpochMs,
    hidden = this.#hiddenOf(seriesId(latest)),
    rows = DAY_PAGE_ROWS,
  ): AsyncGenerator<Quote, void, void> {
    const id = seriesId(latest);
    const range = { gte: keys.quote(id, -MAX_EPOCH_MS), lt: keys.quote(id, end), reverse: true };
    for await (const page of this.#store.pages(range, rows)) {
      for (const [key, text] of page) {
        const quote = this.#quoteOf(latest, key, text, hidden);
        if (quote) yield quote;
      }
    }
  }

  /** A page of a series from an instant on, oldest first. It may be shorter than `limit` even if more quotes follow. */
  async page(series: Quote, from: EpochMs, to: EpochMs, limit: number): Promise<Quote[]> {
    return (await this.pageWithNext(series, from, to, limit)).quotes;
  }

  /** @returns `next`: the instant after the last row read; undefined when nothing follows */
  async pageWithNext(
    series: Quote,
    from: EpochMs,
    to: EpochMs,
    limit: number,
  ): Promise<{ quotes: Quote[]; next: EpochMs | undefined }> {
    const id = seriesId(series);
    const latest = this.#latestOf(id) ?? series; // read together with the rows, so that both match
    const hidden = this.#hiddenOf(id);
    const entries = await this.#store.entries({ gte: keys.quote(id, from), lt: keys.quote(id, to), limit });
    const quotes: Quote[] = [];
    for (const [key, text] of entries) {
      const quote = this.#quoteOf(latest, key, text, hidden);
      if (quote) quotes.push(quote);
    }
    return { quotes, next: entries.length === limit ? epochMsOfKey(entries.at(-1)![0]) + 1 : undefined };
  }

  /**
   * Candles of a series in `[from, to)`, oldest first, at most `limit`.
   * @param interval `raw` returns one candle per quote
   */
  async candles(
    series: Quote,
    interval: CandleInterval | 'raw',
    from: EpochMs,
    to: EpochMs,
    limit: number,
  ): Promise<Candle[]> {
    if (interval === 'raw') return this.#rawCandles(series, from, to, limit);
    const id = seriesId(series);
    const storedInterval = interval === '1h' ? '1h' : '1d';
    const keyOf = keys.candlesOf(id, storedInterval);
    const hidden = this.#hiddenOf(id);
    const candles: Candle[] = [];
    let buckets = 0;
    let bucket: EpochMs | undefined;
    read: for await (const page of this.#store.pages({ gte: keyOf(startOfInterval(interval, from)), lt: keyOf(to) })) {
      for (const [key, text] of page) {
        const at = epochMsOfKey(key);
        const stored = JSON.parse(text) as StoredCandle;
        const partials =
          !hidden && Array.isArray(stored)
            ? [stored as PartialCandle]
            : await this.#visiblePartials(series, storedInterval, at, stored, hidden);
        const candle = candleFromPartials(at, partials);
        if (!candle) continue;
        const start = storedInterval === interval ? at : startOfInterval(interval, at);
        if (start !== bucket) {
          bucket = start;
          if (++buckets > limit) break read;
        }
        candles.push(candle);
      }
    }
    return interval === storedInterval ? candles : resampleCandles(candles, interval);
  }

  /**
   * Candles of only the buy or only the sell price, computed from the quotes: stored candles are of the price that
   * customers pay.
   * @returns `next`: where to continue; null: no more candles
   */
  async candlesOfSide(
    series: Quote,
    side: 'buy' | 'sell',
    interval: CandleInterval | 'raw',
    from: EpochMs,
    to: EpochMs,
    limit: number,
  ): Promise<{ candles: Candle[]; next: EpochMs | null }> {
    const startOf = (at: EpochMs): EpochMs => (interval === 'raw' ? at : startOfInterval(interval, at));
    const candles: Candle[] = [];
    let current: { readonly at: EpochMs; readonly partial: PartialCandle } | undefined;
    let rows = 0;
    for (let next: EpochMs | undefined = startOf(from); next !== undefined; ) {
      const page: { quotes: Quote[]; next: EpochMs | undefined } = await this.pageWithNext(
        series,
        next,
        to,
        SIDE_PAGE_ROWS,
      );
      for (const quote of page.quotes) {
        const price = quote[side];
        if (price === null) continue;
        const at = startOf(quote.at);
        if (current?.at === at) {
          addToPartialCandle(current.partial, price, quote.at);
          continue;
        }
        if (current) candles.push(candleFromPartials(current.at, [current.partial])!);
        if (candles.length === limit || (candles.length > 0 && rows >= MAX_SIDE_ROWS)) return { candles, next: at };
        current = { at, partial: newPartialCandle(price, quote.at) };
      }
      rows += SIDE_PAGE_ROWS;
      next = page.next;
    }
    if (current) candles.push(candleFromPartials(current.at, [current.partial])!);
    return { candles, next: null };
  }

  async #visiblePartials(
    series: Quote,
    storedInterval: StoredInterval,
    at: EpochMs,
    stored: StoredCandle,
    hidden: HiddenQuotes | undefined,
  ): Promise<PartialCandle[]> {
    const end = at + INTERVAL_MS[storedInterval];
    if (isMixed(stored)) return this.#partialOfRows(series, at, end);
    const visible: PartialCandle[] = [];
    for (const [batch, partial] of partialsOf(stored)) {
      if (hidden?.isUndone(batch)) continue;
      const coverage = hidden?.coverage(at, end, batch) ?? 'none';
      if (coverage === 'part') return this.#partialOfRows(series, at, end);
      if (coverage === 'none') visible.push(partial);
    }
    return visible;
  }

  async #partialOfRows(series: Quote, from: EpochMs, to: EpochMs): Promise<PartialCandle[]> {
    const id = seriesId(series);
    const hidden = this.#hiddenOf(id);
    let partial: PartialCandle | undefined;
    for await (const page of this.#store.pages({ gte: keys.quote(id, from), lt: keys.quote(id, to) })) {
      for (const [key, text] of page) {
        const at = epochMsOfKey(key);
        const row = visibleRow(JSON.parse(text) as StoredRows, at, hidden);
        if (!row) continue;
        const close = (row[1] ?? row[0]) as number;
        if (partial) addQuote(partial, close, at, row[6]);
        else partial = partialOf(close, at, row[6]);
      }
    }
    return partial ? [partial] : [];
  }

  async #rawCandles(series: Quote, from: EpochMs, to: EpochMs, limit: number): Promise<Candle[]> {
    const candles: Candle[] = [];
    for (let next: EpochMs | undefined = from; next !== undefined && candles.length < limit; ) {
      const page: { quotes: Quote[]; next: EpochMs | undefined } = await this.pageWithNext(series, next, to, limit);
      for (const quote of page.quotes)
        candles.push(candleFromPartials(quote.at, [newPartialCandle(referencePrice(quote), quote.at)])!);
      next = page.next;
    }
    return candles.slice(0, limit);
  }

  #quoteOf(latest: Quote, key: string, text: string, hidden: HiddenQuotes | undefined): Quote | undefined {
    const at = epochMsOfKey(key);
    const row = visibleRow(JSON.parse(text) as StoredRows, at, hidden);
    return row && quoteOfRow(latest, at, row);
  }
}
