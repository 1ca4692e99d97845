import { expect } from 'chai';
import { lineWorkUnits, WorkBudget } from '../../src/server/work-budget.ts';

describe('WorkBudget', () => {
  const limits = { callsPerSecond: 20, callsBurst: 60, connectionsPerAddress: 64 };
  let now: number;
  let budget: WorkBudget;
  beforeEach(() => {
    now = 0;
    budget = new WorkBudget(limits, () => now);
  });
  const take = (account: ReturnType<WorkBudget['addressAccount']>, times: number) =>
    Array.from({ length: times }, () => account.tryCharge(1, now)).filter((wait) => wait === 0).length;

  it('gives a payer the burst of five connections, then their rate', () => {
    const account = budget.addressAccount('192.0.2.1');
    expect(take(account, 1000)).to.equal(300);
    const wait = account.tryCharge(1, now);
    expect(wait).to.be.within(1, 10);
    now += 1000;
    expect(take(account, 1000)).to.be.within(99, 101);
  });

  it('charges all addresses of one /64 to one account, and each IPv4 address and member to their own', () => {
    expect(take(budget.addressAccount('2001:db8::1'), 1000)).to.equal(300);
    expect(take(budget.addressAccount('2001:db8::ffff:2'), 1000)).to.equal(0);
    expect(take(budget.addressAccount('2001:db8:0:1::1'), 1000)).to.equal(300);
    expect(take(budget.addressAccount('192.0.2.1'), 1000)).to.equal(300);
    expect(take(budget.addressAccount('::ffff:192.0.2.1'), 1000)).to.equal(0);
    expect(take(budget.memberAccount('192.0.2.1'), 1000)).to.equal(300);
  });

  it('limits the debt of forced charges to one burst', () => {
    const account = budget.memberAccount('m');
    for (let i = 0; i < 1000; i++) account.forceCharge(4, now);
    expect(account.tryCharge(1, now)).to.be.within(3000, 3002);
    now += 3010;
    expect(account.tryCharge(1, now)).to.equal(0);
  });

  it('charges connections separately from calls', () => {
    expect(take(budget.connectionAccount('192.0.2.1'), 1000)).to.equal(128);
    expect(take(budget.addressAccount('192.0.2.1'), 1000)).to.equal(300);
  });

  it('charges a long line more than a short one', () => {
    expect(lineWorkUnits(1)).to.be.within(1, 1.001);
    expect(lineWorkUnits(64 * 1024)).to.equal(5);
  });

  it('limits the number of accounts', () => {
    const first = budget.addressAccount('10.0.0.0');
    for (let i = 1; i <= 20_000; i++) budget.addressAccount(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    expect(budget.addressAccount('10.0.0.0')).to.not.equal(first);
  });
});
