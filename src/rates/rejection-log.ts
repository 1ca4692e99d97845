import type { Logger } from '../domain/logger.ts';
import type { RejectedRow, RejectedRows } from './provider.ts';
import type { RejectedQuote } from './quote-sink.ts';

/** New kinds of rejections per response that are logged individually; the others share one line. */
const MAX_LINES_PER_ANSWER = 20;

/**
 * Logs rejected quotes and rows of one provider: each kind once, and again only after a response without it. Numbers in a
 * reason do not make a new kind, because prices change.
 */
export class RejectionLog {
  readonly #provider: string;
  readonly #log: Logger;
  readonly #quoteKinds = new NewKindFilter<RejectedQuote>(
    ({ quote, reason }) => `${quote.instrument} ${maskNumbers(reason)}`,
  );
  readonly #rowKinds = new NewKindFilter<RejectedRow>(({ path, reason }) => maskNumbers(`${path} ${reason}`));

  constructor(provider: string, log: Logger) {
    this.#provider = provider;
    this.#log = log;
  }

  /** @param refused all rejected quotes of one response */
  logQuotes(refused: readonly RejectedQuote[]): void {
    const fresh = this.#quoteKinds.takeNew(refused);
    for (const { quote, reason } of fresh.slice(0, MAX_LINES_PER_ANSWER)) {
      const { instrument, company, brand, buy, sell } = quote;
      this.#log.warn(
        { event: 'rates.refused', provider: this.#provider, instrument, company, brand, buy, sell, reason },
        'quote rejected',
      );
    }
    if (fresh.length > MAX_LINES_PER_ANSWER) {
      this.#log.warn(
        { event: 'rates.refused', provider: this.#provider, quotes: fresh.length - MAX_LINES_PER_ANSWER },
        'more quotes rejected',
      );
    }
  }

  /** Logs all rejected rows of one response. */
  logRows({ count, first }: Pick<RejectedRows, 'count' | 'first'>): void {
    for (const { path, reason } of this.#rowKinds.takeNew(first)) {
      this.#log.warn(
        { event: 'rates.rejected', provider: this.#provider, path, reason, rows: count },
        'row skipped: unexpected format',
      );
    }
  }
}

/** Finds the kinds of items that are new since the last response. */
class NewKindFilter<Item> {
  readonly #kindOf: (item: Item) => string;
  #known = new Set<string>();

  constructor(kindOf: (item: Item) => string) {
    this.#kindOf = kindOf;
  }

  /** The first item of each kind that the previous response did not have. */
  takeNew(items: readonly Item[]): Item[] {
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

function maskNumbers(text: string): string {
  return text.replace(/\d[\d.,]*(?:e[+-]?\d+)?/gi, '#');
}
