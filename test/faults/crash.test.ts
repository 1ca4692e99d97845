import { expect } from 'chai';
import { crash } from './crash.ts';

const ROUNDS = 2;

/** The short form of `npm run faults`. */
describe('kill -9 of the daemon under a mixed load', function () {
  this.timeout(120_000);

  it(`loses no acknowledged write and leaves no partial one, ${ROUNDS} times`, async () => {
    const { broken, acknowledged, rounds } = await crash({ rounds: ROUNDS, random: Math.random });
    expect(broken).to.deep.equal([]);
    expect(rounds).to.equal(ROUNDS);
    // Each kill follows one or more writes.
    expect(Object.values(acknowledged).reduce((sum, count) => sum + count, 0)).to.be.at.least(ROUNDS);
  });
});
