/** How often a figure was how large: counts between bounds, cheap enough for what happens all the time. */
export class Histogram {
  /** Upper bounds, included, in order; what is over the last is counted as well. */
  readonly bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  /** @param times it was that large */
  add(value: number, times = 1): void {
    let i = 0;
    while (i < this.bounds.length && value > this.bounds[i]!) i++;
    this.#counts[i]! += times;
    this.#sum += value * times;
  }

  /** How often it was at most so large, bound by bound, and last how often in all. */
  cumulative(): number[] {
    let count = 0;
    return this.#counts.map((each) => (count += each));
  }

  get sum(): number {
    return this.#sum;
  }
}
