import type { Candle } from '../domain/candle.ts';
import { formatDay, formatMinute } from '../domain/instant.ts';
import { formatTick } from './figures.ts';
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

/**
 * Closing prices as a line chart of about `width` x `height` characters, axis and dates included. The y axis runs from
 * the lowest to the highest price, in millions for VND.
 */
export function chart(
  candles: readonly Candle[],
  options: { width: number; height: number; unicode: boolean; currency: string; unit: string },
): string[] {
  const first = candles[0];
  const last = candles.at(-1);
  if (!first || !last) return [];
  const height = Math.max(LEAST.height, Math.floor(options.height) - 3);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { close } of candles) {
    low = Math.min(low, close);
    high = Math.max(high, close);
  }
  if (low === high) [low, high] = [low * 0.995, high * 1.005]; // a price that never moved is a line in the middle
  const millions = options.currency === 'VND' && high >= 1_000_000;
  const scale = millions ? 1_000_000 : 1;
  const step = (high - low) / (height - 1);
  const labelled = new Set([0, 1, 2, 3, 4].map((tick) => Math.round((tick * (height - 1)) / 4)));
  const labels = Array.from({ length: height }, (_, row) =>
    labelled.has(row) ? formatTick((high - row * step) / scale, (high - low) / 4 / scale) : '',
  );
  const margin = Math.max(...labels.map((label) => label.length));
  const width = Math.max(LEAST.width, Math.floor(options.width)) - margin - 2;
  const axis = options.unicode ? ['┤', '│', '└', '─'] : ['+', '|', '+', '-'];
  const body = options.unicode
    ? braille(downsample(candles, width * 2), width, height, low, high)
    : ascii(downsample(candles, width), width, height, low, high);
  return [
    `${millions ? 'million ' : ''}${options.currency}/${options.unit}`,
    ...body.map(
      (line, row) => `${pad(labels[row]!, margin, 'right')} ${labels[row] ? axis[0] : axis[1]}${line.trimEnd()}`,
    ),
    `${' '.repeat(margin + 1)}${axis[2]}${axis[3]!.repeat(width)}`,
    `${' '.repeat(margin + 2)}${dates(first.at, last.at, width)}`,
  ];
}

function braille(spans: readonly Span[], width: number, height: number, low: number, high: number): string[] {
  const cells = Array.from({ length: height }, () => new Uint8Array(width));
  const dots = height * 4;
  spans.forEach(([least, most], x) => {
    for (let y = rowOf(most, low, high, dots); y <= rowOf(least, low, high, dots); y++) {
      cells[y >> 2]![x >> 1]! |= BRAILLE[y & 3]![x & 1]!;
    }
  });
  return cells.map((row) => Array.from(row, (dot) => (dot === 0 ? ' ' : String.fromCharCode(0x2800 + dot))).join(''));
}

function ascii(spans: readonly Span[], width: number, height: number, low: number, high: number): string[] {
  const cells = Array.from({ length: height }, () => new Array<string>(width).fill(' '));
  spans.forEach(([least, most], x) => {
    const [top, bottom] = [rowOf(most, low, high, height), rowOf(least, low, high, height)];
    for (let y = top; y <= bottom; y++) cells[y]![x] = top === bottom ? '*' : '|';
  });
  return cells.map((row) => row.join(''));
}

function rowOf(value: number, low: number, high: number, rows: number): number {
  return Math.min(rows - 1, Math.max(0, Math.round(((high - value) / (high - low)) * (rows - 1))));
}

function dates(from: number, to: number, width: number): string {
  const format = to - from < 3 * DAY ? formatMinute : formatDay;
  const [left, right] = [format(from), format(to)];
  const room = width - left.length - right.length;
  return from === to || room < 1 ? left.slice(0, width) : left + ' '.repeat(room) + right;
}
