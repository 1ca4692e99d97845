import { expect } from 'chai';
import { Health } from '../../src/rates/health.ts';

describe('Health', () => {
  it('is stale before the first fetch, ok after a good one, stale after three intervals', () => {
    const health = new Health('sjc', 1000);
    expect(health.at(0)).to.deep.equal({
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
    health.fetched(5000);
    health.planned(6000);
    expect(health.at(8000)).to.include({ state: 'ok', lastOk: 5000, nextAt: 6000, fetches: 1 });
    expect(health.at(8001).state).to.equal('stale');
  });

  it('is in error from a failure to the next good fetch, and remembers what it was', () => {
    const health = new Health('sjc', 1000);
    health.fetched(1000);
    health.failed(2000, 'no');
    health.failed(3000, 'still no');
    expect(health.at(3000)).to.include({
      state: 'error',
      lastOk: 1000,
      lastError: 'still no',
      lastErrorAt: 3000,
      failures: 2,
    });
    health.fetched(4000);
    expect(health.at(4000)).to.include({ state: 'ok', lastOk: 4000, lastError: 'still no', failures: 0, fetches: 4 });
  });

  it('is off with the reason', () => {
    const health = new Health('btmc', 1000);
    health.planned(5);
    health.off('needs a key');
    expect(health.at(0)).to.include({ state: 'off', lastError: 'needs a key', nextAt: null });
  });

  it('counts quotes', () => {
    const health = new Health('sjc', 1000);
    health.counted(3, 1);
    health.counted(2, 0);
    expect(health.at(0)).to.include({ stored: 5, refused: 1 });
  });
});
