import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import { foldForSearch } from '../../src/domain/text.ts';
import { Repl } from '../../src/repl/repl.ts';
import { prefixRange } from '../../src/store/keys.ts';
import { Store } from '../../src/store/store.ts';
import { ProviderHosts } from '../daemon/provider-hosts.ts';
import type { DaemonFixture } from '../daemon-fixture.ts';
import { GoldClient, signUp, startFor } from './clients.ts';
import { DAY, GOLD_ROWS, goldDatabase, isKept } from './gold-database.ts';

const LIMITS = { callsPerSecond: 10_000, callsBurst: 10_000 };
const TYPES = [...new Set(GOLD_ROWS.filter(isKept).map(({ type }) => type))];

/** The numbers of the rows that the legacy server found, as far as goldctl stores them. */
const rowsOf = (type: string) =>
  GOLD_ROWS.filter((row) => isKept(row) && foldForSearch(row.type) === foldForSearch(type)).map(({ id }) => id);

const idsIn = (text: string) => [...text.matchAll(/\|ID: (\d+)/g)].map(([, id]) => id);
/** The last column, ids, of the table that `rates show` and the shell print. */
const idsInTable = (text: string) => [...text.matchAll(/ (\d+)$/gm)].map(([, id]) => id);

/** The output of the line shell for some input lines. */
async function shell(fixture: DaemonFixture, ...lines: string[]): Promise<string> {
  const client = await fixture.connect(); // closed by the shell
  let text = '';
  const output = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  const input = new PassThrough();
  input.end(lines.map((line) => `${line}\n`).join(''));
  await new Repl({ client, input, output: Object.assign(output, { isTTY: false }), user: 'x', env: {} }).run();
  return text;
}

describe('types of the legacy gold database', () => {
  let fixture: DaemonFixture;
  let client: Client;

  before(async () => {
    fixture = await startFor(['gold'], { config: { limits: LIMITS } });
    await signUp(fixture, 'khtn', 'lan');
    client = await fixture.connect();
  });
  after(() => fixture.stop());

  const lookup = async (instrument: string, date = DAY) =>
    (await client.call('rates.lookup', { date, instrument })).quotes;

  it('are imported, and skipped rows are counted with reasons', async () => {
    const path = join(fixture.home.root, 'Ty_gia_vang.json');
    await writeFile(path, goldDatabase());
    const dry = await fixture.run(['rates', 'import', path, '--format', 'tygia', '--dry-run']);
    const kept = GOLD_ROWS.filter(isKept).length;
    expect(dry.stdout.slice(dry.stdout.indexOf('Read:'))).to.equal(
      `Read: ${kept + 2} lines. Would be imported: ${kept}. Rejected: 0. Skipped: 2. Nothing was stored.\n` +
        'Skipped 1: oil: not a supported market.\nSkipped 1: no price (0.00).\n',
    );
    const said = await fixture.run(['rates', 'import', path, '--format', 'tygia']);
    expect(said).to.include({ exit: 0, stderr: '' });
    expect(said.stdout)
      .to.contain(`Stored: ${kept}. Already stored: 0. Rejected: 0. Skipped: 2. ${kept + 2} lines in `)
      .and.to.contain('\nSkipped 1: oil: not a supported market.\n');
    const again = JSON.parse(
      (await fixture.run(['rates', 'import', path, '--format', 'tygia', '--no-coins', '--json'])).stdout,
    );
    expect(again).to.include({ stored: 0, duplicates: kept - 5, refused: 0, skipped: 7, lines: kept + 2 });
    expect(again.skippedReasons).to.deep.equal([
      { reason: 'oil: not a supported market', count: 1 },
      { reason: 'coin: excluded on request', count: 6 },
    ]);
  });

  it('of coins can be left out, in this format only', async () => {
    const said = await fixture.run(['rates', 'import', 'prices.csv', '--no-coins']);
    expect(said).to.include({ exit: 2 });
    expect(said.stderr).to.contain('--no-coins is for --format tygia only.');
  });

  it('find every record of the day for a legacy client', async () => {
    const old = await GoldClient.signedIn(fixture, 'khtn');
    for (const type of TYPES) {
      const reply = await old.ask(`${DAY} ${type}`);
      expect(reply, type).to.not.match(/^Sorry/);
      if (!reply.includes('do not fit here')) expect(idsIn(reply), type).to.include.members(rowsOf(type));
    }
    const bar = '_'.repeat(23);
    const id = GOLD_ROWS.find(({ type }) => type === 'WBTC')!.id;
    expect(await old.ask(`${DAY} WBTC`)).to.equal(
      `1 results found:\n ${bar}\n|BUY: 47,605.31\t\t|\n|SELL: 47,605.31\t|\n|Company: 1Coin\t|\n|Brand: Wrapped Bitcoin\t|\n|ID: ${id}\t\t|\n|${bar}|\n`,
    );
    expect(await old.ask(`${DAY} Nhẫn H.T.V`)).to.match(
      /^2 results found:\n(?=.*\|BUY: 52,300,000\t\t\|\n.*\|Company: PNJ\t\|)(?=.*\|BUY: 52,250,000\t\t\|\n.*\|Company: DOJI\t\|)/s,
    );
    // bars first; shops have no brand, and their records differ only by their instrument
    const mixed = await old.ask(`${DAY} SJC`);
    expect(mixed).to.match(/^10 results found:\n/);
    expect(mixed).to.contain('|BUY: 60,650,000\t\t|').and.to.contain('|BUY: 1,805.00 USD/ozt\t\t|');
    expect(mixed.match(/\|(?:Company|Brand): [^\t]*/g)!.slice(-4)).to.deep.equal([
      ...['|Company: 1OTHER', '|Brand: MI-HONG-950', '|Company: 2GROUP', '|Brand: SPOT GOLD'],
    ]);
    expect(await old.ask(`2021-12-20 Kim Ngưu`)).to.equal('Sorry, did not find any results');
    old.wire.kill();
  });

  it('find the same over the wire, with commands and in the shell', async () => {
    for (const type of TYPES) {
      const found = (await lookup(type)).map(({ id }) => id);
      expect(found, type).to.include.members(rowsOf(type));
      const shown = await fixture.run(['rates', 'show', type, '--date', DAY]);
      expect(idsInTable(shown.stdout), type).to.deep.equal(found);
      expect(idsInTable(await shell(fixture, `${DAY} ${type}`)), type).to.deep.equal(found);
    }
    expect((await lookup('Kim Ngưu')).map(({ id }) => id)).to.have.members(rowsOf('Kim Ngưu'));
    expect((await lookup('kim nguu')).map(({ id }) => id)).to.have.members(rowsOf('Kim Ngưu'));
    expect((await lookup('SJC*')).map(({ instrument }) => instrument)).to.deep.equal(['SJC-RING']);
  });

  it('keep the unit of each record, and name the instruments of mixed ones', async () => {
    const mixed = await lookup('SJC');
    const byId = Object.fromEntries(
      mixed.map(({ id, currency, unit, ...quote }) => [id, { ...quote, currency, unit }]),
    );
    const spot = GOLD_ROWS.find(({ brand }) => brand === 'SPOT GOLD')!;
    expect(byId[spot.id]).to.include({ instrument: 'XAU', sell: 1806, currency: 'USD', unit: 'ozt' });
    expect(mixed.filter(({ instrument }) => instrument === 'SJC')).to.have.length(7);
    const { stdout } = await fixture.run(['rates', 'show', 'SJC', '--date', DAY]);
    expect(stdout)
      .to.match(/^XAU +1,805\.00 +1,806\.00 +USD\/ozt /m)
      .and.to.match(/^MI-HONG-950 /m);
    const old = await GoldClient.signedIn(fixture, 'lan');
    const shops = await old.ask(`2021-12-27 SJC`);
    expect(shops).to.match(/^1 results found:\n.*\|BUY: 34,900,000\t\t\|/s); // the only one of that day
    old.wire.kill();
  });

  it('find the latest quotes as well, if nothing else has that name', async () => {
    const get = async (instrument: string) => (await client.call('rates.get', { instrument })).quotes;
    expect((await get('nữ trang 18k')).map(({ company }) => company)).to.have.members(['DOJI', 'DOJI', 'PNJ']);
    expect((await get('SJC')).every(({ instrument }) => instrument === 'SJC')).to.equal(true);
    expect((await get('GOLD')).map(({ instrument }) => instrument)).to.deep.equal(['XAU']);
    expect((await lookup('GOLD')).map(({ instrument }) => instrument)).to.deep.equal(['XAU', 'GOLD-GOLDCOIN']);
    expect((await fixture.run(['rates', 'show', 'Lộc', 'Phát', 'Tài'])).stdout).to.contain('DOJI-LOC-PHAT-TAI');
    expect(await shell(fixture, 'MARKET Lộc Phát Tài')).to.contain('DOJI-LOC-PHAT-TAI');
    const range = { from: 0, to: Date.now(), interval: 'raw' as const };
    const { candles } = await client.call('rates.history', { instrument: 'Kim Ngưu', ...range });
    expect(candles).to.have.length(1); // of one series, like every chart
    expect((await fixture.run(['rates', 'show', 'Nữ trang 18k', '--date', DAY, '--json'])).exit).to.equal(0);
  });

  it('are equal after a rebuild from the journal', async function () {
    this.timeout(30_000);
    const before = await Promise.all(TYPES.map((type) => lookup(type)));
    await fixture.restart(async () => {
      expect((await fixture.run(['check'])).stdout).to.contain('No problems found.\n');
      const store = await Store.inFolder(fixture.home.dataFolder);
      await store.open();
      const lost = await store.entries(prefixRange('alias/'));
      expect(lost.length).to.be.at.least(20);
      await store.write(
        lost.map(([key]) => ({ type: 'del', key })),
        { sync: true },
      );
      await store.close();
      expect((await fixture.run(['repair'])).exit).to.equal(0);
    });
    client = await fixture.connect();
    expect(await Promise.all(TYPES.map((type) => lookup(type)))).to.deep.equal(before);
  });
});

describe('types of tygia.com', () => {
  const hosts = new ProviderHosts();
  let fixture: DaemonFixture | undefined;
  afterEach(async () => {
    await fixture?.stop();
    await hosts.stop();
  });

  it("find the provider's quotes from its first response on", async () => {
    await hosts.start(['tygia']);
    const now = Date.now() - 3_600_000;
    const updated = new Date(now + 7 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
    const today = updated.slice(0, 10);
    const rows = GOLD_ROWS.map((row) => ({ ...row, updated, day: today.replaceAll('-', '') }));
    const inTimes = (row: (typeof rows)[number]) => ({
      ...row,
      buy: String(Number(row.buy.replaceAll(',', '')) * 2.5),
      sell: String(Number(row.sell.replaceAll(',', '')) * 2.5),
    });
    hosts.serve('tygia', ({ path }) =>
      path.endsWith('date=now') ? goldDatabase(rows.map(inTimes)) : { status: 404, body: '' },
    );
    const tygia = { enabled: true, url: hosts.url('tygia'), every: '1h' };
    fixture = await startFor(['gold'], { config: { limits: LIMITS, rates: { providers: { tygia } } } });
    await signUp(fixture, 'khtn');
    const client = await fixture.connect();
    for (;;) {
      const { providers } = await client.call('rates.providers', {});
      const state = providers.find(({ id }) => id === 'tygia')!;
      expect(state.lastError).to.equal(null);
      if (state.state === 'ok') break;
      await pause(10);
    }
    const old = await GoldClient.signedIn(fixture, 'khtn');
    for (const type of TYPES) {
      const wanted = rows.filter(
        (row) => isKept(row) && row.company !== '1Coin' && foldForSearch(row.type) === foldForSearch(type),
      );
      if (wanted.length === 0) continue;
      const { quotes } = await client.call('rates.lookup', { date: today, instrument: type });
      expect(
        quotes.map(({ id }) => id),
        type,
      ).to.include.members(wanted.map(({ id }) => id));
      const reply = await old.ask(`${today} ${type}`);
      expect(reply, type).to.match(/^\d+ results found:\n/);
    }
    const { quotes } = await client.call('rates.get', { instrument: 'lộc phát tài' });
    expect(quotes.map(({ instrument, stale, buy }) => [instrument, stale, buy])).to.have.deep.members(
      [0, 1, 2].map((i) => ['DOJI-LOC-PHAT-TAI', false, (60_700_000 + i * 10_000) * 2.5]),
    );
    old.wire.kill();
  });
});
