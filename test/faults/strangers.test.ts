import { expect } from 'chai';
import { type Bars, FAULTS, strangers } from './strangers.ts';

// The short form of `npm run faults -- strangers`, without time limits: those depend on other load of the machine.
describe('strangers who attack the daemon', () => {
  for (const name of ['F1', 'F2', 'F4', 'F5', 'F7', 'F9', 'F11', 'F12', 'F13'] as const) {
    it(`leave members and newcomers served: ${name}, ${FAULTS[name].what}`, async function () {
      this.timeout(60_000);
      const { failures, calls, signUp, megabytes, attack } = await strangers(name, { seconds: 3, posts: 1000 });
      expect(failures).to.deep.equal([]);
      expect(calls).to.be.above(0);
      expect(signUp).to.be.above(0);
      const bars: Bars = FAULTS[name].bars;
      if (bars.megabytes !== undefined) expect(megabytes).to.be.below(bars.megabytes);
      expect(attack.done).to.not.deep.equal({});
      for (const [what, times] of Object.entries(attack.breaches)) expect(times, what).to.equal(0);
    });
  }
});
