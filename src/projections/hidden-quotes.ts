import type { EpochMs } from '../domain/time.ts';

/** Hides quotes in `[from, to)` of batches before `before`. Live quotes are batch 0. */
export interface Removal {
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** The removal, correction or replacing import that hides them. */
  readonly before: number;
}

export interface HiddenState {
  readonly undone: readonly number[];
  readonly removals: readonly Removal[];
  readonly newest: EpochMs;
}

/** The quotes of one series that are ignored: those of undone imports, and those in removed ranges. */
export class HiddenQuotes {
  readonly state: HiddenState;
  readonly #undone: ReadonlySet<number>;

  constructor(state: HiddenState) {
    this.state = state;
    this.#undone = new Set(state.undone);
  }

  isHidden(at: EpochMs, batch: number): boolean {
    if (this.#undone.has(batch)) return true;
    return this.state.removals.some(({ from, to, before }) => at >= from && at < to && batch < before);
  }

  isUndone(batch: number): boolean {
    return this.#undone.has(batch);
  }

  /** Whether removals cover none, all or a part of `[from, to)` for quotes of one batch. */
  coverage(from: EpochMs, to: EpochMs, batch: number): 'none' | 'all' | 'part' {
    let coverage: 'none' | 'part' = 'none';
    for (const removal of this.state.removals) {
      if (batch >= removal.before || removal.to <= from || removal.from >= to) continue;
      if (removal.from <= from && removal.to >= to) return 'all';
      coverage = 'part';
    }
    return coverage;
  }
}

export const NONE_HIDDEN: HiddenState = { undone: [], removals: [], newest: Number.NEGATIVE_INFINITY };

export function withRemoval(state: HiddenState, removal: Removal): HiddenState {
  const isKnown = state.removals.some(
    ({ from, to, before }) => before === removal.before && from === removal.from && to === removal.to,
  );
  return isKnown ? state : { ...state, removals: [...state.removals, removal] };
}

/**
 * The state after a batch was undone or redone.
 * @param removals ranges that the batch hides while it is not undone
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
