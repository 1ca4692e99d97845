import { AppError } from '../domain/app-error.ts';
import type { Instrument } from '../domain/instrument.ts';
import { parseSeriesId, type Quote, type SeriesId, seriesId } from '../domain/quote.ts';
import { validateQuote } from '../domain/quote-validation.ts';
import { sanitizeText } from '../domain/text.ts';
import { type EpochMs, MAX_EPOCH_MS } from '../domain/time.ts';
import type { StoredHeldQuote } from '../projections/held-quotes.ts';
import { HiddenQuotes, type HiddenState, NONE_HIDDEN, withRemoval, withUndone } from '../projections/hidden-quotes.ts';
import { type LatestQuote, seriesFieldsOf } from '../projections/journal-records.ts';
import type { BatchSeries, RateBatch } from '../projections/rate-batches.ts';
import { appendNow, type RoomContext } from './append-to-journal.ts';
import { describeSeries, isChosen, type RateQueries, type SeriesChoice } from './rate-queries.ts';

const MAX_LISTED_BATCHES = 200;
const MAX_LISTED_SERIES = 20;
const PAGE_SIZE = 1000;

export interface EditAuthor {
  readonly by: string;
  readonly reason?: string | undefined;
}

export interface RateBatchSummary extends RateBatch {
  readonly rows: number;
  readonly first: EpochMs | null;
  readonly last: EpochMs | null;
  readonly series: string[];
  readonly seriesCount: number;
}

/** Imports, removals and corrections of stored prices. Nothing is deleted: each can be undone and redone. */
export class RateEdits {
  readonly #room: RoomContext & { rates: RateQueries };
  /** One edit at a time, because each reads the latest quotes without it. */
  #lastEdit: Promise<unknown> = Promise.resolve();

  constructor(room: RoomContext & { rates: RateQueries }) {
    this.#room = room;
  }

  /** Imports with rows or replaced ranges, removals and corrections, newest first. */
  async list(): Promise<RateBatchSummary[]> {
    const { batches } = this.#room.readModel.quotes;
    const listed: RateBatchSummary[] = [];
    for (const batch of await batches.list(MAX_LISTED_BATCHES)) {
      const series = await batches.seriesOf(batch.batch);
      if (batch.kind !== 'import' || series.size > 0) listed.push(summarize(batch, series));
    }
    return listed;
  }

  /**
   * Undoes or redoes an import, removal or correction.
   * @throws AppError NOT_FOUND, CONFLICT if it already is in that state
   */
  undo(batch: number, undone: boolean, author: EditAuthor): Promise<RateBatchSummary> {
    return this.#exclusive(async () => {
      const { batches } = this.#room.readModel.quotes;
      const edit = batches.get(batch);
      if (!edit)
        throw new AppError('NOT_FOUND', `There is no import ${batch}. List them with \`goldctl rates imports\`.`);
      if (edit.undone === undone) {
        const state = undone ? 'is already undone' : 'is not undone';
        throw new AppError('CONFLICT', `${edit.kind} ${batch} ${state}.`);
      }
      const series = await batches.seriesOf(batch);
      const latest: LatestQuote[] = [];
      for (const [id, { removals }] of series) {
        latest.push([id, await this.#latestAfterHiding(id, (state) => withUndone(state, batch, undone, removals))]);
      }
      await appendNow(this.#room, 'rates.undone', {
        batch,
        undone,
        latest,
        ...authorFields(author),
      });
      return summarize(batches.get(batch) ?? edit, series);
    });
  }

  /**
   * Hides quotes of an instrument.
   * @param isDryRun only counts them
   * @returns the number of quotes; `batch` for undoing it
   * @throws AppError NOT_FOUND if there are none
   */
  remove(
    instrument: Instrument,
    {
      from = -MAX_EPOCH_MS,
      to = MAX_EPOCH_MS,
      ...choice
    }: SeriesChoice & { from?: EpochMs | undefined; to?: EpochMs | undefined },
    author: EditAuthor,
    isDryRun = false,
  ): Promise<{ batch: number | null; quotes: number; series: string[] }> {
    return this.#exclusive(async () => {
      // Exclude future prices: a removal applies to what is stored.
      const end = Math.min(to, this.#room.now() + 1);
      const concerned: { latest: Quote; quotes: number }[] = [];
      for (const latest of this.#room.readModel.quotes.latest(instrument.id)) {
        if (!isChosen(latest, choice)) continue;
        const quotes = await this.#count(latest, from, end);
        if (quotes > 0) concerned.push({ latest, quotes });
      }
      const quotes = concerned.reduce((sum, each) => sum + each.quotes, 0);
      const series = concerned.map(({ latest }) => describeSeries(latest));
      if (quotes === 0) {
        throw new AppError('NOT_FOUND', `There are no quotes of ${instrument.id} in that range.`);
      }
      if (isDryRun) return { batch: null, quotes, series };
      const removal = { from, to: end, before: Number.MAX_SAFE_INTEGER };
      const latest: LatestQuote[] = [];
      for (const each of concerned) {
        const id = seriesId(each.latest);
        latest.push([id, await this.#latestAfterHiding(id, (state) => withRemoval(state, removal))]);
      }
      const { seq } = await appendNow(this.#room, 'rates.removed', {
        instrument: instrument.id,
        series: latest.map(([id]) => id),
        from,
        to: end,
        latest,
        ...authorFields(author),
      });
      return { batch: seq, quotes, series };
    });
  }

  /**
   * Replaces the quotes of a series at an instant by one quote.
   * @throws AppError NOT_FOUND for an unknown series, INVALID_PARAMS
   */
  correct(
    instrument: Instrument,
    { at, buy, sell, ...choice }: SeriesChoice & { at: EpochMs; buy: number | null; sell: number | null },
    author: EditAuthor,
  ): Promise<{ batch: number }> {
    return this.#exclusive(async () => {
      const series = this.#room.rates.latestOfSeries(instrument, choice);
      const verdict = validateQuote({ ...series, at, buy, sell }, [], this.#room.now());
      if (verdict.outcome !== 'accepted') {
        throw new AppError('INVALID_PARAMS', `Correction refused: ${verdict.reason}.`, {
          data: { field: 'buy' },
        });
      }
      const record = { ...seriesFieldsOf(series), quoteAt: at, buy, sell, ...authorFields(author) };
      const { seq } = await appendNow(this.#room, 'rates.corrected', record);
      return { batch: seq };
    });
  }

  listHeld(): StoredHeldQuote[] {
    return this.#room.readModel.quotes.heldQuotes.listUndecided().reverse();
  }

  /**
   * Stores or discards a held quote. A discarded one can still be stored.
   * @throws AppError NOT_FOUND, CONFLICT if it is already discarded
   */
  decide(id: number, accepted: boolean, author: EditAuthor): Promise<StoredHeldQuote> {
    return this.#exclusive(async () => {
      const held = this.#room.readModel.quotes.heldQuotes.get(id);
      if (!held)
        throw new AppError('NOT_FOUND', `There is no held quote ${id}. List them with \`goldctl rates held\`.`);
      if (held.discarded && !accepted) throw new AppError('CONFLICT', `The held quote ${id} is already discarded.`);
      await appendNow(this.#room, 'rates.decided', { id, accepted, ...authorFields(author) });
      return held;
    });
  }

  async #count(latest: Quote, from: EpochMs, to: EpochMs): Promise<number> {
    let count = 0;
    for (let next: EpochMs | undefined = from; next !== undefined; ) {
      const page: { quotes: Quote[]; next: EpochMs | undefined } =
        await this.#room.readModel.quotes.history.pageWithNext(latest, next, to, PAGE_SIZE);
      count += page.quotes.length;
      next = page.next;
    }
    return count;
  }

  /** The latest quote of a series if other quotes of it were hidden. */
  async #latestAfterHiding(id: SeriesId, change: (state: HiddenState) => HiddenState): Promise<Quote | null> {
    const { quotes } = this.#room.readModel;
    const hidden = new HiddenQuotes(change(quotes.hiddenOf(id)?.state ?? NONE_HIDDEN));
    const series = quotes.latestOf(id) ?? this.#hiddenSeries(id);
    return (await quotes.history.newestBefore(series, MAX_EPOCH_MS, hidden)) ?? null;
  }

  /** Stands for a series without visible quotes. */
  #hiddenSeries(id: SeriesId): Quote {
    const parts = parseSeriesId(id);
    const instrument = this.#room.readModel.quotes.instruments.get(parts.instrument);
    if (!instrument) throw new AppError('INTERNAL', `no instrument for series ${sanitizeText(id)}`);
    const { market, currency, unit } = instrument;
    return { ...parts, market, currency, unit, buy: null, sell: null, at: Number.NaN, checkedAt: Number.NaN, id: '' };
  }

  #exclusive<T>(edit: () => Promise<T>): Promise<T> {
    const result = this.#lastEdit.then(edit);
    this.#lastEdit = result.catch(() => undefined);
    return result;
  }
}

function summarize(batch: RateBatch, series: ReadonlyMap<SeriesId, BatchSeries>): RateBatchSummary {
  let [rows, first, last] = [0, null as EpochMs | null, null as EpochMs | null];
  for (const each of series.values()) {
    rows += each.rows;
    if (each.first !== null && (first === null || each.first < first)) first = each.first;
    if (each.last !== null && (last === null || each.last > last)) last = each.last;
  }
  const names = [...series.keys()].slice(0, MAX_LISTED_SERIES).map((id) => {
    const parts = parseSeriesId(id);
    return [parts.instrument, describeSeries(parts)].join(': ');
  });
  return { ...batch, rows, first, last, series: names, seriesCount: series.size };
}

function authorFields({ by, reason }: EditAuthor): { by: string; reason?: string } {
  const text = reason === undefined ? '' : sanitizeText(reason).slice(0, 200);
  return text === '' ? { by } : { by, reason: text };
}
