import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';

describe('goldctl forum, sum and config', () => {
  let daemon: DaemonFixture;

  before(async () => {
    daemon = await DaemonFixture.start();
    const client = await daemon.connect();
    await client.signUp({ name: 'hans', password: 'Jedi*knight' });
    await client.close();
  });

  after(() => daemon.stop());

  const time = '\\d{1,2} [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d';

  it('posts, edits, reads and deletes', async () => {
    expect((await daemon.run(['forum', 'read'])).stdout).to.match(/^There are no messages yet\./);
    expect(await daemon.run(['forum', 'read', '--exit-status'])).to.include({ exit: 1 });
    const posted = await daemon.run(['forum', 'post', 'hello', 'there', '--topic', 'gold']);
    expect(posted.stdout).to.match(new RegExp(`^Message #1 posted at ${time}\\.\n$`));
    expect((await daemon.run(['forum', 'edit', '1', 'hello', 'again'])).stdout).to.match(/^Edited #1\.$/m);
    expect((await daemon.run(['forum', 'read', '--since', '1h'])).stdout).to.match(
      /^\d{4}-\d\d-\d\d\n#1 \d\d:\d\d hans #gold: hello again \(edited \d\d:\d\d\)\n$/,
    );
    const { posts } = JSON.parse((await daemon.run(['forum', 'read', '--json'])).stdout);
    expect(posts[0]).to.include({ number: 1, member: 'hans', text: 'hello again' });
    expect((await daemon.run(['forum', 'delete', '1'])).stdout).to.match(/^Deleted #1\.$/m);
    expect(await daemon.run(['forum', 'delete', '1'])).to.include({ exit: 1 });
    expect(await daemon.run(['forum', 'edit', 'x', 'text'])).to.include({ exit: 2 });
    expect(await daemon.run(['forum', 'delete', '0'])).to.include({ exit: 2 });
    expect(await daemon.run(['forum', 'read', '--since', 'never'])).to.include({ exit: 2 });
  });

  it('reads more messages than one reply contains', async () => {
    const client = await daemon.connect();
    for (let i = 0; i < 210; i++) await client.call('forum.post', { text: `n${i}` });
    await client.close();
    const { posts } = JSON.parse((await daemon.run(['forum', 'read', '--since', '1h', '--json'])).stdout);
    expect(posts.map(({ number }: { number: number }) => number)).to.deep.equal(
      Array.from({ length: 211 }, (_, i) => i + 1),
    );
    const few = JSON.parse((await daemon.run(['forum', 'read', '--limit', '3', '--json'])).stdout);
    expect(few.posts.map(({ text }: { text: string }) => text)).to.deep.equal(['n207', 'n208', 'n209']);
  });

  it('searches, lists topics, and shows earlier texts of a message', async () => {
    const posted = await daemon.run(['forum', 'post', 'Giá', 'bạc', 'lên', '--topic', 'silver', '--json']);
    const { post } = JSON.parse(posted.stdout);
    await daemon.run(['forum', 'edit', `${post.number}`, 'Giá bạc xuống']);
    const found = await daemon.run(['forum', 'search', 'gia', 'bac']);
    expect(found.stdout).to.match(/^1 result\n[\d-]+\n#\d+ \d\d:\d\d hans #silver: Giá bạc xuống \(edited /);
    const many = await daemon.run(['forum', 'search', 'hans', '--limit', '2']);
    expect(many.stdout).to.match(/^2 results, the newest of more\n/);
    expect(many.stderr).to.match(/--before \d+/);
    const older = JSON.parse((await daemon.run(['forum', 'search', 'n', '--before', '5', '--json'])).stdout);
    expect(older.posts.every(({ number }: { number: number }) => number < 5)).to.equal(true);
    const none = await daemon.run(['forum', 'search', 'gia', '--topic', 'gold', '--exit-status']);
    expect(none.exit).to.equal(1);
    expect(none.stdout).to.match(/^No messages match "gia" in #gold\. The newest is #1 by hans, [\d-]+ [\d:]+\.\n$/);
    expect(await daemon.run(['forum', 'search', 'gia', '--topic', 'gold'])).to.include({ exit: 0 });
    expect(await daemon.run(['forum', 'search', 'gia', 'bac', '--exit-status'])).to.include({ exit: 0 });
    expect(await daemon.run(['forum', 'search', '?'])).to.include({ exit: 1 });
    expect(await daemon.run(['forum', 'search'])).to.include({ exit: 2 });
    expect((await daemon.run(['forum', 'topics'])).stdout).to.match(/^Topic .*\n#silver +1 /);
    const { topics } = JSON.parse((await daemon.run(['forum', 'topics', '--json'])).stdout);
    expect(topics[0]).to.include({ topic: 'silver', unread: 0 });
    const before = await daemon.run(['forum', 'revisions', `${post.number}`]);
    expect(before.stdout).to.match(/ since [\d-]+ [\d:]+: Giá bạc lên\n.*\n.*: Giá bạc xuống \(edited/);
    expect(
      JSON.parse((await daemon.run(['forum', 'revisions', `${post.number}`, '--json'])).stdout).revisions,
    ).to.have.length(1);
    await daemon.run(['forum', 'post', 'why?', '--reply-to', `${post.number}`]);
    const thread = await daemon.run(['forum', 'read', '--thread', `${post.number}`]);
    expect(thread.stdout).to.match(/Giá bạc xuống .*\n.* re #\d+: why\?/);
  });

  it('refuses an invalid topic, and posts nothing', async () => {
    const before = JSON.parse((await daemon.run(['forum', 'read', '--json'])).stdout).posts.length;
    for (const topic of ['bad topic', '', 'x'.repeat(33), 'x'.repeat(5000)]) {
      const { stderr } = await daemon.run(['forum', 'post', 'hi', '--topic', topic]);
      expect(stderr, topic).to.include('A topic must be 1-32 letters, digits, - or _, for example #gold.');
      expect((await daemon.run(['forum', 'read', '--topic', topic])).stderr, topic).to.include('A topic must be');
      expect((await daemon.run(['forum', 'search', 'hi', '--topic', topic])).stderr, topic).to.include(
        'A topic must be',
      );
    }
    const after = JSON.parse((await daemon.run(['forum', 'read', '--json'])).stdout).posts.length;
    expect(after).to.equal(before);
  });

  it('writes to one member only, and marks messages read on request', async () => {
    const other = await daemon.connectAfar();
    await other.signUp({ name: 'yoda', password: 'size' });
    const { post } = await other.call('forum.post', { text: 'hello', topic: 'news' });
    await other.call('messages.send', { to: 'hans', text: 'are you there?' });
    expect((await daemon.run(['users'])).stdout).to.match(/\nyoda +127\.0\.0\.1 /);
    const { members } = JSON.parse((await daemon.run(['users', '--json'])).stdout);
    expect(members.map(({ name }: { name: string }) => name)).to.include('yoda');
    expect((await daemon.run(['forum', 'dm'])).stdout).to.match(/\nyoda +1 +.* are you there\?\n$/);
    expect((await daemon.run(['forum', 'dm', 'yoda'])).stdout).to.match(/are you there\? \(new\)\n$/);
    const shown = JSON.parse((await daemon.run(['forum', 'dm', 'yoda', '--mark', '--json'])).stdout);
    expect(shown.messages[0]).to.include({ from: 'yoda', unread: true });
    const all = JSON.parse((await daemon.run(['forum', 'dm', '--json'])).stdout);
    expect(all.conversations[0]).to.include({ with: 'yoda', unread: 0 });
    const sent = await daemon.run(['forum', 'dm', 'yoda', 'I', 'am']);
    expect(sent.stdout).to.match(/^#\d+ \d\d:\d\d hans to yoda: I am\n$/);
    expect(await daemon.run(['forum', 'dm', 'nobody', 'x'])).to.include({ exit: 1 });
    const unread = async () => {
      const { topics } = JSON.parse((await daemon.run(['forum', 'topics', '--json'])).stdout);
      return topics.find(({ topic }: { topic: string }) => topic === 'news').unread;
    };
    await daemon.run(['forum', 'read', '--topic', 'news']);
    expect(await unread()).to.equal(1);
    await daemon.run(['forum', 'read', '--topic', 'news', '--mark']);
    expect(await unread()).to.equal(0);
    expect(post.topic).to.equal('news');
    await other.close();
  });

  it('sums', async () => {
    const { exit, stdout } = await daemon.run(['sum', '25']);
    expect(exit).to.equal(0);
    const found =
      /^Client Name: hans \| Server Name: .+\nClient Number: 25 \| Server Number: (\d+) \| Sum: (\d+)\n$/.exec(stdout);
    expect(Number(found?.[2])).to.equal(25 + Number(found?.[1]));
    const afar = await daemon.run(['sum', '1', '--json']);
    expect(JSON.parse(afar.stdout)).to.have.all.keys('name', 'number', 'sum');
    const home = await daemon.anotherHome();
    const stranger = await daemon.run(['sum', '0'], { GOLDCTL_HOME: home.root });
    expect(stranger).to.include({ exit: 1, stdout: '' }); // before any call: no daemon runs there
    expect(stranger.stderr).to.include('The number 0 is out of range.');
    expect(await daemon.run(['sum', 'many'])).to.include({ exit: 2 });
  });

  it('shows settings with masked keys, and checks them', async () => {
    const providers = { doji: { key: 'very-secret', enabled: true } };
    await writeFile(daemon.home.configFile, JSON.stringify({ attempts: 5, rates: { providers } }));
    const shown = await daemon.run(['config', 'show']);
    expect(JSON.parse(shown.stdout)).to.include({ attempts: 5 });
    expect(shown.stdout).to.include('doji').and.to.not.include('very-secret');
    expect((await daemon.run(['config', 'check'])).stdout).to.include('is valid');
    await writeFile(daemon.home.configFile, '{"attempts": 9}');
    const refused = await daemon.run(['config', 'check', '--json']);
    expect(refused.exit).to.equal(1);
    expect(JSON.parse(refused.stdout).error).to.include({ code: 'CONFIG_INVALID' });
    await writeFile(daemon.home.configFile, '{"rates": {"providers": {"mine": {"url": "ftp://x"}}}}');
    expect((await daemon.run(['config', 'check'])).stderr).to.include('rates.providers.mine');
  });
});
