import { formatDay, formatMinute, formatSeedTime, formatSpan, type Instant } from '../../domain/instant.ts';

/** Years 1 to 9999: what lies outside is nobody's clock, and Date has no form for the far ends. */
const known = (at: Instant): boolean => at > -62_135_596_800_000 && at < 253_402_214_400_000;

/** The Vietnam day, `yyyy-mm-dd`. */
export function dayOf(at: Instant): string {
  return known(at) ? formatDay(at) : '-';
}

/** Vietnam time, `HH:MM`. */
export function timeOf(at: Instant): string {
  return known(at) ? formatMinute(at).slice(11) : '-';
}

/** Vietnam date and time, `yyyy-mm-dd HH:MM`. */
export function minuteOf(at: Instant): string {
  return known(at) ? formatMinute(at) : '-';
}

/** Vietnam time, `HH:MM:SS`. */
export function clockOf(at: Instant): string {
  return known(at) ? formatSeedTime(at).slice(-8) : '-';
}

/** The time of today, else the day. */
export function sinceOf(at: Instant, now: Instant): string {
  return dayOf(at) === dayOf(now) ? timeOf(at) : dayOf(at);
}

/** `in 12 s`, or `now`. */
export function inTime(at: Instant, now: Instant): string {
  return at <= now ? 'now' : `in ${formatSpan(at - now)}`;
}
