import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  type ComparisonPrice,
  findRatioMistake,
  type HeldLevel,
  isConfirmedLevel,
  isSameLevel,
  nextHeldLevel,
  type QuoteToValidate,
  type QuoteVerdict,
  validateQuote,
} from '../../src/domain/quote-validation.ts';
import { ROOT } from '../root.ts';
import { skip } from '../skip.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-11-30T09:00:00+07:00');
const DATA = process.env.GOLDCTL_TEST_DATA ?? join(ROOT, '../shared/data');

type Sides = Pick<QuoteToValidate, 'buy' | 'sell'>;

const sides = (buy: number | null, sell: number | null = buy): Sides => ({ buy, sell });
const SJC: QuoteToValidate = {
  instrument: 'SJC',
  market: 'gold',
  currency: 'VND',
  unit: 'tael',
  buy: 150e6,
  sell: 152e6,
  at: NOW,
};
const JEWELLERY: QuoteToValidate = { ...SJC, instrument: 'VANG-TAY-10K', ...sides(40e6, 47e6) };
const XAU: QuoteToValidate = { ...SJC, instrument: 'XAU', currency: 'USD', unit: 'ozt', ...sides(4200) };
const SILVER: QuoteToValidate = { ...SJC, instrument: 'BAC-PHU-QUY-999', market: 'silver', ...sides(2.05e6, 2.11e6) };
const USD: QuoteToValidate = { ...SJC, instrument: 'USD', market: 'fx', unit: 'each', ...sides(26_100, 26_400) };
const KRW: QuoteToValidate = { ...USD, instrument: 'KRW', ...sides(15.6, 18.5) };
const BTC: QuoteToValidate = {
  ...SJC,
  instrument: 'BTC',
  market: 'crypto',
  currency: 'USD',
  unit: 'coin',
  ...sides(60_000),
};
/** A coin without a band. */
const FOO: QuoteToValidate = { ...BTC, instrument: 'FOO', ...sides(0.1) };
const QUOTES = [SJC, JEWELLERY, XAU, SILVER, USD, KRW, BTC, FOO];

type Fields = Partial<Omit<ComparisonPrice, 'kind' | 'buy' | 'sell'>>;
const last = (price: Sides, fields: Fields = {}): ComparisonPrice => ({
  kind: 'series',
  label: 'last price',
  at: NOW,
  ...sides(price.buy, price.sell),
  ...fields,
});
const other = (price: Sides, fields: Fields = {}): ComparisonPrice => ({
  ...last(price, fields),
  kind: 'provider',
  label: fields.label ?? 'vang-today',
});
const neighbour = (price: Sides, fields: Fields = {}): ComparisonPrice => ({
  ...last(price, fields),
  kind: 'neighbour',
  label: fields.label ?? 'import 2026-11-27',
});
const implied = (price: Sides, fields: Fields = {}): ComparisonPrice => ({
  ...last(price, fields),
  kind: 'implied',
  label: 'XAU × USD',
});
const times = ({ buy, sell }: Sides, factor: number): Sides =>
  sides(buy === null ? null : buy * factor, sell === null ? null : sell * factor);

const judge = (quote: QuoteToValidate, ...comparisons: ComparisonPrice[]) => validateQuote(quote, comparisons, NOW);
const accepts = (quote: QuoteToValidate, ...comparisons: ComparisonPrice[]) => {
  const verdict = judge(quote, ...comparisons);
  expect(verdict, JSON.stringify(verdict)).to.include({ outcome: 'accepted' });
  return verdict.outcome === 'accepted' ? verdict : expect.fail();
};
const holds = (quote: QuoteToValidate, ...comparisons: ComparisonPrice[]) => {
  const verdict = judge(quote, ...comparisons);
  if (verdict.outcome !== 'held') return expect.fail(`not held: ${JSON.stringify(quote)} ${JSON.stringify(verdict)}`);
  expect(verdict.comparisons).to.deep.equal(comparisons);
  return verdict;
};

/** Whether the same price is accepted finally, after several responses at one interval. */
function isReleased(quote: QuoteToValidate, comparisons: ComparisonPrice[], responses = 3, everyMs = HOUR): boolean {
  let level: HeldLevel | undefined;
  for (let i = 0; i < responses; i++) {
    const verdict: QuoteVerdict = validateQuote(quote, comparisons, NOW);
    if (verdict.outcome !== 'held') return expect.fail(`not held: ${JSON.stringify(verdict)}`);
    level = nextHeldLevel(level, quote, verdict.factor, NOW + i * everyMs);
    if (i < responses - 1) expect(isConfirmedLevel(level, everyMs, quote, comparisons)).to.equal(false);
  }
  return isConfirmedLevel(level!, everyMs, quote, comparisons);
}

describe('validateQuote', () => {
  describe('invalid', () => {
    const invalid = (fields: Partial<QuoteToValidate>, quote = SJC) => {
      const verdict = judge({ ...quote, ...fields }, last(quote));
      return verdict.outcome === 'invalid' ? verdict.reason : expect.fail(JSON.stringify(verdict));
    };

    it('if no side is present, or a side is not a positive number', () => {
      expect(invalid(sides(null))).to.match(/neither a buy nor a sell/);
      for (const quote of QUOTES) {
        for (const value of [0, -0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          expect(invalid({ buy: value }, quote)).to.match(/^buy .* is not a number over 0$/);
          expect(invalid({ sell: value }, quote)).to.match(/^sell .* is not a number over 0$/);
          expect(invalid(sides(null, value), quote)).to.match(/^sell .* is not a number over 0$/);
        }
        for (const value of ['26', undefined]) {
          expect(invalid({ sell: value as unknown as number }, quote)).to.match(/not a number/);
        }
      }
    });

    it('if the time is impossible', () => {
      for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 1.5, 9e15, -9e15]) {
        expect(invalid({ at })).to.match(/is not a valid time/);
      }
      expect(invalid({ at: Date.parse('0001-01-01T00:00:00Z') })).to.match(/0001-01-01.* before the year 1800/);
      expect(invalid({ at: -62_135_596_800_000 })).to.match(/before the year 1800/);
      expect(invalid({ at: Date.parse('1799-12-31T23:59:59Z') })).to.match(/before the year 1800/);
      expect(invalid({ at: NOW + HOUR })).to.equal('its time is 1 h in the future');
      accepts({ ...SJC, at: NOW + 10 * 60_000 });
      accepts({ ...XAU, at: Date.parse('1833-01-01'), ...sides(18.93) });
    });
  });

  describe('without comparison prices', () => {
    it('accepts a price within the band', () => {
      for (const quote of QUOTES) {
        expect(accepts(quote)).to.deep.equal({ outcome: 'accepted' });
        accepts({ ...quote, buy: null });
        accepts({ ...quote, sell: null });
      }
    });

    it('holds a price per chỉ, per gram or in thousands, and names the mistake', () => {
      const perChi = holds({ ...SJC, ...sides(15e6, 15.2e6) });
      expect(perChi.reason).to.match(
        /^buy 15,000,000 is outside of [\d,]+-[\d,]+ VND\/tael, the range of 2026: per chỉ/,
      );
      expect(perChi.factor).to.deep.equal({ factor: 0.1, hint: 'per chỉ? --unit chi' });
      expect(holds({ ...SJC, ...sides(14.8e6, 15e6), at: NOW - 3 * DAY }).reason).to.contain('--unit chi');
      expect(holds({ ...SJC, ...sides(4e6) }).reason).to.contain('per gram? --unit g');
      expect(holds({ ...SJC, ...sides(150_000) }).reason).to.contain('in thousands? --scale 1000');
      expect(holds({ ...SJC, ...sides(152) }).reason).to.contain('in millions? --scale 1000000');
      expect(holds({ ...XAU, ...sides(135) }).reason).to.contain('per gram? --unit g');
      expect(holds({ ...XAU, ...sides(4.2) }).reason).to.contain('--scale 1000');
      expect(holds({ ...SILVER, ...sides(210_000) }).reason).to.contain('per chỉ? --unit chi');
      expect(holds({ ...USD, ...sides(24.325) }).reason).to.contain('in thousands? --scale 1000');
      expect(holds({ ...USD, ...sides(25.87, 26.23) }).factor?.factor).to.equal(0.001);
      expect(holds({ ...BTC, ...sides(5e16) }).factor?.factor).to.equal(1e12);
      expect(holds({ ...FOO, ...sides(5e16) }).factor).to.not.equal(undefined);
      expect(holds({ ...BTC, instrument: 'DOGE', ...sides(10) }).factor?.factor).to.equal(100);
    });

    it('holds silver labelled as gold, and names the mistake', () => {
      expect(holds({ ...SILVER, market: 'gold' }).reason).to.contain('silver? --market silver');
      expect(holds({ ...SJC, ...sides(15e6) }).reason).to.not.contain('silver');
    });

    it('holds a price with either side outside the band', () => {
      expect(holds({ ...SJC, buy: 15e6 }).reason).to.match(/^buy 15,000,000 is outside/);
      expect(holds({ ...SJC, sell: 15.2e6 }).reason).to.match(/^sell 15,200,000 is outside/);
      const both = holds({ ...SJC, ...sides(300e6, 1500e6) });
      expect(both.reason).to.match(/^sell 1,500,000,000 is outside/);
      expect(both.factor?.factor).to.equal(10);
      expect(holds({ ...SJC, ...sides(296e6, 300e6) }).reason).to.match(/^buy 296,000,000 is outside/);
    });

    it('holds a price with sides too far apart', () => {
      for (const [quote, most] of [
        [XAU, 0.3],
        [JEWELLERY, 0.3],
        [SILVER, 0.35],
        [USD, 0.25],
        [BTC, 0.2],
      ] as const) {
        const sell = quote.sell as number;
        accepts({ ...quote, buy: sell * (1 - most + 0.001) });
        expect(holds({ ...quote, buy: sell * (1 - most - 0.01) }).reason).to.match(/^buy .*% under sell/);
        accepts({ ...quote, buy: sell * 1.049 });
        expect(holds({ ...quote, buy: sell * 1.06 }).reason).to.match(/^buy .* is 6% over sell/);
      }
      const tenfold = holds({ ...FOO, ...sides(0.01, 0.1) });
      expect(tenfold.reason).to.match(/90% under sell 0.1: 10 times too low/);
      expect(tenfold.factor?.factor).to.equal(0.1);
    });
  });

  describe('with the last price of the series', () => {
    it('accepts a price near it within a day, and holds others, on either side', () => {
      for (const [quote, most] of [
        [SJC, 0.1],
        [XAU, 0.1],
        [SILVER, 0.15],
        [USD, 0.05],
        [BTC, 0.2],
      ] as const) {
        for (const factor of [1, 1 + most - 0.001, 1 / (1 + most - 0.001)]) {
          accepts({ ...quote, ...times(quote, factor) }, last(quote));
        }
        for (const factor of [1 + most + 0.001, 1 / (1 + most + 0.001)]) {
          holds({ ...quote, ...times(quote, factor) }, last(quote));
          holds({ ...quote, ...times({ ...quote, buy: null }, factor) }, last(quote));
          holds({ ...quote, ...times({ ...quote, sell: null }, factor) }, last(quote));
        }
      }
    });

    it('returns the distance', () => {
      const up = holds({ ...SJC, ...times(SJC, 1.25) }, last(SJC));
      expect(up.reason).to.match(/^(buy|sell) .* is 25% over the last price \(15\d,000,000\)$/);
      expect(up.factor).to.equal(undefined);
      expect(holds({ ...USD, buy: 26_100 * 0.9 }, last(USD)).reason).to.match(
        /^buy 23,490 is 10% under the last price \(26,100\)$/,
      );
      expect(holds({ ...FOO, ...sides(50) }, last(FOO)).reason).to.match(/is 500 times the last price \(0.1\)$/);
      expect(holds({ ...FOO, ...sides(0.0002) }, last(FOO)).reason).to.match(/is 1\/500 of the last price \(0.1\)$/);
    });

    it('names the unit or scale that explains the difference', () => {
      expect(holds({ ...FOO, ...sides(100) }, last(FOO)).factor?.factor).to.equal(1000);
      expect(holds({ ...FOO, ...sides(100) }, last(FOO)).reason).to.match(/1,000 times .*: 1,000 times too high\?/);
      expect(holds({ ...JEWELLERY, ...times(JEWELLERY, 3.75) }, last(JEWELLERY)).factor?.factor).to.equal(3.75);
      const ounces = times(SJC, 31.1034768 / 37.5);
      expect(holds({ ...SJC, ...ounces }, last(SJC)).factor?.hint).to.equal('per troy ounce? --unit ozt');
    });

    it('holds a buy price that is a tenth, beside a correct sell price', () => {
      const quote = { ...SJC, buy: 15e6, sell: 152e6 };
      expect(holds(quote, last(SJC)).factor?.factor).to.equal(0.1);
      expect(holds({ ...FOO, buy: 0.01, sell: 0.1 }, last(FOO)).factor?.factor).to.equal(0.1);
      expect(isReleased(quote, [last(SJC)])).to.equal(false);
    });

    it('tolerates more for older prices, up to 60 %, and finally ignores them', () => {
      const quote = (factor: number) => ({ ...SJC, ...times(SJC, factor) });
      const ago = (days: number) => last(SJC, { at: NOW - days * DAY });
      accepts(quote(1.19), ago(4));
      holds(quote(1.21), ago(4));
      accepts(quote(1.59), ago(100));
      holds(quote(1.61), ago(100));
      accepts(quote(1.61), ago(145));
      holds({ ...FOO, ...sides(0.3) }, last(FOO, { at: NOW - 30 * DAY }));
      accepts({ ...FOO, ...sides(0.3) }, last(FOO, { at: NOW - 40 * DAY }));
    });

    it('holds ten times an earlier price of any age, but not of a later one', () => {
      const year = 365 * DAY;
      expect(holds({ ...FOO, ...sides(1) }, last(FOO, { at: NOW - year })).factor?.factor).to.equal(10);
      expect(holds({ ...FOO, ...sides(0.000_12) }, last(FOO, { at: NOW - year })).factor?.factor).to.equal(0.001);
      accepts({ ...FOO, ...sides(1), at: NOW - year }, last(FOO));
      accepts({ ...FOO, ...sides(1) }, last(FOO, { at: NOW - year, isWeak: true }));
      accepts({ ...FOO, ...sides(1) }, neighbour(FOO, { at: NOW - year }));
    });

    it('accepts sides as far apart as those of the last price, but neither crossed nor ten times apart', () => {
      const wide = { ...JEWELLERY, ...sides(28e6, 48e6) };
      holds(wide);
      accepts(wide, last(wide));
      holds(wide, last({ ...wide, buy: null }));
      const crossed = { ...FOO, ...sides(0.11, 0.1) };
      holds(crossed, last(crossed));
      const tenfold = { ...FOO, ...sides(0.01, 0.1) };
      holds(tenfold, last(tenfold));
    });

    it('accepts a price outside the band if the series is there, unless a unit explains it', () => {
      const high = { ...SJC, ...sides(297e6, 300e6) };
      holds(high);
      accepts(high, last(high));
      const perChi = { ...SJC, ...sides(15e6, 15.2e6) };
      holds(perChi, last(perChi));
    });
  });

  describe('with other providers', () => {
    it('accepts what one of them confirms', () => {
      for (const quote of QUOTES) {
        accepts(quote, other(quote));
        accepts(quote, last(times(quote, 1.7)), other(quote));
        accepts(quote, last(times(quote, 10)), other(quote));
        accepts(quote, other(times(quote, 1.3)), other(quote));
      }
    });

    it('holds a first price that disagrees with them', () => {
      for (const [quote, most] of [
        [SJC, 0.1],
        [XAU, 0.03],
        [SILVER, 0.12],
        [USD, 0.05],
        [BTC, 0.05],
      ] as const) {
        accepts({ ...quote, ...times(quote, 1 + most - 0.001) }, other(quote));
        holds({ ...quote, ...times(quote, 1 + most + 0.001) }, other(quote));
      }
      const far = holds({ ...SJC, ...times(SJC, 1.13) }, other(SJC));
      expect(far.reason).to.match(/^(buy|sell) .* is 13% over vang-today \(15\d,000,000\)$/);
    });

    it('returns the distance of an accepted price from all of them', () => {
      const quote = { ...SJC, ...times(SJC, 1.13) };
      expect(accepts(quote, last(quote), other(SJC)).distance).to.deep.equal({ label: 'vang-today', percent: 13 });
      const under = { ...SJC, ...times(SJC, 1 / 1.25) };
      expect(accepts(under, last(under), other(SJC)).distance).to.deep.equal({ label: 'vang-today', percent: -20 });
      const nearer = other(times(SJC, 1.01), { label: 'doji' });
      expect(accepts(quote, last(quote), other(SJC), nearer).distance?.label).to.equal('doji');
      expect(accepts(quote, last(quote), other(SJC), other(quote)).distance).to.equal(undefined);
      expect(accepts(SJC, last(SJC), other(SJC)).distance).to.equal(undefined);
    });

    it('holds a price that agrees only with its series, if a unit separates it from all others', () => {
      for (const factor of [10, 0.1, 1000, 1e-3, 100]) {
        const wrong = { ...FOO, ...times(FOO, factor) };
        expect(holds(wrong, last(wrong), other(FOO)).factor?.factor).to.equal(factor);
        expect(holds(wrong, last(wrong), other(FOO), other(FOO)).factor?.factor).to.equal(factor);
        accepts(wrong, last(wrong), other(FOO), other(wrong));
        accepts(wrong, last(wrong), other(FOO, { isWeak: true }));
        accepts(wrong, last(wrong), other(FOO, { isHeld: true }));
      }
    });

    it('treats the single price of a source as the middle between buy and sell', () => {
      accepts(KRW, other(sides(17)));
      accepts({ ...KRW, ...sides(17) }, other(KRW));
      holds(KRW, other(sides(20)));
      holds({ ...KRW, ...sides(14) }, other(KRW));
      holds({ ...SJC, ...sides(110e6, 156e6) }, last(sides(150e6)));
    });

    it('compares the side that both have', () => {
      accepts(KRW, other({ ...KRW, buy: null }));
      accepts({ ...KRW, sell: null }, other(KRW));
      holds({ ...KRW, sell: null }, other({ ...KRW, buy: 18.4 }));
      accepts({ ...BTC, buy: null }, other({ ...BTC, sell: null }));
      holds({ ...BTC, buy: null, sell: 70_000 }, other({ ...BTC, sell: null }));
    });
  });

  describe('with implied prices', () => {
    it('accepts gold at 0.85 to 1.6 of the world price, jewellery from 0.2', () => {
      const world = sides(130e6);
      accepts(SJC, implied(world));
      accepts({ ...SJC, ...sides(112e6) }, implied(world));
      holds({ ...SJC, ...sides(109e6) }, implied(world));
      accepts({ ...SJC, ...sides(207e6) }, implied(world));
      holds({ ...SJC, ...sides(210e6) }, implied(world));
      accepts(JEWELLERY, implied(world));
      accepts({ ...JEWELLERY, ...sides(26.4e6) }, implied(world));
      expect(isReleased({ ...SJC, ...sides(109e6) }, [implied(world)])).to.equal(false);
    });

    it('holds what a unit separates from them, even if the series is equally wrong', () => {
      const old = Date.parse('1988-05-01'); // no band contains it here
      const quote = { ...SJC, at: old, ...sides(50_000) };
      const wrong = { ...quote, ...sides(5000) };
      accepts(quote, implied(sides(45_000), { at: old }));
      const verdict = holds(wrong, last(wrong, { at: old }), implied(sides(45_000), { at: old }));
      expect(verdict.factor?.hint).to.equal('per chỉ? --unit chi');
      expect(verdict.reason).to.match(/^(buy|sell) 5,000 is 89% under XAU × USD \(45,000\): per chỉ\?/);
    });

    it('accepts an agreeing price outside the band, which covers only the past', () => {
      const jewellery = { ...JEWELLERY, ...sides(300e6) };
      expect(holds(jewellery).factor).to.not.equal(undefined);
      accepts(jewellery, implied(sides(290e6)));
      accepts(jewellery, last(jewellery), implied(sides(290e6)));
      holds({ ...JEWELLERY, ...sides(15e6) }, implied(sides(130e6)));
    });

    it('does not treat a wide range as a second source, but a cross rate is one', () => {
      holds({ ...SJC, ...times(SJC, 1.25) }, last(SJC), implied(sides(150e6)));
      holds({ ...SJC, ...times(SJC, 1.25) }, other(SJC), implied(sides(150e6)));
      accepts({ ...USD, ...times(USD, 1.08) }, last(USD), implied(times(USD, 1.07)));
      accepts({ ...BTC, ...times(BTC, 1.4) }, last(BTC), implied(times(BTC, 1.35)));
    });

    it('accepts the sides of a bank around a cross rate', () => {
      accepts(KRW, implied(sides(17.9, 18.2)));
      accepts(KRW, implied(sides(19.3, 19.4)));
      holds(KRW, implied(sides(19.6, 19.7)));
    });
  });

  describe('with weak and held prices', () => {
    it('accepts a price that a weak price confirms, and holds one that it contradicts', () => {
      for (const quote of QUOTES) {
        accepts(quote, last(quote, { isWeak: true }));
        holds(quote, last(times(quote, 2), { isWeak: true }));
        holds(quote, other(times(quote, 1.4), { isWeak: true }));
        accepts(quote, last(times(quote, 2), { isWeak: true }), other(quote));
        accepts(quote, last(times(quote, 2), { isWeak: true }), other(quote, { isWeak: true }));
      }
      accepts(SJC, last(times(SJC, 2), { isWeak: true }), implied(sides(130e6)));
    });

    it('accepts a price that another provider has held at the same level', () => {
      const moved = { ...SJC, ...times(SJC, 1.25) };
      const held = other(times(moved, 1.01), { isHeld: true });
      accepts(moved, last(SJC), held);
      accepts(moved, last(SJC, { isWeak: true }), held);
      holds(moved, last(SJC), other(times(moved, 1.03), { isHeld: true }));
      holds(moved, last(SJC), last(moved, { isHeld: true }));
      expect(accepts(moved, last(SJC), other(SJC), held).distance?.percent).to.be.closeTo(25, 0.1);
    });

    it('does not confirm one unit mistake by another', () => {
      for (const factor of [10, 0.001, 0.1]) {
        const wrong = { ...FOO, ...times(FOO, factor) };
        const held = other(wrong, { isHeld: true, label: 'kraken' });
        holds(wrong, last(FOO), held);
        holds(wrong, other(FOO), held);
        accepts(wrong, last(FOO, { isWeak: true }), held);
      }
      const perChi = { ...SJC, ...sides(15e6, 15.2e6) };
      holds(perChi, other(perChi, { isHeld: true }));
      holds(perChi, last(perChi), other(perChi));
    });

    it('accepts a price outside the band without a unit mistake once a second source confirms it', () => {
      const high = { ...SJC, ...sides(297e6, 300e6) };
      holds(high, last(SJC));
      accepts(high, last(SJC), other(high, { isHeld: true }));
      accepts(high, other(high));
    });
  });

  describe('with neighbours in time', () => {
    it('accepts a price that agrees with one of them', () => {
      const before = neighbour(SJC, { at: NOW - DAY });
      accepts(SJC, before, neighbour(times(SJC, 1.5)));
      const far = holds({ ...SJC, ...times(SJC, 1.25) }, before);
      expect(far.reason).to.match(/25% over import 2026-11-27/);
    });

    it('does not hold a price because of a distant time', () => {
      const day = Date.parse('2009-08-01');
      accepts({ ...SJC, at: day, ...sides(21e6) }, neighbour(SJC));
      accepts({ ...BTC, at: Date.parse('2013-04-29'), ...sides(144.5) }, neighbour(BTC), implied(BTC));
    });
  });

  it('ignores a comparison without a price', () => {
    for (const price of [sides(null), sides(Number.NaN), sides(0), sides(-1), sides(Number.POSITIVE_INFINITY)]) {
      accepts(FOO, last(price));
      holds({ ...FOO, ...sides(1) }, last(price), other(FOO));
    }
    accepts(FOO, last(times(FOO, 10), { at: Number.NaN }));
  });

  it('returns a verdict for any numbers, and accepts only prices', () => {
    const number = fc.option(fc.oneof(fc.double(), fc.double({ min: 1e-3, max: 1e9 })));
    const comparison = fc.record({
      kind: fc.constantFrom('series', 'provider', 'neighbour', 'implied'),
      label: fc.constant('x'),
      buy: number,
      sell: number,
      at: fc.oneof(fc.double(), fc.integer({ min: NOW - 1000 * DAY, max: NOW })),
      isHeld: fc.boolean(),
      isWeak: fc.boolean(),
    }) as fc.Arbitrary<ComparisonPrice>;
    const at = fc.oneof(fc.double(), fc.constant(NOW));
    fc.assert(
      fc.property(fc.constantFrom(...QUOTES), number, number, at, fc.array(comparison), (of, buy, sell, when, list) => {
        const quote = { ...of, buy, sell, at: when };
        const verdict = validateQuote(quote, list, NOW);
        const isNonsense =
          (buy === null && sell === null) ||
          [buy, sell].some((value) => value !== null && !(Number.isFinite(value) && value > 0)) ||
          !Number.isInteger(when) ||
          when > NOW + 600_000 ||
          when < Date.parse('1800-01-01');
        expect(verdict.outcome === 'invalid').to.equal(isNonsense);
        if (verdict.outcome !== 'accepted') expect(verdict.reason).to.not.match(/NaN %|undefined|Infinity %/);
        const level = { ...sides(buy, sell), responses: 3, firstAt: NOW, lastAt: NOW + DAY };
        const isCrossed = buy !== null && sell !== null && buy > sell * 1.05;
        if (verdict.outcome === 'held' && isCrossed) {
          expect(isConfirmedLevel(level, HOUR, quote, list)).to.equal(false);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('never accepts a unit mistake beside correct prices', () => {
    const factors = [10, 100, 1000, 1e6, 3.75, 31.1034768, 37.5, 26.667];
    const kinds = fc.subarray(['series', 'provider', 'neighbour'] as const, { minLength: 1 });
    const noise = fc.double({ min: 0.985, max: 1.015, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom(...QUOTES),
        fc.constantFrom(...factors),
        fc.boolean(),
        kinds,
        noise,
        fc.boolean(),
        (right, factor, isInverse, of, moved, isBuyOnly) => {
          const price = times(right, moved * (isInverse ? 1 / factor : factor));
          const wrong = { ...right, ...price, ...(isBuyOnly && { sell: right.sell }) };
          const comparisons = of.map((kind) => ({ ...last(right), kind }));
          holds(wrong, ...comparisons);
          const isUnit = right.unit !== 'coin' && right.unit !== 'each';
          if (isUnit || Number.isInteger(Math.log10(factor))) {
            expect(isReleased(wrong, comparisons)).to.equal(false);
            const corroborated = [...comparisons, other(wrong, { isHeld: true })];
            holds(wrong, ...corroborated);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('accepts every row of a series that moves like real prices', () => {
    const steps = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(fc.constantFrom(SJC, XAU, SILVER, USD), steps, (first, list) => {
        let before = { ...first, at: NOW - 60 * DAY };
        for (const step of list) {
          const quote = { ...before, ...times(before, 1 + step * 0.008), at: before.at + DAY };
          accepts(quote, last(before, { at: before.at }));
          before = quote;
        }
      }),
    );
  });

  describe('with real series', () => {
    function rowsOf(context: Mocha.Context, file: string): string[][] {
      const path = join(DATA, file);
      if (!existsSync(path)) skip(context, `${file} is not here: set GOLDCTL_TEST_DATA to its folder`);
      const [, ...lines] = readFileSync(path, 'utf8').trim().split('\n');
      return lines.map((line) => line.split(','));
    }

    function acceptsAll(quotes: QuoteToValidate[]): void {
      let before: QuoteToValidate | undefined;
      for (const quote of quotes) {
        const label = JSON.stringify([before, quote]);
        expect(validateQuote(quote, [], NOW), label).to.deep.equal({ outcome: 'accepted' });
        const comparisons = before ? [neighbour(before, { at: before.at })] : [];
        expect(validateQuote(quote, comparisons, NOW), label).to.deep.equal({ outcome: 'accepted' });
        before = quote;
      }
    }

    it('accepts every row of SJC since 2009, and none per chỉ', function () {
      const quotes = rowsOf(this, 'sjc-daily.csv').map(([day, buy, sell]) => ({
        ...SJC,
        at: Date.parse(`${day}T00:00:00+07:00`),
        buy: Number(buy) * 1e6,
        sell: Number(sell) * 1e6,
      }));
      expect(quotes.length).to.be.greaterThan(6000);
      acceptsAll(quotes);
      for (const quote of quotes) {
        expect(holds({ ...quote, ...times(quote, 0.1) }).factor?.hint).to.equal('per chỉ? --unit chi');
        expect(holds({ ...quote, ...times(quote, 1e-6) }).factor?.factor).to.equal(1e-6);
        holds({ ...quote, ...times(quote, 10) });
      }
    });

    it('accepts every month of world gold since 1833, and none per gram', function () {
      const quotes = rowsOf(this, 'world-gold-monthly.csv').map(([month, price]) => ({
        ...XAU,
        at: Date.parse(`${month}-01T00:00:00Z`),
        ...sides(Number(price)),
      }));
      expect(quotes.length).to.be.greaterThan(2000);
      acceptsAll(quotes);
      for (const quote of quotes) {
        expect(holds({ ...quote, ...times(quote, 1 / 31.1034768) }).factor?.hint).to.equal('per gram? --unit g');
        holds({ ...quote, ...times(quote, 10) });
      }
    });
  });
});

describe('isConfirmedLevel', () => {
  const moved = { ...SJC, ...times(SJC, 1.25) };

  it('confirms a move after three responses over two intervals', () => {
    expect(isReleased(moved, [last(SJC)])).to.equal(true);
    expect(isReleased(moved, [last(SJC, { at: NOW - 3 * DAY })])).to.equal(true);
    for (const quote of [USD, BTC, XAU, SILVER]) {
      expect(isReleased({ ...quote, ...times(quote, 1.3) }, [last(quote)])).to.equal(true);
    }
  });

  it('does not confirm after many responses in a short time, or after few', () => {
    const level = { ...sides(moved.buy, moved.sell), responses: 3, firstAt: NOW, lastAt: NOW + 2 * HOUR };
    const confirmed = (fields: Partial<HeldLevel>, everyMs = HOUR) =>
      isConfirmedLevel({ ...level, ...fields }, everyMs, moved, [last(SJC)]);
    expect(confirmed({})).to.equal(true);
    expect(confirmed({ lastAt: NOW + 1.9 * HOUR })).to.equal(true);
    expect(confirmed({ lastAt: NOW + 1.7 * HOUR })).to.equal(false);
    expect(confirmed({ responses: 100, lastAt: NOW + HOUR })).to.equal(false);
    expect(confirmed({ responses: 2 })).to.equal(false);
    expect(confirmed({ lastAt: Number.NaN })).to.equal(false);
    for (const everyMs of [0, -1, Number.NaN]) expect(confirmed({}, everyMs)).to.equal(false);
  });

  it('never confirms what a unit or scale explains', () => {
    for (const factor of [10, 0.1, 1000, 0.001]) {
      expect(isReleased({ ...FOO, ...times(FOO, factor) }, [last(FOO)], 100)).to.equal(false);
      expect(isReleased({ ...FOO, ...times(FOO, factor) }, [other(FOO)], 100)).to.equal(false);
    }
    expect(isReleased({ ...SJC, ...sides(15e6, 15.2e6) }, [], 100)).to.equal(false);
    expect(isReleased({ ...USD, ...sides(24.3) }, [], 100)).to.equal(false);
    const level = { ...sides(1), responses: 9, firstAt: NOW, lastAt: NOW + 9 * HOUR };
    const factor = findRatioMistake(10, FOO)!;
    const once = { ...FOO, ...sides(0.2) };
    expect(isConfirmedLevel(level, HOUR, once, [last(FOO)])).to.equal(true);
    expect(isConfirmedLevel({ ...level, factor }, HOUR, once, [last(FOO)])).to.equal(false);
  });

  it('never confirms a ratio by repetition that no market reaches, such as a unit factor with a move', () => {
    for (const ratio of [0.0815, 0.39, 2.6, 12.3]) {
      expect(isReleased({ ...FOO, ...times(FOO, ratio) }, [last(FOO)], 100), String(ratio)).to.equal(false);
    }
    for (const ratio of [0.45, 2.3]) {
      expect(isReleased({ ...FOO, ...times(FOO, ratio) }, [last(FOO)]), String(ratio)).to.equal(true);
    }
  });

  it('replaces a wrong first price by the right one, whatever the difference', () => {
    const right = { ...FOO, ...sides(0.1) };
    accepts({ ...FOO, ...sides(10) });
    expect(isReleased(right, [last(sides(10), { isWeak: true })])).to.equal(true);
    expect(isReleased(right, [other(sides(10), { isWeak: true })])).to.equal(true);
    expect(isReleased(right, [last(sides(10))])).to.equal(false);
  });

  it('confirms a small difference from one source, not a large one, and none from two', () => {
    const quote = { ...SJC, ...times(SJC, 1.13) };
    expect(isReleased(quote, [other(SJC)])).to.equal(true);
    expect(isReleased(moved, [other(SJC)])).to.equal(false);
    expect(isReleased(moved, [last(SJC), other(SJC)])).to.equal(false);
    expect(isReleased(quote, [other(SJC), other(SJC, { label: 'doji' })])).to.equal(false);
    expect(isReleased({ ...USD, ...times(USD, 1.08) }, [implied(USD)])).to.equal(true);
    expect(isReleased({ ...USD, ...times(USD, 1.2) }, [implied(USD)])).to.equal(false);
  });

  it('confirms sides that are far apart, but never a buy price above the sell price', () => {
    expect(isReleased({ ...JEWELLERY, ...sides(28e6, 48e6) }, [])).to.equal(true);
    expect(isReleased({ ...KRW, ...sides(18.5, 15.6) }, [], 100)).to.equal(false);
    expect(isReleased({ ...FOO, ...sides(0.01, 0.1) }, [], 100)).to.equal(false);
  });

  it('holds swapped sides, even if they are close, if an accepted price has its buy below its sell', () => {
    for (const quote of [SJC, USD, { ...XAU, ...sides(4199, 4200) }, { ...BTC, ...sides(60_000, 60_010) }]) {
      const swapped = { ...quote, buy: quote.sell, sell: quote.buy };
      for (const comparison of [last(quote), other(quote), neighbour(quote)]) {
        expect(holds(swapped, comparison).reason).to.match(/over sell .*: are buy and sell swapped\?$/);
        expect(isReleased(swapped, [comparison], 100)).to.equal(false);
        accepts(quote, comparison);
      }
    }
    const swapped = { ...SJC, ...sides(152e6, 150e6) };
    accepts(swapped);
    accepts(swapped, last(swapped));
    accepts(swapped, last(sides(151e6)));
    accepts({ ...SJC, ...sides(151e6) }, last(SJC));
  });

  it('confirms a price outside the band if no unit brings it inside', () => {
    expect(isReleased({ ...SJC, ...sides(297e6, 300e6) }, [last(SJC)])).to.equal(true);
    expect(isReleased({ ...SJC, ...sides(1500e6) }, [last(SJC)], 100)).to.equal(false);
  });
});

describe('nextHeldLevel', () => {
  it('counts responses of one level, and starts again with another', () => {
    const factor = { factor: 10, hint: 'x' };
    const first = nextHeldLevel(undefined, sides(100, 102), undefined, NOW);
    expect(first).to.deep.equal({ buy: 100, sell: 102, responses: 1, firstAt: NOW, lastAt: NOW });
    const second = nextHeldLevel(first, sides(101, 103), factor, NOW + HOUR);
    expect(second).to.deep.equal({ buy: 101, sell: 103, responses: 2, firstAt: NOW, lastAt: NOW + HOUR, factor });
    const third = nextHeldLevel(second, sides(102, 104), undefined, NOW + 2 * HOUR);
    expect(third).to.include({ responses: 3, firstAt: NOW, factor });
    const fourth = nextHeldLevel(third, sides(102, 108), undefined, NOW + 3 * HOUR);
    expect(fourth).to.deep.equal({ ...sides(102, 108), responses: 1, firstAt: NOW + 3 * HOUR, lastAt: NOW + 3 * HOUR });
  });
});

describe('isSameLevel', () => {
  it('compares both sides within 2 %', () => {
    expect(isSameLevel(sides(100, 102), sides(101.9, 104))).to.equal(true);
    expect(isSameLevel(sides(100, 102), sides(102.1, 102))).to.equal(false);
    expect(isSameLevel(sides(100, 102), sides(100, 104.1))).to.equal(false);
    expect(isSameLevel(sides(100, 102), sides(null, 102))).to.equal(true);
    expect(isSameLevel(sides(100, null), sides(null, 101))).to.equal(true);
    expect(isSameLevel(sides(100, null), sides(null, 103))).to.equal(false);
  });

  it('is symmetric', () => {
    const price = fc.option(fc.double({ min: 90, max: 110, noNaN: true }));
    fc.assert(
      fc.property(price, price, price, price, (a, b, c, d) => {
        if ((a === null && b === null) || (c === null && d === null)) return;
        expect(isSameLevel(sides(a, b), sides(c, d))).to.equal(isSameLevel(sides(c, d), sides(a, b)));
        expect(isSameLevel(sides(a, b), sides(a, b))).to.equal(true);
      }),
    );
  });
});

describe('findRatioMistake', () => {
  it('names unit and scale mistakes, and nothing else', () => {
    expect(findRatioMistake(0.1, SJC)).to.deep.equal({ factor: 0.1, hint: 'per chỉ? --unit chi' });
    expect(findRatioMistake(1000, BTC)?.factor).to.equal(1000);
    expect(findRatioMistake(1.25, SJC)).to.equal(undefined);
    for (const ratio of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(findRatioMistake(ratio, SJC)).to.equal(undefined);
    }
  });
});
