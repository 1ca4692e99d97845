import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../src/domain/app-error.ts';
import { resolveHome } from '../src/home-directory.ts';
import { LockedJsonFile } from '../src/peer/locked-json-file.ts';
import { writePrivateFileAtomic } from '../src/private-file.ts';
import { skip } from './skip.ts';

describe('HomeDirectory', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-home-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const mode = async (path: string) => (await stat(path)).mode & 0o777;

  it('puts everything under GOLDCTL_HOME', async () => {
    const home = await resolveHome({ GOLDCTL_HOME: folder });
    expect(home).to.include({
      root: folder,
      explicitRoot: folder,
      configFile: join(folder, 'config.json'),
      dataFolder: join(folder, 'data'),
      logFile: join(folder, 'goldctl.log'),
      credentialsFile: join(folder, 'credentials.json'),
      knownHostsFile: join(folder, 'known_hosts'),
      controlSocket: join(folder, 'control.sock'),
      pidFile: join(folder, 'daemon.pid'),
      tlsFolder: join(folder, 'tls'),
    });
    expect((await resolveHome({ GOLDCTL_HOME: 'relative' })).root).to.equal(resolve('relative'));
  });

  it('uses the default folders of the platform without it', async () => {
    const home = await resolveHome({ GOLDCTL_HOME: '' });
    expect(home.explicitRoot).to.equal(undefined);
    for (const path of [home.configFile, home.dataFolder, home.logFile]) expect(path).to.match(/goldctl/i);
  });

  it('creates folders with mode 0700', async () => {
    const home = await resolveHome({ GOLDCTL_HOME: join(folder, 'deep', 'home') });
    await home.ensureFolders();
    await home.ensureFolders();
    for (const path of [home.root, home.dataFolder, home.tlsFolder]) expect(await mode(path)).to.equal(0o700);
  });

  it('reports why a folder cannot be created', async () => {
    await writePrivateFileAtomic(join(folder, 'file'), '');
    const home = await resolveHome({ GOLDCTL_HOME: join(folder, 'file', 'home') });
    const thrown = await home.ensureFolders().catch((error) => error);
    expect(thrown).to.be.instanceOf(AppError).and.to.include({ code: 'STORE_FAILED' });
    expect(thrown.message).to.include('GOLDCTL_HOME');
  });

  it('tells that a file system allows no folders, instead of trying for ever', async function () {
    if (process.platform !== 'linux') skip(this, 'only Linux has /proc');
    for (const root of ['/proc/x', '/proc/x/y/z']) {
      const home = await resolveHome({ GOLDCTL_HOME: root });
      const thrown = await home.ensureFolders().catch((error) => error);
      expect(thrown).to.be.instanceOf(AppError).and.to.include({ code: 'STORE_FAILED' });
      expect(thrown.message).to.include('/proc/x').and.to.include('its file system does not allow new folders');
    }
    const shares = new LockedJsonFile('/proc/x/shares.json', () => ({}), '');
    const thrown = await shares.update(() => true).catch((error) => error);
    expect(thrown).to.be.instanceOf(AppError).and.to.include({ code: 'STORE_FAILED' });
  });

  it('writes files with mode 0600 atomically', async () => {
    const file = join(folder, 'new', 'secret');
    await writePrivateFileAtomic(file, 'one');
    await chmod(file, 0o644);
    await writePrivateFileAtomic(file, 'two');
    expect(await readFile(file, 'utf8')).to.equal('two');
    expect(await mode(file)).to.equal(0o600);
    expect(await mode(dirname(file))).to.equal(0o700);
    expect(await readdir(dirname(file))).to.deep.equal(['secret']);
  });

  it('leaves nothing behind if it cannot write', async () => {
    await mkdir(join(folder, 'taken', 'full'), { recursive: true });
    const thrown = await writePrivateFileAtomic(join(folder, 'taken'), 'text').catch((error) => error);
    expect(thrown).to.be.instanceOf(AppError).and.to.include({ code: 'STORE_FAILED' });
    expect(await readdir(folder)).to.deep.equal(['taken']);
  });

  if (process.platform === 'win32') return;

  describe('with a path too long for a socket', () => {
    const open = () => resolveHome({ GOLDCTL_HOME: join(folder, 'x'.repeat(100)) });
    let socketFolder: string;

    beforeEach(async () => {
      socketFolder = dirname((await open()).controlSocket);
    });
    afterEach(() => rm(socketFolder, { recursive: true, force: true }));

    it('uses a short path, the same each time, in a folder of this user only', async () => {
      const home = await open();
      expect(Buffer.byteLength(home.controlSocket)).to.be.at.most(100);
      expect(socketFolder).to.include(`goldctl-${process.getuid?.()}-`);
      expect((await open()).controlSocket).to.equal(home.controlSocket);
      const other = await resolveHome({ GOLDCTL_HOME: join(folder, 'y'.repeat(100)) });
      expect(other.controlSocket).to.not.equal(home.controlSocket);
      await home.assertControlSocketOwned(); // it does not exist yet
      await home.ensureFolders();
      expect(await mode(socketFolder)).to.equal(0o700);
    });

    it('does not trust a folder that others can write to', async () => {
      const home = await open();
      await mkdir(socketFolder);
      await chmod(socketFolder, 0o777);
      for (const attempt of [home.assertControlSocketOwned(), home.ensureFolders()]) {
        expect(await attempt.catch((error) => error))
          .to.be.instanceOf(AppError)
          .and.to.include({ code: 'NOT_ALLOWED' });
      }
    });

    it('does not follow a link', async () => {
      await symlink(folder, socketFolder);
      const thrown = await (await open()).assertControlSocketOwned().catch((error) => error);
      expect(thrown).to.be.instanceOf(AppError).and.to.include({ code: 'NOT_ALLOWED' });
    });
  });
});
