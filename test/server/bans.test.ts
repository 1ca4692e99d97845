import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { encodeDatagram } from '../../src/protocol/datagram.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { closing } from '../dialects/clients.ts';
import { OldClient } from '../dialects/old-client.ts';
import { skip } from '../skip.ts';
import { Wire } from './wire.ts';

/** An address of this machine on Linux, which owns all of 127.0.0.0/8. */
const ELSEWHERE = '127.0.7.1';
const password = 'secret';
const key = 'a'.repeat(64);

describe('bans', () => {
  let daemon: DaemonFixture;
  let owner: Client;
  before(async function () {
    try {
      const probe = createSocket('udp4');
      probe.bind(0, ELSEWHERE);
      await once(probe, 'listening');
      probe.close();
    } catch {
      skip(this, 'this machine has only one loopback address');
    }
    daemon = await DaemonFixture.start({
      config: { sumPort: 0, limits: { signUpsPerHour: 1000, callsBurst: 1000, callsPerSecond: 1000 } },
    });
    owner = await daemon.connect();
  });
  after(() => daemon?.stop());

  const seq = () => daemon.daemon.status().seq;
  /** A client from a banned address gets a goodbye as its reply, whatever it sends. */
  const keptOut = async (tls: boolean) => {
    const before = seq();
    const wire = await Wire.open(daemon.address, { tls, from: ELSEWHERE });
    wire.send(
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'hello', params: { protocol: 1, client: 'x' } })}\n` +
        `${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'account.signUp', params: { name: 'new', password } })}\n`,
    );
    const { params } = await wire.event('bye');
    expect(params).to.include({ status: 416, final: true });
    await wire.ended();
    expect(wire.lines).to.have.length(1);
    expect(seq()).to.equal(before);
    return params.reason as string;
  };

  it('of an account apply to password and token, end its connections, and can be lifted', async () => {
    const wire = await Wire.greet(daemon.address);
    const { token } = await wire.result('account.signUp', { name: 'yoda', password });
    expect(await owner.call('admin.ban', { name: 'yoda', reason: 'spam', minutes: 120 })).to.include({ dropped: 1 });
    expect((await wire.event('bye')).params).to.include({ final: true });
    const again = await Wire.greet(daemon.address, { tls: true });
    for (const [method, params] of [
      ['account.signIn', { name: 'YODA', password }],
      ['account.signIn', { name: 'yoda', password, takeOver: true }],
      ['account.resume', { token }],
      ['account.resume', { token, takeOver: true }],
    ] as const) {
      const { error } = await again.call(method, params);
      expect(error, method).to.deep.include({
        code: 416,
        message: 'This account is banned for 2 h more (spam). Ask the owner of the room.',
      });
    }
    expect((await owner.call('admin.bans', {})).bans.map(({ name, reason }) => [name, reason])).to.deep.equal([
      ['yoda', 'spam'],
    ]);
    await owner.call('admin.ban', { name: 'yoda', banned: false });
    expect((await again.result('account.resume', { token })).name).to.equal('yoda');
    expect((await owner.call('admin.bans', {})).bans).to.deep.equal([]);
    again.close();
  });

  it('of an address end its connections, and refuse new ones on every port until lifted', async () => {
    const there = await Wire.greet(daemon.address, { tls: true, from: ELSEWHERE });
    const { token } = await there.result('account.signUp', { name: 'luke', password });
    const guest = await Wire.greet(daemon.address, { from: ELSEWHERE });
    const here = await Wire.member(daemon.address, 'leia');
    const banned = await owner.call('admin.ban', { address: '127.0.7.255/24', reason: 'flood' });
    expect(banned).to.deep.equal({ name: null, address: '127.0.7.0/24', banned: true, until: null, dropped: 2 });
    await Promise.all([there.ended(), guest.ended()]);
    expect(await keptOut(true)).to.equal('Your address is banned (flood). Ask the owner of the room.');
    await keptOut(false);

    const sum = daemon.daemon.status().listening.find(({ name }) => name === 'sum')!.address;
    const client = await OldClient.open(sum, 1024, ELSEWHERE);
    expect(await client.ask('{"client_name": "x", "client_number": 7}')).to.equal(
      closing('Your address is banned (flood). Ask the owner of the room.'),
    );
    await client.over();

    expect((await here.result('members.active')).members).to.have.length(1);
    const elsewhere = await Wire.greet(daemon.address);
    expect((await elsewhere.result('account.resume', { token })).name).to.equal('luke');
    expect((await owner.call('admin.bans', {})).bans).to.deep.equal([
      { name: null, address: '127.0.7.0/24', until: null, reason: 'flood' },
    ]);
    await daemon.restart();
    await keptOut(true);
    owner = await daemon.connect();
    await owner.call('admin.ban', { address: '127.0.7.0/24', banned: false });
    const back = await Wire.greet(daemon.address, { from: ELSEWHERE });
    expect((await back.result('account.resume', { token })).name).to.equal('luke');
    for (const wire of [here, elsewhere, back]) wire.close();
  });

  it('of an address apply to datagrams of members who are signed in from elsewhere', async () => {
    const a = await Wire.greet(daemon.address);
    const b = await Wire.greet(daemon.address);
    await a.result('account.signUp', { name: 'a', password, peer: { port: 9, key } });
    await b.result('account.signUp', { name: 'b', password, peer: { port: 9, key } });
    const { id, secret } = await a.result('peer.connect', { member: 'b' });
    const socket = createSocket('udp4');
    socket.bind(0, ELSEWHERE);
    await once(socket, 'listening');
    const heard: Buffer[] = [];
    socket.on('message', (bytes) => heard.push(bytes));
    const hello = encodeDatagram({ type: 'hello', id, side: 'a', relay: false, local: [], counter: 1 }, secret);
    const say = () => socket.send(hello, Number(daemon.address.split(':').at(-1)), '127.0.0.1');
    say();
    await once(socket, 'message');
    const counts = () => daemon.daemon.status().peers;
    expect(counts().introductions).to.equal(1);
    await owner.call('admin.ban', { address: ELSEWHERE });
    expect(counts().introductions, 'the introduction with that address has ended').to.equal(0);

    const next = await a.result('peer.connect', { member: 'b' });
    const { unproven } = counts();
    const again = encodeDatagram(
      { type: 'hello', id: next.id, side: 'a', relay: false, local: [], counter: 1 },
      next.secret,
    );
    socket.send(again, Number(daemon.address.split(':').at(-1)), '127.0.0.1');
    while (counts().unproven === unproven) await new Promise((resolve) => setImmediate(resolve));
    expect(heard).to.have.length(1);
    await owner.call('admin.ban', { address: ELSEWHERE, banned: false });
    socket.send(again, Number(daemon.address.split(':').at(-1)), '127.0.0.1');
    await once(socket, 'message');
    socket.close();
    for (const wire of [a, b]) wire.close();
  });

  it('of an address expire', async () => {
    const { until } = await owner.call('admin.ban', { address: ELSEWHERE, minutes: 1 });
    expect(until).to.be.within(Date.now() + 50_000, Date.now() + 60_000);
    await keptOut(true);
    const clock = Date.now;
    try {
      Date.now = () => clock() + 60_000;
      (await Wire.greet(daemon.address, { from: ELSEWHERE })).close();
      expect((await owner.call('admin.bans', {})).bans).to.deep.equal([]);
    } finally {
      Date.now = clock;
    }
    await owner.call('admin.ban', { address: ELSEWHERE, banned: false });
  });

  it('are refused if they name nothing, both, or the caller', async () => {
    const code = async (params: object) => {
      try {
        await owner.call('admin.ban', params);
      } catch (error) {
        return (error as { code: string }).code;
      }
      return 'done';
    };
    expect(await code({})).to.equal('INVALID_PARAMS');
    expect(await code({ name: 'yoda', address: ELSEWHERE })).to.equal('INVALID_PARAMS');
    expect(await code({ address: 'yoda' })).to.equal('INVALID_REQUEST');
    expect(await code({ address: '1.2.3.4/33' })).to.equal('INVALID_REQUEST');
    const boss = await Wire.greet(daemon.address);
    await boss.result('account.signUp', { name: 'boss', password });
    await owner.call('account.setRole', { name: 'boss', role: 'owner' });
    const before = seq();
    expect((await boss.call('admin.ban', { address: '127.0.0.0/8' })).error?.code).to.equal(409);
    expect(seq()).to.equal(before);
    boss.close();
  });

  it('are added, listed and lifted by commands', async () => {
    const said = async (...argv: string[]) => (await daemon.run(['account', ...argv])).stdout;
    expect(await said('bans')).to.equal('There are no bans.\n');
    expect(await said('ban', 'yoda', '--for', '2h')).to.match(/^yoda is banned until .+\. Connections closed: 0\.\n$/);
    expect(await said('ban', '198.51.100.77/24', '--reason', 'flood')).to.equal(
      '198.51.100.0/24 is banned. Connections closed: 0.\n',
    );
    expect((await daemon.run(['account', 'ban', '192.0.2.1', '--account'])).stderr).to.match(
      /no account with that name/,
    );
    expect((await daemon.run(['account', 'ban', 'yoda', '--for', 'ever'])).exit).to.equal(2);
    const shown = await said('bans');
    expect(shown).to.match(/yoda +\S.*\n.*198\.51\.100\.0\/24 +lifted +flood/);
    expect(JSON.parse(await said('bans', '--json')).bans).to.have.length(2);
    expect(await said('ban', '198.51.100.0/24', '--lift')).to.equal('198.51.100.0/24 is no longer banned.\n');
    expect(await said('ban', 'yoda', '--lift')).to.equal('yoda is no longer banned.\n');
    expect(await said('bans')).to.equal('There are no bans.\n');
  });
});
