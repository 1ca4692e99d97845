import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MemoryLevel } from 'memory-level';
import { AppError, type ErrorCode } from '../../src/domain/app-error.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import type { Journal } from '../../src/engine/types.ts';
import type { PasswordHash } from '../../src/projections/journal-records.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { differingKeys, rebuildStore } from '../../src/projections/rebuild.ts';
import { Accounts, tokenHash } from '../../src/room/accounts.ts';
import { appendToJournal } from '../../src/room/append-to-journal.ts';
import { LoginThrottle } from '../../src/room/login-throttle.ts';
import { type HashQueueHooks, PasswordHasher, type ScryptParams } from '../../src/room/password-hasher.ts';
import { Store } from '../../src/store/store.ts';
import { memoryStore } from '../store/temporary.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const HERE = '192.0.2.1';
const THERE = '198.51.100.7';

interface Options {
  store?: Store;
  attempts?: number;
  cost?: ScryptParams;
  queue?: number;
  signUpsPerHour?: number;
  signUpsInAllPerHour?: number;
  journal?: Pick<Journal, 'append'>;
}

function build(store: Store, view: ReadModel, engine: LocalEngine, options: Options) {
  const {
    attempts = 3,
    cost = { N: 16, r: 1, p: 1 },
    queue = 1024, // per source 64 passwords may wait, per account 32
    signUpsPerHour = 100,
    signUpsInAllPerHour = 1000,
  } = options;
  const clock = { now: Date.parse('2026-07-20T20:00:00+07:00'), monotonic: 1000 };
  const logged: object[] = [];
  const write = (fields: object, message: string) => void logged.push({ ...fields, message });
  const lockout = new LoginThrottle({ attempts, now: () => clock.monotonic });
  const passwords = new CountedPasswords({ cost, limit: queue });
  const accounts = new Accounts({
    journal: options.journal ? journalWith(engine.journal, options.journal) : engine.journal,
    readModel: view,
    hasher: passwords,
    throttle: lockout,
    now: () => clock.now,
    monotonic: () => clock.monotonic,
    limits: { signUpsPerHour, signUpsInAllPerHour },
    log: { debug: write, info: write, warn: write, error: write },
  });
  const make = (name: string, password = 'secret') => accounts.signUp({ name, password, address: HERE, local: false });
  const enter = (name: string, password = 'secret', address = HERE) => accounts.signIn({ name, password, address });
  return { store, view, engine, accounts, passwords, lockout, clock, logged, make, enter };
}

/** A journal whose `append` is replaced. */
function journalWith(journal: Journal, { append }: Pick<Journal, 'append'>): Journal {
  return {
    append,
    follow: (seq, signal) => journal.follow(seq, signal),
    head: () => journal.head(),
    catchUp: () => journal.catchUp(),
    pendingAppends: 0,
    metrics: journal.metrics,
  };
}

class CountedPasswords extends PasswordHasher {
  hashes = 0;

  override hash(password: string, turn?: HashQueueHooks) {
    this.hashes += 1;
    return super.hash(password, turn);
  }

  override verify(password: string, kept: PasswordHash, turn?: HashQueueHooks) {
    this.hashes += 1;
    return super.verify(password, kept, turn);
  }
}

/** A room that runs until the test ends. */
async function setUp(options: Options = {}) {
  const store = options.store ?? new Store(new MemoryLevel());
  const view = new ReadModel(store);
  const engine = new LocalEngine(store, view);
  await engine.start();
  running.push(engine);
  return build(store, view, engine, options);
}

const running: LocalEngine[] = [];

async function refusal(call: Promise<unknown> | (() => unknown), code: ErrorCode): Promise<AppError> {
  try {
    await (typeof call === 'function' ? call() : call);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    expect(thrown.code, thrown.message).to.equal(code);
    return thrown;
  }
  throw new Error(`expected ${code}`);
}

async function outcomes(calls: Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const settled of await Promise.allSettled(calls)) {
    const key = settled.status === 'fulfilled' ? 'done' : AppError.from(settled.reason).code;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe('Accounts', () => {
  afterEach(async () => {
    for (const engine of running.splice(0)) await engine.stop();
  });

  describe('signUp', () => {
    it('creates a member who can sign in', async () => {
      const { make, enter } = await setUp();
      expect(await make('yoda', 'Jedi knight')).to.include({ name: 'yoda', role: 'member', banned: false });
      expect(await enter('yoda', 'Jedi knight')).to.include({ name: 'yoda', role: 'member' });
    });

    it('refuses a taken name with 404, in any case and normalization', async () => {
      const { make, view } = await setUp();
      await make('Hà');
      for (const name of ['Hà', 'hÀ', 'Ha\u0300', 'HA\u0300']) {
        expect((await refusal(make(name), 'ACCOUNT_EXISTS')).status).to.equal(404);
      }
      await make('Ha');
      expect(view.accounts.count).to.equal(2);
    });

    it('stores the name as written, in composed form', async () => {
      const { make, enter } = await setUp();
      expect((await make('Nguye\u0302\u0303n')).name).to.equal('Nguyễn');
      expect((await enter('NGUYỄN')).name).to.equal('Nguyễn');
    });

    it('refuses invalid names and passwords', async () => {
      const { make, engine } = await setUp();
      expect((await refusal(make('a b'), 'INVALID_REQUEST')).data).to.deep.equal({ field: 'name' });
      expect((await refusal(make('yoda', 'x'.repeat(257)), 'INVALID_REQUEST')).data).to.deep.equal({
        field: 'password',
      });
      expect(engine.journal.head()).to.equal(0);
    });

    it('accepts one of 20 concurrent sign-ups for a name', async () => {
      const { accounts, view, engine } = await setUp();
      const calls = Array.from({ length: 20 }, (_, i) =>
        accounts.signUp({ name: i % 2 ? 'Yoda' : 'yoda', password: `p${i}`, address: `192.0.2.${i}`, local: i === 7 }),
      );
      expect(await outcomes(calls)).to.deep.equal({ done: 1, ACCOUNT_EXISTS: 19 });
      expect(view.accounts.count).to.equal(1);
      expect(engine.journal.head()).to.equal(1);
    });

    it('accepts one sign-up if two daemons see the same name as free', async () => {
      const room = await setUp();
      const other = build(room.store, room.view, room.engine, {});
      expect(await outcomes([room.make('yoda', 'one'), other.make('yoda', 'other')])).to.deep.equal({
        done: 1,
        ACCOUNT_EXISTS: 1,
      });
    });

    it('limits the sign-ups of an address per hour', async () => {
      const { make, accounts, clock, enter } = await setUp({ signUpsPerHour: 2 });
      await make('a');
      clock.monotonic += HOUR / 2;
      await make('b');
      const failure = await refusal(make('c'), 'TOO_MANY_REQUESTS');
      expect(failure.data.retryAfterMs).to.equal(HOUR / 2);
      expect(failure.message).to.include('30 min');
      await accounts.signUp({ name: 'd', password: 'x', address: THERE, local: false });
      await enter('a');
      clock.monotonic += HOUR / 2;
      await make('c');
      await refusal(make('e'), 'TOO_MANY_REQUESTS');
    });

    it('limits the sign-ups of all addresses per hour', async () => {
      const { accounts, clock, enter } = await setUp({ signUpsInAllPerHour: 3 });
      const from = (i: number) => ({ name: `n${i}`, password: 'secret', address: `198.51.100.${i}`, local: false });
      expect(await outcomes([1, 2, 3, 4, 5].map((i) => accounts.signUp(from(i))))).to.deep.equal({
        done: 3,
        TOO_MANY_REQUESTS: 2,
      });
      const failure = await refusal(accounts.signUp(from(6)), 'TOO_MANY_REQUESTS');
      expect(failure.data.retryAfterMs).to.equal(HOUR);
      expect(failure.message).to.equal('Too many accounts were created. Try again in 60 min.');
      await enter('n1');
      await accounts.signUp({ ...from(7), address: 'local', local: true });
      clock.monotonic += HOUR;
      await accounts.signUp(from(6));
    });

    it('counts concurrent sign-ups, and only accounts that were created', async () => {
      const { make, view } = await setUp({ signUpsPerHour: 3 });
      await make('taken');
      await Promise.all(Array.from({ length: 10 }, () => refusal(make('taken'), 'ACCOUNT_EXISTS')));
      expect(await outcomes(Array.from({ length: 10 }, () => make('same')))).to.deep.equal({
        done: 1,
        ACCOUNT_EXISTS: 9,
      });
      const calls = Array.from({ length: 10 }, (_, i) => make(`n${i}`));
      expect(await outcomes(calls)).to.deep.equal({ done: 1, TOO_MANY_REQUESTS: 9 });
      expect(view.accounts.count).to.equal(3);
    });

    it('does not throttle the control socket', async () => {
      const { accounts, view } = await setUp({ signUpsPerHour: 1 });
      for (const name of ['a', 'b', 'c']) await accounts.signUp({ name, password: 'x', address: 'local', local: true });
      expect(view.accounts.count).to.equal(3);
    });
  });

  describe('the owner', () => {
    it('is the first account created over the control socket, even if other accounts exist', async () => {
      const { make, accounts } = await setUp();
      const local = (name: string) => accounts.signUp({ name, password: 'x', address: 'local', local: true });
      expect((await make('early')).role).to.equal('member');
      expect((await local('root')).role).to.equal('owner');
      expect((await local('second')).role).to.equal('member');
    });

    it('is one account, even if several sign up there concurrently', async () => {
      const { store, view, engine } = await setUp();
      const rooms = Array.from({ length: 8 }, () => build(store, view, engine, {}));
      const made = await Promise.all(
        rooms.map(({ accounts }, i) =>
          accounts.signUp({ name: `o${i}`, password: 'x', address: 'local', local: true }),
        ),
      );
      expect(made.filter((account) => account.role === 'owner')).to.have.length(1);
      expect(view.accounts.owners).to.equal(1);
    });

    it('gives roles, and the last owner cannot give up theirs', async () => {
      const { make, accounts, view } = await setUp();
      await accounts.signUp({ name: 'root', password: 'x', address: 'local', local: true });
      await make('yoda');
      expect((await accounts.setRole({ name: 'YODA', role: 'moderator' })).role).to.equal('moderator');
      const head = (await accounts.setRole({ name: 'yoda', role: 'moderator' })).seq;
      expect(head).to.equal(view.accounts.byName('yoda')?.seq);
      const failure = await refusal(accounts.setRole({ name: 'root', role: 'member' }), 'CONFLICT');
      expect(failure.message).to.equal('root is the last owner of the room. Make another member owner first.');
      await accounts.setRole({ name: 'yoda', role: 'owner' });
      expect((await accounts.setRole({ name: 'root', role: 'member' })).role).to.equal('member');
      expect(view.accounts.owners).to.equal(1);
      await refusal(accounts.setRole({ name: 'nobody', role: 'member' }), 'NO_SUCH_ACCOUNT');
    });

    it('one owner remains if all owners give up the role concurrently', async () => {
      const { accounts, view } = await setUp();
      const names = ['a', 'b', 'c', 'd'];
      for (const name of names) await accounts.signUp({ name, password: 'x', address: 'local', local: true });
      for (const name of names) await accounts.setRole({ name, role: 'owner' });
      expect(view.accounts.owners).to.equal(4);
      expect(await outcomes(names.map((name) => accounts.setRole({ name, role: 'member' })))).to.deep.equal({
        done: 3,
        CONFLICT: 1,
      });
      expect(view.accounts.owners).to.equal(1);
      expect((await accounts.list()).filter(({ role }) => role === 'owner')).to.have.length(1);
    });

    it('loses none of several concurrent changes of one account', async () => {
      const { make, accounts, view } = await setUp();
      await make('yoda');
      await Promise.all([
        accounts.setRole({ name: 'yoda', role: 'moderator' }),
        accounts.ban({ name: 'yoda', banned: true, by: 'root' }),
        accounts.changePassword({ name: 'yoda', password: 'secret', newPassword: 'new', address: HERE }),
      ]);
      expect(view.accounts.byName('yoda')).to.include({ role: 'moderator', banned: true });
    });
  });

  describe('signIn', () => {
    it('answers an unknown name with 401, and does not count it', async () => {
      const { enter, lockout } = await setUp();
      for (const name of ['nobody', 'no body', '']) {
        expect((await refusal(enter(name), 'NO_SUCH_ACCOUNT')).status).to.equal(401);
      }
      expect(lockout.size).to.deep.equal({ pairs: 0, sources: 0 });
    });

    it('answers a wrong password with 402 and the attempts left, then 423 with the time left', async () => {
      const { make, enter, clock } = await setUp();
      await make('yoda');
      const wrong = [];
      for (let i = 0; i < 3; i++) wrong.push(await refusal(enter('yoda', `guess ${i}`), 'WRONG_PASSWORD'));
      expect(wrong.map((failure) => failure.data)).to.deep.equal([
        { attemptsLeft: 2 },
        { attemptsLeft: 1 },
        { attemptsLeft: 0, retryAfterMs: 10_000 },
      ]);
      expect(wrong.map((failure) => failure.message)).to.deep.equal([
        'The password is wrong. 2 attempts left.',
        'The password is wrong. 1 attempt left.',
        'The password is wrong. Try again in 10 s.',
      ]);
      clock.monotonic += 4000;
      const locked = await refusal(enter('yoda'), 'LOCKED_OUT');
      expect(locked.status).to.equal(423);
      expect(locked.data).to.deep.equal({ retryAfterMs: 6000 });
      expect(locked.message).to.include('6 s');
      expect((await enter('yoda', 'secret', THERE)).name).to.equal('yoda');
      clock.monotonic += 6000;
      expect((await enter('yoda')).name).to.equal('yoda');
    });

    it('doubles the lock, independently of the wall clock', async () => {
      const { make, enter, clock } = await setUp({ attempts: 1 });
      await make('yoda');
      const locks = [];
      for (let i = 0; i < 4; i++) {
        await refusal(enter('yoda', 'guess'), 'WRONG_PASSWORD');
        clock.now += i % 2 ? DAY : -DAY;
        const lock = (await refusal(enter('yoda'), 'LOCKED_OUT')).data.retryAfterMs as number;
        locks.push(lock);
        clock.monotonic += lock;
      }
      expect(locks).to.deep.equal([10_000, 20_000, 40_000, 80_000]);
    });

    it('allows concurrent guesses no more attempts than consecutive ones', async () => {
      const { make, enter } = await setUp();
      await make('yoda');
      const guesses = Array.from({ length: 30 }, (_, i) => enter('yoda', `guess ${i}`));
      expect(await outcomes([...guesses, enter('yoda')])).to.deep.equal({ WRONG_PASSWORD: 3, LOCKED_OUT: 28 });
    });

    it('limits an address to 20 wrong passwords in 10 minutes, over all accounts', async () => {
      const { make, enter } = await setUp();
      for (let i = 0; i < 25; i++) await make(`m${i}`);
      const guesses = Array.from({ length: 25 }, (_, i) => enter(`m${i}`, 'guess', '2001:db8::1'));
      expect(await outcomes(guesses)).to.deep.equal({ WRONG_PASSWORD: 20, LOCKED_OUT: 5 });
      await refusal(enter('m0', 'secret', '2001:db8::2'), 'LOCKED_OUT');
      await enter('m0', 'secret', THERE);
    });

    it('accepts many concurrent sign-ins with the right password', async () => {
      const { make, enter } = await setUp({ attempts: 1 });
      await make('yoda');
      expect(await outcomes(Array.from({ length: 20 }, () => enter('yoda')))).to.deep.equal({ done: 20 });
    });

    it('refuses requests beyond its queue with 429', async () => {
      const { make, enter } = await setUp({ queue: 4 });
      const names = Array.from({ length: 20 }, (_, i) => `m${i}`);
      for (const name of names) await make(name);
      const calls = names.map((name, i) => enter(name, 'secret', `192.0.2.${i}`));
      expect(await outcomes(calls)).to.deep.equal({ done: 5, TOO_MANY_REQUESTS: 15 });
      await enter('m0');
    });

    it('accepts a password in any Unicode normalization', async () => {
      const { make, enter } = await setUp();
      await make('yoda', 'mật khẩu');
      await enter('yoda', 'mật khẩu'.normalize('NFD'));
      await refusal(enter('yoda', 'mat khau'), 'WRONG_PASSWORD');
    });

    it('rehashes a password with newer parameters once, and keeps tokens', async () => {
      const room = await setUp();
      const session = await room.accounts.openSession(await room.make('yoda'));
      const newer = build(room.store, room.view, room.engine, { cost: { N: 64, r: 2, p: 1 } });
      const before = room.view.accounts.byName('yoda')!;
      const results = await Promise.all(Array.from({ length: 5 }, () => newer.enter('yoda')));
      for (const account of results) expect(account.name).to.equal('yoda');
      const after = room.view.accounts.byName('yoda')!;
      expect(after.password).to.include({ N: 64, r: 2, p: 1 });
      expect(after.password.hash).to.not.equal(before.password.hash);
      expect(after.passwordSeq).to.equal(before.passwordSeq);
      expect(newer.accounts.resume(session.token, HERE).name).to.equal('yoda');
      const head = room.engine.journal.head();
      await newer.enter('yoda');
      expect(room.engine.journal.head()).to.equal(head);
      for (const account of results) await newer.accounts.openSession(account);
    });
  });

  describe('sessions', () => {
    it('resume with a token of 32 random bytes, of which only the hash is stored', async () => {
      const { make, accounts, store } = await setUp();
      const account = await make('yoda');
      const { token, hash } = await accounts.openSession(account);
      expect(Buffer.from(token, 'base64url')).to.have.length(32);
      expect(hash)
        .to.equal(tokenHash(token))
        .and.to.match(/^[0-9a-f]{64}$/);
      expect(accounts.resume(token, HERE).name).to.equal('yoda');
      for await (const [key, value] of store.range({ gte: '' })) expect(key + value).to.not.include(token);
    });

    it('close one session by its token hash, and no other', async () => {
      const { make, accounts } = await setUp();
      const account = await make('yoda');
      const [one, other] = [await accounts.openSession(account), await accounts.openSession(account)];
      await accounts.closeSession(one.hash);
      await accounts.closeSession(one.hash);
      const failure = await refusal(() => accounts.resume(one.token, HERE), 'NOT_SIGNED_IN');
      expect(failure.message).to.equal('This token is no longer valid. Sign in again.');
      expect(accounts.resume(other.token, HERE).name).to.equal('yoda');
    });

    it('last 30 days', async () => {
      const { make, accounts, clock } = await setUp();
      const { token, expires } = await accounts.openSession(await make('yoda'));
      expect(expires).to.equal(clock.now + 30 * DAY);
      clock.now += 30 * DAY - 1;
      accounts.resume(token, HERE);
      clock.now += 1;
      await refusal(() => accounts.resume(token, HERE), 'NOT_SIGNED_IN');
    });

    it('refuse invalid tokens', async () => {
      const { accounts, make } = await setUp();
      const { hash } = await accounts.openSession(await make('yoda'));
      for (const token of ['', 'x', hash, 'x'.repeat(128), '\ud800']) {
        await refusal(() => accounts.resume(token, HERE), 'NOT_SIGNED_IN');
      }
    });

    it('survive a restart of the daemon', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'goldctl-accounts-'));
      try {
        const first = await setUp({ store: await Store.inFolder(folder) });
        await first.accounts.signUp({ name: 'root', password: 'secret', address: 'local', local: true });
        const { token } = await first.accounts.openSession(await first.make('yoda'));
        await running.pop()!.stop();
        const second = await setUp({ store: await Store.inFolder(folder) });
        expect(second.accounts.resume(token, HERE).name).to.equal('yoda');
        expect((await second.enter('root')).role).to.equal('owner');
        expect((await second.accounts.list()).map(({ name }) => name)).to.deep.equal(['root', 'yoda']);
        await running.pop()!.stop();
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  describe('changePassword', () => {
    it('sets the new password and revokes every token except the given one', async () => {
      const { make, enter, accounts } = await setUp();
      const account = await make('yoda', 'old');
      const [mine, other] = [await accounts.openSession(account), await accounts.openSession(account)];
      const change = { name: 'yoda', password: 'old', newPassword: 'new', address: HERE, keepToken: mine.hash };
      await accounts.changePassword(change);
      expect(accounts.resume(mine.token, HERE).name).to.equal('yoda');
      await refusal(() => accounts.resume(other.token, HERE), 'NOT_SIGNED_IN');
      await refusal(enter('yoda', 'old'), 'WRONG_PASSWORD');
      await enter('yoda', 'new');
      await accounts.changePassword({ name: 'yoda', password: 'new', newPassword: 'newer', address: HERE });
      await refusal(() => accounts.resume(mine.token, HERE), 'NOT_SIGNED_IN');
    });

    it('counts wrong passwords like sign-in does', async () => {
      const { make, enter, accounts } = await setUp({ attempts: 2 });
      await make('yoda');
      const change = { name: 'yoda', password: 'guess', newPassword: 'new', address: HERE };
      expect((await refusal(accounts.changePassword(change), 'WRONG_PASSWORD')).data.attemptsLeft).to.equal(1);
      await refusal(enter('yoda', 'guess'), 'WRONG_PASSWORD');
      await refusal(accounts.changePassword({ ...change, password: 'secret' }), 'LOCKED_OUT');
      await enter('yoda', 'secret', THERE);
    });

    it('refuses an invalid new password before it counts an attempt', async () => {
      const { make, accounts, lockout } = await setUp();
      await make('yoda');
      const change = { name: 'yoda', password: 'guess', newPassword: '', address: HERE };
      await refusal(accounts.changePassword(change), 'INVALID_REQUEST');
      expect(lockout.size.pairs).to.equal(0);
    });

    it('accepts one of two concurrent changes', async () => {
      const { make, accounts, enter } = await setUp();
      await make('yoda', 'old');
      const change = (newPassword: string) =>
        accounts.changePassword({ name: 'yoda', password: 'old', newPassword, address: HERE });
      expect(await outcomes([change('one'), change('other')])).to.deep.equal({ done: 1, CONFLICT: 1 });
      const entered = await outcomes([enter('yoda', 'one'), enter('yoda', 'other')]);
      expect(entered).to.deep.equal({ done: 1, WRONG_PASSWORD: 1 });
    });

    it('leaves no valid token to a client that proved the old password just before', async () => {
      const { make, accounts, enter, store } = await setUp();
      await make('yoda', 'old');
      const stranger = await enter('yoda', 'old', THERE);
      const changed = accounts.changePassword({ name: 'yoda', password: 'old', newPassword: 'new', address: HERE });
      const opened = accounts.openSession(stranger).catch((thrown: AppError) => thrown);
      await changed;
      const session = await opened;
      if (!(session instanceof AppError)) await refusal(() => accounts.resume(session.token, THERE), 'NOT_SIGNED_IN');
      await refusal(accounts.openSession(stranger), 'NOT_SIGNED_IN');
      for await (const [key] of store.range({ gte: 't/', lt: 't/\uffff' })) expect.fail(`${key} is left`);
    });

    it('leaves no valid token if both records are appended concurrently', async () => {
      const { make, accounts, view, engine, clock } = await setUp();
      const account = await make('yoda', 'old');
      const changed = engine.journal.append(
        { kind: 'account.password', at: clock.now, name: 'yoda', password: account.password },
        { subject: 'account.yoda', expect: account.seq },
      );
      const failure = await refusal(accounts.openSession(account), 'NOT_SIGNED_IN');
      await changed;
      expect(failure.message).to.include('changed in the meantime');
      expect(view.accounts.byName('yoda')?.tokens).to.deep.equal([]);
    });
  });

  describe('ban', () => {
    it('refuses a member with the reason, until the ban is lifted', async () => {
      const { make, enter, accounts } = await setUp();
      const { token } = await accounts.openSession(await make('yoda'));
      const banned = await accounts.ban({ name: 'Yoda', banned: true, reason: 'spam\u001b[31m\n again', by: 'root' });
      expect(banned).to.include({ name: 'yoda', banned: true, banReason: 'spam[31m again' });
      const failure = await refusal(enter('yoda'), 'NOT_ALLOWED');
      expect(failure.status).to.equal(416);
      expect(failure.message).to.include('spam');
      await refusal(() => accounts.resume(token, HERE), 'NOT_ALLOWED');
      await refusal(enter('yoda', 'guess'), 'WRONG_PASSWORD');
      await accounts.ban({ name: 'yoda', banned: false, by: 'root' });
      await enter('yoda');
      accounts.resume(token, HERE);
    });

    it('expires, and is no longer listed then', async () => {
      const { make, enter, accounts, clock } = await setUp();
      const { token } = await accounts.openSession(await make('yoda'));
      await accounts.ban({ name: 'yoda', banned: true, by: 'root', until: clock.now + 2 * HOUR });
      const failure = await refusal(enter('yoda'), 'NOT_ALLOWED');
      expect(failure.message).to.include('banned for 2 h more');
      expect(failure.data).to.deep.equal({ banUntil: clock.now + 2 * HOUR });
      await refusal(() => accounts.resume(token, HERE), 'NOT_ALLOWED');
      expect((await accounts.listBans()).map(({ name }) => name)).to.deep.equal(['yoda']);
      expect((await accounts.list())[0]).to.include({ banned: true });
      clock.now += 2 * HOUR;
      await enter('yoda');
      accounts.resume(token, HERE);
      expect(await accounts.listBans()).to.deep.equal([]);
      expect((await accounts.list())[0]).to.include({ banned: false });
      await accounts.ban({ name: 'yoda', banned: true, by: 'root' });
      await refusal(enter('yoda'), 'NOT_ALLOWED'); // a permanent ban: the expiry of the first one is gone
    });

    it('refuses to ban an owner, and to make a banned member owner', async () => {
      const { make, accounts } = await setUp();
      await accounts.signUp({ name: 'root', password: 'x', address: 'local', local: true });
      await make('yoda');
      await refusal(accounts.ban({ name: 'root', banned: true, by: 'root' }), 'CONFLICT');
      await accounts.ban({ name: 'yoda', banned: true, by: 'root' });
      await refusal(accounts.setRole({ name: 'yoda', role: 'owner' }), 'CONFLICT');
      await refusal(accounts.ban({ name: 'nobody', banned: true, by: 'root' }), 'NO_SUCH_ACCOUNT');
    });

    it('never results in a banned owner if both changes race', async () => {
      const { make, accounts, view } = await setUp();
      await make('yoda');
      await outcomes([
        accounts.ban({ name: 'yoda', banned: true, by: 'root' }),
        accounts.setRole({ name: 'yoda', role: 'owner' }),
      ]);
      const { role, banned } = view.accounts.byName('yoda')!;
      expect(role === 'owner' && banned).to.equal(false);
      expect(role === 'owner' || banned).to.equal(true);
    });

    it('refuses a token to a member who signed in just before', async () => {
      const { make, enter, accounts } = await setUp();
      await make('yoda');
      const account = await enter('yoda');
      const banned = accounts.ban({ name: 'yoda', banned: true, by: 'root' });
      await refusal(accounts.openSession(account), 'NOT_ALLOWED');
      await banned;
    });
  });

  describe('importAccounts', () => {
    it('reports the outcome of every row, and may be repeated', async () => {
      const { make, enter, accounts } = await setUp({ queue: 0, signUpsPerHour: 1 });
      await make('Hans', 'his own');
      const rows = [
        { name: 'yoda', password: 'Jedi*knight' },
        { name: 'hans', password: 'falcon*solo' },
        { name: 'khtn', password: 'daihoc tphcm' },
        { name: 'a b', password: 'x' },
        { name: 'empty', password: '' },
        { name: 'YODA', password: 'another' },
      ];
      const outcome = (results: { outcome: string }[]) => results.map((result) => result.outcome);
      const results = await accounts.importAccounts(rows);
      expect(outcome(results)).to.deep.equal(['created', 'exists', 'created', 'refused', 'refused', 'exists']);
      expect(results[3]!.reason).to.include('name');
      expect(results[4]!.reason).to.include('password');
      await enter('yoda', 'Jedi*knight');
      await enter('khtn', 'daihoc tphcm');
      await enter('hans', 'his own');
      const again = outcome(await accounts.importAccounts(rows));
      expect(again).to.deep.equal(['exists', 'exists', 'exists', 'refused', 'refused', 'exists']);
      expect(new Set((await accounts.list()).map(({ role }) => role))).to.deep.equal(new Set(['member']));
    });

    describe('of an account whose password an earlier import misread', () => {
      const WRONG = { name: 'yoda', password: ' Jedi*knight' };
      const RIGHT = { name: 'yoda', password: 'Jedi*knight', misread: ' Jedi*knight' };
      type Room = Awaited<ReturnType<typeof setUp>>;
      const outcome = async ({ accounts }: Pick<Room, 'accounts'>, row: { name: string; password: string } = RIGHT) =>
        (await accounts.importAccounts([row]))[0]!.outcome;
      /** The record that earlier versions wrote for an import, and also for a sign-up of a legacy client. */
      const madeBefore = async ({ engine, passwords, clock }: Room, password = WRONG.password) => {
        const fields = { name: 'yoda', role: 'member' as const, password: await passwords.hash(password) };
        await appendToJournal(engine.journal, 'account.created', clock.now, fields, {
          subject: 'account.yoda',
          expect: 0,
        });
      };

      it('repairs the password once if the account was imported and nobody has signed in', async () => {
        const room = await setUp();
        const { accounts, enter, view } = room;
        expect(await outcome(room, WRONG)).to.equal('created');
        await accounts.setRole({ name: 'yoda', role: 'moderator' });
        expect(await outcome(room, { name: 'YODA', password: 'Jedi*knight' })).to.equal('repaired');
        await refusal(enter('yoda', WRONG.password), 'WRONG_PASSWORD');
        expect(view.accounts.byName('yoda')).to.include({ name: 'yoda', role: 'moderator', passwordFrom: 'import' });
        expect(await outcome(room)).to.equal('exists');
        await enter('yoda', RIGHT.password);
        const fresh = memoryStore();
        await fresh.open();
        await rebuildStore(room.store, fresh);
        expect(await differingKeys(room.store, fresh)).to.deep.equal([]);
      });

      it('keeps the password once somebody has signed in, with or without a valid token', async () => {
        const room = await setUp();
        const { accounts, enter } = room;
        for (const name of ['old', 'out', 'in']) await outcome(room, { name, password: ' secret' });
        await enter('old', ' secret');
        for (const name of ['out', 'in']) {
          const { hash } = await accounts.openSession(await enter(name, ' secret'));
          if (name === 'out') await accounts.closeSession(hash);
        }
        for (const name of ['old', 'out', 'in']) {
          expect(await outcome(room, { name, password: 'secret' })).to.equal('exists');
          await enter(name, ' secret');
        }
      });

      it('records only the first sign-in, and none of an account that signed up', async () => {
        const room = await setUp();
        const { engine, make, enter } = room;
        await make('hans');
        await outcome(room, WRONG);
        for (let i = 0; i < 2; i++) await enter('hans');
        expect(engine.journal.head()).to.equal(2);
        for (let i = 0; i < 2; i++) await enter('yoda', WRONG.password);
        expect(engine.journal.head()).to.equal(3);
      });

      it('keeps a password that the member chose', async () => {
        const room = await setUp();
        const { accounts, make, enter, engine } = room;
        await make('yoda', WRONG.password);
        expect(await outcome(room)).to.equal('exists');
        await outcome(room, { name: 'hans', password: 'a' });
        await accounts.openSession(await enter('hans', 'a'));
        await accounts.changePassword({ name: 'hans', password: 'a', newPassword: ' b', address: HERE });
        const head = engine.journal.head();
        expect(await outcome(room, { name: 'hans', password: 'b' })).to.equal('exists');
        expect(engine.journal.head()).to.equal(head);
        await enter('hans', ' b');
      });

      it('keeps the password if another file has a different one for the name', async () => {
        const room = await setUp();
        await outcome(room, WRONG);
        for (const password of ['another', 'knight', '  Jedi*knight', WRONG.password]) {
          expect(await outcome(room, { name: 'yoda', password })).to.equal('exists');
        }
        expect(await outcome(room, { ...WRONG, ...{ misread: WRONG.password } })).to.equal('exists');
        await room.enter('yoda', WRONG.password);
      });

      it('repairs an account of an earlier version, with any number of leading spaces', async () => {
        const room = await setUp();
        await madeBefore(room, '\t  Jedi*knight');
        for (const misread of [{}, { misread: '  Jedi*knight' }, { misread: '' }, { misread: ' '.repeat(1024) }]) {
          expect(await outcome(room, { ...RIGHT, ...misread })).to.equal('exists');
        }
        await room.engine.journal.append({ kind: 'forum.marked', at: 1, member: 'hans', topic: null, number: 0 });
        const row = { ...RIGHT, misread: '\t  Jedi*knight' };
        expect(await outcome(room, row)).to.equal('repaired');
        expect(await outcome(room, row)).to.equal('exists');
        await room.enter('yoda', 'Jedi*knight');
      });

      it('keeps an account of an earlier version that has been used', async () => {
        const session = { name: 'Yoda', token: 't', expires: 9 };
        const post = { member: 'yoda', text: 'here', topic: 'lobby', replyTo: null };
        const uses: ((journal: Journal) => Promise<unknown>)[] = [
          async (journal) => {
            await appendToJournal(journal, 'session.opened', 1, session);
            await appendToJournal(journal, 'session.closed', 1, session);
          },
          (journal) => appendToJournal(journal, 'forum.posted', 1, post),
        ];
        for (const use of uses) {
          const room = await setUp();
          await madeBefore(room);
          await use(room.engine.journal);
          expect(await outcome(room)).to.equal('exists');
          await room.enter('yoda', WRONG.password);
        }
        const room = await setUp();
        await madeBefore(room);
        await room.enter('yoda', WRONG.password); // by a legacy client, which leaves no other record
        expect(await outcome(room)).to.equal('exists');
      });

      it('adds no keys to accounts made from records of earlier versions', async () => {
        const room = await setUp();
        await madeBefore(room);
        const { password } = room.view.accounts.byName('yoda')!;
        await appendToJournal(room.engine.journal, 'account.password', 1, { name: 'yoda', password });
        await appendToJournal(room.engine.journal, 'account.rehashed', 1, { name: 'yoda', password });
        expect(room.view.accounts.byName('yoda')).to.have.all.keys(
          ...['name', 'role', 'password', 'passwordSeq', 'createdAt', 'banned', 'tokens', 'seq'],
        );
      });

      it('computes at most two hashes, and none if the result cannot change', async () => {
        const room = await setUp();
        const { passwords, make, enter, accounts } = room;
        const hashes = async (row: { name: string; password: string }) => {
          const before = passwords.hashes;
          await outcome(room, row);
          return passwords.hashes - before;
        };
        await make('hans');
        expect(await hashes({ name: 'hans', password: 'x' })).to.equal(0);
        expect(await hashes(WRONG)).to.equal(1);
        expect(await hashes(WRONG)).to.equal(1);
        expect(await hashes(RIGHT)).to.equal(2);
        expect(await hashes({ name: 'a b', password: 'x' })).to.equal(0);
        await accounts.openSession(await enter('yoda', RIGHT.password));
        expect(await hashes(WRONG)).to.equal(0);
      });

      it('does not repair if a sign-in at another daemon comes first', async () => {
        const room = await setUp();
        const other = build(room.store, room.view, room.engine, {
          journal: {
            append: async (record, options) => {
              if (record.kind === 'account.password') await room.enter('yoda', WRONG.password);
              return await room.engine.journal.append(record, options);
            },
          },
        });
        await outcome(room, WRONG);
        expect(await outcome(other)).to.equal('exists');
        await room.enter('yoda', WRONG.password);
      });

      it('refuses a sign-in at another daemon that comes second', async () => {
        const room = await setUp();
        const outcomes: string[] = [];
        const other = build(room.store, room.view, room.engine, {
          journal: {
            append: async (record, options) => {
              if (outcomes.length === 0) outcomes.push(await outcome(room));
              return await room.engine.journal.append(record, options);
            },
          },
        });
        await outcome(room, WRONG);
        await refusal(other.enter('yoda', WRONG.password), 'NOT_SIGNED_IN');
        expect(outcomes).to.deep.equal(['repaired']);
        await other.enter('yoda', RIGHT.password);
      });

      it('repairs once if two daemons import concurrently', async () => {
        const room = await setUp();
        const other = build(room.store, room.view, room.engine, {});
        await outcome(room, WRONG);
        const both = await Promise.all([outcome(room), outcome(other)]);
        expect(both.sort()).to.deep.equal(['exists', 'repaired']);
        await room.enter('yoda', RIGHT.password);
      });
    });

    it('throws NOT_AVAILABLE if the journal cannot be written', async () => {
      const { accounts, engine } = await setUp();
      await engine.journal.close();
      await refusal(accounts.importAccounts([{ name: 'yoda', password: 'x' }]), 'NOT_AVAILABLE');
    });
  });

  it('lists accounts by name, without secrets', async () => {
    const { make, accounts, clock } = await setUp();
    for (const name of ['yoda', 'Anakin', 'Hà']) await make(name);
    expect(await accounts.list()).to.deep.equal(
      ['Anakin', 'Hà', 'yoda'].map((name) => ({ name, role: 'member', createdAt: clock.now, banned: false })),
    );
  });

  it('logs name, address and reason of each refusal, never a password or a token', async () => {
    const { make, enter, accounts, logged } = await setUp({ attempts: 1 });
    const { token } = await accounts.openSession(await make('yoda', 'pa55word'));
    await refusal(make('yoda', 'pa55word'), 'ACCOUNT_EXISTS');
    await refusal(enter('nobody', 'pa55word', THERE), 'NO_SUCH_ACCOUNT');
    await refusal(enter('yoda', 'gue55'), 'WRONG_PASSWORD');
    await refusal(enter('yoda', 'pa55word'), 'LOCKED_OUT');
    const change = { name: 'yoda', password: 'gue55', newPassword: 'n3w', address: THERE };
    await refusal(accounts.changePassword(change), 'WRONG_PASSWORD');
    await accounts.ban({ name: 'yoda', banned: true, by: 'root' });
    await refusal(() => accounts.resume(token, THERE), 'NOT_ALLOWED');
    await refusal(() => accounts.resume(`${token}x`, THERE), 'NOT_SIGNED_IN');
    expect(
      logged.map((line) => {
        const { event, name, address, reason } = line as Record<string, string>;
        return [event, name, address, reason];
      }),
    ).to.deep.equal([
      ['account.signUp', 'yoda', HERE, 'ACCOUNT_EXISTS'],
      ['account.signIn', undefined, THERE, 'NO_SUCH_ACCOUNT'],
      ['account.signIn', 'yoda', HERE, 'WRONG_PASSWORD'],
      ['account.signIn', 'yoda', HERE, 'LOCKED_OUT'],
      ['account.changePassword', 'yoda', THERE, 'WRONG_PASSWORD'],
      ['account.resume', 'yoda', THERE, 'NOT_ALLOWED'],
      ['account.resume', undefined, THERE, 'NOT_SIGNED_IN'],
    ]);
    const text = JSON.stringify(logged);
    for (const secret of ['pa55word', 'gue55', 'n3w', token, tokenHash(token)]) expect(text).to.not.include(secret);
  });
});
