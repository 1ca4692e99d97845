import { AppError } from '../domain/app-error.ts';
import { backoffDelayMs } from '../domain/backoff.ts';
import type { Outage } from './types.ts';

export interface RecoverySettings {
  /** Called once when writes begin to be refused, however many fail. */
  readonly onOutage?: (outage: Outage) => void;
  readonly onRecovered?: (outage: Outage) => void;
  /** Delay before the first attempt; doubled after each failure. Default 1 s. */
  readonly initialDelayMs?: number;
  readonly maxDelayMs?: number;
}

/** Retries with exponential back-off until a store that refused a write accepts writes again. */
export class RecoveryLoop {
  readonly #attempt: () => Promise<void>;
  readonly #settings: RecoverySettings;
  readonly #initialDelayMs: number;
  readonly #maxDelayMs: number;
  #outage: Outage | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(attempt: () => Promise<void>, settings: RecoverySettings = {}) {
    this.#attempt = attempt;
    this.#settings = settings;
    this.#initialDelayMs = settings.initialDelayMs ?? 1000;
    this.#maxDelayMs = settings.maxDelayMs ?? 30_000;
  }

  /** The latest error, and when writes were first refused. */
  get outage(): Outage | undefined {
    return this.#outage;
  }

  start(failure: AppError): void {
    // An attempt writes too; its errors belong to the attempt.
    if (this.#isStopped || this.#outage) return;
    this.#outage = { error: failure, since: Date.now() };
    this.#failures = 1;
    this.#schedule();
    this.#settings.onOutage?.(this.#outage);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(): void {
    this.#timer = setTimeout(
      () => {
        this.#running = this.#runAttempt();
      },
      backoffDelayMs(this.#failures, { firstMs: this.#initialDelayMs, maxMs: this.#maxDelayMs }, () => 1),
    ).unref();
  }

  async #runAttempt(): Promise<void> {
    const outage = this.#outage!;
    try {
      await this.#attempt();
    } catch (thrown) {
      const failure = AppError.from(thrown);
      this.#outage = { error: failure, since: outage.since };
      // A different error is reported: the disk may have room again while records are missing.
      if (failure.code !== outage.error.code) this.#settings.onOutage?.(this.#outage);
      this.#failures += 1;
      // Missing records do not come back, so an operator has to act.
      if (!this.#isStopped && failure.code !== 'JOURNAL_HOLE') this.#schedule();
      return;
    }
    this.#outage = undefined;
    this.#settings.onRecovered?.(outage);
  }
}
