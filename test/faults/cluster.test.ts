import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import { parseTarget } from '../../src/client/target.ts';
import type { DaemonStatus } from '../../src/daemon/lifecycle.ts';
import { spawnDaemon, stopDaemon } from '../../src/daemon/lifecycle.ts';
import { type HomeDirectory, resolveHome } from '../../src/home-directory.ts';
import { PROVIDERS } from '../../src/rates/providers/index.ts';
import { makeCredentials } from '../credentials.ts';
import { ProviderHosts } from '../daemon/provider-hosts.ts';
import { NatsFixture } from '../nats-fixture.ts';
import { freePort } from '../ports.ts';
import { everyPost, Poster } from './poster.ts';

const CLIENTS = 6;
const ROUNDS = Number(process.env.GOLDCTL_FAULT_ROUNDS ?? 1);
const EVERY_MS = 2000;
/** The guarantees of the cluster. */
const BACK_MS = 3000;
const LEASE_MS = 15_000;

const limits = { callsPerSecond: 100_000, callsBurst: 100_000, signUpsPerHour: 1000, connectionsPerAddress: 1000 };

/** Another process of the same cluster. */
interface Running {
  readonly home: HomeDirectory;
  status: DaemonStatus;
}

describe('kill -9 of daemons in a cluster', function () {
  this.timeout(90_000 + ROUNDS * 30_000);
  const homes: HomeDirectory[] = [];
  const daemons: Running[] = [];
  const posters: Poster[] = [];
  let nats: NatsFixture;
  let hosts: ProviderHosts;
  const asked: number[] = [];

  const anotherHome = async () => {
    const home = await resolveHome({ GOLDCTL_HOME: await mkdtemp(join(tmpdir(), 'goldctl-cluster-')) });
    await home.ensureFolders();
    homes.push(home);
    await makeCredentials(home);
    return home;
  };
  const addressOf = ({ status }: Running) => status.listening[0]!.address;

  before(async function () {
    this.timeout(90_000);
    nats = await NatsFixture.start(this, { nodes: ROUNDS > 1 ? 3 : 1 });
    hosts = new ProviderHosts();
    await hosts.start(['gold-api']);
    hosts.serve('gold-api', ({ path }) => {
      if (!path.endsWith('/XAU')) return { status: 404, body: 'not here' };
      asked.push(performance.now());
      const updatedAt = new Date().toISOString();
      return JSON.stringify({ name: 'Gold', price: 4000 + (asked.length % 50), symbol: 'XAU', updatedAt });
    });
    const providers: Record<string, object> = Object.fromEntries(PROVIDERS.map(({ id }) => [id, { enabled: false }]));
    providers['gold-api'] = { enabled: true, url: hosts.url('gold-api'), every: `${EVERY_MS / 1000}s` };
    for (let i = 0; i < 3; i++) {
      const home = await anotherHome();
      const listen = { port: await freePort() }; // clients reconnect to the same port
      await writeFile(
        home.configFile,
        JSON.stringify({ listen, engine: { url: nats.engine }, limits, rates: { providers } }),
      );
      // One after the other: the first one polls rates.
      daemons.push({ home, status: (await spawnDaemon(home, {})).status });
    }
  });
  after(async () => {
    await Promise.all(posters.map(({ link }) => link.stop()));
    for (const { home } of daemons) await stopDaemon(home).catch(() => {});
    await hosts?.stop();
    await nats?.stop();
    for (const { root } of homes) await rm(root, { recursive: true, force: true });
  });

  it('moves every client to another daemon within 3 s, and loses and repeats no acknowledged post', async () => {
    for (let i = 0; i < CLIENTS; i++) {
      const order = [...daemons.slice(i % 3), ...daemons.slice(0, i % 3)];
      const client = await Client.connect({
        target: parseTarget(order.map(addressOf).join()),
        home: await anotherHome(),
      });
      await client.signUp({ name: `poster-${i}`, password: 'a secret' });
      await client.confirmFallbacks({ confirmServer: async () => true });
      posters.push(new Poster(`poster-${i}`, client, () => {}));
    }
    const over = new AbortController();
    await Promise.all(posters.map(({ link }) => link.start()));
    const writing = Promise.all(posters.map((poster) => poster.write(over.signal)));
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const victim = daemons[round % 3]!;
        await until(() => asked.length > 1);
        const those = posters.filter(({ link }) => link.target.key === addressOf(victim));
        expect(those).not.to.deep.equal([]);
        const returns = those.map((poster) => poster.returns);
        const [before, killed] = [asked.length, performance.now()];
        process.kill(victim.status.pid, 'SIGKILL');
        await until(() => those.every((poster, i) => poster.returns > returns[i]!));
        expect(performance.now() - killed, 'ms until the clients reconnected').to.be.below(BACK_MS);
        if (round === 0) {
          // It polled rates: another daemon does so now.
          await until(() => asked.length > before + 1);
          expect(asked[before]! - killed, 'ms until rates were polled again').to.be.below(LEASE_MS);
        }
        victim.status = (await spawnDaemon(victim.home, {})).status;
      }
      await sleep(200);
    } finally {
      over.abort();
      await writing;
    }
    const forum = await everyPost(daemons[0]!.home);
    for (const { home } of daemons.slice(1)) {
      await until(async () => (await everyPost(home)).length === forum.length);
      expect(await everyPost(home), 'the same at every daemon').to.deep.equal(forum);
    }
    expect(posters.flatMap(({ trouble }) => trouble)).to.deep.equal([]);
    expect(forum.map(({ number }) => number)).to.deep.equal(forum.map((_, i) => i + 1));
    for (const { name, acknowledged, written, heard } of posters) {
      const texts = Array.from({ length: written }, (_, i) => `${name} ${i}`);
      const mine = forum.filter(({ member }) => member === name).map(({ text }) => text);
      expect(mine, 'each once, in order').to.deep.equal(texts);
      for (const post of acknowledged) expect(forum[post.number - 1], 'as acknowledged').to.deep.equal(post);
      expect(acknowledged).to.have.length(written);
      await until(() => heard.length >= forum.length);
      expect(
        heard.map(({ number }) => number),
        'heard without gap or repeat',
      ).to.deep.equal(forum.map(({ number }) => number));
    }
    const gaps = asked.slice(1).map((at, i) => at - asked[i]!);
    expect(Math.min(...gaps), 'ms between two fetches').to.be.above(EVERY_MS - 250);
  });
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(10);
}
