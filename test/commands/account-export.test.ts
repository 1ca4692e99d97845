import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import { parseTarget } from '../../src/client/target.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { resolveHome } from '../../src/home-directory.ts';
import { DaemonFixture } from '../daemon-fixture.ts';

describe('goldctl account export', () => {
  let daemon: DaemonFixture;
  let han: { GOLDCTL_HOME: string; GOLDCTL_SERVER: string };

  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { callsPerSecond: 1000, callsBurst: 1000 } } });
    const owner = await daemon.connect();
    await owner.signUp({ name: 'leia', password: 'Alderaan!' });
    han = { GOLDCTL_HOME: (await daemon.anotherHome()).root, GOLDCTL_SERVER: daemon.address };
    const client = await Client.connect({ target: parseTarget(daemon.address), home: await resolveHome(han) });
    await client.signUp({ name: 'Hán', password: 'Falcon*1' });
    for (let i = 0; i < 450; i++) {
      await client.call('forum.post', { text: `n${i}` });
      if (i % 2 === 0) await owner.call('forum.post', { text: 'of leia' });
    }
    await client.call('forum.edit', { number: 1, text: 'giá vàng' });
    for (let i = 0; i < 201; i++) await owner.call('messages.send', { to: 'Hán', text: `m${i}` });
    await client.call('messages.send', { to: 'leia', text: 'I know' });
    for (let i = 0; i < 201; i++) {
      const file = { size: i, hash: 'a'.repeat(64), modified: 1, description: '', key: 'b'.repeat(64) };
      await client.call('files.publish', { name: `f${String(i).padStart(3, '0')}`, ...file });
    }
    await client.close();
    await owner.close();
  });
  after(() => daemon.stop());

  it('gives members all their own data, in consistent pages', async () => {
    const said = await daemon.run(['account', 'export'], han);
    expect(said).to.include({ exit: 0, stderr: '' });
    const { account, posts, messages, listings } = JSON.parse(said.stdout);
    expect(account).to.include({ name: 'Hán', role: 'member', banned: false });
    expect(posts.map(({ text }: { text: string }) => text)).to.deep.equal([
      'giá vàng',
      ...Array.from({ length: 449 }, (_, i) => `n${i + 1}`),
    ]);
    expect(messages.map(({ text }: { text: string }) => text)).to.deep.equal([
      ...Array.from({ length: 201 }, (_, i) => `m${i}`),
      'I know',
    ]);
    expect(listings.map(({ size }: { size: number }) => size)).to.deep.equal(Array.from({ length: 201 }, (_, i) => i));
    expect(said.stdout).to.not.match(/"(password|token|tokens|salt|hash)":"(?!a{64}")/);

    const file = join(daemon.home.root, 'han.json');
    const again = await daemon.run(['account', 'export', 'hán', '--output', file, '--json'], han);
    expect(JSON.parse(again.stdout)).to.deep.equal({ posts: 450, messages: 202, listings: 201 });
    expect(await readFile(file, 'utf8')).to.equal(said.stdout);
    expect(await daemon.run(['account', 'export', '--json'], han)).to.include({ exit: 2 });
  });

  it('gives the owner what anybody wrote in public, and nobody else anything', async () => {
    const owner = JSON.parse((await daemon.run(['account', 'export', 'hán'])).stdout);
    expect(owner.posts).to.have.length(450);
    expect(owner.messages).to.deep.equal([]);
    expect(owner.listings).to.have.length(201);
    expect(JSON.parse((await daemon.run(['account', 'export'])).stdout).messages).to.have.length(202); // as leia
    const other = await daemon.run(['account', 'export', 'leia'], han);
    expect(other).to.include({ exit: 1, stdout: '' });
    expect(other.stderr).to.include('Only the owner');
    expect((await daemon.run(['account', 'export', 'nobody'])).stderr).to.include('no account with that name');
  });

  it('refuses an invalid cursor', async () => {
    const client = await daemon.connect({ resume: false });
    for (const cursor of ['', 'posts', 'posts:', 'posts:-1', 'posts:x', 'messages:1e9', 'tokens:1', 'posts:1\n2']) {
      const thrown = await client.call('account.export', { name: 'Hán', cursor }).catch((failure) => failure);
      expect(thrown, cursor).to.be.instanceOf(AppError).and.include({ code: 'INVALID_PARAMS' });
    }
    const after = await client.call('account.export', { name: 'Hán', cursor: 'listings:f199' });
    expect(after.listings.map(({ name }) => name)).to.deep.equal(['f200']);
    expect((await client.call('account.export', { name: 'Hán', cursor: 'posts:99999999' })).posts).to.deep.equal([]);
  });
});
