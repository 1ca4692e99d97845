import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { DaemonFixture } from '../daemon-fixture.ts';
import { ROOT } from '../root.ts';
import { skip } from '../skip.ts';
import { MarketClient, placeOf, startFor } from './clients.ts';
import { OldClient } from './old-client.ts';

const PRICES: Readonly<Record<string, number>> = {
  BTC: 26732.2,
  XRP: 0.5,
  DOGE: 0.0612,
  USDT: 1,
  ETH: 1655,
  BNB: 215.25,
  ADA: 0.0000001,
  USDC: 1.0003,
  POL: 1e21,
  SOL: 19.4,
};
const ALL =
  '{"status":"OK","data":{"Bitcoin":26732.2,"XRP":0.5,"Dogecoin":0.0612,"Tether":1.0,"Ethereum":1655.0,"BNB":215.25,' +
  '"Cardano":1e-7,"USD Coin":1.0003,"Polygon":1e+21,"Solana":19.4}}';

describe('the legacy market protocol', () => {
  let fixture: DaemonFixture;
  let client: MarketClient;
  before(async () => {
    fixture = await startFor(['market']);
  });
  after(() => fixture.stop());
  beforeEach(async () => {
    client = await MarketClient.open(fixture);
  });
  afterEach(() => client.wire.kill());

  it('says so while there is no price', async () => {
    expect(await client.ask('MARKET ALL')).to.equal('{"status":"OK","data":"No coin prices are available yet."}');
    expect(await client.ask('MARKET BTC')).to.equal('{"status":"OK","data":"No price of Bitcoin is available yet."}');
    const owner = await fixture.connect();
    for (const [instrument, price] of Object.entries(PRICES)) {
      await owner.call('rates.import', { instrument, rows: [[Date.now(), price, price]], force: true });
    }
    await owner.call('rates.import', { instrument: 'SJC', rows: [[Date.now(), 60_850_000, 61_550_000]], force: true });
  });

  it('returns ten coins by name, each price a number with decimals', async () => {
    expect(await client.ask('MARKET ALL')).to.equal(ALL);
    const { data } = JSON.parse(ALL) as { data: Record<string, number> };
    expect(Object.values(data)).to.deep.equal(Object.values(PRICES));
  });

  it('returns one of them as a number', async () => {
    expect(await client.ask('MARKET BTC')).to.equal('{"status":"OK","data":26732.2}');
    expect(await client.ask('MARKET USDT')).to.equal('{"status":"OK","data":1.0}');
    expect(await client.ask('MARKET MATIC')).to.equal('{"status":"OK","data":1e+21}');
    expect(await client.ask('MARKET SJC')).to.equal('{"status":"OK","data":61550000.0}');
  });

  it('reports unknown requests, and continues', async () => {
    expect(await client.ask('MARKET XYZW')).to.equal('{"status":"OK","data":"There is no instrument \\"XYZW\\"."}');
    for (const other of ['MARKET', 'MARKET ', 'hello', '', 'market all', 7, null, ['MARKET ALL'], {}]) {
      expect(await client.ask(other), String(other)).to.equal('{"status":"OK","data":"Invalid request"}');
    }
    expect(await client.wire.ask('{"status": "OK"}')).to.equal('{"status":"OK","data":"Invalid request"}');
    const long = await client.ask(`MARKET ${'"\\ầ\u0001😀'.repeat(200)}`);
    expect(Buffer.byteLength(long)).to.be.at.most(1024);
    expect((JSON.parse(long) as { data: string }).data).to.match(/^There is no instrument "/);
    expect(await client.ask('MARKET BTC')).to.equal('{"status":"OK","data":26732.2}');
  });

  it('joins an object from any chunks', async () => {
    for (const byte of Buffer.from('{"status": "OK", "data": "MARKET ALL"}')) {
      await new Promise<void>((resolve) => client.wire.socket.write(Buffer.of(byte), () => setImmediate(resolve)));
    }
    expect(await client.wire.recv()).to.equal(ALL);
  });

  it('ends for invalid objects, and says so', async () => {
    for (const bytes of ['MARKET ALL', '[1]', '{no json}', Buffer.of(0xff, 0xfe)]) {
      const other = await OldClient.open(placeOf(fixture, 'market'), 1024);
      expect(await other.ask(bytes)).to.equal('{"status":"OK","data":"Invalid request: expected a JSON object."}');
      await other.over();
    }
    const other = await OldClient.open(placeOf(fixture, 'market'), 1024);
    expect(await other.ask(`{"data": "${'x'.repeat(5000)}`)).to.equal(
      '{"status":"OK","data":"A request may have at most 4096 bytes."}',
    );
    await other.over();
  });
});

describe('the database of the legacy market program', () => {
  it('is imported as docs/dialects.md describes, with the time of its file', async function () {
    const folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    const file = join(folder, 'coin.db');
    const [, exporting, importing] = /```sh\n(sqlite3 .* coin\.db .*)\ngoldctl (rates import .*)\n```/.exec(
      await readFile(join(ROOT, 'docs/dialects.md'), 'utf8'),
    )!;
    const fixture = await startFor(['market']);
    try {
      const table = 'coin_id INTEGER PRIMARY KEY, coin_name TEXT, coin_symbol TEXT, coin_price REAL';
      const rows = "(1, 'Bitcoin', 'BTC', 26732.25), (3890, 'Polygon', 'MATIC', 0.869), (825, 'Tether', 'USDT', 1)";
      try {
        execFileSync('sqlite3', [file, `CREATE TABLE coin (${table}); INSERT INTO coin VALUES ${rows};`]);
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
        skip(this, 'sqlite3 is not installed');
      }
      const at = Date.parse('2023-06-01T08:30:00Z');
      await utimes(file, at / 1000, at / 1000);
      execFileSync('sh', ['-c', exporting!], { cwd: folder });
      const words = importing!.replace('coins.csv', join(folder, 'coins.csv')).split(' ');
      const said = await fixture.run(words);
      expect(said, said.stderr).to.include({ exit: 0 });
      expect(said.stdout).to.match(/^Stored: 3\. Already stored: 0\. Rejected: 0\./);
      const owner = await fixture.connect();
      const [quote] = (await owner.call('rates.get', { instrument: 'BTC' })).quotes;
      expect(quote).to.include({ buy: 26732.25, sell: 26732.25, currency: 'USD', unit: 'coin', at, stale: true });
      const client = await MarketClient.open(fixture);
      expect(await client.ask('MARKET ALL')).to.equal(
        '{"status":"OK","data":{"Bitcoin":26732.25,"Tether":1.0,"Polygon":0.869}}',
      );
      client.wire.kill();
    } finally {
      await fixture.stop();
      await rm(folder, { recursive: true });
    }
  });
});
