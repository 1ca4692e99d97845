import type { Candle } from '../../domain/candle.ts';
import { type PriceAxis, valueToRow } from '../../repl/line-chart.ts';
import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';

/** The columns of a wide candle: a body of two and a gap. */
const MAX_CANDLE_COLUMNS = 3;

/** The content of half a cell. */
const NONE = 0;
const WICK = 1;
const BODY = 2;

/** Glyphs of a thin candle, by the upper and lower half of the cell. */
const THIN_GLYPHS = [
  [' ', '╷', '╻'],
  ['╵', '│', '╽'],
  ['╹', '╿', '┃'],
] as const;
/** Glyphs of the left column of a wide candle. If wick and body share a cell, the body is drawn. */
const WIDE_LEFT_GLYPHS = [
  [' ', '╷', '▄'],
  ['╵', '│', '▄'],
  ['▀', '▀', '█'],
] as const;
/** Glyphs of the right column of a wide candle, which has no wick. */
const WIDE_RIGHT_GLYPHS = [
  [' ', ' ', '▖'],
  [' ', ' ', '▖'],
  ['▘', '▘', '▌'],
] as const;

/** The bucket of candle `i` if `count` candles are grouped into `buckets`. */
export function bucketIndex(i: number, count: number, buckets: number): number {
  const size = Math.ceil(count / Math.max(1, buckets));
  // Counted from the newest candle, so that only the oldest bucket may be incomplete.
  return buckets - 1 - Math.floor((count - 1 - i) / size);
}

/** Merges neighbouring candles until they fit into the columns. */
export function groupCandles(candles: readonly Candle[], columns: number): Candle[] {
  const size = Math.ceil(candles.length / Math.max(1, columns));
  if (size <= 1) return [...candles];
  const buckets = Math.ceil(candles.length / size);
  const grouped: Candle[] = [];
  for (let i = 0; i < candles.length; i++) {
    const candle = candles[i]!;
    const at = bucketIndex(i, candles.length, buckets);
    const bucket = grouped[at];
    grouped[at] = bucket
      ? {
          at: bucket.at,
          open: bucket.open,
          high: Math.max(bucket.high, candle.high),
          low: Math.min(bucket.low, candle.low),
          close: candle.close,
          count: bucket.count + candle.count,
        }
      : candle;
  }
  return grouped;
}

const candlePitch = (count: number, width: number): number =>
  Math.max(1, Math.min(MAX_CANDLE_COLUMNS, Math.floor(width / Math.max(1, count))));

/** The column of a candle's wick. The newest candle is at the right end. */
export function candleColumn(i: number, count: number, width: number): number {
  const each = candlePitch(count, width);
  const end = width - 1 - (each === MAX_CANDLE_COLUMNS ? 1 : 0);
  return Math.min(width - 1, Math.max(0, end - (count - 1 - i) * each));
}

/** Draws candles with a resolution of half a row, or with `#`, `O` and `|` in ASCII. */
export function candleRows(
  candles: readonly Candle[],
  { low, high }: Pick<PriceAxis, 'low' | 'high'>,
  { width, height, unicode }: { width: number; height: number; unicode: boolean },
): StyledLine[] {
  const glyphs = Array.from({ length: height }, () => new Array<string>(width).fill(' '));
  const tones = new Array<Tone>(width).fill('text');
  const isWide = candlePitch(candles.length, width) === MAX_CANDLE_COLUMNS;
  const halves = unicode ? height * 2 : height;
  const row = (value: number): number => valueToRow(value, low, high, halves);
  candles.forEach((candle, i) => {
    const x = candleColumn(i, candles.length, width);
    const isRise = candle.close >= candle.open;
    tones[x] = isRise ? 'up' : 'down';
    if (isWide && x + 1 < width) tones[x + 1] = tones[x];
    const [top, bottom] = [row(candle.high), row(candle.low)];
    const [from, to] = [row(Math.max(candle.open, candle.close)), row(Math.min(candle.open, candle.close))];
    const half = (y: number): number => (y >= from && y <= to ? BODY : y >= top && y <= bottom ? WICK : NONE);
    for (let y = 0; y < height; y++) {
      if (!unicode) {
        const what = half(y);
        glyphs[y]![x] = what === BODY ? (isRise ? 'O' : '#') : what === WICK ? '|' : ' ';
        if (isWide && what === BODY && x + 1 < width) glyphs[y]![x + 1] = glyphs[y]![x]!;
        continue;
      }
      const [upper, lower] = [half(y * 2), half(y * 2 + 1)];
      glyphs[y]![x] = (isWide ? WIDE_LEFT_GLYPHS : THIN_GLYPHS)[upper]![lower]!;
      if (isWide && x + 1 < width) glyphs[y]![x + 1] = WIDE_RIGHT_GLYPHS[upper]![lower]!;
    }
  });
  return glyphs.map((cells) => {
    const line: StyledSpan[] = [];
    let text = '';
    for (let x = 0; x < width; x++) {
      text += cells[x]!;
      if (x + 1 === width || tones[x + 1] !== tones[x]) {
        line.push(span(text, tones[x]));
        text = '';
      }
    }
    return line;
  });
}
