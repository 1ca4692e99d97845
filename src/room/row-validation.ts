import type { Instant } from '../domain/instant.ts';
import { type ComparisonPrice, type Verdict, validateQuote } from '../domain/quote-validation.ts';
import type { ImportedRow, SeriesFields } from '../view/records.ts';

/** How far open, high and low of a day may be from its close, as a factor; of gold and money by a wide margin. */
const MAX_RANGE = { gold: 1.5, silver: 1.6, fx: 1.5, crypto: 5 };

export type Objection = Exclude<Verdict, { outcome: 'accepted' }>;

/**
 * Validates rows of one series against one another. A row that does not fit the last accepted one may still begin a new
 * level: then the row after it agrees with it, and no unit explains the difference.
 * @param rows by time
 * @param before stored prices before the first row; undefined: rows are not compared at all
 * @param decide told every row in order; without an objection the row is accepted
 */
export function judgeRows(
  series: Pick<SeriesFields, 'instrument' | 'market' | 'currency' | 'unit'>,
  rows: readonly ImportedRow[],
  before: readonly ComparisonPrice[] | undefined,
  now: Instant,
  decide: (row: ImportedRow, objection: Objection | undefined) => void,
): void {
  const { instrument, market, currency, unit } = series;
  let comparisons: readonly ComparisonPrice[] = before ?? [];
  for (const [i, row] of rows.entries()) {
    const [at, buy, sell] = row;
    const quote = { instrument, market, currency, unit, at, buy, sell };
    const far = before === undefined ? undefined : farFromClose(row, market);
    if (far !== undefined) {
      decide(row, { outcome: 'held', reason: far, comparisons: [] });
      continue;
    }
    let verdict = validateQuote(quote, comparisons, now);
    if (verdict.outcome === 'held' && (before === undefined || beginsLevel(verdict))) {
      const next = rows[i + 1];
      const followed = next && validateQuote(quote, [comparisonOf(next)], now);
      if (before === undefined || followed?.outcome === 'accepted') verdict = { outcome: 'accepted' };
    }
    if (verdict.outcome !== 'accepted') {
      decide(row, verdict);
      continue;
    }
    decide(row, undefined);
    if (before !== undefined) comparisons = [comparisonOf(row)];
  }
}

/** Which of open, high and low cannot be of one day with its close; undefined where all can, or there are none. */
function farFromClose([, buy, sell, , , range]: ImportedRow, market: SeriesFields['market']): string | undefined {
  const close = sell ?? buy;
  if (!range || close === null) return undefined;
  const at = range.findIndex((price) => price > close * MAX_RANGE[market] || price < close / MAX_RANGE[market]);
  if (at < 0) return undefined;
  return `its ${['open', 'high', 'low'][at]} ${range[at]} is not of one day with its close ${close}`;
}

/** Whether a price was held for its distance alone: not for its band, its sides or a unit. */
function beginsLevel(verdict: Verdict & { outcome: 'held' }): boolean {
  return verdict.factor === undefined && verdict.comparisons.length > 0;
}

function comparisonOf([at, buy, sell]: ImportedRow): ComparisonPrice {
  return { kind: 'neighbour', label: 'row before it', buy, sell, at };
}
