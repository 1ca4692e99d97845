import { performance } from 'node:perf_hooks';
import PQueue from 'p-queue';

export interface QueueOptions {
  readonly priority: number;
  /** Takes the task out of the queue, or lets go of it when it runs. The task stops itself. */
  readonly signal: AbortSignal;
}

/**
 * The queue of one host: one request at a time, none sooner than `spacing` after the start of the one before, and
 * none at all while the host is held.
 */
export class Host {
  /** Without the queue's own interval, which goes by the clock: set back by an hour, it would stand still for one. */
  readonly #queue = new PQueue({ concurrency: 1 });
  #spacing = 0;
  #startedAt = Number.NEGATIVE_INFINITY;
  #heldUntil = 0; // these two by performance.now(): a corrected clock moves no pause
  #pausedUntil = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Requests that wait to be sent. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Milliseconds that the host is still held, 0 when it is not. */
  get heldFor(): number {
    return Math.max(0, this.#heldUntil - performance.now());
  }

  /** Asks for that many milliseconds between two requests. Of all that ask, the most careful one is heard. */
  space(ms: number): void {
    if (ms <= this.#spacing) return;
    this.#spacing = ms;
    this.#pause(this.#startedAt + ms);
  }

  /** Runs the task in its turn: higher priority first, then the order of asking. */
  run<T>(task: () => Promise<T>, options: QueueOptions): Promise<T> {
    return this.#queue.add(() => {
      this.#startedAt = performance.now();
      this.#pause(this.#startedAt + this.#spacing);
      return task();
    }, options);
  }

  /** Sends nothing for that many milliseconds. A longer hold that is under way stays. */
  hold(ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, performance.now() + ms);
    this.#pause(this.#heldUntil);
  }

  /** Forgets what waits. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#queue.clear();
  }

  #pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
    const wait = this.#pausedUntil - performance.now();
    clearTimeout(this.#timer);
    if (wait <= 0) {
      this.#queue.start();
      return;
    }
    this.#queue.pause();
    this.#timer = setTimeout(() => this.#pause(0), Math.ceil(wait));
    this.#timer.unref();
  }
}
