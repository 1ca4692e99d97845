import type { Candle } from '../../domain/candle.ts';
import { formatPercent, formatPrice, formatTick } from '../../domain/number-format.ts';
import { formatSeries, isSameSeries } from '../../domain/series.ts';
import { DAY_MS } from '../../domain/time.ts';
import { timeTickLine } from '../../repl/chart-scale.ts';
import { CHART_RANGES, type ChartRange } from '../../repl/grammar.ts';
import { padText, truncate } from '../../repl/table.ts';
import { lastClose } from '../rate-rows.ts';
import type { State } from '../state.ts';
import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';
import { type ChartPlot, chartPlot, plotColumn, rowOf, validCandles } from './chart-plot.ts';
import { displayText } from './display-text.ts';
import { emptyStateText, paragraphs } from './empty-state.ts';
import { keyOf } from './key-label.ts';
import { fitSegments, fitToPane, lineWidth, padLine, sliceColumns } from './line-layout.ts';
import { changeSpan, sparkline } from './price-trend.ts';
import { displayDate, displayDateTime } from './time-format.ts';

/** The columns of the frame before a title. */
const TITLE_INDENT = 2;
const TITLE_FRAME = 3;

/** Instrument and series, last price and change, and the ranges with the current one marked. */
export function chartTitle(state: State, width: number): StyledLine {
  const { instrument, range, versus, side } = state.chart;
  if (instrument === null) return fitSegments([[[span('Chart', 'title')]]], [], width);
  const row = rowOf(state, instrument);
  const series = state.chart.series ?? row?.quote ?? null;
  // The table may show another series, whose price does not belong to this chart.
  const rate = row && isSameSeries(row.quote, series) && state.chart.end === null ? row : undefined;
  const sellOrBuy = rate?.quote.sell ?? rate?.quote.buy;
  const last = (side === 'buy' ? rate?.quote.buy : sellOrBuy) ?? state.chart.candles.at(-1)?.close ?? null;
  const currency = displayText(row?.quote.currency ?? state.chart.currency);
  const stale = rate?.quote.stale ? [span(' STALE', 'warn')] : [];
  const price = last === null ? [] : [span(formatPrice(last, currency), 'strong'), ...stale];
  const sideName = sideLabel(state);
  const name = span(displayText(instrument), 'title');
  const other = versus === null ? [] : [span(' vs ', 'muted'), span(displayText(versus), 'self')];
  // The closes are those of the price that customers pay.
  const change = side === 'buy' ? span('') : changeSpan(rate && lastClose(rate, state.now), last);
  const ranges = CHART_RANGES.flatMap((each, i): StyledSpan[] => [
    ...(i === 0 ? [] : [span(' ')]),
    each === range ? span(`[${each}]`, 'accent') : span(each, 'muted'),
  ]);
  const seriesName =
    series === null || versus !== null ? [] : [span(` · ${displayText(formatSeries(series))}`, 'muted')];
  return fitSegments(
    [
      [
        [name, ...seriesName, ...other],
        [name, ...other],
      ],
      [price.length === 0 || sideName === '' ? price : [span(`${sideName} `, 'muted'), ...price], price, []],
      [change.text === '' ? [] : [change], []],
      [ranges, [span(`[${range}]`, 'accent')]],
    ],
    [1, 3, 0, 2, 1],
    width,
  );
}

/** Which price is drawn. Empty if the instrument has only one. */
function sideLabel(state: State): string {
  const quote = rowOf(state, state.chart.instrument)?.quote;
  return quote && (quote.buy === null || quote.sell === null) ? '' : state.chart.side;
}

/** The range at a column of the pane's title; the only one of a short title is the next one. */
export function rangeAt(state: State, width: number, column: number): ChartRange | undefined {
  let left = TITLE_INDENT;
  const title = chartTitle(state, width - TITLE_FRAME);
  const isShort = title.filter(({ text }) => toRange(text) !== undefined).length === 1;
  for (const { text } of title) {
    const right = left + lineWidth([span(text)]);
    const range = toRange(text);
    if (range !== undefined && column >= left && column < right) {
      return isShort ? CHART_RANGES[(CHART_RANGES.indexOf(range) + 1) % CHART_RANGES.length] : range;
    }
    left = right;
  }
  return undefined;
}

function toRange(text: string): ChartRange | undefined {
  return CHART_RANGES.find((range) => text === range || text === `[${range}]`);
}

export function chartLines(state: State, width: number, height: number): StyledLine[] {
  if (width <= 0 || height <= 0) return [];
  const { chart } = state;
  const candles = validCandles(chart.candles);
  if (candles.length === 0) return fitToPane(paragraphs(emptyChartText(state), width), state, width, height);
  const plot = chartPlot(state, width, height);
  if (!plot) return fitToPane(compactChart(state, candles, width), state, width, height);
  const selected =
    chart.crosshair === null ? undefined : candles.length - 1 - Math.min(chart.crosshair, candles.length - 1);
  const lines = [
    selected === undefined ? summaryLine(state, plot, width) : crosshairLine(state, plot, selected, width),
  ];
  const column = selected === undefined ? undefined : plotColumn(plot, selected);
  plot.rows.forEach((row, i) => {
    const drawn = column === undefined ? row : withCrosshair(row, column, plot.width, state.unicode);
    const tag = plot.tags.get(i);
    const right = plot.tagWidth === 0 || !tag ? [] : [span(' '), span(truncate(tag.text, plot.tagWidth - 1), tag.tone)];
    lines.push([...axisLabel(plot, i, state.unicode), ...drawn, ...right]);
  });
  if (plot.hasAxis) lines.push(...dateAxis(plot, selected, column, state.unicode));
  return fitToPane(lines, state, width, height);
}

function axisLabel({ axis, labelWidth, tagWidth, tags }: ChartPlot, row: number, unicode: boolean): StyledLine {
  if (labelWidth === 0) return [];
  const label = axis.labels[row]!;
  const tag = tagWidth === 0 ? tags.get(row) : undefined;
  const line = label !== '' || tag ? (unicode ? '┤' : '+') : unicode ? '│' : '|';
  if (!tag) return [span(`${padText(label, labelWidth, 'right')} ${line}`, 'muted')];
  const text = truncate(tag.text, labelWidth);
  return [...padLine([], labelWidth - lineWidth([span(text)])), span(text, tag.tone), span(` ${line}`, 'muted')];
}

/** The x axis, and its dates. */
function dateAxis(
  { labelWidth, width, ticks, candles }: ChartPlot,
  selected: number | undefined,
  column: number | undefined,
  unicode: boolean,
): StyledLine[] {
  const glyphs = unicode ? { corner: '└', base: '─', tick: '┴' } : { corner: '+', base: '-', tick: '+' };
  const marked = new Set(ticks.map((tick) => tick.column));
  const base = Array.from({ length: width }, (_, x) => (marked.has(x) ? glyphs.tick : glyphs.base)).join('');
  const indent = labelWidth === 0 ? '' : ' '.repeat(labelWidth + 1);
  const text = timeTickLine(ticks);
  return [
    [span(`${indent}${labelWidth === 0 ? '' : glyphs.corner}${base}`, 'muted')],
    [
      span(`${indent}${labelWidth === 0 ? '' : ' '}`),
      ...(selected === undefined || column === undefined
        ? [span(text, 'muted')]
        : withCrosshairDate(text, displayDate(candles[selected]!.at), column, width)),
    ],
  ];
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

const label = (name: string, text: string, tone: Tone = 'text'): StyledLine => [
  span(`${name} `, 'muted'),
  span(text, tone),
];

/** The values under the crosshair. */
function crosshairLine({ chart }: State, { axis, candles, changes }: ChartPlot, at: number, width: number): StyledLine {
  const candle = candles[at]!;
  const day = isIntraday(candles) ? displayDateTime(candle.at) : displayDate(candle.at);
  const date = [[span(day, 'strong')], [span(day.slice(5), 'strong')], []];
  if (changes) {
    const names = [chart.instrument, chart.versus];
    const values = changes.map((series, i): StyledLine => {
      const value = series.findLast((each) => each.at <= candle.at)?.value;
      return label(
        displayText(names[i] ?? ''),
        value === undefined ? '-' : axis.format(value),
        i === 0 ? 'gold' : 'self',
      );
    });
    return fitSegments([date, ...values.map((each) => [each, []])], [0, 0, 2, 1], width);
  }
  const isInMillions = axis.unitLabel.startsWith('million ');
  const exact = (value: number): string => formatPrice(value, chart.currency);
  const brief = (value: number, step: number): string => (isInMillions ? formatTick(value / 1e6, step) : exact(value));
  const change = changeSpan(candles[at - 1]?.close, candle.close);
  const tone: Tone = candle.close < candle.open ? 'down' : 'up';
  const price = (name: string, value: number): StyledLine[] => [
    label(name, exact(value), tone),
    label(name, brief(value, 0.1), tone),
    [span(name, 'muted'), span(brief(value, 1), tone)],
    [],
  ];
  const [, o, h, l, c, rise] = [0, 1, 2, 3, 4, 5];
  return fitSegments(
    [
      date,
      price('O', candle.open),
      price('H', candle.high),
      price('L', candle.low),
      price('C', candle.close),
      [change.text === '' ? [] : [change], []],
    ],
    [rise!, o!, h!, l!, c!, 0, o!, h!, l!, c!, 0, o!, h!, l!],
    width,
    ' ',
  );
}

/** What the chart covers: the change, and how far its prices go. */
function summaryLine(state: State, plot: ChartPlot, width: number): StyledLine {
  const { chart } = state;
  const { axis, changes, coverage } = plot;
  const [period, ...note] = coverage.label.split(' (');
  const to = chart.end === null ? '' : ` to ${displayDate(chart.end)}`;
  const since = ` in ${period}${to}`;
  const forms = (change: StyledSpan): StyledLine[] => [
    [change, span(`${since}${note.length === 0 ? '' : ` (${note.join(' (')}`}`, 'muted')],
    [change, span(since, 'muted')],
  ];
  const status: StyledLine[] = chart.error
    ? [[span(displayText(chart.error), 'bad')], []]
    : [chart.isLoading ? [span('loading…', 'warn')] : [], []];
  const day = coverage.endedAt === null ? '' : displayDate(coverage.endedAt);
  const ended: StyledLine[] =
    day === ''
      ? [[]]
      : [[span(`no prices since ${day}`, 'warn')], [span(`until ${day}`, 'warn')], [span(`to ${day}`, 'warn')], []];
  if (changes) {
    const names = [chart.instrument, chart.versus];
    const parts = changes.map((series, i): StyledLine => {
      const value = series.at(-1)?.value;
      return label(
        displayText(names[i] ?? ''),
        value === undefined ? '-' : axis.format(value),
        i === 0 ? 'gold' : 'self',
      );
    });
    return fitSegments(
      [...parts.map((part) => [part]), [[span(since.trim(), 'muted')], []], ended, status],
      [4, 3, 2, 3],
      width,
    );
  }
  const first = plot.candles[0]!;
  let low = first.low;
  let high = first.high;
  for (const candle of plot.candles) {
    low = Math.min(low, candle.low);
    high = Math.max(high, candle.high);
  }
  const tone: Tone = plot.lastPrice < first.close ? 'down' : plot.lastPrice > first.close ? 'up' : 'text';
  const side = sideLabel(state);
  const unit = `${axis.unitLabel}${side === '' ? '' : `, ${side}`}`;
  return fitSegments(
    [
      [[span(unit, 'muted')], [span(unit.replace('million ', 'M '), 'muted')], [span(side, 'muted')], []],
      [label('low', formatPrice(low, chart.currency)), []],
      [label('high', formatPrice(high, chart.currency)), []],
      forms(span(formatPercent(first.close, plot.lastPrice), tone)),
      ended,
      status,
    ],
    [1, 2, 0, 4, 0, 3, 4, 0, 5, 4],
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
    return emptyStateText(state, 'charts', 'chart');
  }
  if (instrument === null && state.rates.length === 0) return ['The chart of the selected rate appears here.'];
  if (instrument === null) {
    return [
      'No instrument is selected.',
      `Select one in the rates pane and press ${keyOf('openChart')}, or type CHART SJC 1y.`,
    ];
  }
  const side = state.chart.side === 'buy' ? 'buy prices' : 'prices';
  const name = displayText(instrument);
  if (isLoading) return [`Loading ${name}, ${range}…`];
  if (error !== null) return [`${name}: ${displayText(error)}`, `Press ${keyOf('refresh')} to try again.`];
  return [
    `No ${side} for ${name} in this period.`,
    ...(state.chart.end === null ? [] : [`Press ${keyOf('untilNow')} for the prices until now.`]),
    ...(state.chart.side === 'buy' ? [`Press ${keyOf('toggleSide')} for sell prices.`] : []),
    `Press ${keyOf('longerRange')} for a longer range.`,
    'To add your own prices, run "goldctl rates import FILE".',
  ];
}
