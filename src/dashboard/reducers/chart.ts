import { isSameSeries } from '../../domain/series.ts';
import { sanitizeText } from '../../domain/text.ts';
import { CHART_RANGES } from '../../repl/grammar.ts';
import { chartRangeMs, EARLIEST_MS } from '../../repl/rate-history.ts';
import type { ActionOf, Step } from '../action.ts';
import { rangeAt } from '../presentation/chart-pane.ts';
import { candleAt } from '../presentation/chart-plot.ts';
import { type ChartRequest, type ChartState, chartRequest, type State } from '../state.ts';
import { neighbour, step, withNotice } from './step.ts';

/** What can be asked of a chart. */
type ChartChoice = Pick<ChartState, 'instrument' | 'range' | 'end' | 'side' | 'versus'>;

/** Shows another instrument, range or side. Another instrument is shown until now, and not compared. */
export function openChart(state: State, wanted: Partial<ChartChoice>): Step {
  const { chart } = state;
  const isOther = wanted.instrument !== undefined && wanted.instrument !== chart.instrument;
  const next = { ...chart, ...(isOther ? { end: null, versus: null } : {}), ...wanted };
  const request = chartRequest(next);
  if (request === null) return step(state);
  return isShown(request, chart) && chart.error === null ? step(state) : loadChart({ ...state, chart: next });
}

/** Loads the chart again from the beginning. */
export function loadChart(state: State): Step {
  const request = chartRequest(state.chart);
  if (request === null) return step(state);
  const empty = { series: null, candles: [], versusCandles: [], isLoading: true, error: null, crosshair: null };
  return step({ ...state, chart: { ...state.chart, ...empty } }, { type: 'loadChart', ...request });
}

function isShown(request: ChartRequest, chart: ChartState): boolean {
  const shown = chartRequest(chart);
  if (shown === null) return false;
  return (['instrument', 'range', 'side', 'end', 'versus'] as const).every((each) => request[each] === shown[each]);
}

export function onCandles(state: State, action: ActionOf<'candles'>): Step {
  const { chart, choices } = state;
  const { instrument, choice, series, candles, currency, unit, versusCandles = [], versusError } = action;
  if (!isShown(action, chart)) return step(state);
  if (!isSameSeries(choice, choices.get(instrument) ?? null)) return step(state);
  const last = candles.length - 1;
  const crosshair = chart.crosshair === null || last < 0 ? null : Math.min(chart.crosshair, last);
  const versus = versusError === undefined ? chart.versus : null;
  const loaded = { series, candles, currency, unit, versus, versusCandles, isLoading: false, error: null, crosshair };
  const after = { ...state, chart: { ...chart, ...loaded } };
  return step(versusError === undefined ? after : withNotice(after, versusError, 'bad'));
}

export function onChartFailed(state: State, action: ActionOf<'chartFailed'>): Step {
  const { chart } = state;
  if (!isShown(action, chart)) return step(state);
  return step({ ...state, chart: { ...chart, isLoading: false, error: action.message } });
}

export function moveCrosshair(state: State, by: 1 | -1): Step {
  const { chart } = state;
  if (chart.candles.length === 0) return step(state);
  const index = chart.crosshair === null ? 0 : chart.crosshair + by;
  const crosshair = Math.min(Math.max(index, 0), chart.candles.length - 1);
  return step({ ...state, chart: { ...chart, crosshair } });
}

/** @param index of the range, from the shortest one (0) */
export function chooseRange(state: State, index: number): Step {
  const range = CHART_RANGES[index];
  return range === undefined ? step(state) : openChart(state, { range });
}

/** Shows a shorter or a longer range. */
export function zoomRange(state: State, by: 1 | -1): Step {
  return openChart(state, { range: neighbour(CHART_RANGES, state.chart.range, by, false) });
}

/** Moves the chart by half its range; at most to now. */
export function moveChartEnd(state: State, by: 1 | -1): Step {
  const { end, range } = state.chart;
  const rangeMs = chartRangeMs(range);
  if (rangeMs === undefined || (end === null && by > 0)) return step(state);
  const wanted = (end ?? state.now) + (by * rangeMs) / 2;
  if (wanted - rangeMs < EARLIEST_MS) return step(state);
  return openChart(state, { end: wanted >= state.now ? null : wanted });
}

/** Switches between the price that customers pay and the one that they get. */
export function toggleSide(state: State): Step {
  const { instrument, side } = state.chart;
  if (instrument === null) return step(state);
  const quote = state.rates.find((row) => row.quote.instrument === instrument)?.quote;
  if (side === 'sell' && quote !== undefined && (quote.buy === null || quote.sell === null)) {
    return step(withNotice(state, `${sanitizeText(instrument)} has only one price.`, 'info'));
  }
  return openChart(state, { side: side === 'sell' ? 'buy' : 'sell' });
}

/** Compares with the next or previous instrument of the list, or with none. */
export function compareWithNext(state: State, by: 1 | -1): Step {
  const { instrument, versus } = state.chart;
  if (instrument === null) return step(state);
  const others = state.rates.map(({ quote }) => quote.instrument).filter((id) => id !== instrument);
  return openChart(state, { versus: neighbour([null, ...others], versus, by) });
}

export function clickChart(state: State, { row, column, width, height }: ActionOf<'click'>): Step {
  if (row < 0) {
    const range = rangeAt(state, width, column);
    return range === undefined ? step(state) : openChart(state, { range });
  }
  const crosshair = candleAt(state, width, height, column);
  return step(crosshair === undefined ? state : { ...state, chart: { ...state.chart, crosshair } });
}
