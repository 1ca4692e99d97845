import type { Candle } from '../../domain/candle.ts';
import { formatPercent, formatPrice, formatTick } from '../../domain/figures.ts';
import { sameSeries, seriesName } from '../../domain/series.ts';
import { dates, drawLine, type Scale, scaleOf } from '../../repl/chart.ts';
import { RANGES } from '../../repl/grammar.ts';
import { pad } from '../../repl/table.ts';
import type { ChartState, State } from '../state.ts';
import { type Span, type StyledLine, span, type Tone } from '../styled.ts';
import { bucketOf, candleColumn, candleRows, grouped } from './candles.ts';
import { changeSpan } from './change.ts';
import { sentences, waiting } from './empty.ts';
import { keyFor } from './keycap.ts';
import { finish, slice, squeeze } from './lines.ts';
import { dayOf, minuteOf } from './moment.ts';
import { simulatedMark } from './simulated.ts';
import { sparkline } from './spark.ts';
import { safe } from './text.ts';

const DAY = 24 * 3_600_000;

/** The instrument and the shown series, its last price and change, and the ranges with the shown one marked. */
export function title(state: State, width: number): StyledLine {
  const { instrument, range } = state.chart;
  if (instrument === null) return squeeze([[[span('Chart', 'title')]], [simulatedMark(state), []]], [1], width);
  const listed = state.rates.find(({ quote }) => quote.instrument === instrument);
  const series = state.chart.series ?? listed?.quote ?? null;
  // The price of another series is not that of the chart.
  const rate = listed && sameSeries(listed.quote, series) ? listed : undefined;
  const last = rate ? (rate.quote.sell ?? rate.quote.buy) : (state.chart.candles.at(-1)?.close ?? null);
  const currency = safe(listed?.quote.currency ?? state.chart.currency);
  const stale = rate?.quote.stale ? [span(' STALE', 'warn')] : [];
  const price = last === null ? [] : [span(formatPrice(last, currency), 'strong'), ...stale];
  const name = span(safe(instrument), 'title');
  const change = changeSpan(rate?.closes.at(-1), last);
  const ranges = RANGES.flatMap((each, i): Span[] => [
    ...(i === 0 ? [] : [span(' ')]),
    each === range ? span(`[${each}]`, 'accent') : span(each, 'muted'),
  ]);
  return squeeze(
    [
      [series ? [name, span(` · ${safe(seriesName(series))}`, 'muted')] : [name], [name]],
      [price, []],
      [change.text === '' ? [] : [change], []],
      [ranges, [span(`[${range}]`, 'accent')]],
      [simulatedMark(state), []],
    ],
    [3, 0, 4, 2, 1],
    width,
  );
}

export function chart(state: State, width: number, height: number): StyledLine[] {
  if (width <= 0 || height <= 0) return [];
  const { chart } = state;
  const candles = usable(chart);
  if (candles.length === 0) return finish(sentences(emptyTexts(state), width), state, width, height);
  const plot = plotOf(state, width, height);
  if (!plot) return finish(small(state, candles, width), state, width, height);
  const lines = [topLine(state, candles, plot, width)];
  const at = chart.crosshair === null ? undefined : candles.length - 1 - Math.min(chart.crosshair, candles.length - 1);
  const column = at === undefined ? undefined : columnOf(plot, candles, at);
  const { scale, margin } = plot;
  const axis = state.unicode
    ? { tick: '┤', line: '│', corner: '└', floor: '─' }
    : { tick: '+', line: '|', corner: '+', floor: '-' };
  rowsOf(plot, candles, chart, state.unicode).forEach((row, i) => {
    const label = scale.labels[i]!;
    const left = margin === 0 ? [] : [span(`${pad(label, margin, 'right')} ${label ? axis.tick : axis.line}`, 'muted')];
    lines.push([...left, ...(column === undefined ? row : crossed(row, column, plot.width, state.unicode))]);
  });
  if (plot.floor) {
    const indent = ' '.repeat(margin === 0 ? 0 : margin + 1);
    lines.push([span(`${indent}${margin === 0 ? '' : axis.corner}${axis.floor.repeat(plot.width)}`, 'muted')]);
    const [first, last] = [candles[0]!.at, candles.at(-1)!.at];
    const text = known(first) && known(last) ? dates(first, last, plot.width) : '';
    lines.push([
      span(`${indent}${margin === 0 ? '' : ' '}`),
      ...(at === undefined || column === undefined
        ? [span(text, 'muted')]
        : dated(text, dayOf(candles[at]!.at), column, plot.width)),
    ]);
  }
  return finish(lines, state, width, height);
}

/** The candle that stands in a column of the pane, counted from the newest one (0); undefined where there is none. */
export function candleAt(state: State, width: number, height: number, column: number): number | undefined {
  const candles = usable(state.chart);
  const plot = candles.length === 0 ? undefined : plotOf(state, width, height);
  if (!plot) return undefined;
  const wanted = column - (plot.margin === 0 ? 0 : plot.margin + 2);
  let nearest: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < candles.length; i++) {
    const away = Math.abs(columnOf(plot, candles, i) - wanted);
    if (away <= least) [least, nearest] = [away, i];
  }
  return nearest === undefined ? undefined : candles.length - 1 - nearest;
}

/** Where the line is drawn, in the content of the pane, and what it is drawn from. */
export interface PlotArea extends Pick<Plot, 'width' | 'height'> {
  readonly left: number;
  readonly top: number;
  readonly low: number;
  readonly high: number;
  readonly candles: readonly Candle[];
}

/** Undefined where there is no line, or a crosshair lies over it. */
export function plotArea(state: State, width: number, height: number): PlotArea | undefined {
  const { mode, crosshair, loading } = state.chart;
  const candles = usable(state.chart);
  if (mode !== 'line' || crosshair !== null || loading || candles.length < 2) return undefined;
  const plot = plotOf(state, width, height);
  if (!plot) return undefined;
  const { low, high } = plot.scale;
  return {
    left: plot.margin === 0 ? 0 : plot.margin + 2,
    top: 1,
    width: plot.width,
    height: plot.height,
    low,
    high,
    candles,
  };
}

/** A candle that no arithmetic can do anything with is left out. */
function usable({ candles }: ChartState): readonly Candle[] {
  const fine = ({ at, open, high, low, close }: Candle): boolean =>
    [at, open, high, low, close].every((value) => Number.isFinite(value) && Math.abs(value) < 1e18);
  return candles.every(fine) ? candles : candles.filter(fine);
}

const known = (at: number): boolean => dayOf(at) !== '-';

interface Plot {
  /** Of the drawing alone, without labels. */
  readonly width: number;
  readonly height: number;
  /** Columns of the labels; 0: there is no room for them. */
  readonly margin: number;
  /** Whether an axis and dates stand below. */
  readonly floor: boolean;
  readonly scale: Scale;
  readonly mode: ChartState['mode'];
  /** What is drawn: candles are joined where there are more of them than columns. */
  readonly shown: readonly Candle[];
}

/** Undefined where there is no room for a drawing. */
function plotOf({ chart }: State, width: number, height: number): Plot | undefined {
  if (width < 12 || height < 4) return undefined;
  const candles = usable(chart);
  const floor = height >= 8;
  const rows = height - 1 - (floor ? 2 : 0);
  const isLine = chart.mode === 'line';
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const candle of candles) {
    low = Math.min(low, isLine ? candle.close : candle.low);
    high = Math.max(high, isLine ? candle.close : candle.high);
  }
  const scale = scaleOf(low, high, rows, safe(chart.currency), safe(chart.unit));
  const margin = width - scale.margin - 2 >= 10 ? scale.margin : 0;
  const columns = width - (margin === 0 ? 0 : margin + 2);
  const shown = isLine ? candles : grouped(candles, columns);
  return { width: columns, height: rows, margin, floor, scale, mode: chart.mode, shown };
}

function columnOf(plot: Plot, candles: readonly Candle[], i: number): number {
  if (plot.mode === 'candles') {
    return candleColumn(bucketOf(i, candles.length, plot.shown.length), plot.shown.length, plot.width);
  }
  const [first, last] = [candles[0]!.at, candles.at(-1)!.at];
  const part = last > first ? (candles[i]!.at - first) / (last - first) : 1;
  return Math.min(plot.width - 1, Math.max(0, Math.floor(part * plot.width)));
}

function rowsOf(plot: Plot, candles: readonly Candle[], chart: ChartState, unicode: boolean): StyledLine[] {
  const { width, height, scale } = plot;
  if (plot.mode === 'candles') return candleRows(plot.shown, scale, { width, height, unicode });
  const tone: Tone = chart.loading ? 'muted' : 'gold';
  return drawLine(candles, scale, { width, height, unicode }).map((line) => [span(line, tone)]);
}

/** A vertical line through what is empty of a row; what is drawn there stands out. */
function crossed(row: StyledLine, column: number, width: number, unicode: boolean): StyledLine {
  const cell = slice(row, column, column + 1)[0]?.text ?? ' ';
  const blank = cell.trim() === '' || cell === '\u2800';
  return [
    ...slice(row, 0, column),
    span(blank ? (unicode ? '│' : ':') : cell, 'strong'),
    ...slice(row, column + 1, width),
  ];
}

/** The labels of the x axis with a day under the crosshair; a label that it would touch gives way. */
function dated(text: string, day: string, column: number, width: number): StyledLine {
  const left = Math.max(0, Math.min(column - Math.floor(day.length / 2), width - day.length));
  const row = text.padEnd(width);
  const before = row.slice(0, left).replace(/\S+(?: \S+)?$/, (label) => ' '.repeat(label.length));
  const after = row.slice(left + day.length).replace(/^(?:\S+ )?\S+/, (label) => ' '.repeat(label.length));
  return [span(before, 'muted'), span(day, 'strong'), span(after, 'muted')];
}

/** The values under the crosshair, else what the chart amounts to. */
function topLine({ chart }: State, candles: readonly Candle[], { scale }: Plot, width: number): StyledLine {
  const { currency } = chart;
  const label = (name: string, text: string, tone: Tone = 'text'): StyledLine => [
    span(`${name} `, 'muted'),
    span(text, tone),
  ];
  if (chart.crosshair !== null) {
    const at = candles.length - 1 - Math.min(chart.crosshair, candles.length - 1);
    const candle = candles[Math.max(0, at)]!;
    const short = scale.measure.startsWith('million ');
    const figure = (value: number): string => formatPrice(value, currency);
    const brief = (value: number, step: number): string => (short ? formatTick(value / 1e6, step) : figure(value));
    const change = changeSpan(candles[at - 1]?.close, candle.close);
    const tone: Tone = candle.close < candle.open ? 'down' : 'up';
    const day = isIntraday(candles) ? minuteOf(candle.at) : dayOf(candle.at);
    const price = (name: string, value: number): StyledLine[] => [
      label(name, figure(value), tone),
      label(name, brief(value, 0.1), tone),
      [span(name, 'muted'), span(brief(value, 1), tone)],
      [],
    ];
    const [date, o, h, l, c, rise] = [0, 1, 2, 3, 4, 5];
    return squeeze(
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
  const news: StyledLine[] = chart.error
    ? [[span(safe(chart.error), 'bad')], []]
    : [chart.loading ? [span('reading…', 'warn')] : [], []];
  return squeeze(
    [
      [[span(scale.measure, 'muted')], [span(scale.measure.replace('million ', 'M '), 'muted')], []],
      [label('low', formatPrice(low, currency)), []],
      [label('high', formatPrice(high, currency)), []],
      [label(`in ${chart.range}`, formatPercent(first.close, last.close), tone), []],
      news,
    ],
    [1, 2, 0, 3, 0],
    width,
  );
}

function isIntraday(candles: readonly Candle[]): boolean {
  const [first, second] = [candles.at(-2), candles.at(-1)];
  return first !== undefined && second !== undefined && second.at - first.at < DAY;
}

/** For a pane that has no room for a drawing. */
function small({ chart, unicode }: State, candles: readonly Candle[], width: number): StyledLine[] {
  const [first, last] = [candles[0]!, candles.at(-1)!];
  const closes = candles.map(({ close }) => close);
  return [
    [span(formatPrice(last.close, chart.currency), 'strong')],
    [changeSpan(first.close, last.close), span(` in ${chart.range}`, 'muted')],
    [span(sparkline(closes, width, unicode), 'gold')],
  ];
}

function emptyTexts(state: State): string[] {
  const { instrument, range, loading, error } = state.chart;
  if (state.link.phase !== 'online' || (state.member === null && instrument === null && !state.ratesLoaded)) {
    return waiting(state, 'charts');
  }
  if (instrument === null) {
    return [
      'No instrument is chosen.',
      `Choose one of the rates and press ${keyFor('openChart')}, or type CHART SJC 1y.`,
    ];
  }
  const name = safe(instrument);
  if (loading) return [`Reading ${name}, ${range}…`];
  if (error !== null) return [`${name}: ${safe(error)}`, `${keyFor('refresh')} reads it anew.`];
  return [
    `No price of ${name} was noted in ${range}.`,
    `${keyFor('longerRange')} shows a longer range.`,
    '"goldctl rates import FILE" brings in prices that you have.',
  ];
}
