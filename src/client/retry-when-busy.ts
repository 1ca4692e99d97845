import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, type ErrorCode } from '../domain/app-error.ts';

/** A faulty daemon must not make a client wait for ever. */
const MAX_WAIT_MS = 10_000;
/** Where a daemon does not say how long to wait. */
const DEFAULT_WAIT_MS = 1000;

export interface RetryOptions {
  /** Default: no limit. */
  readonly maxRetries?: number;
  /** Errors to retry after. Default: TOO_MANY_REQUESTS. */
  readonly codes?: readonly ErrorCode[];
  /** Asked after each refusal: whether the call is still wanted. */
  readonly isWanted?: () => boolean;
}

/** Repeats a call that the daemon refuses because it is busy, after the time that the daemon names. */
export async function retryWhenBusy<T>(call: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { maxRetries = Number.POSITIVE_INFINITY, codes = ['TOO_MANY_REQUESTS'], isWanted = () => true } = options;
  for (let retries = 0; ; retries += 1) {
    try {
      return await call();
    } catch (thrown) {
      const { code, data } = AppError.from(thrown);
      if (!codes.includes(code) || retries >= maxRetries || !isWanted()) throw thrown;
      const waitMs = typeof data.retryAfterMs === 'number' ? data.retryAfterMs : DEFAULT_WAIT_MS;
      await sleep(Math.min(Math.max(waitMs, 0) || 0, MAX_WAIT_MS));
    }
  }
}
