import { STALE_AFTER_INTERVALS } from '../domain/freshness.ts';
import type { EpochMs } from '../domain/time.ts';
import type { PriceDistance } from './quote-sink.ts';

/**
 * - `ok`: the last fetch succeeded recently
 * - `stale`: no successful fetch within three intervals, or none yet, but no error either
 * - `error`: the last fetch failed
 * - `off`: disabled, or its key is missing; `lastError` says which
 */
export type HealthState = 'ok' | 'stale' | 'error' | 'off';

export interface ProviderHealthReport {
  readonly id: string;
  readonly state: HealthState;
  readonly lastOk: EpochMs | null;
  /** Kept after a recovery; `state` tells whether it still applies. */
  readonly lastError: string | null;
  readonly lastErrorAt: EpochMs | null;
  readonly nextAt: EpochMs | null;
  readonly failures: number;
  /** Fetches since the start, successful or failed. */
  readonly fetches: number;
  /** Quotes stored and rejected since the start. */
  readonly stored: number;
  readonly refused: number;
  /** Absent before the first successful response. */
  readonly last?: LastResponse;
}

export interface LastResponse {
  /** The provider's own time, if stated. */
  readonly statedAt: EpochMs | null;
  /** Rows that could not be parsed. */
  readonly rejected: number;
  readonly refused: number;
  readonly distance: PriceDistance | null;
  /** How far the provider's clock is ahead of this machine's, by its `Date` header. */
  readonly clockOffsetMs: number | null;
}

/** Tracks the health of one provider. It has no clock: callers pass the time. */
export class HealthTracker {
  readonly #id: string;
  readonly #intervalMs: number;
  #isOff = false;
  #lastOk: EpochMs | null = null;
  #lastError: string | null = null;
  #lastErrorAt: EpochMs | null = null;
  #nextAt: EpochMs | null = null;
  #failures = 0;
  #fetches = 0;
  #stored = 0;
  #refused = 0;
  #last: LastResponse | undefined;

  constructor(id: string, every: number) {
    this.#id = id;
    this.#intervalMs = every;
  }

  /** How long after a successful fetch the provider becomes stale. */
  get staleAfterMs(): number {
    return STALE_AFTER_INTERVALS * this.#intervalMs;
  }

  get failures(): number {
    return this.#failures;
  }

  /** @param reason why the provider is not fetched, and how to enable it */
  markOff(reason: string): void {
    this.#isOff = true;
    this.#lastError = reason;
    this.#nextAt = null;
  }

  /** @param at null if no poll is scheduled */
  setNextPoll(at: EpochMs | null): void {
    this.#nextAt = at;
  }

  /** Records a successful fetch of another daemon. */
  recordFetchElsewhere(at: EpochMs): void {
    this.#lastOk = Math.max(this.#lastOk ?? at, at);
  }

  recordSuccess(at: EpochMs): void {
    this.#fetches++;
    this.#failures = 0;
    this.#lastOk = at;
  }

  recordFailure(at: EpochMs, message: string): void {
    this.#fetches++;
    this.#failures++;
    this.#lastError = message;
    this.#lastErrorAt = at;
  }

  /** Counts live or historical quotes. */
  countQuotes(stored: number, refused: number): void {
    this.#stored += stored;
    this.#refused += refused;
  }

  setLastResponse(last: LastResponse): void {
    this.#last = last;
  }

  report(now: EpochMs): ProviderHealthReport {
    return {
      id: this.#id,
      state: this.#state(now),
      lastOk: this.#lastOk,
      lastError: this.#lastError,
      lastErrorAt: this.#lastErrorAt,
      nextAt: this.#nextAt,
      failures: this.#failures,
      fetches: this.#fetches,
      stored: this.#stored,
      refused: this.#refused,
      ...(this.#last ? { last: this.#last } : undefined),
    };
  }

  #state(now: EpochMs): HealthState {
    if (this.#isOff) return 'off';
    if (this.#failures > 0) return 'error';
    return this.#lastOk === null || now - this.#lastOk > this.staleAfterMs ? 'stale' : 'ok';
  }
}
