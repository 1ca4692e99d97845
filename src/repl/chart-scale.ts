import type { Candle } from '../domain/candle.ts';
import { repeatSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { DAY_MS, type EpochMs, HOUR_MS, MONTH_NAMES, toVietnamTime } from '../domain/time.ts';

/** The period that the x axis of a chart covers. */
export interface TimeWindow {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/** Shorter pauses between two prices are no gaps: nights, weekends, and holidays without trading. */
const MIN_GAP_MS = 4 * DAY_MS;
/** A pause is a gap if it is so many times longer than the usual distance of two prices. */
const GAP_FACTOR = 8;
/** Mantissas of round steps. */
const ROUND_MANTISSAS = [1, 2, 2.5, 5, 10] as const;
const MAX_DECIMALS = 12;

/** The median distance of two candles; undefined if there are fewer than two. */
export function usualDistanceMs(candles: readonly Pick<Candle, 'at'>[]): number | undefined {
  const distances = candles.slice(1).map(({ at }, i) => at - candles[i]!.at);
  return distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)];
}

/** From which distance on there is a gap between two candles; sorted by time. */
export function gapThresholdMs(candles: readonly Pick<Candle, 'at'>[]): number {
  return Math.max(MIN_GAP_MS, GAP_FACTOR * (usualDistanceMs(candles) ?? 0));
}

/** The column of a time. Times outside of the window have columns outside of `[0, columns)`. */
export function columnOfTime(at: EpochMs, { from, to }: TimeWindow, columns: number): number {
  if (at === to) return columns - 1;
  return Math.floor(((at - from) / Math.max(1, to - from)) * columns);
}

/** Round values within `[low, high]`, ascending, and their distance. */
export interface RoundTicks {
  readonly values: readonly number[];
  readonly step: number;
}

/** As many multiples of a round step (1, 2, 2.5 or 5 times a power of ten) as fit into `maxCount`. */
export function roundTicks(low: number, high: number, maxCount: number): RoundTicks {
  const range = high - low;
  if (!(range > 0) || maxCount < 1) return { values: [], step: 0 };
  const power = 10 ** Math.floor(Math.log10(range / maxCount));
  for (const mantissa of [...ROUND_MANTISSAS, 20]) {
    const step = mantissa * power;
    // The tolerance keeps a value that is a multiple but for rounding.
    const first = Math.ceil(low / step - 1e-9);
    const count = Math.floor(high / step + 1e-9) - first + 1;
    if (!(count <= maxCount)) continue;
    return { values: Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step + 0), step };
  }
  return { values: [], step: 0 };
}

/** The decimals that a multiple of a round step has. */
export function decimalsOfStep(step: number): number {
  for (let decimals = 0; decimals < MAX_DECIMALS; decimals++) {
    const scaled = step * 10 ** decimals;
    if (scaled >= 1 && Math.abs(scaled - Math.round(scaled)) < 1e-6) return decimals;
  }
  return step > 0 ? MAX_DECIMALS : 0;
}

/** A label of the x axis. Labels do not overlap and stay within the axis. */
export interface TimeTick {
  readonly column: number;
  readonly label: SafeText;
  /** The first column of the label. */
  readonly left: number;
}

const MAX_TIME_TICKS = 6;
/** A year or a month: one column separates such labels, two separate longer ones. */
const SHORT_LABEL = 4;
/** Before labels that do not fit are dropped. */
const MAX_TIMES = 7;
/** Date cannot format times far outside of the years 1 to 9999, which only a hostile daemon sends. */
const [MIN_TIME, MAX_TIME] = [-62_135_596_800_000, 253_402_214_400_000];

interface TimeStep {
  readonly ms: number;
  /** Times in Vietnam as if they were UTC, of `[from, to]`. */
  readonly times: (from: number, to: number) => number[];
  /** Forms of a label, the longer one first. */
  readonly labels: readonly ((iso: string) => string)[];
}

const monthDay = (iso: string): string => iso.slice(5, 10);
const hourOrDay = (iso: string): string => (iso.slice(11, 16) === '00:00' ? monthDay(iso) : iso.slice(11, 16));
const yearMonth = (iso: string): string => iso.slice(0, 7);
const monthName = (iso: string): string =>
  iso.slice(5, 7) === '01' ? iso.slice(0, 4) : MONTH_NAMES[Number(iso.slice(5, 7)) - 1]!;

/** Steps of the x axis: hours, days, weeks from Monday, half months, months and years, each in Vietnam time. */
const TIME_STEPS: readonly TimeStep[] = [
  ...[1, 2, 3, 4, 6, 12].map((hours) => multipleStep(hours * HOUR_MS, 0, hourOrDay)),
  ...[1, 2].map((days) => multipleStep(days * DAY_MS, 0, monthDay)),
  multipleStep(7 * DAY_MS, 4 * DAY_MS, monthDay), // day 0 was a Thursday
  { ms: 15 * DAY_MS, times: (from, to) => monthTimes(from, to, 1, [1, 16]), labels: [monthDay] },
  ...[1, 2, 3, 4, 6].map((months) => monthStep(months, [yearMonth, monthName])),
  ...[1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50, 100, 200, 500, 1000].map((years) =>
    monthStep(years * 12, [(iso) => iso.slice(0, 4)]),
  ),
];

function multipleStep(ms: number, offset: number, label: (iso: string) => string): TimeStep {
  const times = (from: number, to: number): number[] => {
    const first = Math.ceil((from - offset) / ms) * ms + offset;
    return Array.from({ length: Math.max(0, Math.floor((to - first) / ms) + 1) }, (_, i) => first + i * ms);
  };
  return { ms, times, labels: [label] };
}

function monthStep(months: number, labels: TimeStep['labels']): TimeStep {
  return { ms: months * 30 * DAY_MS, times: (from, to) => monthTimes(from, to, months, [1]), labels };
}

function monthTimes(from: number, to: number, every: number, days: readonly number[]): number[] {
  const start = new Date(from);
  const times: number[] = [];
  const first = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / every) * every;
  for (let month = first; ; month += every) {
    for (const day of days) {
      const date = new Date(0);
      date.setUTCFullYear(Math.floor(month / 12), month % 12, day);
      const at = date.getTime();
      if (!(at <= to)) return times;
      if (at >= from) times.push(at);
    }
  }
}

/** Four to six round times, fewer on a narrow axis. Empty if the axis has no room for any. */
export function timeTicks({ from, to }: TimeWindow, width: number): TimeTick[] {
  const [start, end] = [toVietnamTime(from), toVietnamTime(to)];
  if (!(start > MIN_TIME && end < MAX_TIME && end > start)) return [];
  for (const { ms, times, labels } of TIME_STEPS) {
    if ((end - start) / ms > MAX_TIMES + 1) continue;
    const found = times(start, end);
    if (found.length > MAX_TIMES) continue;
    for (const label of labels) {
      const ticks = placeLabels(found, { from: start, to: end }, width, label);
      if (ticks) return ticks;
    }
  }
  return [];
}

/** Centres labels below their columns. Undefined: they touch each other. */
function placeLabels(
  times: readonly number[],
  window: TimeWindow,
  width: number,
  toLabel: TimeStep['labels'][number],
): TimeTick[] | undefined {
  const ticks: TimeTick[] = [];
  for (const at of times) {
    const label = sanitizeText(toLabel(new Date(at).toISOString()));
    const column = columnOfTime(at, window, width);
    const left = column - Math.floor(label.length / 2);
    if (left < 0 || left + label.length > width) continue;
    const before = ticks.at(-1);
    const gap = label.length > SHORT_LABEL ? 2 : 1;
    if (before && before.left + before.label.length + gap > left) return undefined;
    ticks.push({ column, label, left });
  }
  return ticks.length === 0 ? undefined : ticks.slice(-MAX_TIME_TICKS);
}

/** The labels of the x axis as one line of at most `width` columns. */
export function timeTickLine(ticks: readonly TimeTick[]): SafeText {
  let line = safeText``;
  for (const { left, label } of ticks) line = safeText`${line}${repeatSafe(safeText` `, left - line.length)}${label}`;
  return line;
}

/** What the change of a chart refers to. */
export interface Coverage {
  /** `1y`; `8m (all the data)` if there are no prices for the rest of the range; `one price`. */
  readonly label: SafeText;
  /** When the prices end, if that is long before the end of the window. */
  readonly endedAt: EpochMs | null;
}

/** From this length on, prices that begin later than a range are said to be all the data. */
const LONG_RANGE_MS = 300 * DAY_MS;

/**
 * Says which part of a window has prices.
 * @param candles those in the window, oldest first
 * @param range the name of the window, if it has one
 * @param until how long the last price was valid, if that is known
 */
export function describeCoverage(
  candles: readonly Pick<Candle, 'at'>[],
  { from, to }: TimeWindow,
  range?: string,
  until: EpochMs = Number.NEGATIVE_INFINITY,
): Coverage {
  const [first, last] = [candles[0], candles.at(-1)];
  if (!first || !last) return { label: safeText`no prices`, endedAt: null };
  const span = to - from;
  const tolerance = Math.max(span * 0.05, Math.min(3 * DAY_MS, span * 0.2));
  const endsAt = Math.min(to, Math.max(last.at, until));
  const pause = Math.max(tolerance, Math.min(span * 0.2, gapThresholdMs(candles)));
  // A candle of a week has prices until its last day.
  const lastDay = until > last.at ? endsAt : Math.max(endsAt, last.at + (usualDistanceMs(candles) ?? 0) - DAY_MS);
  const endedAt = to - endsAt > pause ? Math.min(lastDay, to) : null;
  if (endsAt === first.at) return { label: safeText`one price`, endedAt };
  const isLate = first.at - from > tolerance;
  const isAll = range === 'all' || (isLate && span >= LONG_RANGE_MS);
  const isWhole = !isLate && to - endsAt <= tolerance && range !== undefined && range !== 'all';
  const label = isWhole ? sanitizeText(range) : formatSpan(endsAt - first.at);
  return { label: isAll ? safeText`${label} (all the data)` : label, endedAt };
}

const YEAR_MS = 365.25 * DAY_MS;

/** `17y`, `1.5y`, `8m`, `12d`, `6h`, `30 min`, in the units of the ranges. */
function formatSpan(ms: number): SafeText {
  const years = ms / YEAR_MS;
  if (years >= 0.97) return safeText`${Number(years.toFixed(years < 10 ? 1 : 0))}y`;
  const months = Math.round(years * 12);
  if (months >= 2) return safeText`${months}m`;
  if (ms >= 2 * DAY_MS) return safeText`${Math.round(ms / DAY_MS)}d`;
  return ms >= HOUR_MS ? safeText`${Math.round(ms / HOUR_MS)}h` : safeText`${Math.round(ms / 60_000)} min`;
}
