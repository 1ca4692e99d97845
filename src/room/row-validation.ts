import { type ComparisonPrice, type QuoteVerdict, validateQuote } from '../domain/quote-validation.ts';
import type { EpochMs } from '../domain/time.ts';
import type { ImportedRow, SeriesDefinition } from '../projections/journal-records.ts';

/** Limit of open, high and low relative to the close of a day, as a factor. */
const MAX_RANGE_FACTOR = { gold: 1.5, silver: 1.6, fx: 1.5, crypto: 5 };

export type RowRejection = Exclude<QuoteVerdict, { outcome: 'accepted' }>;

/**
 * Validates rows of one series against each other. An implausible row may still start a new level: then the next row
 * agrees with it, and no unit explains the difference.
 * @param rows by time
 * @param before stored prices before the first row; undefined: rows are not compared
 * @param decide called with each row in order; accepted rows have no rejection
 */
export function validateRows(
  series: Pick<SeriesDefinition, 'instrument' | 'market' | 'currency' | 'unit'>,
  rows: readonly ImportedRow[],
  before: readonly ComparisonPrice[] | undefined,
  now: EpochMs,
  decide: (row: ImportedRow, objection: RowRejection | undefined) => void,
): void {
  const { instrument, market, currency, unit } = series;
  let comparisons: readonly ComparisonPrice[] = before ?? [];
  for (const [i, row] of rows.entries()) {
    const [at, buy, sell] = row;
    const quote = { instrument, market, currency, unit, at, buy, sell };
    const far = before === undefined ? undefined : rangeRejection(row, market);
    if (far !== undefined) {
      decide(row, { outcome: 'held', reason: far, comparisons: [] });
      continue;
    }
    let verdict = validateQuote(quote, comparisons, now);
    if (verdict.outcome === 'held' && (before === undefined || beginsLevel(verdict))) {
      const next = rows[i + 1];
      const followed = next && validateQuote(quote, [toComparison(next)], now);
      if (before === undefined || followed?.outcome === 'accepted') verdict = { outcome: 'accepted' };
    }
    if (verdict.outcome !== 'accepted') {
      decide(row, verdict);
      continue;
    }
    decide(row, undefined);
    if (before !== undefined) comparisons = [toComparison(row)];
  }
}

/** Why open, high or low cannot be of the same day as the close; undefined if they can, or are missing. */
function rangeRejection([, buy, sell, , , range]: ImportedRow, market: SeriesDefinition['market']): string | undefined {
  const close = sell ?? buy;
  if (!range || close === null) return undefined;
  const at = range.findIndex(
    (price) => price > close * MAX_RANGE_FACTOR[market] || price < close / MAX_RANGE_FACTOR[market],
  );
  if (at < 0) return undefined;
  return `its ${['open', 'high', 'low'][at]} ${range[at]} is too far from its close ${close}`;
}

/** Whether a price was held only for its difference, not for its band, its sides or a unit. */
function beginsLevel(verdict: QuoteVerdict & { outcome: 'held' }): boolean {
  return verdict.factor === undefined && verdict.comparisons.length > 0;
}

function toComparison([at, buy, sell]: ImportedRow): ComparisonPrice {
  return { kind: 'neighbour', label: 'previous row', buy, sell, at };
}
