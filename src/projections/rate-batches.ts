import { defined } from '../domain/defined.ts';
import type { SeriesId } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';
import { keys, prefixRange } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import type { Removal } from './hidden-quotes.ts';
import type { ImportedRow, RecordOf } from './journal-records.ts';

/** An import, removal or correction of quotes. It can be undone. */
export interface RateBatch {
  readonly batch: number;
  readonly kind: 'import' | 'removal' | 'correction';
  /** The file of an import; the instrument of a removal or correction. */
  readonly name: string;
  readonly by: string;
  readonly at: EpochMs;
  readonly reason?: string;
  readonly undone: boolean;
  readonly changedBy?: string;
  readonly changedAt?: EpochMs;
}

export interface BatchSeries {
  readonly rows: number;
  /** Times of its first and last quote; null for none. */
  readonly first: EpochMs | null;
  readonly last: EpochMs | null;
  readonly removals: readonly Removal[];
}

export class RateBatches {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(batch: number): RateBatch | undefined {
    return this.#store.read<RateBatch>(keys.rateEdit(batch));
  }

  async list(limit: number): Promise<RateBatch[]> {
    const range = { ...prefixRange(keys.rateEdits), reverse: true, limit };
    return (await this.#store.entries(range)).map(([, text]) => JSON.parse(text) as RateBatch);
  }

  async seriesOf(batch: number): Promise<Map<SeriesId, BatchSeries>> {
    const prefix = keys.editedSeries(batch);
    const entries = await this.#store.entries(prefixRange(prefix));
    return new Map(entries.map(([key, text]) => [key.slice(prefix.length), JSON.parse(text) as BatchSeries]));
  }

  addImport({ seq, at, file, by }: RecordOf<'rates.importStarted'>, writes: WriteBatch): void {
    save({ batch: seq, kind: 'import', name: file, by, at, undone: false }, writes);
  }

  /** Adds rows of an import. Batch 0 is for rows of versions without batches, and for the history of a provider. */
  addRows(
    batch: number,
    series: SeriesId,
    rows: readonly ImportedRow[],
    replaces: readonly [from: EpochMs, to: EpochMs] | undefined,
    writes: WriteBatch,
  ): void {
    if (batch === 0) return;
    const key = keys.seriesEdit(batch, series);
    const before = writes.read<BatchSeries>(key) ?? { rows: 0, first: null, last: null, removals: [] };
    let { first, last, removals } = before;
    for (const [at] of rows) {
      if (first === null || at < first) first = at;
      if (last === null || at > last) last = at;
    }
    if (replaces && !removals.some(({ from, to }) => from === replaces[0] && to === replaces[1])) {
      removals = [...removals, { from: replaces[0], to: replaces[1], before: batch }];
    }
    writes.write(key, { rows: before.rows + rows.length, first, last, removals } satisfies BatchSeries);
  }

  addRemoval(
    { seq, at, instrument, series, from, to, by, reason }: RecordOf<'rates.removed'>,
    writes: WriteBatch,
  ): void {
    save({ batch: seq, kind: 'removal', name: instrument, by, at, ...defined({ reason }), undone: false }, writes);
    const removals = [{ from, to, before: seq }];
    for (const id of series) {
      writes.write(keys.seriesEdit(seq, id), { rows: 0, first: null, last: null, removals } satisfies BatchSeries);
    }
  }

  addCorrection(record: RecordOf<'rates.corrected'>, series: SeriesId, writes: WriteBatch): void {
    const { seq, at, instrument, quoteAt, by, reason } = record;
    save({ batch: seq, kind: 'correction', name: instrument, by, at, ...defined({ reason }), undone: false }, writes);
    const removals = [{ from: quoteAt, to: quoteAt + 1, before: seq }];
    const edit: BatchSeries = { rows: 1, first: quoteAt, last: quoteAt, removals };
    writes.write(keys.seriesEdit(seq, series), edit);
  }

  /** @returns the ranges that the batch hides while it is not undone, by series */
  setUndone(record: RecordOf<'rates.undone'>, writes: WriteBatch): Map<SeriesId, readonly Removal[]> {
    const { batch, undone, by, at, latest } = record;
    const edit = writes.read<RateBatch>(keys.rateEdit(batch));
    if (edit) save({ ...edit, undone, changedBy: by, changedAt: at }, writes);
    return new Map(latest.map(([id]) => [id, writes.read<BatchSeries>(keys.seriesEdit(batch, id))?.removals ?? []]));
  }
}

function save(edit: RateBatch, writes: WriteBatch): void {
  writes.write(keys.rateEdit(edit.batch), edit);
}
