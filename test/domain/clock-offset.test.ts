import { expect } from 'chai';
import { describeClockOffset, findAgreedClockOffset } from '../../src/domain/clock-offset.ts';

const HOUR_MS = 3_600_000;

describe('agreedOffset', () => {
  it('is what most sources state, for at least two sources', () => {
    expect(findAgreedClockOffset([])).to.equal(undefined);
    expect(findAgreedClockOffset([HOUR_MS])).to.equal(undefined);
    expect(findAgreedClockOffset([HOUR_MS, HOUR_MS + 1000])).to.be.closeTo(HOUR_MS, 1000);
    expect(findAgreedClockOffset([HOUR_MS, HOUR_MS, 0])).to.equal(HOUR_MS);
    expect(findAgreedClockOffset([HOUR_MS, HOUR_MS, 0, 500])).to.equal(undefined);
  });

  it('ignores small differences and sources that contradict each other', () => {
    expect(findAgreedClockOffset([90_000, -90_000, 100_000])).to.equal(undefined);
    expect(findAgreedClockOffset([-HOUR_MS, 0, HOUR_MS])).to.equal(undefined);
  });
});

describe('clockProblem', () => {
  it('states in which direction the clock is off', () => {
    expect(describeClockOffset(HOUR_MS)).to.contain('1 h behind');
    expect(describeClockOffset(-HOUR_MS)).to.contain('1 h ahead of');
  });
});
