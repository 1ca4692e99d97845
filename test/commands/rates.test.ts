import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';
import { HttpServer } from '../rates/http-server.ts';

const HOUR = 3_600_000;

describe('goldctl rates', () => {
  let daemon: DaemonFixture;
  let source: HttpServer;
  const today = Date.now();

  before(async () => {
    source = await HttpServer.listen((_, response) => response.writeHead(500).end());
    daemon = await DaemonFixture.start({
      config: { rates: { providers: { 'gold-api': { enabled: true, url: source.url, every: '30m' } } } },
    });
  });

  after(async () => {
    await daemon.stop();
    await source.close();
  });

  it('names unreachable providers if there are no rates, the time of the next try, and what to do', async () => {
    const refresh = await daemon.run(['rates', 'refresh', 'gold-api']);
    expect(refresh.exit).to.equal(1);
    expect(refresh.stderr).to.match(/^Error: .*500/);
    const { exit, stdout } = await daemon.run(['rates']);
    expect(exit).to.equal(0);
    expect(stdout).to.match(/gold-api: .*500.*\(next attempt in /);
    expect(stdout).to.include('goldctl rates import FILE');
    expect((await daemon.run(['rates', '--json'])).stdout).to.equal('{\n  "quotes": []\n}\n');
    expect((await daemon.run(['rates', 'show', 'SJC'])).stdout).to.match(/^There are no rates of SJC yet\./);
  });

  it('shows quotes of a provider', async () => {
    source.answer = (_, response) => {
      const updatedAt = new Date(today - 60_000).toISOString();
      response.end(JSON.stringify({ currency: 'USD', name: 'Gold', price: 4010.1, symbol: 'XAU', updatedAt }));
    };
    expect(await daemon.run(['rates', 'refresh', 'gold-api'])).to.include({ exit: 0 });
    const { stdout } = await daemon.run(['rates', '--market', 'gold']);
    expect(stdout)
      .to.match(/^Instrument .*Provider/)
      .and.to.match(/XAU .*4,010\.10 +USD\/ozt .*gold-api/);
    const { quotes } = JSON.parse((await daemon.run(['rates', '--json'])).stdout);
    expect(quotes).to.have.length(1);
    expect(quotes[0]).to.include({ instrument: 'XAU', provider: 'gold-api', stale: false });
    expect((await daemon.run(['rates', '--market', 'crypto'])).stdout).to.match(/^There are no crypto rates yet/);
    const providers = await daemon.run(['rates', 'providers']);
    expect(providers.stdout).to.match(/gold-api +ok/);
    expect(JSON.parse((await daemon.run(['rates', 'providers', '--json'])).stdout).providers).to.be.an('array');
  });

  describe('with a history', () => {
    before(async () => {
      const admin = await daemon.connect();
      const rows: [number, number, number][] = [];
      for (let i = 30; i >= 0; i--)
        rows.push([today - i * 24 * HOUR - HOUR, 148_800_000 + i * 1e5, 151_300_000 + i * 1e5]);
      await admin.call('rates.import', {
        instrument: 'SJC',
        rows: [...rows, [Date.UTC(2021, 11, 27), 60_650_000, 61_350_000]],
      });
      await admin.call('rates.import', { instrument: 'USD', rows: [[today - HOUR, 26_090, 26_390]] });
      await admin.close();
    });

    it('shows one instrument, with spaces in its name', async () => {
      const { stdout } = await daemon.run(['rates', 'show', 'vàng', 'miếng', 'sjc']);
      expect(stdout).to.match(/SJC +148,800,000 +151,300,000 +VND\/tael/);
    });

    it('looks up a day', async () => {
      const { stdout } = await daemon.run(['rates', 'show', 'SJC', '--date', '2021-12-27']);
      expect(stdout)
        .to.match(/^1 result\n/)
        .and.to.include(' 61,350,000 ');
      const none = await daemon.run(['rates', 'show', 'SJC', '--date', '2011-12-27']);
      expect(none).to.include({ exit: 0 });
      expect(none.stdout).to.match(/^No quotes for SJC on 2011-12-27/);
      expect(await daemon.run(['rates', 'show', 'SJC', '--date', '2021-02-30'])).to.include({ exit: 2, stdout: '' });
    });

    it('converts, and names the quotes that it used', async () => {
      const { stdout } = await daemon.run(['rates', 'show', 'SJC', '--in', 'USD/ozt']);
      expect(stdout).to.match(/SJC \(import\): buy [\d,.]+, sell [\d,.]+ USD\/ozt/);
      expect(stdout).to.match(/from USD buy 26,090, sell 26,390/);
      expect(await daemon.run(['rates', 'show', 'SJC', '--in', 'a/b/c'])).to.include({ exit: 2 });
    });

    it('converts with unit aliases', async () => {
      for (const measure of ['VND/chỉ', 'chỉ'.normalize('NFD'), 'chi']) {
        const { stdout } = await daemon.run(['rates', 'show', 'SJC', '--in', measure]);
        expect(stdout, measure).to.match(/SJC \(import\): buy 14,880,000, sell 15,130,000 VND\/chi\n/);
      }
    });

    it('converts a day with the quotes of that day, or says that there are none', async () => {
      const admin = await daemon.connect();
      const day = Date.UTC(2024, 4, 9, 17);
      await admin.call('rates.import', {
        instrument: 'SJC',
        rows: [
          [day, 87_000_000, 90_000_000],
          [day + 24 * HOUR, 88_000_000, 91_000_000],
        ],
      });
      await admin.call('rates.import', { instrument: 'USD', rows: [[day + 8 * HOUR, 25_000, 25_500]] });
      await admin.close();
      const { exit, stdout } = await daemon.run(['rates', 'show', 'SJC', '--date', '2024-05-10', '--in', 'USD/lượng']);
      expect(exit).to.equal(0);
      expect(stdout)
        .to.match(/^1 result\n/)
        .and.to.match(/ 90,000,000 +VND\/tael/);
      expect(stdout.slice(stdout.indexOf('In USD'))).to.equal(
        `In USD/lượng, using only quotes of 2024-05-10:
SJC (import): buy 3,411.76, sell 3,600.00 USD/tael
  from SJC buy 87,000,000, sell 90,000,000 VND/tael (import, since 2024-05-10 00:00)
  from USD buy 25,000, sell 25,500 VND/each (import, since 2024-05-10 08:00)
`,
      );
      const unknown = await daemon.run(['rates', 'show', 'SJC', '--date', '2024-05-11', '--in', 'USD/ozt']);
      expect(unknown.exit).to.equal(0);
      expect(unknown.stdout)
        .to.match(/ 91,000,000 +VND\/tael/)
        .and.to.include(
          'SJC (import): buy 88,000,000, sell 91,000,000 VND/tael, not converted: no quote of 2024-05-11 converts VND to USD',
        );
      const json = await daemon.run(['rates', 'show', 'SJC', '--date', '2024-05-11', '--in', 'USD/ozt', '--json']);
      expect(JSON.parse(json.stdout).converted).to.deep.equal([null]);
      const both = await daemon.run(['rates', 'show', 'SJC', '--date', '2024-05-10', '--in', 'USD', '--json']);
      const [converted] = JSON.parse(both.stdout).converted;
      expect(converted).to.include({ sell: 3600, currency: 'USD', unit: 'tael', stale: true });
      expect(
        converted.legs.map(({ instrument, at }: { instrument: string; at: number }) => [instrument, at]),
      ).to.deep.equal([
        ['SJC', day],
        ['USD', day + 8 * HOUR],
      ]);
    });

    it('converts the list, and names the rates that it cannot convert', async () => {
      const { exit, stdout } = await daemon.run(['rates', '--in', 'USD/oz']);
      expect(exit).to.equal(0);
      const lines = stdout.trim().split('\n');
      expect(lines[0]).to.match(/^Instrument +Buy +Sell +Unit +Age +From$/);
      expect(lines.find((line) => line.startsWith('SJC'))).to.match(
        /^SJC +[\d,.]+ +[\d,.]+ +USD\/ozt +\d+ (?:min|h) +SJC import \d+ (?:min|h), USD import \d+ (?:min|h)$/,
      );
      expect(lines.find((line) => line.startsWith('XAU'))).to.match(/^XAU .* USD\/ozt .* XAU gold-api /);
      expect(lines.find((line) => line.startsWith('USD'))).to.match(
        /^USD +26,090 +26,390 +VND\/each .* not converted: prices per each and per ozt cannot be compared$/,
      );
      const { quotes, converted } = JSON.parse((await daemon.run(['rates', '--in', 'USD/oz', '--json'])).stdout);
      expect(quotes.map(({ instrument }: { instrument: string }) => instrument)).to.deep.equal(['SJC', 'USD', 'XAU']);
      expect(converted.map((each: { unit: string } | null) => each?.unit ?? null)).to.deep.equal(['ozt', null, 'ozt']);
      const gold = await daemon.run(['rates', '--market', 'gold', '--in', 'chỉ']);
      expect(gold.stdout).to.include('VND/chi').and.to.not.match(/^USD/m);
      const wrong = await daemon.run(['rates', '--in', 'USD/pound']);
      expect(wrong).to.include({ exit: 2, stdout: '' });
      expect(wrong.stderr).to.include('--in USD/pound').and.to.include('lượng');
    });

    it('suggests names, and reports errors as JSON too', async () => {
      const { exit, stderr } = await daemon.run(['rates', 'show', 'SJK']);
      expect(exit).to.equal(1);
      expect(stderr).to.include('Did you mean SJC?');
      const { error } = JSON.parse((await daemon.run(['rates', 'show', 'SJK', '--json'])).stdout);
      expect(error).to.include({ code: 'NOT_FOUND', status: 417 });
      expect(error.data.suggestions).to.deep.equal(['SJC']);
    });

    it('prints history as table, chart, CSV and JSON', async () => {
      const table = await daemon.run(['rates', 'history', 'SJC', '--from', '10d']);
      expect(table.stdout).to.match(/^SJC \(import\), VND\/tael\nFrom +Open +High +Low +Close +Quotes\n/);
      const chart = await daemon.run(['rates', 'history', 'SJC', '--format', 'chart'], { LC_ALL: 'C' });
      expect(chart.stdout)
        .to.include('million VND/tael')
        .and.to.match(/^[\x20-\x7e\n]*$/);
      const csv = await daemon.run([
        'rates',
        'history',
        'SJC',
        '--format',
        'csv',
        '--from',
        '2021-12-27',
        '--to',
        '2021-12-27',
      ]);
      expect(csv.stdout).to.equal(
        'at,open,high,low,close,count\n2021-12-27T00:00:00+07:00,61350000,61350000,61350000,61350000,1\n',
      );
      const json = await daemon.run([
        'rates',
        'history',
        'SJC',
        '--format',
        'json',
        '--interval',
        '1M',
        '--provider',
        'import',
      ]);
      expect(JSON.parse(json.stdout)).to.include({ currency: 'VND', unit: 'tael', next: null });
    });

    it('refuses invalid times', async () => {
      for (const argv of [
        ['--from', 'x'],
        ['--to', '2021-02-30'],
        ['--from', '2022-01-01', '--to', '2021-01-01'],
      ]) {
        expect(await daemon.run(['rates', 'history', 'SJC', ...argv])).to.include({ exit: 2, stdout: '' });
      }
    });
  });
});
