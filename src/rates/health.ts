import type { Instant } from '../domain/instant.ts';
import type { PriceDistance } from './sink.ts';

/**
 * - `ok`: the last fetch was good and not long ago
 * - `stale`: no good fetch within three intervals, or none yet, though no error is known
 * - `error`: the last fetch failed
 * - `off`: switched off, or its key is missing; `lastError` says which
 */
export type HealthState = 'ok' | 'stale' | 'error' | 'off';

/** How a provider is, as `rates.providers` tells it. */
export interface ProviderHealth {
  readonly id: string;
  readonly state: HealthState;
  readonly lastOk: Instant | null;
  /** What the last failure said. It stays after the recovery; `state` tells whether it still holds. */
  readonly lastError: string | null;
  readonly lastErrorAt: Instant | null;
  readonly nextAt: Instant | null;
  /** Failures in a row. */
  readonly failures: number;
  /** Fetches since the start, good or failed. */
  readonly fetches: number;
  /** Quotes stored and quotes refused since the start. */
  readonly stored: number;
  readonly refused: number;
  /** What the last good response was like; left out before the first. */
  readonly last?: LastResponse;
}

export interface LastResponse {
  /** The provider's own time, where it states one. */
  readonly statedAt: Instant | null;
  /** Rows that do not fit its format. */
  readonly rejected: number;
  /** Prices that are not believed. */
  readonly refused: number;
  readonly distance: PriceDistance | null;
  /** How far the source's clock is ahead of this machine's, in milliseconds, by its `Date` header. */
  readonly clockOffsetMs: number | null;
}

/** Without a good fetch for that many intervals a provider is stale. */
const STALE_INTERVALS = 3;

/** Keeps one provider's health. It knows no clock: whoever tells it something says when. */
export class Health {
  readonly #id: string;
  readonly #every: number;
  #off = false;
  #lastOk: Instant | null = null;
  #lastError: string | null = null;
  #lastErrorAt: Instant | null = null;
  #nextAt: Instant | null = null;
  #failures = 0;
  #fetches = 0;
  #stored = 0;
  #refused = 0;
  #last: LastResponse | undefined;

  /** @param every the provider's interval, in milliseconds */
  constructor(id: string, every: number) {
    this.#id = id;
    this.#every = every;
  }

  /** How long after a good fetch the provider becomes stale, in milliseconds. */
  get staleAfter(): number {
    return STALE_INTERVALS * this.#every;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** It is not fetched at all. `reason` says why, and what would turn it on. */
  off(reason: string): void {
    this.#off = true;
    this.#lastError = reason;
    this.#nextAt = null;
  }

  /** The next fetch is to be at that instant; null when none is planned. */
  planned(at: Instant | null): void {
    this.#nextAt = at;
  }

  /** A good fetch that another daemon made. */
  known(at: Instant): void {
    this.#lastOk = Math.max(this.#lastOk ?? at, at);
  }

  fetched(at: Instant): void {
    this.#fetches++;
    this.#failures = 0;
    this.#lastOk = at;
  }

  failed(at: Instant, message: string): void {
    this.#fetches++;
    this.#failures++;
    this.#lastError = message;
    this.#lastErrorAt = at;
  }

  /** What became of quotes of this provider, live or of the past. */
  counted(stored: number, refused: number): void {
    this.#stored += stored;
    this.#refused += refused;
  }

  received(last: LastResponse): void {
    this.#last = last;
  }

  at(now: Instant): ProviderHealth {
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

  #state(now: Instant): HealthState {
    if (this.#off) return 'off';
    if (this.#failures > 0) return 'error';
    return this.#lastOk === null || now - this.#lastOk > this.staleAfter ? 'stale' : 'ok';
  }
}
