import { type SafeText, safeText } from './safe-text.ts';
import { formatDuration } from './time.ts';

/** Tolerates inaccurate server clocks and slow responses. */
export const CLOCK_TOLERANCE_MS = 120_000;

/**
 * How far the sources' clocks are ahead of this machine's, if the majority of at least two sources agree that this
 * clock is wrong; else undefined.
 * @param offsets in milliseconds, one per source
 */
export function findAgreedClockOffset(offsets: readonly number[]): number | undefined {
  const off = offsets.filter((offset) => Math.abs(offset) > CLOCK_TOLERANCE_MS);
  if (off.length < 2 || off.length * 2 <= offsets.length) return undefined;
  const median = [...offsets].sort((a, b) => a - b)[Math.floor(offsets.length / 2)]!;
  return Math.abs(median) > CLOCK_TOLERANCE_MS ? median : undefined;
}

export function describeClockOffset(offsetMs: number): SafeText {
  const direction = offsetMs > 0 ? 'behind' : 'ahead of';
  return safeText`The clock of the daemon's machine is ${formatDuration(Math.abs(offsetMs))} ${direction} the clocks of the price sources.`;
}
