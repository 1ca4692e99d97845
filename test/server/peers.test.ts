import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { type IntroductionSide, streamIds } from '../../src/protocol/datagram.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { isFree } from '../ports.ts';
import { refusal } from '../room/room.ts';
import { type Introduced, sayHello } from './say-hello.ts';
import { type Answer, Wire } from './wire.ts';

const key = (digit: string) => digit.repeat(64);
const password = 'secret';

describe('the peer methods', () => {
  let daemon: DaemonFixture;
  let owner: Client;
  const sockets: Socket[] = [];
  before(async () => {
    daemon = await DaemonFixture.start({
      config: { limits: { callsPerSecond: 1e6, callsBurst: 1e6, signUpsPerHour: 1000, connectionsPerAddress: 1000 } },
    });
    owner = await daemon.connect();
  });
  after(async () => {
    for (const socket of sockets) socket.close();
    await daemon.stop();
  });

  /** A member with a peer, over TLS. */
  const member = async (name: string, port?: number, itsKey = key('a')) => {
    const wire = await Wire.greet(daemon.address, { tls: true });
    const { token } = await wire.result('account.signUp', { name, password });
    if (port !== undefined) await register(wire, port, itsKey);
    return { wire, token };
  };
  const another = async (token: string, peer?: object) => {
    const wire = await Wire.greet(daemon.address, { tls: true });
    await wire.result('account.resume', { token, ...(peer ? { peer } : {}) });
    return wire;
  };
  const register = (wire: Wire, port: number, itsKey = key('a'), local: object[] = []) =>
    wire.result('peer.register', { port, key: itsKey, local });
  const counts = async () => (await owner.call('admin.status', {})).peers;
  const udp = async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'listening');
    return socket;
  };
  const hello = (socket: Socket, introduced: Introduced, side: IntroductionSide, relay = false) =>
    sayHello(socket, Number(daemon.address.split(':').at(-1)), introduced, side, { relay });

  it('introduce peers to each other, each with its observed endpoint', async () => {
    const { wire: yoda } = await member('yoda');
    const { wire: hans } = await member('hans', 7001, key('b'));
    const local = [
      { address: '10.0.0.7', port: 7000 },
      { address: 'fe80::1%eth0', port: 7000 },
    ];
    expect(await register(yoda, 7000, key('a'), local)).to.deep.equal({ address: '127.0.0.1' });
    const result = await yoda.result('peer.connect', { member: 'HANS' });
    const { id, secret, ticket, ...rest } = result;
    expect(rest).to.deep.equal({
      side: 'a',
      member: 'hans',
      address: '127.0.0.1',
      port: 7001,
      key: key('b'),
      local: [],
      relay: true,
    });
    expect(ticket).to.equal(`${id}.${secret}`);
    const event = await hans.event('peer');
    expect(event.params).to.deep.equal({
      id,
      secret,
      side: 'b',
      member: 'yoda',
      address: '127.0.0.1',
      port: 7000,
      key: key('a'),
      local: [local[0], { address: 'fe80::1', port: 7000 }],
      relay: true,
    });
    const [a, b] = [await udp(), await udp()];
    await hello(a, result, 'a', true);
    const seen = await hello(b, result, 'b', true);
    expect(seen).to.deep.include({ other: { address: '127.0.0.1', port: a.address().port }, relayed: true });
    const packet = Buffer.alloc(1200, 7);
    packet[0] = 0xff;
    packet.writeUInt32LE(streamIds(id).a, 4);
    const came = once(a, 'message');
    b.send(packet, Number(daemon.address.split(':').at(-1)), '127.0.0.1');
    expect((await came)[0]).to.deep.equal(packet);
    expect(await counts()).to.deep.include({ introductions: 1, relays: 1, relayedBytes: 1200 });
    for (const wire of [yoda, hans]) {
      wire.close();
      await wire.ended();
    }
    while ((await counts()).introductions > 0);
    expect(await counts()).to.include({ relays: 0 });
  });

  it('use the latest connection of a member or key, and notify only that one', async () => {
    const { wire: first, token } = await member('several', 7100, key('a'));
    const second = await another(token, { port: 7101, key: key('b') });
    const third = await another(token);
    const { wire: asker } = await member('asker', 7000);
    const connect = async (itsKey?: string) =>
      (await asker.result('peer.connect', { member: 'several', ...(itsKey ? { key: itsKey } : {}) })).port;
    const port = async () =>
      (await asker.result('members.active')).members.find(({ name }: { name: string }) => name === 'several').peerPort;
    expect([await connect(), await connect(key('a')), await connect(key('b')), await port()]).to.deep.equal([
      7101, 7100, 7101, 7101,
    ]);
    await register(first, 7102, key('b'));
    expect([await connect(), await connect(key('b')), await port()]).to.deep.equal([7102, 7102, 7102]);
    expect((await asker.call('peer.connect', { member: 'several', key: key('c') })).error).to.include({ code: 503 });
    await Promise.all([first, second, third].map((wire) => wire.result('members.active')));
    const told = [first, second, third].map(
      (wire) => wire.lines.filter(({ method }: Answer) => method === 'peer').length,
    );
    expect(told).to.deep.equal([3, 2, 0]);
    // Another connection of the same member is a peer like any other; the same connection is not.
    expect((await first.result('peer.connect', { member: 'several' })).port).to.equal(7101);
    first.close();
    await first.ended();
    while ((await port()) !== 7101);
    for (const wire of [second, third, asker]) wire.close();
  });

  it('are refused without a peer, and for members without a peer or not signed in', async () => {
    const { wire: bare } = await member('bare');
    const { wire: asker } = await member('lonely', 7000);
    const reason = async (wire: Wire, params: object) => (await wire.call('peer.connect', params)).error?.data.reason;
    expect(await reason(bare, { member: 'lonely' })).to.equal('NOT_ALLOWED');
    expect(await reason(asker, { member: 'bare' })).to.equal('NOT_AVAILABLE');
    expect(await reason(asker, { member: 'lonely' })).to.equal('NOT_AVAILABLE');
    expect(await reason(asker, { member: 'nobody' })).to.equal('NOT_FOUND');
    for (const wire of [bare, asker]) wire.close();
  });

  it('register valid peers only', async () => {
    const { wire } = await member('odd');
    const path = async (params: object) =>
      (await wire.call('peer.register', { port: 1, key: key('a'), local: [], ...params })).error?.data.path;
    expect(await path({ port: 0 })).to.equal('/port');
    expect(await path({ port: 65_536 })).to.equal('/port');
    expect(await path({ key: key('A') })).to.equal('/key');
    expect(await path({ local: Array(5).fill({ address: '10.0.0.1', port: 1 }) })).to.equal('/local');
    for (const address of ['224.0.0.1', '0.0.0.0', 'localhost', '::', 'ff02::1', '10.0.0.256']) {
      expect(
        await path({
          local: [
            { address: '10.0.0.1', port: 1 },
            { address, port: 1 },
          ],
        }),
        address,
      ).to.equal('/local/1/address');
    }
    expect((await wire.call('peer.register', { port: 1 })).error?.data.path).to.equal('/key');
    wire.close();
  });

  it('limit concurrent introductions', async () => {
    const { wire: asker } = await member('eager', 7000);
    const { wire: target } = await member('popular', 7001);
    for (let i = 0; i < 64; i++) await asker.result('peer.connect', { member: 'popular' });
    const { error } = await asker.call('peer.connect', { member: 'popular' });
    expect(error).to.deep.nested.include({ code: 429, 'data.retryAfterMs': 60_000 });
    for (const wire of [asker, target]) wire.close();
  });

  it('relay, even if another member asks for relays over several connections', async () => {
    while ((await counts()).introductions > 0);
    const { wire: first, token } = await member('greedy', 7000);
    const second = await another(token, { port: 7002, key: key('a') });
    const { wire: puppet } = await member('puppet', 7001);
    const [a, b] = [await udp(), await udp()];
    const relay = async (wire: Wire, to: string) => {
      const opened = await wire.result('peer.connect', { member: to });
      await hello(a, opened, 'a', true);
      return { promised: opened.relay, relayed: (await hello(b, opened, 'b', true)).relayed };
    };
    for (let i = 0; i < 40; i++) await relay(i % 2 ? first : second, 'puppet');
    expect((await counts()).relays).to.equal(32);
    expect(await relay(first, 'puppet')).to.deep.equal({ promised: false, relayed: false });
    const { wire: honest } = await member('honest', 7003);
    expect(await relay(honest, 'puppet')).to.deep.equal({ promised: true, relayed: true });
    for (const wire of [first, second, puppet, honest]) wire.close();
  });

  describe('end the introductions of a member', () => {
    before(async () => {
      while ((await counts()).introductions > 0);
    });
    const meet = async (name: string) => {
      const { wire: staying } = await member(`${name}-friend`, 7000);
      const { wire: going, token } = await member(name, 7001);
      const opened = await staying.result('peer.connect', { member: name });
      const [a, b] = [await udp(), await udp()];
      await hello(a, opened, 'a', true);
      expect((await hello(b, opened, 'b', true)).relayed).to.equal(true);
      return { staying, going, token };
    };
    const over = async ({ staying, going }: { staying: Wire; going: Wire }) => {
      while ((await counts()).introductions > 0);
      expect((await counts()).relays).to.equal(0);
      for (const wire of [staying, going]) wire.close();
    };

    it('when they are kicked', async () => {
      const met = await meet('kicked');
      await owner.call('admin.kick', { name: 'kicked' });
      await over(met);
    });

    it('when they are banned', async () => {
      const met = await meet('banned');
      await owner.call('admin.ban', { name: 'banned' });
      await over(met);
    });

    it('when they sign out, on this connection or another', async () => {
      const met = await meet('leaver');
      await met.going.result('account.signOut');
      expect((await met.staying.call('peer.connect', { member: 'leaver' })).error?.data.reason).to.equal('NOT_FOUND');
      await over(met);
      const twice = await meet('leaver2');
      const other = await another(twice.token);
      await other.result('account.signOut');
      await over(twice);
      other.close();
    });

    it('when another session takes over', async () => {
      const met = await meet('taken');
      const other = await Wire.greet(daemon.address, { tls: true });
      await other.result('account.signIn', { name: 'taken', password, takeOver: true });
      await over(met);
      other.close();
    });
  });

  describe('ping', () => {
    /** Answers a given number of requests of the daemon. */
    const answering = (wire: Wire, times = Number.POSITIVE_INFINITY) => {
      const asked: unknown[] = [];
      wire.socket.on('data', () => {
        for (const line of wire.lines.splice(0)) {
          if (line.method !== 'ping') wire.lines.push(line);
          else if (asked.push(line.id) <= times)
            wire.send(`{"jsonrpc":"2.0","id":${JSON.stringify(line.id)},"result":{"status":203}}\n`);
        }
      });
      return asked;
    };

    it('measures four round trips in sequence', async () => {
      const { wire: asker } = await member('pinger');
      const { wire: target } = await member('Pinged');
      const asked = answering(target);
      const answer = await asker.result('peer.ping', { member: 'pinged' });
      expect(answer).to.include({ status: 203, member: 'Pinged', sent: 4, received: 4 });
      expect(answer.timesMs).to.have.length(4);
      for (const ms of answer.timesMs) expect(ms).to.be.within(0, 1000);
      expect(answer.minMs).to.equal(Math.min(...answer.timesMs));
      expect(answer.maxMs).to.equal(Math.max(...answer.timesMs));
      expect(answer.avgMs).to.be.within(answer.minMs, answer.maxMs);
      expect(new Set(asked).size).to.equal(4);
      expect((await owner.call('peer.ping', { member: 'pinged' })).received).to.equal(4);
      for (const wire of [asker, target]) wire.close();
    });

    it('counts late replies as lost, and ignores unexpected replies', async () => {
      const { wire: asker } = await member('waiter');
      const { wire: target } = await member('sleepy');
      answering(target, 2);
      for (const id of ['"trip-3"', '"trip-4"', '"x"', 'null', '7'])
        target.send(`{"jsonrpc":"2.0","id":${id},"result":{}}\n`);
      const answer = await asker.result('peer.ping', { member: 'sleepy' });
      expect(answer).to.include({ sent: 4, received: 2 });
      expect(answer.timesMs.slice(2)).to.deep.equal([null, null]);
      for (const wire of [asker, target]) wire.close();
    });

    it('ends at once with the connection, and returns no figures without replies', async () => {
      const { wire: asker } = await member('waiter2');
      const { wire: target } = await member('gone');
      const asked = target.wait(({ method }) => method === 'ping').then(() => target.close());
      const begun = performance.now();
      const answer = await asker.result('peer.ping', { member: 'gone' });
      await asked;
      expect(performance.now() - begun).to.be.below(900);
      expect(answer).to.deep.include({
        received: 0,
        minMs: null,
        avgMs: null,
        maxMs: null,
        timesMs: [null, null, null, null],
      });
      expect((await asker.call('peer.ping', { member: 'gone' })).error).to.deep.nested.include({
        code: 417,
        'data.field': 'member',
      });
      asker.close();
    });
  });

  it('use the UDP port with the number of the TCP port, and the daemon does not start if it is in use', async () => {
    const { listening } = await owner.call('admin.status', {});
    expect(listening.filter(({ address }) => address === daemon.address).map(({ name }) => name)).to.deep.equal([
      'TLS 1.3, clear text from loopback',
      'UDP',
    ]);
    let taken = await udp();
    // TCP may use that number elsewhere: other tests run concurrently.
    while (!(await isFree(taken.address().port))) taken = await udp();
    const error = await refusal(
      () => DaemonFixture.start({ config: { listen: { port: taken.address().port, plain: true } } }),
      'PORT_TAKEN',
    );
    expect(error.message).to.match(/^UDP port \d+ on 127\.0\.0\.1 is already in use by another program\./);
    // The TCP port was released again.
    const free = createServer().listen(taken.address().port, '127.0.0.1');
    await once(free, 'listening');
    free.close();
  });
});
