import { type EpochMs, formatDate, formatDateTime, formatDuration, formatForumTime } from '../../domain/time.ts';

/** Years 1 to 9999. Date cannot format times far outside, which only a hostile daemon sends. */
const isDisplayable = (at: EpochMs): boolean => at > -62_135_596_800_000 && at < 253_402_214_400_000;

/** The date in Vietnam, `yyyy-mm-dd`. */
export function displayDate(at: EpochMs): string {
  return isDisplayable(at) ? formatDate(at) : '-';
}

/** Vietnam time, `HH:MM`. */
export function displayTime(at: EpochMs): string {
  return isDisplayable(at) ? formatDateTime(at).slice(11) : '-';
}

/** Vietnam date and time, `yyyy-mm-dd HH:MM`. */
export function displayDateTime(at: EpochMs): string {
  return isDisplayable(at) ? formatDateTime(at) : '-';
}

/** Vietnam time, `HH:MM:SS`. */
export function displayTimeOfDay(at: EpochMs): string {
  return isDisplayable(at) ? formatForumTime(at).slice(-8) : '-';
}

/** The time if it is today, else the date. */
export function displayTimeOrDate(at: EpochMs, now: EpochMs): string {
  return displayDate(at) === displayDate(now) ? displayTime(at) : displayDate(at);
}

/** `in 12 s`, or `now`. */
export function displayCountdown(at: EpochMs, now: EpochMs): string {
  return at <= now ? 'now' : `in ${formatDuration(at - now)}`;
}
