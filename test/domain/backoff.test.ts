import { expect } from 'chai';
import { backoffDelayMs } from '../../src/domain/backoff.ts';

describe('backoffDelayMs', () => {
  const bounds = { firstMs: 1000, maxMs: 30_000 };

  it('doubles its upper bound up to the maximum', () => {
    const longest = [1, 2, 3, 4, 5, 6, 1e6].map((failures) => backoffDelayMs(failures, bounds, () => 1));
    expect(longest).to.deep.equal([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('is at least half of the upper bound, or the given minimum', () => {
    expect(backoffDelayMs(3, bounds, () => 0)).to.equal(2000);
    expect(backoffDelayMs(3, { ...bounds, minMs: 500 }, () => 0)).to.equal(500);
    expect(backoffDelayMs(1, { ...bounds, minMs: 5000 }, () => 0)).to.equal(1000);
  });
});
