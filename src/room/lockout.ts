import { Failure } from '../domain/failure.ts';
import { nameKey } from '../domain/name.ts';
import { sourceOf } from '../domain/source-key.ts';
import { RollingWindow } from './rolling-window.ts';
import { timeLeft } from './time-left.ts';

/** An attempt at a password, as daemons of one room tell one another. */
export interface Attempt {
  readonly account: string;
  readonly address: string;
  readonly right: boolean;
}

interface Pair {
  /** Wrong passwords since the last lock or success. */
  failures: number;
  /** Locks since the last success: each is twice as long as the one before. */
  locks: number;
  lockedUntil: number;
  lastFailure: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const FIRST_LOCK = 10 * SECOND;
const LONGEST_LOCK = 15 * MINUTE;
const FORGOTTEN = 60 * MINUTE;
const SOURCE_FAILURES = 20;
const SOURCE_SPAN = 10 * MINUTE;
const MAX_PAIRS = 10_000;

/**
 * Slows down who guesses passwords: by pair of account and source address, so that strangers cannot lock a member
 * out, and by source address over all accounts. An IPv6 source is its /64.
 */
export class Lockout {
  #attempts: number;
  readonly #tell: (attempt: Attempt) => void;
  readonly #now: () => number;
  /** By their last failure, oldest first. */
  readonly #pairs = new Map<string, Pair>();
  readonly #sources: RollingWindow;

  /**
   * @param attempts wrong passwords of a pair before it is locked
   * @param now monotonic, ms: a clock that is set must neither lengthen nor end a lock
   * @param tell told every attempt that was made here: at several daemons nobody has more of them than at one
   */
  constructor({
    attempts,
    now,
    tell = () => {},
  }: {
    attempts: number;
    now: () => number;
    tell?: (attempt: Attempt) => void;
  }) {
    this.#attempts = checked(attempts);
    this.#tell = tell;
    this.#now = now;
    this.#sources = new RollingWindow({ limit: SOURCE_FAILURES, span: SOURCE_SPAN, keys: MAX_PAIRS, now });
  }

  /** Another number from now on; locks that hold go on. */
  set attempts(attempts: number) {
    this.#attempts = checked(attempts);
  }

  /** How many pairs and addresses it remembers. */
  get size(): { pairs: number; sources: number } {
    return { pairs: this.#pairs.size, sources: this.#sources.size };
  }

  /** @throws Failure LOCKED_OUT with the time left */
  check(account: string, address: string): void {
    const retryAfterMs = this.wait(account, address);
    if (retryAfterMs > 0) {
      throw new Failure('LOCKED_OUT', `Too many wrong passwords. Try again in ${timeLeft(retryAfterMs)}.`, {
        data: { retryAfterMs },
      });
    }
  }

  /** Milliseconds until the next attempt is let through, 0 for now. */
  wait(account: string, address: string): number {
    const pair = this.#find(pairKey(account, address));
    const ofPair = pair ? pair.lockedUntil - this.#now() : 0;
    return Math.ceil(Math.max(0, ofPair, this.#sources.wait(sourceOf(address))));
  }

  /** A wrong password. Returns how many attempts are left before the next lock: 0 when this one locked. */
  failed(account: string, address: string): number {
    this.#tell({ account, address, right: false });
    return this.#failed(account, address);
  }

  /** An attempt that was made at another daemon of the room. */
  hear({ account, address, right }: Attempt): void {
    if (right) this.#pairs.delete(pairKey(account, address));
    else this.#failed(account, address);
  }

  /** The right password: the pair begins anew. The address does not, or a member could guess others' at leisure. */
  succeeded(account: string, address: string): void {
    this.#tell({ account, address, right: true });
    this.#pairs.delete(pairKey(account, address));
  }

  #failed(account: string, address: string): number {
    const key = pairKey(account, address);
    const now = this.#now();
    const pair = this.#find(key) ?? { failures: 0, locks: 0, lockedUntil: Number.NEGATIVE_INFINITY, lastFailure: now };
    pair.lastFailure = now;
    pair.failures += 1;
    const left = this.#attempts - pair.failures;
    if (left <= 0) {
      pair.lockedUntil = now + Math.min(FIRST_LOCK * 2 ** pair.locks, LONGEST_LOCK);
      pair.locks += 1;
      pair.failures = 0;
    }
    this.#pairs.delete(key);
    this.#pairs.set(key, pair);
    for (const [oldest, { lastFailure }] of this.#pairs) {
      if (this.#pairs.size <= MAX_PAIRS && now - lastFailure < FORGOTTEN) break;
      this.#pairs.delete(oldest);
    }
    this.#sources.add(sourceOf(address));
    return Math.max(0, Math.min(left, this.#sources.left(sourceOf(address))));
  }

  #find(key: string): Pair | undefined {
    const pair = this.#pairs.get(key);
    return pair && this.#now() - pair.lastFailure < FORGOTTEN ? pair : undefined;
  }
}

function checked(attempts: number): number {
  if (!Number.isInteger(attempts) || attempts < 1) throw new RangeError(`Expected attempts from 1, got ${attempts}`);
  return attempts;
}

function pairKey(account: string, address: string): string {
  return `${nameKey(account)} ${sourceOf(address)}`; // no name has a space
}
