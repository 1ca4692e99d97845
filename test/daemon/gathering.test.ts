import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import { localTarget } from '../../src/client/target.ts';
import { parseConfig } from '../../src/daemon/config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { type HomeDirectory, resolveHome } from '../../src/home-directory.ts';
import { PROVIDERS } from '../../src/rates/providers/index.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { BODIES } from '../rates/bodies.ts';
import { GOLD_BODIES } from '../rates/gold-bodies.ts';
import { Wire } from '../server/wire.ts';
import { ProviderHosts } from './provider-hosts.ts';

const LIMITS = { callsPerSecond: 10_000, callsBurst: 10_000 };

/** Polls until the condition holds; mocha's time-out is the only clock. */
async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await pause(10);
  }
}

const health = async (client: Client, provider: string) =>
  (await client.call('rates.providers', {})).providers.find(({ id }) => id === provider)!;
const healthy = (client: Client, provider: string) =>
  until(async () => (await health(client, provider)).state === 'ok' && (await health(client, provider)));

/** Fetches from a provider now; the message of the failure. */
async function refused(client: Client, provider: string): Promise<string> {
  try {
    await client.call('admin.refresh', { provider });
  } catch (thrown) {
    expect((thrown as AppError).code).to.equal('NOT_AVAILABLE');
    return (thrown as AppError).message;
  }
  throw new Error(`${provider} was accepted`);
}

const stored = async (client: Client, instrument: string) =>
  (await client.call('rates.export', { instrument })).quotes.map(({ sell }) => sell);

describe('rates of a daemon', () => {
  let hosts: ProviderHosts;
  let daemon: DaemonFixture;
  let client: Client;
  const start = async (providers: Record<string, object>) => {
    daemon = await DaemonFixture.start({ config: { limits: LIMITS, rates: { providers } } });
    client = await daemon.connect();
  };
  beforeEach(() => {
    hosts = new ProviderHosts();
  });
  afterEach(async () => {
    await daemon?.stop();
    await hosts.stop();
  });

  it('come from each built-in provider in the right unit and currency, stale if their own time is old', async () => {
    const ids = PROVIDERS.map(({ id }) => id);
    await hosts.start(ids);
    const now = (provider: string, path: string, body: string) =>
      hosts.serve(provider, (asked) => (asked.path === path ? body : { status: 404, body: 'no history' }));
    hosts.serve('sjc', ({ form }) => (form.has('method') ? { status: 403, body: '' } : GOLD_BODIES.sjc));
    now('sjc-xml', '/xml/tygiavang.xml', GOLD_BODIES.sjcXml);
    now('pnj', '/ecom-frontend/v1/get-gold-price?zone=00', GOLD_BODIES.pnj);
    hosts.serve('pnj-history', GOLD_BODIES.pnjHistory);
    now('doji', '/api/giavang/?api_key=secret%2Fkey', GOLD_BODIES.doji);
    now('btmc', '/api/BTMCAPI/getpricebtmc?key=secret%2Fkey', GOLD_BODIES.btmc);
    now('mihong', '/v1/gold-prices?market=domestic', GOLD_BODIES.mihong);
    now('vang-today', '/api/prices', GOLD_BODIES.vangToday);
    hosts.serve('vnappmob', ({ path, headers }) => {
      if (path === '/api/request_api_key?scope=gold') return '{"results":"a.b.c"}';
      if (headers.authorization !== 'Bearer a.b.c') return { status: 403, body: '' };
      if (path === '/api/v2/gold/sjc') return GOLD_BODIES.vnappmob;
      return '{"results":[{"buy_hcm":"102200000.0","sell_hcm":"105200000.0","datetime":"1744358406"}]}';
    });
    now('tygia', '/json.php?ran=0&rate=0&gold=1&bank=VIETCOM&date=now', GOLD_BODIES.tygia);
    now('gold-api', '/price/XAU', BODIES.goldApi);
    hosts.serve('coingecko', ({ path }) =>
      path.startsWith('/simple/price?') ? BODIES.coingecko : { status: 404, body: '' },
    );
    hosts.serve('binance', ({ path }) =>
      path.startsWith('/api/v3/ticker/24hr?')
        ? BODIES.binance.replace('1499869899040', String(Date.now()))
        : { status: 404, body: '' },
    );
    hosts.serve('kraken', ({ path }) =>
      path.includes('pair=XBTUSD') ? BODIES.kraken : '{"error":[],"result":{"OTHER":[],"last":1700086400}}',
    );
    hosts.serve('coinbase', ({ path }) => (path.startsWith('/products/BTC-USD/') ? BODIES.coinbase : '[]'));
    hosts.serve('vietcombank', BODIES.vietcombank);
    now('er-api', '/v6/latest/USD', BODIES.erApi);
    hosts.serve('frankfurter', BODIES.frankfurter);

    const expected: Record<string, [series: string, buy: number, sell: number | null, unit: string, state: string][]> =
      {
        sjc: [['SJC: SJC, Hồ Chí Minh', 170e6, 173.5e6, 'VND/tael', 'stale']],
        'sjc-xml': [['SJC: SJC, Hồ Chí Minh', 40.72e6, 40.82e6, 'VND/tael', 'stale']],
        pnj: [['SJC: PNJ', 148.8e6, 151.3e6, 'VND/tael', 'fresh']],
        'pnj-history': [['PNJ: PNJ, TPHCM', 51.9e6, 52.9e6, 'VND/tael', 'stale']],
        doji: [
          ['DOJI: DOJI, HCM lẻ', 148.8e6, 151.3e6, 'VND/tael', 'fresh'],
          ['DOJI: DOJI, HN lẻ', 148.8e6, 151.3e6, 'VND/tael', 'fresh'],
          ['DOJI-GIA-NGUYEN-LIEU-18K: DOJI', 100.95e6, null, 'VND/tael', 'fresh'],
        ],
        btmc: [['BTMC: BTMC, 999.9', 117.5e6, 120.5e6, 'VND/tael', 'stale']],
        mihong: [['MIHONG: Mi Hồng', 171.5e6, 175e6, 'VND/tael', 'stale']],
        'vang-today': [['SJC: SJC', 180.1e6, 183.1e6, 'VND/tael', 'stale']],
        vnappmob: [
          ['DOJI: DOJI, Hồ Chí Minh', 102.2e6, 105.2e6, 'VND/tael', 'stale'],
          ['PNJ: PNJ, Hồ Chí Minh', 102.2e6, 105.2e6, 'VND/tael', 'stale'],
          ['SJC: SJC', 102.2e6, 105.2e6, 'VND/tael', 'stale'],
          ['SJC-RING: SJC', 101.1e6, null, 'VND/tael', 'stale'],
          ['SJC-VANG-NU-TRANG-75: SJC', 74_282_793.2793, null, 'VND/tael', 'stale'],
          ['VANG-SJC-1-CHI: SJC', 102.2e6, 105.23e6, 'VND/tael', 'stale'],
          ['VANG-SJC-5-CHI: SJC', 102.2e6, null, 'VND/tael', 'stale'],
        ],
        tygia: [['SJC: DOJI', 60.65e6, 61.35e6, 'VND/tael', 'stale']],
        'gold-api': [['XAU: gold-api.com', 4010.100098, 4010.100098, 'USD/ozt', 'stale']],
        coingecko: [['BTC: CoinGecko', 67_000.5, 67_000.5, 'USD/coin', 'fresh']],
        binance: [['BTC-USDT: Binance', 67_000.4, 67_000.5, 'USDT/coin', 'fresh']],
        kraken: [['BTC: Kraken', 37_200, 37_200, 'USD/coin', 'stale']],
        coinbase: [['BTC: Coinbase', 37_200.25, 37_200.25, 'USD/coin', 'stale']],
        vietcombank: [
          ['USD: Vietcombank, cash', 26_142, 26_412, 'VND/each', 'stale'],
          ['USD: Vietcombank, transfer', 26_172, 26_412, 'VND/each', 'stale'],
        ],
        'er-api': [
          ['USD: ExchangeRate-API', 26_250.12, 26_250.12, 'VND/each', 'stale'],
          ['USD-EUR: ExchangeRate-API', 0.867, 0.867, 'EUR/each', 'stale'],
          ['USD-JPY: ExchangeRate-API', 158.2, 158.2, 'JPY/each', 'stale'],
        ],
        frankfurter: [['USD-EUR: European Central Bank', 0.867, 0.867, 'EUR/each', 'stale']],
      };
    // The bodies are of different years: each provider has its own daemon, where nothing contradicts it.
    const readAlone = async (id: string) => {
      const key = id === 'doji' || id === 'btmc' ? { key: 'secret/key' } : {};
      const providers = { [id]: { enabled: true, url: `${hosts.url(id)}/`, every: '1h', ...key } };
      const alone = await DaemonFixture.start({ config: { limits: LIMITS, rates: { providers } } });
      try {
        const member = await alone.connect();
        expect((await healthy(member, id)).lastError, id).to.equal(null);
        const { quotes: listed } = await member.call('rates.list', {});
        const instruments = [...new Set(listed.map(({ instrument }) => instrument))];
        const all = await Promise.all(instruments.map((instrument) => member.call('rates.get', { instrument })));
        return all.flatMap(({ quotes }) =>
          quotes.map(({ instrument, company, brand, buy, sell, currency, unit, stale }) => [
            `${instrument}: ${company}${brand === '' ? '' : `, ${brand}`}`,
            buy,
            sell,
            `${currency}/${unit}`,
            stale ? 'stale' : 'fresh',
          ]),
        );
      } finally {
        await alone.stop();
      }
    };
    const read = await Promise.all(ids.map(async (id) => [id, await readAlone(id)] as const));
    for (const [id, rows] of read) expect(rows, id).to.deep.equal(expected[id]);
  });

  it('convert with the dollar of another provider', async () => {
    await hosts.start(['gold-api', 'vietcombank']);
    hosts.serve('gold-api', BODIES.goldApi);
    hosts.serve('vietcombank', BODIES.vietcombank);
    await start({
      'gold-api': { enabled: true, url: hosts.url('gold-api'), every: '1h' },
      vietcombank: { enabled: true, url: hosts.url('vietcombank'), every: '1h' },
    });
    for (const id of ['gold-api', 'vietcombank']) await healthy(client, id);
    const { converted } = await client.call('rates.get', { instrument: 'XAU', in: 'VND/chi' });
    expect(converted![0]!.sell).to.be.closeTo((4010.100098 / 31.1034768) * 3.75 * 26412, 1e-3);
  });

  it('stay the last good quotes through every kind of failure, which is reported, and recover', async () => {
    await hosts.start(['gold-api', 'er-api']);
    const gold = (price: number) =>
      JSON.stringify({ ...JSON.parse(BODIES.goldApi), price, updatedAt: new Date().toISOString() });
    const dollar = (vnd: number, jpy: number) => {
      const body = JSON.parse(BODIES.erApi);
      Object.assign(body.rates, { VND: vnd, JPY: jpy });
      return JSON.stringify({ ...body, time_last_update_unix: Math.floor(Date.now() / 1000) });
    };
    hosts.serve('gold-api', gold(4000));
    hosts.serve('er-api', dollar(26_000, 158));
    await start({
      'gold-api': { enabled: true, url: hosts.url('gold-api'), every: '1h' },
      'er-api': { enabled: true, url: hosts.url('er-api'), every: '1h' },
    });
    for (const id of ['gold-api', 'er-api']) await healthy(client, id);
    const before = (await client.call('rates.get', { instrument: 'XAU' })).quotes;
    const { lastOk } = await health(client, 'gold-api');

    for (const [served, sentence] of [
      [{ status: 500, body: 'oops' }, /127\.0\.0\.1:\d+ .*500/],
      [
        '<html>maintenance</html>',
        /^gold-api\.com \(gold-api\) sent an unexpected response: .* Its format may have changed\.$/,
      ],
      [
        gold(40_101),
        /^gold-api\.com responded, but all its prices were rejected: XAU: buy 40,101\.00 is outside of .*, the range of .*: 10 times too high\? .* `goldctl rates held` lists those that may be correct\.$/,
      ],
      [
        gold(4801),
        /^gold-api\.com responded, .*: XAU: sell 4,801\.00 is 20% over the last price \(4,000\.00\): per tael\? .*$/,
      ],
      ['hang up', /127\.0\.0\.1:\d+/],
    ] as const) {
      hosts.serve('gold-api', served);
      const said = await refused(client, 'gold-api');
      expect(said).to.match(sentence);
      expect(said).not.to.match(/\n|node_modules|at .*\.ts/);
      expect(await health(client, 'gold-api')).to.deep.include({ state: 'error', lastError: said, lastOk });
      expect((await client.call('rates.get', { instrument: 'XAU' })).quotes).to.deep.equal(before);
    }
    expect(await stored(client, 'XAU')).to.deep.equal([4000]);

    const wire = await Wire.member(daemon.address, 'watcher');
    await wire.result('watch', { rates: true });
    hosts.serve('gold-api', gold(4100));
    await client.call('admin.refresh', { provider: 'gold-api' });
    const { params } = await wire.event('quote');
    expect(params.quote).to.deep.include({ instrument: 'XAU', provider: 'gold-api', sell: 4100, stale: false });
    expect(params.seq).to.equal((await client.call('admin.status', {})).seq);
    expect(await health(client, 'gold-api')).to.include({ state: 'ok' });
    expect(await stored(client, 'XAU')).to.deep.equal([4000, 4100]);

    // One wrong price beside good ones: only that one is refused, and its series is not confirmed.
    hosts.serve('er-api', dollar(26_100, 1582));
    await client.call('admin.refresh', { provider: 'er-api' });
    expect((await wire.wait((line) => line.params?.quote?.provider === 'er-api')).params.quote.sell).to.equal(26_100);
    expect(await health(client, 'er-api')).to.include({ state: 'ok', lastError: null });
    expect(await stored(client, 'USD')).to.deep.equal([26_000, 26_100]);
    expect(await stored(client, 'USD-JPY')).to.deep.equal([158]);
    const checked = async (instrument: string) => (await client.call('rates.get', { instrument })).quotes[0]!.checkedAt;
    expect(await checked('USD-EUR')).to.be.above(await checked('USD-JPY'));
    expect(wire.lines.filter(({ method }) => method === 'quote')).to.have.length(2);
    wire.close();
  });

  it('come from a provider by configuration alone, with conditional requests, and turn stale', async () => {
    await hosts.start(['kho-vang']);
    const body = (sell: string) =>
      `{"board":{"time":"${new Date().toISOString()}","rows":[{"code":"Vàng SJC","buy":"14.800","sell":"${sell}"},{"code":"Nhẫn Kho","buy":"14.000","sell":"14.500"}]}}`;
    hosts.serve(
      'kho-vang',
      (() => {
        const fixed = body('15.100');
        return () => fixed;
      })(),
    );
    await start({
      'kho-vang': {
        url: `${hosts.url('kho-vang')}/rates?k={key}`,
        key: 'k&y',
        headers: { 'x-key': '{key}' },
        name: 'Kho Vàng',
        market: 'gold',
        every: '1s',
        rows: 'board.rows',
        number: '1.234,5',
        scale: 1000,
        quote: { instrument: 'code', buy: 'buy', sell: 'sell', currency: "'VND'", unit: "'chi'" },
      },
    });
    await healthy(client, 'kho-vang');
    const quote = async (instrument = 'SJC') => (await client.call('rates.get', { instrument })).quotes[0]!;
    const first = await quote();
    expect(first).to.include({ provider: 'kho-vang', company: 'Kho Vàng', unit: 'tael', stale: false });
    expect([first.buy, first.sell]).to.deep.equal([148e6, 151e6]);
    expect(await quote('nhẫn kho')).to.include({ instrument: 'NHAN-KHO', unit: 'chi', sell: 14.5e6 });
    expect(hosts.asked[0]).to.include({ path: '/rates?k=k%26y' });
    expect(hosts.asked[0]!.headers).to.include({ 'x-key': 'k&y' });

    // The same body again is a 304: it confirms, and stores nothing.
    const later = await until(async () => {
      const now = await quote();
      return now.checkedAt > first.checkedAt && now;
    });
    expect(hosts.asked[0]!.headers).not.to.have.property('if-none-match');
    expect(hosts.asked[1]!.headers['if-none-match']).to.match(/^"[0-9a-f]{16}"$/);
    expect(later).to.include({ at: first.at, id: first.id, sell: 151e6 });
    expect(await stored(client, 'SJC')).to.deep.equal([151e6]);

    hosts.serve('kho-vang', { status: 503, body: '' });
    const old = await until(async () => {
      const now = await quote();
      return now.stale && now;
    });
    expect(Date.now() - old.checkedAt).to.be.at.least(3000);
    expect(old).to.include({ sell: 151e6, at: first.at });
    expect((await client.call('rates.list', {})).quotes.map(({ stale }) => stale)).to.deep.equal([true, true]);
    expect((await client.call('rates.export', { instrument: 'SJC' })).quotes[0]!.stale).to.equal(true);
    const failing = await health(client, 'kho-vang');
    expect(failing).to.include({ state: 'error' });
    expect(failing.lastError).to.include('503').and.not.include('k&y');

    hosts.serve('kho-vang', body('15.200'));
    await client.call('admin.refresh', { provider: 'kho-vang' });
    expect(await quote()).to.include({ sell: 152e6, stale: false });
    expect(await stored(client, 'SJC')).to.deep.equal([151e6, 152e6]);
  });
});

describe('rates across restarts of the daemon', () => {
  let home: HomeDirectory;
  let hosts: ProviderHosts;
  let daemon: Daemon | undefined;
  let clients: Client[];
  let events: string[];
  const keep = (fields: object, message: string) =>
    void events.push(`${(fields as { event: string }).event}: ${message}`);
  const start = async (providers: Record<string, object>) => {
    const off = Object.fromEntries(PROVIDERS.map(({ id }) => [id, { enabled: false }]));
    const settings = { listen: { port: 0 }, limits: LIMITS, rates: { providers: { ...off, ...providers } } };
    daemon = await startDaemon({
      home,
      config: parseConfig(JSON.stringify(settings), 'config.json'),
      version: '0.0.0',
      log: { debug() {}, info: keep, warn: keep, error: keep },
      onStopRequest: () => {},
    });
    const client = await Client.connect({ target: localTarget(home), home });
    clients.push(client);
    return client;
  };
  const stop = async () => {
    for (const client of clients.splice(0)) await client.close();
    await daemon?.stop('The test is over.');
    daemon = undefined;
  };
  beforeEach(async () => {
    [clients, events] = [[], []];
    home = await resolveHome({ GOLDCTL_HOME: await mkdtemp(join(tmpdir(), 'goldctl-')) });
    await home.ensureFolders();
    hosts = new ProviderHosts();
  });
  afterEach(async () => {
    await stop();
    await hosts.stop();
    await rm(home.root, { recursive: true, force: true });
  });

  it('fetch the history of a provider once', async () => {
    await hosts.start(['mihong']);
    const present = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'Asia/Ho_Chi_Minh',
      dateStyle: 'short',
      timeStyle: 'short',
    })
      .format()
      .replace(',', '');
    const row = (code: string, sell: number, dateTime: string) =>
      `{"buyingPrice":${sell - 200_000},"sellingPrice":${sell},"code":"${code}","dateTime":"${dateTime}"}`;
    const history = (code: string) =>
      `[${row(code, 16_000_000, '2026/01/05 09:00:00')},${row(code, 16_500_000, '2026/01/06 09:00:00')}]`.replaceAll(
        '/',
        '-',
      );
    hosts.serve('mihong', ({ path }) => {
      const code = new URLSearchParams(path.split('?')[1]).get('goldCode');
      return code === null ? GOLD_BODIES.mihong.replace('25/03/2026 13:23', present) : history(code);
    });
    const settings = { mihong: { enabled: true, url: hosts.url('mihong'), every: '1h' } };
    let client = await start(settings);
    const DONE = 'rates.history: provider history fetched';
    await until(async () => events.includes(DONE));
    expect(await stored(client, 'MIHONG')).to.deep.equal([160e6, 165e6, 175e6]);
    expect(await stored(client, 'SJC')).to.deep.equal([160e6, 165e6]);
    const { quotes } = await client.call('rates.lookup', { date: '2026-01-06', instrument: 'MIHONG' });
    expect(quotes.map(({ sell, provider }) => [sell, provider])).to.deep.equal([[165e6, 'mihong']]);
    const { candles } = await client.call('rates.history', {
      instrument: 'MIHONG',
      interval: '1M',
      from: Date.parse('2026-01-01T00:00:00+07:00'),
      to: Date.parse('2026-02-01T00:00:00+07:00'),
    });
    expect(candles.map(({ open, close, count }) => [open, close, count])).to.deep.equal([[160e6, 165e6, 2]]);
    // the current price stays
    expect((await client.call('rates.get', { instrument: 'MIHONG' })).quotes[0]).to.include({
      sell: 175e6,
      stale: false,
    });
    expect(hosts.asked).to.have.length(3);

    await stop();
    events = [];
    client = await start(settings);
    expect((await client.call('rates.get', { instrument: 'MIHONG' })).quotes[0]!.sell).to.equal(175e6);
    await healthy(client, 'mihong');
    await client.call('admin.refresh', { provider: 'mihong' }); // a history would have started before this fetch
    expect(events.filter((event) => event.startsWith('rates.history'))).to.deep.equal([]);
    expect(hosts.asked.slice(3).map(({ path }) => path)).to.deep.equal(
      Array(2).fill('/v1/gold-prices?market=domestic'),
    );
    expect(await stored(client, 'MIHONG')).to.deep.equal([160e6, 165e6, 175e6]);
  });

  it('continue a history that a stop of the daemon interrupted', async () => {
    await hosts.start(['mihong']);
    const rows = GOLD_BODIES.mihong.replace('25/03/2026', '24/03/2026');
    let asked = () => {};
    const cut = new Promise<void>((resolve) => {
      asked = resolve;
    });
    let whole = false;
    hosts.serve('mihong', ({ path }) => {
      if (!path.includes('goldCode')) return GOLD_BODIES.mihong;
      asked();
      return whole ? rows : { status: 503, body: '' };
    });
    const settings = { mihong: { enabled: true, url: hosts.url('mihong'), every: '1h' } };
    await start(settings);
    await cut;
    await stop();
    whole = true;
    const client = await start(settings);
    await until(async () => events.includes('rates.history: provider history fetched'));
    expect(await stored(client, 'MIHONG')).to.deep.equal([175e6, 175e6]);
  });

  it('keep the daemon from starting with invalid settings, which are named', async () => {
    await hosts.start([]);
    const good = {
      url: 'http://127.0.0.1:9/',
      market: 'gold',
      quote: { instrument: "'SJC'", buy: 'b', sell: 's', currency: "'VND'", unit: "'tael'" },
      enabled: false,
    };
    const cases: [providers: Record<string, object>, path: string][] = [
      [{ 'kho-vang': { enabled: true } }, 'rates.providers.kho-vang.quote'],
      [{ 'kho-vang': { ...good, url: undefined } }, 'rates.providers.kho-vang.url'],
      [{ 'kho-vang': { ...good, url: 'ftp://example.com' } }, 'rates.providers.kho-vang.url'],
      [{ 'kho-vang': { ...good, quote: { ...good.quote, buy: 'a[' } } }, 'rates.providers.kho-vang.quote.buy'],
      [
        { 'kho-vang': { ...good, quote: { ...good.quote, sell: 'no_function(x)' } } },
        'rates.providers.kho-vang.quote.sell',
      ],
      [{ 'kho-vang': { ...good, market: 'copper' } }, 'rates.providers.kho-vang.market'],
      [{ 'kho-vang': { ...good, every: '1 hour' } }, 'rates.providers.kho-vang.every'],
      [{ 'kho-vang': { ...good, evry: '1h' } }, 'rates.providers.kho-vang.evry'],
      [{ import: good }, 'rates.providers.import'],
      [{ sjc: { enabeld: false } }, 'rates.providers.sjc.enabeld'],
      [{ sjc: { every: '0s' } }, 'rates.providers.sjc.every'],
    ];
    for (const [providers, path] of cases) {
      const failure = await start(providers).catch((thrown: unknown) => thrown);
      expect(failure, path).to.be.instanceOf(AppError);
      expect((failure as AppError).code).to.equal('CONFIG_INVALID');
      expect((failure as AppError).message).to.include(path);
      expect((failure as AppError).data.path).to.equal(path);
    }
    const client = await start({ 'kho-vang': good }); // the failed starts left nothing behind
    expect((await health(client, 'kho-vang')).state).to.equal('off');
  });
});
