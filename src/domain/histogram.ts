/** Counts of values between bounds; cheap enough for hot paths. */
export class Histogram {
  /** Inclusive upper bounds in ascending order; values above the last one are counted too. */
  readonly bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  /** @param times how often the value occurred */
  add(value: number, times = 1): void {
    let i = 0;
    while (i < this.bounds.length && value > this.bounds[i]!) i++;
    this.#counts[i]! += times;
    this.#sum += value * times;
  }

  /** The number of values up to each bound, then the total. */
  cumulative(): number[] {
    let count = 0;
    return this.#counts.map((each) => (count += each));
  }

  get sum(): number {
    return this.#sum;
  }
}
