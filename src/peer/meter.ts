/** Time after which what was measured counts for 1/e. */
const MEMORY_MS = 2000;
const REPORT_MS = 200;
const STILL_MS = 1000;

/** Speed over the last seconds: an exponentially weighted mean that is right from its first second on. */
export class Meter {
  readonly #now: () => number;
  readonly #startedAt: number;
  #sum = 0;
  #at: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startedAt = now();
    this.#at = this.#startedAt;
  }

  add(bytes: number): void {
    this.#decay();
    this.#sum += bytes;
  }

  /** Bytes a second; 0 once nothing moves. */
  get rate(): number {
    this.#decay();
    const elapsed = Math.max(100, this.#at - this.#startedAt);
    const rate = (this.#sum / (MEMORY_MS * (1 - Math.exp(-elapsed / MEMORY_MS)))) * 1000;
    return rate < 1 ? 0 : Math.round(rate);
  }

  #decay(): void {
    const now = this.#now();
    this.#sum *= Math.exp((this.#at - now) / MEMORY_MS);
    this.#at = now;
  }
}

/** Calls back at most five times a second, and once a second while `moving` says so. */
export class Reporter {
  readonly #report: () => void;
  readonly #moving: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  #still = false;
  #lastAt = 0;
  #over = false;

  constructor(report: () => void, moving: () => boolean) {
    this.#report = report;
    this.#moving = moving;
  }

  changed(): void {
    if (this.#over || (this.#timer && !this.#still)) return;
    clearTimeout(this.#timer);
    this.#arm(Math.max(0, this.#lastAt + REPORT_MS - performance.now()), false);
  }

  /** Reports a last time. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#report();
  }

  #arm(delay: number, still: boolean): void {
    this.#still = still;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#lastAt = performance.now();
      this.#report();
      if (!this.#over && !this.#timer && this.#moving()) this.#arm(STILL_MS, true);
    }, delay);
  }
}
