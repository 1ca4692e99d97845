/** A token bucket: `rate` calls a second in the long run, `burst` at once. */
export class Bucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #filled: number;

  /** @param now monotonic milliseconds */
  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filled = now;
  }

  /** Takes one; 0 when there was one, else the milliseconds until there is. */
  take(now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filled) * this.#rate);
    this.#filled = now;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / this.#rate);
    this.#tokens -= 1;
    return 0;
  }
}
