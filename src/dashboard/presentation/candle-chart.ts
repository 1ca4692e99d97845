import type { Candle } from '../../domain/candle.ts';
import { toVietnamTime } from '../../domain/time.ts';
import { columnOfTime, type TimeWindow, usualDistanceMs } from '../../repl/chart-scale.ts';
import { type PriceAxis, valueToRow } from '../../repl/line-chart.ts';
import type { Tone } from '../styled-text.ts';
import type { CellGrid } from './cell-grid.ts';

/** Columns from one candle to the next, from which on a body has two columns, and an odd number of them. */
const WIDE_PITCH = 3;
const WIDEST_PITCH = 5;
const MAX_BODY_COLUMNS = 7;
const MIN_SLOT_MS = 60_000;

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
/** Glyphs of the wick's column of a wide candle. If wick and body share a cell, the body is drawn. */
const WIDE_GLYPHS = [
  [' ', '╷', '▄'],
  ['╵', '│', '▄'],
  ['▀', '▀', '█'],
] as const;
/** Glyphs of the other columns of a wide candle, which have no wick. */
const SIDE_GLYPHS = [
  [' ', ' ', '▄'],
  [' ', ' ', '▄'],
  ['▀', '▀', '█'],
] as const;
/** Glyphs of the right column of a candle of two columns, which leaves a gap to the next one. */
const NARROW_SIDE_GLYPHS = [
  [' ', ' ', '▖'],
  [' ', ' ', '▖'],
  ['▘', '▘', '▌'],
] as const;

/** Candles at their places on the time axis, grouped if there are more of them than columns. */
export interface CandleLayout {
  readonly candles: readonly Candle[];
  /** The column of each candle's wick; increasing. */
  readonly columns: readonly number[];
  /** The column at which each of the original candles is drawn. */
  readonly columnOf: readonly number[];
  readonly bodyColumns: number;
}

/**
 * Places candles by time. Each covers the usual distance of two candles, or a multiple of it on a narrow chart; slots
 * do not depend on the window, so that candles do not change while time passes.
 */
export function layoutCandles(candles: readonly Candle[], window: TimeWindow, width: number): CandleLayout {
  const spanMs = window.to - window.from;
  const candleMs = Math.max(MIN_SLOT_MS, usualDistanceMs(candles) ?? spanMs / Math.max(1, width));
  const perSlot = Math.max(1, Math.ceil(spanMs / candleMs / Math.max(1, width)));
  const slotMs = candleMs * perSlot;
  const middleOf = (at: number): number => {
    if (perSlot === 1) return at + candleMs / 2;
    const local = toVietnamTime(at);
    return at + Math.floor(local / slotMs) * slotMs + slotMs / 2 - local;
  };
  const columnOf = candles.map(({ at }) => {
    const column = columnOfTime(Math.min(middleOf(at), window.to), window, width);
    return Math.min(width - 1, Math.max(0, column));
  });
  const grouped: Candle[] = [];
  const columns: number[] = [];
  candles.forEach((candle, i) => {
    const column = columnOf[i]!;
    const last = grouped.at(-1);
    if (!last || column !== columns.at(-1)) {
      grouped.push(candle);
      columns.push(column);
    } else {
      grouped[grouped.length - 1] = {
        at: last.at,
        open: last.open,
        high: Math.max(last.high, candle.high),
        low: Math.min(last.low, candle.low),
        close: candle.close,
        count: last.count + candle.count,
      };
    }
  });
  return { candles: grouped, columns, columnOf, bodyColumns: bodyColumns((width * slotMs) / Math.max(1, spanMs)) };
}

function bodyColumns(pitch: number): number {
  if (pitch < WIDE_PITCH) return 1;
  if (pitch < WIDEST_PITCH) return 2;
  const columns = Math.floor(pitch * 0.7);
  return Math.min(MAX_BODY_COLUMNS, columns % 2 === 0 ? columns - 1 : columns);
}

/** Draws candles with a resolution of half a row, or with `#`, `O` and `|` in ASCII. */
export function drawCandles(
  grid: CellGrid,
  { candles, columns, bodyColumns: body }: CandleLayout,
  { low, high }: Pick<PriceAxis, 'low' | 'high'>,
  unicode: boolean,
): void {
  const halves = unicode ? grid.height * 2 : grid.height;
  const row = (value: number): number => valueToRow(value, low, high, halves);
  candles.forEach((candle, i) => {
    const wick = columns[i]!;
    const isRise = candle.close >= candle.open;
    const tone: Tone = isRise ? 'up' : 'down';
    const [top, bottom] = [row(candle.high), row(candle.low)];
    const [from, to] = [row(Math.max(candle.open, candle.close)), row(Math.min(candle.open, candle.close))];
    const half = (y: number): number => (y >= from && y <= to ? BODY : y >= top && y <= bottom ? WICK : NONE);
    const first = wick - Math.floor((body - 1) / 2);
    for (let y = 0; y < grid.height; y++) {
      for (let x = first; x < first + body; x++) {
        const glyph = unicode
          ? glyphsOf(body, x === wick)[half(y * 2)]![half(y * 2 + 1)]!
          : asciiGlyph(half(y), x === wick, isRise);
        if (glyph !== ' ') grid.set(x, y, glyph, tone);
      }
    }
  });
}

function glyphsOf(body: number, isWick: boolean): readonly (readonly string[])[] {
  if (body === 1) return THIN_GLYPHS;
  if (isWick) return WIDE_GLYPHS;
  return body === 2 ? NARROW_SIDE_GLYPHS : SIDE_GLYPHS;
}

function asciiGlyph(content: number, isWick: boolean, isRise: boolean): string {
  if (content === BODY) return isRise ? 'O' : '#';
  return content === WICK && isWick ? '|' : ' ';
}
