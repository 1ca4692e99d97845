import { type SafeText, safeText } from './safe-text.ts';
import { sanitizeText } from './text.ts';
/**
 * Epoch milliseconds, UTC. Days, weeks and months are in Vietnam time (Asia/Ho_Chi_Minh: +07:00 all year, no daylight
 * saving since 1975), for look-ups and candles alike, so that a date means the same everywhere.
 */
export type EpochMs = number;

/** What a Date can hold, before and after 1970. */
export const MAX_EPOCH_MS = 8_640_000_000_000_000;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const VIETNAM_OFFSET_MS = 7 * HOUR_MS;

export const CANDLE_INTERVALS = ['1h', '1d', '1w', '1M'] as const;
export type CandleInterval = (typeof CANDLE_INTERVALS)[number];

/** The local date in Vietnam as if it were UTC: for the UTC methods of Date. */
export function toVietnamTime(at: EpochMs): EpochMs {
  return at + VIETNAM_OFFSET_MS;
}

/** Start of the day in Vietnam that contains `at`. */
export function startOfDay(at: EpochMs): EpochMs {
  return Math.floor((at + VIETNAM_OFFSET_MS) / DAY_MS) * DAY_MS - VIETNAM_OFFSET_MS;
}

/** Start of the interval that contains `at`. Weeks begin on Monday. */
export function startOfInterval(interval: CandleInterval, at: EpochMs): EpochMs {
  switch (interval) {
    case '1h':
      return Math.floor(at / HOUR_MS) * HOUR_MS;
    case '1d':
      return startOfDay(at);
    case '1w': {
      const days = Math.floor((at + VIETNAM_OFFSET_MS) / DAY_MS);
      return (days - ((((days + 3) % 7) + 7) % 7)) * DAY_MS - VIETNAM_OFFSET_MS; // day 0 was a Thursday
    }
    case '1M': {
      const local = new Date(startOfDay(at) + VIETNAM_OFFSET_MS);
      return local.setUTCDate(1) - VIETNAM_OFFSET_MS;
    }
  }
}

/** Parses `yyyy-mm-dd`, Vietnam time, as `[start, end)`; undefined for other text or a date that does not exist. */
export function parseDate(text: string): { start: EpochMs; end: EpochMs } | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  if (date.toISOString().slice(0, 10) !== text) return undefined;
  const start = date.getTime() - VIETNAM_OFFSET_MS;
  return { start, end: start + DAY_MS };
}

/** Vietnam date and time in ISO form. Clamped, because the last hours of a Date's range are out of range in Vietnam. */
export function formatLocalIso(at: EpochMs): SafeText {
  return sanitizeText(new Date(Math.min(at + VIETNAM_OFFSET_MS, MAX_EPOCH_MS)).toISOString());
}

/** Vietnam date, `yyyy-mm-dd`. */
export function formatDate(at: EpochMs): SafeText {
  return sanitizeText(formatLocalIso(at).slice(0, 10));
}

/** Vietnam date and time, `yyyy-mm-dd HH:MM`. */
export function formatDateTime(at: EpochMs): SafeText {
  return sanitizeText(formatLocalIso(at).slice(0, 16).replace('T', ' '));
}

export const MONTH_NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The forum's format, Vietnam time: `23 Feb 2021 15:00:01`. */
export function formatForumTime(at: EpochMs): SafeText {
  const iso = formatLocalIso(at);
  return sanitizeText(
    `${Number(iso.slice(8, 10))} ${MONTH_NAMES[Number(iso.slice(5, 7)) - 1]} ${iso.slice(0, 4)} ${iso.slice(11, 19)}`,
  );
}

/** Parses `23 Feb 2021 15:00:01`; undefined for other text. */
export function parseForumTime(text: string): EpochMs | undefined {
  const match = /^(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2})$/.exec(text.trim());
  if (!match) return undefined;
  const month = MONTH_NAMES.findIndex((name) => name.toLowerCase() === match[2]!.toLowerCase());
  if (month < 0) return undefined;
  const date = `${match[3]}-${String(month + 1).padStart(2, '0')}-${match[1]!.padStart(2, '0')}`;
  return parseLocalTime(date, Number(match[4]), Number(match[5]), Number(match[6]));
}

/** The format of file dates, Vietnam time: `15:00:01-23/02/2021`. */
export function formatFileTime(at: EpochMs): SafeText {
  const [date, time] = formatLocalIso(at).slice(0, 19).split('T') as [string, string];
  return sanitizeText(`${time}-${date.split('-').reverse().join('/')}`);
}

/** Parses `15:00:01-23/02/2021`; undefined for other text. */
export function parseFileTime(text: string): EpochMs | undefined {
  const match = /^(\d{2}):(\d{2}):(\d{2})-(\d{2})\/(\d{2})\/(\d{4})$/.exec(text);
  if (!match) return undefined;
  const [, hours, minutes, seconds, day, month, year] = match;
  return parseLocalTime(`${year}-${month}-${day}`, Number(hours), Number(minutes), Number(seconds));
}

/** A Vietnam date and a time of day; undefined if either does not exist. */
export function parseLocalTime(date: string, hours: number, minutes: number, seconds = 0): EpochMs | undefined {
  const day = parseDate(date);
  const isUpTo = (value: number, max: number) => value >= 0 && value <= max;
  if (!day || !isUpTo(hours, 23) || !isUpTo(minutes, 59) || !isUpTo(seconds, 59)) return undefined;
  return day.start + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

/** Parses `30m`, `90s`, `1h`, `7d` to milliseconds; undefined for 0 and for other text. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000, h: HOUR_MS, d: DAY_MS }[match[2] as 'ms' | 's' | 'm' | 'h' | 'd'];
  const durationMs = Number(match[1]) * unit;
  return durationMs > 0 ? durationMs : undefined;
}

/** `45 s`, `12 min`, `3 h`, `9 d`. */
export function formatDuration(ms: number): SafeText {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return safeText`${seconds} s`;
  if (Math.round(seconds / 60) < 60) return safeText`${Math.round(seconds / 60)} min`;
  if (Math.round(seconds / 3600) < 48) return safeText`${Math.round(seconds / 3600)} h`;
  return safeText`${Math.round(seconds / 86_400)} d`;
}
