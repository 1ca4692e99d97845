/**
 * How old the time may be that a source states of its own price. A source that confirms a price today which it says is
 * of last month has stopped; one that says Friday on a Monday has not.
 *
 * | market | oldest stated time | days that do not count |
 * |---|---|---|
 * | crypto | 10 minutes | none |
 * | gold and silver in VND | 4 days | Tết |
 * | gold and silver in other currencies | 4 days | Good Friday to Easter Monday, 25 December, 1 January |
 * | fx in VND | 4 days | all of these |
 * | fx in other currencies | 4 days | Good Friday to Easter Monday, 25 December, 1 January |
 *
 * The four days hold a weekend. Days are Vietnam's for prices in VND, else UTC's.
 */
import { type Instant, MAX_INSTANT, startOfDay } from './instant.ts';
import type { PricedInstrument } from './price-bands.ts';

/** What decides the calendar of a price. */
export type StatedPrice = Pick<PricedInstrument, 'market' | 'currency'>;

const DAY_MS = 24 * 3_600_000;
const VIETNAM_OFFSET_MS = 7 * 3_600_000;

const MAX_COIN_AGE_MS = 10 * 60_000;
const MAX_AGE_MS = 4 * DAY_MS;

/** Tết is closed from the day before the first of the lunar year to the fifth. */
const TET_DAYS_BEFORE = 1;
const TET_DAYS_AFTER = 4;
const FIRST_TET_YEAR = 2009;
/** The first day of the lunar year in Vietnam, `mmdd`, from 2009 on. In other years no day is known to be closed. */
const TET = [
  126, 214, 203, 123, 210, 131, 219, 208, 128, 216, 205, 125, 212, 201, 122, 210, 129, 217, 206, 126, 213, 202, 123,
  211, 131, 219, 208, 128, 215, 204, 124, 212,
] as const;

/** How old a stated time may be, in milliseconds; closed days come on top. */
export function maxStatedAgeMs(market: StatedPrice['market']): number {
  return market === 'crypto' ? MAX_COIN_AGE_MS : MAX_AGE_MS;
}

/**
 * The instant from which a stated time is too old, by the calendar of its market. Never within closed days, and never
 * earlier for a later time. A stated time that is no instant is too old at once.
 */
export function staleAtOf(statedAt: Instant, price: StatedPrice): Instant {
  let left = maxStatedAgeMs(price.market);
  if (!(Math.abs(statedAt) <= MAX_INSTANT - left)) return Number.NEGATIVE_INFINITY;
  if (price.market === 'crypto') return statedAt + left;
  let at = statedAt;
  for (;;) {
    const day = dayOf(at, price);
    const end = day + DAY_MS;
    if (!isClosedDay(day, price)) {
      if (end - at > left) return at + left;
      left -= end - at;
    }
    at = end;
  }
}

/** Whether a stated time is too old for its price to count as fresh. */
export function isStatedTimeTooOld(statedAt: Instant, now: Instant, price: StatedPrice): boolean {
  return !(now < staleAtOf(statedAt, price));
}

/** Start of the day, in the time zone of the price. */
function dayOf(at: Instant, { currency }: StatedPrice): Instant {
  return currency === 'VND' ? startOfDay(at) : Math.floor(at / DAY_MS) * DAY_MS;
}

/** @param day start of a day in the time zone of the price */
function isClosedDay(day: Instant, { market, currency }: StatedPrice): boolean {
  const isInVietnam = currency === 'VND';
  const date = isInVietnam ? day + VIETNAM_OFFSET_MS : day;
  if (isInVietnam && isTet(date)) return true;
  return (market === 'fx' || !isInVietnam) && isWorldHoliday(date);
}

/** @param date the day as if it began at midnight UTC */
function isTet(date: Instant): boolean {
  const year = new Date(date).getUTCFullYear();
  const day = TET[year - FIRST_TET_YEAR];
  if (day === undefined) return false;
  const days = (date - Date.UTC(year, Math.floor(day / 100) - 1, day % 100)) / DAY_MS;
  return days >= -TET_DAYS_BEFORE && days <= TET_DAYS_AFTER;
}

/** @param date the day as if it began at midnight UTC */
function isWorldHoliday(date: Instant): boolean {
  const civil = new Date(date);
  const [year, month, day] = [civil.getUTCFullYear(), civil.getUTCMonth() + 1, civil.getUTCDate()];
  if ((month === 1 && day === 1) || (month === 12 && day === 25)) return true;
  if (month !== 3 && month !== 4) return false;
  const days = (date - easterSunday(year)) / DAY_MS;
  return days >= -2 && days <= 1;
}

/** Gregorian Easter, by the Meeus/Jones/Butcher rule. */
function easterSunday(year: number): Instant {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor(b / 4);
  const e = b % 4;
  const f = Math.floor((b + 8) / 25);
  const g = Math.floor((b - f + 1) / 3);
  const h = (19 * a + b - d - g + 15) % 30;
  const i = Math.floor(c / 4);
  const k = c % 4;
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return Date.UTC(year, Math.floor(n / 31) - 1, (n % 31) + 1);
}
