import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';
import { skip } from '../skip.ts';
import { Party, sha256 } from './party.ts';

const MIB = 1024 * 1024;

describe('PeerProcess', function () {
  this.timeout(60_000);
  let daemon: DaemonFixture;
  const parties: Party[] = [];
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { signUpsPerHour: 1000, callsBurst: 10_000 } } });
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(parties.splice(0).map((party) => party.leave()));
    await daemon.stop();
  });

  it('ignores Ctrl-C, which its client handles', async () => {
    const [an, binh] = [await Party.join(daemon, 'An'), await Party.join(daemon, 'Binh')];
    parties.push(an, binh);
    await binh.peers.allow('An', MIB);
    const { pid } = an.peers;
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.kill(pid!, signal);
    const sent = await an.peers.waitForEnd(await an.peers.send('Binh', await an.file('a.bin', 1000)));
    expect(sent.state).to.equal('done');
    expect(an.peers.pid).to.equal(pid);
  });

  it('exits with its client, and interrupted transfers can be resumed', async () => {
    const binh = await Party.join(daemon, 'Binh');
    parties.push(binh);
    await binh.peers.allow('An', 100 * MIB);
    const path = await binh.file('a.bin', 4 * MIB);
    const script = fileURLToPath(new URL('sender-child.js', import.meta.url));
    const home = await daemon.anotherHome();
    const client = spawn(process.execPath, [script, home.root, daemon.address, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(client);
    let said = '';
    client.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await binh.reached(1, MIB);
    const peer = Number(said.trim());
    expect(alive(peer)).to.equal(true);
    client.kill('SIGKILL');
    while (alive(peer)) await wait(20);
    await binh.until(() => binh.transfer(1)?.state === 'connecting');
    // A repeated send resumes, and nobody is asked again.
    const again = spawn(process.execPath, [script, home.root, daemon.address, path], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.push(again);
    const got = await binh.peers.waitForEnd(1);
    expect(got.state, got.reason ?? '').to.equal('done');
    expect(await sha256(got.savedAs!)).to.equal(await sha256(path));
  });

  it('needs less than 150 MB at either side, for any amount of data', async function () {
    if (process.platform !== 'linux') skip(this, 'needs /proc');
    const [an, binh] = [await Party.join(daemon, 'An'), await Party.join(daemon, 'Binh')];
    parties.push(an, binh);
    await binh.peers.allow('An', 1024 * MIB);
    const path = await an.file('a.bin', 256 * MIB);
    const { state } = await an.peers.waitForEnd(await an.peers.send('Binh', path));
    expect(state).to.equal('done');
    for (const { peers } of [an, binh]) {
      const status = await readFile(join('/proc', String(peers.pid), 'status'), 'utf8');
      const most = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
      expect(most).to.be.greaterThan(10).and.lessThan(150);
    }
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
