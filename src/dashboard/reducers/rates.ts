import { seriesId } from '../../domain/quote.ts';
import { formatSeries, isSameSeries, toSeries } from '../../domain/series.ts';
import { sanitizeText } from '../../domain/text.ts';
import type { ActionOf, Step, Trend } from '../action.ts';
import { compareByMarket, shownRates } from '../rate-rows.ts';
import { chartRequest, type PriceSide, type RateQuote, type RateRow, type State, withSeriesChoice } from '../state.ts';
import { loadChart, openChart } from './chart.ts';
import { effectIf, step, withNotice } from './step.ts';

export function onRates(state: State, quotes: readonly RateQuote[]): Step {
  const before = new Map(state.rates.map((row) => [row.quote.instrument, row]));
  const rates = quotes
    .map((quote): RateRow => {
      const known = before.get(quote.instrument);
      return known ? withQuote(known, quote) : { quote, closes: [], movedAt: null };
    })
    .sort(compareByMarket);
  const kept = rates.some(({ quote }) => quote.instrument === state.selected) ? state.selected : null;
  const selected = kept ?? rates[0]?.quote.instrument ?? null;
  const after = { ...state, rates, hasLoadedRates: true, selected };
  if (selected !== null && state.chart.instrument === null) return openChart(after, { instrument: selected });
  // A chart of an instrument that is not in the list (CHART of an alias) is left alone.
  const { instrument, series } = state.chart;
  const request = chartRequest(state.chart);
  const row = rates.find(({ quote }) => quote.instrument === instrument);
  const isOtherChart = row !== undefined && series !== null && !isSameSeries(row.quote, series);
  const isOtherTrend = rates.some(({ quote }) => !isSameSeries(before.get(quote.instrument)?.quote ?? null, quote));
  return step(
    after,
    ...effectIf(isOtherTrend && state.hasLoadedRates, { type: 'loadTrends' }),
    ...(isOtherChart && request ? [{ type: 'loadChart', ...request } as const] : []),
  );
}

/**
 * Applies a new quote of any series. Only the daemon decides which series is shown, so the list is read again
 * where the quote may change that.
 */
export function onQuote(state: State, quote: RateQuote): Step {
  const index = state.rates.findIndex((row) => row.quote.instrument === quote.instrument);
  const before = state.rates[index];
  if (!before) {
    const row: RateRow = { quote, closes: [], movedAt: state.now };
    const rates = [...state.rates, row].sort(compareByMarket);
    return step({ ...state, rates, selected: state.selected ?? quote.instrument }, { type: 'loadRates' });
  }
  const hasChoice = state.choices.has(quote.instrument);
  if (!isSameSeries(before.quote, quote)) {
    return step(state, ...effectIf(before.quote.stale && !hasChoice, { type: 'loadRates' }));
  }
  const movedSides = (['buy', 'sell'] satisfies PriceSide[]).filter((side) => quote[side] !== before.quote[side]);
  const row: RateRow =
    movedSides.length === 0 ? { ...before, quote } : { ...before, quote, movedAt: state.now, movedSides };
  // An older quote means that an import was undone or quotes were removed: the closes may include them.
  const isOlder = quote.at < before.quote.at;
  return step(
    { ...state, rates: state.rates.with(index, row) },
    ...effectIf(isOlder || quote.stale || before.quote.stale, { type: 'loadRates' }),
    ...effectIf(isOlder, { type: 'loadTrends' }),
  );
}

/** Replaces the quote of a row. The closes of another series do not belong to it. */
function withQuote(row: RateRow, quote: RateQuote): RateRow {
  if (isSameSeries(row.quote, quote)) return { ...row, quote };
  return { quote, closes: [], movedAt: null };
}

/** Gives each row the closes of its series. */
export function withTrends(state: State, trends: readonly Trend[]): State {
  // A daemon that does not name the series means the reference series.
  const known = new Map(trends.map((trend) => [trendKey(trend), trend.closes]));
  const closesOf = ({ quote }: RateRow): readonly number[] => {
    const { instrument } = quote;
    return known.get(seriesId(quote)) ?? (state.choices.has(instrument) ? [] : (known.get(instrument) ?? []));
  };
  return { ...state, rates: state.rates.map((row) => ({ ...row, closes: closesOf(row) })) };
}

function trendKey({ instrument, series }: Trend): string {
  return series ? seriesId({ instrument, ...series }) : instrument;
}

export function moveSelectedRate(state: State, by: number): Step {
  const rows = shownRates(state);
  if (rows.length === 0) return step(state);
  const index = rows.findIndex(({ quote }) => quote.instrument === state.selected) + by;
  const { instrument } = rows[Math.min(Math.max(index, 0), rows.length - 1)]!.quote;
  return openChart({ ...state, selected: instrument }, { instrument });
}

export function requestSeries(state: State, by: 1 | -1): Step {
  const { instrument } = state.chart;
  return instrument === null ? step(state) : step(state, { type: 'loadSeries', instrument, by });
}

/** Shows the next or previous series. The list wraps around to the reference series, which needs no choice. */
export function onSeries(state: State, { asked, quotes, by }: ActionOf<'series'>): Step {
  const [reference] = quotes;
  if (asked !== state.chart.instrument || !reference) return step(state);
  const { instrument } = reference;
  const all = quotes.filter((quote) => quote.instrument === instrument);
  if (all.length === 1) {
    const name = sanitizeText(formatSeries(reference));
    return step(withNotice(state, `${sanitizeText(instrument)} has only one series: ${name}.`, 'info'));
  }
  const choice = state.choices.get(instrument) ?? null;
  const from = all.findIndex((quote) => isSameSeries(quote, choice));
  const to = (Math.max(0, from) + by + all.length) % all.length;
  const quote = all[to]!;
  const series = to === 0 ? null : toSeries(quote);
  const rates = state.rates.map((row) => (row.quote.instrument === instrument ? withQuote(row, quote) : row));
  const choices = withSeriesChoice(state.choices, instrument, series);
  const name = `${sanitizeText(instrument)}: ${sanitizeText(formatSeries(quote))} (${to + 1} of ${all.length})`;
  const chosen = withNotice({ ...state, rates, choices }, name, 'info');
  const { state: after, effects } = loadChart({ ...chosen, chart: { ...chosen.chart, instrument } });
  return step(after, ...effects, { type: 'loadTrends' }, { type: 'saveChoice', instrument, series });
}
