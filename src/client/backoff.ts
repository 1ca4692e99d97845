const FIRST_MS = 250;
const MOST_MS = 15_000;
/** A daemon may ask for patience; a mistaken one must not send clients away for good. */
const ASKED_MOST_MS = 5 * 60_000;

/**
 * How long to wait before the next attempt: 250 ms, doubling to 15 s, of which up to a half is left off at random, so
 * that clients that lost their daemon together do not come back together.
 */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random as Math.random */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /**
   * In milliseconds.
   * @param asked what the daemon asks for; never less than this is waited, up to 5 min
   */
  next(asked = 0): number {
    const bound = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    const jitter = this.#random() * (bound / 2);
    return Math.round(Math.max(bound / 2, Math.min(Math.max(asked, 0) || 0, ASKED_MOST_MS)) + jitter);
  }

  reset(): void {
    this.#failures = 0;
  }
}
