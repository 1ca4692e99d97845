import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import {
  ReconnectingClient,
  type ReconnectingClientOptions,
  type ResumeInfo,
} from '../../src/client/reconnecting-client.ts';
import { clusterKey, failoverOrder, parseTarget } from '../../src/client/target.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { refusal } from '../room/room.ts';
import { TcpProxy } from './tcp-proxy.ts';

const SECRET = 'a secret';

describe('several servers of one cluster', () => {
  let daemon: DaemonFixture;
  let home: HomeDirectory;
  const proxies: TcpProxy[] = [];
  const links: ReconnectingClient[] = [];

  /** Another address of the daemon. */
  const server = async () => {
    const proxy = new TcpProxy(Number(daemon.address.split(':').at(-1)));
    proxies.push(proxy);
    return { proxy, address: `127.0.0.1:${await proxy.listen()}` };
  };
  const kept = async () => JSON.parse(await readFile(home.credentialsFile, 'utf8'));

  beforeEach(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { callsBurst: 10_000 } } });
    home = await daemon.anotherHome();
    await home.ensureFolders();
  });
  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.stop()));
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
    await daemon.stop();
  });

  it('are separated by commas', () => {
    const target = parseTarget(' tls://a, b:4100,[::1],a:4000 ');
    expect(failoverOrder(target).map(({ key }) => key)).to.deep.equal(['a:4000', 'b:4100', '[::1]:4000']);
    const [, second] = failoverOrder(target);
    expect(failoverOrder(second!).map(({ key }) => key)).to.deep.equal(['b:4100', '[::1]:4000', 'a:4000']);
    expect([clusterKey(target), clusterKey(second!), clusterKey(parseTarget('b'))]).to.deep.equal([
      '[::1]:4000',
      '[::1]:4000',
      'b:4000',
    ]);
    for (const text of ['a,', ',a', 'a,,b', 'a,b c', Array.from({ length: 17 }, (_, i) => `a${i}`).join()]) {
      expect(() => parseTarget(text), text)
        .to.throw()
        .with.property('code', 'USAGE');
    }
    expect(() => parseTarget('tcp://127.0.0.1,tcp://example.org')).to.throw('loopback');
  });

  it('are tried in order, and a sign-in applies to all', async () => {
    const [a, b] = [await server(), await server()];
    const target = parseTarget(`${a.address},${b.address}`);
    await a.proxy.stop();
    const told: string[] = [];
    const onFirstUse = (_: string, { key }: { key: string }) => told.push(key);
    const client = await Client.connect({ target, home, onFirstUse });
    expect([client.target.key, told]).to.deep.equal([b.address, [b.address]]);
    const { token } = await client.signUp({ name: 'leia', password: SECRET });
    await client.close();
    const { certificate } = (await kept())[`tls://${b.address}`];
    expect(await kept()).to.deep.equal({ [`tls://${b.address}`]: { certificate, name: 'leia', token } });
    const again = await Client.connect({ target: parseTarget(b.address), home });
    expect(again.name).to.equal('leia');
    await again.close();
    const third = await Client.connect({ target, home });
    await third.signOut();
    await third.close();
    expect(await kept()).to.deep.equal({ [`tls://${b.address}`]: { certificate } });
    await b.proxy.stop();
    const none = await refusal(() => Client.connect({ target, home }), 'NO_DAEMON');
    expect(none.message).to.include('None of the 2 servers').and.to.include(a.address).and.to.include(b.address);
  });

  it('are skipped if their certificate has changed, which is reported', async () => {
    const [a, b] = [await server(), await server()];
    await writeFile(home.knownHostsFile, `${a.address} sha256:${'0'.repeat(64)}\n`);
    const target = parseTarget(`${a.address},${b.address}`);
    const passed: string[] = [];
    const client = await Client.connect({ target, home, onServerSkipped: ({ message }) => passed.push(message) });
    expect(client.target.key).to.equal(b.address);
    expect(passed).to.have.length(1);
    expect(passed[0]).to.include(`The certificate of ${a.address} has changed`);
    await client.close();
    await b.proxy.stop();
    await refusal(() => Client.connect({ target, home }), 'CERTIFICATE_CHANGED');
  });

  it('take over from each other without gap or repeat, during posts', async () => {
    const [a, b, c] = [await server(), await server(), await server()];
    const target = parseTarget([a, b, c].map(({ address }) => `tcp://${address}`).join());
    const begun = async (options: Partial<ReconnectingClientOptions> = {}) => {
      const link = new ReconnectingClient({ target, home, subscription: { forum: true }, random: () => 0, ...options });
      links.push(link);
      await link.start();
      return link;
    };
    const first = await Client.connect({ target, home });
    await first.signUp({ name: 'leia', password: SECRET });
    expect(await first.confirmFallbacks({ confirmServer: async () => true })).to.deep.equal([]);
    await first.close();
    const onlines: ResumeInfo[] = [];
    const link = await begun({ onOnline: (online) => onlines.push(online) });
    const texts: (string | null)[] = [];
    link.on('post', ({ post }) => texts.push(post.text));
    const posted: Promise<unknown>[] = [];
    for (let i = 0; i < 60; i++) {
      posted.push(link.post({ text: `post ${i}` }));
      if (i === 20) {
        a.proxy.closed = true;
        a.proxy.deaf = true; // some posts are stored without a reply
        setTimeout(() => a.proxy.cut(), 20);
      }
      if (i === 40) {
        while (link.target.key !== b.address || link.state.kind !== 'online')
          await new Promise((r) => setTimeout(r, 5));
        b.proxy.closed = true;
        b.proxy.cut();
      }
    }
    await Promise.all(posted);
    const all = Array.from({ length: 60 }, (_, i) => `post ${i}`);
    while (texts.length < 60) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(texts).to.deep.equal(all);
    expect(link.target.key).to.equal(c.address);
    expect(onlines.map(({ resumed }) => resumed)).to.deep.equal([false, true, true]);
    const { posts } = await link.call('forum.read', { limit: 100 });
    expect(posts.map(({ text }) => text)).to.deep.equal(all);
  });
});
