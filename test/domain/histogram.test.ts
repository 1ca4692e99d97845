import { expect } from 'chai';
import fc from 'fast-check';
import { Histogram } from '../../src/domain/histogram.ts';

describe('Histogram', () => {
  it('counts values up to and including each bound, and all values', () => {
    const histogram = new Histogram([1, 10]);
    for (const value of [0, 1, 1.5, 10, 11]) histogram.add(value);
    histogram.add(2, 3);
    expect(histogram.cumulative()).to.deep.equal([2, 7, 8]);
    expect(histogram.sum).to.equal(29.5);
  });

  it('agrees with a simple count', () => {
    const number = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(fc.uniqueArray(number), fc.array(number), (bounds, values) => {
        const sorted = bounds.sort((a, b) => a - b);
        const histogram = new Histogram(sorted);
        for (const value of values) histogram.add(value);
        const expected = [...sorted, Number.POSITIVE_INFINITY].map((bound) => values.filter((v) => v <= bound).length);
        expect(histogram.cumulative()).to.deep.equal(expected);
      }),
    );
  });
});
