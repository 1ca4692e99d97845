import { expect } from 'chai';
import fc from 'fast-check';
import { implausible } from '../../src/domain/plausible.ts';
import type { Quote } from '../../src/domain/quote.ts';

const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;
const sjc: Quote = {
  instrument: 'SJC',
  market: 'gold',
  provider: 'sjc',
  company: 'SJC',
  brand: '',
  buy: 80_000_000,
  sell: 82_000_000,
  currency: 'VND',
  unit: 'tael',
  at: NOW,
  checkedAt: NOW,
  id: '1',
};
const btc: Quote = {
  ...sjc,
  instrument: 'BTC',
  market: 'crypto',
  buy: 40_000,
  sell: 40_100,
  currency: 'USD',
  unit: 'coin',
};
const why = (fields: Partial<Quote>, last?: Quote) => implausible({ ...sjc, ...fields }, last, NOW);

describe('implausible', () => {
  it('believes a price as it should be', () => {
    expect(why({})).to.equal(undefined);
    expect(why({ buy: null })).to.equal(undefined);
    expect(why({ sell: null })).to.equal(undefined);
    expect(implausible(btc, undefined, NOW)).to.equal(undefined);
    expect(why({}, sjc)).to.equal(undefined);
  });

  it('refuses what is no price', () => {
    expect(why({ buy: null, sell: null })).to.match(/neither/);
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(why({ buy: value })).to.match(/^buy .* not a positive number/);
      expect(why({ sell: value })).to.match(/^sell .* not a positive number/);
      expect(implausible({ ...btc, sell: value }, undefined, NOW)).to.match(/not a positive number/);
    }
  });

  it('finds gold of another unit by its band, in every unit and currency that has one', () => {
    expect(why({ buy: 8_000_000, sell: 8_200_000 })).to.match(/VND\/tael is outside of/); // a chỉ's price
    expect(why({ buy: 8_000_000, sell: 8_200_000, unit: 'chi' })).to.equal(undefined);
    expect(why({ buy: 1_000_000_001, sell: 1_000_000_001 })).to.match(/outside of 10000000-1000000000$/);
    expect(why({ buy: 1999, sell: 2000, currency: 'USD', unit: 'ozt' })).to.equal(undefined);
    expect(why({ buy: 18.9, sell: 18.93, currency: 'USD', unit: 'ozt' })).to.equal(undefined);
    expect(why({ buy: 14, sell: 14, currency: 'USD', unit: 'ozt' })).to.match(/outside/);
    expect(why({ buy: 1, sell: 1, currency: 'EUR', unit: 'g' })).to.equal(undefined);
  });

  it('says in what a price that is too small may have been written', () => {
    expect(why({ buy: 80_000, sell: 82_000 })).to.match(/outside of 10000000-1000000000: it is in thousands, maybe$/);
    expect(why({ buy: 80, sell: 82 })).to.match(/: it is in millions, maybe$/);
    expect(why({ buy: 4.1, sell: 4.1, currency: 'USD', unit: 'ozt' })).to.match(/: it is in thousands, maybe$/);
    expect(why({ buy: 0.001, sell: 0.001 })).to.match(/outside of 10000000-1000000000$/);
  });

  it('refuses a buy that is over its sell by more than 5 %', () => {
    expect(implausible({ ...btc, buy: 105, sell: 100 }, undefined, NOW)).to.equal(undefined);
    expect(implausible({ ...btc, buy: 105.01, sell: 100 }, undefined, NOW)).to.match(/more than 5 %/);
  });

  it('refuses a time that lies ahead or is none', () => {
    expect(why({ at: NOW + 9 * 60_000 })).to.equal(undefined);
    expect(why({ at: NOW + 60 * 60_000 })).to.match(/1 h in the future/);
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 1.5, -9e15]) expect(why({ at })).to.match(/is no instant/);
    expect(why({ at: Date.parse('1833-01-01') })).to.equal(undefined);
  });

  it('refuses a jump of over 20 %, up and down, by the price that counts', () => {
    const jump = (sell: number, last = btc) => implausible({ ...btc, buy: null, sell }, last, NOW);
    const last = { ...btc, buy: null, sell: 100 };
    expect(jump(120, last)).to.equal(undefined);
    expect(jump(120.1, last)).to.match(/jump of over 20 % from 100/);
    expect(jump(80, last)).to.equal(undefined);
    expect(jump(79.9, last)).to.match(/jump/);
    expect(implausible({ ...btc, buy: 121, sell: null }, last, NOW)).to.match(/jump/);
  });

  it('measures no jump by a price that nobody confirmed for a day', () => {
    const old = (hours: number) => ({ ...btc, sell: 100, checkedAt: NOW - hours * HOUR });
    expect(implausible({ ...btc, buy: null, sell: 200 }, old(23), NOW)).to.match(/jump/);
    expect(implausible({ ...btc, buy: null, sell: 200 }, old(24), NOW)).to.equal(undefined);
  });

  it('answers to any numbers', () => {
    const number = fc.option(fc.double());
    fc.assert(
      fc.property(number, number, fc.double(), fc.constantFrom(sjc, btc), (buy, sell, at, last) => {
        const reason = implausible({ ...last, buy, sell, at }, last, NOW);
        if (reason !== undefined) return;
        for (const value of [buy, sell]) expect(value === null || (Number.isFinite(value) && value > 0)).to.equal(true);
        expect(buy ?? sell).to.not.equal(null);
        expect(Number.isInteger(at)).to.equal(true);
      }),
    );
  });
});
