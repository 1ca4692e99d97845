import { AppError } from '../domain/app-error.ts';

/**
 * Caches results that depend only on the journal's head. Concurrent callers share one computation per key. Only results
 * of the newest head are kept.
 */
export class HeadCache<T> {
  readonly #head: () => number;
  readonly #size: number;
  readonly #entries = new Map<string, Promise<T>>();
  #cachedHead = -1;

  constructor({ head, size }: { head: () => number; size: number }) {
    this.#head = head;
    this.#size = size;
  }

  /**
   * @param compute uses the signal of the first caller
   * @throws AppError CONNECTION_ENDED when the caller's own signal is aborted, and what `compute` throws
   */
  async get(key: string, compute: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      signal?.throwIfAborted();
      try {
        return await this.#find(key, compute);
      } catch (thrown) {
        // The first caller has disconnected: compute again.
        if (!(thrown instanceof AppError && thrown.code === 'CONNECTION_ENDED')) throw thrown;
      }
    }
  }

  #find(key: string, compute: () => Promise<T>): Promise<T> {
    const head = this.#head();
    if (head !== this.#cachedHead) {
      this.#entries.clear();
      this.#cachedHead = head;
    }
    const cached = this.#entries.get(key);
    if (cached) return cached;
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= this.#size) this.#entries.delete(oldest!);
    const answer = compute();
    this.#entries.set(key, answer);
    answer.catch(() => {
      if (this.#entries.get(key) === answer) this.#entries.delete(key);
    });
    return answer;
  }
}
