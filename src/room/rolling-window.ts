interface Settings {
  /** How many of a key fit into the window. */
  readonly limit: number;
  /** Length of the window, ms. */
  readonly span: number;
  /** Keys that are kept at most: the one whose last event is oldest leaves. */
  readonly keys: number;
  /** Monotonic, ms. */
  readonly now: () => number;
}

/** Counts events of a key in the last `span` milliseconds. */
export class RollingWindow {
  readonly #settings: Settings;
  /** Moments of each key's events, oldest first; keys by their last event, oldest first. */
  readonly #events = new Map<string, number[]>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#events.size;
  }

  /** How many more events of the key fit now. */
  left(key: string): number {
    return Math.max(0, this.#settings.limit - this.#alive(key).length);
  }

  /** Milliseconds until another event of the key fits, 0 when it does. */
  wait(key: string): number {
    const { limit, span, now } = this.#settings;
    const events = this.#alive(key);
    if (events.length < limit) return 0;
    const leaves = events[events.length - limit];
    return leaves === undefined ? span : leaves + span - now(); // undefined: nothing ever fits (limit 0)
  }

  add(key: string): void {
    const { limit, span, keys, now } = this.#settings;
    const events = [...this.#alive(key), now()].slice(-Math.max(1, limit));
    this.#events.delete(key);
    this.#events.set(key, events);
    for (const [oldest, moments] of this.#events) {
      if (this.#events.size <= keys && moments.at(-1)! + span > now()) break;
      this.#events.delete(oldest);
    }
  }

  /** Takes the key's last event back. */
  takeBack(key: string): void {
    const events = this.#events.get(key);
    events?.pop();
    if (events?.length === 0) this.#events.delete(key);
  }

  #alive(key: string): number[] {
    const oldest = this.#settings.now() - this.#settings.span;
    return (this.#events.get(key) ?? []).filter((moment) => moment > oldest);
  }
}
