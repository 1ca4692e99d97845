import { expect } from 'chai';
import { sleep } from '../src/sleep.ts';

const HOUR_MS = 3_600_000;

describe('sleep', () => {
  it('returns at once if the signal is aborted already', async () => {
    await sleep(HOUR_MS, AbortSignal.abort());
  });

  it('returns when the signal aborts, and leaves no timer behind', async () => {
    const stop = new AbortController();
    const slept = sleep(HOUR_MS, stop.signal);
    stop.abort();
    await slept;
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).to.be.below(5);
  });

  it('waits without a signal', async () => {
    const begun = performance.now();
    await sleep(5);
    expect(performance.now() - begun).to.be.at.least(4);
  });
});
