import type { Candle } from '../domain/candle.ts';
import { formatTick } from '../domain/number-format.ts';
import { joinSafe, repeatSafe, type SafeText, safeText, trimSafeEnd } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDate, formatDateTime } from '../domain/time.ts';
import { padText } from './table.ts';

const MIN_CHART_SIZE = { width: 24, height: 4 };
/** Dots of a braille cell: rows from the top, left and right column. */
const BRAILLE_DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const DAY_MS = 24 * 3_600_000;

/** The lowest and the highest value of the line in one column of dots. */
export type ColumnRange = readonly [low: number, high: number];

/**
 * Reduces closing prices, oldest first, to `columns` columns of equal duration. Each covers its closes and the one before,
 * so that the line has no gaps. A column without quotes keeps the last price, because that price was still valid.
 */
export function downsample(candles: readonly Candle[], columns: number): ColumnRange[] {
  const first = candles[0];
  const last = candles.at(-1);
  if (!first || !last) return [];
  const length = last.at - first.at;
  const spans: ColumnRange[] = [];
  let next = 0;
  let close = first.close;
  for (let x = 0; x < columns; x++) {
    const end = x === columns - 1 ? Number.POSITIVE_INFINITY : first.at + (length * (x + 1)) / columns;
    let [low, high] = [close, close];
    while (next < candles.length && candles[next]!.at < end) {
      close = candles[next]!.close;
      low = Math.min(low, close);
      high = Math.max(high, close);
      next++;
    }
    spans.push([low, high]);
  }
  return spans;
}

/** The y axis of a chart: its range, and a label for each chart row (empty if the row has none). */
export interface PriceAxis {
  readonly low: number;
  readonly high: number;
  readonly labels: readonly SafeText[];
  readonly labelWidth: number;
  readonly unitLabel: SafeText;
}

/** Computes a y axis from `low` to `high` over `height` rows, with five labels; VND is shown in millions. */
export function computePriceAxis(low: number, high: number, height: number, currency: string, unit: string): PriceAxis {
  if (low === high) {
    const around = Math.abs(low) * 0.005 || 1; // draw a price that never changed as a line in the middle
    [low, high] = [low - around, high + around];
  }
  const millions = currency === 'VND' && high >= 1_000_000;
  const divisor = millions ? 1_000_000 : 1;
  const step = (high - low) / Math.max(1, height - 1);
  const labelled = new Set([0, 1, 2, 3, 4].map((tick) => Math.round((tick * (height - 1)) / 4)));
  const labels = Array.from({ length: height }, (_, row) =>
    labelled.has(row) ? formatTick((high - row * step) / divisor, (high - low) / 4 / divisor) : safeText``,
  );
  const margin = Math.max(0, ...labels.map((label) => label.length));
  return {
    low,
    high,
    labels,
    labelWidth: margin,
    unitLabel: safeText`${millions ? 'million ' : ''}${sanitizeText(currency)}/${sanitizeText(unit)}`,
  };
}

/** Draws only the line of closing prices: `height` rows of `width` characters, in braille or ASCII. */
export function drawPriceLine(
  candles: readonly Candle[],
  { low, high }: Pick<PriceAxis, 'low' | 'high'>,
  { width, height, unicode }: { width: number; height: number; unicode: boolean },
): SafeText[] {
  return unicode
    ? drawBraille(downsample(candles, width * 2), width, height, low, high)
    : drawAscii(downsample(candles, width), width, height, low, high);
}

/** Renders closing prices as a line chart of about `width` x `height` characters, with axis and dates. */
export function renderLineChart(
  candles: readonly Candle[],
  options: { width: number; height: number; unicode: boolean; currency: string; unit: string },
): SafeText[] {
  const first = candles[0];
  const last = candles.at(-1);
  if (!first || !last) return [];
  const { unicode } = options;
  const height = Math.max(MIN_CHART_SIZE.height, Math.floor(options.height) - 3);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { close } of candles) {
    low = Math.min(low, close);
    high = Math.max(high, close);
  }
  const scale = computePriceAxis(low, high, height, options.currency, options.unit);
  const { labels, labelWidth } = scale;
  const width = Math.max(MIN_CHART_SIZE.width, Math.floor(options.width)) - labelWidth - 2;
  const axis = unicode
    ? ([safeText`┤`, safeText`│`, safeText`└`, safeText`─`] as const)
    : ([safeText`+`, safeText`|`, safeText`+`, safeText`-`] as const);
  return [
    scale.unitLabel,
    ...drawPriceLine(candles, scale, { width, height, unicode }).map(
      (line, row) =>
        safeText`${padText(labels[row]!, labelWidth, 'right')} ${labels[row] ? axis[0] : axis[1]}${trimSafeEnd(line)}`,
    ),
    safeText`${repeatSafe(safeText` `, labelWidth + 1)}${axis[2]}${repeatSafe(axis[3], width)}`,
    safeText`${repeatSafe(safeText` `, labelWidth + 2)}${formatDateAxis(first.at, last.at, width)}`,
  ];
}

function drawBraille(
  spans: readonly ColumnRange[],
  width: number,
  height: number,
  low: number,
  high: number,
): SafeText[] {
  const cells = Array.from({ length: height }, () => new Uint8Array(width));
  const dots = height * 4;
  spans.forEach(([least, most], x) => {
    for (let y = valueToRow(most, low, high, dots); y <= valueToRow(least, low, high, dots); y++) {
      cells[y >> 2]![x >> 1]! |= BRAILLE_DOTS[y & 3]![x & 1]!;
    }
  });
  return cells.map((row) =>
    joinSafe(
      Array.from(row, (dot) => (dot === 0 ? safeText` ` : sanitizeText(String.fromCharCode(0x2800 + dot)))),
      '',
    ),
  );
}

function drawAscii(
  spans: readonly ColumnRange[],
  width: number,
  height: number,
  low: number,
  high: number,
): SafeText[] {
  const cells = Array.from({ length: height }, () => new Array<SafeText>(width).fill(safeText` `));
  spans.forEach(([least, most], x) => {
    const [top, bottom] = [valueToRow(most, low, high, height), valueToRow(least, low, high, height)];
    for (let y = top; y <= bottom; y++) cells[y]![x] = top === bottom ? safeText`*` : safeText`|`;
  });
  return cells.map((row) => joinSafe(row, ''));
}

export function valueToRow(value: number, low: number, high: number, rows: number): number {
  return Math.min(rows - 1, Math.max(0, Math.round(((high - value) / (high - low)) * (rows - 1))));
}

/** Labels of the x axis: the first and the last date, with the time of day if the period is short. */
export function formatDateAxis(from: number, to: number, width: number): SafeText {
  const format = to - from < 3 * DAY_MS ? formatDateTime : formatDate;
  const [left, right] = [format(from), format(to)];
  const room = width - left.length - right.length;
  return from === to || room < 1
    ? sanitizeText(left.slice(0, width))
    : safeText`${left}${repeatSafe(safeText` `, room)}${right}`;
}
