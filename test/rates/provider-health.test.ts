import { expect } from 'chai';
import { HealthTracker } from '../../src/rates/provider-health.ts';

describe('HealthTracker', () => {
  it('is stale before the first fetch, ok after a good one, stale after three intervals', () => {
    const health = new HealthTracker('sjc', 1000);
    expect(health.report(0)).to.deep.equal({
      id: 'sjc',
      state: 'stale',
      lastOk: null,
      lastError: null,
      lastErrorAt: null,
      nextAt: null,
      failures: 0,
      fetches: 0,
      stored: 0,
      refused: 0,
    });
    health.recordSuccess(5000);
    health.setNextPoll(6000);
    expect(health.report(8000)).to.include({ state: 'ok', lastOk: 5000, nextAt: 6000, fetches: 1 });
    expect(health.report(8001).state).to.equal('stale');
  });

  it('is in error from a failure until the next good fetch, and keeps the last error', () => {
    const health = new HealthTracker('sjc', 1000);
    health.recordSuccess(1000);
    health.recordFailure(2000, 'no');
    health.recordFailure(3000, 'still no');
    expect(health.report(3000)).to.include({
      state: 'error',
      lastOk: 1000,
      lastError: 'still no',
      lastErrorAt: 3000,
      failures: 2,
    });
    health.recordSuccess(4000);
    expect(health.report(4000)).to.include({
      state: 'ok',
      lastOk: 4000,
      lastError: 'still no',
      failures: 0,
      fetches: 4,
    });
  });

  it('is off, with the reason', () => {
    const health = new HealthTracker('btmc', 1000);
    health.setNextPoll(5);
    health.markOff('needs a key');
    expect(health.report(0)).to.include({ state: 'off', lastError: 'needs a key', nextAt: null });
  });

  it('counts quotes', () => {
    const health = new HealthTracker('sjc', 1000);
    health.countQuotes(3, 1);
    health.countQuotes(2, 0);
    expect(health.report(0)).to.include({ stored: 5, refused: 1 });
  });
});
