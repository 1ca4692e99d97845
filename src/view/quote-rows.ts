import type { Instant } from '../domain/instant.ts';
import type { Quote } from '../domain/quote.ts';
import type { HiddenQuotes } from './hidden-quotes.ts';
import type { ImportedRow, PriceRange } from './records.ts';

/**
 * A quote as it is kept in its series, without the trailing fields that have their default: `checkedAt` and
 * `observedFrom` the instant of the row, `id` the one of `quoteIdOf`, `batch` 0 (none), `range` none.
 */
export type Row = [
  buy: number | null,
  sell: number | null,
  checkedAt?: Instant | null,
  id?: string | null,
  observedFrom?: Instant | null,
  batch?: number,
  range?: PriceRange,
];

/** What stands at one instant of a series: a row, or the rows of several batches in the order in which they came. */
export type StoredRows = Row | Row[];

export function rowsOf(stored: StoredRows): readonly Row[] {
  return Array.isArray(stored[0]) ? (stored as Row[]) : [stored as Row];
}

export function batchOf(row: Row): number {
  return row[5] ?? 0;
}

/** The row that counts at an instant: the first that is not hidden. */
export function visibleRow(stored: StoredRows, at: Instant, hidden: HiddenQuotes | undefined): Row | undefined {
  if (!hidden) return rowsOf(stored)[0];
  return rowsOf(stored).find((row) => !hidden.covers(at, batchOf(row)));
}

/** Puts a row beside those of other batches, and in place of the one of its own batch. */
export function withRow(stored: StoredRows | undefined, row: Row): StoredRows {
  if (stored === undefined) return row;
  const rows = rowsOf(stored);
  const place = rows.findIndex((other) => batchOf(other) === batchOf(row));
  if (place < 0) return [...rows, row];
  return rows.length === 1 ? row : rows.map((other, i) => (i === place ? row : other));
}

/** The id of a quote to which its provider gave none. */
export function quoteIdOf(at: Instant): string {
  return String(Math.abs(at));
}

export function rowOfQuote(quote: Quote): Row {
  return trimmed([
    quote.buy,
    quote.sell,
    quote.checkedAt === quote.at ? null : quote.checkedAt,
    quote.id === quoteIdOf(quote.at) ? null : quote.id,
    quote.observedFrom === undefined || quote.observedFrom === quote.at ? null : quote.observedFrom,
    quote.batch ?? 0,
  ]);
}

export function rowOfImport([at, buy, sell, checkedAt, id, range]: ImportedRow, batch: number): Row {
  const isPlain = (checkedAt ?? at) === at && id == null && range === undefined;
  if (isPlain) return batch === 0 ? [buy, sell] : [buy, sell, null, null, null, batch]; // imports have millions of them
  const row: Row = [
    buy,
    sell,
    checkedAt === at ? null : (checkedAt ?? null),
    id === quoteIdOf(at) ? null : (id ?? null),
    null,
    batch,
  ];
  return range === undefined ? trimmed(row) : [...(row as [null, null, null, null, null, number]), range];
}

function trimmed(row: Row): Row {
  let length = row.length;
  while (length > 2 && (row[length - 1] === null || row[length - 1] === 0)) length--;
  row.length = length;
  return row;
}

/** @param latest the latest quote of the series: its row does not move with its `checkedAt` */
export function quoteOfRow(latest: Quote, at: Instant, row: Row): Quote {
  const [buy, sell, checkedAt, id, observedFrom, batch] = row;
  if (latest.at === at && (latest.batch ?? 0) === (batch ?? 0)) return latest;
  // Spelled out: an object that is spread and changed is slow to make, and slower to spread again.
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
