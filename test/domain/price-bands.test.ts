import { expect } from 'chai';
import fc from 'fast-check';
import { INSTRUMENT_CATALOGUE } from '../../src/domain/instrument.ts';
import { isFineGold, isWithinBand, type PricedInstrument, priceBandOf } from '../../src/domain/price-bands.ts';
import { GRAMS_PER_UNIT, type Unit } from '../../src/domain/unit.ts';

const SJC: PricedInstrument = { instrument: 'SJC', market: 'gold', currency: 'VND', unit: 'tael' };
const JEWELLERY: PricedInstrument = { ...SJC, instrument: 'VANG-NU-TRANG-41.7' };
const XAU: PricedInstrument = { instrument: 'XAU', market: 'gold', currency: 'USD', unit: 'ozt' };
const SILVER: PricedInstrument = { instrument: 'BAC-PHU-QUY-999', market: 'silver', currency: 'VND', unit: 'tael' };
const XAG: PricedInstrument = { instrument: 'XAG', market: 'silver', currency: 'USD', unit: 'ozt' };
const fx = (instrument: string, currency = 'VND'): PricedInstrument => ({
  instrument,
  market: 'fx',
  currency,
  unit: 'each',
});
const coin = (instrument: string, currency = 'USD'): PricedInstrument => ({
  instrument,
  market: 'crypto',
  currency,
  unit: 'coin',
});

const at = (date: string) => Date.parse(`${date}T00:00:00Z`);
const fits = (priced: PricedInstrument, date: string, ...values: number[]) => {
  for (const value of values) {
    expect(isWithinBand(priceBandOf(priced, at(date)), value), `${priced.instrument} ${value} in ${date}`).to.equal(
      true,
    );
  }
};
const fitsNot = (priced: PricedInstrument, date: string, ...values: number[]) => {
  for (const value of values) {
    expect(isWithinBand(priceBandOf(priced, at(date)), value), `${priced.instrument} ${value} in ${date}`).to.equal(
      false,
    );
  }
};

describe('priceBandOf', () => {
  it('contains fine gold in VND of its year, and never a price per chỉ', () => {
    for (const [date, low, high] of [
      ['2001-06-01', 4.8e6, 5.2e6],
      ['2009-08-01', 20e6, 24e6],
      ['2009-11-20', 24e6, 29e6],
      ['2011-08-25', 42e6, 48.5e6],
      ['2015-12-01', 32e6, 34e6],
      ['2020-07-01', 49e6, 60e6],
      ['2024-04-01', 74e6, 92e6],
      ['2025-01-10', 84e6, 90e6],
      ['2025-12-20', 130e6, 160e6],
      ['2026-02-01', 160e6, 192e6],
      ['2026-11-27', 148e6, 152e6],
    ] as const) {
      fits(SJC, date, low, high);
      fits({ ...SJC, unit: 'chi' }, date, low / 10, high / 10);
      fits({ ...SJC, unit: 'g' }, date, low / 37.5, high / 37.5);
      fitsNot(SJC, date, low / 10, high / 10, low / 37.5, high / 37.5, low * 10, high * 10, low / 1000, low / 1e6);
      fitsNot({ ...SJC, unit: 'chi' }, date, low, high);
    }
  });

  it('contains jewellery of low and high fineness, and never a price per chỉ of fine gold', () => {
    for (const [date, fine] of [
      ['2012-06-01', 41e6],
      ['2020-07-01', 50e6],
      ['2026-11-27', 150e6],
    ] as const) {
      fits(JEWELLERY, date, fine * 0.3, fine * 0.417, fine * 0.75, fine);
      fitsNot(JEWELLERY, date, fine / 10, fine * 10, fine * 0.03, fine / 1000);
      fitsNot(SJC, date, fine * 0.3);
    }
  });

  it('contains world gold since 1833', () => {
    for (const [date, ...prices] of [
      ['1833-01-01', 18.9, 20.67],
      ['1890-01-01', 18.9, 20.67],
      ['1933-06-01', 20.67, 30],
      ['1940-01-01', 33.85, 35],
      ['1970-01-01', 34.9, 35.2],
      ['1980-01-21', 455, 675, 850],
      ['1999-08-25', 252],
      ['2011-09-05', 1900],
      ['2020-03-01', 1590],
      ['2025-04-22', 3500],
      ['2026-01-28', 5400],
      ['2026-11-27', 4000, 5000],
    ] as const) {
      fits(XAU, date, ...prices);
      for (const price of prices) fitsNot(XAU, date, price / 31.1034768, price * 31.1034768, price / 1000, price * 10);
    }
    fits({ ...XAU, currency: 'EUR', unit: 'g' }, '2026-11-27', 110, 135);
    fitsNot({ ...XAU, currency: 'EUR', unit: 'g' }, '2026-11-27', 4000, 3.7);
    fits({ ...XAU, currency: 'VND' }, '2026-11-27', 121e6);
  });

  it('contains silver per ounce, tael and kilogram', () => {
    fits(SILVER, '2026-11-27', 2_050_000, 2_110_000);
    fits({ ...SILVER, unit: 'kg' }, '2026-11-27', 54_600_000, 56_200_000);
    fitsNot(SILVER, '2026-11-27', 205_000, 21_100_000, 54_600_000, 2050);
    fits(XAG, '2026-01-26', 115);
    fits(XAG, '1980-01-18', 49.5);
    fits(XAG, '1932-12-01', 0.25);
    fits(XAG, '2020-03-18', 12);
    fitsNot(XAG, '2026-11-27', 2, 2110);
  });

  it('contains currencies, and never thousands of them', () => {
    for (const [id, ...prices] of [
      ['USD', 16_000, 24_325, 26_230, 40_000],
      ['EUR', 28_000, 30_500],
      ['GBP', 34_000, 36_000],
      ['JPY', 100, 160, 178, 350],
      ['CNY', 3600, 3800],
      ['AUD', 16_800, 18_000],
      ['SGD', 20_000, 20_800],
      ['KRW', 10, 15.6, 19.5, 30],
      ['THB', 720, 870],
      ['CHF', 29_000, 34_000],
      ['KWD', 85_000, 89_000],
    ] as const) {
      const last = prices[1]!;
      fits(fx(id), '2026-07-01', ...prices);
      fitsNot(fx(id), '2026-07-01', last / 1000, last * 1000, last / 100, last * 100);
    }
    fits(fx('USD'), '2008-06-01', 16_500);
    fits(fx('JPY'), '2011-11-01', 270);
    fits(fx('KRW'), '1996-01-01', 14);
    fitsNot(fx('USD'), '2024-01-02', 24.325, 24.37);
    fitsNot(fx('USD'), '2026-11-30', 25.87, 26.23);
    for (const [currency, price] of [
      ['EUR', 0.86],
      ['GBP', 0.74],
      ['JPY', 155],
      ['KRW', 1450],
      ['VND', 26_300],
      ['CNY', 7.1],
    ] as const) {
      fits(fx(`USD-${currency}`, currency), '2026-11-30', price);
      fitsNot(fx(`USD-${currency}`, currency), '2026-11-30', price * 1000, price / 1000);
    }
    fits(fx('EUR-JPY', 'JPY'), '2026-11-30', 180);
    fits(fx('LAK'), '2026-11-30', 1.2);
    fits(fx('USD'), '1986-01-01', 18);
  });

  it('contains coins', () => {
    fits(coin('BTC'), '2010-10-01', 0.06, 0.1);
    fits(coin('BTC'), '2011-06-08', 30);
    fits(coin('BTC'), '2013-11-30', 1130);
    fits(coin('BTC'), '2017-12-16', 19_500);
    fits(coin('BTC'), '2025-10-06', 126_000);
    fits(coin('BTC-USDT'), '2026-11-30', 60_000);
    fits(coin('BTC', 'VND'), '2026-11-30', 1.6e9);
    fitsNot(coin('BTC'), '2026-11-30', 60, 5e16, 6e7);
    fits(coin('ETH'), '2015-10-01', 0.6);
    fits(coin('ETH'), '2026-11-30', 2500);
    fits(coin('DOGE'), '2014-01-01', 0.0003);
    fits(coin('DOGE'), '2026-11-30', 0.1, 7.35e-6);
    fitsNot(coin('DOGE'), '2026-11-30', 10, 1e-6);
    fits(coin('USDT'), '2026-11-30', 0.9998);
    fitsNot(coin('USDT'), '2026-11-30', 1000, 0.001);
    fits(coin('PEPE'), '2026-11-30', 0.000_004, 9e6);
    fitsNot(coin('PEPE'), '2026-11-30', 1e7 + 1, 5e16);
    fits(coin('ETH-BTC', 'BTC'), '2026-11-30', 0.04);
  });

  it('leaves room for future prices of gold and coins, but not for a price per chỉ', () => {
    fits(SJC, '2030-06-01', 120e6, 150e6, 450e6);
    fitsNot(SJC, '2030-06-01', 15e6, 45e6);
    fits(XAU, '2030-06-01', 3000, 13_000);
    fits(SJC, '2045-01-01', 150e6, 900e6);
    fits(coin('BTC'), '2030-01-01', 1.5e7);
    fitsNot(coin('USDT'), '2040-01-01', 3);
  });

  it('never contains a price of gold or silver in two units that are ten times apart', () => {
    const instant = fc.integer({ min: at('1800-01-01'), max: at('2200-01-01') });
    const weights = (Object.keys(GRAMS_PER_UNIT) as Unit[]).filter((unit) => GRAMS_PER_UNIT[unit] !== undefined);
    const metals = [SJC, JEWELLERY, XAU, SILVER, XAG];
    fc.assert(
      fc.property(instant, fc.constantFrom(...weights), fc.constantFrom(...metals), (when, unit, metal) => {
        const { low, typical, high } = priceBandOf({ ...metal, unit }, when);
        const isOldDong = metal.currency === 'VND' && when < at('1990-01-02');
        expect(low).to.be.greaterThan(0);
        expect(typical).to.be.within(low, high);
        if (!isOldDong) expect(high / low).to.be.lessThan(10);
      }),
    );
  });

  it('exists for any instrument, currency, unit and time', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('BTC', 'USD', 'VND', 'constructor', '__proto__', 'USD-EUR', '-'),
    );
    const units = fc.constantFrom(...(Object.keys(GRAMS_PER_UNIT) as Unit[]));
    const market = fc.constantFrom(...(['gold', 'silver', 'fx', 'crypto'] as const));
    fc.assert(
      fc.property(text, text, units, market, fc.double(), (instrument, currency, unit, of, when) => {
        const band = priceBandOf({ instrument, currency, unit, market: of }, when);
        if (!Number.isFinite(when)) return;
        expect(band.low).to.be.greaterThan(0);
        expect(band.low).to.be.at.most(band.typical);
        expect(band.typical).to.be.at.most(band.high);
        expect(band.high).to.be.lessThan(Number.POSITIVE_INFINITY);
      }),
    );
  });

  it('treats only the gold of the catalogue as fine gold', () => {
    for (const { id, market } of INSTRUMENT_CATALOGUE) expect(isFineGold(id), id).to.equal(market === 'gold');
    expect(isFineGold('VANG-NU-TRANG-99')).to.equal(false);
  });
});
