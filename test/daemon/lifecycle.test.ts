import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import { parseTarget } from '../../src/client/target.ts';
import { fetchDaemonStatus, restartDaemon, spawnDaemon, stopDaemon } from '../../src/daemon/lifecycle.ts';
import {
  isDaemonProcess,
  readPidFile,
  removePidFile,
  removeStaleSocket,
  writePidFile,
} from '../../src/daemon/pid-file.ts';
import { AppError } from '../../src/domain/app-error.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { isProcessAlive } from '../../src/process-alive.ts';
import { quietHome } from './quiet.ts';

async function caught(promise: Promise<unknown>): Promise<AppError> {
  const thrown = await promise.then(
    () => undefined,
    (error) => error,
  );
  expect(thrown).to.be.instanceOf(AppError);
  return thrown;
}

describe('daemon lifecycle', function () {
  this.timeout(60_000);
  let home: HomeDirectory;

  beforeEach(async () => {
    home = await quietHome();
  });
  afterEach(async () => {
    await stopDaemon(home).catch((failure) => expect(failure).to.include({ code: 'NO_DAEMON' }));
    await rm(home.root, { recursive: true });
  });

  it('starts, reports a running daemon, serves, restarts with its options, and stops', async () => {
    const { status, isAlreadyRunning } = await spawnDaemon(home, { attempts: 5 });
    expect(isAlreadyRunning).to.equal(false);
    expect(await readPidFile(home)).to.deep.equal({
      pid: status.pid,
      startedAt: status.startedAt,
      options: { attempts: 5, home: home.root },
    });
    expect((await stat(home.pidFile)).mode & 0o777).to.equal(0o600);
    expect((await stat(home.controlSocket)).mode & 0o777).to.equal(0o600);

    const second = await spawnDaemon(home, { attempts: 1 });
    expect(second).to.deep.include({ isAlreadyRunning: true });
    expect(second.status.pid).to.equal(status.pid);

    let told = '';
    const client = await Client.connect({
      target: parseTarget(status.listening[0]!.address),
      home,
      onFirstUse: (fingerprint) => {
        told = fingerprint;
      },
    });
    expect(told).to.equal(status.fingerprint);

    const again = await restartDaemon(home);
    expect((await client.closed)?.code).to.equal('CONNECTION_ENDED');
    expect(again.stopped).to.include({ pid: status.pid }).and.to.not.have.property('forcedBy');
    expect(again.status.fingerprint).to.equal(status.fingerprint);
    expect(await readPidFile(home)).to.deep.include({ options: { attempts: 5, home: home.root } });

    expect(await stopDaemon(home)).to.include({ pid: again.status.pid });
    expect(isProcessAlive(again.status.pid)).to.equal(false);
    expect(await caught(fetchDaemonStatus(home))).to.include({ code: 'NO_DAEMON' });
    expect(await caught(stopDaemon(home))).to.include({ code: 'NO_DAEMON', exit: 3 });
    expect(await readPidFile(home)).to.equal(undefined);
  });

  it('starts after a daemon was killed', async () => {
    const { status } = await spawnDaemon(home, {});
    process.kill(status.pid, 'SIGKILL');
    while (isProcessAlive(status.pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await stat(home.controlSocket)).isSocket()).to.equal(true);
    const { status: next, isAlreadyRunning } = await spawnDaemon(home, {});
    expect(isAlreadyRunning).to.equal(false);
    expect(next.pid).to.not.equal(status.pid);
  });

  it('starts once if it is started twice concurrently', async () => {
    const both = await Promise.all([spawnDaemon(home, {}), spawnDaemon(home, {})]);
    expect(both.map(({ isAlreadyRunning }) => isAlreadyRunning).sort()).to.deep.equal([false, true]);
    expect(both[0]!.status.pid).to.equal(both[1]!.status.pid);
  });

  it('reports why it does not start', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const taken = await caught(spawnDaemon(home, { port })).finally(() => server.close());
    expect(taken).to.include({ code: 'PORT_TAKEN' });
    expect(taken.message).to.include(String(port));
    expect(await caught(spawnDaemon(home, { plain: true, host: '0.0.0.0' }))).to.include({ code: 'USAGE', exit: 2 });
    await writeFile(home.configFile, '{"listen":{"prot":1}}');
    const invalid = await caught(spawnDaemon(home, {}));
    expect(invalid).to.include({ code: 'CONFIG_INVALID' });
    expect(invalid.message).to.include('did you mean "port"?');
  });
});

describe('pid file', () => {
  let home: HomeDirectory;
  let stranger: ChildProcess | undefined;

  beforeEach(async () => {
    home = await quietHome();
  });
  afterEach(async () => {
    if (stranger?.exitCode === null && stranger.signalCode === null) {
      stranger.kill('SIGKILL');
      await once(stranger, 'exit');
    }
    stranger = undefined;
    await rm(home.root, { recursive: true });
  });

  /** A program that does nothing and reports when it runs. */
  async function run(file: string, ...argv: string[]): Promise<number> {
    await writeFile(file, 'console.log("up"); setInterval(() => {}, 1e6);');
    stranger = spawn(process.execPath, [file, ...argv], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(stranger.stdout!, 'data');
    return stranger.pid!;
  }

  it('does not end a program that reuses the pid of a daemon', async () => {
    const pid = await run(join(home.root, 'other.js'), JSON.stringify({ home: home.root }));
    await writePidFile(home, { pid, startedAt: Date.now(), options: { home: home.root } });
    expect(await caught(stopDaemon(home))).to.include({ code: 'NO_DAEMON' });
    expect(isProcessAlive(pid)).to.equal(true);
  });

  it('does not end the daemon of another home', async () => {
    await mkdir(join(home.root, 'daemon'));
    const pid = await run(join(home.root, 'daemon', 'main.js'), JSON.stringify({ home: '/another' }));
    await writePidFile(home, { pid, startedAt: Date.now(), options: { home: home.root } });
    expect(await caught(stopDaemon(home))).to.include({ code: 'NO_DAEMON' });
    expect(await isDaemonProcess({ pid, startedAt: 0, options: { home: '/another' } })).to.equal(
      process.platform !== 'win32',
    );
    expect(isProcessAlive(pid)).to.equal(true);
  });

  it('ends an unresponsive daemon of this home with a signal', async () => {
    await mkdir(join(home.root, 'daemon'));
    const pid = await run(join(home.root, 'daemon', 'main.js'), JSON.stringify({ home: home.root }));
    await writePidFile(home, { pid, startedAt: Date.now(), options: { home: home.root } });
    const stuck = await caught(spawnDaemon(home, {}));
    expect(stuck).to.include({ code: 'NO_DAEMON' });
    expect(stuck.message).to.include(String(pid));
    const told: string[] = [];
    expect(await stopDaemon(home, (signal) => told.push(signal))).to.include({ pid, forcedBy: 'SIGTERM' });
    expect(told).to.deep.equal(['SIGTERM']);
  });

  it('is ignored if it is damaged', async () => {
    for (const text of ['', '{', '{}', '{"pid":-1,"options":{}}', '{"pid":1.5,"options":{}}', 'null', '[]']) {
      await writeFile(home.pidFile, text);
      expect(await readPidFile(home), text).to.equal(undefined);
    }
  });

  it('is not removed when another process ends', async () => {
    await writePidFile(home, { pid: 4242, startedAt: 1, options: {} });
    await removePidFile(home, 4243);
    expect(await readPidFile(home)).to.include({ pid: 4242 });
    await removePidFile(home, 4242);
    expect(await readFile(home.pidFile, 'utf8').catch(({ code }) => code)).to.equal('ENOENT');
  });
});

describe('stale control socket', () => {
  it('is removed if nobody listens, and never if somebody does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'goldctl-stale-'));
    const controlSocket = join(folder, 'control.sock');
    const home = { controlSocket } as HomeDirectory;
    await removeStaleSocket(home);
    await writeFile(controlSocket, '');
    await removeStaleSocket(home);
    const server = createServer().listen(controlSocket);
    await once(server, 'listening');
    expect(await caught(removeStaleSocket(home))).to.include({ code: 'DATA_LOCKED' });
    expect((await stat(controlSocket)).isSocket()).to.equal(true);
    server.close();
    await once(server, 'close');
    await rm(folder, { recursive: true });
  });
});
