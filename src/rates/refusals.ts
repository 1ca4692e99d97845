import type { Log } from './log.ts';
import type { Refused } from './sink.ts';

/** New refusals of one answer that get a line each; the others share one. */
const MOST_LINES = 20;

/**
 * Logs the refused quotes of one provider: each instrument and kind of reason once, and again only after an answer
 * without it. Prices move, so that the numbers in a reason make no new one.
 */
export class Refusals {
  readonly #provider: string;
  readonly #log: Log;
  #known = new Set<string>();

  constructor(provider: string, log: Log) {
    this.#provider = provider;
    this.#log = log;
  }

  /** Takes what was refused of one whole answer. */
  tell(refused: readonly Refused[]): void {
    const current = new Set<string>();
    let fresh = 0;
    for (const { quote, reason } of refused) {
      const kind = `${quote.instrument} ${reason.replace(/\d[\d.,]*(?:e[+-]?\d+)?/gi, '#')}`;
      const isNew = !this.#known.has(kind) && !current.has(kind);
      current.add(kind);
      if (!isNew || ++fresh > MOST_LINES) continue;
      const { instrument, company, brand, buy, sell } = quote;
      this.#log.warn(
        { event: 'rates.refused', provider: this.#provider, instrument, company, brand, buy, sell, reason },
        'a quote was refused',
      );
    }
    if (fresh > MOST_LINES) {
      this.#log.warn(
        { event: 'rates.refused', provider: this.#provider, quotes: fresh - MOST_LINES },
        'more quotes were refused',
      );
    }
    this.#known = current;
  }
}
