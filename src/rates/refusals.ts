import type { Log } from './log.ts';
import type { RejectedRow, RejectedRows } from './rows.ts';
import type { Refused } from './sink.ts';

/** New refusals of one answer that get a line each; the others share one. */
const MOST_LINES = 20;

/**
 * Logs what is left out of one provider's answers, quotes that are refused and rows that do not fit: each kind once,
 * and again only after an answer without it. Prices move, so that the numbers in a reason make no new kind.
 */
export class Refusals {
  readonly #provider: string;
  readonly #log: Log;
  readonly #quotes = new Kinds<Refused>(({ quote, reason }) => `${quote.instrument} ${withoutNumbers(reason)}`);
  readonly #rows = new Kinds<RejectedRow>(({ path, reason }) => withoutNumbers(`${path} ${reason}`));

  constructor(provider: string, log: Log) {
    this.#provider = provider;
    this.#log = log;
  }

  /** Takes what was refused of one whole answer. */
  tell(refused: readonly Refused[]): void {
    const fresh = this.#quotes.fresh(refused);
    for (const { quote, reason } of fresh.slice(0, MOST_LINES)) {
      const { instrument, company, brand, buy, sell } = quote;
      this.#log.warn(
        { event: 'rates.refused', provider: this.#provider, instrument, company, brand, buy, sell, reason },
        'a quote was refused',
      );
    }
    if (fresh.length > MOST_LINES) {
      this.#log.warn(
        { event: 'rates.refused', provider: this.#provider, quotes: fresh.length - MOST_LINES },
        'more quotes were refused',
      );
    }
  }

  /** Takes the rows of one whole answer that do not fit. */
  tellRows({ count, first }: Pick<RejectedRows, 'count' | 'first'>): void {
    for (const { path, reason } of this.#rows.fresh(first)) {
      this.#log.warn(
        { event: 'rates.rejected', provider: this.#provider, path, reason, rows: count },
        'a row does not fit and was left out',
      );
    }
  }
}

/** Tells which kinds of things are new since the last answer. */
class Kinds<Item> {
  readonly #kindOf: (item: Item) => string;
  #known = new Set<string>();

  constructor(kindOf: (item: Item) => string) {
    this.#kindOf = kindOf;
  }

  /** The first of each kind in an answer that was not in the answer before. */
  fresh(items: readonly Item[]): Item[] {
    const current = new Set<string>();
    const fresh = items.filter((item) => {
      const kind = this.#kindOf(item);
      const isNew = !this.#known.has(kind) && !current.has(kind);
      current.add(kind);
      return isNew;
    });
    this.#known = current;
    return fresh;
  }
}

function withoutNumbers(text: string): string {
  return text.replace(/\d[\d.,]*(?:e[+-]?\d+)?/gi, '#');
}
