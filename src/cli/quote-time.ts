import type { Instant } from '../domain/instant.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Vietnam's, for times without a zone. */
const OFFSET = 7 * HOUR;

/** Numbers below it are seconds, above it milliseconds: it is the year 5138 in the one, March 1973 in the other. */
const SECONDS_BELOW = 1e11;
/** Anything lower is no moment that prices are dated with, but a day (20211227) or a row number. */
const SECONDS_FROM = 1e8;

/** What `parseTime` takes, for messages. */
export const TIMES =
  'yyyy-mm-dd, yyyy-mm, yyyy-mm-dd HH:MM[:SS], dd/mm/yyyy [HH:MM], ISO 8601 with a zone, or epoch seconds or milliseconds';

/**
 * The instant that a cell of a file means, undefined when it means none. Days, months and times without a zone are
 * Vietnam's. Reads digit by digit: it runs for every line of files with millions.
 */
export function parseTime(text: string): Instant | undefined {
  const mark = text.charCodeAt(4);
  if (mark === 0x2d || mark === 0x2f) {
    const year = digits(text, 0, 4);
    const month = digits(text, 5, 7);
    if (text.length === 7) return local(year, month, 1);
    if (text.charCodeAt(7) !== mark) return undefined;
    const day = dayStart(year, month, digits(text, 8, 10));
    return day === undefined ? undefined : withClock(text, 10, day);
  }
  if (text.charCodeAt(2) === 0x2f && text.charCodeAt(5) === 0x2f) {
    const day = dayStart(digits(text, 6, 10), digits(text, 3, 5), digits(text, 0, 2));
    return day === undefined ? undefined : withClock(text, 10, day);
  }
  if (/^-?\d{9,16}(?:\.\d{1,9})?$/.test(text)) return fromEpoch(Number(text));
  // Years of more than four digits, as Date writes them.
  if (/^[+-]\d{6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return valid(Date.parse(text));
  return undefined;
}

/** A time that is a number already: epoch seconds or milliseconds. */
export function fromEpoch(value: number): Instant | undefined {
  const size = Math.abs(value);
  if (!(size >= SECONDS_FROM)) return undefined;
  return valid(size < SECONDS_BELOW ? Math.round(value * 1000) : Math.round(value));
}

function valid(at: number): Instant | undefined {
  return Math.abs(at) <= 8.64e15 ? at : undefined;
}

function local(year: number, month: number, day: number): Instant | undefined {
  const start = dayStart(year, month, day);
  return start === undefined ? undefined : start - OFFSET;
}

/** `[T or space]HH:MM[:SS[.fraction]][zone]` from `place` on, added to the day's start in UTC. */
function withClock(text: string, place: number, day: Instant): Instant | undefined {
  if (text.length === place) return day - OFFSET;
  const gap = text.charCodeAt(place);
  if (gap !== 0x54 && gap !== 0x20 && gap !== 0x74) return undefined;
  const hours = digits(text, place + 1, place + 3);
  const minutes = digits(text, place + 4, place + 6);
  if (text.charCodeAt(place + 3) !== 0x3a || !(hours <= 23) || !(minutes <= 59)) return undefined;
  let at = day + hours * HOUR + minutes * MINUTE;
  let next = place + 6;
  if (text.charCodeAt(next) === 0x3a) {
    const seconds = digits(text, next + 1, next + 3);
    if (!(seconds <= 59)) return undefined;
    at += seconds * 1000;
    next += 3;
    if (text.charCodeAt(next) === 0x2e) {
      const start = ++next;
      while (isDigit(text.charCodeAt(next))) next++;
      if (next === start) return undefined;
      at += Math.floor(Number(`0.${text.slice(start, next)}`) * 1000 + 1e-6);
    }
  }
  if (next === text.length) return at - OFFSET;
  if (text.charCodeAt(next) === 0x20) next++;
  const zone = text.slice(next);
  if (zone === 'Z' || zone === 'z' || zone === 'UTC') return at;
  const offset = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (!offset) return undefined;
  const away = Number(offset[2]) * HOUR + Number(offset[3] ?? 0) * MINUTE;
  return away >= DAY ? undefined : offset[1] === '+' ? at - away : at + away;
}

const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Start of a day of the Gregorian calendar in UTC; undefined where there is no such day. NaN is none. */
function dayStart(year: number, month: number, day: number): Instant | undefined {
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return undefined;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > (month === 2 && leap ? 29 : LENGTHS[month - 1]!)) return undefined;
  // Counted in years that begin in March, so that the leap day is the last of its year.
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const days = era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
  return days * DAY;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The number that the characters of `[from, to)` spell; NaN where one is no digit. */
function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return Number.NaN;
    value = value * 10 + code - 0x30;
  }
  return value;
}
