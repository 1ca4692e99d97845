/** Runs asynchronous work: once, repeatedly, or throttled. Errors go to one handler. */
export class TaskRunner {
  readonly #onError: (thrown: unknown) => void;
  readonly #polls = new Set<NodeJS.Timeout>();
  readonly #throttled = new Map<string, NodeJS.Timeout>();
  readonly #inFlight = new Set<Promise<void>>();
  #isStopped = false;

  constructor(onError: (thrown: unknown) => void) {
    this.#onError = onError;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Starts no more work. Work in flight continues. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#polls) clearInterval(timer);
    for (const timer of this.#throttled.values()) clearTimeout(timer);
  }

  /** Resolves when no work is in flight. */
  async waitUntilIdle(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(this.#inFlight);
    } while (this.#inFlight.size > 0);
  }

  run(work: () => Promise<void>): void {
    const done = work()
      .catch(this.#onError)
      .finally(() => this.#inFlight.delete(done));
    this.#inFlight.add(done);
  }

  poll(intervalMs: number, work: () => Promise<void>): void {
    if (!this.#isStopped) this.#polls.add(setInterval(() => this.run(work), intervalMs));
  }

  /** Runs `work` after `delayMs`. Further calls with the same key are ignored until then. */
  throttle(key: string, delayMs: number, work: () => Promise<void>): void {
    if (this.#isStopped || this.#throttled.has(key)) return;
    const elapsed = new Promise<void>((resolve) => {
      const onElapsed = (): void => {
        this.#throttled.delete(key);
        resolve();
      };
      this.#throttled.set(key, setTimeout(onElapsed, delayMs));
    });
    // Work that is due now counts as in flight, so that waitUntilIdle waits for it.
    if (delayMs === 0) this.run(() => elapsed.then(work));
    else void elapsed.then(() => this.run(work));
  }
}
