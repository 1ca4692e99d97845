import type { TimedValue } from './line-chart.ts';

/**
 * The changes of two series in percent, since the first moment at which both have a price. Empty if that moment or the
 * price at it does not exist.
 */
export function compareInPercent(
  a: readonly TimedValue[],
  b: readonly TimedValue[],
): readonly [a: TimedValue[], b: TimedValue[]] {
  const start = Math.max(a[0]?.at ?? Number.POSITIVE_INFINITY, b[0]?.at ?? Number.POSITIVE_INFINITY);
  return [changesSince(a, start), changesSince(b, start)];
}

function changesSince(values: readonly TimedValue[], start: number): TimedValue[] {
  const first = values.findLastIndex(({ at }) => at <= start);
  const base = values[first]?.value ?? 0;
  if (!(base > 0)) return [];
  return values
    .slice(first)
    .map(({ at, value }) => ({ at: Math.max(start, at), value: (value / base - 1) * 100 }))
    .filter(({ value }) => Number.isFinite(value));
}
