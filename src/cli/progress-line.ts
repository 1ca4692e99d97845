import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { redrawLine, type TextOutput } from '../domain/text-output.ts';

const REDRAW_INTERVAL_MS = 200;

/** A line on a terminal that is redrawn in place, but not too often. */
export class ProgressLine {
  readonly #out: TextOutput | undefined;
  readonly #now: () => number;
  readonly #intervalMs: number;
  #drawnAt = Number.NEGATIVE_INFINITY;

  /** @param out undefined: nothing is shown */
  constructor(out: TextOutput | undefined, now = () => performance.now(), intervalMs = REDRAW_INTERVAL_MS) {
    this.#out = out;
    this.#now = now;
    this.#intervalMs = intervalMs;
  }

  /** @param text called only if the line is redrawn */
  draw(text: (now: number) => SafeText): void {
    const now = this.#now();
    if (!this.#out || now - this.#drawnAt < this.#intervalMs) return;
    this.#drawnAt = now;
    redrawLine(this.#out, text(now));
  }

  /** Clears the line. */
  end(): void {
    if (this.#out && this.#drawnAt > Number.NEGATIVE_INFINITY) redrawLine(this.#out, safeText``);
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }
}

/** Progress in records, done and in total. */
export class RecordProgress extends ProgressLine {
  show(done: number, total: number): void {
    this.draw(() => safeText`${formatCount(done)} of ${formatCount(total)} records (${percentOf(done, total)}%)`);
  }
}

export interface ImportCounts {
  readonly lines: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: number;
}

export class ImportProgress extends ProgressLine {
  readonly #total: number | undefined;
  readonly #startedAt: number;

  /** @param total bytes of the file, if known */
  constructor(out: TextOutput, total: number | undefined, now = () => performance.now()) {
    super(out, now);
    this.#total = total;
    this.#startedAt = now();
  }

  show(bytes: number, { lines, stored, duplicates, refused }: ImportCounts): void {
    this.draw((now) => {
      const share = this.#total ? safeText`${percentOf(bytes, this.#total)}%, ` : '';
      const rate = formatCount(linesPerSecond(lines, now - this.#startedAt));
      return safeText`${share}${formatCount(lines)} lines (${rate}/s), ${formatCount(stored)} stored, ${formatCount(duplicates)} duplicates, ${formatCount(refused)} rejected`;
    });
  }

  /** Progress of the analysis, before anything is stored. */
  showReading(bytes: number): void {
    const share = this.#total ? safeText` (${percentOf(bytes, this.#total)}%)` : '';
    this.draw(() => safeText`analyzing the file${share}`);
  }
}

function percentOf(done: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
}

export function linesPerSecond(lines: number, ms: number): number {
  return ms > 0 ? Math.round((lines / ms) * 1000) : 0;
}

/** `1,234,567` */
export function formatCount(value: number): SafeText {
  return sanitizeText(value.toLocaleString('en-US'));
}
