import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { streamBackup } from '../../src/cli/backup-stream.ts';
import { writeGzipAtomic } from '../../src/cli/gzip-file.ts';
import { Client } from '../../src/client/client.ts';
import { CredentialStore } from '../../src/client/credential-store.ts';
import { parseTarget, serverId } from '../../src/client/target.ts';
import { parseConfig } from '../../src/daemon/config.ts';
import { startDaemon } from '../../src/daemon/daemon.ts';
import { restoreBackup } from '../../src/daemon/restore.ts';
import { AppError } from '../../src/domain/app-error.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { differingKeys } from '../../src/projections/rebuild.ts';
import { PROVIDERS } from '../../src/rates/providers/index.ts';
import { Store } from '../../src/store/store.ts';
import { DaemonFixture } from '../daemon-fixture.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

async function caught(promise: Promise<unknown>): Promise<AppError> {
  const thrown = await promise.then(
    () => undefined,
    (error) => error,
  );
  expect(thrown).to.be.instanceOf(AppError);
  return thrown;
}

/** Differences between two data folders, without the search index, which follows later. */
async function differences(one: string, other: string): Promise<string[]> {
  const [a, b] = [await Store.inFolder(one), await Store.inFolder(other)];
  await a.open();
  await b.open();
  try {
    return (await differingKeys(a, b)).filter((key) => !/^w\/|^m\/(indexed|verified)$/.test(key));
  } finally {
    await a.close();
    await b.close();
  }
}

describe('backup and restore', function () {
  this.timeout(60_000);
  let daemon: DaemonFixture;
  let owner: Client;
  let homes: number;
  let file: string;
  const backup = async (name: string, certificate?: string) => {
    const path = join(daemon.home.root, name);
    await writeGzipAtomic(path, streamBackup(await daemon.connect(), { certificate }), { force: true });
    return path;
  };
  /** A home that is removed with the daemon's. */
  const emptyHome = (): Promise<HomeDirectory> => daemon.anotherHome();

  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { callsPerSecond: 5000, callsBurst: 5000 } } });
    homes = 0;
    owner = await daemon.connect();
    await owner.signUp({ name: 'leia', password: 'Alderaan!' });
    const han = await daemon.connectAfar();
    await han.signUp({ name: 'Hán', password: 'first one' });
    await han.call('account.changePassword', { password: 'first one', newPassword: 'Falcon*1' });
    const jabba = await daemon.connectAfar();
    await jabba.signUp({ name: 'jabba', password: 'carbonite' });
    await owner.call('account.setRole', { name: 'Hán', role: 'moderator' });
    await owner.call('admin.ban', { name: 'jabba', reason: 'spam' });
    const first = await han.call('forum.post', { text: 'giá vàng', clientId: 'c1' });
    await han.call('forum.edit', { number: first.post.number, text: 'giá bạc' });
    await owner.call('forum.post', { text: 'away' });
    await owner.call('forum.delete', { number: 2 });
    await owner.call('messages.send', { to: 'Hán', text: 'I know' });
    await han.call('files.publish', {
      name: 'map.txt',
      size: 5,
      hash: 'a'.repeat(64),
      modified: 1,
      description: 'Ý',
      key: 'b'.repeat(64),
    });
    const rows = Array.from({ length: 2000 }, (_, i): [number, number, number] => [i * 3_600_000, 2000 + i, 2001 + i]);
    // Force: the prices are not real and need not be plausible.
    await owner.call('rates.import', { instrument: 'XAU', rows, force: true });
    await owner.call('rates.import', { instrument: 'BTC', rows: rows.slice(0, 9), force: true });
    file = await backup('room.backup');
  });
  after(() => daemon.stop());

  it('saves everything during concurrent writes, and restores equal data', async () => {
    let writing = true;
    let written = 0;
    const writers = [daemon.connect(), daemon.connect()].map(async (connecting, i) => {
      const client = await connecting;
      await client.signUp({ name: `w${i}`, password: 'writes on' });
      while (writing) {
        await client.call('forum.post', { text: `${i} ${written++} ${'x'.repeat(2000)}` });
      }
    });
    while (written < 400) await new Promise((resolve) => setTimeout(resolve, 1));
    const path = await backup('busy.backup');
    writing = false;
    await Promise.all(writers);
    const home = await emptyHome();
    const seen: number[] = [];
    const restored = await restoreBackup(home, path, (records) => seen.push(records));
    const { seq } = await owner.call('admin.status', {});
    expect(restored.records).to.be.within(400, seq);
    expect(restored).to.include({ accounts: 5, instruments: 2, certificate: false });
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect((await stat(home.dataFolder)).mode & 0o777).to.equal(0o700);
    expect(await readdir(home.root)).to.not.satisfy((names: string[]) => names.some((name) => name.includes('restor')));
  });

  it('restores an equal store, key by key, with subjects and read model', async () => {
    const path = await backup('still.backup');
    const home = await emptyHome();
    const { records } = await restoreBackup(home, path);
    expect(records).to.equal((await owner.call('admin.status', {})).seq);
    let found: string[] | undefined;
    await daemon.restart(async () => {
      found = await differences(daemon.home.dataFolder, home.dataFolder);
    });
    owner = await daemon.connect();
    expect(found).to.deep.equal([]);
  });

  it('accepts the same clients by password and by token, and continues', async () => {
    const certificate = await readFile(join(daemon.home.tlsFolder, 'daemon.pem'), 'utf8');
    const chewie = await daemon.connect();
    const { token } = await chewie.signUp({ name: `chewie${homes++}`, password: 'Kashyyyk' });
    const { fingerprint } = await chewie.call('admin.status', {});
    const home = await emptyHome();
    expect(await restoreBackup(home, await backup('moving.backup', certificate))).to.include({ certificate: true });
    expect((await stat(join(home.tlsFolder, 'daemon.pem'))).mode & 0o777).to.equal(0o600);
    const providers = Object.fromEntries(PROVIDERS.map(({ id }) => [id, { enabled: false }]));
    const settings = { listen: { port: 0 }, rates: { providers } };
    const config = parseConfig(JSON.stringify(settings), 'config.json');
    const moved = await startDaemon({ home, config, version: '0.0.0', log: SILENT, onStopRequest: () => {} });
    try {
      expect(moved.status().fingerprint).to.equal(fingerprint);
      const target = parseTarget(moved.status().listening[0]!.address);
      const member = await emptyHome();
      await new CredentialStore(member.credentialsFile).save(
        { server: serverId(target), certificate: fingerprint },
        [],
        {
          name: 'chewie',
          token,
        },
      );
      const back = await Client.connect({ target, home: member });
      expect(back.name).to.equal('chewie0');
      await back.close();
      const han = await Client.connect({ target, home: await emptyHome() });
      await han.signIn({ name: 'hán', password: 'Falcon*1' });
      expect(han.role).to.equal('moderator');
      // The account was changed before: the next change finds the expected seq.
      await han.call('account.changePassword', { password: 'Falcon*1', newPassword: 'Falcon*2' });
      const { posts } = await han.call('forum.read', { sinceSeq: 0 });
      expect(posts.filter(({ number }) => number < 3).map(({ text }) => text)).to.deep.equal(['giá bạc', null]);
      expect((await han.call('forum.search', { text: 'gia bac' })).posts).to.have.length(1);
      const again = await han.call('forum.post', { text: 'giá vàng', clientId: 'c1' });
      expect(again.post.number).to.equal(1);
      expect((await han.call('messages.conversations', {})).conversations).to.have.length(1);
      await han.close();
      const banned = await Client.connect({ target, home: await emptyHome() });
      expect(await caught(banned.signIn({ name: 'jabba', password: 'carbonite' }))).to.include({ code: 'NOT_ALLOWED' });
      await banned.close();
    } finally {
      await moved.stop('The test is over.');
    }
  });

  it('refuses a home with data, a home with a running daemon, and another certificate', async () => {
    const running = await caught(restoreBackup(daemon.home, file));
    expect(running).to.include({ code: 'DATA_LOCKED' });
    const used = await emptyHome();
    await mkdir(used.dataFolder, { recursive: true });
    await writeFile(join(used.dataFolder, 'CURRENT'), 'mine');
    expect(await caught(restoreBackup(used, file))).to.include({ code: 'CONFLICT' });
    expect(await readFile(join(used.dataFolder, 'CURRENT'), 'utf8')).to.equal('mine');
    expect(await readdir(used.dataFolder)).to.deep.equal(['CURRENT']);
    const other = await emptyHome();
    await other.ensureFolders();
    await writeFile(join(other.tlsFolder, 'daemon.pem'), 'another');
    const certificate = await readFile(join(daemon.home.tlsFolder, 'daemon.pem'), 'utf8');
    const path = await backup('certified.backup', certificate);
    expect(await caught(restoreBackup(other, path))).to.include({ code: 'CONFLICT' });
    expect(await readdir(other.dataFolder)).to.deep.equal([]);
    expect(await caught(restoreBackup(await emptyHome(), join(used.root, 'none')))).to.include({
      code: 'INVALID_REQUEST',
    });
  });

  it('refuses a damaged or truncated file, at any position, and leaves the home unchanged', async () => {
    const home = await emptyHome();
    const bytes = await readFile(file);
    const path = join(home.root, 'damaged.backup');
    const refused = async (content: Uint8Array) => {
      await writeFile(path, content);
      const { code } = await caught(restoreBackup(home, path));
      expect(code).to.be.oneOf(['BACKUP_DAMAGED', 'DATA_NEWER']);
      expect(await readdir(home.dataFolder)).to.deep.equal([]);
      expect((await readdir(home.root)).filter((name) => name.startsWith('data'))).to.deep.equal(['data']);
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), (end) => refused(bytes.subarray(0, end))),
      { numRuns: 15 },
    );
    // With a valid gzip checksum: edited by a malicious daemon or by a person.
    const text = gunzipSync(bytes).toString();
    const lines = text.split('\n').slice(0, -1);
    const changed = (...all: string[]) => gzipSync(`${all.join('\n')}\n`);
    await refused(changed(...lines.slice(0, -1)));
    await refused(changed(...lines, lines.at(-1)!));
    await refused(changed(...lines, 'more'));
    await refused(changed(lines[0]!, ...lines.slice(2)));
    await refused(changed(lines[0]!.replace('"format":1', '"format":2'), ...lines.slice(1)));
    await refused(changed(lines[0]!.replace('"seq":', '"seq":-'), ...lines.slice(1)));
    await refused(changed(...lines.map((line) => line.replace('giá bạc', 'giá bac'))));
    await refused(changed(...lines.map((line) => line.replace('"kind":"forum.edited"', '"kind":"forum.odd"'))));
    await refused(gzipSync(Buffer.from([0x7b, 0xff, 0x0a])));
    await refused(gzipSync(''));
    await refused(new Uint8Array());
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), fc.nat(94), async (at, by) => {
        const other = String.fromCharCode(32 + by);
        if (text[at] !== other) await refused(gzipSync(text.slice(0, at) + other + text.slice(at + 1)));
      }),
      { numRuns: 25 },
    );
  });

  it('refuses an invalid record, and names its line', async () => {
    const certificate = await readFile(join(daemon.home.tlsFolder, 'daemon.pem'), 'utf8');
    const certified = gunzipSync(await readFile(await backup('forms.backup', certificate))).toString();
    const lines = certified.split('\n').slice(0, -2);
    /** An edited file with a valid checksum. */
    const forged = (all: readonly string[]) => {
      const text = `${all.join('\n')}\n`;
      const trailer = { records: all.length - 1, sha256: createHash('sha256').update(text).digest('hex') };
      return gzipSync(`${text}${JSON.stringify(trailer)}\n`);
    };
    const home = await emptyHome();
    const path = join(home.root, 'forged.backup');
    const forms: readonly (readonly [kind: string, from: RegExp, to: string, field: string])[] = [
      ['account.created', /"role":"\w+"/, '"role":"god"', 'role is "god"'],
      ['account.role', /"role":"\w+"/, '"role":"god"', 'role is "god"'],
      ['account.password', /"N":\d+/, '"N":1073741824', 'password.N is 1073741824'],
      ['forum.posted', /"text":"/, '"text":["x"],"x":"', 'text'],
      ['session.opened', /"expires":\d+/, '"expires":1e999', 'expires'],
      ['files.published', /"size":\d+/, '"size":-5', 'size is -5'],
      ['rates.imported', /"rows":\[\[\d+/, '"rows":[["now"', 'rows.0'],
    ];
    for (const [kind, from, to, field] of forms) {
      const at = lines.findLastIndex((line) => line.includes(`"kind":"${kind}"`));
      expect(at, kind).to.be.greaterThan(0);
      const line = lines[at]!.replace(from, to);
      expect(line, kind).to.not.equal(lines[at]);
      await writeFile(path, forged(lines.with(at, line)));
      const { code, message } = await caught(restoreBackup(home, path));
      expect(code, kind).to.equal('BACKUP_DAMAGED');
      expect(message).to.include(`line ${at + 1} (record ${at}, "${kind}") is not valid: ${field}`);
      expect(await readdir(home.dataFolder)).to.deep.equal([]);
      expect(await readdir(home.tlsFolder)).to.not.include('daemon.pem');
      expect((await readdir(home.root)).filter((name) => name.startsWith('data'))).to.deep.equal(['data']);
    }
    await writeFile(path, forged(lines)); // the format is refused, not the edit
    expect(await restoreBackup(home, path)).to.include({ records: lines.length - 1, certificate: true });
  });

  it('leaves no certificate behind if the data cannot be moved into place', async () => {
    const certificate = await readFile(join(daemon.home.tlsFolder, 'daemon.pem'), 'utf8');
    const path = await backup('placed.backup', certificate);
    const home = await emptyHome();
    const restoring = caught(restoreBackup(home, path));
    while (!(await readdir(home.root)).some((name) => name.startsWith('data.restoring-'))) await setImmediate();
    await writeFile(join(home.dataFolder, 'CURRENT'), 'other'); // somebody starts a daemon in between
    const failure = await restoring;
    expect(failure).to.include({ code: 'CONFLICT' });
    expect(await readdir(home.tlsFolder)).to.not.include('daemon.pem');
  });
});
