const FIRST = 5_000;

/**
 * How long to wait after the n-th failure in a row (n from 1), in milliseconds: anywhere between `min(every, 5 s)`
 * and a bound that doubles with every failure up to `every`. The whole width is used, so that providers and daemons
 * that failed together do not come back together.
 */
export function backoff(failures: number, every: number, random: () => number): number {
  const least = Math.min(every, FIRST);
  const most = Math.min(every, least * 2 ** Math.min(failures, 40));
  return least + random() * (most - least);
}
