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
    expect((await daemon.run(['forum', 'read'])).stdout).to.equal('Read message failed. There is no new message\n');
    const posted = await daemon.run(['forum', 'post', 'hello', 'there', '--topic', 'gold']);
    expect(posted.stdout).to.match(new RegExp(`^Message #1 posted at ${time}\\.\n$`));
    expect((await daemon.run(['forum', 'edit', '1', 'hello', 'again'])).stdout).to.match(
      /^Edit the message successfully/,
    );
    expect((await daemon.run(['forum', 'read', '--since', '1h'])).stdout).to.match(
      /#1; hans \[gold\]: "hello again" edited/,
    );
    const { posts } = JSON.parse((await daemon.run(['forum', 'read', '--json'])).stdout);
    expect(posts[0]).to.include({ number: 1, member: 'hans', text: 'hello again' });
    expect((await daemon.run(['forum', 'delete', '1'])).stdout).to.match(/^Delete the message successfully/);
    expect(await daemon.run(['forum', 'delete', '1'])).to.include({ exit: 1 });
    expect(await daemon.run(['forum', 'edit', 'x', 'text'])).to.include({ exit: 2 });
    expect(await daemon.run(['forum', 'delete', '0'])).to.include({ exit: 2 });
    expect(await daemon.run(['forum', 'read', '--since', 'never'])).to.include({ exit: 2 });
  });

  it('reads more messages than one answer holds', async () => {
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
    expect(stranger.stderr).to.include('Client int out of range: 0.');
    expect(await daemon.run(['sum', 'many'])).to.include({ exit: 2 });
  });

  it('shows settings with keys masked, and checks them', async () => {
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
