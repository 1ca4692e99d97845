import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { parseConfig } from '../../src/daemon/config.ts';
import { Connection } from '../../src/server/connection.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from './wire.ts';

const MEMBER_LIMITS = { signUpsPerHour: 1000, callsPerSecond: 10_000, callsBurst: 10_000 };

describe('Connection', () => {
  let daemon: DaemonFixture | undefined;
  const start = async (limits: object, listen: object = {}) => {
    daemon = await DaemonFixture.start({
      config: { limits: { ...MEMBER_LIMITS, ...limits }, listen: { port: 0, plain: true, ...listen } },
    });
    return daemon.address;
  };
  afterEach(async () => {
    await daemon?.stop();
    daemon = undefined;
  });

  it('ends without a hello, and without a sign-in, in time', async () => {
    const address = await start({ helloMs: 50, signInMs: 60 });
    const silentMs = await Wire.open(address);
    await silentMs.ended();
    const half = await Wire.open(address);
    half.send('{"jsonrpc":');
    expect((await half.event('bye')).params.status).to.equal(408);
    await half.ended();
    const anonymous = await Wire.greet(address);
    const again = setInterval(
      () => anonymous.send('{"jsonrpc":"2.0","method":"hello","params":{"protocol":1,"client":"x"}}\n'),
      10,
    );
    expect((await anonymous.event('bye')).params).to.deep.equal({
      status: 408,
      reason: 'Nobody signed in within the time limit.',
    });
    clearInterval(again);
  });

  it('is pinged when idle, and ended after two missed pings', async () => {
    const wire = await Wire.open(await start({ pingMs: 50 }));
    wire.send('\n'); // the first byte distinguishes clear text from TLS
    const ping = await wire.event('ping');
    expect(ping.id).to.be.a('string');
    expect((await wire.event('bye')).params.status).to.equal(408);
    await wire.ended();
  });

  it('stays open while it answers pings', async () => {
    const wire = await Wire.open(await start({ pingMs: 400 })); // time for a slow machine to answer
    wire.send('\n');
    for (let i = 0; i < 3; i++) {
      const before = wire.lines.length;
      const ping = await wire.wait((line) => line.method === 'ping' && wire.lines.indexOf(line) >= before);
      wire.send(`${JSON.stringify({ jsonrpc: '2.0', id: ping.id, result: { status: 203 } })}\n`);
    }
    expect(wire.closed).to.equal(false);
    wire.close();
  });

  describe('with explicit pings', () => {
    const { limits } = parseConfig('{"limits":{"pingMs":1000}}', 'config.json');
    let client: Socket;
    let connection: Connection;
    let receivedAt: EventEmitter;

    beforeEach(async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const arrived = once(server, 'connection');
      client = connect((server.address() as AddressInfo).port, '127.0.0.1');
      const [socket] = (await arrived) as [Socket];
      server.close();
      receivedAt = new EventEmitter();
      connection = new Connection(socket, { address: '127.0.0.1', local: false, limits });
      connection.start({ receiveLine: (line) => receivedAt.emit('line', line), onClosed: () => {} });
    });
    afterEach(() => client.destroy());

    const answer = async () => {
      const answered = once(receivedAt, 'line');
      client.write('{"jsonrpc":"2.0","id":"ping-1","result":{"status":203}}\n');
      await answered;
    };

    it('never ends a client that answers, at any intervals', async () => {
      for (let i = 0; i < 5; i++) {
        connection.ping(performance.now() + limits.pingMs); // each interval is slightly too long
        await answer();
        expect(connection.hasEnded).to.equal(false);
      }
    });

    it('pings again after the machine slept, and ends only a client that does not answer then', async () => {
      const morning = performance.now() + 8 * 3_600_000;
      connection.ping(morning);
      await answer();
      expect(connection.hasEnded).to.equal(false);
      connection.ping(morning);
      connection.ping(morning + limits.pingMs);
      expect(connection.hasEnded, 'two pings are pending and may still be answered').to.equal(false);
      connection.ping(morning + 2 * limits.pingMs);
      expect(connection.hasEnded).to.equal(true);
    });
  });

  it('ends at a line that is too long or not UTF-8, with the reason', async () => {
    const address = await start({});
    const long = await Wire.greet(address);
    long.send(`${'x'.repeat(70_000)}\n`);
    expect((await long.wait((line) => line.error !== undefined)).error).to.deep.include({
      code: 413,
      message: 'A line can have at most 65536 bytes.',
    });
    await long.ended();
    const binary = await Wire.greet(address);
    binary.send(Buffer.from([0x7b, 0xff, 0xfe, 0x0a]));
    expect((await binary.wait((line) => line.error !== undefined)).error).to.deep.include({ code: -32700 });
    await binary.ended();
  });

  it('is ended if it does not read its replies', async () => {
    const address = await start({ queueSoftBytes: 10_000, queueHardBytes: 200_000, stallMs: 100 });
    const control = await daemon!.connect();
    const rows = Array.from(
      { length: 1000 },
      (_, i) => [1_600_000_000_000 + i * 60_000, 50e6 + i, 51e6 + i] as [number, number, number],
    );
    await control.call('rates.import', { instrument: 'SJC', rows });
    const frozen = await Wire.member(address, 'frozen');
    frozen.socket.pause();
    const line = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'rates.history', params: { instrument: 'SJC', from: 0, to: 2e12, interval: 'raw' } })}\n`;
    frozen.send(line.repeat(400));
    const other = await Wire.member(address, 'lively');
    for (;;) {
      const { members } = await other.result('members.active');
      if (members.every((member: { name: string }) => member.name !== 'frozen')) break;
    }
    for (const wire of [frozen, other]) wire.close();
    await control.close();
  });

  it('keeps a slow reader that requests many pages at once', async function () {
    this.timeout(60_000);
    const address = await start({ queueHardBytes: 4_000_000, stallMs: 60_000 });
    const writer = await Wire.member(address, 'writer');
    // A page of 200 posts has 2.5 MB.
    for (let i = 0; i < 200; i++) await writer.result('forum.post', { text: 'ầ'.repeat(4096) });
    const reader = await Wire.member(address, 'reader');
    reader.socket.pause();
    const line = (id: number) => `{"jsonrpc":"2.0","id":${1000 + id},"method":"forum.read","params":{"limit":200}}\n`;
    reader.send(Array.from({ length: 16 }, (_, id) => line(id)).join(''));
    // Replies to another client come after all replies that have begun.
    for (let i = 0; i < 20; i++) await writer.result('forum.read', { limit: 200 });
    reader.socket.resume();
    await reader.wait((answer) => answer.id === 1015);
    expect(reader.lines.filter(({ id }) => Number(id) >= 1000).map(({ id }) => id)).to.deep.equal(
      Array.from({ length: 16 }, (_, id) => 1000 + id),
    );
    for (const wire of [writer, reader]) wire.close();
  });

  it('gets all replies, even if the system accepts all requests in one chunk', async () => {
    const address = await start({ queueSoftBytes: 1024 });
    const wire = await Wire.member(address, 'eager');
    const line = (id: number) => `{"jsonrpc":"2.0","id":${1000 + id},"method":"rates.providers"}\n`;
    wire.send(Array.from({ length: 50 }, (_, id) => line(id)).join(''));
    await wire.wait((answer) => answer.id === 1049);
    expect(wire.lines.filter(({ id }) => Number(id) >= 1000)).to.have.length(50);
    wire.close();
  });

  it('gets a resync notice, even if the system accepts all events in one chunk', async () => {
    const address = await start({ queueSoftBytes: 1024 });
    const writer = await Wire.member(address, 'writer');
    const reader = await Wire.member(address, 'reader');
    await reader.result('watch', { forum: true });
    const line = (id: number) =>
      `${JSON.stringify({ jsonrpc: '2.0', id: `p${id}`, method: 'forum.post', params: { text: `${id}`.padEnd(600, '.') } })}\n`;
    writer.send(Array.from({ length: 20 }, (_, id) => line(id)).join(''));
    const { params } = await reader.event('notice');
    const told = reader.lines.filter(({ method }) => method === 'post');
    expect(told).to.have.length.below(20);
    expect(params.resync).to.be.at.least(told[0]!.params.seq);
    for (const wire of [writer, reader]) wire.close();
  });

  it('speaks only TLS 1.3, and says so to clear text', async () => {
    const address = await start({}, { plain: false });
    const clear = await Wire.open(address);
    clear.send('{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"client":"x"}}\n');
    expect((await clear.wait((line) => line.error !== undefined)).error?.message).to.equal('This port speaks TLS 1.3.');
    await clear.ended();
    const [host, port] = address.split(':');
    const old = connectTls({ host, port: Number(port), rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    const [error] = await once(old, 'error');
    expect((error as Error).message).to.match(/protocol version|alert/i);
    const wire = await Wire.greet(address, { tls: true });
    expect(wire.lines).to.have.length(1);
    wire.close();
  });

  it('is refused beyond the limit of its address', async () => {
    const address = await start({ connectionsPerAddress: 3 });
    const three = await Promise.all([1, 2, 3].map(() => Wire.greet(address)));
    const fourth = await Wire.open(address);
    await fourth.ended();
    three[0]!.close();
    await three[0]!.ended();
    for (;;) {
      const wire = await Wire.open(address);
      const answer = await wire.call('hello', { protocol: 1, client: 'x' }).catch(() => undefined);
      wire.close();
      if (answer) break;
    }
    for (const wire of three) wire.close();
  });

  it('gets a goodbye when the daemon stops', async () => {
    const address = await start({});
    const wires = await Promise.all([
      Wire.member(address, 'a'),
      Wire.greet(address),
      Wire.greet(address, { tls: true }),
    ]);
    await daemon!.stop();
    daemon = undefined;
    for (const wire of wires) {
      expect((await wire.event('bye')).params.status).to.equal(405);
      await wire.ended();
    }
  });
});
