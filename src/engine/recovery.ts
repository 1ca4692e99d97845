import { Failure } from '../domain/failure.ts';
import type { Trouble } from './contract.ts';

export interface RecoverySettings {
  /** Writes are refused from now on: told once, however many fail. */
  readonly onTrouble?: (trouble: Trouble) => void;
  /** Writes are taken again. */
  readonly onRecovered?: (trouble: Trouble) => void;
  /** Time to the first try; doubled with every one that fails. Default 1 s. */
  readonly firstMs?: number;
  /** Longest time between two tries. Default 30 s. */
  readonly longestMs?: number;
}

/** Tries again and again, further and further apart, until a store that refused a write takes writes again. */
export class Recovery {
  readonly #attempt: () => Promise<void>;
  readonly #settings: RecoverySettings;
  readonly #firstMs: number;
  readonly #longestMs: number;
  #trouble: Trouble | undefined;
  #delay = 0;
  #timer: NodeJS.Timeout | undefined;
  #trying: Promise<void> | undefined;
  #stopped = false;

  constructor(attempt: () => Promise<void>, settings: RecoverySettings = {}) {
    this.#attempt = attempt;
    this.#settings = settings;
    this.#firstMs = settings.firstMs ?? 1000;
    this.#longestMs = settings.longestMs ?? 30_000;
  }

  /** The latest failure, and when writes were first refused. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  begin(failure: Failure): void {
    // A try writes too: what it throws is told to the try.
    if (this.#stopped || this.#trouble) return;
    this.#trouble = { failure, since: Date.now() };
    this.#delay = this.#firstMs;
    this.#later();
    this.#settings.onTrouble?.(this.#trouble);
  }

  /** Resolves when no try is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#trying;
  }

  #later(): void {
    this.#timer = setTimeout(() => {
      this.#trying = this.#try();
    }, this.#delay).unref();
  }

  async #try(): Promise<void> {
    const trouble = this.#trouble!;
    try {
      await this.#attempt();
    } catch (thrown) {
      const failure = Failure.from(thrown);
      this.#trouble = { failure, since: trouble.since };
      // Other words than last time are news: the disk has room again, but records are missing.
      if (failure.code !== trouble.failure.code) this.#settings.onTrouble?.(this.#trouble);
      this.#delay = Math.min(2 * this.#delay, this.#longestMs);
      // What is missing does not come back: somebody has to look after it.
      if (!this.#stopped && failure.code !== 'JOURNAL_HOLE') this.#later();
      return;
    }
    this.#trouble = undefined;
    this.#settings.onRecovered?.(trouble);
  }
}
