import type { Candle } from '../domain/candle.ts';
import { formatTick } from '../domain/figures.ts';
import { plain } from '../domain/fold.ts';
import { formatDay, formatMinute } from '../domain/instant.ts';
import { joinSafe, repeatSafe, type SafeText, safeText, trimSafeEnd } from '../domain/safe-text.ts';
import { pad } from './table.ts';

const LEAST = { width: 24, height: 4 };
/** Dots of a braille cell, by row from the top, for its left and right column. */
const BRAILLE = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const DAY = 24 * 3_600_000;

/** Where the line runs in one column of dots: the lowest and the highest value. */
export type Span = readonly [low: number, high: number];

/**
 * Closing prices, oldest first, brought down to `columns` columns of equal time. Each holds the lowest and highest
 * close of its time and reaches back to the close before it, so that the line has no holes; a column without a quote
 * stays at the last price, because that is what held.
 */
export function downsample(candles: readonly Candle[], columns: number): Span[] {
  const first = candles[0];
  const last = candles.at(-1);
  if (!first || !last) return [];
  const length = last.at - first.at;
  const spans: Span[] = [];
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

/** What the y axis of a chart says: its range, and a label for each row of the chart, empty where there is none. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly labels: readonly SafeText[];
  /** Columns of the widest label. */
  readonly margin: number;
  /** What the labels count: `million VND/tael`. */
  readonly measure: SafeText;
}

/** A y axis from `low` to `high` on `height` rows, five of them labelled, in millions for VND. */
export function scaleOf(low: number, high: number, height: number, currency: string, unit: string): Scale {
  if (low === high) {
    const around = Math.abs(low) * 0.005 || 1; // a price that never moved is a line in the middle
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
    margin,
    measure: safeText`${millions ? 'million ' : ''}${plain(currency)}/${plain(unit)}`,
  };
}

/** The line of the closing prices alone, `height` rows of `width` characters: braille, or ASCII. */
export function drawLine(
  candles: readonly Candle[],
  { low, high }: Pick<Scale, 'low' | 'high'>,
  { width, height, unicode }: { width: number; height: number; unicode: boolean },
): SafeText[] {
  return unicode
    ? braille(downsample(candles, width * 2), width, height, low, high)
    : ascii(downsample(candles, width), width, height, low, high);
}

/**
 * Closing prices as a line chart of about `width` x `height` characters, axis and dates included. The y axis runs from
 * the lowest to the highest price, in millions for VND.
 */
export function chart(
  candles: readonly Candle[],
  options: { width: number; height: number; unicode: boolean; currency: string; unit: string },
): SafeText[] {
  const first = candles[0];
  const last = candles.at(-1);
  if (!first || !last) return [];
  const { unicode } = options;
  const height = Math.max(LEAST.height, Math.floor(options.height) - 3);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { close } of candles) {
    low = Math.min(low, close);
    high = Math.max(high, close);
  }
  const scale = scaleOf(low, high, height, options.currency, options.unit);
  const { labels, margin } = scale;
  const width = Math.max(LEAST.width, Math.floor(options.width)) - margin - 2;
  const axis = unicode
    ? ([safeText`┤`, safeText`│`, safeText`└`, safeText`─`] as const)
    : ([safeText`+`, safeText`|`, safeText`+`, safeText`-`] as const);
  return [
    scale.measure,
    ...drawLine(candles, scale, { width, height, unicode }).map(
      (line, row) =>
        safeText`${pad(labels[row]!, margin, 'right')} ${labels[row] ? axis[0] : axis[1]}${trimSafeEnd(line)}`,
    ),
    safeText`${repeatSafe(safeText` `, margin + 1)}${axis[2]}${repeatSafe(axis[3], width)}`,
    safeText`${repeatSafe(safeText` `, margin + 2)}${dates(first.at, last.at, width)}`,
  ];
}

function braille(spans: readonly Span[], width: number, height: number, low: number, high: number): SafeText[] {
  const cells = Array.from({ length: height }, () => new Uint8Array(width));
  const dots = height * 4;
  spans.forEach(([least, most], x) => {
    for (let y = rowOf(most, low, high, dots); y <= rowOf(least, low, high, dots); y++) {
      cells[y >> 2]![x >> 1]! |= BRAILLE[y & 3]![x & 1]!;
    }
  });
  return cells.map((row) =>
    joinSafe(
      Array.from(row, (dot) => (dot === 0 ? safeText` ` : plain(String.fromCharCode(0x2800 + dot)))),
      '',
    ),
  );
}

function ascii(spans: readonly Span[], width: number, height: number, low: number, high: number): SafeText[] {
  const cells = Array.from({ length: height }, () => new Array<SafeText>(width).fill(safeText` `));
  spans.forEach(([least, most], x) => {
    const [top, bottom] = [rowOf(most, low, high, height), rowOf(least, low, high, height)];
    for (let y = top; y <= bottom; y++) cells[y]![x] = top === bottom ? safeText`*` : safeText`|`;
  });
  return cells.map((row) => joinSafe(row, ''));
}

/** The row, from the top, that a value falls on. */
export function rowOf(value: number, low: number, high: number, rows: number): number {
  return Math.min(rows - 1, Math.max(0, Math.round(((high - value) / (high - low)) * (rows - 1))));
}

/** Labels of the x axis: its first and last day, or minute where it is short. */
export function dates(from: number, to: number, width: number): SafeText {
  const format = to - from < 3 * DAY ? formatMinute : formatDay;
  const [left, right] = [format(from), format(to)];
  const room = width - left.length - right.length;
  return from === to || room < 1
    ? plain(left.slice(0, width))
    : safeText`${left}${repeatSafe(safeText` `, room)}${right}`;
}
