import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import { parseTarget } from '../../src/client/target.ts';
import { AppError } from '../../src/domain/app-error.ts';
import type { EventParams } from '../../src/protocol/events.ts';
import { Party, sha256 } from '../client/party.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { ForumClient } from '../dialects/clients.ts';
import { ShareClient } from '../dialects/share-client.ts';
import { NatsFixture } from '../nats-fixture.ts';
import { HttpServer } from '../rates/http-server.ts';
import { refusal } from '../room/room.ts';

const SECRET = 'a secret';
const LIMITS = { signUpsPerHour: 1000, callsPerSecond: 10_000, callsBurst: 10_000 };

describe('a cluster of daemons', function () {
  this.timeout(60_000);
  let nats: NatsFixture;
  let a: DaemonFixture;
  let b: DaemonFixture;
  const parties: Party[] = [];
  const clients: Client[] = [];

  before(async function () {
    this.timeout(90_000);
    nats = await NatsFixture.start(this, { nodes: 1 });
    const config = { engine: { url: nats.engine }, limits: LIMITS, dialects: ['forum:0', 'share:0'] };
    [a, b] = await Promise.all([DaemonFixture.start({ config }), DaemonFixture.start({ config })]);
    const owner = await a.connect();
    await owner.signUp({ name: 'owner', password: SECRET });
    await owner.close();
    await until(async () => (await status(a)).daemons.length === 2 && (await status(b)).daemons.length === 2);
  });
  after(async () => {
    await a?.stop();
    await b?.stop();
    await nats?.stop();
  });
  afterEach(async () => {
    await Promise.all(parties.splice(0).map((party) => party.leave()));
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  const status = async (daemon: DaemonFixture) => daemon.daemon.status();
  /** A new member who is signed in at a daemon, and known to the other daemons. */
  const member = async (daemon: DaemonFixture, name = newName()) => {
    const client = await daemon.connectAfar();
    clients.push(client);
    const { token } = await client.signUp({ name, password: SECRET });
    const other = await (daemon === a ? b : a).connect();
    await until(async () => (await other.call('members.active', {})).members.some((one) => one.name === name));
    await other.close();
    return { client, name, token };
  };
  /** A connection that resumes by token. */
  const resumed = async (daemon: DaemonFixture, token: string) => {
    const client = await daemon.connectAfar();
    clients.push(client);
    await client.call('account.resume', { token });
    return client;
  };
  const there = async (daemon: DaemonFixture) =>
    (await (await daemon.connect()).call('members.active', {})).members.map(({ name }) => name);

  it('lists its daemons in their status', async () => {
    const [self, other] = (await status(a)).daemons;
    expect(self).to.include({ address: a.address, heardMs: null });
    expect(other).to.include({ address: b.address, server: self!.server });
    expect(other!.heardMs).to.be.within(0, 5000);
    const { stdout } = await a.run(['daemon', 'status']);
    expect(stdout).to.include(`${a.address} (`).and.to.include(`${b.address} (`);
  });

  it('accepts one of two concurrent sign-ups for a name', async () => {
    for (let round = 0; round < 3; round++) {
      const name = newName();
      const two = await Promise.all([a.connectAfar(), b.connectAfar()]);
      clients.push(...two);
      const outcomes = await Promise.allSettled(two.map((client) => client.signUp({ name, password: SECRET })));
      const codes = outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? outcome.value.status : AppError.from(outcome.reason).status,
      );
      expect(codes.sort()).to.deep.equal([201, 404]);
    }
  });

  it('reads what another daemon wrote: tokens, accounts, posts', async () => {
    for (let round = 0; round < 3; round++) {
      const { client, name, token } = await member(a);
      const { post } = await client.call('forum.post', { text: `by ${name}` });
      const other = await resumed(b, token);
      expect(other.hello.seq).to.be.at.least(post.seq);
      const { posts } = await other.call('forum.read', { limit: 1 });
      expect(posts.at(-1)?.text).to.equal(`by ${name}`);
      await Promise.all([client.close(), other.close()]);
      const again = await b.connectAfar();
      clients.push(again);
      await until(async () => !(await there(b)).includes(name));
      expect((await again.signIn({ name, password: SECRET })).status).to.equal(200);
    }
  });

  it('allows one session per account, listed at every daemon', async () => {
    const watcher = await member(b);
    const heard: string[] = [];
    watcher.client.on('member', ({ name, change }) => heard.push(`${name} ${change}`));
    await watcher.client.call('watch', { members: true });
    const { client, name, token } = await member(a);
    await until(() => heard.includes(`${name} joined`));
    expect(await there(b)).to.include.members([name, watcher.name]);
    const second = await b.connectAfar();
    clients.push(second);
    const refused = await refusal(() => second.signIn({ name, password: SECRET }), 'ALREADY_SIGNED_IN');
    expect(refused.status).to.equal(403);
    const beside = await resumed(b, token); // the token belongs to the same session
    await client.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await there(a)).to.include(name);
    const moved = beside.closed;
    await second.signIn({ name, password: SECRET, takeOver: true });
    expect((await moved)?.data).to.include({ why: 'Signed in from elsewhere.', final: true });
    const third = await a.connectAfar();
    clients.push(third);
    const ended = second.closed;
    await third.signIn({ name, password: SECRET, takeOver: true });
    expect((await ended)?.data.final).to.equal(true);
    await third.close();
    await until(() => heard.includes(`${name} left`));
  });

  it('accepts one of two concurrent sign-ins', async () => {
    const { client, name } = await member(a);
    await client.close();
    for (let round = 0; round < 3; round++) {
      await until(async () => !(await there(a)).includes(name) && !(await there(b)).includes(name));
      const two = await Promise.all([a.connectAfar(), b.connectAfar()]);
      const outcomes = await Promise.allSettled(two.map((each) => each.signIn({ name, password: SECRET })));
      const codes = outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? outcome.value.status : AppError.from(outcome.reason).status,
      );
      expect(codes.sort()).to.deep.equal([200, 403]);
      await Promise.all(two.map((each) => each.close()));
    }
  });

  it('repairs a misread password or accepts its member, never both', async () => {
    const owner = await a.connect();
    clients.push(owner);
    const outcomeOf = async (name: string, password: string) =>
      (await owner.call('account.import', { accounts: [{ name, password }] })).results[0]!.outcome;
    for (let round = 0; round < 10; round++) {
      const name = newName();
      expect(await outcomeOf(name, ` ${SECRET}`)).to.equal('created');
      const client = await b.connectAfar();
      clients.push(client);
      const [outcome, signedIn] = await Promise.all([
        outcomeOf(name, SECRET),
        client.signIn({ name, password: ` ${SECRET}` }).catch((thrown) => AppError.from(thrown).code),
      ]);
      if (typeof signedIn === 'object') expect(outcome).to.equal('exists');
      else {
        expect(signedIn).to.be.oneOf(['NOT_SIGNED_IN', 'WRONG_PASSWORD']);
        expect(outcome).to.equal('repaired');
        await client.signIn({ name, password: SECRET });
      }
    }
  });

  it('sends posts, direct messages and read marks between daemons', async () => {
    const [an, binh] = [await member(a), await member(b)];
    const dashboard = await resumed(a, binh.token);
    const posts: string[] = [];
    const messages: EventParams<'message'>['message'][] = [];
    const unread: EventParams<'unread'>[] = [];
    binh.client.on('post', ({ post }) => posts.push(post.text ?? ''));
    binh.client.on('message', ({ message }) => messages.push(message));
    dashboard.on('unread', (event) => unread.push(event));
    for (const client of [binh.client, dashboard]) await client.call('watch', { forum: true });
    await an.client.call('forum.post', { text: 'for all' });
    await an.client.call('messages.send', { to: binh.name, text: 'for you' });
    await until(() => posts.length === 1 && messages.length === 1);
    expect(messages[0]).to.include({ from: an.name, text: 'for you', unread: true });
    await binh.client.call('messages.markRead', { with: an.name, number: messages[0]!.number });
    await until(() => unread.length === 1);
    expect(unread[0]).to.include({ with: an.name, unread: 0 });
  });

  it('counts wrong passwords together', async () => {
    const { client, name } = await member(a);
    await client.close();
    const two = [await a.connectAfar(), await b.connectAfar()];
    clients.push(...two);
    for (let i = 0; i < 3; i++) {
      await refusal(() => two[i % 2]!.signIn({ name, password: 'wrong' }), 'WRONG_PASSWORD');
      await new Promise((resolve) => setTimeout(resolve, 200)); // nobody can observe when the other daemon knows
    }
    await refusal(() => two[1]!.signIn({ name, password: SECRET }), 'LOCKED_OUT');
  });

  describe('applies commands of the owner', () => {
    let owner: Client;
    beforeEach(async () => {
      owner = await a.connect();
      clients.push(owner);
    });

    it('to kick, ban and unban', async () => {
      const { client, name, token } = await member(b);
      expect(await owner.call('admin.kick', { name, reason: 'rest' })).to.deep.equal({ dropped: 1 });
      expect((await client.closed)?.data).to.include({ why: 'rest', final: true });
      const back = await resumed(b, token);
      await until(async () => (await there(a)).includes(name));
      expect(await owner.call('admin.ban', { name, reason: 'spam' })).to.include({ dropped: 1 });
      expect((await back.closed)?.data).to.include({ why: 'spam', final: true });
      const barred = await b.connectAfar();
      clients.push(barred);
      await refusal(() => barred.signIn({ name, password: SECRET }), 'NOT_ALLOWED');
      await owner.call('admin.ban', { name, banned: false });
      expect((await barred.signIn({ name, password: SECRET })).status).to.equal(200);
    });

    it('to ban an address', async () => {
      const { client } = await member(b);
      const { dropped } = await owner.call('admin.ban', { address: '127.0.0.0/8' });
      try {
        expect(dropped).to.be.at.least(1);
        expect((await client.closed)?.data).to.include({ final: true });
      } finally {
        await owner.call('admin.ban', { address: '127.0.0.0/8', banned: false });
      }
      await until(async () => {
        const again = await b.connectAfar().catch(() => undefined);
        await again?.close();
        return again !== undefined;
      });
    });

    it('to set a role, and of members to sign out or change the password', async () => {
      const { client, name, token } = await member(b);
      const beside = await resumed(a, token);
      await refusal(() => client.call('account.list', {}), 'NOT_ALLOWED');
      await owner.call('account.setRole', { name, role: 'owner' });
      await until(async () =>
        client.call('account.list', {}).then(
          () => true,
          () => false,
        ),
      );
      await owner.call('account.setRole', { name, role: 'member' });
      await beside.call('account.changePassword', { password: SECRET, newPassword: 'another' });
      expect((await client.call('hello', { protocol: 1, client: 'test' })).name).to.equal(name);
      await beside.call('account.signOut', {});
      expect((await client.closed)?.data).to.include({ why: 'Signed out.', final: true });
      const void_ = await b.connectAfar();
      clients.push(void_);
      await refusal(() => void_.call('account.resume', { token }), 'NOT_SIGNED_IN');
    });

    it('to end all connections of all daemons', async () => {
      const [an, binh] = [await member(a), await member(b)];
      const { dropped, silent } = await owner.call('admin.quitAll', { reason: 'good night' });
      expect(dropped).to.be.at.least(2);
      expect(silent).to.equal(undefined);
      for (const { client } of [an, binh]) expect((await client.closed)?.data).to.include({ why: 'good night' });
    });
  });

  describe('serves members who', () => {
    const party = async (daemon: DaemonFixture) => {
      const joined = await Party.join(daemon, newName());
      parties.push(joined);
      return joined;
    };

    it('send and find files', async () => {
      const [an, binh] = [await party(a), await party(b)];
      const name = `gold-of-${an.name}.csv`;
      const path = await an.file(name, 300_000);
      await an.peers.publish(path);
      // The listing arrives through the journal, presence over the bus.
      const found = async () => (await retried(() => binh.link.call('files.find', { name }))).sources[0]!;
      await until(async () => (await found()).online);
      expect(await found()).to.include({ member: an.name, online: true, key: an.peers.key });
      const fetched = await binh.peers.waitForEnd(await binh.peers.fetch(name));
      expect(fetched).to.include({ state: 'done' });
      expect(await sha256(fetched.savedAs!)).to.equal(await sha256(path));
      const id = await binh.peers.send(an.name, await binh.file('back.bin', 5000));
      const offer = await an.offered();
      await an.peers.accept(offer.id);
      expect(await binh.peers.waitForEnd(id)).to.include({ state: 'done' });
    });

    it('are introduced at the daemon of the requesting one, while both are connected', async () => {
      const [an, binh] = [await member(a), await member(b)];
      const key = randomBytes(32).toString('hex');
      for (const { client } of [an, binh]) {
        await client.call('peer.register', { port: 9, key, local: [{ address: '127.0.0.1', port: 9 }] });
      }
      const told = new Promise<EventParams<'peer'>>((resolve) => binh.client.on('peer', resolve));
      await until(async () => (await an.client.call('files.find', { name: 'x' }).catch(() => true)) === true);
      const opened = await retried(() => an.client.call('peer.connect', { member: binh.name }));
      const { id, secret, daemon } = await told;
      const port = Number(a.address.split(':').at(-1));
      expect({ id, secret, daemon }).to.deep.equal({
        id: opened.id,
        secret: opened.secret,
        daemon: { address: '127.0.0.1', port },
      });
      expect(opened).to.include({ side: 'a', member: binh.name, port: 9, relay: true });
      expect((await status(a)).peers.introductions).to.equal(1);
      await binh.client.close();
      await until(async () => (await status(a)).peers.introductions === 0);
    });

    it('download from legacy clients at another daemon', async () => {
      const names = [newName(), newName()] as const;
      const owner = await a.connect();
      await owner.call('account.import', { accounts: names.map((name) => ({ name, password: 'secret' })) });
      await owner.close();
      const old = await Promise.all([a, b].map((daemon, i) => ForumClient.signedIn(daemon, names[i]!, 6000 + i)));
      await old[1]!.ask('ATU');
      await until(async () => (await old[0]!.ask('ATU')).includes(`${names[1]}, 127.0.0.1, 6001, active since `));
      expect(await old[0]!.does(`UPD ${names[1]} a.txt`)).to.include({
        does: 'send',
        address: '127.0.0.1',
        port: 6001,
        file: `${names[0]}_a.txt`,
      });
      for (const { wire } of old) wire.kill();
      const share = await Promise.all(
        [a, b].map((daemon) =>
          ShareClient.connect(daemon.daemon.status().listening.find(({ name }) => name === 'share')!.address),
        ),
      );
      for (const [i, client] of share.entries()) {
        await until(async () => (await client.login(names[i]!, 'secret')) === '200');
      }
      await share[1]!.publish(`${names[1]}.txt`, 'content');
      const place = `204\n[('${names[1]}', '127.0.0.1', ${share[1]!.port}, 1)]`;
      await until(async () => (await share[0]!.ask(`fetch ${names[1]}.txt`)) === place);
      for (const client of share) client.close();
    });

    it('are pinged by the daemon that they are connected to', async () => {
      const [an, binh] = [await member(a), await member(b)];
      const answer = await retried(() => an.client.call('peer.ping', { member: binh.name.toUpperCase() }));
      expect(answer).to.include({ status: 203, member: binh.name, sent: 4, received: 4 });
      await refusal(() => an.client.call('peer.ping', { member: 'nobody-there' }), 'NOT_FOUND');
    });
  });

  it('polls rates at one daemon, and at the next in the following interval if that one stops', async () => {
    const source = await HttpServer.listen((_, response) => response.end('[{"buy":150000000,"sell":152000000}]'));
    const quote = { instrument: "'HOUSE'", buy: 'buy', sell: 'sell', currency: "'VND'", unit: "'tael'" };
    const house = { url: source.url, market: 'gold', every: '60s', quote };
    const config = { engine: { url: nats.engine, prefix: 'rates' }, rates: { providers: { house } } };
    const health = async (daemon: DaemonFixture) => {
      const owner = await daemon.connect();
      const { providers } = await owner.call('rates.providers', {});
      await owner.close();
      return providers.find(({ id }) => id === 'house')!;
    };
    const daemons: DaemonFixture[] = [];
    try {
      const c = await DaemonFixture.start({ config });
      daemons.push(c);
      await until(async () => (await health(c)).state === 'ok');
      const d = await DaemonFixture.start({ config });
      daemons.push(d);
      await until(async () => (await status(d)).daemons.length === 2);
      expect((await health(d)).nextAt).to.equal(null);
      const planned = (await health(c)).nextAt!;
      await daemons.shift()!.stop();
      await until(async () => (await health(d)).nextAt !== null);
      expect((await health(d)).nextAt).to.be.within(planned - 2000, planned + 2000);
      expect(source.seen).to.have.length(1);
    } finally {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      await source.close();
    }
  });

  it('accepts an empty daemon, and one with a backup of another', async () => {
    const { client } = await member(a);
    const { post } = await client.call('forum.post', { text: 'before' });
    const config = { engine: { url: nats.engine } };
    const c = await DaemonFixture.start({ config });
    try {
      expect(c.daemon.status().seq).to.be.at.least(post.seq);
      const file = `${c.home.root}/room.backup`;
      expect((await c.run(['backup', file])).exit).to.equal(0);
      const later = await client.call('forum.post', { text: 'after' });
      let restored = 0;
      await c.restart(async () => {
        const { rm } = await import('node:fs/promises');
        await rm(c.home.dataFolder, { recursive: true });
        const said = await c.run(['restore', file, '--json']);
        expect(said.exit, said.stdout).to.equal(0);
        restored = JSON.parse(said.stdout).records;
      });
      expect(restored).to.be.at.least(post.seq);
      expect(restored).to.be.below(later.post.seq);
      expect(c.daemon.status().seq).to.be.at.least(later.post.seq);
    } finally {
      await c.stop();
    }
  });

  it('serves clients that list all daemons: the next one if one is down', async () => {
    const { token, name, client: first } = await member(a);
    const home = await a.anotherHome();
    await home.ensureFolders();
    const target = parseTarget(`tcp://${a.address},tcp://${b.address}`);
    const { CredentialStore } = await import('../../src/client/credential-store.ts');
    const credentials = new CredentialStore(home.credentialsFile);
    for (const { address } of [a, b]) {
      await credentials.save({ server: `tcp://${address}`, certificate: null }, [], { name, token });
    }
    const one = await Client.connect({ target, home });
    expect([one.target.key, one.name]).to.deep.equal([a.address, name]);
    await one.close();
    await first.close();
    await a.restart(async () => {
      const other = await Client.connect({ target, home });
      clients.push(other);
      expect([other.target.key, other.name]).to.deep.equal([b.address, name]);
    });
  });
});

let names = 0;

function newName(): string {
  names += 1;
  return `m${names}`;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** It takes a moment until others know about a member. */
async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (thrown) {
      if (tries === 200) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
