import { expect } from 'chai';
import fc from 'fast-check';
import { parseHttpDate, responseTime, retryAfterMs } from '../../src/rates/response-headers.ts';

const DATE = 'Mon, 20 Jul 2026 13:00:00 GMT';
const AT = Date.UTC(2026, 6, 20, 13);

const headers = (values: Record<string, string>) => new Headers(values);

describe('parseHttpDate', () => {
  it('accepts HTTP dates and nothing else', () => {
    expect(parseHttpDate(DATE)).to.equal(AT);
    for (const text of ['', '0', '2026-07-20', '1784552400', 'Monday', 'Mon, 99 Jul 2026']) {
      expect(parseHttpDate(text), text).to.equal(undefined);
    }
  });
});

describe('responseTime', () => {
  it('is the Date of a response minus its Age', () => {
    expect(responseTime(headers({ date: DATE }))).to.equal(AT);
    expect(responseTime(headers({ date: DATE, age: '90' }))).to.equal(AT - 90_000);
    for (const age of ['', '-1', '1.5', 'x', '9'.repeat(20)]) {
      expect(responseTime(headers({ date: DATE, age })), age).to.equal(AT);
    }
  });

  it('is unknown without a valid Date', () => {
    expect(responseTime(headers({}))).to.equal(undefined);
    expect(responseTime(headers({ age: '90' }))).to.equal(undefined);
    expect(responseTime(headers({ date: 'today', age: '90' }))).to.equal(undefined);
  });
});

const NOW = Date.UTC(2026, 0, 1);
const WEEK = 7 * 24 * 3_600_000;

describe('retryAfterMs', () => {
  it('reads seconds and HTTP dates', () => {
    expect(retryAfterMs('119', null, NOW)).to.equal(119_000);
    expect(retryAfterMs(' 0 ', null, NOW)).to.equal(0);
    expect(retryAfterMs('Thu, 01 Jan 2026 00:02:00 GMT', null, NOW)).to.equal(120_000);
    expect(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', null, NOW)).to.equal(0);
  });

  it("measures a date from the server's clock", () => {
    expect(retryAfterMs('Thu, 01 Jan 2026 00:02:00 GMT', 'Thu, 01 Jan 2026 00:01:00 GMT', 0)).to.equal(60_000);
    expect(retryAfterMs('Thu, 01 Jan 2026 00:02:00 GMT', 'nonsense', NOW)).to.equal(120_000);
  });

  it('returns undefined for anything else', () => {
    for (const text of ['', '-5', '1.5', 'soon', '2026-01-01', '1e3', 'May']) {
      expect(retryAfterMs(text, null, NOW), text).to.be.oneOf([undefined, 0]);
    }
    expect(retryAfterMs(null, null, NOW)).to.equal(undefined);
  });

  it('is at most a week', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.bigInt({ min: 0n }).map(String), fc.date().map(String)),
        fc.option(fc.string()),
        (value, date) => {
          const wait = retryAfterMs(value, date, NOW);
          expect(wait === undefined || (wait >= 0 && wait <= WEEK)).to.equal(true);
        },
      ),
    );
  });
});
