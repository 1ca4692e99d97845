import { foldForSearch } from '../domain/text.ts';
import { DAY_MS, type EpochMs, HOUR_MS } from '../domain/time.ts';

const MINUTE_MS = 60_000;
/** For times without a zone. */
const VIETNAM_OFFSET_MS = 7 * HOUR_MS;

/** Lower numbers are Excel day numbers, dates without separators, or not times. */
const MIN_UNIX_SECONDS = 1e8;
/** The year 5138 in seconds, March 1973 in milliseconds. */
const MIN_UNIX_MILLISECONDS = 1e11;
/** The year 5138 in milliseconds, March 1973 in microseconds. */
const MIN_UNIX_MICROSECONDS = 1e14;
/** Excel's day 0, valid for days after February 1900. */
export const EXCEL_EPOCH_MS = Date.UTC(1899, 11, 30);

/** There are no earlier prices, but programs write an empty date as 0001-01-01. */
export const MIN_TIME_MS = Date.UTC(1800, 0, 1) - VIETNAM_OFFSET_MS;

const MAX_CHARACTERS = 64;

/** The order of day, month and year in a date of three numbers that does not begin with a four-digit year. */
export const DATE_ORDERS = ['d/m', 'm/d', 'y-m-d'] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

/** For messages. */
export const ACCEPTED_TIMES =
  'yyyy-mm-dd (also with . or /), yyyymmdd, yyyy-mm, dd/mm/yyyy and mm/dd/yyyy (also with - or . and two-digit years; --dates sets the order), 16 Nov 2018, Nov 16, 2018, 16 tháng 11 2018, each optionally with HH:MM[:SS] (AM, PM, SA, CH) and a zone; ISO 8601; epoch seconds, milliseconds or microseconds; Excel day numbers (44324)';

/** Parses `d/m`, `dd/mm/yyyy`, `mdy`, `y-m-d` and the like; undefined if it is not an order. */
export function parseDateOrder(text: string): DateOrder | undefined {
  const letters = text.toLowerCase().replace(/[^a-z]/g, '');
  const order = letters.replace(/(.)\1+/g, '$1');
  if (order === 'dm' || order === 'dmy') return 'd/m';
  if (order === 'md' || order === 'mdy') return 'm/d';
  return order === 'ymd' ? 'y-m-d' : undefined;
}

const THREE_NUMBERS_PATTERN = /(?:^|[\s,])\d{1,2}([-/. ])\d{1,2}\1(?:\d{4}|\d{2})(?=$|[\s,Tt])/;

/** Whether the text has a date that is ambiguous without an order. */
export function needsDateOrder(text: string): boolean {
  if (text.length > MAX_CHARACTERS) return false;
  if (parseThreeNumbers(text)) return true;
  return (text.includes(' ') || text.includes(',')) && THREE_NUMBERS_PATTERN.test(text);
}

/** Parses the text in each order, like `parseImportTime`. */
export function parseInAllOrders(text: string): readonly (EpochMs | undefined)[] {
  const numbers = parseThreeNumbers(text);
  const clock = numbers && addClockAndZone(text, numbers[4], 0);
  if (clock === undefined) return DATE_ORDERS.map((order) => parseImportTime(text, order));
  return DATE_ORDERS.map((order) => {
    const day = orderedDayStart(order, numbers!);
    return day === undefined ? undefined : day + clock;
  });
}

/**
 * Parses the time in a cell; undefined if it is not a time. Dates, months and times without a zone are Vietnam time. Common
 * formats are parsed digit by digit, because this runs for every line of files with millions of lines.
 * @param order for ambiguous dates; without it, they are not parsed
 */
export function parseImportTime(text: string, order?: DateOrder): EpochMs | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const mark = text.charCodeAt(4);
  if (mark === 0x2d && text.charCodeAt(7) === mark) {
    const day = dayStart(digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10));
    if (day !== undefined) {
      const at = addClockAndZone(text, 10, day);
      if (at !== undefined) return at;
    }
  } else {
    const numbers = parseThreeNumbers(text);
    if (numbers) {
      const day = orderedDayStart(order, numbers);
      const at = day === undefined ? undefined : addClockAndZone(text, numbers[4], day);
      if (at !== undefined) return at;
    } else if (/^-?\d{5,16}(?:\.\d{1,12})?$/.test(text)) return parseNumericTime(text);
  }
  return parseWrittenTime(text, order);
}

/** `digits`: the numbers of digits of the first and the last number. `end`: the index after the date. */
type ThreeNumbers = readonly [first: number, second: number, third: number, digits: 12 | 14 | 22 | 24, end: number];

/** Parses three leading numbers with equal separators, the last with two or four digits. */
function parseThreeNumbers(text: string): ThreeNumbers | undefined {
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

function orderedDayStart(
  order: DateOrder | undefined,
  [first, second, third, digits]: ThreeNumbers,
): EpochMs | undefined {
  const isShort = digits === 12 || digits === 22;
  if (order === 'y-m-d') return digits === 22 ? dayStart(expandYear(first), second, third) : undefined;
  const year = isShort ? expandYear(third) : third;
  if (order === 'd/m') return dayStart(year, second, first);
  return order === 'm/d' ? dayStart(year, first, second) : undefined;
}

/** Unix seconds, milliseconds or microseconds, an Excel day number, or a date without separators. */
function parseNumericTime(text: string): EpochMs | undefined {
  const isWhole = !text.includes('.') && text.charCodeAt(0) !== 0x2d;
  const length = isWhole ? text.length : 0;
  if (length === 8) return localDayStart(digits(text, 0, 4), digits(text, 4, 6), digits(text, 6, 8));
  if (length === 12 || length === 14) {
    // As milliseconds, twelve digits would be in 1976, fourteen in the year 2600.
    const year = digits(text, 0, 4);
    const at = year < 1900 || year > 2100 ? undefined : parseCompactTime(text.slice(0, 8), text.slice(8));
    if (at !== undefined) return at;
  }
  const value = Number(text);
  if (value >= 10_000 && value < 100_000) return text.startsWith('0') ? undefined : parseExcelDay(value);
  return parseUnixTime(value);
}

/** Unix seconds, milliseconds or microseconds. */
export function parseUnixTime(value: number): EpochMs | undefined {
  const size = Math.abs(value);
  if (!(size >= MIN_UNIX_SECONDS)) return undefined;
  const at = size < MIN_UNIX_MILLISECONDS ? value * 1000 : size < MIN_UNIX_MICROSECONDS ? value : value / 1000;
  return validTime(Math.round(at));
}

/** Converts an Excel day number in Vietnam time: 44324 is 2021-05-08. */
export function parseExcelDay(value: number): EpochMs | undefined {
  return validTime(EXCEL_EPOCH_MS + Math.round(value * 86_400) * 1000 - VIETNAM_OFFSET_MS);
}

function parseCompactTime(day: string, clock: string): EpochMs | undefined {
  const start = localDayStart(digits(day, 0, 4), digits(day, 4, 6), digits(day, 6, 8));
  const [hours, minutes] = [digits(clock, 0, 2), digits(clock, 2, 4)];
  const seconds = clock.length === 6 ? digits(clock, 4, 6) : 0;
  if (start === undefined || !(hours <= 23 && minutes <= 59 && seconds <= 59)) return undefined;
  return start + hours * HOUR_MS + minutes * MINUTE_MS + seconds * 1000;
}

function validTime(at: number): EpochMs | undefined {
  return Math.abs(at) <= 8.64e15 ? at : undefined;
}

function localDayStart(year: number, month: number, day: number): EpochMs | undefined {
  const start = dayStart(year, month, day);
  return start === undefined ? undefined : start - VIETNAM_OFFSET_MS;
}

/** Parses `[T or space]HH:MM[:SS[.fraction]][zone]` from `place` on and adds it to the start of the UTC day. */
function addClockAndZone(text: string, offset: number, day: EpochMs): EpochMs | undefined {
  if (offset === text.length) return day - VIETNAM_OFFSET_MS;
  const gap = text.charCodeAt(offset);
  if (gap !== 0x54 && gap !== 0x20 && gap !== 0x74) return undefined;
  const hours = digits(text, offset + 1, offset + 3);
  const minutes = digits(text, offset + 4, offset + 6);
  if (text.charCodeAt(offset + 3) !== 0x3a || !(hours <= 23) || !(minutes <= 59)) return undefined;
  let at = day + hours * HOUR_MS + minutes * MINUTE_MS;
  let next = offset + 6;
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
  if (next === text.length) return at - VIETNAM_OFFSET_MS;
  const away = zoneOffset(text.slice(next).trimStart().toLowerCase());
  return away === undefined ? undefined : at - away;
}

/** The offset of the zone from UTC in milliseconds. */
function zoneOffset(zone: string): number | undefined {
  if (zone === '') return VIETNAM_OFFSET_MS;
  if (zone === 'z' || zone === 'utc' || zone === 'gmt') return 0;
  if (zone === 'ict') return VIETNAM_OFFSET_MS;
  const match = /^(?:utc|gmt)?([+-])(\d{1,2}):?(\d\d)?$/.exec(zone);
  if (!match) return undefined;
  const away = Number(match[2]) * HOUR_MS + Number(match[3] ?? 0) * MINUTE_MS;
  if (away >= DAY_MS) return undefined;
  return match[1] === '+' ? away : -away;
}

// ---- written forms, folded: lower case without accents

const WEEKDAY_PATTERN =
  /^(?:thu (?:hai|ba|tu|nam|sau|bay)|chu nhat|cn|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)[.,]?\s+/;
const CLOCK_SOURCE = String.raw`(\d{1,2})(?:[:hg](\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(am|pm|a\.m\.|p\.m\.|sa|ch)?`;
const ZONE_SOURCE = String.raw`\s*(z|ict|(?:utc|gmt)?(?:[+-]\d{1,2}(?::?\d\d)?)|utc|gmt)?(?:\s*\([^)]*\))?`;
const CLOCK_LAST_PATTERN = new RegExp(`^(.*?\\d)(?:[\\s,]+|t)${CLOCK_SOURCE}${ZONE_SOURCE}$`);
const CLOCK_FIRST_PATTERN = new RegExp(`^${CLOCK_SOURCE}${ZONE_SOURCE}[\\s,-]+(.*)$`);
const CLOCK_ONLY_PATTERN = new RegExp(`^${CLOCK_SOURCE}$`);
const COMPACT_TIME_PATTERN = /^(\d{8})[ t](\d{4}|\d{6})$/;

/** Whether the text is only a time of day. */
export function isClock(text: string): boolean {
  return text.length <= MAX_CHARACTERS && clockMs(CLOCK_ONLY_PATTERN.exec(foldForSearch(text))?.slice(1)) !== undefined;
}

/** Milliseconds since midnight; undefined if the parts are not a time of day. */
function clockMs(parts: readonly (string | undefined)[] | undefined): number | undefined {
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
  return hours * HOUR_MS + minutes * MINUTE_MS + seconds * 1000 + Math.floor(Number(`0.${fraction}`) * 1000 + 1e-6);
}

function parseWrittenTime(text: string, order: DateOrder | undefined): EpochMs | undefined {
  // Years of more than four digits, as in Date.toISOString().
  if (/^[+-]\d{6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return validTime(Date.parse(text));
  const folded = foldForSearch(text);
  const compact = COMPACT_TIME_PATTERN.exec(folded);
  if (compact) return parseCompactTime(compact[1]!, compact[2]!);
  const whole = parseFoldedDate(folded, order);
  if (whole !== undefined) return whole - VIETNAM_OFFSET_MS;
  const last = CLOCK_LAST_PATTERN.exec(folded);
  if (last) {
    const at = joinDateAndClock(last[1]!, last.slice(2, 7), last[7], order);
    if (at !== undefined) return at;
  }
  const first = CLOCK_FIRST_PATTERN.exec(folded);
  return first ? joinDateAndClock(first[7]!, first.slice(1, 6), first[6], order) : undefined;
}

function joinDateAndClock(
  date: string,
  clock: readonly (string | undefined)[],
  zone: string | undefined,
  order: DateOrder | undefined,
): EpochMs | undefined {
  const day = parseFoldedDate(date, order);
  const ofDay = clockMs(clock);
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

/** The start of the UTC day of a folded date. */
function parseFoldedDate(folded: string, order: DateOrder | undefined): EpochMs | undefined {
  const text = folded
    .replace(WEEKDAY_PATTERN, '')
    .replace(/^ngay /, '')
    .replace(/,? nam (?=\d{4}$)/, ' ');
  let match = YEAR_FIRST.exec(text);
  if (match) return dayStart(Number(match[1]), Number(match[3]), Number(match[4]));
  const numbers = parseThreeNumbers(text);
  if (numbers) return numbers[4] === text.length ? orderedDayStart(order, numbers) : undefined;
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

/** Two-digit years are the latest matching year that is not in the future. */
function expandYear(year: number): number {
  return 2000 + year > new Date().getUTCFullYear() ? 1900 + year : 2000 + year;
}

function yearOf(text: string): number {
  return text.length > 2 ? Number(text) : expandYear(Number(text));
}

function monthOf(name: string | undefined, number: string | undefined): number {
  return name === undefined ? Number(number) : (MONTHS.get(name) ?? Number.NaN);
}

const MONTH_LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The start of a Gregorian day in UTC; undefined if it does not exist or a part is NaN. */
function dayStart(year: number, month: number, day: number): EpochMs | undefined {
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return undefined;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (!(day <= (month === 2 && leap ? 29 : MONTH_LENGTHS[month - 1]!))) return undefined;
  // Years are counted from March, so that the leap day is the last day of its year.
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const days = era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
  return days * DAY_MS;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The number in the characters `[from, to)`; NaN if one is not a digit. */
function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return Number.NaN;
    value = value * 10 + code - 0x30;
  }
  return value;
}
