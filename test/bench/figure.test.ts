import { expect } from 'chai';
import { atLeast, atMost, median, quantile, table } from '../../bench/figure.ts';

describe('bench figures', () => {
  it('take the median of runs, and quantiles', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2);
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(quantile(hundred, 0.99)).to.equal(99);
    expect(quantile([7], 0.99)).to.equal(7);
    expect(() => median([])).to.throw(RangeError);
  });

  it('state for each whether its target is met', () => {
    const text = table([
      { what: 'fast', value: '9/s', baseline: '10/s', ratio: 0.9, bar: atLeast(0.9, 0.5, '≥ 0.50') },
      { what: 'slow', value: '9 ms', bar: atMost(9, 2, '< 2 ms') },
      { what: 'free', value: '1 MiB' },
    ]);
    const [, fast, slow, free] = text.split('\n');
    expect(fast).to.match(/9\/s +10\/s +0\.90 +≥ 0\.50 +met$/);
    expect(slow).to.match(/9 ms +< 2 ms +MISSED$/);
    expect(free).to.match(/free +1 MiB$/);
  });
});
