import type { Effect, Step } from '../action.ts';
import type { Notice, State } from '../state.ts';

export const step = (state: State, ...effects: Effect[]): Step => ({ state, effects });

export function effectIf(isWanted: boolean, effect: Effect): Effect[] {
  return isWanted ? [effect] : [];
}

export function withNotice(state: State, text: string, tone: Notice['tone']): State {
  return { ...state, notice: { text, tone, at: state.now } };
}

/** The previous or next item of a list. It wraps around the ends unless `wraps` is false. */
export function neighbour<T>(list: readonly T[], current: T, by: 1 | -1, wraps = true): T {
  const index = list.indexOf(current) + by;
  if (wraps) return list[(index + list.length) % list.length]!;
  return list[Math.min(Math.max(index, 0), list.length - 1)]!;
}
