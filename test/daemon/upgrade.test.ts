import { readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import { CredentialStore } from '../../src/client/credential-store.ts';
import { ReconnectingClient } from '../../src/client/reconnecting-client.ts';
import { localTarget, parseTarget, serverId } from '../../src/client/target.ts';
import { fetchDaemonStatus, restartDaemon, spawnDaemon, stopDaemon } from '../../src/daemon/lifecycle.ts';
import { readPidFile } from '../../src/daemon/pid-file.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { type HomeDirectory, resolveHome } from '../../src/home-directory.ts';
import { freePort } from '../ports.ts';
import { temporaryFolder } from '../store/temporary.ts';
import { quietHome } from './quiet.ts';

const MEMBERS = 50;

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Connects again and again; measures how long at a stretch that failed. */
class Caller {
  readonly #port: number;
  #calling = true;
  #refusedSince: number | undefined;
  longest = 0;
  readonly ended: Promise<void>;

  constructor(port: number) {
    this.#port = port;
    this.ended = this.#call();
  }

  stop(): Promise<void> {
    this.#calling = false;
    return this.ended;
  }

  async #call(): Promise<void> {
    while (this.#calling) {
      const accepted = await new Promise<boolean>((resolve) => {
        const socket = connect(this.#port, '127.0.0.1');
        const settle = (accepted: boolean) => {
          socket.destroy();
          resolve(accepted);
        };
        socket.once('connect', () => settle(true)).once('error', () => settle(false));
      });
      const now = performance.now();
      if (accepted) this.#refusedSince = undefined;
      else this.#refusedSince ??= now;
      this.longest = Math.max(this.longest, now - (this.#refusedSince ?? now));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

describe('restart', function () {
  this.timeout(120_000);
  let home: HomeDirectory;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let links: ReconnectingClient[];

  beforeEach(async () => {
    links = [];
    home = await quietHome({ limits: { callsPerSecond: 1000, callsBurst: 1000, passwordQueue: 1600 } });
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await Promise.all(links.map((link) => link.stop()));
    await stopDaemon(home).catch((failure) => expect(failure).to.include({ code: 'NO_DAEMON' }));
    await rm(home.root, { recursive: true });
    await folder.remove();
  });

  it(`${MEMBERS} members reconnect, and get every post once`, async function () {
    const port = await freePort();
    const { status } = await spawnDaemon(home, { port });
    const target = parseTarget(status.listening[0]!.address);
    const homes = await Promise.all(
      Array.from({ length: MEMBERS }, async (_, i) => {
        const local = await Client.connect({ target: localTarget(home), home, resume: false });
        const { token } = await local.call('account.signUp', { name: `m${i}`, password: 'come back' });
        await local.close();
        const own = await resolveHome({ GOLDCTL_HOME: `${folder.path}/${i}` });
        await new CredentialStore(own.credentialsFile).save(
          { server: serverId(target), certificate: status.fingerprint },
          [],
          { name: `m${i}`, token },
        );
        return own;
      }),
    );
    const heard: number[][] = [];
    const lostAt: number[] = [];
    const backAt: number[] = [];
    const resumed: boolean[] = [];
    const hints = new Set<unknown>();
    for (const [i, own] of homes.entries()) {
      heard.push([]);
      const link = new ReconnectingClient({
        target,
        home: own,
        subscription: { forum: true },
        onState: (state) => {
          if (state.kind === 'offline' && lostAt[i] === undefined) {
            lostAt[i] = performance.now();
            hints.add(state.failure.data.retryAfterMs);
          }
        },
        onOnline: (online) => {
          if (lostAt[i] === undefined) return;
          backAt[i] = performance.now();
          resumed[i] = online.resumed;
        },
      });
      link.on('post', ({ post }) => heard[i]!.push(post.number));
      links.push(link);
    }
    expect((await Promise.all(links.map((link) => link.start()))).map(({ kind }) => kind)).to.deep.equal(
      Array.from({ length: MEMBERS }, () => 'online'),
    );
    // A client that subscribes without a seq gets later events: all clients do.
    await Promise.all(links.map((link) => link.watch({ forum: true })));

    const posted: ReturnType<ReconnectingClient['post']>[] = [];
    let posting = true;
    const writers = links.slice(0, 5).map(async (link, w) => {
      for (let i = 0; posting; i++) {
        posted.push(link.post({ text: `${w}.${i}` }));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    });
    await until(() => posted.length > 20);
    const caller = new Caller(port);
    const again = await restartDaemon(home);
    expect(again.status.pid).to.not.equal(status.pid);
    await until(() => backAt.filter((at) => at !== undefined).length === MEMBERS);
    const sofar = posted.length;
    await until(() => posted.length > sofar + 20);
    posting = false;
    await Promise.all(writers);
    await caller.stop();

    const numbers = (await Promise.all(posted)).map(({ number }) => number);
    const all = Array.from({ length: numbers.length }, (_, i) => i + 1);
    expect([...numbers].sort((a, b) => a - b)).to.deep.equal(all); // each one once
    await until(() => heard.every((own) => own.length >= all.length));
    for (const [i, own] of heard.entries()) expect(own, `m${i}`).to.deep.equal(all); // no gap, no repeat
    expect(resumed).to.deep.equal(Array.from({ length: MEMBERS }, () => true));
    expect(links.map((link) => link.name)).to.deep.equal(homes.map((_, i) => `m${i}`));
    expect([...hints]).to.deep.equal([250]);

    const away = backAt.map((at, i) => at - lostAt[i]!).sort((a, b) => a - b);
    const [most, middle] = [away.at(-1)!, away[MEMBERS / 2]!];
    this.test!.title +=
      ` (back after ${Math.round(middle)} ms, the last after ${Math.round(most)} ms; no connection for ${Math.round(caller.longest)} ms)`;
    expect(most, 'the promise is 2 s on an idle machine').to.be.below(15_000);
  });

  it('is refused if the next daemon could not start, and the current one stays', async () => {
    const { status } = await spawnDaemon(home, {});
    const client = await Client.connect({ target: localTarget(home), home });
    const text = await readFile(home.configFile, 'utf8');
    await writeFile(home.configFile, '{"limits":{"lineByts":1}}');
    const thrown = await restartDaemon(home).catch((failure) => failure);
    expect(thrown).to.be.instanceOf(AppError).and.include({ code: 'CONFIG_INVALID' });
    expect((await client.call('admin.status', {})).pid).to.equal(status.pid);
    await writeFile(home.configFile, text);
    const again = await restartDaemon(home);
    expect((await client.closed)?.data).to.deep.include({ why: 'The daemon is restarting.', retryAfterMs: 250 });
    expect((await fetchDaemonStatus(home)).pid).to.equal(again.status.pid);
    expect(await readPidFile(home)).to.deep.include({ pid: again.status.pid, options: { home: home.root } });
  });
});
