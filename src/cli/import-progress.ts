import { plain } from '../domain/fold.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { redrawLine } from '../domain/text-output.ts';

/** How often the line is written anew. */
const EVERY_MS = 200;

export interface Figures {
  readonly lines: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: number;
}

/** One line on a terminal that is written over and over. */
export class ImportProgress {
  readonly #out: { write(text: string): unknown };
  readonly #now: () => number;
  readonly #total: number | undefined;
  readonly #startedAt: number;
  #shownAt = Number.NEGATIVE_INFINITY;

  /** @param total bytes of the file; undefined: not known */
  constructor(out: { write(text: string): unknown }, total: number | undefined, now = () => performance.now()) {
    this.#out = out;
    this.#now = now;
    this.#total = total;
    this.#startedAt = now();
  }

  show(bytes: number, figures: Figures): void {
    const now = this.#now();
    if (now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    const share = this.#total ? safeText`${Math.min(100, Math.floor((bytes / this.#total) * 100))} %, ` : '';
    const { lines, stored, duplicates, refused } = figures;
    const rate = perSecond(lines, now - this.#startedAt);
    redrawLine(
      this.#out,
      safeText`${share}${counted(lines)} lines (${counted(rate)}/s), ${counted(stored)} stored, ${counted(duplicates)} there already, ${counted(refused)} refused`,
    );
  }

  /** How much of the file was read to understand it, before anything is stored. */
  showReading(bytes: number): void {
    const now = this.#now();
    if (now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    const share = this.#total ? safeText` (${Math.min(100, Math.floor((bytes / this.#total) * 100))} %)` : '';
    redrawLine(this.#out, safeText`reading the file to understand it${share}`);
  }

  /** Clears the line. */
  end(): void {
    if (this.#shownAt > Number.NEGATIVE_INFINITY) redrawLine(this.#out, safeText``);
  }
}

export function perSecond(lines: number, ms: number): number {
  return ms > 0 ? Math.round((lines / ms) * 1000) : 0;
}

/** `1,234,567` */
export function counted(value: number): SafeText {
  return plain(value.toLocaleString('en-US'));
}
