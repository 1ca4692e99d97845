import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Config, parseConfig } from '../../src/daemon/config.ts';
import { MAX_LINE_BYTES } from '../../src/protocol/jsonrpc.ts';
import { DEFAULT_SCRYPT_PARAMS } from '../../src/room/password-hasher.ts';
import { DaemonFixture, type FixtureOptions } from '../daemon-fixture.ts';
import { loris } from '../faults/loris.ts';
import { ROOT } from '../root.ts';
import { Wire } from './wire.ts';

/**
 * Every limit that a client can meet, and the tests that go over it. A limit without a row does not compile; a test
 * that is named here and is not there fails.
 */
const PROVEN: Readonly<Record<keyof Config['limits'] | Fixed, readonly (readonly [file: string, test: string])[]>> = {
  lineBytes: [
    ['server/limits', 'takes a line of 64 KiB, and ends at one byte more'],
    ['server/connection', 'ends at a line that is too long, or no UTF-8, with the reason'],
    ['server/hostile', '1 MB lines and half lines leave no memory behind'],
  ],
  postCharacters: [['server/limits', 'refuses a post that is longer by one character']],
  callsPerSecond: [
    ['server/limits', 'lets somebody in again after the wait that it told'],
    ['server/session', 'is held to its burst, with the time to wait'],
  ],
  callsBurst: [['server/session', 'is held to its burst, with the time to wait']],
  connections: [['server/limits', 'closes connections beyond all that it may have, and takes others when some went']],
  connectionsPerAddress: [['server/connection', 'is refused beyond the limit of its address']],
  helloMs: [
    ['server/connection', 'has a time to say hello, and one to sign in'],
    ['server/limits', 'ends TLS that does not come to its end in the time to say hello'],
  ],
  signInMs: [['server/connection', 'has a time to say hello, and one to sign in']],
  pingMs: [
    ['server/connection', 'is asked for a sign of life, and ended after two missed'],
    ['server/presence', 'lets somebody go who answers two pings no more, and frees his account'],
  ],
  idleMs: [['server/presence', 'tells who falls idle and who is back, whatever programs do by themselves']],
  queueSoftBytes: [
    [
      'server/back-pressure',
      'are left out past the soft limit: prices but the newest, posts with a notice of where to ask again',
    ],
  ],
  queueHardBytes: [['server/back-pressure', 'drop who reads nothing of what it asked for, with the reason']],
  stallMs: [['server/connection', 'is dropped when it does not read what it asked for']],
  signUpsPerHour: [
    ['server/limits', 'refuses sign-ups of one address and of all by 429 with the wait'],
    ['room/accounts', 'counts the sign-ups of an address in the last hour'],
  ],
  signUpsInAllPerHour: [
    ['server/limits', 'refuses sign-ups of one address and of all by 429 with the wait'],
    ['room/accounts', 'counts those of all addresses together as well'],
  ],
  passwordQueue: [
    ['server/limits', 'refuses passwords beyond those that wait by 429 with the wait, and takes them later'],
    ['room/accounts', 'refuses more than its queue holds with 429'],
    ['room/password-hasher', 'refuses beyond its queue, except for the patient, and recovers'],
  ],
  postsPerDay: [['server/limits', 'refuses what a member writes beyond a day, by 429 with the wait']],
  bytesPerDay: [['server/limits', 'refuses what a member writes beyond a day, by 429 with the wait']],
  postsPerDayPerSource: [
    ['server/limits', 'refuses what members of one address write beyond a day, by 429 with the wait'],
  ],
  bytesPerDayPerSource: [
    ['server/limits', 'refuses what members of one address write beyond a day, by 429 with the wait'],
  ],
  freeBytes: [['server/limits', 'writes nothing on a disk with less room, and reads on']],
  listings: [['server/files', 'are so many of one member at most']],
  relays: [
    ['server/introduction-server', 'relays as many as it may, and says to the others that it does not'],
    ['server/introduction-server', 'keeps relays for others, however many one member and one source ask for'],
  ],
  relayBytesPerSecond: [
    ['server/introduction-server', 'drops what is over the quota of an introduction, and no other one feels it'],
  ],
  'wrong passwords of a pair': [
    ['server/account', 'locks the pair of account and address after three wrong passwords'],
  ],
  'wrong passwords of an address': [
    ['room/login-throttle', 'lets an address wait after 20 failures in 10 minutes, whatever the accounts'],
  ],
  'connections of a session': [['room/presence', 'takes further connections of the session, 16 at most']],
  'introductions of a connection, and of all': [
    [
      'server/introduction-server',
      'bounds the introductions of a connection that asks, not of one that is asked, and those of all',
    ],
    ['server/introduction-server', 'keeps introductions for others, over how many connections ever one member asks'],
  ],
  'life of a token': [['room/accounts', 'last 30 days']],
};

/** Limits that no setting changes. */
type Fixed =
  | 'wrong passwords of a pair'
  | 'wrong passwords of an address'
  | 'connections of a session'
  | 'introductions of a connection, and of all'
  | 'life of a token';

describe('limits', () => {
  let daemon: DaemonFixture | undefined;
  const start = async (limits: object, options: FixtureOptions = {}) => {
    daemon = await DaemonFixture.start({ config: { limits }, ...options });
    return daemon.address;
  };
  afterEach(async () => {
    await daemon?.stop();
    daemon = undefined;
  });

  it('have a test each that goes over them', async () => {
    const { limits } = parseConfig('{}', 'config.json');
    expect(Object.keys(PROVEN)).to.include.members(Object.keys(limits));
    for (const [limit, tests] of Object.entries(PROVEN)) {
      expect(tests, limit).to.not.deep.equal([]);
      for (const [file, test] of tests) {
        const text = await readFile(join(ROOT, 'test', `${file}.test.ts`), 'utf8');
        expect(text, `${limit}: ${file}`).to.include(`it('${test}'`);
      }
    }
  });

  it('takes a line of 64 KiB, and ends at one byte more', async () => {
    const address = await start({});
    const line = (bytes: number) => {
      const head = '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"client":"x"}';
      return `${head}${' '.repeat(bytes - head.length - 1)}}\n`;
    };
    const fits = await Wire.open(address);
    fits.send(line(MAX_LINE_BYTES));
    expect((await fits.wait(({ id }) => id === 1)).result.protocol).to.equal(1);
    const long = await Wire.open(address);
    long.send(line(MAX_LINE_BYTES + 1));
    expect((await long.wait(({ error }) => error !== undefined)).error).to.deep.nested.include({
      code: 413,
      'data.limitBytes': MAX_LINE_BYTES,
    });
    expect((await long.event('bye')).params.status).to.equal(413);
    await long.ended();
    fits.close();
  });

  it('refuses a post that is longer by one character', async () => {
    const wire = await Wire.member(await start({}), 'writer');
    const text = '\u{1f4b0}'.repeat(4096);
    expect((await wire.result('forum.post', { text })).post.text).to.equal(text);
    expect((await wire.call('forum.post', { text: `${text}x` })).error?.code).to.be.oneOf([413, -32602]);
    expect((await wire.call('forum.post', { text: 'x'.repeat(4097) })).error?.code).to.equal(413);
    wire.close();
  });

  it('lets somebody in again after the wait that it told', async () => {
    const wire = await Wire.open(await start({ callsPerSecond: 20, callsBurst: 3 }));
    const hello = () => wire.call('hello', { protocol: 1, client: 'x' });
    const answers = await Promise.all(Array.from({ length: 6 }, hello));
    const waits = answers.flatMap(({ error }) => (error ? [error.data.retryAfterMs as number] : []));
    expect(waits).to.have.length(3);
    await new Promise((resolve) => setTimeout(resolve, Math.max(...waits)));
    expect((await hello()).error).to.equal(undefined);
    wire.close();
  });

  it('closes connections beyond all that it may have, and takes others when some went', async () => {
    const address = await start({ connections: 3, connectionsPerAddress: 100 });
    const three = await Promise.all([1, 2, 3].map(() => Wire.greet(address)));
    const fourth = await Wire.open(address, { tls: false });
    await fourth.ended();
    expect(fourth.lines).to.deep.equal([]);
    three[0]!.close();
    for (;;) {
      const wire = await Wire.open(address);
      const answer = await wire.call('hello', { protocol: 1, client: 'x' }).catch(() => undefined);
      wire.close();
      if (answer) break;
    }
    for (const wire of three) wire.close();
  });

  it('ends TLS that does not come to its end in the time to say hello', async () => {
    const address = await start({ helloMs: 100 });
    const half = await Wire.open(address);
    half.send(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])); // the beginning of a ClientHello
    await half.ended();
  });

  it('refuses sign-ups of one address and of all by 429 with the wait', async () => {
    for (const limits of [{ signUpsPerHour: 1 }, { signUpsInAllPerHour: 1 }]) {
      const address = await start(limits);
      const [one, other] = [await Wire.greet(address), await Wire.greet(address)];
      await one.result('account.signUp', { name: 'one', password: 'x' });
      const { error } = await other.call('account.signUp', { name: 'other', password: 'x' });
      expect(error).to.deep.nested.include({ code: 429, 'data.reason': 'TOO_MANY_REQUESTS' });
      expect(error?.data.retryAfterMs).to.be.within(3_500_000, 3_600_000);
      const control = await daemon!.connect();
      expect((await control.call('account.list', {})).accounts).to.have.length(1);
      for (const wire of [one, other]) wire.close();
      await daemon!.stop();
      daemon = undefined;
    }
  });

  it('refuses passwords beyond those that wait by 429 with the wait, and takes them later', async () => {
    // At their real cost: all have come before the first is done.
    const address = await start({ passwordQueue: 2, signUpsPerHour: 100 }, { passwordCost: DEFAULT_SCRYPT_PARAMS });
    const wires = await Promise.all(Array.from({ length: 8 }, () => Wire.greet(address)));
    const answers = await Promise.all(
      wires.map((wire, i) => wire.call('account.signUp', { name: `n${i}`, password: 'x' })),
    );
    const refused = answers.flatMap(({ error }, i) => (error ? [{ error, i }] : []));
    expect(refused).to.have.length(8 - 3); // one at work, two that wait
    for (const { error } of refused) {
      expect(error.code).to.equal(429);
      expect(error.data.retryAfterMs).to.be.at.least(1000);
    }
    const { i } = refused[0]!;
    await wires[i]!.result('account.signUp', { name: `n${i}`, password: 'x' });
    for (const wire of wires) wire.close();
  });

  /** Everything that a member can have written for good. */
  const WRITES: readonly (readonly [method: string, params: object])[] = [
    ['forum.post', { text: 'once more' }],
    ['forum.edit', { number: 1, text: 'once more' }],
    ['messages.send', { to: 'other', text: 'once more' }],
  ];
  const LISTING: readonly [string, object] = [
    'files.publish',
    { name: 'a.txt', size: 1, hash: 'a'.repeat(64), modified: 1, key: 'b'.repeat(64), description: 'x'.repeat(500) },
  ];

  async function signedUp(address: string, name: string): Promise<Wire> {
    const wire = await Wire.greet(address);
    await wire.result('account.signUp', { name, password: 'x' });
    return wire;
  }

  it('refuses what a member writes beyond a day, by 429 with the wait', async () => {
    for (const [limits, writes] of [
      [{ postsPerDay: 1 }, WRITES],
      [{ bytesPerDay: 1024 }, [...WRITES, LISTING]],
    ] as const) {
      const address = await start(limits);
      const [one, other] = [await signedUp(address, 'one'), await signedUp(address, 'other')];
      await one.result('forum.post', { text: 'x'.repeat('bytesPerDay' in limits ? 700 : 1) });
      for (const [method, params] of writes) {
        const { error } = await one.call(method, params);
        expect(error, method).to.deep.nested.include({ code: 429, 'data.reason': 'TOO_MANY_REQUESTS' });
        expect(error!.data.retryAfterMs, method).to.be.within(1000, 86_400_000);
        expect(error!.message).to.match(/^You have reached the daily limit\..* try again in \d+ /);
      }
      await other.result('forum.post', { text: 'x' });
      for (const wire of [one, other]) wire.close();
      await daemon!.stop();
      daemon = undefined;
    }
  });

  it('refuses what members of one address write beyond a day, by 429 with the wait', async () => {
    for (const [limits, writes] of [
      [{ postsPerDayPerSource: 1 }, WRITES],
      [{ bytesPerDayPerSource: 1024 }, [...WRITES, LISTING]],
    ] as const) {
      const address = await start(limits);
      const [one, other] = [await signedUp(address, 'one'), await signedUp(address, 'other')];
      await other.result('forum.post', { text: 'x'.repeat('bytesPerDayPerSource' in limits ? 700 : 1) });
      for (const [method, params] of writes.filter(([method]) => method !== 'forum.edit')) {
        const { error } = await one.call(method, params);
        expect(error, method).to.deep.nested.include({ code: 429, 'data.reason': 'TOO_MANY_REQUESTS' });
        expect(error!.message).to.contain('Members at your address have reached');
      }
      for (const wire of [one, other]) wire.close();
      await daemon!.stop();
      daemon = undefined;
    }
  });

  it('writes nothing on a disk with less room, and reads on', async () => {
    const address = await start({ freeBytes: 2 ** 50 });
    const [one, other] = [await signedUp(address, 'one'), await signedUp(address, 'other')];
    for (const [method, params] of [...WRITES.filter(([method]) => method !== 'forum.edit'), LISTING]) {
      const { error } = await one.call(method, params);
      expect(error, method).to.deep.nested.include({ code: 503, 'data.reason': 'NOT_AVAILABLE' });
      expect(error!.message).to.contain('disk is nearly full');
    }
    expect(((await one.result('forum.read', {})) as { posts: unknown[] }).posts).to.deep.equal([]);
    for (const wire of [one, other]) wire.close();
  });

  it('lets new members in past five hundred who never end their first line', async () => {
    const address = await start({ connectionsPerAddress: 1000, signUpsPerHour: 100 });
    const { open, waits } = await loris(address, { halves: 500, members: 3 });
    expect(open).to.equal(500);
    expect(waits).to.have.length(3);
  });
});
