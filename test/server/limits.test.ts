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
 * Every limit that a client can meet, and the tests that exceed it. A limit without a row does not compile, and a
 * named test that does not exist fails.
 */
const PROVEN: Readonly<Record<keyof Config['limits'] | Fixed, readonly (readonly [file: string, test: string])[]>> = {
  lineBytes: [
    ['server/limits', 'accepts a line of 64 KiB, and ends the connection for one more byte'],
    ['server/connection', 'ends at a line that is too long or not UTF-8, with the reason'],
    ['server/hostile', '1 MB lines and half lines leave no memory behind'],
  ],
  postCharacters: [['server/limits', 'refuses a post that is one character too long']],
  callsPerSecond: [
    ['server/limits', 'accepts calls again after the stated wait'],
    ['server/session', 'is limited to its burst, with the time to wait'],
  ],
  callsBurst: [['server/session', 'is limited to its burst, with the time to wait']],
  connections: [['server/limits', 'closes connections above the total limit, and accepts others after some closed']],
  connectionsPerAddress: [['server/connection', 'is refused beyond the limit of its address']],
  helloMs: [
    ['server/connection', 'ends without a hello, and without a sign-in, in time'],
    ['server/limits', 'disconnects a client whose TLS handshake exceeds helloMs'],
  ],
  signInMs: [['server/connection', 'ends without a hello, and without a sign-in, in time']],
  pingMs: [
    ['server/connection', 'is pinged when idle, and ended after two missed pings'],
    ['server/presence', 'free the account of a client that misses two pings'],
  ],
  idleMs: [['server/presence', 'report members who become idle and active, ignoring automatic calls']],
  queueSoftBytes: [
    ['server/back-pressure', 'are dropped above the soft limit: all prices but the newest, posts with a resync notice'],
  ],
  queueHardBytes: [['server/back-pressure', 'disconnect a client that does not read, with the reason']],
  stallMs: [['server/connection', 'is ended if it does not read its replies']],
  signUpsPerHour: [
    ['server/limits', 'refuses sign-ups of one address and of all with 429 and the wait'],
    ['room/accounts', 'limits the sign-ups of an address per hour'],
  ],
  signUpsInAllPerHour: [
    ['server/limits', 'refuses sign-ups of one address and of all with 429 and the wait'],
    ['room/accounts', 'limits the sign-ups of all addresses per hour'],
  ],
  passwordQueue: [
    ['server/limits', 'refuses passwords beyond the queue with 429 and the wait, and accepts them later'],
    ['room/accounts', 'refuses requests beyond its queue with 429'],
    ['room/password-hasher', 'refuses jobs beyond its limit, except those that ignore it, and recovers'],
  ],
  postsPerDay: [['server/limits', 'refuses writes of a member beyond the daily quota with 429 and the wait']],
  bytesPerDay: [['server/limits', 'refuses writes of a member beyond the daily quota with 429 and the wait']],
  postsPerDayPerSource: [
    ['server/limits', 'refuses writes of the members of one address beyond the daily quota with 429 and the wait'],
  ],
  bytesPerDayPerSource: [
    ['server/limits', 'refuses writes of the members of one address beyond the daily quota with 429 and the wait'],
  ],
  freeBytes: [['server/limits', 'refuses writes on a disk with too little space, and still reads']],
  listings: [['server/files', 'limit the listings of a member']],
  relays: [
    ['server/introduction-server', 'limits relays, and reports it to the other introductions'],
    ['server/introduction-server', 'keeps relays for others, even if one member and one source ask for many'],
  ],
  relayBytesPerSecond: [
    ['server/introduction-server', 'drops packets over the quota of an introduction, without affecting others'],
  ],
  'wrong passwords of a pair': [
    ['server/account', 'locks the pair of account and address after three wrong passwords'],
  ],
  'wrong passwords of an address': [
    ['room/login-throttle', 'throttles an address after 20 failures in 10 minutes, over all accounts'],
  ],
  'connections of a session': [['room/presence', 'allows at most 16 connections of a session']],
  'introductions of a connection, and of all': [
    [
      'server/introduction-server',
      'limits the introductions of the requesting connection and of all, not of the requested one',
    ],
    ['server/introduction-server', 'keeps introductions for others, even if one member asks over many connections'],
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

  it('have a test each that exceeds them', async () => {
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

  it('accepts a line of 64 KiB, and ends the connection for one more byte', async () => {
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

  it('refuses a post that is one character too long', async () => {
    const wire = await Wire.member(await start({}), 'writer');
    const text = '\u{1f4b0}'.repeat(4096);
    expect((await wire.result('forum.post', { text })).post.text).to.equal(text);
    expect((await wire.call('forum.post', { text: `${text}x` })).error?.code).to.be.oneOf([413, -32602]);
    expect((await wire.call('forum.post', { text: 'x'.repeat(4097) })).error?.code).to.equal(413);
    wire.close();
  });

  it('accepts calls again after the stated wait', async () => {
    const wire = await Wire.open(await start({ callsPerSecond: 20, callsBurst: 3 }));
    const hello = () => wire.call('hello', { protocol: 1, client: 'x' });
    const answers = await Promise.all(Array.from({ length: 6 }, hello));
    const waits = answers.flatMap(({ error }) => (error ? [error.data.retryAfterMs as number] : []));
    expect(waits).to.have.length(3);
    await new Promise((resolve) => setTimeout(resolve, Math.max(...waits)));
    expect((await hello()).error).to.equal(undefined);
    wire.close();
  });

  it('closes connections above the total limit, and accepts others after some closed', async () => {
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

  it('disconnects a client whose TLS handshake exceeds helloMs', async () => {
    const address = await start({ helloMs: 100 });
    const half = await Wire.open(address);
    half.send(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])); // the first bytes of a ClientHello
    await half.ended();
  });

  it('refuses sign-ups of one address and of all with 429 and the wait', async () => {
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

  it('refuses passwords beyond the queue with 429 and the wait, and accepts them later', async () => {
    // At their real cost: all arrive before the first one is done.
    const address = await start({ passwordQueue: 2, signUpsPerHour: 100 }, { passwordCost: DEFAULT_SCRYPT_PARAMS });
    const wires = await Promise.all(Array.from({ length: 8 }, () => Wire.greet(address)));
    const answers = await Promise.all(
      wires.map((wire, i) => wire.call('account.signUp', { name: `n${i}`, password: 'x' })),
    );
    const refused = answers.flatMap(({ error }, i) => (error ? [{ error, i }] : []));
    expect(refused).to.have.length(8 - 3); // one runs, two wait
    for (const { error } of refused) {
      expect(error.code).to.equal(429);
      expect(error.data.retryAfterMs).to.be.at.least(1000);
    }
    const { i } = refused[0]!;
    await wires[i]!.result('account.signUp', { name: `n${i}`, password: 'x' });
    for (const wire of wires) wire.close();
  });

  /** Everything that a member can store permanently. */
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

  it('refuses writes of a member beyond the daily quota with 429 and the wait', async () => {
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

  it('refuses writes of the members of one address beyond the daily quota with 429 and the wait', async () => {
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

  it('refuses writes on a disk with too little space, and still reads', async () => {
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

  it('lets new members in past five hundred connections that never end their first line', async () => {
    const address = await start({ connectionsPerAddress: 1000, signUpsPerHour: 100 });
    const { open, waits } = await loris(address, { halves: 500, members: 3 });
    expect(open).to.equal(500);
    expect(waits).to.have.length(3);
  });
});
