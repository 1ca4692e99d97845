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
import { everyPost, Poster } from './poster.ts';

const CLIENTS = 20;
/** The target is 20; a few find most faults in a fraction of the time. */
const ROUNDS = Number(process.env.GOLDCTL_FAULT_ROUNDS ?? 3);
/** Every provider is off: only clients write. */
const providers = Object.fromEntries(PROVIDERS.map(({ id }) => [id, { enabled: false }]));
const limits = { callsPerSecond: 100_000, callsBurst: 100_000, signUpsPerHour: 1000, connectionsPerAddress: 1000 };

describe(`kill -9 under ${CLIENTS} posting clients`, function () {
  this.timeout(30_000 + ROUNDS * 15_000);
  const homes: HomeDirectory[] = [];
  const anotherHome = async () => {
    const home = await resolveHome({ GOLDCTL_HOME: await mkdtemp(join(tmpdir(), 'goldctl-posting-')) });
    homes.push(home);
    await makeCredentials(home);
    return home;
  };

  afterEach(async () => {
    if (homes[0]) await stopDaemon(homes[0]).catch(() => {}); // it may not run
    for (const { root } of homes.splice(0)) await rm(root, { recursive: true, force: true });
  });

  it(`loses and repeats no acknowledged post, and every client reconnects, ${ROUNDS} times`, async () => {
    const home = await anotherHome();
    await home.ensureFolders();
    await writeFile(home.configFile, JSON.stringify({ limits, rates: { providers } }));
    let daemon: DaemonStatus = (await spawnDaemon(home, { port: 0 })).status;
    const { address } = daemon.listening[0]!;
    const port = Number(address.split(':').at(-1));

    let acknowledged = 0;
    let wake = () => {};
    const posters: Poster[] = [];
    for (let i = 0; i < CLIENTS; i++) {
      const name = `poster-${i}`;
      const client = await Client.connect({ target: parseTarget(address), home: await anotherHome() });
      await client.signUp({ name, password: 'a secret' });
      posters.push(
        new Poster(name, client, () => {
          acknowledged += 1;
          wake();
        }),
      );
    }
    const over = new AbortController();
    try {
      await Promise.all(posters.map(({ link }) => link.start()));
      const writing = Promise.all(posters.map((poster) => poster.write(over.signal)));
      for (let round = 1; round <= ROUNDS; round++) {
        const enough = acknowledged + 50 + Math.floor(Math.random() * 200);
        const returned = () => posters.every(({ returns }) => returns >= round - 1);
        while (acknowledged < enough || !returned()) {
          await Promise.race([new Promise<void>((resolve) => (wake = resolve)), sleep(50)]);
        }
        await sleep(Math.random() * 25); // during a post
        process.kill(daemon.pid, 'SIGKILL');
        daemon = await restarted(home, port);
      }
      while (!posters.every(({ returns }) => returns >= ROUNDS)) await sleep(20);
      over.abort();
      await writing;

      const forum = await everyPost(home);
      expect(posters.flatMap(({ trouble }) => trouble)).to.deep.equal([]);
      expect(forum.map(({ number }) => number)).to.deep.equal(forum.map((_, i) => i + 1));
      for (const { name, acknowledged, written, heard, link } of posters) {
        expect(link.state.kind, name).to.equal('online');
        expect(link.pendingPosts, name).to.equal(0);
        const mine = forum.filter(({ member }) => member === name);
        const texts = Array.from({ length: written }, (_, i) => `${name} ${i}`);
        expect(
          mine.map(({ text }) => text),
          'each once, in order',
        ).to.deep.equal(texts);
        for (const post of acknowledged) expect(forum[post.number - 1], 'as acknowledged').to.deep.equal(post);
        expect(acknowledged).to.have.length(written);
        while (heard.length < forum.length) await sleep(5);
        expect(
          heard.map(({ number }) => number),
          'heard without gap or repeat',
        ).to.deep.equal(forum.map(({ number }) => number));
      }
    } finally {
      over.abort();
      await Promise.all(posters.map(({ link }) => link.stop()));
    }
  });
});

/** Starts the daemon on its port, which the system may not have released yet. */
async function restarted(home: HomeDirectory, port: number): Promise<DaemonStatus> {
  for (;;) {
    try {
      const { status, isAlreadyRunning } = await spawnDaemon(home, { port });
      if (!isAlreadyRunning) return status;
    } catch (thrown) {
      if (!['NO_DAEMON', 'CONNECTION_ENDED', 'DATA_LOCKED', 'PORT_TAKEN'].includes((thrown as { code: string }).code))
        throw thrown;
    }
    await sleep(10);
  }
}
