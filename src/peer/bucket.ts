/** Unused time of so long may be made up for: timers are late. */
const BURST_MS = 50;

/** A cap on bytes a second, shared by whoever debits it. */
export class Bucket {
  #rate: number | null;
  readonly #now: () => number;
  /** When everything debited so far is paid for. */
  #paidAt = 0;

  /** @param rate bytes a second; null for no cap */
  constructor(rate: number | null = null, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
  }

  get rate(): number | null {
    return this.#rate;
  }

  /** What is owed is paid at the new rate. */
  set rate(rate: number | null) {
    const now = this.#now();
    const owed = Math.max(0, this.#paidAt - now) * (this.#rate ?? 0);
    this.#rate = rate;
    this.#paidAt = rate === null ? now : now + owed / rate;
  }

  /** Takes bytes that go now. @returns milliseconds to wait before the next */
  debit(bytes: number): number {
    if (this.#rate === null) return 0;
    const now = this.#now();
    this.#paidAt = Math.max(this.#paidAt, now - BURST_MS) + (bytes / this.#rate) * 1000;
    return Math.max(0, this.#paidAt - now);
  }
}
