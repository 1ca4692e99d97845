import type { Candle } from '../../domain/candle.ts';
import { formatPercent, formatPrice, formatTick } from '../../domain/number-format.ts';
import { formatSeries, isSameSeries } from '../../domain/series.ts';
import { CHART_RANGES } from '../../repl/grammar.ts';
import { computePriceAxis, drawPriceLine, formatDateAxis, type PriceAxis } from '../../repl/line-chart.ts';
import { padText } from '../../repl/table.ts';
import type { ChartState, State } from '../state.ts';
import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';
import { bucketIndex, candleColumn, candleRows, groupCandles } from './candle-chart.ts';
import { displayText } from './display-text.ts';
import { emptyStateText, paragraphs } from './empty-state.ts';
import { keyOf } from './key-label.ts';
import { fitSegments, fitToPane, sliceColumns } from './line-layout.ts';
import { changeSpan, sparkline } from './price-trend.ts';
import { simulatedBadge } from './simulated.ts';
import { displayDate, displayDateTime } from './time-format.ts';

const DAY_MS = 24 * 3_600_000;

/** Instrument and series, last price and change, and the ranges with the current one marked. */
export function chartTitle(state: State, width: number): StyledLine {
  const { instrument, range } = state.chart;
  if (instrument === null) return fitSegments([[[span('Chart', 'title')]], [simulatedBadge(state), []]], [1], width);
  const row = state.rates.find(({ quote }) => quote.instrument === instrument);
  const series = state.chart.series ?? row?.quote ?? null;
  // The table may show another series, whose price does not belong to this chart.
  const rate = row && isSameSeries(row.quote, series) ? row : undefined;
  const last = rate ? (rate.quote.sell ?? rate.quote.buy) : (state.chart.candles.at(-1)?.close ?? null);
  const currency = displayText(row?.quote.currency ?? state.chart.currency);
  const stale = rate?.quote.stale ? [span(' STALE', 'warn')] : [];
  const price = last === null ? [] : [span(formatPrice(last, currency), 'strong'), ...stale];
  const name = span(displayText(instrument), 'title');
  const change = changeSpan(rate?.closes.at(-1), last);
  const ranges = CHART_RANGES.flatMap((each, i): StyledSpan[] => [
    ...(i === 0 ? [] : [span(' ')]),
    each === range ? span(`[${each}]`, 'accent') : span(each, 'muted'),
  ]);
  return fitSegments(
    [
      [series ? [name, span(` · ${displayText(formatSeries(series))}`, 'muted')] : [name], [name]],
      [price, []],
      [change.text === '' ? [] : [change], []],
      [ranges, [span(`[${range}]`, 'accent')]],
      [simulatedBadge(state), []],
    ],
    [3, 0, 4, 2, 1],
    width,
  );
}

export function chartLines(state: State, width: number, height: number): StyledLine[] {
  if (width <= 0 || height <= 0) return [];
  const { chart } = state;
  const candles = validCandles(chart);
  if (candles.length === 0) return fitToPane(paragraphs(emptyChartText(state), width), state, width, height);
  const plot = plotGeometry(state, width, height);
  if (!plot) return fitToPane(compactChart(state, candles, width), state, width, height);
  const lines = [summaryLine(state, candles, plot, width)];
  const selected =
    chart.crosshair === null ? undefined : candles.length - 1 - Math.min(chart.crosshair, candles.length - 1);
  const column = selected === undefined ? undefined : plotColumn(plot, candles, selected);
  const { scale, labelWidth } = plot;
  const axis = state.unicode
    ? { tick: '┤', line: '│', corner: '└', base: '─' }
    : { tick: '+', line: '|', corner: '+', base: '-' };
  plotRows(plot, candles, chart, state.unicode).forEach((row, i) => {
    const label = scale.labels[i]!;
    const left =
      labelWidth === 0
        ? []
        : [span(`${padText(label, labelWidth, 'right')} ${label ? axis.tick : axis.line}`, 'muted')];
    lines.push([...left, ...(column === undefined ? row : withCrosshair(row, column, plot.width, state.unicode))]);
  });
  if (plot.hasAxis) {
    const indent = ' '.repeat(labelWidth === 0 ? 0 : labelWidth + 1);
    lines.push([span(`${indent}${labelWidth === 0 ? '' : axis.corner}${axis.base.repeat(plot.width)}`, 'muted')]);
    const [first, last] = [candles[0]!.at, candles.at(-1)!.at];
    const text = isKnownDate(first) && isKnownDate(last) ? formatDateAxis(first, last, plot.width) : '';
    lines.push([
      span(`${indent}${labelWidth === 0 ? '' : ' '}`),
      ...(selected === undefined || column === undefined
        ? [span(text, 'muted')]
        : withCrosshairDate(text, displayDate(candles[selected]!.at), column, plot.width)),
    ]);
  }
  return fitToPane(lines, state, width, height);
}

/** The index of the candle at a column of the pane, from the newest one (0); undefined: there is no drawing. */
export function candleAt(state: State, width: number, height: number, column: number): number | undefined {
  const candles = validCandles(state.chart);
  const plot = candles.length === 0 ? undefined : plotGeometry(state, width, height);
  if (!plot) return undefined;
  const wanted = column - (plot.labelWidth === 0 ? 0 : plot.labelWidth + 2);
  let nearest: number | undefined;
  let minDistance = Number.POSITIVE_INFINITY;
  for (let i = 0; i < candles.length; i++) {
    const distance = Math.abs(plotColumn(plot, candles, i) - wanted);
    if (distance <= minDistance) [minDistance, nearest] = [distance, i];
  }
  return nearest === undefined ? undefined : candles.length - 1 - nearest;
}

/** The area of the price line within the pane's content, and its data. */
export interface PlotArea extends Pick<PlotGeometry, 'width' | 'height'> {
  readonly left: number;
  readonly top: number;
  readonly low: number;
  readonly high: number;
  readonly candles: readonly Candle[];
}

/** Undefined: there is no line, or a crosshair covers it. */
export function plotArea(state: State, width: number, height: number): PlotArea | undefined {
  const { mode, crosshair, isLoading } = state.chart;
  const candles = validCandles(state.chart);
  if (mode !== 'line' || crosshair !== null || isLoading || candles.length < 2) return undefined;
  const plot = plotGeometry(state, width, height);
  if (!plot) return undefined;
  const { low, high } = plot.scale;
  return {
    left: plot.labelWidth === 0 ? 0 : plot.labelWidth + 2,
    top: 1,
    width: plot.width,
    height: plot.height,
    low,
    high,
    candles,
  };
}

/** Drops candles with values that would break the arithmetic. */
function validCandles({ candles }: ChartState): readonly Candle[] {
  const isValid = ({ at, open, high, low, close }: Candle): boolean =>
    [at, open, high, low, close].every((value) => Number.isFinite(value) && Math.abs(value) < 1e18);
  return candles.every(isValid) ? candles : candles.filter(isValid);
}

const isKnownDate = (at: number): boolean => displayDate(at) !== '-';

interface PlotGeometry {
  /** The size of the drawing, without labels. */
  readonly width: number;
  readonly height: number;
  /** The columns of the labels; 0: there is no room for them. */
  readonly labelWidth: number;
  /** Whether there is an axis with dates below the drawing. */
  readonly hasAxis: boolean;
  readonly scale: PriceAxis;
  readonly mode: ChartState['mode'];
  /** The drawn candles, grouped if there are more of them than columns. */
  readonly drawn: readonly Candle[];
}

/** Undefined: there is no room for a drawing. */
function plotGeometry({ chart }: State, width: number, height: number): PlotGeometry | undefined {
  if (width < 12 || height < 4) return undefined;
  const candles = validCandles(chart);
  const hasAxis = height >= 8;
  const rows = height - 1 - (hasAxis ? 2 : 0);
  const isLine = chart.mode === 'line';
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const candle of candles) {
    low = Math.min(low, isLine ? candle.close : candle.low);
    high = Math.max(high, isLine ? candle.close : candle.high);
  }
  const scale = computePriceAxis(low, high, rows, displayText(chart.currency), displayText(chart.unit));
  const labelWidth = width - scale.labelWidth - 2 >= 10 ? scale.labelWidth : 0;
  const columns = width - (labelWidth === 0 ? 0 : labelWidth + 2);
  const drawn = isLine ? candles : groupCandles(candles, columns);
  return { width: columns, height: rows, labelWidth, hasAxis, scale, mode: chart.mode, drawn };
}

function plotColumn(plot: PlotGeometry, candles: readonly Candle[], i: number): number {
  if (plot.mode === 'candles') {
    return candleColumn(bucketIndex(i, candles.length, plot.drawn.length), plot.drawn.length, plot.width);
  }
  const [first, last] = [candles[0]!.at, candles.at(-1)!.at];
  const fraction = last > first ? (candles[i]!.at - first) / (last - first) : 1;
  return Math.min(plot.width - 1, Math.max(0, Math.floor(fraction * plot.width)));
}

function plotRows(plot: PlotGeometry, candles: readonly Candle[], chart: ChartState, unicode: boolean): StyledLine[] {
  const { width, height, scale } = plot;
  if (plot.mode === 'candles') return candleRows(plot.drawn, scale, { width, height, unicode });
  const tone: Tone = chart.isLoading ? 'muted' : 'gold';
  return drawPriceLine(candles, scale, { width, height, unicode }).map((line) => [span(line, tone)]);
}

/** Draws the crosshair in a row: a line in an empty cell, else the drawn glyph highlighted. */
function withCrosshair(row: StyledLine, column: number, width: number, unicode: boolean): StyledLine {
  const cell = sliceColumns(row, column, column + 1)[0]?.text ?? ' ';
  const isBlank = cell.trim() === '' || cell === '\u2800';
  return [
    ...sliceColumns(row, 0, column),
    span(isBlank ? (unicode ? '│' : ':') : cell, 'strong'),
    ...sliceColumns(row, column + 1, width),
  ];
}

/** Adds the date under the crosshair to the labels of the x axis, and drops the labels that it would touch. */
function withCrosshairDate(text: string, day: string, column: number, width: number): StyledLine {
  const left = Math.max(0, Math.min(column - Math.floor(day.length / 2), width - day.length));
  const row = text.padEnd(width);
  const before = row.slice(0, left).replace(/\S+(?: \S+)?$/, (label) => ' '.repeat(label.length));
  const after = row.slice(left + day.length).replace(/^(?:\S+ )?\S+/, (label) => ' '.repeat(label.length));
  return [span(before, 'muted'), span(day, 'strong'), span(after, 'muted')];
}

/** The values under the crosshair, or a summary of the chart. */
function summaryLine({ chart }: State, candles: readonly Candle[], { scale }: PlotGeometry, width: number): StyledLine {
  const { currency } = chart;
  const label = (name: string, text: string, tone: Tone = 'text'): StyledLine => [
    span(`${name} `, 'muted'),
    span(text, tone),
  ];
  if (chart.crosshair !== null) {
    const at = candles.length - 1 - Math.min(chart.crosshair, candles.length - 1);
    const candle = candles[Math.max(0, at)]!;
    const isInMillions = scale.unitLabel.startsWith('million ');
    const exact = (value: number): string => formatPrice(value, currency);
    const brief = (value: number, step: number): string =>
      isInMillions ? formatTick(value / 1e6, step) : exact(value);
    const change = changeSpan(candles[at - 1]?.close, candle.close);
    const tone: Tone = candle.close < candle.open ? 'down' : 'up';
    const day = isIntraday(candles) ? displayDateTime(candle.at) : displayDate(candle.at);
    const price = (name: string, value: number): StyledLine[] => [
      label(name, exact(value), tone),
      label(name, brief(value, 0.1), tone),
      [span(name, 'muted'), span(brief(value, 1), tone)],
      [],
    ];
    const [date, o, h, l, c, rise] = [0, 1, 2, 3, 4, 5];
    return fitSegments(
      [
        [[span(day, 'strong')], [span(day.slice(5), 'strong')], []],
        price('O', candle.open),
        price('H', candle.high),
        price('L', candle.low),
        price('C', candle.close),
        [change.text === '' ? [] : [change], []],
      ],
      [rise, o, h, l, c, date, o, h, l, c, date, o, h, l],
      width,
      ' ',
    );
  }
  const [first, last] = [candles[0]!, candles.at(-1)!];
  let low = first.low;
  let high = first.high;
  for (const candle of candles) {
    low = Math.min(low, candle.low);
    high = Math.max(high, candle.high);
  }
  const tone: Tone = last.close < first.close ? 'down' : last.close > first.close ? 'up' : 'text';
  const status: StyledLine[] = chart.error
    ? [[span(displayText(chart.error), 'bad')], []]
    : [chart.isLoading ? [span('loading…', 'warn')] : [], []];
  return fitSegments(
    [
      [[span(scale.unitLabel, 'muted')], [span(scale.unitLabel.replace('million ', 'M '), 'muted')], []],
      [label('low', formatPrice(low, currency)), []],
      [label('high', formatPrice(high, currency)), []],
      [label(`in ${chart.range}`, formatPercent(first.close, last.close), tone), []],
      status,
    ],
    [1, 2, 0, 3, 0],
    width,
  );
}

function isIntraday(candles: readonly Candle[]): boolean {
  const [first, second] = [candles.at(-2), candles.at(-1)];
  return first !== undefined && second !== undefined && second.at - first.at < DAY_MS;
}

/** For a pane without room for a drawing. */
function compactChart({ chart, unicode }: State, candles: readonly Candle[], width: number): StyledLine[] {
  const [first, last] = [candles[0]!, candles.at(-1)!];
  const closes = candles.map(({ close }) => close);
  return [
    [span(formatPrice(last.close, chart.currency), 'strong')],
    [changeSpan(first.close, last.close), span(` in ${chart.range}`, 'muted')],
    [span(sparkline(closes, width, unicode), 'gold')],
  ];
}

function emptyChartText(state: State): string[] {
  const { instrument, range, isLoading, error } = state.chart;
  if (state.connection.phase !== 'online' || (state.member === null && instrument === null && !state.hasLoadedRates)) {
    return emptyStateText(state, 'charts');
  }
  if (instrument === null) {
    return [
      'No instrument is selected.',
      `Select one in the rates pane and press ${keyOf('openChart')}, or type CHART SJC 1y.`,
    ];
  }
  const name = displayText(instrument);
  if (isLoading) return [`Loading ${name}, ${range}…`];
  if (error !== null) return [`${name}: ${displayText(error)}`, `Press ${keyOf('refresh')} to try again.`];
  return [
    `No prices for ${name} in this period.`,
    `Press ${keyOf('longerRange')} for a longer range.`,
    'To add your own prices, run "goldctl rates import FILE".',
  ];
}
