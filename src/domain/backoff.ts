export interface BackoffBounds {
  /** Maximum delay after the first failure. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** Minimum delay. Default: half of the maximum. */
  readonly minMs?: number;
}

/** For whatever reconnects: clients to daemons, and peers to peers. */
export const RECONNECT_BOUNDS: BackoffBounds = { firstMs: 250, maxMs: 15_000 };

/**
 * Exponential back-off with jitter, so that clients that failed together do not retry together.
 * @param failures in a row, from 1
 */
export function backoffDelayMs(
  failures: number,
  { firstMs, maxMs, minMs }: BackoffBounds,
  random: () => number = Math.random,
): number {
  const upper = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 40));
  const lower = Math.min(minMs ?? upper / 2, upper);
  return lower + random() * (upper - lower);
}
