import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failure.ts';

/** One of many calls: by network a daemon takes so many a second and no more, and it says how long to wait. */
export async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (thrown) {
      const { code, data } = Failure.from(thrown);
      if (code !== 'TOO_MANY_REQUESTS' || typeof data.retryAfterMs !== 'number') throw thrown;
      await sleep(data.retryAfterMs);
    }
  }
}
