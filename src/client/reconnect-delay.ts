import { backoffDelayMs, RECONNECT_BOUNDS } from '../domain/backoff.ts';

/** A daemon may ask clients to wait; a faulty one must not send them away for good. */
const MAX_REQUESTED_MS = 5 * 60_000;

/** Delays between attempts to connect: 250 ms, doubling to 15 s, of which up to a half is left off at random. */
export class ReconnectDelay {
  readonly #random: () => number;
  #failures = 0;

  /** @param random as Math.random */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** @param requestedMs what the daemon asks for: a minimum in ms, up to 5 min */
  nextDelayMs(requestedMs = 0): number {
    this.#failures += 1;
    const delay = backoffDelayMs(this.#failures, RECONNECT_BOUNDS, () => 0);
    const jitter = backoffDelayMs(this.#failures, RECONNECT_BOUNDS, this.#random) - delay;
    return Math.round(Math.max(delay, Math.min(Math.max(requestedMs, 0) || 0, MAX_REQUESTED_MS)) + jitter);
  }

  reset(): void {
    this.#failures = 0;
  }
}
