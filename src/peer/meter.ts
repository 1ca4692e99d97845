/** A measurement's weight decays to 1/e in this time. */
const DECAY_MS = 2000;
const NOTIFY_INTERVAL_MS = 200;
const SLOW_NOTIFY_INTERVAL_MS = 1000;

/** Exponentially weighted mean of the speed over the last seconds, corrected so that it is accurate from the start. */
export class ThroughputMeter {
  readonly #now: () => number;
  #startedAt: number;
  #weightedBytes = 0;
  #decayedAt: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startedAt = now();
    this.#decayedAt = this.#startedAt;
  }

  /** Starts a new measurement if nothing moves: the time before, such as the wait for an ACCEPT, does not count. */
  start(): void {
    if (this.bytesPerSecond > 0) return;
    this.#weightedBytes = 0;
    this.#startedAt = this.#decayedAt;
  }

  add(bytes: number): void {
    this.#decay();
    this.#weightedBytes += bytes;
  }

  /** 0 once nothing moves. */
  get bytesPerSecond(): number {
    this.#decay();
    const elapsed = Math.max(100, this.#decayedAt - this.#startedAt);
    const rate = (this.#weightedBytes / (DECAY_MS * (1 - Math.exp(-elapsed / DECAY_MS)))) * 1000;
    return rate < 1 ? 0 : Math.round(rate);
  }

  #decay(): void {
    const now = this.#now();
    this.#weightedBytes *= Math.exp((this.#decayedAt - now) / DECAY_MS);
    this.#decayedAt = now;
  }
}

/** Calls back at most five times a second after changes, and once a second while `isMoving` returns true. */
export class ThrottledNotifier {
  readonly #onNotify: () => void;
  readonly #isMoving: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  #isSlowTimer = false;
  #notifiedAt = 0;
  #isStopped = false;

  constructor(onNotify: () => void, isMoving: () => boolean) {
    this.#onNotify = onNotify;
    this.#isMoving = isMoving;
  }

  notify(): void {
    if (this.#isStopped || (this.#timer && !this.#isSlowTimer)) return;
    clearTimeout(this.#timer);
    this.#schedule(Math.max(0, this.#notifiedAt + NOTIFY_INTERVAL_MS - performance.now()), false);
  }

  /** Calls back a last time. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#onNotify();
  }

  #schedule(delayMs: number, isSlow: boolean): void {
    this.#isSlowTimer = isSlow;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#notifiedAt = performance.now();
      this.#onNotify();
      if (!this.#isStopped && !this.#timer && this.#isMoving()) this.#schedule(SLOW_NOTIFY_INTERVAL_MS, true);
    }, delayMs);
  }
}
