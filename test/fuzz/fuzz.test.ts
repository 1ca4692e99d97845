import { expect } from 'chai';
import { SEEDS } from './seeds.ts';
import { TARGETS } from './targets.ts';

const RUNS = 100;

/** The short form of `npm run fuzz`. */
describe('hostile input', () => {
  it('has targets with unique names, and known cases for existing targets only', () => {
    const names = TARGETS.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    expect(names).to.include.members(Object.keys(SEEDS));
  });

  for (const target of TARGETS) {
    it(`does no harm to ${target.name}`, async () => {
      for (const known of SEEDS[target.name] ?? []) await target.meet(known);
      const { failure } = await target.run({ seed: Math.floor(Math.random() * 2 ** 31), numRuns: RUNS });
      if (failure) {
        const { seed, path, counterexample, error } = failure;
        throw new Error(`seed ${seed}, path ${path}: ${counterexample}\n${error}`);
      }
    });
  }
});
