/** Unused bandwidth carries over for this long, because timers fire late. */
const MAX_BURST_MS = 50;

/** Limits the bytes per second of everyone who calls `consume`. */
export class BandwidthLimiter {
  #bytesPerSecond: number | null;
  readonly #now: () => number;
  /** When the bytes consumed so far have been paid for at the current rate. */
  #debtPaidAt = 0;

  /** @param bytesPerSecond null for no limit */
  constructor(bytesPerSecond: number | null = null, now: () => number = () => performance.now()) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#now = now;
  }

  get rate(): number | null {
    return this.#bytesPerSecond;
  }

  /** Outstanding debt is paid at the new rate. */
  set rate(bytesPerSecond: number | null) {
    const now = this.#now();
    const debtBytes = Math.max(0, this.#debtPaidAt - now) * (this.#bytesPerSecond ?? 0);
    this.#bytesPerSecond = bytesPerSecond;
    this.#debtPaidAt = bytesPerSecond === null ? now : now + debtBytes / bytesPerSecond;
  }

  /** Call with the bytes that are sent now. @returns milliseconds to wait before sending more */
  consume(bytes: number): number {
    if (this.#bytesPerSecond === null) return 0;
    const now = this.#now();
    this.#debtPaidAt = Math.max(this.#debtPaidAt, now - MAX_BURST_MS) + (bytes / this.#bytesPerSecond) * 1000;
    return Math.max(0, this.#debtPaidAt - now);
  }
}
