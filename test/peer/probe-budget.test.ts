import { expect } from 'chai';
import { ProbeBudget } from '../../src/peer/probe-budget.ts';

describe('ProbeBudget', () => {
  let now: number;
  let budget: ProbeBudget;
  beforeEach(() => {
    now = 1000;
    budget = new ProbeBudget(() => now);
  });

  /** Acquires until refused, and returns how often it succeeded. */
  const takeAll = (member: string): number => {
    let taken = 0;
    while (taken < 1e6 && budget.tryTake(member)) taken += 1;
    return taken;
  };

  it('leaves something for others, whatever one member causes', () => {
    expect([takeAll('yoda'), takeAll('luke'), takeAll('hans')]).to.deep.equal([512, 512, 0]);
  });

  it('limits what all members cause in a period', () => {
    let taken = 0;
    for (let second = 0; second < 15; second++) {
      for (let i = 0; i < 50; i++) taken += takeAll(`member ${i}`);
      now += 1000;
    }
    expect(taken).to.equal(1024 + 14 * 64);
  });

  it('refills over time', () => {
    takeAll('yoda');
    now += 1000;
    expect(takeAll('yoda')).to.equal(16);
    now += 3_600_000;
    expect(takeAll('yoda')).to.equal(512);
  });
});
