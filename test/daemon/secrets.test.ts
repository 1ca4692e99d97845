import { spawn } from 'node:child_process';
import { lstat, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Config, run } from '@oclif/core';
import { captureOutput } from '@oclif/test';
import { expect } from 'chai';
import { spawnDaemon, stopDaemon } from '../../src/daemon/lifecycle.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { cliConfig } from '../cli-config.ts';
import { PROGRAM } from '../root.ts';
import { Wire } from '../server/wire.ts';
import { skip } from '../skip.ts';
import { quietHome } from './quiet.ts';

/** Each can be found anywhere, because no other text contains it. */
const PASSWORDS = {
  right: 'Planted-right-1',
  wrong: 'Planted-wrong-2',
  next: 'Planted-next-3',
  imported: 'Planted-imported-4',
  piped: 'Planted-piped-5',
  malformed: 'Planted-malformed-6',
};
const KEYS = {
  configured: 'Planted-key-7',
  house: 'Planted-key-8',
  header: 'Planted-header-10',
  query: 'Planted-query-11',
  user: 'Planted-user-12',
};
const MADE_UP_TOKEN = 'Planted-token-9';

/** A long session of a daemon with secrets of every kind, then a search of everything that it left behind. */
describe('secrets', function () {
  this.timeout(90_000);
  let home: HomeDirectory;
  let provider: Server;
  let pid: number;
  let cli: Config;
  /** Output of commands and of the wire. */
  const said: string[] = [];
  const tokens: string[] = [];

  before(async () => {
    provider = createServer((request, response) => {
      // The worst case: the response repeats the request with its key.
      const echo = `${request.url} ${JSON.stringify(request.headers)}`;
      const [auth] = [request.headers['x-auth']].flat();
      // As names of fields and columns, which messages quote.
      if (auth !== undefined && request.url?.startsWith('/csv')) response.end(`${auth},${auth}\n1,2\n`);
      else if (auth !== undefined) response.end(JSON.stringify({ [auth]: { n: 'x', b: auth, s: auth } }));
      else if (request.url?.startsWith('/moved')) response.writeHead(302, { location: `//${echo}` }).end();
      else response.writeHead(request.url?.includes('api_key') ? 403 : 200, echoed(echo)).end(echo);
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    const quote = { instrument: 'n', buy: 'b', sell: 's', currency: "'VND'", unit: "'tael'" };
    const own = { market: 'gold', quote, key: KEYS.configured, every: '1s' };
    home = await quietHome();
    const settings = JSON.parse(await readFile(home.configFile, 'utf8'));
    Object.assign(settings, { log: { level: 'debug' }, listen: { port: 0, plain: true } });
    Object.assign(settings.rates.providers, {
      mine: { ...own, url: `${url}/prices?token={key}`, headers: { authorization: 'Bearer {key}' } },
      moved: { ...own, url: `${url}/moved?secret={key}` },
      literal: { ...own, url: `${url}/prices?x=${KEYS.query}&token=${KEYS.query}`, headers: { 'x-auth': KEYS.header } },
      csv: { ...own, format: 'csv', url: `${url}/csv?${KEYS.query}`, headers: { 'x-auth': `Basic ${KEYS.header}` } },
      user: { ...own, url: `http://me:${KEYS.user}@127.0.0.1:1/` },
      closed: { ...own, url: `http://127.0.0.1:1/?password={key}` },
      doji: { url, key: KEYS.house, every: '1s' },
      btmc: { url, key: KEYS.house, every: '1s' },
      coingecko: { enabled: true, url, key: KEYS.house, every: '1s' },
    });
    await writeFile(home.configFile, JSON.stringify(settings), { mode: 0o600 });
    const { status } = await spawnDaemon(home, {});
    pid = status.pid;
    cli = await cliConfig();
    await session(status.listening[0]!.address);
    await commands();
  });

  after(async () => {
    await stopDaemon(home).catch(() => {});
    provider.closeAllConnections();
    provider.close();
    await rm(home.root, { recursive: true });
  });

  /** A header allows fewer characters than a query. */
  function echoed(echo: string): Record<string, string> {
    return { 'x-echo': echo.replace(/[^\x20-\x7e]/g, '') };
  }

  async function session(address: string): Promise<void> {
    const control = await Wire.over(connect(home.controlSocket));
    const wires = [control];
    const greet = async () => {
      const wire = await Wire.greet(address, { tls: wires.length % 2 === 0 });
      wires.push(wire);
      return wire;
    };
    await control.call('hello', { protocol: 1, client: 'test' });
    const owner = await control.result('account.signUp', { name: 'boss', password: PASSWORDS.right });
    tokens.push(owner.token);
    await control.call('account.import', { accounts: [{ name: 'old', password: PASSWORDS.imported }] });
    const wire = await greet();
    tokens.push((await wire.result('account.signUp', { name: 'leia', password: PASSWORDS.right })).token);
    await wire.call('account.changePassword', { password: PASSWORDS.wrong, newPassword: PASSWORDS.next });
    await wire.result('account.changePassword', { password: PASSWORDS.right, newPassword: PASSWORDS.next });
    const other = await greet();
    for (let i = 0; i < 4; i++) await other.call('account.signIn', { name: 'leia', password: PASSWORDS.wrong });
    await other.call('account.signIn', { name: PASSWORDS.malformed, password: PASSWORDS.wrong });
    await other.call('account.resume', { token: MADE_UP_TOKEN });
    await other.result('account.resume', { token: tokens[1], takeOver: true });
    await other.call('forum.post', { text: 'a post' });
    await other.call('account.signOut');
    await other.call('account.resume', { token: tokens[1] });
    const { malformed } = PASSWORDS;
    for (const line of [
      `-signin leia ${malformed}`,
      `{"jsonrpc":"2.0","id":1,"method":"account.signIn","params":{"name":"leia","password":"${malformed}"`,
      `{"jsonrpc":"2.0","id":1,"method":"account.signIn","params":{"name":"leia","password":["${malformed}"]}}`,
      `{"jsonrpc":"2.0","id":1,"method":"account.signIn","params":{"name":"leia","password":"x","${malformed}x":1}}`,
      `{"jsonrpc":"2.0","id":1,"method":"account.signIn","params":["leia","${malformed}"]}`,
      `{"jsonrpc":"2.0","id":"${malformed}","method":"account.signIn","params":"${malformed}"}`,
      `{"jsonrpc":"1.0","id":1,"method":"account.signIn","params":{"password":"${malformed}"}}`,
    ]) {
      const hostile = await greet();
      hostile.send(`${line}\n`);
      await hostile.wait(({ error }) => error !== undefined);
    }
    for (const cut of [`GET /?password=${malformed} HTTP/1.1\r\n\r\n`, `\xff${malformed}\n`]) {
      const hostile = await Wire.open(address);
      wires.push(hostile);
      hostile.send(Buffer.from(cut, 'latin1'));
      await hostile.wait(({ error }) => error !== undefined);
    }
    // Every provider was polled, and failed.
    const failed = async () => {
      const { providers } = await control.result('rates.providers');
      const asked = providers.filter(({ state }: { state: string }) => state !== 'off');
      expect(asked).to.have.length(9);
      return asked.every(({ lastError }: { lastError: string | null }) => lastError !== null);
    };
    while (!(await failed())) await pause(20);
    for (const one of wires) one.close();
    // A message that names an invalid value quotes it to its sender; what the sender is given belongs to them.
    for (const { lines } of wires) said.push(...lines.filter(({ result }) => !result?.token).map(lineOf));
  }

  function lineOf(line: object): string {
    return JSON.stringify(line).replaceAll(`"${PASSWORDS.malformed}"`, '').replaceAll(`${PASSWORDS.malformed}x`, '');
  }

  async function commands(): Promise<void> {
    await goldctl(['account', 'signup', 'piper', '--password-stdin'], `${PASSWORDS.piped}\n`);
    await goldctl(['account', 'signin', 'piper', '--password-stdin'], `${PASSWORDS.wrong}\n`);
    const file = join(home.root, 'accounts.txt');
    await writeFile(file, `filed ${PASSWORDS.imported}\nno/name ${PASSWORDS.imported}\n${PASSWORDS.imported}\n`);
    await inProcess(['account', 'import', file]);
    await rm(file);
    for (const line of [
      'daemon status',
      'daemon status --json',
      'config show',
      'config show --json',
      'config check',
      'rates providers',
      'account list',
      'account whoami --json',
      'account export boss',
      'daemon logs -n 10000',
      'daemon logs -n 10000 --json',
    ]) {
      await inProcess(line.split(' '));
    }
  }

  async function inProcess(argv: readonly string[]): Promise<void> {
    const before = process.env.GOLDCTL_HOME;
    process.env.GOLDCTL_HOME = home.root;
    try {
      const { stdout, stderr } = await captureOutput(() => run([...argv], cli), { testNodeEnv: 'production' });
      expect(stdout + stderr, argv.join(' ')).to.not.equal('');
      said.push(stdout, stderr);
    } finally {
      if (before === undefined) delete process.env.GOLDCTL_HOME;
      else process.env.GOLDCTL_HOME = before;
    }
  }

  /** A separate process with standard input. */
  async function goldctl(argv: readonly string[], input = ''): Promise<void> {
    const env = { ...process.env, GOLDCTL_HOME: home.root, GOLDCTL_SERVER: '' };
    const child = spawn(process.execPath, [PROGRAM, ...argv], { env });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stdin.end(input);
    await new Promise((resolve) => child.on('close', resolve));
    const text = Buffer.concat(chunks).toString();
    expect(text, argv.join(' ')).to.not.equal('');
    said.push(text);
  }

  /** Every file below a folder. */
  async function filesOf(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  }

  it('were used: the search finds each where it must be', async () => {
    expect(tokens.every((token) => token.length > 20)).to.equal(true);
    const log = await readFile(home.logFile, 'utf8');
    for (const event of ['account.signIn', 'account.signUp', 'account.resume', 'account.changePassword', 'rates.fetch'])
      expect(log).to.include(`"event":"${event}"`);
    expect(log).to.include('"level":"debug"');
    const all = said.join('\n');
    for (const word of ['********', 'boss', 'mine', 'sign-in refused']) expect(all).to.include(word);
  });

  it('are in no output', () => {
    for (const secret of [...Object.values(PASSWORDS), ...Object.values(KEYS), MADE_UP_TOKEN, ...tokens]) {
      for (const text of said) expect(text.includes(secret), `${secret}: ${text.slice(0, 300)}`).to.equal(false);
    }
  });

  it('are in no file except where they are stored', async () => {
    const files = await filesOf(home.root);
    expect(files.map((file) => relative(home.root, file))).to.include.members(['goldctl.log', 'credentials.json']);
    for (const file of files) {
      if ((await lstat(file)).isSocket()) continue;
      const content = await readFile(file, 'latin1');
      const is = (secret: string) => content.includes(secret);
      expect(Object.values(PASSWORDS).filter(is), file).to.deep.equal([]);
      expect([...tokens, MADE_UP_TOKEN].filter(is), file).to.deep.equal([]); // a command stores its own
      if (file !== home.configFile) expect(Object.values(KEYS).filter(is), file).to.deep.equal([]);
    }
  });

  it('are in no argument and no environment variable of the process', async function () {
    if (process.platform !== 'linux') skip(this, 'needs /proc');
    for (const name of ['cmdline', 'environ']) {
      const text = await readFile(`/proc/${pid}/${name}`, 'latin1');
      expect(text).to.not.equal('');
      expect(text).to.not.include('Planted');
    }
  });

  it('are in files with mode 0600 and folders with mode 0700', async function () {
    if (process.platform === 'win32') skip(this, 'Windows has no file modes');
    const entries = await readdir(home.root, { withFileTypes: true, recursive: true });
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      const mode = (await lstat(path)).mode & 0o777;
      if (path === home.configFile) continue; // this one belongs to the user
      expect(mode.toString(8), path).to.equal(entry.isDirectory() ? '700' : '600');
    }
    expect(((await lstat(home.root)).mode & 0o777).toString(8)).to.equal('700');
  });
});
