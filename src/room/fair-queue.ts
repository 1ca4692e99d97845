import { AppError } from '../domain/app-error.ts';

interface Job {
  readonly start: () => void;
  readonly reject: (reason: AppError) => void;
}

/**
 * Runs a limited number of jobs at a time, taken round-robin by key, so that a key with a hundred jobs delays a key
 * with one job by only one job.
 */
export class FairQueue {
  readonly #concurrency: number;
  readonly #concurrencyPerKey: number;
  /** Waiting jobs by key; the first key is next. No lane is empty. */
  readonly #lanes = new Map<string, Job[]>();
  readonly #running = new Map<string, number>();
  #totalRunning = 0;
  #waiting = 0;

  /** @param options.concurrencyPerKey limit per key. Default: the total limit */
  constructor({ concurrency, concurrencyPerKey = concurrency }: { concurrency: number; concurrencyPerKey?: number }) {
    this.#concurrency = concurrency;
    this.#concurrencyPerKey = concurrencyPerKey;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get isIdle(): boolean {
    return this.#totalRunning === 0;
  }

  waitingOf(key: string): number {
    return this.#lanes.get(key)?.length ?? 0;
  }

  /**
   * @param signal removes the job while it waits
   * @throws AppError CONNECTION_ENDED if it was removed, and what the job throws
   */
  add<T>(key: string, work: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        reject(new AppError('CONNECTION_ENDED'));
        return;
      }
      const abort = () => this.#cancel(key, job, new AppError('CONNECTION_ENDED'));
      const job: Job = {
        start: () => {
          signal?.removeEventListener('abort', abort);
          this.#count(key, 1);
          void this.#run(key, work).then(resolve, reject);
        },
        reject: (reason) => {
          signal?.removeEventListener('abort', abort);
          reject(reason);
        },
      };
      signal?.addEventListener('abort', abort);
      const lane = this.#lanes.get(key);
      if (lane) lane.push(job);
      else this.#lanes.set(key, [job]);
      this.#waiting += 1;
      this.#next();
    });
  }

  /** Removes the newest job of the longest lane, if that is longer than `length`. @returns whether it did */
  evictFromLongest(length: number, reason: AppError): boolean {
    let longest: [key: string, lane: Job[]] | undefined;
    for (const entry of this.#lanes) {
      if (entry[1].length > (longest?.[1].length ?? length)) longest = entry;
    }
    if (longest) this.#cancel(longest[0], longest[1].at(-1)!, reason);
    return longest !== undefined;
  }

  async #run<T>(key: string, work: () => Promise<T> | T): Promise<T> {
    try {
      return await work();
    } finally {
      this.#count(key, -1);
      this.#next();
    }
  }

  #next(): void {
    for (const [key, lane] of this.#lanes) {
      if (this.#totalRunning >= this.#concurrency) return;
      if ((this.#running.get(key) ?? 0) >= this.#concurrencyPerKey) continue;
      this.#lanes.delete(key);
      const job = lane.shift()!;
      if (lane.length > 0) this.#lanes.set(key, lane); // moved to the end, where the loop reaches it again
      this.#waiting -= 1;
      job.start();
    }
  }

  #cancel(key: string, job: Job, reason: AppError): void {
    const lane = this.#lanes.get(key);
    const at = lane?.indexOf(job) ?? -1;
    if (!lane || at < 0) return;
    lane.splice(at, 1);
    if (lane.length === 0) this.#lanes.delete(key);
    this.#waiting -= 1;
    job.reject(reason);
  }

  #count(key: string, more: 1 | -1): void {
    const count = (this.#running.get(key) ?? 0) + more;
    if (count === 0) this.#running.delete(key);
    else this.#running.set(key, count);
    this.#totalRunning += more;
  }
}
