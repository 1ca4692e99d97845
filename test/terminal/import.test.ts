import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Robot } from './robot.ts';

describe('an import that asks', function () {
  this.timeout(30_000);
  let room: DaemonFixture;
  let folder: string;

  before(async () => {
    room = await DaemonFixture.start();
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    const lines = ['02/01/2013;1.662;1.663', '03/02/2013;1.579;1.580', '04/03/2013;1.596;1.597'];
    await writeFile(
      join(folder, 'prices.csv'),
      `Date;Bid;Bid;Ask\n${lines.map((line) => `${line};1.700`).join('\n')}\n`,
    );
  });

  after(async () => {
    await room.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const asks = () =>
    new Robot({
      args: ['rates', 'import', join(folder, 'prices.csv'), '--instrument', 'BAC-KHO', '--market', 'silver'].concat([
        ...['--currency', 'USD', '--unit', 'kg'],
      ]),
      env: { GOLDCTL_HOME: room.home.root },
      columns: 120,
      rows: 40,
    });

  it('shows some rows of each reading, and stores by the one that is chosen', async () => {
    const robot = asks();
    await robot.see('Several columns match. Which one has the buy price?');
    await robot.see('2) column 3 "Bid" (--map buy=#3)');
    await robot.see('Which one is correct? Enter 1-2');
    robot.say('2');
    await robot.see('The dates of the file are ambiguous: they can be read in 2 ways');
    await robot.see('line 2: 2013-01-02');
    await robot.see('line 2: 2013-02-01');
    robot.say('2');
    await robot.see('--number 1,234.5');
    await robot.see('1) the point is a decimal point (--number 1,234.5)');
    robot.say('2');
    await robot.see('Stored: 3.');
    expect(await robot.exited).to.include({ exitCode: 0 });
    const { quotes } = await (await room.connect()).call('rates.export', { instrument: 'BAC-KHO' });
    expect(
      quotes.map(({ at, buy, sell }) => [new Date(at + 7 * 3_600_000).toISOString().slice(0, 10), buy, sell]),
    ).to.deep.equal([
      ['2013-02-01', 1663, 1700],
      ['2013-03-02', 1580, 1700],
      ['2013-04-03', 1597, 1700],
    ]);
  });

  it('ends without storing anything where no choice is made', async () => {
    const robot = asks();
    await robot.see('Which one is correct? Enter 1-2');
    robot.say('');
    await robot.see('Import canceled. Nothing was stored.');
    expect(await robot.exited).to.include({ exitCode: 2 });
  });

  it('ends at Ctrl-C', async () => {
    const robot = asks();
    await robot.see('Which one is correct? Enter 1-2');
    robot.press('ctrl-c');
    const { exitCode, signal } = await robot.exited;
    expect(exitCode !== 0 || signal !== 0).to.equal(true);
  });
});
