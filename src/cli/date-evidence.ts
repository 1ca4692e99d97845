import type { Instant } from '../domain/instant.ts';
import { DATE_ORDERS, type DateOrder, readingsOf } from './quote-time.ts';

/** A date of the file, and where it stands. */
export interface DateExample {
  readonly line: number;
  readonly text: string;
}

/** Fewer steps from date to date prove no order. */
const MIN_STEPS = 10;
/** Share of steps that may go the other way in a sequence; more than one step and a larger share make it none. */
const MAX_BREAKS_OF_SEQUENCE = 0.01;
const MIN_BREAKS_OF_DISORDER = 0.03;
const MAX_EXAMPLES = 3;

/** What one order makes of the dates of a file. */
interface Reading {
  readonly order: DateOrder;
  /** The first date that is one in another order and none in this. */
  misfit: DateExample | undefined;
  last: Instant | undefined;
  up: number;
  down: number;
}

export type DateVerdict =
  | { readonly order: DateOrder; readonly because: DateExample | 'sequence' | 'same' }
  | { readonly candidates: readonly DateOrder[]; readonly contradiction: readonly DateExample[] };

/** Gathers from all dates of a file that need an order which orders they can be read in. */
export class DateEvidence {
  /** Dates that the orders read differently, the first ones. */
  readonly examples: DateExample[] = [];
  #count = 0;
  readonly #readings: readonly Reading[] = DATE_ORDERS.map((order) => ({
    order,
    misfit: undefined,
    last: undefined,
    up: 0,
    down: 0,
  }));

  /** @returns an instant that one of the orders reads; undefined where the text is a date in none */
  add(line: number, text: string): Instant | undefined {
    const instants = readingsOf(text);
    const any = instants.find((at) => at !== undefined);
    if (any === undefined) return undefined;
    this.#count++;
    for (const [i, reading] of this.#readings.entries()) {
      const at = instants[i];
      if (at === undefined) reading.misfit ??= { line, text };
      else {
        if (reading.last !== undefined && at !== reading.last) reading[at > reading.last ? 'up' : 'down']++;
        reading.last = at;
      }
    }
    if (this.examples.length < MAX_EXAMPLES && this.#differ(instants)) this.examples.push({ line, text });
    return any;
  }

  /**
   * What the whole file proves; undefined where none of its dates needs an order.
   * @param hasDecimalComma whether the file writes numbers as 1.234,5: who does so never puts the month first
   */
  verdict(hasDecimalComma: boolean): DateVerdict | undefined {
    if (this.#count === 0) return undefined;
    const all = this.#readings.filter(({ misfit }) => misfit === undefined);
    const withoutMonthFirst = all.filter(({ order }) => order !== 'm/d');
    const fitting = hasDecimalComma && withoutMonthFirst.length > 0 ? withoutMonthFirst : all;
    if (fitting.length === 0) {
      // y-m-d cannot be meant by most dates: it is no part of the contradiction.
      const [dayFirst, monthFirst] = this.#readings;
      const contradiction = [dayFirst!.misfit!, monthFirst!.misfit!];
      return { candidates: ['d/m', 'm/d'], contradiction };
    }
    // One date alone makes no sequence, and years are seldom written in two digits in front.
    const isSingle = fitting.every(({ up, down }) => up + down === 0);
    const candidates = isSingle && fitting.length > 1 ? fitting.filter(({ order }) => order !== 'y-m-d') : fitting;
    const [first] = candidates;
    if (candidates.length === 1) {
      const other = this.#readings.find(({ misfit, order }) => misfit !== undefined && order !== 'y-m-d');
      return { order: first!.order, because: other?.misfit ?? 'sequence' };
    }
    if (this.examples.length === 0) return { order: first!.order, because: 'same' };
    const sequences = candidates.filter(isSequence);
    const [sequence] = sequences;
    if (sequences.length === 1 && candidates.every((each) => each === sequence || isDisorder(each))) {
      return { order: sequence!.order, because: 'sequence' };
    }
    return { candidates: candidates.map(({ order }) => order), contradiction: [] };
  }

  /** Whether orders that have fitted so far make different instants of a date. */
  #differ(instants: readonly (Instant | undefined)[]): boolean {
    const fitting = instants.filter((at, i) => at !== undefined && this.#readings[i]!.misfit === undefined);
    return fitting.some((at) => at !== fitting[0]);
  }
}

function isSequence({ up, down }: Reading): boolean {
  return up + down >= MIN_STEPS && Math.min(up, down) <= (up + down) * MAX_BREAKS_OF_SEQUENCE;
}

function isDisorder({ up, down }: Reading): boolean {
  const breaks = Math.min(up, down);
  return breaks > 1 && breaks >= (up + down) * MIN_BREAKS_OF_DISORDER;
}
