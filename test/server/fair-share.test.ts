import { expect } from 'chai';
import fc from 'fast-check';
import { FairShare } from '../../src/server/fair-share.ts';

describe('FairShare', () => {
  /** Acquires until refused, and returns how often it succeeded. */
  const takeAll = (share: FairShare, member: string, source: string): number => {
    let taken = 0;
    while (share.take({ member, source })) taken += 1;
    return taken;
  };

  it('gives half to a single member, and leaves some for each later one', () => {
    const share = new FairShare(() => 64);
    expect([0, 1, 2, 3].map((i) => takeAll(share, `member ${i}`, `source ${i}`))).to.deep.equal([32, 16, 8, 4]);
    expect(share.used).to.equal(60);
    expect(share.allows({ member: 'late', source: 'far' })).to.equal(true);
  });

  it('gives three quarters to a single source, over all its accounts', () => {
    const share = new FairShare(() => 64);
    let taken = 0;
    for (let i = 0; i < 1000; i++) taken += takeAll(share, `member ${i}`, 'farm');
    expect(taken).to.equal(48);
    expect(share.allows({ member: 'late', source: 'far' })).to.equal(true);
  });

  it('gives the only slot to the first holder, and none if there is none', () => {
    const [one, none] = [new FairShare(() => 1), new FairShare(() => 0)];
    expect([takeAll(one, 'a', 'x'), takeAll(one, 'b', 'y'), takeAll(none, 'a', 'x')]).to.deep.equal([1, 0, 0]);
  });

  it('respects a lowered capacity, and reuses released slots', () => {
    let capacity = 8;
    const share = new FairShare(() => capacity);
    expect(takeAll(share, 'a', 'x')).to.equal(4);
    capacity = 2;
    expect(share.allows({ member: 'b', source: 'y' })).to.equal(false);
    capacity = 8;
    for (let i = 0; i < 4; i++) share.release({ member: 'a', source: 'x' });
    expect([share.used, takeAll(share, 'a', 'x')]).to.deep.equal([0, 4]);
  });

  it('never exceeds its capacity, and counts held slots, for any sequence', () => {
    const step = fc.record({ member: fc.nat(5), takes: fc.boolean() });
    fc.assert(
      fc.property(fc.nat(20), fc.array(step, { maxLength: 200 }), (capacity, steps) => {
        const share = new FairShare(() => capacity);
        const held: { member: string; source: string }[] = [];
        for (const { member, takes } of steps) {
          const holder = { member: `${member}`, source: `${member % 2}` };
          if (takes && share.take(holder)) held.push(holder);
          const first = takes ? undefined : held.shift();
          if (first) share.release(first);
          expect(share.used).to.equal(held.length);
          expect(share.used).to.be.at.most(capacity);
        }
      }),
    );
  });
});
