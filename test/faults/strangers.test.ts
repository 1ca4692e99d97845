import { expect } from 'chai';
import { BARS, strangers } from './strangers.ts';

// The short form of `npm run faults -- strangers`, without bars of time: those depend on what else the machine does.
describe('strangers who flood the daemon', () => {
  for (const fault of ['F1', 'F4', 'F5'] as const) {
    it(`leave members and newcomers served: ${fault}`, async function () {
      this.timeout(60_000);
      const figures = await strangers(fault, { seconds: 3, posts: 1000 });
      expect(figures.failures).to.deep.equal([]);
      expect(figures.calls).to.be.above(0);
      expect(figures.signUp).to.be.above(0);
      expect(figures.megabytes).to.be.below(BARS.megabytes);
    });
  }
});
