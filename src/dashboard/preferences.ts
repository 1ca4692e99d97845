import { CHART_RANGES } from '../repl/grammar.ts';
import { type State, THEME_NAMES } from './state.ts';

/** What the dashboard remembers between runs, on this machine. */
export interface Preferences {
  readonly theme: State['theme'];
  readonly instrument: string | null;
  readonly range: State['chart']['range'];
  readonly chart: State['chart']['mode'];
}

const MAX_TEXT_LENGTH = 64;

export function preferencesOf({ theme, selected, chart }: State): Preferences {
  return { theme, instrument: selected, range: chart.range, chart: chart.mode };
}

/** The state with what was remembered. Values that do not fit are ignored. */
export function withPreferences(state: State, remembered: unknown): State {
  if (typeof remembered !== 'object' || remembered === null) return state;
  const { theme, instrument, range, chart } = remembered as Partial<Record<keyof Preferences, unknown>>;
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' && value.length <= MAX_TEXT_LENGTH ? value : undefined;
  return {
    ...state,
    theme: THEME_NAMES.find((name) => name === theme) ?? state.theme,
    selected: text(instrument) ?? state.selected,
    chart: {
      ...state.chart,
      range: CHART_RANGES.find((each) => each === range) ?? state.chart.range,
      mode: (['line', 'candles'] as const).find((mode) => mode === chart) ?? state.chart.mode,
    },
  };
}
