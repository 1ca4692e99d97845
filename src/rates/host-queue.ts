import { performance } from 'node:perf_hooks';
import PQueue from 'p-queue';

export interface QueueOptions {
  readonly priority: number;
  /** Removes the task from the queue, or stops waiting for it. A running task must stop itself. */
  readonly signal: AbortSignal;
}

/**
 * The request queue of one host: one request at a time, at least the minimum interval after the start of the previous one,
 * and none while the host is paused.
 */
export class HostQueue {
  /** Does not use the queue's own interval, which follows the wall clock: set back by an hour, it would stall for one. */
  readonly #queue = new PQueue({ concurrency: 1 });
  #minIntervalMs = 0;
  #lastStartedAt = Number.NEGATIVE_INFINITY;
  #hostPausedUntil = 0; // both by performance.now(), so that clock changes do not move a pause
  #queuePausedUntil = 0;
  #timer: NodeJS.Timeout | undefined;

  get waitingCount(): number {
    return this.#queue.size;
  }

  /** Remaining pause of the host; 0 if it is not paused. */
  get pausedForMs(): number {
    return Math.max(0, this.#hostPausedUntil - performance.now());
  }

  /** Sets the minimum interval between two requests. The largest value given applies. */
  setMinInterval(ms: number): void {
    if (ms <= this.#minIntervalMs) return;
    this.#minIntervalMs = ms;
    this.#pauseQueueUntil(this.#lastStartedAt + ms);
  }

  /** Runs the task in turn: higher priority first, then first in, first out. */
  run<T>(task: () => Promise<T>, options: QueueOptions): Promise<T> {
    return this.#queue.add(() => {
      this.#lastStartedAt = performance.now();
      this.#pauseQueueUntil(this.#lastStartedAt + this.#minIntervalMs);
      return task();
    }, options);
  }

  /** Sends no requests for this time. A longer pause that is already in effect is kept. */
  pauseFor(ms: number): void {
    this.#hostPausedUntil = Math.max(this.#hostPausedUntil, performance.now() + ms);
    this.#pauseQueueUntil(this.#hostPausedUntil);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#queue.clear();
  }

  #pauseQueueUntil(until: number): void {
    this.#queuePausedUntil = Math.max(this.#queuePausedUntil, until);
    const wait = this.#queuePausedUntil - performance.now();
    clearTimeout(this.#timer);
    if (wait <= 0) {
      this.#queue.start();
      return;
    }
    this.#queue.pause();
    this.#timer = setTimeout(() => this.#pauseQueueUntil(0), Math.ceil(wait));
    this.#timer.unref();
  }
}
