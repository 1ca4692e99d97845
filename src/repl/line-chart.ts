import type { Candle } from '../domain/candle.ts';
import { formatFixed } from '../domain/number-format.ts';
import { joinSafe, repeatSafe, type SafeText, safeText, trimSafeEnd } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import type { EpochMs } from '../domain/time.ts';
import {
  columnOfTime,
  decimalsOfStep,
  gapThresholdMs,
  roundTicks,
  type TimeWindow,
  timeTickLine,
  timeTicks,
} from './chart-scale.ts';
import { padText } from './table.ts';

const MIN_CHART_SIZE = { width: 24, height: 4 };
/** Dots of a braille cell: rows from the top, left and right column. */
export const BRAILLE_DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** The lowest and the highest value of the line in one column of dots. */
export type ColumnRange = readonly [low: number, high: number];

/** A value from an instant on. */
export interface TimedValue {
  readonly at: EpochMs;
  readonly value: number;
}

export const closesOf = (candles: readonly Candle[]): TimedValue[] =>
  candles.map(({ at, close }) => ({ at, value: close }));

/**
 * Places values, oldest first, in `columns` columns of equal duration. A value is held until the next one, because that
 * price was still valid, and a column covers all its values. Columns in a gap and outside of the data are undefined.
 * @param gapMs a value is not held over such a distance
 * @param until how long the last value is held
 */
export function columnRanges(
  values: readonly TimedValue[],
  window: TimeWindow,
  columns: number,
  { gapMs, until = Number.NEGATIVE_INFINITY }: { readonly gapMs: number; readonly until?: EpochMs },
): (ColumnRange | undefined)[] {
  const ranges = new Array<ColumnRange | undefined>(Math.max(0, columns)).fill(undefined);
  const cover = (column: number, value: number): void => {
    const before = ranges[column];
    ranges[column] = before ? [Math.min(before[0], value), Math.max(before[1], value)] : [value, value];
  };
  const last = values.length - 1;
  for (let i = 0; i <= last; i++) {
    const { at, value } = values[i]!;
    const end = i === last ? Math.min(until, window.to) : values[i + 1]!.at;
    const isHeld = i === last ? end > at : end - at <= gapMs;
    const from = columnOfTime(at, window, columns);
    const to = isHeld ? columnOfTime(end, window, columns) : from;
    for (let x = Math.max(0, from); x <= Math.min(columns - 1, to); x++) cover(x, value);
  }
  return ranges;
}

/** The y axis of a chart: its range, and a label for each chart row (empty if the row has none). */
export interface PriceAxis {
  readonly low: number;
  readonly high: number;
  readonly labels: readonly SafeText[];
  readonly labelWidth: number;
  readonly unitLabel: SafeText;
  /** Formats a value in the style of the labels, with at least as many decimals. */
  readonly format: (value: number) => SafeText;
}

/** Computes a y axis from `low` to `high` over `height` rows, with round labels; VND is shown in millions. */
export function computePriceAxis(low: number, high: number, height: number, currency: string, unit: string): PriceAxis {
  const millions = currency === 'VND' && high >= 1_000_000;
  const divisor = millions ? 1_000_000 : 1;
  const unitLabel = safeText`${millions ? 'million ' : ''}${sanitizeText(currency)}/${sanitizeText(unit)}`;
  return computeAxis(low, high, height, unitLabel, divisor, formatFixed);
}

/** A y axis of changes in percent. */
export function computePercentAxis(low: number, high: number, height: number): PriceAxis {
  return computeAxis(low, high, height, safeText`percent`, 1, (value, decimals) => {
    const text = formatFixed(value, decimals);
    return safeText`${value > 0 && /[1-9]/.test(text) ? '+' : ''}${text}%`;
  });
}

function computeAxis(
  low: number,
  high: number,
  height: number,
  unitLabel: SafeText,
  divisor: number,
  format: (value: number, decimals: number) => SafeText,
): PriceAxis {
  if (!(low < high)) {
    const around = Math.abs(low) * 0.005 || 1; // draw a price that never changed as a line in the middle
    [low, high] = [low - around, low + around];
  }
  const { values, step } = axisTicks(low / divisor, high / divisor, height);
  const decimals = decimalsOfStep(step);
  const labels = new Array<SafeText>(Math.max(0, height)).fill(safeText``);
  for (const value of values) {
    const row = valueToRow(value * divisor, low, high, height);
    if (labels[row] === '') labels[row] = format(value, decimals);
  }
  const finest = Math.max(decimals, decimalsOfStep(roundTicks(0, (high - low) / divisor, 400).step));
  return {
    low,
    high,
    labels,
    labelWidth: Math.max(0, ...labels.map((label) => label.length)),
    unitLabel,
    format: (value) => format(value / divisor, finest),
  };
}

/** About one tick every three rows, and two at least. */
function axisTicks(low: number, high: number, height: number): ReturnType<typeof roundTicks> {
  const count = Math.min(8, Math.max(3, Math.floor(height / 2.5)));
  const ticks = roundTicks(low, high, count);
  return ticks.values.length < 2 && height >= 4 ? roundTicks(low, high, count + 1) : ticks;
}

/** Draws only the line: `height` rows of `width` characters, in braille or ASCII. */
export function drawPriceLine(
  ranges: readonly (ColumnRange | undefined)[],
  { low, high }: Pick<PriceAxis, 'low' | 'high'>,
  { width, height, unicode }: { width: number; height: number; unicode: boolean },
): SafeText[] {
  if (!unicode) return drawAscii(ranges, width, height, low, high);
  return brailleMasks(ranges, { low, high }, { width, height }).map((row) =>
    joinSafe(
      Array.from(row, (dots) => (dots === 0 ? safeText` ` : sanitizeText(String.fromCharCode(0x2800 + dots)))),
      '',
    ),
  );
}

interface ChartSize {
  readonly width: number;
  readonly height: number;
  readonly unicode: boolean;
}

/** Renders closing prices as a line chart of about `width` x `height` characters, with axis and dates. */
export function renderLineChart(
  candles: readonly Candle[],
  window: TimeWindow,
  options: ChartSize & { readonly currency: string; readonly unit: string },
): SafeText[] {
  if (candles.length === 0) return [];
  const { unicode } = options;
  const values = closesOf(candles);
  const height = plotHeight(options);
  const scale = computePriceAxis(...extentOf(values), height, options.currency, options.unit);
  const width = plotWidth(options, scale);
  const ranges = columnRanges(values, window, unicode ? width * 2 : width, { gapMs: gapThresholdMs(candles) });
  return withAxes(drawPriceLine(ranges, scale, { width, height, unicode }), scale, window, width, unicode);
}

/** Renders two series in percent. The second one is drawn with `o`, which needs no colour. */
export function renderComparisonChart(
  [a, b]: readonly [readonly TimedValue[], readonly TimedValue[]],
  window: TimeWindow,
  options: ChartSize,
): SafeText[] {
  const { unicode } = options;
  const height = plotHeight(options);
  const scale = computePercentAxis(...extentOf([...a, ...b]), height);
  const width = plotWidth(options, scale);
  const rangesOf = (values: readonly TimedValue[], columns: number): (ColumnRange | undefined)[] =>
    columnRanges(values, window, columns, { gapMs: gapThresholdMs(values) });
  const first = drawPriceLine(rangesOf(a, unicode ? width * 2 : width), scale, { width, height, unicode });
  const second = drawAscii(rangesOf(b, width), width, height, scale.low, scale.high, [safeText`o`, safeText`o`]);
  const lines = first.map((line, row) =>
    joinSafe(
      Array.from(line, (cell, x) =>
        second[row]![x] === 'o' ? safeText`o` : cell === ' ' ? safeText` ` : sanitizeText(cell),
      ),
      '',
    ),
  );
  return withAxes(lines, scale, window, width, unicode);
}

const plotHeight = ({ height }: ChartSize): number => Math.max(MIN_CHART_SIZE.height, Math.floor(height) - 3);
const plotWidth = ({ width }: ChartSize, { labelWidth }: PriceAxis): number =>
  Math.max(MIN_CHART_SIZE.width, Math.floor(width)) - labelWidth - 2;

/** The lowest and the highest value. */
export function extentOf(values: readonly TimedValue[]): [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { value } of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [0, 0];
}

function withAxes(
  lines: readonly SafeText[],
  { labels, labelWidth, unitLabel }: PriceAxis,
  window: TimeWindow,
  width: number,
  unicode: boolean,
): SafeText[] {
  const axis = unicode
    ? ([safeText`┤`, safeText`│`, safeText`└`, safeText`─`, safeText`┴`] as const)
    : ([safeText`+`, safeText`|`, safeText`+`, safeText`-`, safeText`+`] as const);
  const ticks = timeTicks(window, width);
  const marked = new Set(ticks.map(({ column }) => column));
  const indent = repeatSafe(safeText` `, labelWidth + 1);
  return [
    unitLabel,
    ...lines.map(
      (line, row) =>
        safeText`${padText(labels[row]!, labelWidth, 'right')} ${labels[row] ? axis[0] : axis[1]}${trimSafeEnd(line)}`,
    ),
    safeText`${indent}${axis[2]}${joinSafe(
      Array.from({ length: width }, (_, x) => (marked.has(x) ? axis[4] : axis[3])),
      '',
    )}`,
    safeText`${indent} ${timeTickLine(ticks)}`,
  ];
}

/** The dots of a line with two columns of dots per character: for each row and column of characters, a braille mask. */
export function brailleMasks(
  ranges: readonly (ColumnRange | undefined)[],
  { low, high }: Pick<PriceAxis, 'low' | 'high'>,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array[] {
  const rows = Array.from({ length: height }, () => new Uint8Array(width));
  const dots = height * 4;
  ranges.forEach((range, x) => {
    if (!range) return;
    const bottom = valueToRow(range[0], low, high, dots);
    for (let y = valueToRow(range[1], low, high, dots); y <= bottom; y++) {
      rows[y >> 2]![x >> 1]! |= BRAILLE_DOTS[y & 3]![x & 1]!;
    }
  });
  return rows;
}

function drawAscii(
  ranges: readonly (ColumnRange | undefined)[],
  width: number,
  height: number,
  low: number,
  high: number,
  [level, steep]: readonly [SafeText, SafeText] = [safeText`*`, safeText`|`],
): SafeText[] {
  const cells = Array.from({ length: height }, () => new Array<SafeText>(width).fill(safeText` `));
  ranges.forEach((range, x) => {
    if (!range) return;
    const [top, bottom] = [valueToRow(range[1], low, high, height), valueToRow(range[0], low, high, height)];
    for (let y = top; y <= bottom; y++) cells[y]![x] = top === bottom ? level : steep;
  });
  return cells.map((row) => joinSafe(row, ''));
}

export function valueToRow(value: number, low: number, high: number, rows: number): number {
  return Math.min(rows - 1, Math.max(0, Math.round(((high - value) / (high - low)) * (rows - 1))));
}
