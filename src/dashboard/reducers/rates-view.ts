import type { Step } from '../action.ts';
import type { KeyCommand } from '../key-bindings.ts';
import { shownRates } from '../rate-rows.ts';
import { type RatesView, SORT_COLUMNS, type SortColumn, type State } from '../state.ts';
import { openChart } from './chart.ts';
import { step, withNotice } from './step.ts';

const MAX_FILTER_LENGTH = 64;
const MAX_WATCHED_INSTRUMENTS = 200;
/** Of these columns, the largest value is the most interesting one. */
const DESCENDING_COLUMNS: ReadonlySet<SortColumn | null> = new Set(['buy', 'sell', 'change'] as const);

/** Whether keys are typed into the filter of the rates. */
export function isTypingFilter({ focus, ratesView }: Pick<State, 'focus' | 'ratesView'>): boolean {
  return focus === 'rates' && ratesView.isTyping;
}

function withView(state: State, change: Partial<RatesView>): State {
  return { ...state, ratesView: { ...state.ratesView, ...change } };
}

/** Goes through the columns from left to right, then back to the order without a sort column. */
export function sortByNextColumn(state: State): Step {
  const { sortBy } = state.ratesView;
  const next = SORT_COLUMNS[sortBy === null ? 0 : SORT_COLUMNS.indexOf(sortBy) + 1] ?? null;
  return step(withView(state, { sortBy: next, isDescending: DESCENDING_COLUMNS.has(next) }));
}

export function reverseSort(state: State): Step {
  const { sortBy, isDescending } = state.ratesView;
  return step(withView(state, { sortBy: sortBy ?? 'name', isDescending: !isDescending }));
}

export function startFilter(state: State): Step {
  return step(withView(state, { isTyping: true }));
}

export function insertInFilter(state: State, text: string): Step {
  const filter = (state.ratesView.filter + text.replace(/\p{Cc}/gu, '')).slice(0, MAX_FILTER_LENGTH);
  return step(withShownSelection(withView(state, { filter })));
}

/** Enter keeps the filter and charts the selected instrument. */
export function submitFilter(state: State): Step {
  const after = withView(state, { isTyping: false, filter: state.ratesView.filter.trim() });
  return after.selected === null ? step(after) : openChart(after, { instrument: after.selected });
}

export function clearFilter(state: State): Step {
  return step(withView(state, { filter: '', isTyping: false }));
}

export function editFilter(state: State, command: KeyCommand): Step {
  const { filter } = state.ratesView;
  switch (command) {
    case 'deleteBack':
      return step(withShownSelection(withView(state, { filter: [...filter].slice(0, -1).join('') })));
    case 'deleteToStart':
      return step(withShownSelection(withView(state, { filter: '' })));
    default:
      return step(state);
  }
}

/** Selects the next or previous rate that the filter shows. Wraps around the ends. */
export function selectMatch(state: State, by: 1 | -1): Step {
  if (state.ratesView.filter === '') {
    return step(withNotice(state, 'There is no filter. Type / and a part of a name, provider or company.', 'info'));
  }
  const rows = shownRates(state);
  if (rows.length === 0) return step(state);
  const index = rows.findIndex(({ quote }) => quote.instrument === state.selected);
  const next = index < 0 ? (by === 1 ? 0 : rows.length - 1) : (index + by + rows.length) % rows.length;
  const { instrument } = rows[next]!.quote;
  return openChart({ ...state, selected: instrument }, { instrument });
}

/** Adds the selected instrument to the end of the watch list, or removes it. */
export function toggleWatched(state: State): Step {
  const { selected, watchList } = state;
  if (selected === null) return step(state);
  const isWatched = watchList.includes(selected);
  if (!isWatched && watchList.length >= MAX_WATCHED_INSTRUMENTS) {
    return step(withNotice(state, `The watch list is full: ${MAX_WATCHED_INSTRUMENTS} instruments.`, 'bad'));
  }
  const instruments = isWatched ? watchList.filter((each) => each !== selected) : [...watchList, selected];
  const isEmptied = instruments.length === 0 && state.ratesView.isWatchListOnly;
  const after = withView({ ...state, watchList: instruments }, isEmptied ? { isWatchListOnly: false } : {});
  const text = `${selected} ${isWatched ? 'is no longer on' : 'is on'} your watch list.`;
  return step(withShownSelection(withNotice(after, text, 'info')), { type: 'saveWatchList', instruments });
}

/** Shows the watch list only, or all rates again. */
export function toggleWatchListOnly(state: State): Step {
  if (state.watchList.length === 0) {
    return step(withNotice(state, 'Your watch list is empty. w adds the selected instrument to it.', 'info'));
  }
  return step(withShownSelection(withView(state, { isWatchListOnly: !state.ratesView.isWatchListOnly })));
}

/** Another sign-in has another list. */
export function withWatchList(state: State, instruments: readonly string[]): State {
  const isWatchListOnly = state.ratesView.isWatchListOnly && instruments.length > 0;
  return withView({ ...state, watchList: instruments.slice(0, MAX_WATCHED_INSTRUMENTS) }, { isWatchListOnly });
}

/** Selects the first shown rate if the selected one is not shown. */
function withShownSelection(state: State): State {
  const rows = shownRates(state);
  if (rows.length === 0 || rows.some(({ quote }) => quote.instrument === state.selected)) return state;
  return { ...state, selected: rows[0]!.quote.instrument };
}
