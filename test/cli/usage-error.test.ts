import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';

describe('errors of the command line', () => {
  let daemon: DaemonFixture;

  before(async () => {
    daemon = await DaemonFixture.start();
    const client = await daemon.connect();
    await client.signUp({ name: 'hans', password: 'Jedi*knight' });
    await client.close();
  });
  after(() => daemon.stop());

  it('say in words what is wrong and what to do', async () => {
    for (const [line, message] of [
      [['attach', '--columns', '50'], /^Error: --columns works only together with --once\.\n$/],
      [
        ['attach', '--once', '--columns', 'wide'],
        /^Error: --columns is "wide"\. Expected a whole number from 1 to 1000\.\n$/,
      ],
      [
        ['attach', '--once', '--columns', '0'],
        /^Error: --columns is "0"\. Expected a whole number from 1 to 1000\.\n$/,
      ],
      [
        ['forum', 'post', 'x', '--topc', 'gold'],
        /^Error: There is no flag --topc\. Did you mean --topic\? .* If it is text, put -- before it/,
      ],
      [['forum', 'post'], /^Error: TEXT is missing: message text\. Usage: goldctl forum post TEXT\.\.\.\n$/],
      [['files', 'send'], /^Error: NAME and FILE are missing\. NAME: .*\. Usage: goldctl files send NAME FILE\n$/],
      [
        ['rates', '--market', 'gld'],
        /^Error: --market is "gld"\. Did you mean gold\? Use one of gold, silver, crypto, fx\.\n$/,
      ],
      [
        ['account', 'role', 'hans', 'boss'],
        /^Error: "boss" is not valid here\. Use one of owner, moderator, member\.\n$/,
      ],
      [
        ['account', 'ban', 'hans', '--lift', '--for', '2h'],
        /^Error: --for and --lift exclude each other: use one of them\.\n$/,
      ],
      [
        ['account', 'ban', '10.0.0.0/99'],
        /^Error: The prefix length of 10\.0\.0\.0\/99 is wrong: after an IPv4 address it is \/0 to \/32/,
      ],
      [['account', 'ban', '300.1.1.1'], /is not an IPv4 address: .* If it is an account name, add --account\.\n$/],
      [['rates', 'correct', 'SJC'], /^Error: --at is missing: time of the price/],
      [['forum', 'read', '--topic'], /^Error: --topic needs a value: --topic /],
      [
        ['forum', 'read', '--limit', '1', '--limit', '2'],
        /^Error: --limit is given more than once\. Give it once\.\n$/,
      ],
      [['files', 'allow', 'yoda', '--size', 'much'], /^Error: --size is "much"\. Expected a number of bytes/],
      [['rates', 'import', '--dryrun', 'x.csv'], /^Error: There is no flag --dryrun\. Did you mean --dry-run\?/],
      [['sum', '- 3'], /^Error: N is "- 3"\. Expected an integer/],
    ] as const) {
      const said = await daemon.run(line);
      expect(said, line.join(' ')).to.include({ exit: 2, stdout: '' });
      expect(said.stderr, line.join(' ')).to.match(message);
      expect(said.stderr).to.not.match(/See more help|Parsing|Nonexistent|\0/);
    }
  });

  it('are JSON with --json', async () => {
    const said = await daemon.run(['forum', 'post', 'x', '--topc', 'gold', '--json']);
    expect(JSON.parse(said.stdout).error).to.include({ code: 'USAGE' });
  });

  it('do not keep text that begins with a dash from being posted', async () => {
    for (const [i, text] of ['- x', '-> up', '-5% since noon', '--- a rule ---', '-x is good', '—', '-'].entries()) {
      const said = await daemon.run(['forum', 'post', text, '--topic', 'dash', '--json']);
      expect(said.exit, said.stdout).to.equal(0);
      expect(JSON.parse(said.stdout).post, text).to.include({ number: i + 1, text, topic: 'dash' });
    }
    const several = await daemon.run(['forum', 'post', 'a', '- b', 'c', '--json']);
    expect(JSON.parse(several.stdout).post.text).to.equal('a - b c');
    const after = await daemon.run(['forum', 'post', '--topic', 'dash', '--', '--json', '-x']);
    expect((await daemon.run(['forum', 'read', '--topic', 'dash'])).stdout).to.include('--json -x');
    expect(after.exit).to.equal(0);
    const edited = await daemon.run(['forum', 'edit', '1', '- y', '--json']);
    expect(JSON.parse(edited.stdout).post.text).to.equal('- y');
    expect((await daemon.run(['forum', 'search', '- y'])).stdout).to.match(/^1 result/);
    const kicked = await daemon.run(['account', 'kick', 'hans', '--reason', '- bye']);
    expect(kicked.exit, kicked.stderr).to.equal(0);
  });
});
