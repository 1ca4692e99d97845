import { AppError } from '../domain/app-error.ts';
import { formatRetryDelay, SlidingWindowLimiter } from './sliding-window-limiter.ts';

const HOUR_MS = 3_600_000;
/** Key of the limit on sign-ups from all addresses together. */
const ALL_SOURCES = '';
const MAX_SOURCES = 10_000;

/** Limits sign-ups per hour, by source and of all sources together. */
export class SignUpLimiter {
  readonly #bySource: SlidingWindowLimiter;
  readonly #total: SlidingWindowLimiter;

  /**
   * @param limits read at each sign-up, because a reload changes them
   * @param now in monotonic ms
   */
  constructor(
    limits: { readonly signUpsPerHour: number; readonly signUpsInAllPerHour: number },
    now = () => performance.now(),
  ) {
    const limiter = (name: keyof typeof limits, maxKeys: number) =>
      new SlidingWindowLimiter({
        get limit() {
          return limits[name];
        },
        ...{ windowMs: HOUR_MS, maxKeys, now },
      });
    this.#bySource = limiter('signUpsPerHour', MAX_SOURCES);
    this.#total = limiter('signUpsInAllPerHour', 1);
  }

  add(source: string): void {
    this.#bySource.add(source);
    this.#total.add(ALL_SOURCES);
  }

  refund(source: string): void {
    this.#bySource.refund(source);
    this.#total.refund(ALL_SOURCES);
  }

  /** @throws AppError TOO_MANY_REQUESTS */
  assertAllowed(source: string): void {
    const own = Math.ceil(this.#bySource.waitMs(source));
    const retryAfterMs = Math.max(own, Math.ceil(this.#total.waitMs(ALL_SOURCES)));
    if (retryAfterMs === 0) return;
    const from = own > 0 ? ' from your address' : '';
    throw new AppError(
      'TOO_MANY_REQUESTS',
      `Too many accounts were created${from}. Try again in ${formatRetryDelay(retryAfterMs)}.`,
      { data: { retryAfterMs } },
    );
  }
}
