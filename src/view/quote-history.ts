import { type Candle, type CandleShare, candleOf, openShare, rollUp } from '../domain/candle.ts';
import { type Instant, type Interval, startOf } from '../domain/instant.ts';
import { price, type Quote, type SeriesId, seriesId } from '../domain/quote.ts';
import { instantOf, keys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { addQuote, isMixed, type KeptInterval, type StoredCandle, shareOf, sharesOf } from './candle-writer.ts';
import type { HiddenQuotes } from './hidden-quotes.ts';
import { quoteOfRow, type Row, type StoredRows, visibleRow } from './quote-rows.ts';

/** Rows that are fetched at a time for one day: a quote every half hour, the one before, and some that came early. */
const DAY_OF_ROWS = 56;
/** Rows that are fetched at a time for the newest one: hidden quotes stand before it at most. */
const FEW_ROWS = 4;
/**
 * Rows before a day that are looked at for the price that the day began with. The newest of them need not be it: a late
 * response may have brought an older price that was never observed.
 */
const MAX_ROWS_BEFORE = 8;
/** Before every price: the first instant of a Date. */
const BEGINNING = -8_640_000_000_000_000;
/** Longest kept interval and then some: where a candle that is made of its quotes ends. */
const LENGTH_MS: Readonly<Record<KeptInterval, number>> = { '1h': 3_600_000, '1d': 86_400_000 };

/** Reads the stored quotes and candles of single series. Hidden quotes are as if they had never been stored. */
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

  /** What stands at just this instant, of all batches, hidden or not. */
  rowsAt(series: SeriesId, at: Instant): StoredRows | undefined {
    // An import asks for each of its rows: most are newer than all that is stored, and cost no read.
    const newest = Math.max(this.#latestOf(series)?.at ?? BEGINNING, this.#hiddenOf(series)?.state.newest ?? BEGINNING);
    if (at > newest) return undefined;
    return this.#store.read<StoredRows>(keys.quote(series, at));
  }

  /** The row that counts at just this instant. */
  rowAt(series: SeriesId, at: Instant): Row | undefined {
    const stored = this.rowsAt(series, at);
    return stored && visibleRow(stored, at, this.#hiddenOf(series));
  }

  /** The quotes of a series that held or were observed at some moment of `[start, end)`, by time. */
  async held(latest: Quote, start: Instant, end: Instant): Promise<Quote[]> {
    const quotes: Quote[] = [];
    let before = 0;
    for await (const quote of this.backwards(latest, end)) {
      if (quote.at >= start) quotes.push(quote);
      else {
        // The price that the day began with, unless the day's first quote replaced it at midnight sharp.
        const isObserved = quote.checkedAt >= start && (quote.observedFrom ?? quote.at) < end;
        if (isObserved && quotes.at(-1)?.at !== start) quotes.push(quote);
        if (isObserved || ++before === MAX_ROWS_BEFORE) break;
      }
    }
    return quotes.reverse();
  }

  /** The newest quote of a series before an instant. */
  async newestBefore(
    series: Quote,
    end: Instant,
    hidden = this.#hiddenOf(seriesId(series)),
  ): Promise<Quote | undefined> {
    for await (const quote of this.backwards(series, end, hidden, FEW_ROWS)) return quote;
    return undefined;
  }

  /** Quotes of a series before `end`, newest first. */
  async *backwards(
    latest: Quote,
    end: Instant,
    hidden = this.#hiddenOf(seriesId(latest)),
    rows = DAY_OF_ROWS,
  ): AsyncGenerator<Quote, void, void> {
    const id = seriesId(latest);
    const range = { gte: keys.quote(id, BEGINNING), lt: keys.quote(id, end), reverse: true };
    for await (const page of this.#store.pages(range, rows)) {
      for (const [key, text] of page) {
        const quote = this.#quoteOf(latest, key, text, hidden);
        if (quote) yield quote;
      }
    }
  }

  /** A page of a series, oldest first, from an instant on. May be shorter than `limit` though more follow. */
  async page(series: Quote, from: Instant, to: Instant, limit: number): Promise<Quote[]> {
    return (await this.pageWithNext(series, from, to, limit)).quotes;
  }

  /** @returns `next`: the instant after the last one that was looked at; undefined when nothing follows */
  async pageWithNext(
    series: Quote,
    from: Instant,
    to: Instant,
    limit: number,
  ): Promise<{ quotes: Quote[]; next: Instant | undefined }> {
    const id = seriesId(series);
    const latest = this.#latestOf(id) ?? series; // as of the same moment as the rows
    const hidden = this.#hiddenOf(id);
    const entries = await this.#store.entries({ gte: keys.quote(id, from), lt: keys.quote(id, to), limit });
    const quotes: Quote[] = [];
    for (const [key, text] of entries) {
      const quote = this.#quoteOf(latest, key, text, hidden);
      if (quote) quotes.push(quote);
    }
    return { quotes, next: entries.length === limit ? instantOf(entries.at(-1)![0]) + 1 : undefined };
  }

  /**
   * Candles of a series in `[from, to)`, oldest first, at most `limit`.
   * @param interval `raw` gives one candle a quote
   */
  async candles(
    series: Quote,
    interval: Interval | 'raw',
    from: Instant,
    to: Instant,
    limit: number,
  ): Promise<Candle[]> {
    if (interval === 'raw') return this.#rawCandles(series, from, to, limit);
    const id = seriesId(series);
    const kept = interval === '1h' ? '1h' : '1d';
    const keyOf = keys.candlesOf(id, kept);
    const hidden = this.#hiddenOf(id);
    const candles: Candle[] = [];
    let buckets = 0;
    let bucket: Instant | undefined;
    read: for await (const page of this.#store.pages({ gte: keyOf(startOf(interval, from)), lt: keyOf(to) })) {
      for (const [key, text] of page) {
        const at = instantOf(key);
        const stored = JSON.parse(text) as StoredCandle;
        const shares =
          !hidden && Array.isArray(stored)
            ? [stored as CandleShare]
            : await this.#visibleShares(series, kept, at, stored, hidden);
        const candle = candleOf(at, shares);
        if (!candle) continue;
        const start = kept === interval ? at : startOf(interval, at);
        if (start !== bucket) {
          bucket = start;
          if (++buckets > limit) break read;
        }
        candles.push(candle);
      }
    }
    return interval === kept ? candles : rollUp(candles, interval);
  }

  async #visibleShares(
    series: Quote,
    kept: KeptInterval,
    at: Instant,
    stored: StoredCandle,
    hidden: HiddenQuotes | undefined,
  ): Promise<CandleShare[]> {
    const end = at + LENGTH_MS[kept];
    if (isMixed(stored)) return this.#shareOfRows(series, at, end);
    const visible: CandleShare[] = [];
    for (const [batch, share] of sharesOf(stored)) {
      if (hidden?.isUndone(batch)) continue;
      const coverage = hidden?.coverage(at, end, batch) ?? 'none';
      if (coverage === 'part') return this.#shareOfRows(series, at, end);
      if (coverage === 'none') visible.push(share);
    }
    return visible;
  }

  /** The share of all quotes of a candle that count, made of the quotes themselves. */
  async #shareOfRows(series: Quote, from: Instant, to: Instant): Promise<CandleShare[]> {
    const id = seriesId(series);
    const hidden = this.#hiddenOf(id);
    let share: CandleShare | undefined;
    for await (const page of this.#store.pages({ gte: keys.quote(id, from), lt: keys.quote(id, to) })) {
      for (const [key, text] of page) {
        const at = instantOf(key);
        const row = visibleRow(JSON.parse(text) as StoredRows, at, hidden);
        if (!row) continue;
        const close = (row[1] ?? row[0]) as number;
        if (share) addQuote(share, close, at, row[6]);
        else share = shareOf(close, at, row[6]);
      }
    }
    return share ? [share] : [];
  }

  async #rawCandles(series: Quote, from: Instant, to: Instant, limit: number): Promise<Candle[]> {
    const candles: Candle[] = [];
    for (let next: Instant | undefined = from; next !== undefined && candles.length < limit; ) {
      const page: { quotes: Quote[]; next: Instant | undefined } = await this.pageWithNext(series, next, to, limit);
      for (const quote of page.quotes) candles.push(candleOf(quote.at, [openShare(price(quote), quote.at)])!);
      next = page.next;
    }
    return candles.slice(0, limit);
  }

  #quoteOf(latest: Quote, key: string, text: string, hidden: HiddenQuotes | undefined): Quote | undefined {
    const at = instantOf(key);
    const row = visibleRow(JSON.parse(text) as StoredRows, at, hidden);
    return row && quoteOfRow(latest, at, row);
  }
}
