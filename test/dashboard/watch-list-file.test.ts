import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DashboardStateFile } from '../../src/dashboard/state-file.ts';
import { WatchListFile } from '../../src/dashboard/watch-list-file.ts';

describe('the watch lists', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    file = join(folder, 'dashboard-state.json');
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = async (): Promise<WatchListFile> => {
    const lists = new WatchListFile(new DashboardStateFile(file));
    await lists.load();
    return lists;
  };

  it('are kept for each member in their order, in a private file', async () => {
    const [one, other] = [await open(), await open()];
    await one.save('yoda', ['SJC', 'BTC', 'SJC', 'AUD']);
    await other.save('__proto__', ['PNJ']);
    const read = await open();
    expect(read.listOf('yoda')).to.deep.equal(['SJC', 'BTC', 'AUD']);
    expect(read.listOf('__proto__')).to.deep.equal(['PNJ']);
    expect(read.listOf('constructor')).to.deep.equal([]);
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).to.equal(0o600);
    await read.save('yoda', []);
    expect((await open()).listOf('yoda')).to.deep.equal([]);
  });

  it('are bounded, and leave out what does not fit', async () => {
    const many = Array.from({ length: 300 }, (_, i) => `I${i}`);
    const members = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`m${i}`, ['SJC']]));
    const watch = { ...members, yoda: [1, null, '', 'x'.repeat(129), 'SJC'], luke: 'SJC', leia: many };
    await writeFile(file, JSON.stringify({ watch, series: {} }));
    const read = await open();
    expect(read.listOf('yoda')).to.deep.equal(['SJC']);
    expect(read.listOf('luke')).to.deep.equal([]);
    expect(read.listOf('leia')).to.have.length(200);
    expect(read.listOf('m0')).to.deep.equal([]);
    expect(read.listOf('m19')).to.deep.equal(['SJC']);
    await writeFile(file, JSON.stringify({ watch: 7 }));
    expect((await open()).listOf('yoda')).to.deep.equal([]);
  });
});
