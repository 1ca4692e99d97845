import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';
import { ROOT } from '../root.ts';

const DATA = process.env.GOLDCTL_TEST_DATA ?? join(ROOT, '../shared/data');
const SJC = ['--instrument', 'SJC', '--map', 'at=timestamp,buy=buy_1l,sell=sell_1l', '--scale', '1000000'];

describe('rates import and export', () => {
  let room: DaemonFixture;
  let folder: string;

  beforeEach(async () => {
    room = await DaemonFixture.start();
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
  });

  afterEach(async () => {
    await room.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function file(name: string, content: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  }

  it('stores what a file says, and nothing of it twice', async () => {
    const path = await file('sjc.csv', 'timestamp,buy_1l,sell_1l\n2009-07-22,21.06,21.12\n2009-07-23,21.14,21.19\n');
    const first = await room.run(['rates', 'import', path, ...SJC]);
    expect(first.stderr).to.equal('');
    expect(first.stdout).to.contain('Stored: 2. There already: 0. Refused: 0.');
    expect(first.exit).to.equal(0);
    const again = await room.run(['rates', 'import', path, ...SJC]);
    expect(again.stdout).to.contain('Stored: 0. There already: 2. Refused: 0.');
    expect(again.exit).to.equal(0);
    const client = await room.connect();
    const { quotes } = await client.call('rates.export', { instrument: 'SJC' });
    expect(quotes.map(({ at, buy, sell, provider }) => [at, buy, sell, provider])).to.deep.equal([
      [Date.UTC(2009, 6, 21, 17), 21_060_000, 21_120_000, 'import'],
      [Date.UTC(2009, 6, 22, 17), 21_140_000, 21_190_000, 'import'],
    ]);
  });

  it('reports each bad line by its number and reason while the rest goes in', async () => {
    const rows = [
      '2021-12-01,60.5,61',
      '2021-12-02,0,61',
      'nonsense',
      '2021-12-03,x,61',
      '2021-12-04,60.5,61',
      '2999-01-01,60,61',
      '2021-12-01,1000,1001',
      '2021-12-04,60.4,61',
      '2021-12-05,60.5,61',
    ];
    const path = await file('bad.csv', `timestamp,buy_1l,sell_1l\n${rows.join('\n')}\n`);
    const errors = join(folder, 'errors.txt');
    const { exit, stdout, stderr } = await room.run(['rates', 'import', path, ...SJC, '--errors', errors]);
    expect(exit).to.equal(1);
    expect(stdout).to.contain('Stored: 3. There already: 0. Refused: 6.');
    const said = stderr.trim().split('\n');
    expect(said.map((line) => line.split(':')[0])).to.deep.equal([
      'line 3',
      'line 4',
      'line 5',
      'line 7',
      'line 8',
      'line 9',
    ]);
    expect(said[0]).to.equal('line 3: buy 0 is not a positive number');
    expect(said[1]).to.equal('line 4: it has 1 columns where the header has 3');
    expect(said[2]).to.equal('line 5: buy "x" is no number');
    expect(said[3]).to.match(/in the future$/);
    expect(said[5]).to.contain('another price is stored');
    expect((await readFile(errors, 'utf8')).trim().split('\n').sort()).to.deep.equal([...said].sort());
    const refused = await room.run(['rates', 'import', path, ...SJC, '--errors', errors]);
    expect(refused.exit).to.equal(1);
    expect(refused.stderr).to.contain('exists already');
  });

  it('sums up as JSON', async () => {
    const path = await file('two.jsonl', '{"at":"2021-12-01","price":1800.5}\n{"at":"x","price":1}\n');
    const { exit, stdout } = await room.run(['rates', 'import', path, '--instrument', 'XAU', '--json']);
    expect(exit).to.equal(1);
    expect(JSON.parse(stdout)).to.deep.include({
      dryRun: false,
      lines: 2,
      stored: 1,
      duplicates: 0,
      refused: 1,
      errors: [{ line: 2, reason: '"x" is no time' }],
    });
  });

  it('shows fifty bad lines and counts the others', async () => {
    const path = await file('bad.csv', `timestamp,buy_1l,sell_1l\n${'x,1,2\n'.repeat(60)}`);
    const { exit, stderr } = await room.run(['rates', 'import', path, ...SJC]);
    expect(exit).to.equal(1);
    const said = stderr.trim().split('\n');
    expect(said).to.have.length(51);
    expect(said[50]).to.equal('and 10 more (--errors FILE has them all)');
  });

  it('judges without storing', async () => {
    const path = await file('sjc.csv', 'timestamp,buy_1l,sell_1l\n2009-07-22,21.06,21.12\n2009-07-23,2.1,21.19\n');
    const { exit, stdout, stderr } = await room.run(['rates', 'import', path, ...SJC, '--dry-run']);
    expect(exit).to.equal(1);
    expect(stdout).to.contain('Would go in: 1. Refused: 1. Nothing was stored.');
    expect(stderr).to.contain('line 3: buy 2100000 VND/tael is outside of');
    expect((await (await room.connect()).call('rates.list', {})).quotes).to.deep.equal([]);
  });

  it('refuses a wrong command line with exit status 2', async () => {
    const path = await file('sjc.csv', 'timestamp,buy_1l,sell_1l\n2009-07-22,21.06,21.12\n');
    for (const [argv, says] of [
      [['--instrument', 'SJC', '--map', 'at=when'], 'The file has "timestamp", "buy_1l", "sell_1l"'],
      [['--instrument', 'SJC'], '--map buy=COLUMN'],
      [['--map', 'buy=buy_1l'], '--instrument'],
      [[...SJC.slice(0, 4), '--scale', '0'], '--scale 0'],
      [[...SJC, '--number', '1 234'], '--number 1 234'],
      [[...SJC, '--unit', 'pound'], 'unit'],
    ] as const) {
      const { exit, stderr } = await room.run(['rates', 'import', path, ...argv]);
      expect(stderr).to.contain(says);
      expect(exit, says).to.equal(2);
    }
  });

  it('ends at once where the whole file is of an instrument that is not clear', async () => {
    const path = await file('new.csv', 'at,price\n2009-07-22,21\n2009-07-23,22\n');
    const unclear = await room.run(['rates', 'import', path, '--instrument', 'PLATINUM']);
    expect(unclear.exit).to.equal(1);
    expect(unclear.stderr).to.equal(
      'Error: PLATINUM is not known yet: say its market, its currency, its unit as well.\n',
    );
    const clear = ['--instrument', 'PLATINUM', '--market', 'gold', '--currency', 'EUR', '--unit', 'ozt'];
    expect((await room.run(['rates', 'import', path, ...clear])).stdout).to.contain('Stored: 2.');
    const missing = await room.run(['rates', 'import', join(folder, 'none.csv'), '--instrument', 'SJC']);
    expect(missing.exit).to.equal(1);
    expect(missing.stderr).to.contain('there is none');
  });

  it('keeps series apart that take turns, and refuses the lines of one that is not clear', async () => {
    const lines = Array.from({ length: 300 }, (_, i) => {
      const series = i % 3 === 0 ? 'SJC,A' : i % 3 === 1 ? 'SJC,B' : 'UNHEARD,';
      return `${series},${Date.UTC(2021, 0, 1) + i * 60_000},${60e6 + i},${61e6 + i}`;
    });
    const path = await file('mixed.csv', `instrument,brand,at,buy,sell\n${lines.join('\n')}\n`);
    const { exit, stdout, stderr } = await room.run(['rates', 'import', path]);
    expect(exit).to.equal(1);
    expect(stdout).to.contain('Stored: 200. There already: 0. Refused: 100.');
    expect(stderr.split('\n')[0]).to.match(/^line 4: UNHEARD is not known yet/);
    const rows = (await room.run(['rates', 'export'])).stdout.trim().split('\n').slice(1);
    expect(rows.map((row) => row.split(',')[4]).join('')).to.equal('A'.repeat(100) + 'B'.repeat(100));
    expect(rows.map((row) => Number(row.split(',')[5]) - 60e6).sort((x, y) => x - y)[199]).to.equal(298);
  });

  it('finds a line that contradicts one thousands of lines before it', async () => {
    const lines = Array.from({ length: 6000 }, (_, i) => `${Date.UTC(2021, 0, 1) + i * 60_000},61000000`);
    lines.push(`${Date.UTC(2021, 0, 1)},62000000`, `${Date.UTC(2021, 0, 1) + 60_000},61000000`);
    const path = await file('long.csv', `at,price\n${lines.join('\n')}\n`);
    const { stdout, stderr } = await room.run(['rates', 'import', path, '--instrument', 'SJC']);
    expect(stdout).to.contain('Stored: 6,000. There already: 1. Refused: 1.');
    expect(stderr).to.match(/^line 6002: another price is stored/);
  });

  it("takes a database of tygia.com's answers, whatever unit its rows are in", async () => {
    const row = (company: string, buy: string, sell: string, more: object = {}) => ({
      ...{
        buy,
        sell,
        company,
        brand: '',
        updated: '2021-12-27 09:00:00',
        day: '20211227',
        id: '17118469',
        type: 'SJC',
      },
      ...more,
    });
    const rows = [row('SJC', '60,850.00', '61,550.00'), row('DOJI', '6,080.00', '6,140.00'), row('SJC', 'x', '1')];
    const path = await file('database.json', `\ufeff\n${JSON.stringify({ rates: [], golds: [{ value: rows }] })}`);
    const said = await room.run(['rates', 'import', path, '--format', 'tygia']);
    expect(said.stderr).to.match(/^line 3: buy: expected /);
    expect(said.stdout).to.contain('Stored: 2. There already: 0. Refused: 1.');
    const again = await room.run(['rates', 'import', path, '--format', 'tygia']);
    expect(again.stdout).to.contain('Stored: 0. There already: 2. Refused: 1.');
    const { quotes } = await (await room.connect()).call('rates.lookup', { date: '2021-12-27', instrument: 'SJC' });
    expect(quotes.map(({ company, sell, provider, id }) => [company, sell, provider, id])).to.have.deep.members([
      ['SJC', 61_550_000, 'tygia', '17118469'],
      ['DOJI', 61_400_000, 'tygia', '17118469'],
    ]);
    const wrong = await room.run(['rates', 'import', path, '--format', 'tygia', '--instrument', 'SJC']);
    expect(wrong.exit).to.equal(2);
    for (const [name, content, reason] of [
      ['none.json', '{"golds": []}', 'The file has no rows of tygia.com'],
      ['broken.json', '{"golds": [', 'The file is no JSON'],
    ] as const) {
      const refused = await room.run(['rates', 'import', await file(name, content), '--format', 'tygia']);
      expect(refused.exit).to.equal(1);
      expect(refused.stderr).to.contain(reason);
    }
  });

  it('goes there and back: what one daemon exports is what another one has after the import', async () => {
    const client = await room.connect();
    const at = Date.UTC(2021, 5, 1);
    await client.call('rates.import', {
      instrument: 'SJC',
      provider: 'sjc',
      company: 'SJC "Sài Gòn", Ltd',
      brand: ' =Hồ; Chí/Minh',
      rows: [
        [at, 56_123_456.789, 57e6],
        [at + 1, null, 57e6, at + 5000],
        [at + 1001, 56e6, null, null, 'no. 7, "x"'],
      ],
    });
    await client.call('rates.import', {
      instrument: 'SJC',
      rows: Array.from({ length: 1203 }, (_, i) => [at + i * 86_400_000, 56e6 + i / 7, 57e6 + i / 3]),
    });
    await client.call('rates.import', { instrument: 'XAU', rows: [[Date.UTC(1833, 0, 1), 18.93, 18.93]] });
    await client.call('rates.import', {
      instrument: 'PLATINUM',
      market: 'gold',
      currency: 'EUR',
      unit: 'kg',
      rows: [[86_400_000, 1e-7, 1e-7]],
    });
    for (const format of ['csv', 'jsonl']) {
      const other = await DaemonFixture.start();
      try {
        const path = join(folder, `all.${format}`);
        const exported = await room.run(['rates', 'export', '--format', format, '--output', path]);
        expect(exported.stdout).to.contain('1208 quotes of 3 instruments');
        const imported = await other.run(['rates', 'import', path]);
        expect(imported.stderr).to.equal('');
        expect(imported.stdout).to.contain('Stored: 1,208. There already: 0. Refused: 0.');
        const back = await other.run(['rates', 'export', '--format', format]);
        expect(back.stdout).to.equal(await readFile(path, 'utf8'));
        expect(back.stdout.split('\n')).to.have.length(format === 'csv' ? 1210 : 1209);
      } finally {
        await other.stop();
      }
    }
  });

  it('exports what it is asked for', async () => {
    const client = await room.connect();
    const day = (date: string) => Date.parse(`${date}T00:00:00+07:00`);
    await client.call('rates.import', {
      instrument: 'SJC',
      rows: ['2021-01-01', '2021-01-02', '2021-01-03'].map((date) => [day(date), 56e6, 57e6]),
    });
    await client.call('rates.import', { instrument: 'XAU', rows: [[day('2021-01-02'), 1800, 1800]] });
    const { stdout } = await room.run(['rates', 'export', 'vàng SJC', '--from', '2021-01-02', '--to', '2021-01-02']);
    expect(stdout).to.equal(
      'instrument,market,provider,company,brand,buy,sell,currency,unit,at,checkedAt,id\n' +
        `SJC,gold,import,,,56000000,57000000,VND,tael,2021-01-01T17:00:00.000Z,2021-01-01T17:00:00.000Z,${day('2021-01-02')}\n`,
    );
    expect((await room.run(['rates', 'export', 'SJD'])).stderr).to.contain('Did you mean SJC');
    expect((await room.run(['rates', 'export', '--from', 'then'])).exit).to.equal(2);
    expect((await room.run(['rates', 'export', '--json'])).exit).to.equal(2);
  });

  it('writes over no file that is there', async () => {
    const path = await file('mine.csv', 'mine');
    const refused = await room.run(['rates', 'export', '--output', path]);
    expect(refused.exit).to.equal(1);
    expect(refused.stderr).to.contain('exists already');
    expect(await readFile(path, 'utf8')).to.equal('mine');
    expect((await room.run(['rates', 'export', '--output', path, '--force'])).exit).to.equal(0);
    expect(await readFile(path, 'utf8')).to.match(/^instrument,market/);
  });

  it('takes the two files of the seeds as its help says', async function () {
    const [sjc, world] = [join(DATA, 'sjc-daily.csv'), join(DATA, 'world-gold-monthly.csv')];
    try {
      await stat(sjc);
      await stat(world);
    } catch {
      this.test!.title += ` (skipped: no data in ${DATA}; GOLDCTL_TEST_DATA names the folder)`;
      this.skip();
    }
    const { default: RatesImport } = await import('../../commands/rates/import.ts');
    for (const { command } of RatesImport.examples) {
      const [, , name, ...flags] = command.replace('<%= config.bin %> <%= command.id %>', 'rates import').split(' ');
      const path = join(DATA, name!.replace('../shared/data/', ''));
      const lines = (await readFile(path, 'utf8')).trim().split('\n').length - 1;
      const first = await room.run(['rates', 'import', path, ...flags, '--json']);
      expect(JSON.parse(first.stdout)).to.deep.include({ lines, stored: lines, duplicates: 0, refused: 0 });
      const again = await room.run(['rates', 'import', path, ...flags, '--json']);
      expect(JSON.parse(again.stdout)).to.deep.include({ lines, stored: 0, duplicates: lines, refused: 0 });
    }
    const client = await room.connect();
    const { quotes } = await client.call('rates.lookup', { date: '2009-07-22', instrument: 'SJC' });
    expect(quotes.map(({ buy, sell }) => [buy, sell])).to.deep.equal([[21_060_000, 21_120_000]]);
    const month = await client.call('rates.lookup', { date: '1833-01-01', instrument: 'XAU' });
    expect(month.quotes.map(({ buy, sell }) => [buy, sell])).to.deep.equal([[18.93, 18.93]]);
  });
});
