import type { EpochMs } from '../domain/time.ts';
import { DATE_ORDERS, type DateOrder, parseInAllOrders } from './quote-time.ts';

/** A date of the file and its line. */
export interface DateExample {
  readonly line: number;
  readonly text: string;
}

/** Fewer steps from date to date prove nothing. */
const MIN_STEPS = 10;
/** Share of steps in the opposite direction: at most this much in a sequence, at least the second value without one. */
const MAX_SEQUENCE_BREAK_SHARE = 0.01;
const MIN_DISORDER_BREAK_SHARE = 0.03;
const MAX_EXAMPLES = 3;

/** The dates of a file, read in one order. */
interface OrderEvidence {
  readonly order: DateOrder;
  /** The first date that is valid only in another order. */
  counterexample: DateExample | undefined;
  last: EpochMs | undefined;
  ascendingSteps: number;
  descendingSteps: number;
}

export type DateVerdict =
  | { readonly order: DateOrder; readonly because: DateExample | 'sequence' | 'same' }
  | { readonly candidates: readonly DateOrder[]; readonly contradiction: readonly DateExample[] };

/** Collects evidence of the date order from all ambiguous dates of a file. */
export class DateEvidence {
  /** The first dates that the orders read differently. */
  readonly examples: DateExample[] = [];
  #count = 0;
  readonly #orders: readonly OrderEvidence[] = DATE_ORDERS.map((order) => ({
    order,
    counterexample: undefined,
    last: undefined,
    ascendingSteps: 0,
    descendingSteps: 0,
  }));

  /** @returns the time in one of the orders; undefined if it is not a date in any */
  add(line: number, text: string): EpochMs | undefined {
    const instants = parseInAllOrders(text);
    const any = instants.find((at) => at !== undefined);
    if (any === undefined) return undefined;
    this.#count++;
    for (const [i, reading] of this.#orders.entries()) {
      const at = instants[i];
      if (at === undefined) reading.counterexample ??= { line, text };
      else {
        if (reading.last !== undefined && at !== reading.last)
          reading[at > reading.last ? 'ascendingSteps' : 'descendingSteps']++;
        reading.last = at;
      }
    }
    if (this.examples.length < MAX_EXAMPLES && this.#differ(instants)) this.examples.push({ line, text });
    return any;
  }

  /**
   * What the whole file proves; undefined if none of its dates is ambiguous.
   * @param hasDecimalComma whether numbers are written as 1.234,5: such locales never put the month first
   */
  verdict(hasDecimalComma: boolean): DateVerdict | undefined {
    if (this.#count === 0) return undefined;
    const all = this.#orders.filter(({ counterexample }) => counterexample === undefined);
    const withoutMonthFirst = all.filter(({ order }) => order !== 'm/d');
    const possible = hasDecimalComma && withoutMonthFirst.length > 0 ? withoutMonthFirst : all;
    if (possible.length === 0) {
      // Most dates cannot be y-m-d, so it is not part of the contradiction.
      const [dayFirst, monthFirst] = this.#orders;
      const contradiction = [dayFirst!.counterexample!, monthFirst!.counterexample!];
      return { candidates: ['d/m', 'm/d'], contradiction };
    }
    // A single date is not a sequence, and leading two-digit years are rare.
    const isSingle = possible.every(({ ascendingSteps, descendingSteps }) => ascendingSteps + descendingSteps === 0);
    const candidates = isSingle && possible.length > 1 ? possible.filter(({ order }) => order !== 'y-m-d') : possible;
    const [first] = candidates;
    if (candidates.length === 1) {
      const other = this.#orders.find(({ counterexample, order }) => counterexample !== undefined && order !== 'y-m-d');
      return { order: first!.order, because: other?.counterexample ?? 'sequence' };
    }
    if (this.examples.length === 0) return { order: first!.order, because: 'same' };
    const sequences = candidates.filter(isOrdered);
    const [sequence] = sequences;
    if (sequences.length === 1 && candidates.every((each) => each === sequence || isUnordered(each))) {
      return { order: sequence!.order, because: 'sequence' };
    }
    return { candidates: candidates.map(({ order }) => order), contradiction: [] };
  }

  /** Whether the orders that are still possible read a date differently. */
  #differ(instants: readonly (EpochMs | undefined)[]): boolean {
    const possible = instants.filter((at, i) => at !== undefined && this.#orders[i]!.counterexample === undefined);
    return possible.some((at) => at !== possible[0]);
  }
}

function isOrdered({ ascendingSteps, descendingSteps }: OrderEvidence): boolean {
  return (
    ascendingSteps + descendingSteps >= MIN_STEPS &&
    Math.min(ascendingSteps, descendingSteps) <= (ascendingSteps + descendingSteps) * MAX_SEQUENCE_BREAK_SHARE
  );
}

function isUnordered({ ascendingSteps, descendingSteps }: OrderEvidence): boolean {
  const breaks = Math.min(ascendingSteps, descendingSteps);
  return breaks > 1 && breaks >= (ascendingSteps + descendingSteps) * MIN_DISORDER_BREAK_SHARE;
}
