import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';
import { PROGRAM, ROOT } from '../root.ts';

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

  it('stores the rows of a file, once', async () => {
    const path = await file('sjc.csv', 'timestamp,buy_1l,sell_1l\n2009-07-22,21.06,21.12\n2009-07-23,21.14,21.19\n');
    const first = await room.run(['rates', 'import', path, ...SJC]);
    expect(first.stderr).to.equal('');
    expect(first.stdout).to.contain('Stored: 2. Already stored: 0. Rejected: 0.');
    expect(first.exit).to.equal(0);
    const again = await room.run(['rates', 'import', path, ...SJC]);
    expect(again.stdout).to.contain('Stored: 0. Already stored: 2. Rejected: 0.');
    expect(again.exit).to.equal(0);
    const client = await room.connect();
    const { quotes } = await client.call('rates.export', { instrument: 'SJC' });
    expect(quotes.map(({ at, buy, sell, provider }) => [at, buy, sell, provider])).to.deep.equal([
      [Date.UTC(2009, 6, 21, 17), 21_060_000, 21_120_000, 'import'],
      [Date.UTC(2009, 6, 22, 17), 21_140_000, 21_190_000, 'import'],
    ]);
  });

  it('reports each invalid line with its number and reason, and imports the rest', async () => {
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
    expect(stdout).to.contain('Stored: 3. Already stored: 0. Rejected: 6.');
    const said = stderr.trim().split('\n');
    expect(said.map((line) => line.split(':')[0])).to.deep.equal([
      'line 3',
      'line 4',
      'line 5',
      'line 7',
      'line 8',
      'line 9',
    ]);
    expect(said[0]).to.equal('line 3: buy 0 is not a number over 0');
    expect(said[1]).to.equal('line 4: it has 1 columns, but the header has 3');
    expect(said[2]).to.equal('line 5: buy "x" is not a number');
    expect(said[3]).to.match(/in the future$/);
    expect(said[5]).to.contain('another price is stored');
    expect((await readFile(errors, 'utf8')).trim().split('\n').sort()).to.deep.equal([...said].sort());
    const refused = await room.run(['rates', 'import', path, ...SJC, '--errors', errors]);
    expect(refused.exit).to.equal(1);
    expect(refused.stderr).to.contain('already exists');
  });

  it('converts prices per chỉ to taels, with any Unicode form on the command line', async () => {
    const path = await file('chi.csv', 'date,buy,sell\n2025-11-27,14800000,15100000\n');
    for (const [i, unit] of ['chỉ', 'chỉ'.normalize('NFD'), 'CHI'].entries()) {
      const argv = ['--instrument', `Nhẫn trơn ${i}`, '--market', 'gold', '--currency', 'VND', '--unit', 'lượng'];
      const more = await file('tael.csv', 'date,buy,sell\n2025-11-26,148000000,151000000\n');
      expect(await room.run(['rates', 'import', more, ...argv])).to.include({ exit: 0, stderr: '' });
      const taken = await room.run(['rates', 'import', path, ...argv.slice(0, -1), unit]);
      expect(taken, unit).to.include({ exit: 0, stderr: '' });
      const { stdout } = await room.run(['rates', 'show', `Nhẫn trơn ${i}`]);
      expect(stdout).to.match(/NHAN-TRON-\d +148,000,000 +151,000,000 +VND\/tael/);
    }
  });

  it('has a market for silver, and says so for silver imported as gold', async () => {
    const path = await file('silver.csv', 'date,buy,sell\n2025-11-27,2050000,2110000\n');
    const series = ['--instrument', 'Bạc Phú Quý 999', '--currency', 'VND', '--unit', 'lượng'];
    const asGold = await room.run(['rates', 'import', path, ...series, '--market', 'gold']);
    expect(asGold.exit).to.equal(2);
    expect(asGold.stderr).to.include('"Bạc Phú Quý 999" is silver by its name').and.to.include('--market silver');
    const asSilver = await room.run(['rates', 'import', path, ...series, '--market', 'silver']);
    expect(asSilver).to.include({ exit: 0, stderr: '' });
    expect(asSilver.stdout).to.contain('Stored: 1. Already stored: 0. Rejected: 0.');
    const { stdout } = await room.run(['rates', '--market', 'silver']);
    expect(stdout).to.match(/^BAC-PHU-QUY-999 +2,050,000 +2,110,000 +VND\/tael /m);
    expect((await room.run(['rates', '--market', 'gold'])).stdout).to.match(/^There are no gold rates yet/);
    expect((await room.run(['rates', 'show', 'bạc', 'phú', 'quý', '999'])).stdout).to.include('2,050,000');
  });

  it('prints a summary as JSON', async () => {
    const path = await file('two.jsonl', '{"at":"2021-12-01","price":1800.5}\n{"at":"x","price":1}\n');
    const { exit, stdout } = await room.run(['rates', 'import', path, '--instrument', 'XAU', '--json']);
    expect(exit).to.equal(1);
    expect(JSON.parse(stdout)).to.deep.include({
      dryRun: false,
      lines: 2,
      stored: 1,
      duplicates: 0,
      refused: 1,
      errors: [{ line: 2, reason: '"x" is not a time' }],
    });
  });

  it('shows fifty invalid lines and counts the others', async () => {
    const path = await file('bad.csv', `timestamp,buy_1l,sell_1l\n${'x,1,2\n'.repeat(60)}`);
    const { exit, stderr } = await room.run(['rates', 'import', path, ...SJC]);
    expect(exit).to.equal(1);
    const said = stderr.trim().split('\n');
    expect(said).to.have.length(52);
    expect(said[50]).to.equal('and 10 more (--errors FILE writes them all)');
    expect(said[51]).to.match(/^Accepted times: yyyy-mm-dd .*Excel/);
  });

  it('validates without storing', async () => {
    const path = await file('sjc.csv', 'timestamp,buy_1l,sell_1l\n2009-07-22,21.06,21.12\n2009-07-23,2.1,21.19\n');
    const { exit, stdout, stderr } = await room.run(['rates', 'import', path, ...SJC, '--dry-run']);
    expect(exit).to.equal(1);
    expect(stdout).to.contain('Would be imported: 1. Rejected: 1. Nothing was stored.');
    expect(stderr).to.contain('line 3: buy 2,100,000 is outside of');
    expect((await (await room.connect()).call('rates.list', {})).quotes).to.deep.equal([]);
  });

  it('shows in a dry run how it reads a file, and how far it is from stored prices', async () => {
    const day = (i: number) => `2024-01-${String(i + 1).padStart(2, '0')}`;
    const known = await file(
      'known.csv',
      `date,price\n${[...Array(20).keys()].map((i) => `${day(i)},2000`).join('\n')}\n`,
    );
    expect((await room.run(['rates', 'import', known, '--instrument', 'XAU'])).exit).to.equal(0);
    const prices = [...Array(24).keys()].map((i) => `${day(i)};${i < 3 ? '2.500,5' : '2.010'}`);
    const path = await file('new.csv', `Ngày;Giá\n${prices.join('\n')}\n`);
    const { exit, stdout } = await room.run(['rates', 'import', path, '--instrument', 'XAU', '--dry-run']);
    expect(exit).to.equal(0);
    expect(stdout.split('\n')).to.include.members([
      '  line 2: 2024-01-01  XAU  2,500.5',
      '  line 6: 2024-01-05  XAU  2,010',
      'XAU, USD/ozt: 2024-01-01 to 2024-01-24',
      '  2024  2,010 to 2,500.5',
      '  The daemon has prices for 20 of these 24 days: median difference 0.5%, 3 of 20 differ by more than 10%.',
      'Read: 24 lines. Would be imported: 24. Rejected: 0. Nothing was stored.',
    ]);
    const json = await room.run(['rates', 'import', path, '--instrument', 'XAU', '--dry-run', '--json']);
    const { preview, reading } = JSON.parse(json.stdout);
    expect(reading).to.deep.equal({
      columns: { at: 'Ngày', buy: 'Giá', sell: 'Giá' },
      header: true,
      dates: null,
      number: '1.234,5',
      scale: '1',
    });
    expect(preview.rows).to.have.length(5);
    expect(preview.rows[0]).to.deep.equal({
      ...{ line: 2, at: '2023-12-31T17:00:00.000Z', instrument: 'XAU', buy: 2500.5, sell: 2500.5 },
    });
    expect(preview.instruments).to.deep.equal([
      {
        ...{ instrument: 'XAU', currency: 'USD', unit: 'ozt', first: '2024-01-01', last: '2024-01-24' },
        years: [{ year: 2024, low: 2010, high: 2500.5 }],
      },
    ]);
    expect(preview.known).to.deep.equal([
      { instrument: 'XAU', days: 24, known: 20, medianDifference: 0.005, largeDifferences: 3 },
    ]);
    const { quotes } = await (await room.connect()).call('rates.export', { instrument: 'XAU' });
    expect(quotes).to.have.length(20);
  });

  it('compares each series of a file in a dry run with the same series, else with the reference series', async () => {
    const day = (i: number) => `2026-11-${24 + i} 08:00`;
    const rows = [0, 1, 2].flatMap((i) => [`SJC,Hà Nội,${day(i)},152000000`, `SJC,Miền Tây,${day(i)},158000000`]);
    const path = await file('branches.csv', `instrument,brand,at,sell\n${rows.join('\n')}\n`);
    expect((await room.run(['rates', 'import', path])).exit).to.equal(0);
    const same = await room.run(['rates', 'import', path, '--dry-run']);
    expect(same.stdout.split('\n').slice(7, 13)).to.deep.equal([
      'SJC (Hà Nội), VND/tael: 2026-11-24 to 2026-11-26',
      '  2026  152,000,000 to 152,000,000',
      '  The daemon has prices for 3 of these 3 days: median difference 0.0%, 0 of 3 differ by more than 10%.',
      'SJC (Miền Tây), VND/tael: 2026-11-24 to 2026-11-26',
      '  2026  158,000,000 to 158,000,000',
      '  The daemon has prices for 3 of these 3 days: median difference 0.0%, 0 of 3 differ by more than 10%.',
    ]);
    const other = await room.run(['rates', 'import', path, '--provider', 'shop', '--dry-run']);
    expect(other.stdout).to.contain('SJC (shop, Miền Tây), VND/tael');
    expect(other.stdout).to.contain('3 of these 3 days (import, Hà Nội): median difference 3.9%');
    const plain = await file('plain.csv', 'date,sell\n2026-11-20,150000000\n2026-11-24,151000000\n');
    expect((await room.run(['rates', 'import', plain, '--instrument', 'SJC'])).exit).to.equal(0);
    const again = await room.run(['rates', 'import', plain, '--instrument', 'SJC', '--dry-run']);
    expect(again.stdout).to.contain('The daemon has prices for 2 of these 2 days: median difference 0.0%');
  });

  it('reports twenty series in a dry run, and counts the others', async () => {
    const rows = [...Array(25).keys()].map((i) => `COIN${i},crypto,USD,coin,2026-11-24,${i + 1}`);
    const path = await file('coins.csv', `instrument,market,currency,unit,at,sell\n${rows.join('\n')}\n`);
    const { stdout } = await room.run(['rates', 'import', path, '--dry-run']);
    expect(stdout.split('\n').filter((line) => line.startsWith('COIN'))).to.have.length(20);
    expect(stdout).to.contain('\nand 5 more series\n');
    const json = await room.run(['rates', 'import', path, '--dry-run', '--json']);
    const { preview } = JSON.parse(json.stdout);
    expect(preview.instruments).to.have.length(20);
    expect(preview.known).to.have.length(20);
    expect(preview.more).to.equal(5);
  });

  it('compares prices of another unit after conversion', async () => {
    const known = await file('known.csv', 'date,price\n2026-11-01,148000000\n');
    expect((await room.run(['rates', 'import', known, '--instrument', 'SJC'])).exit).to.equal(0);
    const chi = await file('chi.csv', 'date,price\n2026-11-01,14800000\n');
    const dry = await room.run(['rates', 'import', chi, '--instrument', 'SJC', '--unit', 'chi', '--dry-run']);
    expect(dry.stdout).to.contain('median difference 0.0%, 0 of 1 differ');
  });

  it('reports in a dry run that no daemon answers', async () => {
    const path = await file('new.csv', 'date,price\n2024-01-01,2000\n');
    const nowhere = ['--server', '127.0.0.1:1', '--instrument', 'XAU', '--dry-run'];
    const said = await room.run(['rates', 'import', path, ...nowhere]);
    expect(said.stdout).to.contain('Not compared with known prices:');
    expect(said.exit).to.equal(0);
    const json = await room.run(['rates', 'import', path, ...nowhere, '--json']);
    expect(JSON.parse(json.stdout).preview.known).to.equal(null);
  });

  it('stores nothing of an ambiguous file, and names the flag that decides', async () => {
    const path = await file('us.csv', 'Date,Price\n01/02/2013,1662.99\n02/03/2013,1579.76\n');
    const asked = await room.run(['rates', 'import', path, '--instrument', 'XAU']);
    expect(asked.exit).to.equal(2);
    expect(asked.stderr).to.contain('--dates d/m').and.to.contain('--dates m/d').and.to.contain('Nothing was stored');
    expect((await (await room.connect()).call('rates.list', {})).quotes).to.deep.equal([]);
    const answered = await room.run(['rates', 'import', path, '--instrument', 'XAU', '--dates', 'mm/dd/yyyy']);
    expect(answered.stdout).to.contain('Stored: 2.');
    const { quotes } = await (await room.connect()).call('rates.lookup', { date: '2013-02-03', instrument: 'XAU' });
    expect(quotes.map(({ sell }) => sell)).to.deep.equal([1579.76]);
  });

  it('fails if the file contains no quote', async () => {
    for (const content of ['date,price\n', '[]', '']) {
      const said = await room.run(['rates', 'import', await file('none.csv', content), '--instrument', 'BTC']);
      expect(said.exit, content).to.equal(1);
      expect(said.stderr).to.match(/contains? no quotes|is empty/);
    }
  });

  it('reads standard input', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'rates', 'import', '-', '--instrument', 'BTC'], {
      env: { ...process.env, GOLDCTL_HOME: room.home.root, GOLDCTL_SERVER: '' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(gzipSync('date,price\n30/05/2021,35000\n01/06/2021,37000\n'));
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(errors).to.equal('');
    expect(out).to.contain('Stored: 2.');
  });

  it('refuses an invalid command line with exit status 2', async () => {
    const path = await file('sjc.csv', 'timestamp,buy_1l,sell_1l\n2009-07-22,21.06,21.12\n');
    for (const [argv, says] of [
      [['--instrument', 'SJC', '--map', 'at=when'], 'columns are "timestamp", "buy_1l", "sell_1l"'],
      [['--instrument', 'SJC'], '--map buy=COLUMN'],
      [['--map', 'buy=buy_1l'], '--instrument'],
      [[...SJC.slice(0, 4), '--scale', '0'], '--scale 0'],
      [[...SJC, '--dates', 'us'], '--dates us'],
      [[...SJC.slice(0, 4)], '--scale 1000000'],
      [[...SJC, '--number', '1 234'], '--number 1 234'],
      [[...SJC, '--unit', 'pound'], 'unit'],
    ] as const) {
      const { exit, stderr } = await room.run(['rates', 'import', path, ...argv]);
      expect(stderr).to.contain(says);
      expect(exit, says).to.equal(2);
    }
  });

  it('ends at once if the whole file is of an ambiguous instrument', async () => {
    const path = await file('new.csv', 'at,price\n2009-07-22,810\n2009-07-23,822\n');
    const unclear = await room.run(['rates', 'import', path, '--instrument', 'PLATINUM']);
    expect(unclear.exit).to.equal(1);
    expect(unclear.stderr).to.equal(
      'Error: PLATINUM is a new instrument: add its market (--market), its currency (--currency), its unit (--unit).\n',
    );
    const clear = ['--instrument', 'PLATINUM', '--market', 'gold', '--currency', 'EUR', '--unit', 'ozt'];
    expect((await room.run(['rates', 'import', path, ...clear])).stdout).to.contain('Stored: 2.');
    const missing = await room.run(['rates', 'import', join(folder, 'none.csv'), '--instrument', 'SJC']);
    expect(missing.exit).to.equal(1);
    expect(missing.stderr).to.contain('it does not exist');
  });

  it('keeps alternating series separate, and refuses the lines of an ambiguous one', async () => {
    const lines = Array.from({ length: 300 }, (_, i) => {
      const series = i % 3 === 0 ? 'SJC,A' : i % 3 === 1 ? 'SJC,B' : 'UNHEARD,';
      return `${series},${Date.UTC(2021, 0, 1) + i * 60_000},${60e6 + i},${61e6 + i}`;
    });
    const path = await file('mixed.csv', `instrument,brand,at,buy,sell\n${lines.join('\n')}\n`);
    const { exit, stdout, stderr } = await room.run(['rates', 'import', path]);
    expect(exit).to.equal(1);
    expect(stdout).to.contain('Stored: 200. Already stored: 0. Rejected: 100.');
    expect(stderr.split('\n')[0]).to.match(/^line 4: UNHEARD is a new instrument/);
    const rows = (await room.run(['rates', 'export'])).stdout.trim().split('\n').slice(1);
    expect(rows.map((row) => row.split(',')[4]).join('')).to.equal('A'.repeat(100) + 'B'.repeat(100));
    expect(rows.map((row) => Number(row.split(',')[5]) - 60e6).sort((x, y) => x - y)[199]).to.equal(298);
  });

  it('finds a line that contradicts one thousands of lines earlier', async () => {
    const lines = Array.from({ length: 6000 }, (_, i) => `${Date.UTC(2021, 0, 1) + i * 60_000},61000000`);
    lines.push(`${Date.UTC(2021, 0, 1)},62000000`, `${Date.UTC(2021, 0, 1) + 60_000},61000000`);
    const path = await file('long.csv', `at,price\n${lines.join('\n')}\n`);
    const { stdout, stderr } = await room.run(['rates', 'import', path, '--instrument', 'SJC']);
    expect(stdout).to.contain('Stored: 6,000. Already stored: 1. Rejected: 1.');
    expect(stderr).to.match(/^line 6002: another price is stored/);
  });

  it('imports a database of tygia.com responses, whatever the units of its rows', async () => {
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
    expect(said.stderr).to.match(/^row 3: buy: expected /);
    expect(said.stdout).to.contain('Stored: 2. Already stored: 0. Rejected: 1.');
    const again = await room.run(['rates', 'import', path, '--format', 'tygia']);
    expect(again.stdout).to.contain('Stored: 0. Already stored: 2. Rejected: 1.');
    const { quotes } = await (await room.connect()).call('rates.lookup', { date: '2021-12-27', instrument: 'SJC' });
    expect(quotes.map(({ company, sell, provider, id }) => [company, sell, provider, id])).to.have.deep.members([
      ['SJC', 61_550_000, 'tygia', '17118469'],
      ['DOJI', 61_400_000, 'tygia', '17118469'],
    ]);
    const wrong = await room.run(['rates', 'import', path, '--format', 'tygia', '--instrument', 'SJC']);
    expect(wrong.exit).to.equal(2);
    for (const [name, content, reason] of [
      ['none.json', '{"golds": []}', 'The file contains no tygia.com rows'],
      ['broken.json', '{"golds": [', 'The file is not valid JSON'],
    ] as const) {
      const refused = await room.run(['rates', 'import', await file(name, content), '--format', 'tygia']);
      expect(refused.exit).to.equal(1);
      expect(refused.stderr).to.contain(reason);
    }
  });

  it('restores an export: another daemon has the same quotes after the import', async () => {
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
      force: true,
    });
    await client.call('rates.import', {
      instrument: 'SJC',
      rows: Array.from({ length: 1203 }, (_, i) => [at + i * 86_400_000, 56e6 + i / 7, 57e6 + i / 3]),
    });
    await client.call('rates.import', { instrument: 'XAU', rows: [[Date.UTC(1833, 0, 1), 18.93, 18.93]] });
    await client.call('rates.import', {
      instrument: 'DUST',
      market: 'crypto',
      currency: 'EUR',
      unit: 'coin',
      rows: [[86_400_000, 1e-7, 1e-7]],
      force: true,
    });
    for (const format of ['csv', 'jsonl']) {
      const other = await DaemonFixture.start();
      try {
        const path = join(folder, `all.${format}`);
        const exported = await room.run(['rates', 'export', '--format', format, '--output', path]);
        expect(exported.stdout).to.contain('1208 quotes of 3 instruments');
        const imported = await other.run(['rates', 'import', path]);
        expect(imported.stderr).to.equal('');
        expect(imported.stdout).to.contain('Stored: 1,208. Already stored: 0. Rejected: 0.');
        const back = await other.run(['rates', 'export', '--format', format]);
        expect(back.stdout).to.equal(await readFile(path, 'utf8'));
        expect(back.stdout.split('\n')).to.have.length(format === 'csv' ? 1210 : 1209);
      } finally {
        await other.stop();
      }
    }
  });

  it('exports the requested range', async () => {
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

  it('never overwrites an existing file', async () => {
    const path = await file('mine.csv', 'mine');
    const refused = await room.run(['rates', 'export', '--output', path]);
    expect(refused.exit).to.equal(1);
    expect(refused.stderr).to.contain('already exists');
    expect(await readFile(path, 'utf8')).to.equal('mine');
    expect((await room.run(['rates', 'export', '--output', path, '--force'])).exit).to.equal(0);
    expect(await readFile(path, 'utf8')).to.match(/^instrument,market/);
  });

  it('imports the two files of the older programs as its help describes', async function () {
    const [sjc, world] = [join(DATA, 'sjc-daily.csv'), join(DATA, 'world-gold-monthly.csv')];
    try {
      await stat(sjc);
      await stat(world);
    } catch {
      this.test!.title += ` (skipped: no data in ${DATA}; GOLDCTL_TEST_DATA names the folder)`;
      this.skip();
    }
    const { default: RatesImport } = await import('../../commands/rates/import.ts');
    const examples = RatesImport.examples.filter(({ command }) => / (sjc-daily|world-gold-monthly)\.csv/.test(command));
    expect(examples).to.have.length(2);
    for (const { command } of examples) {
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
