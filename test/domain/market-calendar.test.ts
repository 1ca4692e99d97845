import { expect } from 'chai';
import fc from 'fast-check';
import {
  type CalendarMarket,
  calendarExpiry,
  isStatedTimeTooOld,
  maxStatedAgeMs,
} from '../../src/domain/market-calendar.ts';

const MINUTE = 60_000;
const DAY = 24 * 3_600_000;
const SJC: CalendarMarket = { market: 'gold', currency: 'VND' };
const SILVER: CalendarMarket = { market: 'silver', currency: 'VND' };
const XAU: CalendarMarket = { market: 'gold', currency: 'USD' };
const USD: CalendarMarket = { market: 'fx', currency: 'VND' };
const EURUSD: CalendarMarket = { market: 'fx', currency: 'USD' };
const BTC: CalendarMarket = { market: 'crypto', currency: 'USD' };
const PRICES = [SJC, SILVER, XAU, USD, EURUSD, BTC];

/** `2026-11-27 17:00`, Vietnam time. */
const vietnam = (text: string) => Date.parse(`${text.replace(' ', 'T')}:00+07:00`);
const utc = (text: string) => Date.parse(`${text.replace(' ', 'T')}:00Z`);

/** Time of a new moon, Julian day, Terrestrial Time taken as UTC: Meeus, larger terms. Accurate to a few minutes. */
function newMoon(k: number): number {
  const t = k / 1236.85;
  const radians = Math.PI / 180;
  const sun = (2.5534 + 29.1053567 * k) * radians;
  const moon = (201.5643 + 385.81693528 * k + 0.0107582 * t * t) * radians;
  const node = (160.7108 + 390.67050284 * k) * radians;
  return (
    2451550.09766 +
    29.530588861 * k +
    0.00015437 * t * t -
    0.4072 * Math.sin(moon) +
    0.17241 * Math.sin(sun) +
    0.01608 * Math.sin(2 * moon) +
    0.01039 * Math.sin(2 * node) +
    0.00739 * Math.sin(moon - sun) -
    0.00514 * Math.sin(moon + sun) +
    0.00208 * Math.sin(2 * sun) -
    70 / 86_400
  );
}

/** The first day of Vietnam's lunar year: the new moon from 21 January to 20 February. */
function lunarNewYear(year: number): string {
  for (let k = Math.floor((year - 2000) * 12.3685); ; k++) {
    const local = new Date((newMoon(k) - 2440587.5) * DAY + 7 * 3_600_000);
    const day = local.toISOString().slice(0, 10);
    if (day >= `${year}-01-21`) return day;
  }
}

describe('market calendar', () => {
  it('allows four days, and ten minutes for coins', () => {
    for (const price of PRICES) {
      expect(maxStatedAgeMs(price.market)).to.equal(price === BTC ? 10 * MINUTE : 4 * DAY);
    }
    const at = utc('2026-11-29 12:00'); // a Sunday
    expect(calendarExpiry(at, BTC)).to.equal(at + 10 * MINUTE);
    for (const price of [SJC, SILVER, XAU, USD, EURUSD]) expect(calendarExpiry(at, price)).to.equal(at + 4 * DAY);
  });

  it('makes a price of Friday 17:00 stale on Tuesday at 17:00, not at 16:59', () => {
    const friday = vietnam('2026-11-27 17:00');
    for (const price of [SJC, SILVER, XAU, USD, EURUSD]) {
      expect(isStatedTimeTooOld(friday, vietnam('2026-12-01 16:59'), price)).to.equal(false);
      expect(isStatedTimeTooOld(friday, vietnam('2026-12-01 17:00') - 1, price)).to.equal(false);
      expect(isStatedTimeTooOld(friday, vietnam('2026-12-01 17:00'), price)).to.equal(true);
    }
    expect(isStatedTimeTooOld(friday, friday + 10 * MINUTE - 1, BTC)).to.equal(false);
    expect(isStatedTimeTooOld(friday, friday + 10 * MINUTE, BTC)).to.equal(true);
  });

  it('does not count Tết for prices in VND', () => {
    for (const [last, staleAt] of [
      ['2026-02-14 11:00', '2026-02-24 11:00'], // 17 Feb: closed from the 16th to the 21st
      ['2026-02-15 17:00', '2026-02-25 17:00'],
      ['2027-02-04 17:00', '2027-02-14 17:00'], // 6 Feb: closed from the 5th to the 10th
      ['2027-02-01 09:00', '2027-02-11 09:00'],
    ]) {
      for (const price of [SJC, SILVER, USD]) {
        expect(new Date(calendarExpiry(vietnam(last!), price))).to.deep.equal(new Date(vietnam(staleAt!)));
      }
      expect(calendarExpiry(vietnam(last!), XAU)).to.equal(vietnam(last!) + 4 * DAY);
      expect(calendarExpiry(vietnam(last!), BTC)).to.equal(vietnam(last!) + 10 * MINUTE);
    }
  });

  it('dates a price stated during Tết as of the sixth day of the lunar year', () => {
    const opens = vietnam('2026-02-22 00:00');
    expect(calendarExpiry(vietnam('2026-02-16 00:00'), SJC)).to.equal(opens + 4 * DAY);
    expect(calendarExpiry(opens, SJC)).to.equal(opens + 4 * DAY);
    // Four open days end just as Tết begins: the price does not turn stale while everything is closed.
    expect(calendarExpiry(vietnam('2026-02-12 00:00'), SJC)).to.equal(opens);
    expect(calendarExpiry(vietnam('2026-02-12 00:00') - 1, SJC)).to.equal(vietnam('2026-02-16 00:00') - 1);
  });

  it('knows Tết from 2009 to 2040 according to the moon', () => {
    for (let year = 2009; year <= 2040; year++) {
      const newYear = Date.parse(`${lunarNewYear(year)}T00:00:00+07:00`);
      // A price stated on the first day of the year counts from the sixth.
      expect(calendarExpiry(newYear, SJC), String(year)).to.equal(newYear + 9 * DAY);
      expect(calendarExpiry(newYear - DAY, SJC), String(year)).to.equal(newYear + 9 * DAY);
      expect(calendarExpiry(newYear - DAY - 1, SJC), String(year)).to.equal(newYear + 9 * DAY - 1);
    }
    expect(lunarNewYear(2026)).to.equal('2026-02-17');
    expect(lunarNewYear(2030)).to.equal('2030-02-02'); // the 3rd in China
  });

  it('does not count days without a world market, for fx and world gold', () => {
    for (const [last, staleAt] of [
      ['2026-04-02 16:00', '2026-04-10 16:00'], // Easter: 5 April
      ['2027-03-25 16:00', '2027-04-02 16:00'], // 28 March
      ['2025-04-17 12:00', '2025-04-25 12:00'], // 20 April
      ['2024-03-28 12:00', '2024-04-05 12:00'], // 31 March
      ['2026-12-24 12:00', '2026-12-29 12:00'],
      ['2026-12-30 12:00', '2027-01-04 12:00'],
      ['2026-12-23 00:00', '2026-12-28 00:00'],
    ]) {
      for (const price of [XAU, EURUSD]) {
        expect(new Date(calendarExpiry(utc(last!), price)), last).to.deep.equal(new Date(utc(staleAt!)));
      }
      expect(new Date(calendarExpiry(vietnam(last!), USD)), last).to.deep.equal(new Date(vietnam(staleAt!)));
      expect(calendarExpiry(vietnam(last!), SJC)).to.equal(vietnam(last!) + 4 * DAY);
    }
  });

  it('treats an invalid time as too old', () => {
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 9e15, -9e15]) {
      for (const price of PRICES) expect(isStatedTimeTooOld(at, utc('2026-11-30 00:00'), price)).to.equal(true);
    }
    expect(isStatedTimeTooOld(0, Number.NaN, SJC)).to.equal(true);
  });

  it('never makes a later time stale earlier, and stays within the maximum age and holidays', () => {
    const instant = fc.integer({ min: utc('2005-01-01 00:00'), max: utc('2045-01-01 00:00') });
    const gap = fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 12 * DAY }));
    fc.assert(
      fc.property(instant, gap, fc.constantFrom(...PRICES), (at, later, price) => {
        const staleAt = calendarExpiry(at, price);
        expect(calendarExpiry(at + later, price)).to.be.at.least(staleAt);
        expect(staleAt - at).to.be.within(maxStatedAgeMs(price.market), 4 * DAY + 7 * DAY);
        expect(isStatedTimeTooOld(at, staleAt - 1, price)).to.equal(false);
        expect(isStatedTimeTooOld(at, staleAt, price)).to.equal(true);
      }),
      { numRuns: 2000 },
    );
  });
});
