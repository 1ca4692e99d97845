import { plain } from './fold.ts';
import { type SafeText, safeText } from './safe-text.ts';
/**
 * Instants are epoch milliseconds, UTC. Days, weeks and months are Vietnam's (Asia/Ho_Chi_Minh: +07:00 the whole
 * year, no daylight saving since 1975), for look-ups and candles alike, so that one date means one thing everywhere.
 */
export type Instant = number;

/** What a Date can hold, before and after 1970. */
export const MAX_INSTANT = 8_640_000_000_000_000;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const OFFSET = 7 * HOUR;

export const INTERVALS = ['1h', '1d', '1w', '1M'] as const;
export type Interval = (typeof INTERVALS)[number];

/** Start of the Vietnam day that holds `at`. */
export function startOfDay(at: Instant): Instant {
  return Math.floor((at + OFFSET) / DAY) * DAY - OFFSET;
}

/** Start of the interval that holds `at`. Weeks begin on Monday. */
export function startOf(interval: Interval, at: Instant): Instant {
  switch (interval) {
    case '1h':
      return Math.floor(at / HOUR) * HOUR;
    case '1d':
      return startOfDay(at);
    case '1w': {
      const days = Math.floor((at + OFFSET) / DAY);
      return (days - ((((days + 3) % 7) + 7) % 7)) * DAY - OFFSET; // day 0 was a Thursday
    }
    case '1M': {
      const local = new Date(startOfDay(at) + OFFSET);
      return local.setUTCDate(1) - OFFSET;
    }
  }
}

/**
 * The Vietnam day that a text names, `yyyy-mm-dd`, as `[start, end)`; undefined when there is no such day
 * (2021-02-30) or the text is of another form.
 */
export function parseDay(text: string): { start: Instant; end: Instant } | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  if (date.toISOString().slice(0, 10) !== text) return undefined;
  const start = date.getTime() - OFFSET;
  return { start, end: start + DAY };
}

/** Vietnam date and time in ISO form. The last hours that a Date can hold have none: they are told as the last one. */
export function formatIso(at: Instant): SafeText {
  return plain(new Date(Math.min(at + OFFSET, MAX_INSTANT)).toISOString());
}

/** The Vietnam day of an instant, `yyyy-mm-dd`. */
export function formatDay(at: Instant): SafeText {
  return plain(formatIso(at).slice(0, 10));
}

/** Vietnam date and time, `yyyy-mm-dd HH:MM`. */
export function formatMinute(at: Instant): SafeText {
  return plain(formatIso(at).slice(0, 16).replace('T', ' '));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The forum seed's form, Vietnam time: `23 Feb 2021 15:00:01`. */
export function formatSeedTime(at: Instant): SafeText {
  const iso = formatIso(at);
  return plain(
    `${Number(iso.slice(8, 10))} ${MONTHS[Number(iso.slice(5, 7)) - 1]} ${iso.slice(0, 4)} ${iso.slice(11, 19)}`,
  );
}

/** Reads `23 Feb 2021 15:00:01`; undefined when it is no such time. */
export function parseSeedTime(text: string): Instant | undefined {
  const match = /^(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2})$/.exec(text.trim());
  if (!match) return undefined;
  const month = MONTHS.findIndex((name) => name.toLowerCase() === match[2]!.toLowerCase());
  if (month < 0) return undefined;
  const day = `${match[3]}-${String(month + 1).padStart(2, '0')}-${match[1]!.padStart(2, '0')}`;
  return parseLocal(day, Number(match[4]), Number(match[5]), Number(match[6]));
}

/** The file seed's form, Vietnam time: `15:00:01-23/02/2021`. */
export function formatShareTime(at: Instant): SafeText {
  const [day, time] = formatIso(at).slice(0, 19).split('T') as [string, string];
  return plain(`${time}-${day.split('-').reverse().join('/')}`);
}

/** Reads `15:00:01-23/02/2021`; undefined when it is no such time. */
export function parseShareTime(text: string): Instant | undefined {
  const match = /^(\d{2}):(\d{2}):(\d{2})-(\d{2})\/(\d{2})\/(\d{4})$/.exec(text);
  if (!match) return undefined;
  const [, hours, minutes, seconds, day, month, year] = match;
  return parseLocal(`${year}-${month}-${day}`, Number(hours), Number(minutes), Number(seconds));
}

/** A Vietnam day and a time on it; undefined when there is no such moment. */
export function parseLocal(day: string, hours: number, minutes: number, seconds = 0): Instant | undefined {
  const range = parseDay(day);
  const within = (value: number, most: number) => value >= 0 && value <= most;
  if (!range || !within(hours, 23) || !within(minutes, 59) || !within(seconds, 59)) return undefined;
  return range.start + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

/** `30m`, `90s`, `1h`, `7d` in milliseconds; undefined when it is no such span or none at all (0). */
export function parseSpan(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000, h: HOUR, d: DAY }[match[2] as 'ms' | 's' | 'm' | 'h' | 'd'];
  const span = Number(match[1]) * unit;
  return span > 0 ? span : undefined;
}

/** A span for people: `45 s`, `12 min`, `3 h`, `9 d`. */
export function formatSpan(ms: number): SafeText {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return safeText`${seconds} s`;
  if (Math.round(seconds / 60) < 60) return safeText`${Math.round(seconds / 60)} min`;
  if (Math.round(seconds / 3600) < 48) return safeText`${Math.round(seconds / 3600)} h`;
  return safeText`${Math.round(seconds / 86_400)} d`;
}
