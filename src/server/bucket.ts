/** A token bucket: `rate` a second in the long run, `burst` at once (calls, bytes). */
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

  /** Takes one, or that many; 0 when they were there, else the milliseconds until they are. */
  take(now: number, wanted = 1): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filled) * this.#rate);
    this.#filled = now;
    if (this.#tokens < wanted) return Math.ceil((wanted - this.#tokens) / this.#rate);
    this.#tokens -= wanted;
    return 0;
  }
}
