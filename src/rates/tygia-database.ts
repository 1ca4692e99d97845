import type { Instant } from '../domain/instant.ts';
import type { QuoteDraft } from '../domain/quote.ts';
import { BodyError } from './provider.ts';
import { tygiaHistory } from './providers/tygia.ts';

/** What one day of a database gives. */
export interface TygiaDay {
  readonly rows: number;
  readonly quotes: readonly QuoteDraft[];
  /** Rows that were left out, by their places in the file from 1, and why. */
  readonly refused: readonly { readonly row: number; readonly reason: string }[];
}

interface Row {
  readonly place: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Answers lie in lists of objects of lists: deeper there are no rows. */
const DEEPEST = 8;
/** A day with more rows that do not fit is none of tygia's. */
const REFUSED_A_DAY = 50;

/**
 * The quotes of a database of the gold seed: answers of tygia.com, whole or the rows of them, nested in lists and objects
 * however they were kept. Rows of one day stand together, since a bar of it tells what unit the others are in.
 * @throws SyntaxError where it is no JSON
 */
export function* readTygiaDatabase(text: string, now: Instant): Generator<TygiaDay> {
  const days = new Map<string, Row[]>();
  let place = 0;
  for (const value of rowsIn(JSON.parse(text.replace(/^\ufeff/, '')), DEEPEST)) {
    const day = String(value.updated ?? value.day ?? '').slice(0, 10);
    const row = { place: ++place, value };
    const rows = days.get(day);
    if (rows) rows.push(row);
    else days.set(day, [row]);
  }
  for (const rows of days.values()) yield readDay(rows, now);
}

function readDay(all: readonly Row[], now: Instant): TygiaDay {
  const refused: { row: number; reason: string }[] = [];
  const rows = [...all];
  while (rows.length > 0) {
    try {
      const quotes = tygiaHistory(JSON.stringify({ golds: [{ value: rows.map(({ value }) => value) }] }), now);
      return { rows: all.length, quotes, refused };
    } catch (thrown) {
      if (!(thrown instanceof BodyError)) throw thrown;
      const [, index] = /value\[(\d+)\]/.exec(thrown.path) ?? [];
      const [row] = index === undefined ? [] : rows.splice(Number(index), 1);
      const reason = thrown.message.replace(/^golds\[0\]\.value\[\d+\]\.?/, '');
      if (row) refused.push({ row: row.place, reason });
      if (!row || refused.length > REFUSED_A_DAY) {
        refused.push(...rows.splice(0).map(({ place }) => ({ row: place, reason: `its day does not fit: ${reason}` })));
      }
    }
  }
  return { rows: all.length, quotes: [], refused };
}

/** Every object that has the fields of a row. */
function* rowsIn(value: unknown, depth: number): Generator<Readonly<Record<string, unknown>>> {
  if (typeof value !== 'object' || value === null || depth === 0) return;
  const fields = value as Readonly<Record<string, unknown>>;
  if (!Array.isArray(value) && ['buy', 'sell', 'company'].every((name) => Object.hasOwn(fields, name))) yield fields;
  else for (const part of Object.values(fields)) yield* rowsIn(part, depth - 1);
}
