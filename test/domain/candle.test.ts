import { expect } from 'chai';
import fc from 'fast-check';
import {
  addToPartialCandle,
  type Candle,
  candleFromPartials,
  newPartialCandle,
  type PartialCandle,
  resampleCandles,
} from '../../src/domain/candle.ts';
import { startOfInterval } from '../../src/domain/time.ts';

const prices = fc.array(fc.record({ price: fc.integer({ min: 1, max: 20 }), at: fc.integer({ min: -5, max: 5 }) }), {
  minLength: 1,
  maxLength: 30,
});
type Price = { price: number; at: number };

function shareOf([first, ...rest]: readonly Price[]): PartialCandle {
  const share = newPartialCandle(first!.price, first!.at);
  for (const { price, at } of rest) addToPartialCandle(share, price, at);
  return share;
}

describe('candles', () => {
  it('are undefined without prices', () => {
    expect(candleFromPartials(0, [])).to.equal(undefined);
  });

  it('have open, highest, lowest and last price, and the count', () => {
    fc.assert(
      fc.property(prices, (all) => {
        const at = (edge: number) => all.filter((one) => one.at === edge).map(({ price }) => price);
        const times = all.map((one) => one.at);
        const values = all.map(({ price }) => price);
        expect(candleFromPartials(7, [shareOf(all)])).to.deep.equal({
          at: 7,
          open: Math.max(...at(Math.min(...times))),
          high: Math.max(...values),
          low: Math.min(...values),
          close: Math.max(...at(Math.max(...times))),
          count: all.length,
        });
      }),
    );
  });

  it('do not depend on the order of their prices, nor on how these are split', () => {
    fc.assert(
      fc.property(
        prices.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        fc.integer({ min: 1, max: 5 }),
        ([all, shuffled], parts) => {
          const whole = candleFromPartials(0, [shareOf(all)]);
          const shares = Array.from({ length: parts }, (_, part) => shuffled.filter((__, i) => i % parts === part))
            .filter((some) => some.length > 0)
            .map(shareOf);
          expect(candleFromPartials(0, shares)).to.deep.equal(whole);
          expect(candleFromPartials(0, shares.reverse())).to.deep.equal(whole);
        },
      ),
    );
  });

  it('are not changed when they are merged', () => {
    const shares = [newPartialCandle(5, 1), newPartialCandle(7, 2)];
    const before = structuredClone(shares);
    candleFromPartials(0, shares);
    expect(shares).to.deep.equal(before);
  });

  it('of shorter intervals resample to those made directly', () => {
    const hourly = fc.array(
      fc.record({ price: fc.integer({ min: 1, max: 9 }), at: fc.integer({ min: -3e12, max: 3e12 }) }),
      {
        minLength: 1,
      },
    );
    const group = (all: readonly Price[], interval: '1d' | '1w' | '1M'): Candle[] => {
      const groups = new Map<number, Price[]>();
      for (const one of all) {
        const start = startOfInterval(interval, one.at);
        groups.set(start, [...(groups.get(start) ?? []), one]);
      }
      return [...groups].sort(([a], [b]) => a - b).map(([at, some]) => candleFromPartials(at, [shareOf(some)])!);
    };
    fc.assert(
      fc.property(hourly, fc.integer({ min: 1, max: 1000 }), (wide, scale) => {
        const all = wide.map(({ price, at }) => ({ price, at: Math.round(at / scale) }));
        for (const interval of ['1w', '1M'] as const) {
          expect(resampleCandles(group(all, '1d'), interval)).to.deep.equal(group(all, interval));
        }
      }),
    );
    expect(resampleCandles([], '1M')).to.deep.equal([]);
  });
});
