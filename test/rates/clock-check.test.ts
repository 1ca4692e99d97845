import { expect } from 'chai';
import { ClockCheck } from '../../src/rates/clock-check.ts';

const NOW = Date.UTC(2026, 10, 30, 9);
const MINUTE = 60_000;
const YEAR = 365 * 24 * 60 * MINUTE;

describe('ClockCheck', () => {
  it('dates a response as now if the clocks agree, or if it has no date', () => {
    const check = new ClockCheck();
    expect(check.observationTime('a', NOW - MINUTE, NOW)).to.equal(NOW);
    expect(check.observationTime('a', NOW + MINUTE, NOW)).to.equal(NOW);
    expect(check.observationTime('b', undefined, NOW)).to.equal(NOW);
    expect(check.offsetAt(NOW)).to.equal(undefined);
  });

  it('dates a cached response as of its creation', () => {
    const check = new ClockCheck();
    expect(check.observationTime('a', NOW - 60 * MINUTE, NOW)).to.equal(NOW - 60 * MINUTE);
    expect(check.offsetAt(NOW), 'one host does not prove which clock is wrong').to.equal(undefined);
  });

  it('throws if the local clock is behind', () => {
    const check = new ClockCheck();
    const then = NOW - 6 * YEAR;
    expect(() => check.observationTime('a', NOW, then)).to.throw(/clock of the daemon's machine is 2190 d behind/);
    expect(() => check.observationTime('b', NOW, then)).to.throw(/behind/);
    expect(check.offsetAt(then)).to.equal(6 * YEAR);
    expect(() => check.observationTime('c', undefined, then)).to.throw(/behind/);
    // Once the clock is corrected, responses are accepted again.
    for (const host of ['a', 'b', 'c']) expect(check.observationTime(host, NOW, NOW)).to.equal(NOW);
    expect(check.offsetAt(NOW)).to.equal(undefined);
  });

  it('dates prices by the sources if the local clock is ahead, and reports it', () => {
    const check = new ClockCheck();
    for (const host of ['a', 'b']) expect(check.observationTime(host, NOW, NOW + YEAR)).to.equal(NOW);
    expect(check.offsetAt(NOW + YEAR)).to.equal(-YEAR);
    expect(() => check.observationTime('c', undefined, NOW + YEAR)).to.throw(/365 d ahead of/);
  });

  it('forgets dates of hosts from before the clock was set back', () => {
    const check = new ClockCheck();
    const hosts = ['a', 'b', 'c', 'd'];
    for (const host of hosts) check.observationTime(host, NOW, NOW);
    const behind = NOW - 120 * MINUTE;
    for (const host of hosts) expect(() => check.observationTime(host, NOW, behind)).to.throw(/2 h behind/);
    expect(check.offsetAt(behind)).to.equal(120 * MINUTE);
    for (const host of hosts) expect(check.observationTime(host, NOW + MINUTE, NOW + MINUTE)).to.equal(NOW + MINUTE);
    expect(check.offsetAt(NOW + MINUTE)).to.equal(undefined);
  });

  it('forgets dates of hosts from before the clock was set right, before any host responds again', () => {
    let elapsedMs = 0;
    const check = new ClockCheck(() => elapsedMs);
    const ahead = NOW + 300 * MINUTE;
    for (const host of ['a', 'b']) check.observationTime(host, NOW, ahead);
    elapsedMs = 10 * MINUTE;
    expect(check.offsetAt(ahead + 10 * MINUTE)).to.equal(-300 * MINUTE);
    elapsedMs = 20 * MINUTE;
    expect(check.offsetAt(NOW + 20 * MINUTE)).to.equal(undefined);
  });

  it('does not trust one host against others', () => {
    const check = new ClockCheck();
    for (const host of ['a', 'b']) check.observationTime(host, NOW, NOW);
    expect(check.observationTime('wrong', NOW + YEAR, NOW)).to.equal(NOW);
    expect(check.offsetAt(NOW)).to.equal(undefined);
  });
});
