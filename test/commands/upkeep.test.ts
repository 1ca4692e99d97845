import { readdir, rm } from 'node:fs/promises';
import { expect } from 'chai';
import { keys } from '../../src/store/keys.ts';
import { Store } from '../../src/store/store.ts';
import { DaemonFixture } from '../daemon-fixture.ts';

describe('goldctl check and repair', function () {
  this.timeout(30_000);
  let room: DaemonFixture;

  before(async () => {
    room = await DaemonFixture.start();
    const client = await room.connect();
    await client.signUp({ name: 'hans', password: 'Jedi*knight' });
    for (let i = 1; i <= 5; i++) await client.call('forum.post', { text: `n${i}` });
    await client.close();
  });

  after(() => room.stop());

  it('do not touch a running daemon', async () => {
    for (const command of ['check', 'repair']) {
      const said = await room.run([command]);
      expect(said).to.include({ exit: 1, stdout: '' });
      expect(said.stderr).to.contain('goldctl daemon stop');
    }
  });

  it('report what is correct, what is wrong, and what was repaired', async () => {
    await room.restart(async () => {
      const fine = await room.run(['check']);
      expect(fine).to.include({ exit: 0, stderr: '' });
      expect(fine.stdout)
        .to.contain('No problems found.\n')
        .and.to.match(/ {2}forum\.posted {2}5\n/);
      expect((await room.run(['repair'])).stdout).to.contain('nothing was changed');

      const store = await Store.inFolder(room.home.dataFolder);
      await store.open();
      await store.write(
        [4, 5].flatMap((seq) => [{ type: 'del', key: keys.record(seq) }]),
        { sync: true },
      );
      await store.write([{ type: 'del', key: keys.post(2) }], { sync: true });
      await store.close();

      const wrong = await room.run(['check']);
      expect(wrong.stdout).to.contain('2 records missing or damaged:\n  4-5 (2)\n').and.to.contain('Problems found');
      expect(process.exitCode).to.equal(1);
      process.exitCode = undefined;
      expect(JSON.parse((await room.run(['check', '--json'])).stdout)).to.include({ sound: false, lostRecords: 2 });
      process.exitCode = undefined;

      const repaired = await room.run(['repair']);
      expect(repaired.exit).to.equal(0);
      expect(repaired.stdout)
        .to.match(/post.? restored from the stored data/)
        .and.to.match(/record.? lost:\n/);
      const kept = (await readdir(room.home.root)).filter((name) => name.startsWith('data.before-repair-'));
      expect(kept).to.have.length(1);
      expect(repaired.stdout).to.contain(kept[0]);
      expect((await room.run(['check'])).stdout).to.contain('No problems found.');
      await rm(`${room.home.root}/${kept[0]}`, { recursive: true });
    });
    const client = await room.connect();
    const { posts } = await client.call('forum.read', {});
    expect(posts.map(({ number, text }) => `${number} ${text}`)).to.include.members(['1 n1', '4 n4', '5 n5']);
    expect(posts).to.have.length(4);
    await client.close();
  });

  it('refuse a missing scratch folder and unknown flags', async () => {
    expect(await room.run(['check', '--scratch', '/there/is/no/such/folder'])).to.include({ exit: 2, stdout: '' });
    expect(await room.run(['repair', '--server', 'example.org'])).to.include({ exit: 2 });
  });
});
