import { expect } from 'chai';
import fc from 'fast-check';
import { TokenBucket } from '../../src/server/token-bucket.ts';

describe('TokenBucket', () => {
  it('allows its burst at once, then returns the wait', () => {
    const bucket = new TokenBucket(10, 3, 0);
    expect([1, 2, 3, 4].map(() => bucket.take(0))).to.deep.equal([0, 0, 0, 100]);
    expect(bucket.take(99)).to.be.within(1, 2);
    expect(bucket.take(101)).to.equal(0);
    expect(bucket.take(60_000)).to.equal(0);
  });

  it('never exceeds its burst and rate, for any sequence', () => {
    const asked = fc.array(fc.record({ after: fc.nat(500), bytes: fc.integer({ min: 1, max: 1500 }) }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(asked, fc.integer({ min: 1000, max: 100_000 }), (packets, rate) => {
        const bucket = new TokenBucket(rate, 5000, 0);
        let [now, given] = [0, 0];
        for (const { after, bytes } of packets) {
          now += after;
          if (bucket.take(now, bytes) === 0) given += bytes;
          expect(given).to.be.at.most(5000 + (now * rate) / 1000 + 1e-6);
        }
      }),
    );
  });
});
