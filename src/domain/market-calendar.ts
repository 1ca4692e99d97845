/**
 * The maximum age of the time that a source states for its price. A source that confirms a price of last month has
 * stopped updating; one that states Friday on a Monday has not.
 *
 * | market | maximum age | days that do not count |
 * |---|---|---|
 * | crypto | 10 minutes | none |
 * | gold and silver in VND | 4 days | Tết |
 * | gold and silver in other currencies | 4 days | Good Friday to Easter Monday, 25 December, 1 January |
 * | fx in VND | 4 days | all of these |
 * | fx in other currencies | 4 days | Good Friday to Easter Monday, 25 December, 1 January |
 *
 * Four days cover a weekend. Days are in Vietnam time for prices in VND, else in UTC.
 */

import type { PricedInstrument } from './price-bands.ts';
import { DAY_MS, type EpochMs, MAX_EPOCH_MS, startOfDay, toVietnamTime } from './time.ts';

/** Determines which calendar applies to a price. */
export type CalendarMarket = Pick<PricedInstrument, 'market' | 'currency'>;

const MAX_CRYPTO_AGE_MS = 10 * 60_000;
const MAX_AGE_MS = 4 * DAY_MS;

/** Markets are closed from the day before the lunar New Year to its fifth day. */
const TET_DAYS_BEFORE = 1;
const TET_DAYS_AFTER = 4;
const FIRST_TET_YEAR = 2009;
/** Lunar New Year's Day in Vietnam, `mmdd`, from 2009 on. Other years have no known closed days. */
const TET_DATES = [
  126, 214, 203, 123, 210, 131, 219, 208, 128, 216, 205, 125, 212, 201, 122, 210, 129, 217, 206, 126, 213, 202, 123,
  211, 131, 219, 208, 128, 215, 204, 124, 212,
] as const;

/** Maximum age of a stated time, not counting closed days. */
export function maxStatedAgeMs(market: CalendarMarket['market']): number {
  return market === 'crypto' ? MAX_CRYPTO_AGE_MS : MAX_AGE_MS;
}

/**
 * When a stated time becomes too old, by the calendar of its market. Never within closed days, and never earlier for a
 * later time. An invalid time is always too old.
 */
export function calendarExpiry(statedAt: EpochMs, price: CalendarMarket): EpochMs {
  let remainingMs = maxStatedAgeMs(price.market);
  if (!(Math.abs(statedAt) <= MAX_EPOCH_MS - remainingMs)) return Number.NEGATIVE_INFINITY;
  if (price.market === 'crypto') return statedAt + remainingMs;
  let at = statedAt;
  for (;;) {
    const day = startOfMarketDay(at, price);
    const end = day + DAY_MS;
    if (!isClosedDay(day, price)) {
      if (end - at > remainingMs) return at + remainingMs;
      remainingMs -= end - at;
    }
    at = end;
  }
}

export function isStatedTimeTooOld(statedAt: EpochMs, now: EpochMs, price: CalendarMarket): boolean {
  return !(now < calendarExpiry(statedAt, price));
}

/** In the time zone of the price. */
function startOfMarketDay(at: EpochMs, { currency }: CalendarMarket): EpochMs {
  return currency === 'VND' ? startOfDay(at) : Math.floor(at / DAY_MS) * DAY_MS;
}

/** @param day start of a day in the time zone of the price */
function isClosedDay(day: EpochMs, { market, currency }: CalendarMarket): boolean {
  const isInVietnam = currency === 'VND';
  const date = isInVietnam ? toVietnamTime(day) : day;
  if (isInVietnam && isTet(date)) return true;
  return (market === 'fx' || !isInVietnam) && isWorldHoliday(date);
}

/** @param date the date at midnight UTC */
function isTet(date: EpochMs): boolean {
  const year = new Date(date).getUTCFullYear();
  const day = TET_DATES[year - FIRST_TET_YEAR];
  if (day === undefined) return false;
  const days = (date - Date.UTC(year, Math.floor(day / 100) - 1, day % 100)) / DAY_MS;
  return days >= -TET_DAYS_BEFORE && days <= TET_DAYS_AFTER;
}

/** @param date the date at midnight UTC */
function isWorldHoliday(date: EpochMs): boolean {
  const civil = new Date(date);
  const [year, month, day] = [civil.getUTCFullYear(), civil.getUTCMonth() + 1, civil.getUTCDate()];
  if ((month === 1 && day === 1) || (month === 12 && day === 25)) return true;
  if (month !== 3 && month !== 4) return false;
  const days = (date - easterSunday(year)) / DAY_MS;
  return days >= -2 && days <= 1;
}

/** Gregorian Easter, by the Meeus/Jones/Butcher algorithm. */
function easterSunday(year: number): EpochMs {
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
