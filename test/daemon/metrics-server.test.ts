import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { MetricsServer } from '../../src/daemon/metrics-server.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from '../server/wire.ts';
import { ProviderHosts } from './provider-hosts.ts';

/** The response of an address to a request with `host` as its Host header. */
function ask(
  address: string,
  path: string,
  { method = 'GET', host = address } = {},
): Promise<{ status: number; type: string; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(`http://${address}${path}`, { method, headers: { host } }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve({ status: response.statusCode!, type: response.headers['content-type'] ?? '', text });
    });
    asked.on('error', reject).end();
  });
}

/** Metrics by name and labels, as written. */
function figures(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

describe('MetricsServer', () => {
  let monitor: MetricsServer;
  let trouble: string | undefined;
  beforeEach(async () => {
    trouble = undefined;
    monitor = new MetricsServer(0, {
      unavailableReason: () => trouble,
      metrics: () => (trouble ? undefined : { contentType: 'text/plain', text: async () => 'figures\n' }),
    });
    await monitor.start();
  });
  afterEach(() => monitor.stop());

  it('reports health, or why the daemon is not healthy', async () => {
    expect(await ask(monitor.address, '/healthz')).to.include({ status: 200, text: 'ok\n' });
    trouble = 'The daemon is starting.';
    for (const path of ['/healthz', '/metrics', '/healthz?verbose']) {
      expect(await ask(monitor.address, path)).to.include({ status: 503, text: 'The daemon is starting.\n' });
    }
  });

  it('has two pages, and accepts GET and HEAD', async () => {
    expect(await ask(monitor.address, '/metrics')).to.include({ status: 200, text: 'figures\n' });
    expect(await ask(monitor.address, '/metrics', { method: 'HEAD' })).to.include({ status: 200, text: '' });
    for (const path of ['/', '/metrics/', '//healthz', '/?/metrics']) {
      expect((await ask(monitor.address, path)).status, path).to.equal(404);
    }
    expect((await ask(monitor.address, '/metrics', { method: 'POST' })).status).to.equal(405);
  });

  it('accepts only loopback host names: a page in a browser may use another name', async () => {
    const port = monitor.address.split(':')[1];
    for (const host of [`localhost:${port}`, '127.0.0.1', `[::1]:${port}`]) {
      expect((await ask(monitor.address, '/metrics', { host })).status, host).to.equal(200);
    }
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', '10.0.0.1']) {
      expect((await ask(monitor.address, '/metrics', { host })).status, host).to.equal(403);
    }
  });

  it('listens on 127.0.0.1, and stops despite open connections', async () => {
    expect(monitor.address).to.match(/^127\.0\.0\.1:\d+$/);
    const socket = connect(Number(monitor.address.split(':')[1]), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.on('error', () => {});
    await monitor.stop();
    expect(monitor.isOpen).to.equal(false);
    socket.destroy();
  });
});

describe('metrics of a daemon', () => {
  let hosts: ProviderHosts;
  let room: DaemonFixture | undefined;
  const monitor = () => room!.daemon.status().listening.find(({ name }) => name.startsWith('metrics'))!.address;
  const now = async () => figures((await ask(monitor(), '/metrics')).text);
  const until = async (name: string, value: number) => {
    while ((await now()).get(name) !== value) await pause(10);
  };
  beforeEach(() => {
    hosts = new ProviderHosts();
  });
  afterEach(async () => {
    await room?.stop();
    room = undefined;
    await hosts.stop();
  });

  it('count members, calls, replies and writes', async () => {
    room = await DaemonFixture.start({ config: { metricsPort: 0 } });
    expect(await ask(monitor(), '/healthz')).to.include({ status: 200 });
    const { type } = await ask(monitor(), '/metrics');
    expect(type).to.match(/^text\/plain; version=0\.0\.4/);
    const wire = await Wire.member(room.address, 'leia', 'secret');
    for (const text of ['one', 'two', 'three']) await wire.result('forum.post', { text });
    await wire.call('forum.edit', { number: 999, text: 'x' });
    await wire.call(`made.up.${'x'.repeat(100)}`);
    wire.send('no JSON\n');
    const other = await Wire.greet(room.address, { tls: true });
    const control = await room.connect();
    const told = await now();
    expect(Object.fromEntries(told)).to.include({
      'goldctl_connections{transport="clear",signed_in="yes"}': 1,
      'goldctl_connections{transport="tls",signed_in="no"}': 1,
      'goldctl_connections{transport="control",signed_in="no"}': 1,
      'goldctl_connections{transport="control",signed_in="yes"}': 0,
      goldctl_sockets: 2,
      goldctl_members: 1,
      goldctl_accounts: 1,
      goldctl_slow_readers: 0,
      goldctl_store_writable: 1,
      'goldctl_info{version="0.0.0"}': 1,
      'goldctl_calls_total{method="forum.post",status="0"}': 3,
      'goldctl_calls_total{method="forum.edit",status="417"}': 1,
      'goldctl_calls_total{method="account.signUp",status="0"}': 1,
      'goldctl_calls_total{method="unknown",status="-32601"}': 1,
      'goldctl_calls_total{method="unknown",status="-32700"}': 1,
      goldctl_append_seconds_count: told.get('goldctl_journal_records')!,
      'goldctl_append_seconds_bucket{le="+Inf"}': told.get('goldctl_journal_records')!,
      goldctl_commit_records_sum: told.get('goldctl_journal_records')!,
      goldctl_appends_waiting: 0,
    });
    expect(told.get('goldctl_commit_seconds_sum')).to.be.within(0.00001, 10);
    expect(told.get('goldctl_disk_free_bytes')).to.be.above(0);
    for (const name of [
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
      'process_cpu_seconds_total',
    ])
      expect(told.get(name), name).to.be.a('number');
    other.close();
    await until('goldctl_connections{transport="tls",signed_in="no"}', 0);
    expect((await now()).get('goldctl_calls_total{method="forum.post",status="0"}'), 'asked again').to.equal(3);
    wire.close();
    await control.close();
  });

  it('count clients that do not read, and their disconnects', async () => {
    const limits = {
      queueSoftBytes: 100_000,
      queueHardBytes: 100_000_000,
      stallMs: 500,
      callsPerSecond: 1e6,
      callsBurst: 1e6,
    };
    room = await DaemonFixture.start({ config: { metricsPort: 0, limits } });
    const writer = await Wire.member(room.address, 'writer');
    for (let i = 0; i < 50; i++) await writer.result('forum.post', { text: 'x'.repeat(4000) });
    const frozen = await Wire.member(room.address, 'frozen');
    frozen.socket.pause();
    // More than the system buffers for a connection.
    for (let i = 0; i < 200; i++) frozen.send(`{"jsonrpc":"2.0","id":9,"method":"forum.read","params":{"limit":50}}\n`);
    await until('goldctl_slow_readers', 1);
    expect((await now()).get('goldctl_queued_bytes_longest')).to.be.above(limits.queueSoftBytes);
    await until('goldctl_slow_readers_dropped_total', 1);
    await until('goldctl_slow_readers', 0);
    writer.close();
  });

  it('report each rate provider, and drop one that a reload removes', async () => {
    await hosts.start(['er-api', 'vietcombank']);
    hosts.answers.set('er-api', () => ({ status: 500, body: '' }));
    const providers = Object.fromEntries(
      ['er-api', 'vietcombank'].map((id) => [id, { enabled: true, url: hosts.url(id) }]),
    );
    room = await DaemonFixture.start({ config: { metricsPort: 0, rates: { providers } } });
    await until('goldctl_provider_state{provider="er-api",state="error"}', 1);
    const told = await now();
    expect(told.get('goldctl_provider_state{provider="er-api",state="ok"}')).to.equal(0);
    expect(told.get('goldctl_provider_fetches_total{provider="er-api"}')).to.be.at.least(1);
    expect(told.get('goldctl_provider_failures{provider="er-api"}')).to.be.at.least(1);
    expect(told.get('goldctl_provider_state{provider="sjc",state="off"}')).to.equal(1);
    expect(told.has('goldctl_provider_failures{provider="sjc"}')).to.equal(false);
  });

  it('are off by default, and a port in use is named with its flag', async () => {
    room = await DaemonFixture.start();
    expect(room.daemon.status().listening.map(({ name }) => name)).to.not.include('metrics, HTTP');
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const failure = await DaemonFixture.start({ config: { metricsPort: port } }).catch((thrown: unknown) => thrown);
    expect(failure).to.include({ code: 'PORT_TAKEN' });
    expect((failure as Error).message)
      .to.include(`TCP port ${port} on 127.0.0.1`)
      .and.to.include('--metrics-port');
    taken.close();
  });

  it('are served on the same port after a restart, and report the shutdown in between', async () => {
    room = await DaemonFixture.start({ config: { metricsPort: 0 } });
    const before = monitor();
    await room.restart(async () => {
      expect(await ask(before, '/healthz').catch(() => undefined)).to.equal(undefined);
    });
    expect(await ask(monitor(), '/healthz')).to.include({ status: 200 });
  });
});
