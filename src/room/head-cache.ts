import { Failure } from '../domain/failure.ts';

/**
 * Answers that depend on the journal's head alone: computed once a head and key, however many ask at a time. Only those
 * of the newest head are kept.
 */
export class HeadCache<T> {
  readonly #head: () => number;
  readonly #size: number;
  readonly #answers = new Map<string, Promise<T>>();
  #headOfAnswers = -1;

  /** @param options.size answers that are kept at most */
  constructor({ head, size }: { head: () => number; size: number }) {
    this.#head = head;
    this.#size = size;
  }

  /**
   * @param compute is given the signal of whoever asks first
   * @throws Failure CONNECTION_ENDED where the own signal is aborted, and what `compute` throws
   */
  async get(key: string, compute: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      signal?.throwIfAborted();
      try {
        return await this.#find(key, compute);
      } catch (thrown) {
        // Whoever asked first has gone: somebody else computes it.
        if (!(thrown instanceof Failure && thrown.code === 'CONNECTION_ENDED')) throw thrown;
      }
    }
  }

  #find(key: string, compute: () => Promise<T>): Promise<T> {
    const head = this.#head();
    if (head !== this.#headOfAnswers) {
      this.#answers.clear();
      this.#headOfAnswers = head;
    }
    const kept = this.#answers.get(key);
    if (kept) return kept;
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= this.#size) this.#answers.delete(oldest!);
    const answer = compute();
    this.#answers.set(key, answer);
    answer.catch(() => {
      if (this.#answers.get(key) === answer) this.#answers.delete(key);
    });
    return answer;
  }
}
