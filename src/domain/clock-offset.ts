import { formatSpan } from './instant.ts';
import { type SafeText, safeText } from './safe-text.ts';

/** Clocks of servers differ by this much, and responses take their time. */
export const CLOCK_TOLERANCE_MS = 120_000;

/**
 * How far the clocks of sources are ahead of this machine's, where most of several agree that it is wrong; else undefined.
 * @param offsets in milliseconds, one for each source
 */
export function agreedOffset(offsets: readonly number[]): number | undefined {
  const off = offsets.filter((offset) => Math.abs(offset) > CLOCK_TOLERANCE_MS);
  if (off.length < 2 || off.length * 2 <= offsets.length) return undefined;
  const median = [...offsets].sort((a, b) => a - b)[Math.floor(offsets.length / 2)]!;
  return Math.abs(median) > CLOCK_TOLERANCE_MS ? median : undefined;
}

/** What is wrong with this machine's clock, for people. */
export function clockProblem(offsetMs: number): SafeText {
  const direction = offsetMs > 0 ? 'behind' : 'ahead of';
  return safeText`The clock of the daemon's machine is ${formatSpan(Math.abs(offsetMs))} ${direction} the clocks of the price sources.`;
}
