import { expect } from 'chai';
import fc from 'fast-check';
import { pollBackoffMs } from '../../src/rates/rate-poller.ts';

describe('pollBackoffMs', () => {
  it('doubles its upper bound up to the interval', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 50].map((failures) => pollBackoffMs(failures, 60_000, () => 1));
    expect(bounds).to.deep.equal([10_000, 20_000, 40_000, 60_000, 60_000, 60_000, 60_000]);
    expect(pollBackoffMs(3, 60_000, () => 0.5)).to.equal(22_500);
  });

  it('is between the shorter of 5 s and the interval, and the interval', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 1e10 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, every, random) => {
          const wait = pollBackoffMs(failures, every, () => random);
          expect(wait >= Math.min(every, 5000) && wait <= every).to.equal(true);
        },
      ),
    );
  });
});
