import { expect } from 'chai';
import { parseHttpDate, respondedAt } from '../../src/rates/http-date.ts';

const DATE = 'Mon, 20 Jul 2026 13:00:00 GMT';
const AT = Date.UTC(2026, 6, 20, 13);

const headers = (values: Record<string, string>) => new Headers(values);

describe('parseHttpDate', () => {
  it('takes HTTP dates and nothing else', () => {
    expect(parseHttpDate(DATE)).to.equal(AT);
    for (const text of ['', '0', '2026-07-20', '1784552400', 'Monday', 'Mon, 99 Jul 2026']) {
      expect(parseHttpDate(text), text).to.equal(undefined);
    }
  });
});

describe('respondedAt', () => {
  it('is the Date of a response, less its Age', () => {
    expect(respondedAt(headers({ date: DATE }))).to.equal(AT);
    expect(respondedAt(headers({ date: DATE, age: '90' }))).to.equal(AT - 90_000);
    for (const age of ['', '-1', '1.5', 'x', '9'.repeat(20)]) {
      expect(respondedAt(headers({ date: DATE, age })), age).to.equal(AT);
    }
  });

  it('is unknown without a Date that can be read', () => {
    expect(respondedAt(headers({}))).to.equal(undefined);
    expect(respondedAt(headers({ age: '90' }))).to.equal(undefined);
    expect(respondedAt(headers({ date: 'today', age: '90' }))).to.equal(undefined);
  });
});
