import { expect } from 'chai';
import fc from 'fast-check';
import { convertQuote, parsePriceUnit } from '../../src/domain/price-conversion.ts';
import type { Quote } from '../../src/domain/quote.ts';
import { GRAMS_PER_UNIT } from '../../src/domain/unit.ts';

const base = { provider: 'p', company: '', brand: '', at: 0, checkedAt: 0, id: '' };
const gold: Quote = {
  ...base,
  instrument: 'SJC',
  market: 'gold',
  buy: 80_000_000,
  sell: 82_000_000,
  currency: 'VND',
  unit: 'tael',
};
const world: Quote = {
  ...base,
  instrument: 'XAU',
  market: 'gold',
  buy: 1999,
  sell: 2001,
  currency: 'USD',
  unit: 'ozt',
};
const dollar: Quote = {
  ...base,
  instrument: 'USD',
  market: 'fx',
  buy: 24_000,
  sell: 24_500,
  currency: 'VND',
  unit: 'each',
};
const bank = (currency: string, inCurrency: string) =>
  currency === 'USD' && inCurrency === 'VND' ? dollar : undefined;

describe('parsePriceUnit', () => {
  it('reads a currency, a unit, or both', () => {
    expect(parsePriceUnit('USD/ozt')).to.deep.equal({ currency: 'USD', unit: 'ozt' });
    expect(parsePriceUnit(' usd/OZT ')).to.deep.equal({ currency: 'USD', unit: 'ozt' });
    expect(parsePriceUnit('USDT')).to.deep.equal({ currency: 'USDT' });
    expect(parsePriceUnit('/chi')).to.deep.equal({ unit: 'chi' });
    expect(parsePriceUnit('Chi')).to.deep.equal({ unit: 'chi' });
  });

  it('reads unit aliases, composed and decomposed', () => {
    expect(parsePriceUnit('chỉ')).to.deep.equal({ unit: 'chi' });
    expect(parsePriceUnit('VND/lượng')).to.deep.equal({ currency: 'VND', unit: 'tael' });
    expect(parsePriceUnit('vnd/LƯỢNG'.normalize('NFD'))).to.deep.equal({ currency: 'VND', unit: 'tael' });
    expect(parsePriceUnit('VND/cây')).to.deep.equal({ currency: 'VND', unit: 'tael' });
    expect(parsePriceUnit('/phân')).to.deep.equal({ unit: 'phan' });
    expect(parsePriceUnit('USD/oz')).to.deep.equal({ currency: 'USD', unit: 'ozt' });
    expect(parsePriceUnit('USDT / troy ounces')).to.deep.equal({ currency: 'USDT', unit: 'ozt' });
    expect(parsePriceUnit('gram')).to.deep.equal({ unit: 'g' });
  });

  it('refuses everything else', () => {
    for (const text of [
      '',
      '/',
      'USD/',
      'USD/lb',
      'US',
      'DOLLAR',
      'USD/ozt/g',
      'USD ozt',
      'USD/ chi /g',
      `USD/${' '.repeat(100)}ozt`,
      'toString',
      '/toString',
      'ĐÔL',
    ]) {
      expect(parsePriceUnit(text), text).to.equal(undefined);
    }
  });

  it('accepts or refuses any text, and reads its own output', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('/', 'U', 'S', 'D', 'g', 'chi', ' ') }),
    );
    fc.assert(
      fc.property(text, (given) => {
        const measure = parsePriceUnit(given);
        if (!measure) return;
        expect(measure.currency !== undefined || measure.unit !== undefined).to.equal(true);
        if (measure.unit !== undefined) expect(GRAMS_PER_UNIT).to.have.own.property(measure.unit);
        const written = `${measure.currency ?? ''}${measure.unit === undefined ? '' : `/${measure.unit}`}`;
        expect(parsePriceUnit(written)).to.deep.equal(measure);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('convertQuote', () => {
  it('changes only the unit, without any rate', () => {
    const { buy, sell, currency, unit, legs } = convertQuote(gold, { unit: 'chi' }, () => undefined)!;
    expect({ currency, unit, legs }).to.deep.equal({ currency: 'VND', unit: 'chi', legs: [gold] });
    expect(buy).to.be.closeTo(8_000_000, 1e-6);
    expect(sell).to.be.closeTo(8_200_000, 1e-6);
  });

  it('uses for each side the price that a customer gets', () => {
    const dong = convertQuote(world, { currency: 'VND' }, bank)!;
    expect(dong).to.deep.equal({
      buy: 1999 * 24_000,
      sell: 2001 * 24_500,
      currency: 'VND',
      unit: 'ozt',
      legs: [world, dollar],
    });
    const dollars = convertQuote(gold, { currency: 'USD' }, bank)!;
    expect(dollars).to.deep.equal({
      buy: 80_000_000 / 24_500,
      sell: 82_000_000 / 24_000,
      currency: 'USD',
      unit: 'tael',
      legs: [gold, dollar],
    });
  });

  it('uses the single price that a bank has, and keeps a missing side missing', () => {
    const onlySell = { ...dollar, buy: null };
    const onlyBuy = { ...world, sell: null };
    expect(convertQuote(onlyBuy, { currency: 'VND' }, () => onlySell)).to.include({ buy: 1999 * 24_500, sell: null });
  });

  it('never estimates: an unknown rate, or incompatible units, return nothing', () => {
    expect(convertQuote(gold, { currency: 'EUR' }, bank)).to.equal(undefined);
    expect(convertQuote(gold, { unit: 'coin' }, bank)).to.equal(undefined);
    expect(convertQuote(dollar, { unit: 'g' }, bank)).to.equal(undefined);
  });

  it('to the same unit changes nothing', () => {
    expect(convertQuote(gold, { currency: 'VND', unit: 'tael' }, bank)).to.deep.include({
      buy: gold.buy,
      sell: gold.sell,
      legs: [gold],
    });
    expect(convertQuote(gold, {}, bank)).to.deep.include({ buy: gold.buy, sell: gold.sell });
  });

  it('there and back never makes a profit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 1, max: 30_000 }),
        fc.nat(500),
        (price, rate, spread) => {
          const rateOf = (currency: string) =>
            currency === 'USD' ? { ...dollar, buy: rate, sell: rate + spread } : undefined;
          const there = convertQuote({ ...gold, buy: price, sell: price }, { currency: 'USD', unit: 'ozt' }, rateOf)!;
          const back = convertQuote({ ...gold, ...there }, { currency: 'VND', unit: 'tael' }, rateOf)!;
          expect(back.buy!).to.be.at.most(price * (1 + 1e-9));
          expect(back.sell!).to.be.at.least(price * (1 - 1e-9));
        },
      ),
    );
  });
});
