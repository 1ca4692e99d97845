import { connect } from 'node:net';
import { expect } from 'chai';
import { LocalJournal } from '../../src/engine/local/journal.ts';
import { Presence } from '../../src/room/presence.ts';
import type { DaemonFixture } from '../daemon-fixture.ts';
import { ForumClient, startFor } from '../dialects/clients.ts';
import { Wire } from './wire.ts';

const password = 'secret';

type Method = (...given: unknown[]) => Promise<unknown>;

/**
 * Delays the replies of a method that `isHeld` selects, like a slow disk or daemon, while `meanwhile` runs.
 * @param enter starts the call
 */
async function hold<T>(
  [target, method, isHeld]: readonly [target: object, method: string, isHeld: (first: unknown) => boolean],
  enter: () => Promise<T>,
  meanwhile: () => Promise<unknown>,
): Promise<T> {
  const methods = target as Record<string, Method>;
  const real = methods[method]!;
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let reach = () => {};
  const reached = new Promise<void>((resolve) => (reach = resolve));
  methods[method] = async function (this: unknown, ...given) {
    const result = await real.apply(this, given);
    if (!isHeld(given[0])) return result;
    reach();
    await released;
    return result;
  };
  try {
    const entering = enter();
    await reached;
    await meanwhile();
    release();
    return await entering;
  } finally {
    release();
    methods[method] = real;
  }
}

const isOpening = (record: unknown) => (record as { kind: string }).kind === 'session.opened';

describe('authority that is revoked during a sign-in', () => {
  let daemon: DaemonFixture;
  let control: Wire;
  let made = 0;
  before(async () => {
    daemon = await startFor(['forum'], { config: { limits: { connectionsPerAddress: 1000 } } });
    control = await Wire.over(connect(daemon.home.controlSocket));
    await control.call('hello', { protocol: 1, client: 'test' });
    await control.result('account.signUp', { name: 'first-owner', password });
  });
  after(async () => {
    control.close();
    await daemon.stop();
  });

  const account = async (role: string) => {
    const name = `${role}-${++made}`;
    await control.result('account.import', { accounts: [{ name, password }] });
    if (role !== 'member') await control.result('account.setRole', { name, role });
    return name;
  };
  const greet = () => Wire.greet(daemon.address, { tls: true });
  const isThere = async (name: string) =>
    (await control.result('members.active')).members.some((member: { name: string }) => member.name === name);
  /** The token of an account that is not signed in. */
  const tokenOf = async (name: string) => {
    const wire = await greet();
    const { token } = await wire.result('account.signIn', { name, password });
    wire.close();
    while (await isThere(name));
    return token as string;
  };

  for (const [way, what, wait] of [
    ['account.signIn', 'the disk', () => [LocalJournal.prototype, 'append', isOpening]],
    ['account.signIn', 'other daemons', (name) => [Presence.prototype, 'reserveSignIn', (claimed) => claimed === name]],
    ['account.resume', 'other daemons', (name) => [Presence.prototype, 'reserveSignIn', (claimed) => claimed === name]],
  ] as readonly [string, string, (name: string) => Parameters<typeof hold>[0]][]) {
    it(`is gone after ${way} that waited for ${what}, and cannot be regained`, async () => {
      const name = await account('owner');
      const by = way === 'account.resume' ? { token: await tokenOf(name) } : { name, password };
      const wire = await greet();
      const entered = await hold(
        wait(name),
        () => wire.result(way, by),
        () => control.result('account.setRole', { name, role: 'member' }),
      );
      expect(entered.role).to.equal('member');
      for (const [method, params] of [
        ['account.setRole', { name, role: 'owner' }],
        ['account.export', { name: 'first-owner' }],
        ['admin.status', {}],
      ] as const) {
        expect((await wire.call(method, params)).error?.code, method).to.equal(416);
      }
      wire.close();
    });
  }

  it('refuses a legacy client that is banned during its sign-in', async () => {
    const name = await account('member');
    const client = await ForumClient.open(daemon);
    const told = await hold(
      [Presence.prototype, 'reserveSignIn', (claimed) => claimed === name],
      () => client.signIn(name),
      () => control.result('admin.ban', { name, reason: 'spam' }),
    );
    expect(told).to.equal('Failed.This account is banned (spam). Ask the owner of the room.');
    expect(await isThere(name)).to.equal(false);
  });
});
