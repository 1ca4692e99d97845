import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';

/** How thoroughly to measure. */
export interface Effort {
  /** Number of runs per median. */
  readonly runs: number;
  /** Length of a run, and of its warm-up. */
  readonly seconds: number;
  readonly warmUp: number;
  /** Quotes in the large store. */
  readonly quotes: number;
  /** Bytes transferred between peers. */
  readonly bytes: number;
}

export const FULL: Effort = { runs: 5, seconds: 3, warmUp: 1, quotes: 10_000_000, bytes: 2 ** 30 };
export const SHORT: Effort = { runs: 3, seconds: 1, warmUp: 0.5, quotes: 1_000_000, bytes: 2 ** 27 };

/** One line of the result. Targets are printed, never asserted: they depend on other load of the machine. */
export interface Row {
  readonly what: string;
  readonly value: string;
  /** The same measurement without goldctl, in the same run. */
  readonly baseline?: string;
  readonly ratio?: number;
  readonly bar?: { readonly text: string; readonly met: boolean };
}

export interface Figure {
  readonly name: string;
  readonly summary: string;
  /** @param show prints a finished row: some figures take minutes. */
  measure(effort: Effort, show: (row: Row) => void): Promise<Row[]>;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A quantile; for the median of an even number of values the lower middle one. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('Expected values, got none.');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

export function atLeast(ratio: number, bar: number, text: string): Row['bar'] & object {
  return { text, met: ratio >= bar };
}

export function atMost(value: number, bar: number, text: string): Row['bar'] & object {
  return { text, met: value <= bar };
}

export function rate(value: number, unit = '/s'): string {
  return `${Math.round(value).toLocaleString('en-US')}${unit}`;
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** Of a transfer: decimal megabytes, like link rates. */
export function megabytesPerSecond(bytesPerSecond: number): string {
  return `${(bytesPerSecond / 1e6).toFixed(bytesPerSecond < 1e7 ? 2 : 1)} MB/s`;
}

export function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

/** The machine of the figures. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  return (
    `${availableParallelism()} cores (${model}), ${mebibytes(totalmem())} memory, ` +
    `${platform()} ${release()}, node ${process.version}`
  );
}

export function table(rows: readonly Row[]): string {
  const head = ['', 'goldctl', 'baseline', 'ratio', 'bar', ''];
  const lines = [
    head,
    ...rows.map((row) => [
      row.what,
      row.value,
      row.baseline ?? '',
      row.ratio === undefined ? '' : row.ratio.toFixed(2),
      row.bar?.text ?? '',
      row.bar === undefined ? '' : row.bar.met ? 'met' : 'MISSED',
    ]),
  ];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
    .join('\n');
}
