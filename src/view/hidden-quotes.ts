import type { Instant } from '../domain/instant.ts';

/** Quotes in `[from, to)` of batches before `before` are hidden. Live quotes are batch 0. */
export interface Removal {
  readonly from: Instant;
  readonly to: Instant;
  /** The removal, correction or replacing import that hides them. */
  readonly before: number;
}

export interface HiddenState {
  /** Imports that were undone. */
  readonly undone: readonly number[];
  readonly removals: readonly Removal[];
  /** No quote of the series, hidden or not, is newer. */
  readonly newest: Instant;
}

/** Which quotes of one series do not count: those of imports that were undone, and those in removed ranges. */
export class HiddenQuotes {
  readonly state: HiddenState;
  readonly #undone: ReadonlySet<number>;

  constructor(state: HiddenState) {
    this.state = state;
    this.#undone = new Set(state.undone);
  }

  covers(at: Instant, batch: number): boolean {
    if (this.#undone.has(batch)) return true;
    return this.state.removals.some(({ from, to, before }) => at >= from && at < to && batch < before);
  }

  isUndone(batch: number): boolean {
    return this.#undone.has(batch);
  }

  /** How far the removals reach into `[from, to)`: over none of it, all of it or a part, for quotes of one batch. */
  coverage(from: Instant, to: Instant, batch: number): 'none' | 'all' | 'part' {
    let coverage: 'none' | 'part' = 'none';
    for (const removal of this.state.removals) {
      if (batch >= removal.before || removal.to <= from || removal.from >= to) continue;
      if (removal.from <= from && removal.to >= to) return 'all';
      coverage = 'part';
    }
    return coverage;
  }
}

export const NOTHING_HIDDEN: HiddenState = { undone: [], removals: [], newest: Number.NEGATIVE_INFINITY };

export function withRemoval(state: HiddenState, removal: Removal): HiddenState {
  const isKnown = state.removals.some(
    ({ from, to, before }) => before === removal.before && from === removal.from && to === removal.to,
  );
  return isKnown ? state : { ...state, removals: [...state.removals, removal] };
}

/**
 * The state when a batch counts no longer, or counts again.
 * @param removals the ranges that the batch hides where it counts
 */
export function withUndone(
  state: HiddenState,
  batch: number,
  undone: boolean,
  removals: readonly Removal[],
): HiddenState {
  const others = state.undone.filter((each) => each !== batch);
  const otherRemovals = state.removals.filter(({ before }) => before !== batch);
  return undone
    ? { ...state, undone: [...others, batch], removals: otherRemovals }
    : { ...state, undone: others, removals: [...otherRemovals, ...removals] };
}
