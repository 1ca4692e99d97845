import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { HistoryFile } from '../../src/dashboard/history-file.ts';

describe('the history of the input', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    file = join(folder, 'dashboard-history.json');
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('outlives the program, in a private file, with what two dashboards wrote', async () => {
    const one = new HistoryFile(file);
    const other = new HistoryFile(file);
    expect(await one.load()).to.deep.equal([]);
    await one.add('MSG one\ntwo');
    await other.add('ATU');
    await Promise.all([one.add('LIST'), one.add('LIST')]);
    await one.waitForWrites();
    expect(await new HistoryFile(file).load()).to.deep.equal(['MSG one\ntwo', 'ATU', 'LIST']);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it('never has a line with a password or token', async () => {
    const history = new HistoryFile(file);
    await history.add('ATU');
    for (const line of ['-signin luke s3cret', 'MSG the password is s3cret', `MSG s3cret${'a1'.repeat(16)}`]) {
      await history.add(line);
    }
    expect(await readFile(file, 'utf8'))
      .to.include('ATU')
      .and.not.include('s3cret');
  });

  it('is bounded in lines and in size', async () => {
    await writeFile(file, JSON.stringify(Array.from({ length: 600 }, (_, i) => `line ${i}`)));
    const history = new HistoryFile(file);
    expect(await history.load()).to.have.length(500);
    await history.add('last');
    expect((await history.load()).slice(-2)).to.deep.equal(['line 599', 'last']);
    await writeFile(file, JSON.stringify(Array.from({ length: 100 }, () => 'x '.repeat(2000))));
    const lines = await history.load();
    expect(lines.join('').length).to.be.within(100_000, 131_072);
  });

  it('starts anew where the file is corrupt, and says so', async () => {
    for (const content of ['{', '{"a":1}', '"x"', `[${'1,'.repeat(600_000)}1]`]) {
      await writeFile(file, content);
      const history = new HistoryFile(file);
      const error = await history.load().catch((thrown) => thrown);
      expect(error.message, content.slice(0, 10)).to.include('is corrupt. Earlier input is not available.');
      await history.add('ATU');
      expect(await history.load()).to.deep.equal(['ATU']);
    }
    await writeFile(file, '["a", 1, null, "", "b"]');
    expect(await new HistoryFile(file).load()).to.deep.equal(['a', 'b']);
  });
});
