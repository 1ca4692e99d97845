const FIRST_MS = 250;
const MOST_MS = 15_000;

/**
 * Waits between attempts: 250 ms, doubling to 15 s, of which up to a half is left off at random. Shorter when somebody
 * says that things have changed.
 */
export class Patience {
  #failures = 0;
  #wake: (() => void) | undefined;

  /** Resolves when the next attempt is due, or the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const bound = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, bound / 2 + Math.random() * (bound / 2));
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
    this.#wake = undefined;
  }

  /** The next loss begins with short waits again. */
  reset(): void {
    this.#failures = 0;
  }

  /** Whoever waits tries now. */
  hurry(): void {
    this.#failures = 0;
    this.#wake?.();
  }
}

/** Shut until it is opened; from then on everybody passes. */
export class Gate {
  readonly #waiting = new Set<() => void>();
  #open = false;

  open(): void {
    this.#open = true;
    for (const pass of this.#waiting) pass();
    this.#waiting.clear();
  }

  /** @throws the signal's reason */
  async pass(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#open) return;
    await new Promise<void>((resolve) => {
      const pass = () => {
        signal.removeEventListener('abort', pass);
        this.#waiting.delete(pass);
        resolve();
      };
      this.#waiting.add(pass);
      signal.addEventListener('abort', pass);
    });
    signal.throwIfAborted();
  }
}
