import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import type { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from '../server/wire.ts';
import {
  actionOf,
  closing,
  ForumClient,
  framed,
  GoldClient,
  MarketClient,
  marketPrints,
  placeOf,
  SUFFIX,
  signUp,
  startFor,
  sumLogs,
} from './clients.ts';
import { OldClient } from './old-client.ts';

const ALL = ['gold', 'forum', 'market', 'sum'];

/** Resolves once the condition holds: the daemon handles closed connections asynchronously. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

describe('legacy clients in the room', () => {
  let fixture: DaemonFixture;
  let owner: Client;
  let logged: string[];
  const log = (level: string) => (fields: object, message: string) =>
    void logged.push(`${level} ${JSON.stringify(fields)} ${message}`);
  const start = async (config: Record<string, unknown> = {}, dialects: readonly string[] = ALL) => {
    logged = [];
    fixture = await startFor(dialects, {
      config,
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    });
    owner = await fixture.connect();
  };
  const names = async () => (await owner.call('members.active', {})).members.map(({ name }) => name).sort();

  describe('with the default limits', () => {
    before(async () => {
      await start();
      await signUp(fixture, 'hans', 'yoda', 'leia');
    });
    after(() => fixture.stop());

    it('are listed with their addresses, with a note about clear text', async () => {
      const { stdout } = await fixture.run(['daemon', 'status']);
      expect(stdout).to.include(`${placeOf(fixture, 'gold')} (gold: passwords in clear text, from this machine only)`);
      expect(stdout).to.include(
        `${placeOf(fixture, 'forum')} (forum: passwords and posts in clear text, from this machine only)`,
      );
      expect(stdout).to.include(`${placeOf(fixture, 'market')} (market)`);
      expect(logged.filter((line) => line.includes('dialect.start')).join('\n')).to.include(
        'legacy gold clients: passwords in clear text, from this machine only',
      );
    });

    it('are counted, and active like others', async () => {
      const before = (await owner.call('admin.status', {})).connections;
      const wire = await Wire.member(fixture.address, 'luke');
      await wire.result('watch', { members: true });
      const hans = await ForumClient.signedIn(fixture, 'hans', 6667);
      const joined = await wire.wait(({ method, params }) => method === 'member' && params.change === 'joined');
      expect(joined.params.name).to.equal('hans');
      await hans.ask('ATU');
      expect((await owner.call('admin.status', {})).connections).to.equal(before + 2);
      const { members } = await owner.call('members.active', {});
      expect(members.find(({ name }) => name === 'hans')).to.include({ address: '127.0.0.1', peerPort: 6667 });
      hans.wire.kill();
      const left = await wire.wait(({ method, params }) => method === 'member' && params.change === 'left');
      expect(left.params.name).to.equal('hans');
      wire.close();
    });

    it('leave neither session nor lock when they are killed, even during the password check', async () => {
      for (let round = 0; round < 2; round++) {
        const hans = await ForumClient.signedIn(fixture, 'hans');
        expect(await names()).to.include('hans');
        hans.wire.kill();
        await until(async () => !(await names()).includes('hans'));
      }
      const half = await ForumClient.open(fixture);
      await half.wire.ask('hans');
      half.wire.send('secret');
      await new Promise((resolve) => setImmediate(resolve));
      half.wire.socket.resetAndDestroy();
      const again = await ForumClient.open(fixture);
      await again.wire.ask('hans');
      // The password of the closed connection is checked before this one.
      expect(await again.wire.ask('secret')).to.equal(`Welcome hans!${SUFFIX}`);
      again.wire.kill();
    });

    it('receive the end of all connections by the owner in the words of their protocol', async () => {
      const [hans, yoda, market] = [
        await ForumClient.signedIn(fixture, 'hans'),
        await GoldClient.signedIn(fixture, 'yoda'),
        await MarketClient.open(fixture),
      ];
      await hans.ask('ATU');
      const early = await ForumClient.open(fixture);
      const { dropped } = await owner.call('admin.quitAll', { reason: 'Closing time.' });
      expect(dropped).to.be.at.least(4);
      expect(await hans.wire.recv()).to.equal('Server ended this connection. Closing time.');
      expect(await early.wire.recv()).to.equal('Failed.Closing time.');
      expect(await yoda.wire.recv()).to.equal('SERVER IS REMOVING YOUR CONNECTION');
      expect(await market.wire.recv()).to.equal('{"status":"OK","data":"Closing time."}');
      for (const { wire } of [hans, early, yoda, market]) await wire.over();
      expect(await names()).to.deep.equal([]);
    });

    it('are kicked, and end when their account is taken over', async () => {
      const hans = await ForumClient.signedIn(fixture, 'hans');
      await hans.ask('ATU');
      expect(await owner.call('admin.kick', { name: 'hans', reason: 'Go home.' })).to.deep.equal({ dropped: 1 });
      expect(await hans.wire.recv()).to.equal('Server ended this connection. Go home.');
      const yoda = await GoldClient.signedIn(fixture, 'yoda');
      const wire = await Wire.greet(fixture.address);
      const { error } = await wire.call('account.signIn', { name: 'yoda', password: 'secret' });
      expect(error?.code).to.equal(403);
      await wire.result('account.signIn', { name: 'yoda', password: 'secret', takeOver: true });
      expect(await yoda.wire.recv()).to.equal('SERVER IS REMOVING YOUR CONNECTION');
      const other = await ForumClient.open(fixture);
      expect(await other.signIn('yoda')).to.equal('Failed.yoda is already signed in, from 127.0.0.1.');
      wire.close();
    });

    it('always end with words at which a forum client exits', async () => {
      const wire = await Wire.member(fixture.address, 'luke');
      await wire.result('account.signOut');
      const endings: (() => Promise<unknown>)[] = [
        () => owner.call('admin.kick', { name: 'luke' }),
        async () => {
          await wire.result('account.signIn', { name: 'luke', password: 'secret', takeOver: true });
          await wire.result('account.signOut');
        },
        () => owner.call('admin.ban', { name: 'luke', banned: true }),
      ];
      for (const ends of endings) {
        const luke = await ForumClient.open(fixture);
        expect(actionOf(await luke.signIn('luke'))).to.include({ does: 'prompt' });
        await ends();
        expect(actionOf(await luke.wire.recv())).to.include({ does: 'exit' });
        await luke.wire.over();
      }
      wire.close();
    });

    it('are refused by bans of accounts and of addresses', async () => {
      await owner.call('admin.ban', { name: 'leia', reason: 'spam' });
      const leia = await ForumClient.open(fixture);
      expect(await leia.signIn('leia')).to.equal('Failed.This account is banned (spam). Ask the owner of the room.');
      const there = await ForumClient.open(fixture, '127.0.0.9');
      await owner.call('admin.ban', { address: '127.0.0.9', reason: 'noise' });
      const told = 'Your address is banned (noise). Ask the owner of the room.';
      expect(await there.wire.recv()).to.equal(`Failed.${told}`);
      const forum = await OldClient.open(placeOf(fixture, 'forum'), 1024, '127.0.0.9');
      expect(await forum.recv()).to.equal(`Failed.${told}`);
      const gold = await OldClient.open(placeOf(fixture, 'gold'), 2048, '127.0.0.9');
      expect(await gold.recv()).to.equal('SERVER IS REMOVING YOUR CONNECTION');
      const market = await OldClient.open(placeOf(fixture, 'market'), 1024, '127.0.0.9');
      expect(await market.recv()).to.equal(`{"status":"OK","data":"${told}"}`);
      const sum = await OldClient.open(placeOf(fixture, 'sum'), 1024, '127.0.0.9');
      expect(await sum.ask('{"client_name": "x", "client_number": 25}')).to.equal(closing(told));
      await sum.over();
    });

    it('share the login throttle with all other protocols', async () => {
      const forum = await ForumClient.open(fixture);
      await forum.signIn('hans', 'wrong');
      const gold = await GoldClient.open(fixture);
      await gold.ask('-signin');
      await gold.ask('hans wrong');
      const wire = await Wire.greet(fixture.address);
      const { error } = await wire.call('account.signIn', { name: 'hans', password: 'wrong' });
      expect(error?.data).to.include({ reason: 'WRONG_PASSWORD', attemptsLeft: 0 });
      expect(await forum.wire.ask('secret')).to.equal('Failed.Your account is still in blocked, please try later.');
      wire.close();
    });

    it('leave no password in the log', async () => {
      expect(logged.join('\n')).to.include('"name":"hans"').and.include('"dialect":"forum"');
      expect(logged.filter((line) => /secret|wrong"/.test(line))).to.deep.equal([]);
    });
  });

  describe('with few connections per address', () => {
    before(() => start({ limits: { connectionsPerAddress: 3 } }));
    after(() => fixture.stop());

    it('receive the reason why they are refused, for any number of them', async () => {
      const from = '127.0.0.8';
      const three = await Promise.all([1, 2, 3].map(() => ForumClient.open(fixture, from)));
      const told = 'There are too many connections. Try again later.';
      const place = (dialect: string) => OldClient.open(placeOf(fixture, dialect), 1024, from);
      const [forum, sum] = [
        await Promise.all(Array.from({ length: 100 }, () => place('forum'))),
        await Promise.all(Array.from({ length: 100 }, () => place('sum'))),
      ];
      for (const client of forum) expect(await client.recv()).to.equal(`Failed.${told}`);
      for (const client of sum) {
        expect(await client.ask('{"client_name": "x", "client_number": 25}')).to.equal(closing(told));
      }
      for (const client of [...forum, ...sum]) client.kill();
      for (const { wire } of three) wire.kill();
    });
  });

  describe('with low limits', () => {
    before(async () => {
      await start({
        limits: {
          connectionsPerAddress: 3,
          signInMs: 400,
          helloMs: 300,
          callsPerSecond: 20,
          callsBurst: 5,
          stallMs: 300,
        },
      });
      await signUp(fixture, 'hans');
    });
    after(() => fixture.stop());

    it('may have as many connections per address as the limit, on all ports together', async () => {
      const from = '127.0.0.7';
      const forum = await ForumClient.open(fixture, from);
      const market = await OldClient.open(placeOf(fixture, 'market'), 1024, from);
      const wire = await Wire.open(fixture.address, { from });
      const told = 'There are too many connections. Try again later.';
      const fourth = await OldClient.open(placeOf(fixture, 'forum'), 1024, from);
      expect(await fourth.recv()).to.equal(`Failed.${told}`);
      const fifth = await OldClient.open(placeOf(fixture, 'gold'), 2048, from);
      expect(await fifth.recv()).to.equal('SERVER IS REMOVING YOUR CONNECTION');
      const sixth = await OldClient.open(placeOf(fixture, 'market'), 1024, from);
      expect(await sixth.recv()).to.equal(`{"status":"OK","data":"${told}"}`);
      const seventh = await OldClient.open(placeOf(fixture, 'sum'), 1024, from);
      expect(await seventh.ask('{"client_name": "x", "client_number": 25}')).to.equal(closing(told));
      for (const each of [fourth, fifth, sixth, seventh]) await each.over();
      wire.close();
      forum.wire.kill();
      market.kill();
      await until(async () => {
        const again = await OldClient.open(placeOf(fixture, 'forum'), 1024, from);
        const said = await again.recv();
        again.kill();
        return said === 'Please enter your username:';
      });
    });

    it('must sign in within a time, and receive a message when it is over', async () => {
      const forum = await ForumClient.open(fixture);
      expect(await forum.wire.recv()).to.equal('Failed.No request was received in time.');
      const gold = await GoldClient.open(fixture);
      await gold.ask('-signin');
      expect(await gold.wire.recv()).to.equal('SERVER IS REMOVING YOUR CONNECTION');
      const hans = await ForumClient.signedIn(fixture, 'hans');
      const other = await ForumClient.open(fixture);
      await other.wire.recv(); // as long as that; hans stays
      expect(await hans.ask('OUT')).to.equal('Successfully disconnted with the server. See ya hans!');
    });

    it('receive all replies, at the rate of the call limit', async () => {
      const market = await MarketClient.open(fixture);
      const begun = performance.now();
      for (let i = 0; i < 12; i++) {
        expect(await market.ask(`hello ${i}`)).to.equal('{"status":"OK","data":"Invalid request"}');
      }
      expect(performance.now() - begun).to.be.at.least(300);
      market.wire.kill();
    });
  });

  it('are not read any further, and disconnected, if they read no replies', async () => {
    await start({ limits: { stallMs: 300, callsPerSecond: 1_000_000, callsBurst: 1_000_000 } });
    const place = placeOf(fixture, 'gold').split(':');
    const socket = createConnection({ host: place[0]!, port: Number(place[1]) });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.pause();
    const line = framed('-signin');
    const flood = Buffer.concat(Array.from({ length: 2000 }, () => line));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const pump = setInterval(() => socket.writableLength < 1e6 && socket.write(flood), 1);
    await until(async () => logged.some((entry) => entry.includes('the client is too slow to read')));
    clearInterval(pump);
    socket.resume();
    await closed;
    expect((await owner.call('admin.status', {})).connections).to.equal(1);
    await fixture.stop();
  });

  it('receive the end of the daemon in the words of their protocol', async () => {
    await start();
    await signUp(fixture, 'hans');
    const hans = await ForumClient.signedIn(fixture, 'hans');
    await hans.ask('ATU');
    const gold = await GoldClient.open(fixture);
    const [market, sum] = [await MarketClient.open(fixture), await OldClient.open(placeOf(fixture, 'sum'), 1024)];
    await fixture.daemon.stop('The daemon was stopped.');
    expect(await hans.wire.recv()).to.equal('Server ended this connection. The daemon was stopped.');
    expect(await gold.wire.recv()).to.equal('SERVER IS REMOVING YOUR CONNECTION');
    expect(await market.wire.recv()).to.equal('{"status":"OK","data":"The daemon was stopped."}');
    expect(await sum.recv()).to.equal(closing('The daemon was stopped.'));
    await fixture.stop().catch(() => {});
  });

  it('are warned where others can read the traffic', async () => {
    await start({ dialects: ['gold:0.0.0.0:0', 'sum:0.0.0.0:0'] });
    const { listening } = await owner.call('admin.status', {});
    expect(listening.slice(2).map(({ name, note }) => [name, note])).to.deep.equal([
      ['gold', 'passwords in clear text, readable by anyone on the network path'],
      ['sum', 'all in clear text, readable by anyone on the network path'],
    ]);
    const warned = logged.filter((line) => line.startsWith('warn') && line.includes('dialect.start'));
    expect(warned).to.have.length(2);
    expect(warned[0]).to.match(
      /for legacy gold clients: passwords in clear text, readable by anyone on the network path$/,
    );
    await fixture.stop();
  });

  describe('of market and sum on one port', () => {
    let place: string;
    before(async () => {
      const probe = createServer().listen(0, '127.0.0.1');
      await once(probe, 'listening');
      const { port } = probe.address() as AddressInfo;
      await new Promise((resolve) => probe.close(resolve));
      place = `127.0.0.1:${port}`;
      await start({ dialects: [`market:${port}`, `sum:${port}`], serverName: 'Server' }, []);
    });
    after(() => fixture.stop().catch(() => {}));

    it('are distinguished by their first object', async () => {
      const sum = await OldClient.open(place, 1024);
      const reply = JSON.parse(await sum.ask('{"client_name": "x", "client_number": 25}'));
      expect(reply).to.have.keys('server_name', 'server_number', 'sum');
      expect(reply.sum).to.equal(25 + reply.server_number);
      await sum.over();
      const market = await MarketClient.open(fixture, place);
      expect(await market.ask('hello')).to.equal('{"status":"OK","data":"Invalid request"}');
      expect(await market.ask('MARKET ALL')).to.equal('{"status":"OK","data":"No coin prices are available yet."}');
      for (const bytes of ['{"hello": 1}', 'hello']) {
        const other = await OldClient.open(place, 1024);
        other.send(bytes);
        await other.over();
      }
      market.wire.kill();
    });

    it('receive an end before their request in an object that both can read', async () => {
      /** What clients of both receive that have sent nothing yet, or half a request. */
      const hear = async (ends: () => Promise<unknown>, reason: string, from?: string) => {
        const clients = await Promise.all([1, 2, 3].map(() => OldClient.open(place, 1024, from)));
        clients[2]!.send('{"status": "OK", "da');
        await owner.call('admin.status', {});
        await ends();
        for (const client of clients) {
          // They send their request before they read: they take the earlier message for its reply.
          const reply = await client.ask('{"client_name": "x", "client_number": 25}');
          expect(reply).to.equal(closing(reason));
          expect(marketPrints(reply)).to.equal(reason);
          expect(sumLogs(reply, 25)).to.equal(
            `Server Name: ${reason} | Client Number: 25 | Server Number: 0 | Sum: 25`,
          );
          await client.over();
        }
      };
      await hear(() => owner.call('admin.quitAll', { reason: 'Closing "time".' }), 'Closing "time".');
      await hear(
        () => owner.call('admin.ban', { address: '127.0.0.9', reason: 'noise' }),
        'Your address is banned (noise). Ask the owner of the room.',
        '127.0.0.9',
      );
      await hear(async () => {}, 'Your address is banned (noise). Ask the owner of the room.', '127.0.0.9');
      const long = await OldClient.open(place, 1024);
      expect(await long.ask(`{"client_name": "${'x'.repeat(5000)}`)).to.equal(
        closing('A request may have at most 4096 bytes.'),
      );
    });

    it('of market continue when a number out of range ends sum', async () => {
      const market = await MarketClient.open(fixture, place);
      expect(await market.ask('hello')).to.equal('{"status":"OK","data":"Invalid request"}');
      const sum = await OldClient.open(place, 1024);
      sum.send('{"client_name": "x", "client_number": 0}');
      await sum.over();
      const { listening } = await owner.call('admin.status', {});
      expect(listening.slice(2)).to.deep.equal([
        { name: 'market', address: place, state: 'open' },
        { name: 'sum', address: place, state: 'terminated' },
      ]);
      expect(await market.ask('hello')).to.equal('{"status":"OK","data":"Invalid request"}');
      const again = await OldClient.open(place, 1024);
      again.send('{"client_name": "x", "client_number": 25}');
      await again.over();
      const other = await MarketClient.open(fixture, place);
      expect(await other.ask('hello')).to.equal('{"status":"OK","data":"Invalid request"}');
    });

    it('receive the end of the daemon in an object that both can read', async () => {
      const client = await OldClient.open(place, 1024);
      await owner.call('admin.status', {});
      await fixture.daemon.stop('The daemon was stopped.');
      expect(await client.recv()).to.equal(closing('The daemon was stopped.'));
      await client.over();
    });
  });
});
