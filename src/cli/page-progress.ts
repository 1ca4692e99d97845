import { plain } from '../domain/fold.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { redrawLine } from '../domain/text-output.ts';

/** How often the line is written anew. */
const EVERY_MS = 200;

/** One line on a terminal that is written over and over: records so far, of how many. */
export class PageProgress {
  readonly #out: { write(text: string): unknown } | undefined;
  readonly #now: () => number;
  #shownAt = Number.NEGATIVE_INFINITY;

  /** @param out undefined: nobody looks */
  constructor(out: { write(text: string): unknown } | undefined, now = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  show(done: number, total: number): void {
    const now = this.#now();
    if (!this.#out || now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    const share = total === 0 ? 100 : Math.floor((done / total) * 100);
    redrawLine(this.#out, safeText`${counted(done)} of ${counted(total)} records (${share} %)`);
  }

  /** Clears the line. */
  end(): void {
    if (this.#shownAt > Number.NEGATIVE_INFINITY) this.#out && redrawLine(this.#out, safeText``);
    this.#shownAt = Number.NEGATIVE_INFINITY;
  }
}

function counted(value: number): SafeText {
  return plain(value.toLocaleString('en-US'));
}
