/** `rate` per second in the long run, `burst` at once (calls, bytes). */
export class TokenBucket {
  readonly #tokensPerMs: number;
  readonly #burst: number;
  #tokens: number;
  #refilledAt: number;

  /** @param now monotonic milliseconds */
  constructor(rate: number, burst: number, now: number) {
    this.#tokensPerMs = rate / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#refilledAt = now;
  }

  /** Takes tokens. @returns 0, or the milliseconds until they are available */
  take(now: number, count = 1): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#refilledAt) * this.#tokensPerMs);
    this.#refilledAt = now;
    if (this.#tokens < count) return Math.ceil((count - this.#tokens) / this.#tokensPerMs);
    this.#tokens -= count;
    return 0;
  }
}
