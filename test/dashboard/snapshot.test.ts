import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { SeriesChoiceFile } from '../../src/dashboard/series-choice-file.ts';
import { DashboardStateFile } from '../../src/dashboard/state-file.ts';
import { DaemonFixture } from '../daemon-fixture.ts';

const DAY = 24 * 3_600_000;

/** Two branches that have had their own prices for a week, up to an hour ago. */
function branchesFile(now: number): string {
  const time = (at: number): string => new Date(at + 7 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');
  const lines = ['instrument,brand,at,buy,sell'];
  for (let day = 6; day >= 0; day--) {
    const at = time(now - 3_600_000 - day * DAY);
    lines.push(`SJC,Hà Nội,${at},150000000,152000000`, `SJC,Miền Tây,${at},156000000,158000000`);
  }
  return `${lines.join('\n')}\n`;
}

describe('one frame of the dashboard', () => {
  let daemon: DaemonFixture;

  beforeEach(async () => {
    daemon = await DaemonFixture.start();
    const file = join(daemon.home.root, 'branches.csv');
    await writeFile(file, branchesFile(Date.now()));
    const { exit, stderr } = await daemon.run(['rates', 'import', file]);
    expect(exit, stderr).to.equal(0);
  });

  afterEach(() => daemon.stop());

  const frame = async (): Promise<string> => {
    const { exit, stdout, stderr } = await daemon.run(['attach', '--once', '--columns', '150'], { LC_ALL: 'C.UTF-8' });
    expect(exit, stderr).to.equal(0);
    return stdout;
  };

  it('shows price and change of one branch, by name', async () => {
    const shown = await frame();
    expect(shown).to.match(/SJC · import, Hà Nội {2}152,000,000 {2}0\.00%/);
    expect(shown).to.match(/▸SJC .*152,000,000.* 0\.00%/);
    expect(shown).to.not.include('3.80').and.to.not.include('158,000,000');
  });

  it('shows the branch that was chosen, and the reference series once that is gone', async () => {
    const choices = new SeriesChoiceFile(new DashboardStateFile(daemon.home.dashboardStateFile));
    await choices.save('', 'SJC', { provider: 'import', company: '', brand: 'Miền Tây' });
    const shown = await frame();
    expect(shown).to.match(/SJC · import, Miền Tây {2}158,000,000 {2}0\.00%/);
    expect(shown).to.match(/▸SJC .*158,000,000.* 0\.00%/);
    expect(shown).to.not.include('152,000,000');
    const { exit, stderr } = await daemon.run(['rates', 'remove', 'SJC', '--brand', 'Miền Tây', '--yes']);
    expect(exit, stderr).to.equal(0);
    expect(await frame()).to.match(/SJC · import, Hà Nội {2}152,000,000 {2}0\.00%/);
  });

  it('shows the reference series where the file of choices is damaged', async () => {
    await writeFile(daemon.home.dashboardStateFile, '{');
    expect(await frame()).to.match(/SJC · import, Hà Nội/);
  });
});
