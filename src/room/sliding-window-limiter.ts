interface SlidingWindowSettings {
  readonly limit: number;
  readonly windowMs: number;
  /** Limit of keys; the one with the oldest last event is dropped. */
  readonly maxKeys: number;
  readonly now: () => number;
}

/** Limits the events of a key within a sliding window. */
export class SlidingWindowLimiter {
  readonly #settings: SlidingWindowSettings;
  /** Times of each key's events, oldest first. Keys by their last event, oldest first. */
  readonly #events = new Map<string, number[]>();

  constructor(settings: SlidingWindowSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#events.size;
  }

  remaining(key: string): number {
    return Math.max(0, this.#settings.limit - this.#recentEvents(key).length);
  }

  waitMs(key: string): number {
    const { limit, windowMs, now } = this.#settings;
    const events = this.#recentEvents(key);
    if (events.length < limit) return 0;
    const leaves = events[events.length - limit];
    return leaves === undefined ? windowMs : leaves + windowMs - now(); // undefined: a limit of 0 allows none
  }

  add(key: string): void {
    const { limit, windowMs, maxKeys, now } = this.#settings;
    const events = [...this.#recentEvents(key), now()].slice(-Math.max(1, limit));
    this.#events.delete(key);
    this.#events.set(key, events);
    for (const [oldest, moments] of this.#events) {
      if (this.#events.size <= maxKeys && moments.at(-1)! + windowMs > now()) break;
      this.#events.delete(oldest);
    }
  }

  refund(key: string): void {
    const events = this.#events.get(key);
    events?.pop();
    if (events?.length === 0) this.#events.delete(key);
  }

  #recentEvents(key: string): number[] {
    const oldest = this.#settings.now() - this.#settings.windowMs;
    return (this.#events.get(key) ?? []).filter((moment) => moment > oldest);
  }
}

/** Formats a delay for people: `9 s`, `2 min`, `2 min 5 s`. Rounds up, so that a retry after it is not refused. */
export function formatRetryDelay(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
}
