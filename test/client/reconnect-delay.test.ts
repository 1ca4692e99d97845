import { expect } from 'chai';
import fc from 'fast-check';
import { ReconnectDelay } from '../../src/client/reconnect-delay.ts';

describe('ReconnectDelay', () => {
  it('doubles from 250 ms to 15 s, and starts again', () => {
    const backoff = new ReconnectDelay(() => 1);
    const waits = Array.from({ length: 9 }, () => backoff.nextDelayMs());
    expect(waits).to.deep.equal([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    backoff.reset();
    expect(backoff.nextDelayMs()).to.equal(250);
  });

  it('is reduced randomly by up to half', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 200 }), (random, errors) => {
        const backoff = new ReconnectDelay(() => random);
        let wait = 0;
        for (let i = 0; i < errors; i++) wait = backoff.nextDelayMs();
        const bound = Math.min(15_000, 250 * 2 ** (errors - 1));
        expect(wait).to.be.within(bound / 2, bound);
      }),
    );
  });

  it('never waits less than the daemon requests, and never without a limit', () => {
    const backoff = new ReconnectDelay(() => 0);
    expect(backoff.nextDelayMs(5000)).to.equal(5000);
    expect(backoff.nextDelayMs(1e12)).to.equal(300_000);
    for (const odd of [-1, Number.NaN]) expect(new ReconnectDelay(() => 0).nextDelayMs(odd)).to.equal(125);
  });
});
