import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import { rateLimitKey } from '../domain/rate-limit-key.ts';
import { formatRetryDelay, SlidingWindowLimiter } from './sliding-window-limiter.ts';

/** A password attempt, as the daemons of a room announce it to each other. */
export interface LoginAttempt {
  readonly account: string;
  readonly address: string;
  readonly right: boolean;
}

interface AttemptState {
  failures: number;
  /** Locks since the last success; each is twice as long as the one before. */
  locks: number;
  lockedUntil: number;
  lastFailure: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const FIRST_LOCK_MS = 10 * SECOND_MS;
const MAX_LOCK_MS = 15 * MINUTE_MS;
const FORGET_AFTER_MS = 60 * MINUTE_MS;
const MAX_SOURCE_FAILURES = 20;
const SOURCE_WINDOW_MS = 10 * MINUTE_MS;
const MAX_PAIRS = 10_000;

/**
 * Slows down password guessing: per account and source address, so that strangers cannot lock out a member, and per
 * source address over all accounts. IPv6 sources are grouped by /64.
 */
export class LoginThrottle {
  #maxAttempts: number;
  readonly #broadcast: (attempt: LoginAttempt) => void;
  readonly #now: () => number;
  readonly #states = new Map<string, AttemptState>();
  readonly #sources: SlidingWindowLimiter;

  /**
   * @param attempts wrong passwords before an account is locked for an address
   * @param now monotonic ms, so that setting the clock neither extends nor ends a lock
   * @param tell called with each local attempt, so that several daemons allow no more attempts than one
   */
  constructor({
    attempts,
    now,
    broadcast = () => {},
  }: {
    attempts: number;
    now: () => number;
    broadcast?: (attempt: LoginAttempt) => void;
  }) {
    this.#maxAttempts = validAttempts(attempts);
    this.#broadcast = broadcast;
    this.#now = now;
    this.#sources = new SlidingWindowLimiter({
      limit: MAX_SOURCE_FAILURES,
      windowMs: SOURCE_WINDOW_MS,
      maxKeys: MAX_PAIRS,
      now,
    });
  }

  set attempts(attempts: number) {
    this.#maxAttempts = validAttempts(attempts);
  }

  get size(): { pairs: number; sources: number } {
    return { pairs: this.#states.size, sources: this.#sources.size };
  }

  /** @throws AppError LOCKED_OUT with the remaining time */
  assertNotLocked(account: string, address: string): void {
    const retryAfterMs = this.waitMs(account, address);
    if (retryAfterMs > 0) {
      throw new AppError('LOCKED_OUT', `Too many wrong passwords. Try again in ${formatRetryDelay(retryAfterMs)}.`, {
        data: { retryAfterMs },
      });
    }
  }

  waitMs(account: string, address: string): number {
    const state = this.#find(pairKey(account, address));
    const ofPair = state ? state.lockedUntil - this.#now() : 0;
    return Math.ceil(Math.max(0, ofPair, this.#sources.waitMs(rateLimitKey(address))));
  }

  /** Records a wrong password. Returns the attempts left before the next lock: 0 when this one locked. */
  recordFailure(account: string, address: string): number {
    this.#broadcast({ account, address, right: false });
    return this.#countFailure(account, address);
  }

  /** Applies an attempt that another daemon of the room announced. */
  applyRemote({ account, address, right }: LoginAttempt): void {
    if (right) this.#states.delete(pairKey(account, address));
    else this.#countFailure(account, address);
  }

  /** Forgets failures of the pair after the right password, not of the address: else a member could guess freely. */
  recordSuccess(account: string, address: string): void {
    this.#broadcast({ account, address, right: true });
    this.#states.delete(pairKey(account, address));
  }

  #countFailure(account: string, address: string): number {
    const key = pairKey(account, address);
    const now = this.#now();
    const state = this.#find(key) ?? { failures: 0, locks: 0, lockedUntil: Number.NEGATIVE_INFINITY, lastFailure: now };
    state.lastFailure = now;
    state.failures += 1;
    const left = this.#maxAttempts - state.failures;
    if (left <= 0) {
      state.lockedUntil = now + Math.min(FIRST_LOCK_MS * 2 ** state.locks, MAX_LOCK_MS);
      state.locks += 1;
      state.failures = 0;
    }
    this.#states.delete(key);
    this.#states.set(key, state);
    for (const [oldest, { lastFailure }] of this.#states) {
      if (this.#states.size <= MAX_PAIRS && now - lastFailure < FORGET_AFTER_MS) break;
      this.#states.delete(oldest);
    }
    this.#sources.add(rateLimitKey(address));
    return Math.max(0, Math.min(left, this.#sources.remaining(rateLimitKey(address))));
  }

  #find(key: string): AttemptState | undefined {
    const state = this.#states.get(key);
    return state && this.#now() - state.lastFailure < FORGET_AFTER_MS ? state : undefined;
  }
}

function validAttempts(attempts: number): number {
  if (!Number.isInteger(attempts) || attempts < 1) throw new RangeError(`Expected attempts from 1, got ${attempts}`);
  return attempts;
}

function pairKey(account: string, address: string): string {
  return `${canonicalName(account)} ${rateLimitKey(address)}`; // names contain no space
}
