import type { Quote } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';
import type { HiddenQuotes } from './hidden-quotes.ts';
import type { ImportedRow, TradingRange } from './journal-records.ts';

/**
 * A stored quote, without trailing fields that have their default: `checkedAt` and `observedFrom` the time of the row,
 * `id` that of `quoteIdOf`, `batch` 0 (none), `range` none.
 */
export type QuoteRow = [
  buy: number | null,
  sell: number | null,
  checkedAt?: EpochMs | null,
  id?: string | null,
  observedFrom?: EpochMs | null,
  batch?: number,
  range?: TradingRange,
];

/** What is stored at one instant of a series: a row, or the rows of several batches in order of arrival. */
export type StoredRows = QuoteRow | QuoteRow[];

export function rowsOf(stored: StoredRows): readonly QuoteRow[] {
  return Array.isArray(stored[0]) ? (stored as QuoteRow[]) : [stored as QuoteRow];
}

export function batchOf(row: QuoteRow): number {
  return row[5] ?? 0;
}

/** The visible row of an instant: the first one that is not hidden. */
export function visibleRow(stored: StoredRows, at: EpochMs, hidden: HiddenQuotes | undefined): QuoteRow | undefined {
  if (!hidden) return rowsOf(stored)[0];
  return rowsOf(stored).find((row) => !hidden.isHidden(at, batchOf(row)));
}

/** Adds a row next to those of other batches. It replaces the row of its own batch. */
export function withRow(stored: StoredRows | undefined, row: QuoteRow): StoredRows {
  if (stored === undefined) return row;
  const rows = rowsOf(stored);
  const place = rows.findIndex((other) => batchOf(other) === batchOf(row));
  if (place < 0) return [...rows, row];
  return rows.length === 1 ? row : rows.map((other, i) => (i === place ? row : other));
}

export function quoteIdOf(at: EpochMs): string {
  return String(at);
}

/** Files that earlier versions exported have ids before 1970 without the minus sign. */
function isDerivedId(id: string, at: EpochMs): boolean {
  return id === quoteIdOf(at) || (at < 0 && id === String(-at));
}

export function rowOfQuote(quote: Quote): QuoteRow {
  return trimDefaults([
    quote.buy,
    quote.sell,
    quote.checkedAt === quote.at ? null : quote.checkedAt,
    isDerivedId(quote.id, quote.at) ? null : quote.id,
    quote.observedFrom === undefined || quote.observedFrom === quote.at ? null : quote.observedFrom,
    quote.batch ?? 0,
  ]);
}

export function rowOfImport([at, buy, sell, checkedAt, id, range]: ImportedRow, batch: number): QuoteRow {
  const isPlain = (checkedAt ?? at) === at && id == null && range === undefined;
  if (isPlain) return batch === 0 ? [buy, sell] : [buy, sell, null, null, null, batch]; // fast path: imports have millions of them
  const row: QuoteRow = [
    buy,
    sell,
    checkedAt === at ? null : (checkedAt ?? null),
    id == null || isDerivedId(id, at) ? null : id,
    null,
    batch,
  ];
  return range === undefined ? trimDefaults(row) : [...(row as [null, null, null, null, null, number]), range];
}

function trimDefaults(row: QuoteRow): QuoteRow {
  let length = row.length;
  while (length > 2 && (row[length - 1] === null || row[length - 1] === 0)) length--;
  row.length = length;
  return row;
}

/** @param latest the latest quote of the series, which is newer than its row: confirmations do not update the row */
export function quoteOfRow(latest: Quote, at: EpochMs, row: QuoteRow): Quote {
  const [buy, sell, checkedAt, id, observedFrom, batch] = row;
  if (latest.at === at && (latest.batch ?? 0) === (batch ?? 0)) return latest;
  // Spelled out because an object made with spread is slow to create and to copy.
  return {
    instrument: latest.instrument,
    market: latest.market,
    provider: latest.provider,
    company: latest.company,
    brand: latest.brand,
    buy,
    sell,
    currency: latest.currency,
    unit: latest.unit,
    at,
    checkedAt: checkedAt ?? at,
    id: id ?? quoteIdOf(at),
    ...(observedFrom == null ? undefined : { observedFrom }),
    ...(batch ? { batch } : undefined),
  };
}
