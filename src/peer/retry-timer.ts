import { backoffDelayMs, RECONNECT_BOUNDS } from '../domain/backoff.ts';
import { sleep } from '../sleep.ts';

/** Delays between attempts: 250 ms, doubling to 15 s, with jitter. `retryNow` ends a delay early. */
export class RetryTimer {
  #failures = 0;
  #wake: (() => void) | undefined;

  /** Resolves when the next attempt is due, or when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const wake = new AbortController();
    this.#wake = () => wake.abort();
    this.#failures += 1;
    await sleep(backoffDelayMs(this.#failures, RECONNECT_BOUNDS), AbortSignal.any([signal, wake.signal]));
    this.#wake = undefined;
  }

  /** The next delay is short again. */
  reset(): void {
    this.#failures = 0;
  }

  retryNow(): void {
    this.#failures = 0;
    this.#wake?.();
  }
}

/** Makes callers wait until it is opened once. */
export class Latch {
  readonly #waiters = new Set<() => void>();
  #isOpen = false;

  open(): void {
    this.#isOpen = true;
    for (const resume of this.#waiters) resume();
    this.#waiters.clear();
  }

  /** @throws the signal's reason */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#isOpen) return;
    await new Promise<void>((resolve) => {
      const resume = () => {
        signal.removeEventListener('abort', resume);
        this.#waiters.delete(resume);
        resolve();
      };
      this.#waiters.add(resume);
      signal.addEventListener('abort', resume);
    });
    signal.throwIfAborted();
  }
}
