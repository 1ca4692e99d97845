import { expect } from 'chai';
import { HOUR } from '../room/room.ts';
import { type SimulationFigures, simulate } from './price-simulation.ts';

/** Years, each with its own seed; `GOLDCTL_SIMULATED_YEARS=1000` is the long form. */
const YEARS = Number(process.env.GOLDCTL_SIMULATED_YEARS ?? 0);
const FIRST_SEED = Number(process.env.GOLDCTL_SIMULATED_SEED ?? 1);
/** Faults of the long form, chosen by the seed. */
const INTERVALS_MS = [4 * HOUR, 6 * HOUR, 8 * HOUR];

describe('ten sources with faults over a long time', function () {
  this.timeout(YEARS > 0 ? YEARS * 120_000 : 120_000);

  const runs =
    YEARS > 0
      ? Array.from({ length: YEARS }, (_, i) => ({ seed: FIRST_SEED + i, days: 365, everyMs: INTERVALS_MS[i % 3]! }))
      : [{ seed: 1, days: 75, everyMs: 6 * HOUR }];

  it('show no wrong price as fresh, and find none by its day', async () => {
    const total: SimulationFigures = {
      fetches: 0,
      freshChecks: 0,
      lookupChecks: 0,
      unknowable: 0,
      changes: 0,
      shown: 0,
      wrongFresh: [],
      wrongLookups: [],
      notShown: [],
    };
    const begun = performance.now();
    for (const [i, run] of runs.entries()) {
      const figures = await simulate(run);
      for (const name of ['fetches', 'freshChecks', 'lookupChecks', 'changes', 'shown', 'unknowable'] as const) {
        total[name] += figures[name];
      }
      for (const name of ['wrongFresh', 'wrongLookups', 'notShown'] as const)
        total[name].push(...figures[name].slice(0, 50));
      if (YEARS > 0 && (i + 1) % 5 === 0) report(i + 1, total, performance.now() - begun);
    }
    if (YEARS > 0) report(runs.length, total, performance.now() - begun);
    expect(total.wrongFresh.slice(0, 5)).to.deep.equal([]);
    expect(total.wrongLookups.slice(0, 5)).to.deep.equal([]);
    expect(total.freshChecks - total.unknowable).to.be.above(500);
    expect(total.lookupChecks).to.be.above(500);
    expect(total.changes).to.be.above(100);
    expect(total.shown / total.changes, total.notShown.slice(0, 5).join('\n')).to.be.at.least(0.99);
  });
});

function report(runs: number, total: SimulationFigures, ms: number): void {
  const { fetches, freshChecks, lookupChecks, changes, shown, wrongFresh, wrongLookups, unknowable } = total;
  console.log(
    `      ${runs} years, ${fetches} fetches, ${(ms / runs / 1000).toFixed(1)} s a year; fresh ${freshChecks} checked, ${wrongFresh.length} wrong, ${unknowable} that nothing could show to be wrong; look-ups ${lookupChecks} checked, ${wrongLookups.length} wrong; ${changes} changes, ${((shown / changes) * 100).toFixed(2)} % shown within two intervals`,
  );
}
