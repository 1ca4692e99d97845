import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SeriesChoiceFile } from '../../src/dashboard/series-choice-file.ts';
import { DashboardStateFile } from '../../src/dashboard/state-file.ts';
import { resolveHome } from '../../src/home-directory.ts';

const HANOI = { provider: 'import', company: '', brand: 'Hà Nội' };

describe('the chosen series', () => {
  let folder: string;
  let file: string;
  let earlierFile: string;
  let stateFile: DashboardStateFile;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    const home = await resolveHome({ GOLDCTL_HOME: folder });
    file = home.dashboardStateFile;
    earlierFile = home.dashboardFile;
    stateFile = new DashboardStateFile(file, earlierFile);
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = async (): Promise<SeriesChoiceFile> => {
    const choices = new SeriesChoiceFile(new DashboardStateFile(file, earlierFile));
    await choices.load();
    return choices;
  };

  it('are kept for each member, in a private file, also when two dashboards write', async () => {
    const [one, other] = [await open(), await open()];
    await one.save('yoda', 'SJC', HANOI);
    await other.save('leia', '__proto__', HANOI);
    await Promise.all([other.save('yoda', 'PNJ', HANOI), other.save('yoda', 'DOJI', HANOI)]);
    const read = await open();
    expect([...read.choicesOf('yoda').keys()]).to.deep.equal(['SJC', 'PNJ', 'DOJI']);
    expect(read.choicesOf('yoda').get('SJC')).to.deep.equal(HANOI);
    expect(read.choicesOf('leia').get('__proto__')).to.deep.equal(HANOI);
    expect(read.choicesOf('constructor').size).to.equal(0);
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).to.equal(0o600);
    await read.save('yoda', 'SJC', null);
    expect([...(await open()).choicesOf('yoda').keys()]).to.deep.equal(['PNJ', 'DOJI']);
  });

  it('are bounded: the oldest choices and members give way', async () => {
    const choices = new SeriesChoiceFile(stateFile);
    for (let i = 0; i < 40; i++) void choices.save('yoda', `I${i}`, HANOI);
    for (let i = 0; i < 16; i++) void choices.save(`member${i}`, 'SJC', HANOI);
    await stateFile.waitForWrites();
    const read = new SeriesChoiceFile(stateFile);
    await read.load();
    expect(read.choicesOf('yoda').size).to.equal(0);
    expect(read.choicesOf('member0').size).to.equal(1);
    await read.save('member0', 'SJC', null);
    for (let i = 0; i < 40; i++) void read.save('luke', `I${i}`, HANOI);
    await stateFile.waitForWrites();
    expect([...(await open()).choicesOf('luke').keys()].at(0)).to.equal('I8');
    expect((await open()).choicesOf('luke').size).to.equal(32);
  });

  for (const [what, text] of [
    ['no JSON', '{"series": {"yoda"'],
    ['null', 'null'],
  ] as const) {
    it(`count as none in a damaged file (${what}), which the next choice repairs`, async () => {
      await writeFile(file, text);
      const choices = new SeriesChoiceFile(stateFile);
      const failure = await choices.load().catch((thrown) => thrown);
      expect(failure.message).to.equal(
        `${file} is corrupt. The reference series and the default view are shown instead.`,
      );
      expect(choices.choicesOf('yoda').size).to.equal(0);
      await choices.save('yoda', 'SJC', HANOI);
      expect((await open()).choicesOf('yoda').get('SJC')).to.deep.equal(HANOI);
    });
  }

  it('are taken over from where earlier versions stored them', async () => {
    await writeFile(earlierFile, JSON.stringify({ series: { yoda: { SJC: HANOI } } }));
    const choices = await open();
    expect(choices.choicesOf('yoda').get('SJC')).to.deep.equal(HANOI);
    await choices.save('yoda', 'PNJ', HANOI);
    await writeFile(earlierFile, '{ "theme": "light" } // the settings of the user');
    expect([...(await open()).choicesOf('yoda').keys()]).to.deep.equal(['SJC', 'PNJ']);
    await rm(file);
    expect((await open()).choicesOf('yoda').size).to.equal(0);
  });

  it('leave out what does not fit', async () => {
    const series = { yoda: { A: 1, B: null, C: { ...HANOI, brand: 'x'.repeat(129) }, D: HANOI }, leia: [], luke: 'x' };
    await writeFile(file, JSON.stringify({ series }));
    const choices = await open();
    expect([...choices.choicesOf('yoda').keys()]).to.deep.equal(['D']);
    expect(choices.choicesOf('leia').size + choices.choicesOf('luke').size).to.equal(0);
    await writeFile(file, JSON.stringify({ series: 7 }));
    expect((await open()).choicesOf('yoda').size).to.equal(0);
  });

  it('are not read from a file that is too large', async () => {
    await writeFile(file, '{}');
    await truncate(file, 2_000_000);
    const choices = new SeriesChoiceFile(stateFile);
    expect((await choices.load().catch((thrown) => thrown)).code).to.equal('CONFIG_INVALID');
    await choices.save('yoda', 'SJC', HANOI);
    expect((await readFile(file, 'utf8')).length).to.be.below(1000);
  });
});
