import { fold } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Vietnam's, for times without a zone. */
const OFFSET = 7 * HOUR;

/** Numbers from here on are seconds; lower ones are Excel's day numbers or dates without marks, else no time. */
const SECONDS_FROM = 1e8;
/** Numbers from here on are milliseconds: the year 5138 in seconds, March 1973 in milliseconds. */
const MILLISECONDS_FROM = 1e11;
/** Numbers from here on are microseconds: the year 5138 in milliseconds, March 1973 in microseconds. */
const MICROSECONDS_FROM = 1e14;
/** Excel's day 0 for days after February 1900. */
export const EXCEL_DAY_0_MS = Date.UTC(1899, 11, 30);

/** No price is known from before: program libraries write an empty date as 0001-01-01. */
export const EARLIEST_MS = Date.UTC(1800, 0, 1) - OFFSET;

/** Longer texts are no times. */
const MAX_CHARACTERS = 64;

/** In which order a date of three numbers has day, month and year, where no year of four digits stands first. */
export const DATE_ORDERS = ['d/m', 'm/d', 'y-m-d'] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

/** What is accepted as a time, for messages. */
export const TIME_FORMS =
  'yyyy-mm-dd (also with . or /), yyyymmdd, yyyy-mm, dd/mm/yyyy and mm/dd/yyyy (also with - or . and two-digit years; --dates says which), 16 Nov 2018, Nov 16, 2018, 16 tháng 11 2018, any of them with HH:MM[:SS] (AM, PM, SA, CH) and a zone; ISO 8601; epoch seconds, milliseconds or microseconds; day numbers of Excel (44324)';

/** Reads `d/m`, `dd/mm/yyyy`, `mdy`, `y-m-d` and the like; undefined when it names no order. */
export function parseDateOrder(text: string): DateOrder | undefined {
  const letters = text.toLowerCase().replace(/[^a-z]/g, '');
  const order = letters.replace(/(.)\1+/g, '$1');
  if (order === 'dm' || order === 'dmy') return 'd/m';
  if (order === 'md' || order === 'mdy') return 'm/d';
  return order === 'ymd' ? 'y-m-d' : undefined;
}

const THREE_NUMBERS = /(?:^|[\s,])\d{1,2}([-/. ])\d{1,2}\1(?:\d{4}|\d{2})(?=$|[\s,Tt])/;

/** Whether the text has a date that only an order makes a day of. */
export function needsOrder(text: string): boolean {
  if (text.length > MAX_CHARACTERS) return false;
  if (threeNumbers(text)) return true;
  return (text.includes(' ') || text.includes(',')) && THREE_NUMBERS.test(text);
}

/** What each of the orders makes of a text, as `parseTime` does. */
export function readingsOf(text: string): readonly (Instant | undefined)[] {
  const numbers = threeNumbers(text);
  const clock = numbers && withClock(text, numbers[4], 0);
  if (clock === undefined) return DATE_ORDERS.map((order) => parseTime(text, order));
  return DATE_ORDERS.map((order) => {
    const day = ordered(order, numbers!);
    return day === undefined ? undefined : day + clock;
  });
}

/**
 * The instant that a cell of a file means, undefined when it means none. Days, months and times without a zone are
 * Vietnam's. The usual forms are read digit by digit: this runs for every line of files with millions.
 * @param order of dates that need one; without it they mean nothing
 */
export function parseTime(text: string, order?: DateOrder): Instant | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const mark = text.charCodeAt(4);
  if (mark === 0x2d && text.charCodeAt(7) === mark) {
    const day = dayStart(digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10));
    if (day !== undefined) {
      const at = withClock(text, 10, day);
      if (at !== undefined) return at;
    }
  } else {
    const numbers = threeNumbers(text);
    if (numbers) {
      const day = ordered(order, numbers);
      const at = day === undefined ? undefined : withClock(text, numbers[4], day);
      if (at !== undefined) return at;
    } else if (/^-?\d{5,16}(?:\.\d{1,12})?$/.test(text)) return fromDigits(text);
  }
  return written(text, order);
}

/** The numbers of a date, how many digits the first and the last one have, and where it ends. */
type ThreeNumbers = readonly [first: number, second: number, third: number, digits: 12 | 14 | 22 | 24, end: number];

/** The three numbers that a text begins with, with the same mark between them, the last of two or four digits. */
function threeNumbers(text: string): ThreeNumbers | undefined {
  const first = isDigit(text.charCodeAt(1)) ? 2 : 1;
  const mark = text.charCodeAt(first);
  if (mark !== 0x2f && mark !== 0x2d && mark !== 0x2e && mark !== 0x20) return undefined;
  const second = isDigit(text.charCodeAt(first + 2)) ? first + 3 : first + 2;
  if (text.charCodeAt(second) !== mark) return undefined;
  const last = isDigit(text.charCodeAt(second + 3)) ? 4 : 2;
  const end = second + 1 + last;
  const numbers = [digits(text, 0, first), digits(text, first + 1, second), digits(text, second + 1, end)] as const;
  if (numbers.some(Number.isNaN) || isDigit(text.charCodeAt(end))) return undefined;
  return [...numbers, (first * 10 + last) as ThreeNumbers[3], end];
}

/** Start of the day that three numbers mean. */
function ordered(order: DateOrder | undefined, [first, second, third, digits]: ThreeNumbers): Instant | undefined {
  const isShort = digits === 12 || digits === 22;
  if (order === 'y-m-d') return digits === 22 ? dayStart(shortYear(first), second, third) : undefined;
  const year = isShort ? shortYear(third) : third;
  if (order === 'd/m') return dayStart(year, second, first);
  return order === 'm/d' ? dayStart(year, first, second) : undefined;
}

/** Epoch seconds, milliseconds or microseconds, an Excel day number, or a date without marks. */
function fromDigits(text: string): Instant | undefined {
  const isWhole = !text.includes('.') && text.charCodeAt(0) !== 0x2d;
  const length = isWhole ? text.length : 0;
  if (length === 8) return local(digits(text, 0, 4), digits(text, 4, 6), digits(text, 6, 8));
  if (length === 12 || length === 14) {
    // As milliseconds, twelve such digits would be of 1976, fourteen of the year 2600.
    const year = digits(text, 0, 4);
    const at = year < 1900 || year > 2100 ? undefined : withDigits(text.slice(0, 8), text.slice(8));
    if (at !== undefined) return at;
  }
  const value = Number(text);
  if (value >= 10_000 && value < 100_000) return text.startsWith('0') ? undefined : excelDay(value);
  return fromEpoch(value);
}

/** A time that is a number already: epoch seconds, milliseconds or microseconds. */
export function fromEpoch(value: number): Instant | undefined {
  const size = Math.abs(value);
  if (!(size >= SECONDS_FROM)) return undefined;
  const at = size < MILLISECONDS_FROM ? value * 1000 : size < MICROSECONDS_FROM ? value : value / 1000;
  return valid(Math.round(at));
}

/** Day and time of Excel's day number, Vietnam time: 44324 is 2021-05-08. */
export function excelDay(value: number): Instant | undefined {
  return valid(EXCEL_DAY_0_MS + Math.round(value * 86_400) * 1000 - OFFSET);
}

function withDigits(day: string, clock: string): Instant | undefined {
  const start = local(digits(day, 0, 4), digits(day, 4, 6), digits(day, 6, 8));
  const [hours, minutes] = [digits(clock, 0, 2), digits(clock, 2, 4)];
  const seconds = clock.length === 6 ? digits(clock, 4, 6) : 0;
  if (start === undefined || !(hours <= 23 && minutes <= 59 && seconds <= 59)) return undefined;
  return start + hours * HOUR + minutes * MINUTE + seconds * 1000;
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
  if (place === text.length) return day - OFFSET;
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
  const away = zoneOffset(text.slice(next).trimStart().toLowerCase());
  return away === undefined ? undefined : at - away;
}

/** How far the zone is ahead of UTC, in milliseconds. */
function zoneOffset(zone: string): number | undefined {
  if (zone === '') return OFFSET;
  if (zone === 'z' || zone === 'utc' || zone === 'gmt') return 0;
  if (zone === 'ict') return OFFSET;
  const match = /^(?:utc|gmt)?([+-])(\d{1,2}):?(\d\d)?$/.exec(zone);
  if (!match) return undefined;
  const away = Number(match[2]) * HOUR + Number(match[3] ?? 0) * MINUTE;
  if (away >= DAY) return undefined;
  return match[1] === '+' ? away : -away;
}

// ---- forms that people and programs write, folded: small letters without accents

const WEEKDAY =
  /^(?:thu (?:hai|ba|tu|nam|sau|bay)|chu nhat|cn|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)[.,]?\s+/;
const CLOCK = String.raw`(\d{1,2})(?:[:hg](\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(am|pm|a\.m\.|p\.m\.|sa|ch)?`;
const ZONE = String.raw`\s*(z|ict|(?:utc|gmt)?(?:[+-]\d{1,2}(?::?\d\d)?)|utc|gmt)?(?:\s*\([^)]*\))?`;
const CLOCK_LAST = new RegExp(`^(.*?\\d)(?:[\\s,]+|t)${CLOCK}${ZONE}$`);
const CLOCK_FIRST = new RegExp(`^${CLOCK}${ZONE}[\\s,-]+(.*)$`);
const CLOCK_ONLY = new RegExp(`^${CLOCK}$`);
const DIGITS_AND_CLOCK = /^(\d{8})[ t](\d{4}|\d{6})$/;

/** Whether the text is a time of day and nothing else. */
export function isClock(text: string): boolean {
  return text.length <= MAX_CHARACTERS && clockOf(CLOCK_ONLY.exec(fold(text))?.slice(1)) !== undefined;
}

/** Milliseconds into the day; undefined when the parts are no time of day. */
function clockOf(parts: readonly (string | undefined)[] | undefined): number | undefined {
  if (!parts) return undefined;
  const [hour, minute, second = '0', fraction = '0', half] = parts;
  if (hour === undefined || (minute === undefined && half === undefined)) return undefined;
  let hours = Number(hour);
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return undefined;
    const isAfternoon = half.startsWith('p') || half === 'ch';
    hours = (hours % 12) + (isAfternoon ? 12 : 0);
  }
  const [minutes, seconds] = [Number(minute ?? 0), Number(second)];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return hours * HOUR + minutes * MINUTE + seconds * 1000 + Math.floor(Number(`0.${fraction}`) * 1000 + 1e-6);
}

function written(text: string, order: DateOrder | undefined): Instant | undefined {
  // Years of more than four digits, as Date writes them.
  if (/^[+-]\d{6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return valid(Date.parse(text));
  const folded = fold(text);
  const compact = DIGITS_AND_CLOCK.exec(folded);
  if (compact) return withDigits(compact[1]!, compact[2]!);
  const whole = dateOf(folded, order);
  if (whole !== undefined) return whole - OFFSET;
  const last = CLOCK_LAST.exec(folded);
  if (last) {
    const at = joined(last[1]!, last.slice(2, 7), last[7], order);
    if (at !== undefined) return at;
  }
  const first = CLOCK_FIRST.exec(folded);
  return first ? joined(first[7]!, first.slice(1, 6), first[6], order) : undefined;
}

function joined(
  date: string,
  clock: readonly (string | undefined)[],
  zone: string | undefined,
  order: DateOrder | undefined,
): Instant | undefined {
  const day = dateOf(date, order);
  const ofDay = clockOf(clock);
  const away = zoneOffset(zone ?? '');
  return day === undefined || ofDay === undefined || away === undefined ? undefined : day + ofDay - away;
}

const YEAR_FIRST = /^(\d{4})([-/. ])(\d{1,2})\2(\d{1,2})$/;
const YEAR_MONTH = /^(\d{4})[-/m](\d{1,2})$/;
const MONTH_YEAR = /^(\d{1,2})[-/](\d{4})$/;
const MONTH = String.raw`(?:([a-z]{3,9})\.?|(?:thang|thg|th)\.?\s?(\d{1,2}))`;
const GAP = String.raw`[\s\-/.,]`;
const DAY_MONTH_YEAR = new RegExp(`^(\\d{1,2})(?:st|nd|rd|th)?${GAP}*${MONTH}${GAP}*(\\d{4}|\\d{2})$`);
const MONTH_DAY_YEAR = new RegExp(`^((?!thang)[a-z]{3,9})\\.?${GAP}*(\\d{1,2})(?:st|nd|rd|th)?${GAP}+(\\d{4})$`);
const MONTH_NAME_YEAR = new RegExp(`^${MONTH}${GAP}*(\\d{4})$`);
const YEAR_MONTH_NAME = new RegExp(`^(\\d{4})${GAP}*${MONTH}(?:${GAP}*(\\d{1,2}))?$`);

const MONTHS = new Map<string, number>();
for (const [i, name] of [
  ...['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october'],
  ...['november', 'december'],
].entries()) {
  for (const form of [name, name.slice(0, 3)]) MONTHS.set(form, i + 1);
}
MONTHS.set('sept', 9);

/** Start of the day that a folded date means, as if it were UTC's. */
function dateOf(folded: string, order: DateOrder | undefined): Instant | undefined {
  const text = folded
    .replace(WEEKDAY, '')
    .replace(/^ngay /, '')
    .replace(/,? nam (?=\d{4}$)/, ' ');
  let match = YEAR_FIRST.exec(text);
  if (match) return dayStart(Number(match[1]), Number(match[3]), Number(match[4]));
  const numbers = threeNumbers(text);
  if (numbers) return numbers[4] === text.length ? ordered(order, numbers) : undefined;
  match = YEAR_MONTH.exec(text);
  if (match) return dayStart(Number(match[1]), Number(match[2]), 1);
  match = MONTH_YEAR.exec(text);
  if (match) return dayStart(Number(match[2]), Number(match[1]), 1);
  match = DAY_MONTH_YEAR.exec(text);
  if (match) return dayStart(yearOf(match[4]!), monthOf(match[2], match[3]), Number(match[1]));
  match = MONTH_DAY_YEAR.exec(text);
  if (match) return dayStart(Number(match[3]), monthOf(match[1], undefined), Number(match[2]));
  match = MONTH_NAME_YEAR.exec(text);
  if (match) return dayStart(Number(match[3]), monthOf(match[1], match[2]), 1);
  match = YEAR_MONTH_NAME.exec(text);
  if (match) return dayStart(Number(match[1]), monthOf(match[2], match[3]), Number(match[4] ?? 1));
  return undefined;
}

/** Two digits are the latest such year that is not to come. */
function shortYear(year: number): number {
  return 2000 + year > new Date().getUTCFullYear() ? 1900 + year : 2000 + year;
}

function yearOf(text: string): number {
  return text.length > 2 ? Number(text) : shortYear(Number(text));
}

function monthOf(name: string | undefined, number: string | undefined): number {
  return name === undefined ? Number(number) : (MONTHS.get(name) ?? Number.NaN);
}

const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Start of a day of the Gregorian calendar in UTC; undefined where there is no such day. NaN is none. */
function dayStart(year: number, month: number, day: number): Instant | undefined {
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return undefined;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (!(day <= (month === 2 && leap ? 29 : LENGTHS[month - 1]!))) return undefined;
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
