import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';

describe('goldctl backup and restore', () => {
  let daemon: DaemonFixture;

  before(async () => {
    // With the default limits the client is slowed down: the backup waits as requested.
    daemon = await DaemonFixture.start({ config: { limits: { callsPerSecond: 50, callsBurst: 3 } } });
    const client = await daemon.connect();
    await client.signUp({ name: 'leia', password: 'Alderaan!' });
    const text = 'x'.repeat(4000);
    for (let i = 0; i < 700; i += 50)
      await Promise.all(Array.from({ length: 50 }, () => client.call('forum.post', { text })));
    await client.close();
  });
  after(() => daemon.stop());

  it('writes a file and restores a home from it, on this machine', async () => {
    const file = join(daemon.home.root, 'one.backup');
    const said = await daemon.run(['backup', file, '--with-certificate']);
    expect(said).to.include({ exit: 0, stderr: '' });
    expect(said.stdout).to.match(/^Written to .*one\.backup: 702 records, 0\.\d MB\.\n$/);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect(await daemon.run(['backup', file])).to.include({ exit: 1 });
    const forced = await daemon.run(['backup', file, '--force', '--with-certificate', '--json']);
    expect(JSON.parse(forced.stdout)).to.include({ file, records: 702 });

    const { root } = await daemon.anotherHome();
    const restored = await daemon.run(['restore', file], { GOLDCTL_HOME: root });
    expect(restored).to.include({ exit: 0, stderr: '' });
    expect(restored.stdout).to.match(/702 records; 1 accounts, 700 posts, 0 instruments\.\nThe key and certificate/);
    expect(await readdir(root)).to.have.members(['data', 'tls']);
    if (process.platform !== 'win32') {
      for (const name of await readdir(join(root, 'data')))
        expect((await stat(join(root, 'data', name))).mode & 0o077, name).to.equal(0);
    }
    expect((await daemon.run(['restore', file], { GOLDCTL_HOME: root })).stderr).to.match(
      /^Error: .* already contains data\./,
    );
    expect((await daemon.run(['restore', file])).stderr).to.match(/^Error: A daemon is running in this home /);
  });

  it('works over the network, for the owner only, and waits when requested', async () => {
    const file = join(daemon.home.root, 'two.backup');
    const server = { GOLDCTL_HOME: (await daemon.anotherHome()).root, GOLDCTL_SERVER: daemon.address };
    const stranger = await daemon.run(['backup', file], server);
    expect(stranger).to.include({ exit: 1 });
    expect(stranger.stderr).to.include('Sign in first');
    const { Client } = await import('../../src/client/client.ts');
    const { parseTarget } = await import('../../src/client/target.ts');
    const { resolveHome } = await import('../../src/home-directory.ts');
    const home = await resolveHome(server);
    const client = await Client.connect({ target: parseTarget(daemon.address), home });
    await client.signIn({ name: 'leia', password: 'Alderaan!' });
    await client.close();
    const said = await daemon.run(['backup', file], server);
    expect(said).to.include({ exit: 0 });
    expect(await daemon.run(['backup', file, '--force', '--with-certificate'], server)).to.include({ exit: 2 });
    const { root } = await daemon.anotherHome();
    const restored = JSON.parse((await daemon.run(['restore', file, '--json'], { GOLDCTL_HOME: root })).stdout);
    expect(restored).to.include({ home: root, posts: 700, certificate: false });
  });
});
