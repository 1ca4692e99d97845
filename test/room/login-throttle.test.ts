import { expect } from 'chai';
import fc from 'fast-check';
import { AppError } from '../../src/domain/app-error.ts';
import { LoginThrottle } from '../../src/room/login-throttle.ts';

const MINUTE = 60_000;

function setUp(attempts = 3) {
  const clock = { now: 5_000 };
  return { clock, lockout: new LoginThrottle({ attempts, now: () => clock.now }) };
}

function lockedFor(lockout: LoginThrottle, account: string, address: string): number {
  try {
    lockout.assertNotLocked(account, address);
    return 0;
  } catch (thrown) {
    expect((thrown as AppError).code).to.equal('LOCKED_OUT');
    return (thrown as AppError).data.retryAfterMs as number;
  }
}

describe('LoginThrottle', () => {
  it('locks the pair for 10 s after the last attempt, and reports the attempts left', () => {
    const { clock, lockout } = setUp(3);
    expect([1, 2, 3].map(() => lockout.recordFailure('yoda', '192.0.2.1'))).to.deep.equal([2, 1, 0]);
    expect(lockedFor(lockout, 'yoda', '192.0.2.1')).to.equal(10_000);
    clock.now += 9_999.5;
    expect(lockedFor(lockout, 'yoda', '192.0.2.1')).to.equal(1);
    clock.now += 0.5;
    expect(lockedFor(lockout, 'yoda', '192.0.2.1')).to.equal(0);
  });

  it('doubles each further lock, up to 15 minutes', () => {
    const { clock, lockout } = setUp(1);
    const locks: number[] = [];
    for (let i = 0; i < 10; i++) {
      expect(lockout.recordFailure('yoda', '192.0.2.1')).to.equal(0);
      locks.push(lockedFor(lockout, 'yoda', '192.0.2.1') / 1000);
      clock.now += locks.at(-1)! * 1000;
      expect(lockedFor(lockout, 'yoda', '192.0.2.1')).to.equal(0);
    }
    expect(locks).to.deep.equal([10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
  });

  it('allows all attempts again after a lock', () => {
    const { clock, lockout } = setUp(2);
    lockout.recordFailure('yoda', 'a');
    lockout.recordFailure('yoda', 'a');
    clock.now += 10_000;
    expect(lockout.recordFailure('yoda', 'a')).to.equal(1);
    expect(lockedFor(lockout, 'yoda', 'a')).to.equal(0);
    expect(lockout.recordFailure('yoda', 'a')).to.equal(0);
    expect(lockedFor(lockout, 'yoda', 'a')).to.equal(20_000);
  });

  it('states the time left in its message', () => {
    const { clock, lockout } = setUp(1);
    lockout.recordFailure('yoda', 'a');
    expect(() => lockout.assertNotLocked('yoda', 'a')).to.throw(
      AppError,
      'Too many wrong passwords. Try again in 10 s.',
    );
    clock.now += 8_200;
    expect(() => lockout.assertNotLocked('yoda', 'a')).to.throw(AppError, 'Try again in 2 s.');
  });

  it('locks only the pair: not the account elsewhere, no other account from the same address', () => {
    const { lockout } = setUp(1);
    lockout.recordFailure('yoda', '192.0.2.1');
    expect(lockedFor(lockout, 'yoda', '192.0.2.2')).to.equal(0);
    expect(lockedFor(lockout, 'hans', '192.0.2.1')).to.equal(0);
  });

  it('treats spellings of one name as equal, and addresses of one source', () => {
    const { lockout } = setUp(1);
    lockout.recordFailure('Hà', '::ffff:192.0.2.1');
    expect(lockedFor(lockout, 'HA\u0300', '192.0.2.1')).to.equal(10_000);
    lockout.recordFailure('yoda', '2001:db8::1');
    expect(lockedFor(lockout, 'yoda', '2001:db8::ffff:2')).to.equal(10_000);
    expect(lockedFor(lockout, 'yoda', '2001:db8:0:1::1')).to.equal(0);
    lockout.recordFailure('yoda', '127.0.0.1');
    expect(lockedFor(lockout, 'yoda', '127.0.0.1')).to.equal(10_000);
  });

  it('resets the pair after a success', () => {
    const { clock, lockout } = setUp(3);
    lockout.recordFailure('yoda', 'a');
    lockout.recordFailure('yoda', 'a');
    lockout.recordSuccess('yoda', 'a');
    expect([1, 2, 3].map(() => lockout.recordFailure('yoda', 'a'))).to.deep.equal([2, 1, 0]);
    clock.now += 10_000;
    lockout.recordSuccess('yoda', 'a');
    expect([1, 2, 3].map(() => lockout.recordFailure('yoda', 'a'))).to.deep.equal([2, 1, 0]);
    expect(lockedFor(lockout, 'yoda', 'a')).to.equal(10_000);
  });

  it('forgets a pair an hour after its last failure', () => {
    const { clock, lockout } = setUp(2);
    lockout.recordFailure('yoda', 'a');
    clock.now += 60 * MINUTE - 1;
    expect(lockout.recordFailure('yoda', 'a')).to.equal(0);
    clock.now += 60 * MINUTE;
    expect(lockout.recordFailure('yoda', 'a')).to.equal(1);
    lockout.recordFailure('yoda', 'a');
    expect(lockedFor(lockout, 'yoda', 'a')).to.equal(10_000);
  });

  it('throttles an address after 20 failures in 10 minutes, over all accounts', () => {
    const { clock, lockout } = setUp(5);
    const begun = clock.now;
    for (let i = 0; i < 19; i++) {
      lockout.recordFailure(`m${i}`, '192.0.2.1');
      clock.now += 1000;
    }
    expect(lockedFor(lockout, 'yoda', '192.0.2.1')).to.equal(0);
    expect(lockout.recordFailure('m19', '192.0.2.1')).to.equal(0);
    expect(lockedFor(lockout, 'yoda', '192.0.2.1')).to.equal(begun + 10 * MINUTE - clock.now);
    expect(lockedFor(lockout, 'yoda', '192.0.2.2')).to.equal(0);
    clock.now = begun + 10 * MINUTE;
    expect(lockedFor(lockout, 'yoda', '192.0.2.1')).to.equal(0);
    lockout.recordFailure('m20', '192.0.2.1');
    expect(lockedFor(lockout, 'yoda', '192.0.2.1')).to.equal(1000);
  });

  it('keeps the failures of an address after a success there', () => {
    const { lockout } = setUp(5);
    for (let i = 0; i < 20; i++) {
      lockout.recordFailure(`m${i}`, 'a');
      lockout.recordSuccess('mine', 'a');
    }
    expect(lockedFor(lockout, 'mine', 'a')).to.equal(10 * MINUTE);
  });

  it('keeps at most 10,000 pairs, and evicts the oldest', () => {
    const { lockout } = setUp(1);
    for (let i = 0; i < 12_000; i++) lockout.recordFailure('yoda', `host-${i}`);
    expect(lockout.size).to.deep.equal({ pairs: 10_000, sources: 10_000 });
    expect(lockedFor(lockout, 'yoda', 'host-0')).to.equal(0);
    expect(lockedFor(lockout, 'yoda', 'host-11999')).to.equal(10_000);
  });

  it('removes expired entries', () => {
    const { clock, lockout } = setUp(1);
    for (let i = 0; i < 100; i++) lockout.recordFailure('yoda', `host-${i}`);
    clock.now += 61 * MINUTE;
    lockout.recordFailure('yoda', 'a');
    expect(lockout.size).to.deep.equal({ pairs: 1, sources: 1 });
  });

  it('refuses invalid numbers of attempts', () => {
    for (const attempts of [0, -1, 1.5, Number.NaN]) {
      expect(() => new LoginThrottle({ attempts, now: () => 0 })).to.throw(RangeError, `got ${attempts}`);
    }
  });

  it('never allows more attempts than configured between locks, for any sequence', () => {
    const step = fc.record({
      account: fc.constantFrom('a', 'b', 'c'),
      address: fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1'),
      wait: fc.oneof(fc.nat(2000), fc.nat(20 * MINUTE)),
      right: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 200 }), (attempts, steps) => {
        const { clock, lockout } = setUp(attempts);
        const wrong = new Map<string, number[]>();
        const bySource = new Map<string, number[]>();
        for (const { account, address, wait, right } of steps) {
          clock.now += wait;
          const locked = lockedFor(lockout, account, address);
          expect(locked).to.be.within(0, 15 * MINUTE);
          if (locked > 0) continue;
          const key = `${account} ${address}`;
          if (right) {
            lockout.recordSuccess(account, address);
            wrong.delete(key);
            continue;
          }
          const left = lockout.recordFailure(account, address);
          expect(left).to.be.within(0, attempts - 1);
          if (left === 0) expect(lockedFor(lockout, account, address)).to.be.above(0);
          const recent = (moments: number[] | undefined, span: number) =>
            [...(moments ?? []), clock.now].filter((moment) => moment > clock.now - span);
          wrong.set(key, recent(wrong.get(key), 10_000));
          bySource.set(address, recent(bySource.get(address), 10 * MINUTE));
          expect(wrong.get(key)!.length).to.be.at.most(attempts);
          expect(bySource.get(address)!.length).to.be.at.most(20);
        }
        expect(lockout.size.pairs).to.be.at.most(9);
        expect(lockout.size.sources).to.be.at.most(3);
      }),
      { numRuns: 200 },
    );
  });
});
