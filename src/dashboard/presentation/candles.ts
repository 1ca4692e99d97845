import type { Candle } from '../../domain/candle.ts';
import { rowOf, type Scale } from '../../repl/chart.ts';
import { type Span, type StyledLine, span, type Tone } from '../styled.ts';

/** Columns for one candle at most: a body of two and a gap. */
const MOST = 3;

/** What the half of a cell shows. */
const NONE = 0;
const WICK = 1;
const BODY = 2;

/** Glyph of a cell by its upper and lower half: a thin candle of one column. */
const THIN = [
  [' ', '╷', '╻'],
  ['╵', '│', '╽'],
  ['╹', '╿', '┃'],
] as const;
/** The middle of a wide candle: where wick and body share a cell, the body is what counts. */
const MIDDLE = [
  [' ', '╷', '▄'],
  ['╵', '│', '▄'],
  ['▀', '▀', '█'],
] as const;
/** The right half of the body, beside the middle. */
const BESIDE = [
  [' ', ' ', '▖'],
  [' ', ' ', '▖'],
  ['▘', '▘', '▌'],
] as const;

/** The bucket that a candle falls into when `count` candles are joined into `buckets`. */
export function bucketOf(i: number, count: number, buckets: number): number {
  const size = Math.ceil(count / Math.max(1, buckets));
  // Counted from the newest one: the oldest bucket is the one that may be short.
  return buckets - 1 - Math.floor((count - 1 - i) / size);
}

/** As many candles as have room: neighbours are joined where there are more. The newest bucket is full. */
export function grouped(candles: readonly Candle[], columns: number): Candle[] {
  const size = Math.ceil(candles.length / Math.max(1, columns));
  if (size <= 1) return [...candles];
  const buckets = Math.ceil(candles.length / size);
  const joined: Candle[] = [];
  for (let i = 0; i < candles.length; i++) {
    const candle = candles[i]!;
    const at = bucketOf(i, candles.length, buckets);
    const bucket = joined[at];
    joined[at] = bucket
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
  return joined;
}

const pitch = (count: number, width: number): number =>
  Math.max(1, Math.min(MOST, Math.floor(width / Math.max(1, count))));

/** The column of a candle's middle; the newest one stands at the right end. */
export function candleColumn(i: number, count: number, width: number): number {
  const each = pitch(count, width);
  const end = width - 1 - (each === MOST ? 1 : 0);
  return Math.min(width - 1, Math.max(0, end - (count - 1 - i) * each));
}

/** Candles as `height` rows of `width` columns: bodies and wicks to half a row, or `#`, `O` and `|` in ASCII. */
export function candleRows(
  candles: readonly Candle[],
  { low, high }: Pick<Scale, 'low' | 'high'>,
  { width, height, unicode }: { width: number; height: number; unicode: boolean },
): StyledLine[] {
  const glyphs = Array.from({ length: height }, () => new Array<string>(width).fill(' '));
  const tones = new Array<Tone>(width).fill('text');
  const isWide = pitch(candles.length, width) === MOST;
  const halves = unicode ? height * 2 : height;
  const row = (value: number): number => rowOf(value, low, high, halves);
  candles.forEach((candle, i) => {
    const x = candleColumn(i, candles.length, width);
    const rises = candle.close >= candle.open;
    tones[x] = rises ? 'up' : 'down';
    if (isWide && x + 1 < width) tones[x + 1] = tones[x];
    const [top, bottom] = [row(candle.high), row(candle.low)];
    const [from, to] = [row(Math.max(candle.open, candle.close)), row(Math.min(candle.open, candle.close))];
    const half = (y: number): number => (y >= from && y <= to ? BODY : y >= top && y <= bottom ? WICK : NONE);
    for (let y = 0; y < height; y++) {
      if (!unicode) {
        const what = half(y);
        glyphs[y]![x] = what === BODY ? (rises ? 'O' : '#') : what === WICK ? '|' : ' ';
        if (isWide && what === BODY && x + 1 < width) glyphs[y]![x + 1] = glyphs[y]![x]!;
        continue;
      }
      const [upper, lower] = [half(y * 2), half(y * 2 + 1)];
      glyphs[y]![x] = (isWide ? MIDDLE : THIN)[upper]![lower]!;
      if (isWide && x + 1 < width) glyphs[y]![x + 1] = BESIDE[upper]![lower]!;
    }
  });
  return glyphs.map((cells) => {
    const line: Span[] = [];
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
