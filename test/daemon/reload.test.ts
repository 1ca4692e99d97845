import { once } from 'node:events';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import { localTarget, parseTarget } from '../../src/client/target.ts';
import { certificatePath, loadOrCreateCertificate } from '../../src/daemon/certificate.ts';
import { loadConfig, parseConfig } from '../../src/daemon/config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { spawnDaemon as startProcess, stopDaemon } from '../../src/daemon/lifecycle.ts';
import { diffConfig } from '../../src/daemon/reload.ts';
import { AppError } from '../../src/domain/app-error.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { cliConfig } from '../cli-config.ts';
import { quietHome } from './quiet.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function caught(promise: Promise<unknown>): Promise<AppError> {
  const thrown = await promise.then(
    () => undefined,
    (error) => error,
  );
  expect(thrown).to.be.instanceOf(AppError);
  return thrown;
}

describe('diffConfig', () => {
  const config = (settings: object) => parseConfig(JSON.stringify(settings), 'config.json');
  const before = config({});

  it('names settings that apply at once, and those that need a restart', () => {
    const before = config({ attempts: 3, sumPort: 4001, rates: { providers: { sjc: { key: 'a' }, pnj: {} } } });
    const after = config({
      attempts: 4,
      serverName: 'other',
      metricsPort: 9464,
      listen: { port: 4002 },
      log: { level: 'debug' },
      limits: { connections: 5, helloMs: 20 },
      rates: { compactAfterDays: 7, providers: { sjc: { key: 'b' }, doji: { enabled: false } } },
    });
    const { changed, restart, config: now } = diffConfig(before, after);
    expect(changed).to.have.members([
      'attempts',
      'log.level',
      'limits.connections',
      'rates.compactAfterDays',
      'rates.providers.sjc',
      'rates.providers.pnj',
      'rates.providers.doji',
    ]);
    expect(restart).to.have.members(['listen.port', 'limits.helloMs', 'sumPort', 'metricsPort', 'serverName']);
    expect(now).to.deep.include({ attempts: 4, listen: before.listen, sumPort: 4001 });
    expect(now).to.not.have.any.keys('serverName', 'metricsPort');
    expect(now.limits).to.include({ connections: 5, helloMs: 10_000 });
    // It repeats what needs a restart, and not what was applied.
    expect(diffConfig(now, after).changed).to.deep.equal([]);
    expect(diffConfig(now, after).restart).to.have.members([...restart]);
    expect(diffConfig(before, before)).to.deep.include({ changed: [], restart: [] });
  });

  it('reports a setting as changed if and only if the effective settings have its new value', () => {
    const settings: readonly object[] = [
      ...[{ host: '127.0.0.2' }, { port: 4002 }, { plain: true }, { public: 'room.example' }].map((listen) => ({
        listen,
      })),
      ...['attempts', 'sumPort', 'metricsPort'].map((name) => ({ [name]: 5 })),
      ...[{ dialects: ['market:4005'] }, { serverName: 'other' }, { log: { level: 'debug' } }],
      ...Object.keys(before.limits).map((name) => ({ limits: { [name]: before.limits[name as 'helloMs'] + 1 } })),
      ...[{ url: 'nats://127.0.0.1:4222' }, { prefix: 'other' }].map((engine) => ({ engine })),
      ...[
        { compactAfterDays: 7 },
        { reference: { SJC: { provider: 'pnj' } } },
        { providers: { sjc: { enabled: false } } },
      ].map((rates) => ({ rates })),
    ];
    for (const setting of settings) {
      const next = config(setting);
      const { changed, restart, config: effective } = diffConfig(before, next);
      expect([...changed, ...restart], JSON.stringify(setting)).to.have.length(1);
      expect(effective, JSON.stringify(setting)).to.deep.equal(changed.length === 1 ? next : before);
    }
  });
});

describe('reload', function () {
  this.timeout(60_000);
  let home: HomeDirectory;
  let other: HomeDirectory;
  let daemon: Daemon | undefined;
  let clients: Client[];
  let host: Server;
  let asked: string[];
  const levels: string[] = [];

  const connect = async (options: Partial<Parameters<typeof Client.connect>[0]> = {}) => {
    const client = await Client.connect({ target: localTarget(home), home, ...options });
    clients.push(client);
    return client;
  };
  const write = async (change: (settings: Record<string, never> & { rates: { providers: object } }) => object) => {
    const settings = JSON.parse(await readFile(home.configFile, 'utf8'));
    await writeFile(home.configFile, JSON.stringify({ ...settings, ...change(settings) }));
  };
  const provider = (path: string, more: object = {}) => ({
    url: `http://127.0.0.1:${(host.address() as AddressInfo).port}/${path}`,
    market: 'gold',
    every: '1h',
    quote: { instrument: "'XAU'", buy: 'buy', sell: 'sell', currency: "'USD'", unit: "'ozt'", at: 'at' },
    ...more,
  });
  const providers = (mine: object) => write(({ rates }) => ({ rates: { providers: { ...rates.providers, mine } } }));

  beforeEach(async () => {
    clients = [];
    asked = [];
    home = await quietHome();
    other = await quietHome();
    await home.ensureFolders();
    await other.ensureFolders();
    host = createServer((request, response) => {
      asked.push(request.url!);
      response.end(JSON.stringify([{ buy: 4000, sell: 4010, at: new Date().toISOString() }]));
    }).listen(0, '127.0.0.1');
    await once(host, 'listening');
    daemon = await startDaemon({
      home,
      config: await loadConfig(home.configFile),
      version: '0.0.0',
      log: SILENT,
      loadConfig: () => loadConfig(home.configFile),
      onLogLevel: (level) => levels.push(level),
      onStopRequest: () => {},
    });
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await daemon?.stop('The test is over.');
    daemon = undefined;
    host.close();
    for (const { root } of [home, other]) await rm(root, { recursive: true, force: true });
  });

  it('applies limits and log level at once, without disconnecting anybody', async () => {
    const client = await connect();
    await client.signUp({ name: 'leia', password: 'Alderaan!' });
    const target = parseTarget(daemon!.status().listening[0]!.address);
    const far = await connect({ target, home: other });
    expect(await client.call('admin.reload', {})).to.deep.equal({ changed: [], restart: [] });
    await write(() => ({
      listen: { port: 1 },
      attempts: 1,
      log: { level: 'debug' },
      limits: {
        postCharacters: 5,
        passwordQueue: 7,
        listings: 3,
        idleMs: 20,
        pingMs: 20_000,
        connectionsPerAddress: 1,
      },
    }));
    const { changed, restart } = await client.call('admin.reload', {});
    expect(changed).to.have.members([
      'attempts',
      'log.level',
      ...['postCharacters', 'passwordQueue', 'listings', 'idleMs', 'pingMs', 'connectionsPerAddress'].map(
        (name) => `limits.${name}`,
      ),
    ]);
    expect(restart).to.deep.equal(['listen.port']);
    expect(levels.at(-1)).to.equal('debug');
    expect((await caught(client.call('forum.post', { text: 'too long' }))).message).to.include('5');
    expect(await caught(connect({ target, home: other }))).to.include({ code: 'NO_DAEMON' });
    const wrong = await caught(far.signIn({ name: 'leia', password: 'wrong' }));
    expect(wrong.data).to.include({ attemptsLeft: 0 });
    expect(await client.call('admin.status', {})).to.include({ connections: 2 });
  });

  it('applies nothing if a setting is invalid, and reports it', async () => {
    const client = await connect();
    await client.signUp({ name: 'leia', password: 'Alderaan!' });
    await write(() => ({ limits: { postCharacters: 5 }, sumPorts: 1 }));
    const { code, message } = await caught(client.call('admin.reload', {}));
    expect(code).to.equal('CONFIG_INVALID');
    expect(message).to.include('did you mean "sumPort"?');
    await write(({ limits }) => ({ limits, sumPorts: undefined, rates: { providers: { mine: { url: 'x' } } } }));
    expect((await caught(client.call('admin.reload', {}))).message).to.include('rates.providers.mine.');
    expect((await client.call('forum.post', { text: 'long enough' })).post.number).to.equal(1);
  });

  it('starts, changes and stops providers, and leaves others running', async () => {
    const client = await connect();
    const state = async (id: string) =>
      (await client.call('rates.providers', {})).providers.find((one) => one.id === id)?.state;
    await providers(provider('one'));
    expect((await client.call('admin.reload', {})).changed).to.deep.equal(['rates.providers.mine']);
    await until(async () => (await state('mine')) === 'ok');
    expect((await client.call('rates.get', { instrument: 'XAU' })).quotes[0]).to.include({ buy: 4000, stale: false });
    await providers(provider('two'));
    await client.call('admin.reload', {});
    await until(() => asked.includes('/two'));
    await write(() => ({ attempts: 2 }));
    await client.call('admin.reload', {});
    await client.call('admin.refresh', { provider: 'mine' });
    expect(asked.filter((url) => url === '/one')).to.have.length(1);
    await providers(provider('two', { enabled: false }));
    await client.call('admin.reload', {});
    expect(await state('mine')).to.equal('off');
    expect(await caught(client.call('admin.refresh', { provider: 'mine' }))).to.include({ code: 'NOT_AVAILABLE' });
    await providers({});
    expect((await caught(client.call('admin.reload', {}))).code).to.equal('CONFIG_INVALID');
    await write(({ rates }) => {
      const { mine: _, ...rest } = rates.providers as Record<string, object>;
      return { rates: { providers: rest } };
    });
    await client.call('admin.reload', {});
    expect(await state('mine')).to.equal(undefined);
  });

  it('shows another certificate to new connections', async () => {
    const client = await connect();
    const target = parseTarget(daemon!.status().listening[0]!.address);
    const before = await connect({ target, home: other });
    const { fingerprint } = await loadOrCreateCertificate(other);
    await copyFile(certificatePath(other), certificatePath(home));
    expect(await client.call('admin.reload', {})).to.deep.equal({ changed: ['certificate'], restart: [] });
    expect((await client.call('admin.status', {})).fingerprint).to.equal(fingerprint);
    expect(await caught(connect({ target, home: other }))).to.include({ code: 'CERTIFICATE_CHANGED' });
    expect((await caught(before.call('members.active', {}))).code).to.equal('NOT_SIGNED_IN'); // still connected
    await rm(other.knownHostsFile);
    let met = '';
    await connect({
      target,
      home: other,
      onFirstUse: (print) => {
        met = print;
      },
    });
    expect(met).to.equal(fingerprint);
    await writeFile(certificatePath(home), 'damaged');
    expect(await caught(client.call('admin.reload', {}))).to.include({ code: 'CONFIG_INVALID' });
    await rm(certificatePath(home));
    expect((await caught(client.call('admin.reload', {}))).message).to.include('is missing');
    await connect({ target, home: other });
  });

  it('is triggered by SIGHUP and by the command', async () => {
    await daemon!.stop('Another one comes.');
    daemon = undefined;
    const { status } = await startProcess(home, {});
    try {
      const client = await connect();
      await client.signUp({ name: 'leia', password: 'Alderaan!' });
      await write(() => ({ limits: { postCharacters: 5 } }));
      process.kill(status.pid, 'SIGHUP');
      const posting = async () => {
        const thrown = await client.call('forum.post', { text: 'long enough' }).catch((failure) => failure);
        return thrown instanceof AppError;
      };
      await until(posting);
      await write(() => ({ limits: { postCharacters: 'x' } }));
      process.kill(status.pid, 'SIGHUP');
      const said = async () => (await readFile(home.logFile, 'utf8')).includes('nothing was changed: ');
      await until(said);
      await write(() => ({ limits: {}, listen: { port: 1 } }));
      const { captureOutput } = await import('@oclif/test');
      const { run } = await import('@oclif/core');
      const config = await cliConfig();
      const before = process.env.GOLDCTL_HOME;
      process.env.GOLDCTL_HOME = home.root;
      const { stdout } = await captureOutput(() => run(['daemon', 'reload'], config), { testNodeEnv: 'production' });
      if (before === undefined) delete process.env.GOLDCTL_HOME;
      else process.env.GOLDCTL_HOME = before;
      expect(stdout).to.equal(
        'Changed: limits.postCharacters.\nNeeds a restart: listen.port. Run `goldctl daemon restart` to apply it.\n',
      );
      expect(await posting()).to.equal(false);
      expect((await client.call('admin.status', {})).pid).to.equal(status.pid);
    } finally {
      await stopDaemon(home);
    }
  });
});
