import type { Candle } from '../../domain/candle.ts';
import { defined } from '../../domain/defined.ts';
import { isSameSeries } from '../../domain/series.ts';
import { DAY_MS, type EpochMs } from '../../domain/time.ts';
import {
  type Coverage,
  columnOfTime,
  describeCoverage,
  gapThresholdMs,
  type TimeTick,
  type TimeWindow,
  timeTicks,
} from '../../repl/chart-scale.ts';
import { compareInPercent } from '../../repl/comparison.ts';
import {
  brailleMasks,
  type ColumnRange,
  closesOf,
  columnRanges,
  computePercentAxis,
  computePriceAxis,
  extentOf,
  type PriceAxis,
  type TimedValue,
  valueToRow,
} from '../../repl/line-chart.ts';
import { chartWindow } from '../../repl/rate-history.ts';
import { displayWidth } from '../../repl/text-width.ts';
import type { ChartState, RateRow, State } from '../state.ts';
import type { StyledLine, Tone } from '../styled-text.ts';
import { type CandleLayout, drawCandles, layoutCandles } from './candle-chart.ts';
import { CellGrid } from './cell-grid.ts';
import { displayText } from './display-text.ts';
import { type ReferenceLine, referenceLines } from './reference-lines.ts';
import { displayDate } from './time-format.ts';

/** On a smaller pane, the tag of the last price takes the place of a label of the y axis. */
const MIN_WIDTH_FOR_TAGS = 48;
const MIN_PLOT_COLUMNS = 10;
const MAX_TAG_COLUMNS = 14;
/** Columns from one dot of the grid to the next. */
const GRID_PITCH = 2;

/** A line of a chart: for each column of dots (two per cell), the lowest and highest value. */
export interface PlotLayer {
  readonly tone: Tone;
  readonly ranges: readonly (ColumnRange | undefined)[];
}

/** A text at the price axis, highlighted. */
export interface PriceTag {
  readonly text: string;
  readonly tone: Tone;
}

/** Everything about the drawing of a chart that does not depend on the crosshair. */
export interface ChartPlot {
  /** The size of the drawing, without labels. */
  readonly width: number;
  readonly height: number;
  /** The columns of the labels on the left; 0: there is no room for them. */
  readonly labelWidth: number;
  /** The columns of the tags on the right; 0: there is no room for them. */
  readonly tagWidth: number;
  /** Whether there is an axis with dates below the drawing. */
  readonly hasAxis: boolean;
  readonly axis: PriceAxis;
  readonly window: TimeWindow;
  readonly ticks: readonly TimeTick[];
  readonly coverage: Coverage;
  readonly candles: readonly Candle[];
  /** Where candles are drawn, in that mode. */
  readonly layout: CandleLayout | undefined;
  /** Changes in percent of the two instruments, if two are compared. */
  readonly changes: readonly [readonly TimedValue[], readonly TimedValue[]] | undefined;
  readonly lastPrice: number;
  /** From bottom to top; empty in other modes. */
  readonly layers: readonly PlotLayer[];
  /** Tags by row of the drawing. */
  readonly tags: ReadonlyMap<number, PriceTag>;
  readonly rows: readonly StyledLine[];
}

/** One per chart: a frame asks several times for the same plot. */
const plots = new WeakMap<ChartState, { readonly key: string; readonly plot: ChartPlot | undefined }>();

/** Undefined: there is no room for a drawing, or nothing to draw. */
export function chartPlot(state: State, width: number, height: number): ChartPlot | undefined {
  const candles = validCandles(state.chart.candles);
  if (candles.length === 0 || width < 12 || height < 4) return undefined;
  const window = plotWindow(state, candles, width);
  const live = livePrice(state, window);
  const references = referenceLines(state);
  const versusUntil = state.chart.end === null ? observedUntil(rowOf(state, state.chart.versus), window) : undefined;
  const key = JSON.stringify([width, height, window, live, versusUntil, references, isCurrent(state), state.unicode]);
  const known = plots.get(state.chart);
  if (known?.key === key) return known.plot;
  const plot = computePlot(state, candles, { width, height, window, live, versusUntil, references });
  plots.set(state.chart, { key, plot });
  return plot;
}

/** Drops candles with values that would break the arithmetic. */
export function validCandles(candles: readonly Candle[]): readonly Candle[] {
  const isValid = ({ at, open, high, low, close }: Candle): boolean =>
    [at, open, high, low, close].every((value) => Number.isFinite(value) && Math.abs(value) < 1e18);
  return candles.every(isValid) ? candles : candles.filter(isValid);
}

/** Without an end, it moves on by whole columns of dots, so that the drawing does not change with every second. */
function plotWindow({ chart, now }: State, candles: readonly Candle[], width: number): TimeWindow {
  const begin = chart.versusCandles.length > 0 ? [candles[0]!, chart.versusCandles[0]!] : [candles[0]!];
  const first = begin.reduce((a, b) => (b.at < a.at ? b : a));
  if (chart.end !== null) return chartWindow(chart.range, chart.end, [first]);
  const latest = Math.max(now, candles.at(-1)!.at);
  const spanOf = ({ from, to }: TimeWindow): number => to - from;
  const roundUp = (at: EpochMs, ms: number): EpochMs => Math.ceil(at / ms) * ms;
  if (chart.range === 'all') return chartWindow('all', roundUp(latest, DAY_MS), [first]);
  const columnMs = Math.max(1000, Math.ceil(spanOf(chartWindow(chart.range, latest, [])) / (width * 2)));
  return chartWindow(chart.range, roundUp(latest, columnMs), [first]);
}

interface LivePrice extends TimedValue {
  /** How long the price was observed. */
  readonly until: EpochMs;
}

/** The newest price of the charted series: the history that was loaded may not have it yet. */
function livePrice(state: State, window: TimeWindow): LivePrice | undefined {
  const { chart } = state;
  const row = rowOf(state, chart.instrument);
  if (!row || chart.end !== null || (chart.series !== null && !isSameSeries(row.quote, chart.series))) return undefined;
  const { quote } = row;
  const value = chart.side === 'buy' ? quote.buy : (quote.sell ?? quote.buy);
  if (value === null || !Number.isFinite(value) || Math.abs(value) >= 1e18) return undefined;
  return { at: quote.at, value, until: observedUntil(row, window)! };
}

/** Until when the price of a row was observed; rounded, so that a confirmation does not change the drawing. */
function observedUntil(row: RateRow | undefined, { from, to }: TimeWindow): EpochMs | undefined {
  const columnMs = (to - from) / 1000;
  return row && Math.min(to, Math.ceil(row.quote.checkedAt / columnMs) * columnMs);
}

export function rowOf({ rates }: State, instrument: string | null): RateRow | undefined {
  return rates.find(({ quote }) => quote.instrument === instrument);
}

interface PlotInput {
  readonly width: number;
  readonly height: number;
  readonly window: TimeWindow;
  readonly live: LivePrice | undefined;
  readonly versusUntil: EpochMs | undefined;
  readonly references: readonly ReferenceLine[];
}

function computePlot(state: State, candles: readonly Candle[], input: PlotInput): ChartPlot | undefined {
  const { chart } = state;
  const { window, live } = input;
  const hasAxis = input.height >= 8;
  const height = input.height - 1 - (hasAxis ? 2 : 0);
  const versus = validCandles(chart.versusCandles);
  const isCandles = chart.mode === 'candles' && versus.length === 0;
  const last = candles.at(-1)!;
  const isNewer = live !== undefined && live.at >= last.at;
  const values = isNewer ? [...closesOf(candles), live] : closesOf(candles);
  const lastPrice = values.at(-1)!.value;
  const changes = versus.length > 0 ? compareInPercent(values, closesOf(versus)) : undefined;
  const axis = changes
    ? computePercentAxis(...extentOf(changes.flat()), height)
    : computePriceAxis(
        ...extentOfPrices(candles, values, isCandles),
        height,
        displayText(chart.currency),
        displayText(chart.unit),
      );
  const wanted = changes ? changeTags(state, axis, changes) : [lastPriceTag(state, axis, lastPrice)];
  // Tags on the right if there is room for them, else over the labels on the left.
  const widestTag = Math.min(MAX_TAG_COLUMNS, Math.max(...wanted.map(({ text }) => displayWidth(text))));
  const tagWidth = input.width >= MIN_WIDTH_FOR_TAGS ? widestTag + 1 : 0;
  const labelled = Math.max(axis.labelWidth, tagWidth === 0 && !changes ? widestTag : 0);
  const labelWidth = input.width - tagWidth - labelled - 2 >= MIN_PLOT_COLUMNS ? labelled : 0;
  const width = input.width - tagWidth - (labelWidth === 0 ? 0 : labelWidth + 2);
  const until = live?.until;
  const coverage = describeCoverage(changes?.[0] ?? values, window, chart.range, until);
  const layout = isCandles ? layoutCandles(candles, window, width) : undefined;
  const rangesOf = (series: readonly TimedValue[], end: EpochMs | undefined): (ColumnRange | undefined)[] =>
    columnRanges(series, window, width * 2, { gapMs: gapThresholdMs(series), ...defined({ until: end }) });
  const layers: PlotLayer[] = isCandles
    ? []
    : changes
      ? [
          { tone: 'self', ranges: rangesOf(changes[1], input.versusUntil) },
          { tone: 'gold', ranges: rangesOf(changes[0], until) },
        ]
      : [{ tone: chart.isLoading ? 'muted' : 'gold', ranges: rangesOf(values, until) }];
  const references = changes ? [] : input.references.filter(({ price }) => price >= axis.low && price <= axis.high);
  const tags = new Map<number, PriceTag>();
  const rowOfValue = (value: number): number => valueToRow(value, axis.low, axis.high, height);
  const referenceTags = references.map(({ price, label, tone }) => ({ value: price, text: label, tone }));
  // Names do not fit over the labels on the left.
  for (const { value, ...tag } of tagWidth > 0 ? [...wanted, ...referenceTags] : changes ? [] : wanted) {
    const row = rowOfValue(value);
    if (!tags.has(row)) tags.set(row, tag);
  }
  const ticks = hasAxis ? timeTicks(window, width) : [];
  const grid = new CellGrid(width, height);
  drawGrid(grid, axis, ticks, state.unicode);
  drawReferences(grid, references, axis, state.unicode);
  if (layout) drawCandles(grid, layout, axis, state.unicode);
  for (const layer of layers) drawLayer(grid, layer, axis, state.unicode);
  drawEnd(grid, coverage, window);
  return {
    width,
    height,
    labelWidth,
    tagWidth,
    hasAxis,
    axis,
    window,
    ticks,
    coverage,
    candles,
    layout,
    changes,
    lastPrice,
    layers,
    tags,
    rows: grid.toLines(),
  };
}

/** Whether the last price of the chart is the current one. */
function isCurrent(state: State): boolean {
  const row = rowOf(state, state.chart.instrument);
  return state.connection.phase === 'online' && state.chart.end === null && row !== undefined && !row.quote.stale;
}

type ValueTag = PriceTag & { readonly value: number };

function lastPriceTag(state: State, axis: PriceAxis, value: number): ValueTag {
  return { value, text: axis.format(value), tone: isCurrent(state) ? 'accent' : 'muted' };
}

/** The last changes of two instruments that are compared, with their names. */
function changeTags({ chart }: State, axis: PriceAxis, changes: NonNullable<ChartPlot['changes']>): ValueTag[] {
  return changes.map((series, i) => {
    const value = series.at(-1)?.value ?? 0;
    const name = displayText((i === 0 ? chart.instrument : chart.versus) ?? '');
    return { value, text: `${name} ${axis.format(value)}`, tone: i === 0 ? ('gold' as const) : ('self' as const) };
  });
}

function extentOfPrices(
  candles: readonly Candle[],
  values: readonly TimedValue[],
  isCandles: boolean,
): [low: number, high: number] {
  let [low, high] = extentOf(values);
  if (!isCandles) return [low, high];
  for (const candle of candles) {
    low = Math.min(low, candle.low);
    high = Math.max(high, candle.high);
  }
  return [low, high];
}

/** Faint dots along the round prices and dates. */
function drawGrid(grid: CellGrid, { labels }: PriceAxis, ticks: readonly TimeTick[], unicode: boolean): void {
  const dot = unicode ? '⠂' : '.';
  for (let y = 0; y < grid.height; y++) {
    if (labels[y] === '') for (const { column } of ticks) grid.set(column, y, dot, 'grid');
    else for (let x = 0; x < grid.width; x += GRID_PITCH) grid.set(x, y, dot, 'grid');
  }
}

function drawReferences(grid: CellGrid, lines: readonly ReferenceLine[], axis: PriceAxis, unicode: boolean): void {
  for (const { price, tone } of lines.toReversed()) {
    // Braille has four rows of dots per cell, so that the line is where its price is.
    const dot = valueToRow(price, axis.low, axis.high, grid.height * (unicode ? 4 : 1));
    const glyph = unicode ? ['⠉', '⠒', '⠤', '⣀'][dot % 4]! : '-';
    const row = unicode ? dot >> 2 : dot;
    for (let x = 0; x < grid.width; x += GRID_PITCH) grid.set(x, row, glyph, tone);
  }
}

function drawLayer(grid: CellGrid, { tone, ranges }: PlotLayer, axis: PriceAxis, unicode: boolean): void {
  if (unicode) {
    grid.addDots(brailleMasks(ranges, axis, grid), tone);
    return;
  }
  const level = tone === 'self' ? 'o' : '*';
  for (let x = 0; x < grid.width; x++) {
    const pair = ranges.slice(x * 2, x * 2 + 2).flatMap((range) => range ?? []);
    if (pair.length === 0) continue;
    const top = valueToRow(Math.max(...pair), axis.low, axis.high, grid.height);
    const bottom = valueToRow(Math.min(...pair), axis.low, axis.high, grid.height);
    for (let y = top; y <= bottom; y++) grid.set(x, y, top === bottom || level === 'o' ? level : '|', tone);
  }
}

/** Says in the empty part of a chart since when there are no prices. */
function drawEnd(grid: CellGrid, { endedAt }: Coverage, window: TimeWindow): void {
  if (endedAt === null) return;
  const left = columnOfTime(endedAt, window, grid.width) + 2;
  const texts = ['no prices', `since ${displayDate(endedAt)}`];
  const width = Math.max(...texts.map((text) => text.length));
  if (grid.width - left < width || grid.height < texts.length) return;
  const top = Math.floor((grid.height - texts.length) / 2);
  const start = left + Math.floor((grid.width - left - width) / 2);
  for (const [i, text] of texts.entries())
    grid.write(start + Math.floor((width - text.length) / 2), top + i, text, 'warn');
}

/** The column of a candle in the drawing. */
export function plotColumn({ layout, candles, window, width }: ChartPlot, i: number): number {
  const column = layout ? layout.columnOf[i]! : columnOfTime(candles[i]!.at, window, width);
  return Math.min(width - 1, Math.max(0, column));
}

/** The index of the candle at a column of the pane, from the newest one (0); undefined: there is no drawing. */
export function candleAt(state: State, width: number, height: number, column: number): number | undefined {
  const plot = chartPlot(state, width, height);
  if (!plot) return undefined;
  const wanted = column - plotLeft(plot);
  let nearest = 0;
  let minDistance = Number.POSITIVE_INFINITY;
  for (let i = 0; i < plot.candles.length; i++) {
    const distance = Math.abs(plotColumn(plot, i) - wanted);
    if (distance <= minDistance) [minDistance, nearest] = [distance, i];
  }
  return plot.candles.length - 1 - nearest;
}

/** The first column of the drawing in the pane. */
export function plotLeft({ labelWidth }: ChartPlot): number {
  return labelWidth === 0 ? 0 : labelWidth + 2;
}

/** The area of a chart's lines within the pane's content, and the lines. */
export interface PlotArea extends Pick<ChartPlot, 'width' | 'height' | 'layers' | 'axis'> {
  readonly left: number;
  readonly top: number;
}

/** Undefined: there is no line, or a crosshair covers it. */
export function plotArea(state: State, width: number, height: number): PlotArea | undefined {
  if (state.chart.crosshair !== null) return undefined;
  const plot = chartPlot(state, width, height);
  if (!plot || plot.layers.length === 0) return undefined;
  return { left: plotLeft(plot), top: 1, width: plot.width, height: plot.height, layers: plot.layers, axis: plot.axis };
}
