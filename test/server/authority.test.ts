import { connect } from 'node:net';
import { expect } from 'chai';
import { METHODS, type MethodName } from '../../src/protocol/methods.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { EXAMPLES } from '../protocol/examples.ts';
import { Wire } from './wire.ts';

/** The level of each method, independent of src/protocol. A method without a row does not compile. */
const MAY: Readonly<Record<MethodName, Level>> = {
  hello: 'anyone',
  'account.signUp': 'anyone',
  'account.signIn': 'anyone',
  'account.resume': 'anyone',

  watch: 'reader',
  sum: 'reader',
  'members.active': 'reader',
  'rates.list': 'reader',
  'rates.get': 'reader',
  'rates.lookup': 'reader',
  'rates.history': 'reader',
  'rates.trends': 'reader',
  'rates.providers': 'reader',
  'rates.export': 'reader',
  'rates.imports': 'reader',
  'rates.held': 'reader',
  'forum.read': 'reader',
  'forum.search': 'reader',
  'forum.topics': 'reader',
  'forum.revisions': 'reader',
  'files.discover': 'reader',
  'files.find': 'reader',
  'peer.ping': 'reader',

  'account.signOut': 'member',
  'account.changePassword': 'member',
  'forum.post': 'member',
  'forum.edit': 'member',
  'forum.delete': 'member',
  'forum.markRead': 'member',
  'messages.send': 'member',
  'messages.read': 'member',
  'messages.conversations': 'member',
  'messages.markRead': 'member',
  'files.publish': 'member',
  'files.unpublish': 'member',
  'peer.register': 'member',
  'peer.connect': 'member',

  'account.list': 'owner',
  'account.setRole': 'owner',
  'account.import': 'owner',
  'rates.startImport': 'owner',
  'rates.import': 'owner',
  'rates.undo': 'owner',
  'rates.remove': 'owner',
  'rates.correct': 'owner',
  'rates.decide': 'owner',
  'admin.status': 'owner',
  'admin.quitAll': 'owner',
  'admin.kick': 'owner',
  'admin.ban': 'owner',
  'admin.bans': 'owner',
  'account.export': 'reader',
  'admin.backup': 'owner',
  'admin.reload': 'owner',
  'admin.refresh': 'owner',
  'admin.stop': 'owner',
};

type Level = 'anyone' | 'reader' | 'member' | 'owner';
type Caller = 'nobody' | 'member' | 'moderator' | 'owner' | 'control socket' | 'member on the control socket';

/** The status that refuses a caller; undefined if they may call. */
const REFUSED: Readonly<Record<Caller, Readonly<Record<Level, 407 | 416 | undefined>>>> = {
  nobody: { anyone: undefined, reader: 407, member: 407, owner: 407 },
  member: { anyone: undefined, reader: undefined, member: undefined, owner: 416 },
  moderator: { anyone: undefined, reader: undefined, member: undefined, owner: 416 },
  owner: { anyone: undefined, reader: undefined, member: undefined, owner: undefined },
  'control socket': { anyone: undefined, reader: undefined, member: 407, owner: undefined },
  'member on the control socket': { anyone: undefined, reader: undefined, member: undefined, owner: undefined },
};

/** Refusals because of the call, not because of the caller. */
const OF_THE_CALL: Partial<Record<MethodName, RegExp>> = {
  'account.export': /^Only the owner can export the data of others/,
  'account.resume': /^This token is no longer valid/,
  'peer.connect': /^Register a peer on this connection first/,
};

const NAMES = Object.keys(METHODS) as MethodName[];
const CALLERS = Object.keys(REFUSED) as Caller[];
const password = 'size matters not';

describe('authority', () => {
  let daemon: DaemonFixture;
  let made = 0;
  before(async () => {
    daemon = await DaemonFixture.start({
      config: {
        limits: {
          signUpsPerHour: 1000,
          connections: 10_000,
          connectionsPerAddress: 10_000,
          callsPerSecond: 1e6,
          callsBurst: 1e6,
        },
      },
    });
    const owner = await local();
    await owner.result('account.signUp', { name: 'first-owner', password });
    owner.close();
  });
  after(() => daemon.stop());

  const seq = () => daemon.daemon.status().seq;
  const local = async () => {
    const wire = await Wire.over(connect(daemon.home.controlSocket));
    await wire.call('hello', { protocol: 1, client: 'test' });
    return wire;
  };
  const account = async (role: string) => {
    const name = `${role}-${++made}`;
    const control = await local();
    await control.result('account.import', { accounts: [{ name, password }] });
    if (role !== 'member') await control.result('account.setRole', { name, role });
    control.close();
    return name;
  };
  /** A connection of such a caller, and the token to open the next one. */
  const tokens = new Map<Caller, string>();
  const enter = async (caller: Caller): Promise<Wire> => {
    const wire = caller.endsWith('control socket') ? await local() : await Wire.greet(daemon.address, { tls: true });
    if (caller === 'nobody' || caller === 'control socket') return wire;
    const token = tokens.get(caller);
    if (token && (await wire.call('account.resume', { token })).result) return wire;
    const name = await account(caller.startsWith('member') ? 'member' : caller);
    tokens.set(caller, (await wire.result('account.signIn', { name, password })).token);
    return wire;
  };

  it('has a row for every method, equal to the protocol', () => {
    expect(Object.keys(MAY)).to.have.members(NAMES);
    for (const name of NAMES) expect(MAY[name], name).to.equal(METHODS[name].access);
  });

  for (const caller of CALLERS) {
    it(`lets ${caller} call only what they may, and no refused call changes anything`, async () => {
      for (const name of NAMES) {
        const wire = await enter(caller);
        const before = seq();
        const { error } = await wire.call(name, EXAMPLES[name].params);
        const refused = REFUSED[caller][MAY[name]];
        if (refused === undefined) {
          if (error && [407, 416].includes(error.code)) expect(error.message, name).to.match(OF_THE_CALL[name] ?? /^$/);
        } else {
          expect(error?.code, name).to.equal(refused);
          expect(seq(), name).to.equal(before);
        }
        wire.close();
        await wire.ended();
      }
    });
  }

  describe('of members who are', () => {
    /** After a refusal they are nobody: they may call what nobody may. */
    const staysNobody = async (wire: Wire) => {
      const before = seq();
      for (const name of NAMES.filter((name) => MAY[name] !== 'anyone')) {
        expect((await wire.call(name, EXAMPLES[name].params)).error?.code, name).to.equal(407);
      }
      expect(seq()).to.equal(before);
      wire.close();
    };
    const refuses = async (wire: Wire, code: number, method: MethodName, params: object) => {
      const before = seq();
      expect((await wire.call(method, params)).error?.code, method).to.equal(code);
      expect(seq(), method).to.equal(before);
    };
    for (const where of ['TLS', 'the control socket'] as const) {
      const greet = () => (where === 'TLS' ? Wire.greet(daemon.address, { tls: true }) : local());
      /** An account with a token that is not signed in. */
      const away = async () => {
        const name = await account('member');
        const wire = await greet();
        const { token } = await wire.result('account.signIn', { name, password });
        wire.close();
        await wire.ended();
        const control = await local();
        const isThere = async () =>
          (await control.result('members.active')).members.some((member: { name: string }) => member.name === name);
        while (await isThere());
        control.close();
        return { name, token };
      };

      it(`banned, over ${where}: 416 by password and by token`, async () => {
        const { name, token } = await away();
        const control = await local();
        await control.result('admin.ban', { name });
        control.close();
        const wire = await greet();
        for (const takeOver of [false, true]) {
          await refuses(wire, 416, 'account.signIn', { name, password, takeOver });
          await refuses(wire, 416, 'account.resume', { token, takeOver });
        }
        await refuses(wire, 404, 'account.signUp', { name, password });
        if (where === 'TLS') await staysNobody(wire);
      });

      it(`locked out, over ${where}: 423 for the right password, also to change it`, async () => {
        const { name, token } = await away();
        const wire = await greet();
        for (let i = 0; i < 3; i++) await refuses(wire, 402, 'account.signIn', { name, password: 'wrong' });
        await refuses(wire, 423, 'account.signIn', { name, password });
        const inside = await greet();
        await inside.result('account.resume', { token }); // a token is not a password attempt
        await refuses(inside, 423, 'account.changePassword', { password, newPassword: 'x' });
        inside.close();
        if (where === 'TLS') await staysNobody(wire);
      });

      it(`already signed in, over ${where}: 403 by password`, async () => {
        const { name, token } = await away();
        const inside = await greet();
        await inside.result('account.resume', { token });
        const wire = await greet();
        await refuses(wire, 403, 'account.signIn', { name, password });
        expect((await inside.result('members.active')).members.map((each: { name: string }) => each.name)).to.include(
          name,
        );
        if (where === 'TLS') await staysNobody(wire);
        inside.close();
      });
    }

    it('signed out: their token is revoked, and the connection is anonymous', async () => {
      const wire = await Wire.greet(daemon.address, { tls: true });
      const { token } = await wire.result('account.signIn', { name: await account('moderator'), password });
      await wire.result('account.signOut');
      await refuses(wire, 407, 'account.resume', { token });
      await staysNobody(wire);
    });

    it('no longer owner: their next call is refused', async () => {
      const wire = await Wire.greet(daemon.address, { tls: true });
      const name = await account('owner');
      await wire.result('account.signIn', { name, password });
      await wire.result('admin.status');
      await wire.result('account.setRole', { name, role: 'member' });
      for (const method of NAMES.filter((name) => MAY[name] === 'owner')) {
        await refuses(wire, 416, method, EXAMPLES[method].params);
      }
      wire.close();
    });
  });

  it('over a post belongs to its author and moderators', async () => {
    const writer = await enter('member');
    const { number } = (await writer.result('forum.post', { text: 'mine' })).post;
    const other = await Wire.greet(daemon.address, { tls: true });
    await other.result('account.signIn', { name: await account('member'), password });
    const before = seq();
    for (const [method, params] of [
      ['forum.edit', { number, text: 'yours' }],
      ['forum.delete', { number }],
    ] as const) {
      expect((await other.call(method, params)).error?.code, method).to.equal(416);
    }
    expect(seq()).to.equal(before);
    const moderator = await enter('moderator');
    await moderator.result('forum.edit', { number, text: 'moderated' });
    await moderator.result('forum.delete', { number });
    for (const wire of [writer, other, moderator]) wire.close();
  });

  it('over listings, direct messages and read marks belongs to their member only, whoever is named', async () => {
    const yoda = await enter('member');
    const file = { ...EXAMPLES['files.publish'].params, name: 'mine.txt' };
    await yoda.result('peer.register', { port: 9, key: 'b'.repeat(64), local: [] });
    await yoda.result('files.publish', file);
    const [boss, one, two] = [await account('owner'), await account('member'), await account('member')];
    const owner = await Wire.greet(daemon.address, { tls: true });
    await owner.result('account.signIn', { name: boss, password });
    const before = seq();
    expect((await owner.call('files.unpublish', { name: 'mine.txt' })).error?.code).to.equal(406);
    expect(seq()).to.equal(before);
    const wires = await Promise.all([one, two].map(() => Wire.greet(daemon.address, { tls: true })));
    for (const [i, name] of [one, two].entries()) await wires[i]!.result('account.signIn', { name, password });
    await wires[0]!.result('messages.send', { to: two, text: 'between us' });
    expect((await owner.result('messages.conversations')).conversations).to.deep.equal([]);
    expect((await owner.result('messages.read', { with: one })).messages).to.deep.equal([]);
    for (const wire of [yoda, owner, ...wires]) wire.close();
  });
});
