import type { Instant } from '../domain/instant.ts';
import type { SeriesId } from '../domain/quote.ts';
import type { Draft } from '../store/draft.ts';
import { keys, within } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { Removal } from './hidden-quotes.ts';
import type { ImportedRow, RecordOf } from './records.ts';

/** An import, removal or correction of quotes: what can be undone. */
export interface RateBatch {
  readonly batch: number;
  readonly kind: 'import' | 'removal' | 'correction';
  /** The file of an import; what a removal or correction is about. */
  readonly name: string;
  readonly by: string;
  readonly at: Instant;
  readonly reason?: string;
  readonly undone: boolean;
  /** Who undid it, or made it count again, and when. */
  readonly changedBy?: string;
  readonly changedAt?: Instant;
}

/** What a batch did to one series. */
export interface BatchSeries {
  readonly rows: number;
  /** Instants of its first and last quote; null without any. */
  readonly first: Instant | null;
  readonly last: Instant | null;
  /** Ranges whose quotes it hides. */
  readonly removals: readonly Removal[];
}

/** Keeps what was imported, removed and corrected, by whom and why. */
export class BatchesView {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(batch: number): RateBatch | undefined {
    return this.#store.read<RateBatch>(keys.rateEdit(batch));
  }

  /** Newest first. */
  async list(limit: number): Promise<RateBatch[]> {
    const range = { ...within(keys.rateEdits), reverse: true, limit };
    return (await this.#store.entries(range)).map(([, text]) => JSON.parse(text) as RateBatch);
  }

  async seriesOf(batch: number): Promise<Map<SeriesId, BatchSeries>> {
    const prefix = keys.editedSeries(batch);
    const entries = await this.#store.entries(within(prefix));
    return new Map(entries.map(([key, text]) => [key.slice(prefix.length), JSON.parse(text) as BatchSeries]));
  }

  start({ seq, at, file, by }: RecordOf<'rates.importStarted'>, draft: Draft): void {
    write({ batch: seq, kind: 'import', name: file, by, at, undone: false }, draft);
  }

  /** Rows of an import. Batch 0: rows of versions that had no batches, and of a provider's history. */
  add(
    batch: number,
    series: SeriesId,
    rows: readonly ImportedRow[],
    replaces: readonly [from: Instant, to: Instant] | undefined,
    draft: Draft,
  ): void {
    if (batch === 0) return;
    const key = keys.seriesEdit(batch, series);
    const before = draft.read<BatchSeries>(key) ?? { rows: 0, first: null, last: null, removals: [] };
    let { first, last, removals } = before;
    for (const [at] of rows) {
      if (first === null || at < first) first = at;
      if (last === null || at > last) last = at;
    }
    if (replaces && !removals.some(({ from, to }) => from === replaces[0] && to === replaces[1])) {
      removals = [...removals, { from: replaces[0], to: replaces[1], before: batch }];
    }
    draft.write(key, { rows: before.rows + rows.length, first, last, removals } satisfies BatchSeries);
  }

  remove({ seq, at, instrument, series, from, to, by, reason }: RecordOf<'rates.removed'>, draft: Draft): void {
    write({ batch: seq, kind: 'removal', name: instrument, by, at, ...because(reason), undone: false }, draft);
    const removals = [{ from, to, before: seq }];
    for (const id of series) {
      draft.write(keys.seriesEdit(seq, id), { rows: 0, first: null, last: null, removals } satisfies BatchSeries);
    }
  }

  correct(record: RecordOf<'rates.corrected'>, series: SeriesId, draft: Draft): void {
    const { seq, at, instrument, quoteAt, by, reason } = record;
    write({ batch: seq, kind: 'correction', name: instrument, by, at, ...because(reason), undone: false }, draft);
    const removals = [{ from: quoteAt, to: quoteAt + 1, before: seq }];
    const edit: BatchSeries = { rows: 1, first: quoteAt, last: quoteAt, removals };
    draft.write(keys.seriesEdit(seq, series), edit);
  }

  /** @returns the ranges that the batch hides where it counts, by series */
  setUndone(record: RecordOf<'rates.undone'>, draft: Draft): Map<SeriesId, readonly Removal[]> {
    const { batch, undone, by, at, latest } = record;
    const edit = draft.read<RateBatch>(keys.rateEdit(batch));
    if (edit) write({ ...edit, undone, changedBy: by, changedAt: at }, draft);
    return new Map(latest.map(([id]) => [id, draft.read<BatchSeries>(keys.seriesEdit(batch, id))?.removals ?? []]));
  }
}

function write(edit: RateBatch, draft: Draft): void {
  draft.write(keys.rateEdit(edit.batch), edit);
}

function because(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason };
}
