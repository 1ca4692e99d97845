import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';
import type { Instrument } from '../domain/instrument.ts';
import { type Quote, type SeriesId, seriesId, seriesParts } from '../domain/quote.ts';
import { validateQuote } from '../domain/quote-validation.ts';
import type { Journal } from '../engine/contract.ts';
import type { HeldQuote } from '../view/held-quotes.ts';
import { HiddenQuotes, type HiddenState, NOTHING_HIDDEN, withRemoval, withUndone } from '../view/hidden-quotes.ts';
import type { BatchSeries, RateBatch } from '../view/rate-batches.ts';
import type { LatestQuote, SeriesFields } from '../view/records.ts';
import type { View } from '../view/view.ts';
import { append } from './append.ts';
import { describeSeries, isChosen, type Rates, type SeriesChoice } from './rates.ts';

/** Batches that a list has at most. */
const MAX_LISTED = 200;
/** Series of a batch that a list names. */
const MAX_SERIES = 20;
const PAGE = 1000;
/** The instants of a Date. */
const FIRST = -8_640_000_000_000_000;
const LAST = 8_640_000_000_000_000;

/** Who changes stored prices, and why. */
export interface Author {
  readonly by: string;
  readonly reason?: string | undefined;
}

export interface ListedBatch extends RateBatch {
  /** Quotes that it brought. */
  readonly rows: number;
  readonly first: Instant | null;
  readonly last: Instant | null;
  /** The first of its series. */
  readonly series: string[];
  readonly seriesCount: number;
}

/** Imports, removals and corrections of stored prices. Nothing is erased: each can be undone, and undone again. */
export class RateEdits {
  readonly #journal: Journal;
  readonly #view: View;
  readonly #rates: Rates;
  readonly #now: () => Instant;
  /** One edit at a time: each one reads what the latest quotes are without it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(room: { journal: Journal; view: View; rates: Rates; now: () => Instant }) {
    this.#journal = room.journal;
    this.#view = room.view;
    this.#rates = room.rates;
    this.#now = room.now;
  }

  /** Imports that brought or replaced anything, removals and corrections, newest first. */
  async list(): Promise<ListedBatch[]> {
    const { batches } = this.#view.quotes;
    const listed: ListedBatch[] = [];
    for (const batch of await batches.list(MAX_LISTED)) {
      const series = await batches.seriesOf(batch.batch);
      if (batch.kind !== 'import' || series.size > 0) listed.push(summary(batch, series));
    }
    return listed;
  }

  /**
   * An import, removal or correction counts no longer, or counts again.
   * @throws Failure NOT_FOUND, CONFLICT when that is so already
   */
  undo(batch: number, undone: boolean, author: Author): Promise<ListedBatch> {
    return this.#exclusive(async () => {
      const { batches } = this.#view.quotes;
      const edit = batches.get(batch);
      if (!edit)
        throw new Failure('NOT_FOUND', `There is no import ${batch}. List them with \`goldctl rates imports\`.`);
      if (edit.undone === undone) {
        const state = undone ? 'is undone already' : 'counts already';
        throw new Failure('CONFLICT', `${edit.kind} ${batch} ${state}.`);
      }
      const series = await batches.seriesOf(batch);
      const latest: LatestQuote[] = [];
      for (const [id, { removals }] of series) {
        latest.push([id, await this.#latestUnder(id, (state) => withUndone(state, batch, undone, removals))]);
      }
      await append(this.#journal, 'rates.undone', this.#now(), { batch, undone, latest, ...signed(author) });
      return summary(batches.get(batch) ?? edit, series);
    });
  }

  /**
   * Hides quotes of an instrument.
   * @param isDryRun counts them, and hides nothing
   * @returns how many there are; `batch` undoes it
   * @throws Failure NOT_FOUND when there are none
   */
  remove(
    instrument: Instrument,
    { from = FIRST, to = LAST, ...choice }: SeriesChoice & { from?: Instant | undefined; to?: Instant | undefined },
    author: Author,
    isDryRun = false,
  ): Promise<{ batch: number | null; quotes: number; series: string[] }> {
    return this.#exclusive(async () => {
      // Prices that are still to come stay: a removal is about what is stored.
      const end = Math.min(to, this.#now() + 1);
      const concerned: { latest: Quote; quotes: number }[] = [];
      for (const latest of this.#view.quotes.latest(instrument.id)) {
        if (!isChosen(latest, choice)) continue;
        const quotes = await this.#count(latest, from, end);
        if (quotes > 0) concerned.push({ latest, quotes });
      }
      const quotes = concerned.reduce((sum, each) => sum + each.quotes, 0);
      const series = concerned.map(({ latest }) => describeSeries(latest));
      if (quotes === 0) {
        throw new Failure('NOT_FOUND', `There are no quotes of ${instrument.id} to remove in that range.`);
      }
      if (isDryRun) return { batch: null, quotes, series };
      const removal = { from, to: end, before: Number.MAX_SAFE_INTEGER };
      const latest: LatestQuote[] = [];
      for (const each of concerned) {
        const id = seriesId(each.latest);
        latest.push([id, await this.#latestUnder(id, (state) => withRemoval(state, removal))]);
      }
      const { seq } = await append(this.#journal, 'rates.removed', this.#now(), {
        instrument: instrument.id,
        series: latest.map(([id]) => id),
        from,
        to: end,
        latest,
        ...signed(author),
      });
      return { batch: seq, quotes, series };
    });
  }

  /**
   * Puts one quote in place of what a series has at that instant.
   * @throws Failure NOT_FOUND when the series is not known, INVALID_PARAMS
   */
  correct(
    instrument: Instrument,
    { at, buy, sell, ...choice }: SeriesChoice & { at: Instant; buy: number | null; sell: number | null },
    author: Author,
  ): Promise<{ batch: number }> {
    return this.#exclusive(async () => {
      const series = this.#rates.series(instrument, choice);
      const verdict = validateQuote({ ...series, at, buy, sell }, [], this.#now());
      if (verdict.outcome !== 'accepted') {
        throw new Failure('INVALID_PARAMS', `The correction is refused: ${verdict.reason}.`, {
          data: { field: 'buy' },
        });
      }
      const record = { ...fieldsOf(series), quoteAt: at, buy, sell, ...signed(author) };
      const { seq } = await append(this.#journal, 'rates.corrected', this.#now(), record);
      return { batch: seq };
    });
  }

  /** Held quotes, newest first. */
  held(): HeldQuote[] {
    return this.#view.quotes.heldQuotes.list().reverse();
  }

  /**
   * Stores a held quote, also one that was discarded, or discards it.
   * @throws Failure NOT_FOUND, CONFLICT when it is discarded already
   */
  decide(id: number, accepted: boolean, author: Author): Promise<HeldQuote> {
    return this.#exclusive(async () => {
      const held = this.#view.quotes.heldQuotes.get(id);
      if (!held) throw new Failure('NOT_FOUND', `There is no held quote ${id}. List them with \`goldctl rates held\`.`);
      if (held.discarded && !accepted) throw new Failure('CONFLICT', `The held quote ${id} is discarded already.`);
      await append(this.#journal, 'rates.decided', this.#now(), { id, accepted, ...signed(author) });
      return held;
    });
  }

  async #count(latest: Quote, from: Instant, to: Instant): Promise<number> {
    let count = 0;
    for (let next: Instant | undefined = from; next !== undefined; ) {
      const page: { quotes: Quote[]; next: Instant | undefined } = await this.#view.quotes.history.pageWithNext(
        latest,
        next,
        to,
        PAGE,
      );
      count += page.quotes.length;
      next = page.next;
    }
    return count;
  }

  /** The latest quote of a series if other quotes of it were hidden. */
  async #latestUnder(id: SeriesId, change: (state: HiddenState) => HiddenState): Promise<Quote | null> {
    const { quotes } = this.#view;
    const hidden = new HiddenQuotes(change(quotes.hiddenOf(id)?.state ?? NOTHING_HIDDEN));
    const series = quotes.latestOf(id) ?? this.#unnamed(id);
    return (await quotes.history.newestBefore(series, LAST, hidden)) ?? null;
  }

  /** A series of which nothing is visible at present. */
  #unnamed(id: SeriesId): Quote {
    const parts = seriesParts(id);
    const instrument = this.#view.quotes.instruments.get(parts.instrument);
    if (!instrument) throw new Failure('INTERNAL', `no instrument of series ${plain(id)}`);
    const { market, currency, unit } = instrument;
    return { ...parts, market, currency, unit, buy: null, sell: null, at: Number.NaN, checkedAt: Number.NaN, id: '' };
  }

  #exclusive<T>(edit: () => Promise<T>): Promise<T> {
    const result = this.#last.then(edit);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function summary(batch: RateBatch, series: ReadonlyMap<SeriesId, BatchSeries>): ListedBatch {
  let [rows, first, last] = [0, null as Instant | null, null as Instant | null];
  for (const each of series.values()) {
    rows += each.rows;
    if (each.first !== null && (first === null || each.first < first)) first = each.first;
    if (each.last !== null && (last === null || each.last > last)) last = each.last;
  }
  const names = [...series.keys()].slice(0, MAX_SERIES).map((id) => {
    const parts = seriesParts(id);
    return [parts.instrument, describeSeries(parts)].join(': ');
  });
  return { ...batch, rows, first, last, series: names, seriesCount: series.size };
}

function fieldsOf({ instrument, market, provider, company, brand, currency, unit }: SeriesFields): SeriesFields {
  return { instrument, market, provider, company, brand, currency, unit };
}

function signed({ by, reason }: Author): { by: string; reason?: string } {
  const text = reason === undefined ? '' : plain(reason).slice(0, 200);
  return text === '' ? { by } : { by, reason: text };
}
