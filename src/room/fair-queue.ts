import { Failure } from '../domain/failure.ts';

interface Job {
  readonly start: () => void;
  readonly reject: (reason: Failure) => void;
}

/**
 * Runs jobs, so many at a time, and takes them from those who wait in rotation: somebody with a hundred jobs delays
 * somebody with one by one job.
 */
export class FairQueue {
  readonly #concurrency: number;
  readonly #concurrencyPerKey: number;
  /** Jobs that wait, by key; the first key is next. No lane is empty. */
  readonly #lanes = new Map<string, Job[]>();
  readonly #running = new Map<string, number>();
  #runningInAll = 0;
  #waiting = 0;

  /** @param options.concurrencyPerKey jobs of one key that run at a time. Default: as many as in all */
  constructor({ concurrency, concurrencyPerKey = concurrency }: { concurrency: number; concurrencyPerKey?: number }) {
    this.#concurrency = concurrency;
    this.#concurrencyPerKey = concurrencyPerKey;
  }

  /** Jobs that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  get isIdle(): boolean {
    return this.#runningInAll === 0;
  }

  waitingOf(key: string): number {
    return this.#lanes.get(key)?.length ?? 0;
  }

  /**
   * @param key whose job it is
   * @param signal takes the job out while it waits
   * @throws Failure CONNECTION_ENDED where it was taken out, and what the job throws
   */
  add<T>(key: string, work: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        reject(new Failure('CONNECTION_ENDED'));
        return;
      }
      const abort = () => this.#takeOut(key, job, new Failure('CONNECTION_ENDED'));
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

  /** Takes out the newest job of the longest lane, if that is longer than so many. @returns whether there was one */
  displace(length: number, reason: Failure): boolean {
    let longest: [key: string, lane: Job[]] | undefined;
    for (const entry of this.#lanes) {
      if (entry[1].length > (longest?.[1].length ?? length)) longest = entry;
    }
    if (longest) this.#takeOut(longest[0], longest[1].at(-1)!, reason);
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
      if (this.#runningInAll >= this.#concurrency) return;
      if ((this.#running.get(key) ?? 0) >= this.#concurrencyPerKey) continue;
      this.#lanes.delete(key);
      const job = lane.shift()!;
      if (lane.length > 0) this.#lanes.set(key, lane); // last: the loop comes by it again
      this.#waiting -= 1;
      job.start();
    }
  }

  #takeOut(key: string, job: Job, reason: Failure): void {
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
    this.#runningInAll += more;
  }
}
