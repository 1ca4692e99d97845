import { expect } from 'chai';
import fc from 'fast-check';
import { retryAfter } from '../../src/rates/retry-after.ts';

const NOW = Date.UTC(2026, 0, 1);
const WEEK = 7 * 24 * 3_600_000;

describe('retryAfter', () => {
  it('reads seconds and HTTP dates', () => {
    expect(retryAfter('119', null, NOW)).to.equal(119_000);
    expect(retryAfter(' 0 ', null, NOW)).to.equal(0);
    expect(retryAfter('Thu, 01 Jan 2026 00:02:00 GMT', null, NOW)).to.equal(120_000);
    expect(retryAfter('Wed, 31 Dec 2025 00:00:00 GMT', null, NOW)).to.equal(0);
  });

  it("measures a date from the answer's own clock", () => {
    expect(retryAfter('Thu, 01 Jan 2026 00:02:00 GMT', 'Thu, 01 Jan 2026 00:01:00 GMT', 0)).to.equal(60_000);
    expect(retryAfter('Thu, 01 Jan 2026 00:02:00 GMT', 'nonsense', NOW)).to.equal(120_000);
  });

  it('takes nothing else for a wait', () => {
    for (const text of ['', '-5', '1.5', 'soon', '2026-01-01', '1e3', 'May']) {
      expect(retryAfter(text, null, NOW), text).to.be.oneOf([undefined, 0]);
    }
    expect(retryAfter(null, null, NOW)).to.equal(undefined);
  });

  it('stays within a week whatever a server says', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.bigInt({ min: 0n }).map(String), fc.date().map(String)),
        fc.option(fc.string()),
        (value, date) => {
          const wait = retryAfter(value, date, NOW);
          expect(wait === undefined || (wait >= 0 && wait <= WEEK)).to.equal(true);
        },
      ),
    );
  });
});
