import { setImmediate as nextLoop } from 'node:timers/promises';
import { expect } from 'chai';
import { ReadScheduler, type ScheduledReader } from '../../src/server/read-scheduler.ts';

describe('ReadScheduler', () => {
  /** A scheduler per test: remaining turns of one test must not reach another. */
  const setUp = () => {
    const order: string[] = [];
    let now = 0;
    /** @param waits results of its turns, in order */
    const reader = (payer: string, name: string, waits: (number | undefined)[] = []): ScheduledReader => ({
      payer,
      runTurn: () => {
        order.push(name);
        now += 1;
        return waits.shift();
      },
    });
    return { order, turns: new ReadScheduler(() => now), reader };
  };

  it('runs a turn at once while there is time left', () => {
    const { order, turns, reader } = setUp();
    turns.schedule(reader('a', 'a'));
    expect(order).to.deep.equal(['a']);
  });

  it('delays a payer by one turn of another, no matter how many readers that one has', async () => {
    const { order, turns, reader } = setUp();
    for (let i = 0; i < 100; i++) turns.schedule(reader('flood', 'f', new Array(50).fill(0)));
    turns.schedule(reader('member', 'm'));
    const before = order.length;
    while (!order.includes('m')) await nextLoop();
    expect(order.indexOf('m') - before).to.be.at.most(1);
  });

  it('yields to the event loop after 8 ms of turns', async () => {
    const { order, turns, reader } = setUp();
    for (let i = 0; i < 100; i++) turns.schedule(reader('flood', 'f', [0, 0, 0]));
    expect(order).to.have.length.at.most(8);
    const before = order.length;
    await nextLoop();
    expect(order.length - before).to.be.within(1, 8);
  });

  it('pauses a payer without budget, then runs its readers round-robin', async () => {
    const { order, turns } = setUp();
    let balance = 2;
    const spender = (name: string): ScheduledReader => ({
      payer: 'p',
      runTurn: () => {
        if (balance === 0) return 1;
        balance -= 1;
        order.push(name);
        return balance === 0 ? 1 : 0;
      },
    });
    for (const name of ['a', 'b', 'c']) turns.schedule(spender(name));
    while (order.length < 2) await nextLoop();
    for (let i = 0; i < 50; i++) await nextLoop();
    expect(order).to.have.length(2);
    for (let i = 3; i <= 8; i++) {
      balance = 1;
      while (order.length < i) await nextLoop();
    }
    for (const name of ['a', 'b', 'c']) expect(order.filter((each) => each === name).length, name).to.be.within(2, 4);
  });

  it('runs no turn of a removed reader', async () => {
    const { order, turns, reader } = setUp();
    const [kept, gone, sleeping] = [reader('p', 'kept', [0]), reader('p', 'gone', [0]), reader('q', 'sleeping', [1])];
    for (const each of [kept, gone, sleeping]) turns.schedule(each);
    order.length = 0;
    for (const each of [gone, sleeping]) turns.remove(each);
    const end = performance.now() + 60; // a paused reader wakes after 20 ms
    while (performance.now() < end) await nextLoop();
    expect(order).to.deep.equal(['kept']);
  });
});
