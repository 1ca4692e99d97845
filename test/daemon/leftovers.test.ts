import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { streamBackup } from '../../src/cli/backup-stream.ts';
import { writeGzipAtomic } from '../../src/cli/gzip-file.ts';
import { Client } from '../../src/client/client.ts';
import { localTarget } from '../../src/client/target.ts';
import { spawnDaemon, stopDaemon } from '../../src/daemon/lifecycle.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../store/temporary.ts';
import { quietHome } from './quiet.ts';

/** The pid of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}

/** Runs a goldctl module in its own process, which prints "ready" in the middle of its work. */
async function begin(module: string, code: string): Promise<ChildProcess> {
  const url = new URL(`../../src/${module}`, import.meta.url).href;
  const script = `const it = await import(${JSON.stringify(url)});\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('left-over files', function () {
  this.timeout(60_000);
  let home: HomeDirectory;

  beforeEach(async () => {
    home = await quietHome();
  });
  afterEach(async () => {
    await stopDaemon(home).catch(() => {});
    await rm(home.root, { recursive: true });
  });

  it('of killed commands are removed when a daemon starts', async () => {
    await spawnDaemon(home, {});
    const client = await Client.connect({ target: localTarget(home), home });
    const { token: _ } = await client.signUp({ name: 'leia', password: 'Alderaan!' });
    for (let i = 0; i < 50; i++) await client.call('forum.post', { text: 'x'.repeat(4000) });
    const backup = join(home.root, 'room.backup');
    await writeGzipAtomic(backup, streamBackup(client), { force: false });
    await client.close();
    await stopDaemon(home);

    const writing = await begin(
      'private-file.js',
      `const file = await it.PrivateFile.create(${JSON.stringify(join(home.root, 'next.backup'))});
       await file.write('x'.repeat(100_000));
       process.stdout.write('ready');
       setInterval(() => {}, 1000);`,
    );
    await kill(writing);
    await rm(home.dataFolder, { recursive: true });
    const restoring = await begin(
      'daemon/restore.js',
      `const { resolveHome } = await import(${JSON.stringify(new URL('../../src/home-directory.js', import.meta.url).href)});
       const home = await resolveHome({ GOLDCTL_HOME: ${JSON.stringify(home.root)} });
       const { Store } = await import(${JSON.stringify(new URL('../../src/store/store.js', import.meta.url).href)});
       const { close } = Store.prototype;
       // In the middle of its work: what it read is in its folder, which is not in place yet.
       Store.prototype.close = async function () { await close.call(this); process.stdout.write('ready'); await new Promise(() => setInterval(() => {}, 1000)); };
       await it.restoreBackup(home, ${JSON.stringify(backup)});`,
    );
    await kill(restoring);
    const left = (await readdir(home.root)).filter((name) => /\.tmp$|restoring/.test(name));
    expect(left).to.have.length(2);

    await spawnDaemon(home, {});
    expect((await readdir(home.root)).filter((name) => /\.tmp$|restoring/.test(name))).to.deep.equal([]);
    expect(await readFile(home.logFile, 'utf8')).to.include('"event":"home.leftovers"');
    expect((await stat(backup)).isFile()).to.equal(true);
  });

  it('are removed from every folder of a home, without files that may belong to others', async function () {
    if (process.platform === 'win32') skip(this, 'Windows requires a privilege for links');
    await home.ensureFolders();
    const pid = await deadPid();
    const outside = await temporaryFolder();
    await writeFile(join(outside.path, 'CURRENT'), 'precious');
    const temporary = (of: number) => `.goldctl-${of}-0123456789abcdef.tmp`;
    await mkdir(join(home.root, 'shares'));
    const own = [home.root, home.tlsFolder, home.dataFolder, join(home.root, 'shares')].map((folder) =>
      join(folder, temporary(pid)),
    );
    for (const file of own) await writeFile(file, 'secret');
    const copies: Record<string, string> = {
      [`data.restoring-${pid}-a1b2c3`]: '000003.log',
      [`data.migrating-${pid}`]: 'MANIFEST-000002',
      '.repair-AbC123': 'made',
      '.check-AbC123': 'data',
      'data.repaired': '000005.ldb',
    };
    for (const [name, content] of Object.entries(copies)) {
      await mkdir(join(home.root, name));
      await writeFile(join(home.root, name, content), 'secret');
      own.push(join(home.root, name));
    }
    const others = [
      temporary(process.pid), // of a process that uses it
      `.goldctl-${pid}-0123.tmp`,
      `goldctl-${pid}-0123456789abcdef.tmp`,
      `data.restoring-${process.pid}-a1b2c3`,
      'data.restoring-mine',
      'data.before-repair-20260101T000000000Z',
      '.check-notes',
    ].map((name) => join(home.root, name));
    for (const path of others) await writeFile(path, 'mine');
    const kept = [`data.restoring-${pid}-zzz`, '.repair-ZZZZZZ'].map((name) => join(home.root, name));
    for (const path of kept) {
      await mkdir(path);
      await writeFile(join(path, 'thesis.txt'), 'mine');
    }
    const linked = join(home.root, `data.restoring-${pid}-link`);
    await symlink(outside.path, linked);
    const linkedFile = join(home.root, `.goldctl-${pid}-fedcba9876543210.tmp`);
    await symlink(join(outside.path, 'CURRENT'), linkedFile);

    await spawnDaemon(home, {});
    for (const path of own) {
      const there = await lstat(path).then(
        () => true,
        () => false,
      );
      expect(there, path).to.equal(false);
    }
    for (const path of [...others, ...kept, linked, linkedFile]) await lstat(path);
    for (const path of others) expect(await readFile(path, 'utf8'), path).to.equal('mine');
    expect(await readFile(join(outside.path, 'CURRENT'), 'utf8')).to.equal('precious');
    await outside.remove();
  });

  it('are never readable by others: a daemon creates every file for its user only', async function () {
    if (process.platform === 'win32') skip(this, 'Windows has no file modes');
    const before = process.umask(0o000);
    try {
      await spawnDaemon(home, {});
    } finally {
      process.umask(before);
    }
    for (const entry of await readdir(home.root, { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name);
      if (path === home.configFile) continue;
      expect(((await lstat(path)).mode & 0o077).toString(8), path).to.equal('0');
    }
  });
});
