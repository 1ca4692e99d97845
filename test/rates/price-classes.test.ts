import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { EpochMs } from '../../src/domain/time.ts';
import type { ImportedRow } from '../../src/projections/journal-records.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { DAY, HOUR, MINUTE, NOON, refusal } from '../room/room.ts';
import { PriceBench } from './price-bench.ts';

/** The entry points of prices. */
const ENTRY_POINTS = ['source', 'list', 'backfill', 'import', 'configured', 'by hand'] as const;
type EntryPoint = (typeof ENTRY_POINTS)[number];
/** A check, or the reason why the class cannot occur at this entry point. */
type Cell = ((bench: PriceBench) => Promise<void>) | { readonly never: string };

const EVERY = 30 * MINUTE;
const OWNER = { by: 'leia', reason: 'typing error' };
const YEAR_ONE = -62_135_596_800_000;
/** 11 April 2017, 08:53:59 in Vietnam. */
const IN_2017 = Date.parse('2017-04-11T08:53:59+07:00');

// Bodies. Prices of gold are in millions of VND.

type Priced = readonly [at: EpochMs, buy: number, sell: number];

/** A time in Vietnam as `[16:00, 59, 18/07/2026]`. */
function clock(at: EpochMs): { minute: string; second: string; date: string; iso: string } {
  const iso = at === YEAR_ONE ? '0001-01-01T00:00:00' : new Date(at + 7 * HOUR).toISOString().slice(0, 19);
  const [year, month, day] = iso.slice(0, 10).split('-');
  return { minute: iso.slice(11, 16), second: iso.slice(17), date: `${day}/${month}/${year}`, iso };
}

const BAR = { Id: 1, TypeName: 'Vàng SJC 1L, 10L, 1KG', BranchName: 'Hồ Chí Minh' };

/** SJC's board, which states when it was set. Further rows are used as given. */
function board([at, buy, sell]: Priced, ...rows: object[]): object {
  const { minute, date } = clock(at);
  const bar = { ...BAR, BuyValue: buy * 1e6, SellValue: sell * 1e6, GroupDate: `/Date(${YEAR_ONE})/` };
  return { success: true, latestDate: `${minute} ${date}`, data: [bar, ...rows] };
}

/** SJC's history of its bar in Hồ Chí Minh. */
function history(...rows: (Priced | object)[]): object {
  const data = rows.map((row) =>
    isPriced(row)
      ? { ...BAR, BuyValue: row[1] * 1e6, SellValue: row[2] * 1e6, GroupDate: `/Date(${row[0]})/` }
      : { ...BAR, ...row },
  );
  return { success: true, data };
}

function isPriced(row: Priced | object): row is Priced {
  return Array.isArray(row);
}

/** Prices that PNJ set on one day: past rows beside the current one, in thousands of VND with dots. */
function list(...rows: (Priced | object)[]): object {
  const data = rows.map((row) => {
    if (!isPriced(row)) return row;
    const { minute, second, date } = clock(row[0]);
    return { gia_mua: dotted(row[1]), gia_ban: dotted(row[2]), updated_at: `${date} ${minute}:${second}` };
  });
  return { locations: [{ name: 'TPHCM', gold_type: [{ name: 'PNJ', data }] }] };
}

function dotted(millions: number): string {
  return String(Math.round(millions * 1000)).replace(/(?=(?:\d{3})+$)(?!^)/g, '.');
}

/** Rows of a custom provider. */
function rows(...priced: Priced[]): { rows: object[] } {
  const of = ([at, buy, sell]: Priced) => ({ buy: buy * 1e6, sell: sell * 1e6, at: clock(at).iso });
  return { rows: priced.map((each) => ({ name: 'SJC', money: 'VND', per: 'tael', ...of(each) })) };
}

function dollars(buy: number | string, sell: number | string): object {
  return { rows: [{ name: 'USD', buy, sell, money: 'VND', per: 'each', at: clock(NOON - HOUR).iso }] };
}

/** The bank's board, which writes `25,870.00`. */
function bank(buy: string, sell: string): object {
  const row = { currencyCode: 'USD', cash: buy, transfer: buy, sell };
  return { UpdatedDate: new Date(NOON - HOUR).toISOString(), Data: [row] };
}

function ounce(price: number, at: EpochMs): object {
  return { symbol: 'XAU', currency: 'USD', price, updatedAt: new Date(at).toISOString() };
}

/** Daily candles of Bitcoin, newest first like Coinbase; no other coins. */
function candles(...rows: [day: EpochMs, close: number][]): (url: string) => unknown {
  const bitcoin = rows.map(([day, close]) => [day / 1000, close, close, close, close, 1]);
  return (url) => (url.includes('/BTC-USD/') ? bitcoin : []);
}

const imported = (...priced: Priced[]): ImportedRow[] => priced.map(([at, buy, sell]) => [at, buy * 1e6, sell * 1e6]);

const GOOD: Priced = [NOON - HOUR, 150, 152];
const PER_CHI: Priced = [NOON - HOUR, 15, 15.2];

/** Fetches a body at each interval. @returns the reason of each failed fetch */
async function fetchFor(bench: PriceBench, span: number, provider: string, body: unknown): Promise<string[]> {
  const failures: string[] = [];
  for (const end = bench.room.now + span; bench.room.now < end; ) {
    bench.room.now += EVERY;
    failures.push(await bench.fetch(provider, body));
  }
  return failures;
}

function gold(bench: PriceBench, id: string) {
  return bench.room.rates.resolve(id);
}

/** A correction of the series that `rates correct` would change. */
function correct(bench: PriceBench, id: string, [at, buy, sell]: Priced, scale = 1e6) {
  return bench.room.edits.correct(gold(bench, id), { at, buy: buy * scale, sell: sell * scale }, OWNER);
}

const CLASSES: Readonly<Record<string, Readonly<Record<EntryPoint, Cell>>>> = {
  'an older response': {
    async source(bench) {
      await bench.fetch('sjc', board(GOOD));
      const [latest] = bench.room.get('SJC');
      bench.room.now += EVERY;
      expect(await bench.fetch('sjc', board([NOON - 2 * DAY, 145, 147]))).to.equal('');
      expect(bench.room.get('SJC')).to.deep.equal([latest]);
      expect(await bench.on('2026-07-18')).to.deep.equal(['145/147']);
      expect(await bench.on('2026-07-19')).to.deep.equal([]);
    },
    async list(bench) {
      await bench.fetch('pnj-history', list(GOOD));
      const [latest] = bench.room.get('PNJ');
      bench.room.now += EVERY;
      await bench.fetch('pnj-history', list([NOON - 2 * DAY - HOUR, 144, 146], [NOON - 2 * DAY, 145, 147]));
      expect(bench.room.get('PNJ')).to.deep.equal([latest]);
      expect(await bench.on('2026-07-18', 'PNJ')).to.include('145/147');
      expect(await bench.on('2026-07-19', 'PNJ')).to.deep.equal([]);
    },
    async backfill(bench) {
      await bench.backfill(history([NOON - 2 * DAY, 145, 147], [NOON - HOUR, 140, 142]), board(GOOD));
      expect(bench.room.get('SJC')).to.have.length(1);
      expect(bench.room.get('SJC')[0]).to.include({ buy: 150e6, at: NOON - HOUR, checkedAt: NOON });
      expect(await bench.stored('SJC')).to.deep.equal(['145/147', '150/152']);
    },
    async import(bench) {
      await bench.fetch('sjc', board(GOOD));
      const series = { provider: 'sjc', company: 'SJC', brand: 'Hồ Chí Minh' };
      await bench.room.import('SJC', imported([NOON - 2 * DAY, 145, 147]), series);
      expect(bench.room.get('SJC')[0]).to.include({ buy: 150e6, at: NOON - HOUR, checkedAt: NOON });
      expect(await bench.on('2026-07-18')).to.deep.equal(['145/147']);
    },
    async configured(bench) {
      await bench.fetch('own', rows(GOOD));
      const [latest] = bench.room.get('SJC');
      bench.room.now += EVERY;
      expect(await bench.fetch('own', rows([NOON - 2 * DAY, 145, 147]))).to.equal('');
      expect(bench.room.get('SJC')).to.deep.equal([latest]);
      expect(await bench.on('2026-07-18')).to.deep.equal(['145/147']);
    },
    async 'by hand'(bench) {
      await bench.fetch('sjc', board(GOOD));
      await correct(bench, 'SJC', [NOON - 2 * DAY, 145, 147]);
      expect(bench.room.get('SJC')[0]).to.include({ buy: 150e6, at: NOON - HOUR, checkedAt: NOON });
      expect(await bench.on('2026-07-18')).to.deep.equal(['145/147']);
    },
  },

  'a source that stands still': {
    async source(bench) {
      const body =
        '<root><ratelist updated="08:53:59 AM 11/04/2017" unit="ngàn đồng/lượng"><city name="Hồ Chí Minh">' +
        '<item buy="36.420" sell="36.620" type="Vàng SJC 1L - 10L"/></city></ratelist></root>';
      expect(await bench.fetch('sjc-xml', body)).to.equal('');
      expect(bench.room.get('SJC')[0]).to.include({ buy: 36.42e6, at: IN_2017, checkedAt: IN_2017, stale: true });
      await fetchFor(bench, 2 * EVERY, 'sjc-xml', body);
      expect(bench.isStale('SJC')).to.equal(true);
      expect(await bench.on('2020-08-07')).to.deep.equal([]);
      // A fresh source goes before it, although its rank is lower.
      await bench.fetch('own', rows([bench.room.now, 150, 152]));
      expect(bench.room.get('SJC')[0]).to.include({ provider: 'own', stale: false });
    },
    async list(bench) {
      await bench.fetch('pnj-history', list([IN_2017 - HOUR, 36.1, 36.3], [IN_2017, 36.42, 36.62]));
      expect(bench.room.get('PNJ')[0]).to.include({ buy: 36.42e6, at: IN_2017, checkedAt: IN_2017, stale: true });
      expect(await bench.on('2020-08-07', 'PNJ')).to.deep.equal([]);
    },
    async backfill(bench) {
      await bench.backfill(history([IN_2017, 36.42, 36.62]), board([NOON - 20 * DAY, 150, 152]));
      expect(bench.isStale('SJC')).to.equal(true);
      expect(await bench.on('2017-04-11')).to.deep.equal(['36.42/36.62']);
      expect(await bench.on('2020-08-07')).to.deep.equal([]);
    },
    async import(bench) {
      await bench.room.import('SJC', imported([IN_2017, 36.42, 36.62]));
      expect(bench.room.get('SJC')[0]).to.include({ at: IN_2017, checkedAt: IN_2017, stale: true });
      expect(await bench.on('2020-08-07')).to.deep.equal([]);
    },
    async configured(bench) {
      await bench.fetch('own', rows([IN_2017, 36.42, 36.62]));
      await fetchFor(bench, 2 * EVERY, 'own', rows([IN_2017, 36.42, 36.62]));
      expect(bench.room.get('SJC')[0]).to.include({ at: IN_2017, checkedAt: IN_2017, stale: true });
      expect(await bench.on('2020-08-07')).to.deep.equal([]);
    },
    async 'by hand'(bench) {
      await bench.room.import('SJC', imported([IN_2017, 36.42, 36.62]));
      await correct(bench, 'SJC', [IN_2017, 36.52, 36.72]);
      expect(bench.room.get('SJC')[0]).to.include({ buy: 36.52e6, at: IN_2017, checkedAt: IN_2017, stale: true });
      // A held price that is accepted late keeps the time of its response.
      await bench.fetch('own', rows(GOOD));
      bench.room.now += EVERY;
      await bench.fetch('own', rows([NOON, 175, 177]));
      bench.room.now += 10 * DAY;
      await bench.room.edits.decide(bench.held()[0]!.id, true, OWNER);
      expect(bench.room.get('SJC')[0]).to.include({ buy: 175e6, at: NOON, checkedAt: NOON, stale: true });
    },
  },

  'a gap that nobody observed': {
    async source(bench) {
      bench.room.now = NOON - 60 * DAY;
      await bench.fetch('sjc', board([bench.room.now, 150, 152]));
      bench.room.now = NOON;
      await bench.fetch('sjc', board([NOON, 150, 152]));
      expect(await bench.stored('SJC')).to.deep.equal(['150/152', '150/152']);
      expect(await bench.on('2026-05-21')).to.deep.equal(['150/152']);
      expect(await bench.on('2026-06-20')).to.deep.equal([]);
    },
    async list(bench) {
      bench.room.now = NOON - 60 * DAY;
      await bench.fetch('pnj-history', list([bench.room.now, 150, 152]));
      bench.room.now = NOON;
      await bench.fetch('pnj-history', list([NOON - HOUR, 149, 151], [NOON, 150, 152]));
      expect(await bench.on('2026-05-21', 'PNJ')).to.deep.equal(['150/152']);
      expect(await bench.on('2026-06-20', 'PNJ')).to.deep.equal([]);
    },
    async backfill(bench) {
      await bench.backfill(history([NOON - 60 * DAY, 150, 152]), board([NOON, 150, 152]));
      expect(await bench.on('2026-05-21')).to.deep.equal(['150/152']);
      expect(await bench.on('2026-06-20')).to.deep.equal([]);
    },
    async import(bench) {
      await bench.room.import('SJC', imported([NOON - 60 * DAY, 150, 152], [NOON, 150, 152]));
      expect(await bench.on('2026-06-20')).to.deep.equal([]);
    },
    async configured(bench) {
      bench.room.now = NOON - 60 * DAY;
      await bench.fetch('own-untimed', rows(GOOD));
      bench.room.now = NOON;
      await bench.fetch('own-untimed', rows(GOOD));
      expect(await bench.stored('SJC')).to.deep.equal(['150/152', '150/152']);
      expect(await bench.on('2026-06-20')).to.deep.equal([]);
    },
    async 'by hand'(bench) {
      await bench.fetch('sjc', board(GOOD));
      await correct(bench, 'SJC', [NOON - 60 * DAY, 150, 152]);
      expect(await bench.on('2026-05-21')).to.deep.equal(['150/152']);
      expect(await bench.on('2026-06-20')).to.deep.equal([]);
    },
  },

  'a factor of 10 (a price per chỉ)': {
    async source(bench) {
      expect(await bench.fetch('sjc', board(PER_CHI))).to.match(/per chỉ/);
      expect(bench.room.get('SJC')).to.deep.equal([]);
      expect(bench.held()).to.have.length(1);
      expect(bench.held()[0]!.reason).to.match(/per chỉ\? --unit chi/);
    },
    async list(bench) {
      expect(await bench.fetch('pnj-history', list([NOON - 2 * HOUR, 14.9, 15.1], PER_CHI))).to.match(/per chỉ/);
      expect(bench.room.get('PNJ')).to.deep.equal([]);
    },
    async backfill(bench) {
      const past = [
        [NOON - 3 * DAY, 149, 151],
        [NOON - 2 * DAY, 14.9, 15.1],
        [NOON - DAY, 150, 152],
      ] as const;
      await bench.backfill(history(...past), board(GOOD));
      expect(await bench.stored('SJC')).to.deep.equal(['149/151', '150/152', '150/152']);
      expect(bench.held().map(({ price }) => price)).to.deep.equal(['14.9/15.1']);
    },
    async import(bench) {
      const { stored, refused } = await bench.room.import('SJC', imported([NOON - DAY, 14.8, 15], PER_CHI));
      expect(stored).to.equal(0);
      expect(refused.map(({ reason }) => /per chỉ\? --unit chi/.test(reason))).to.deep.equal([true, true]);
      await bench.room.import('SJC', imported([NOON - DAY, 14.8, 15]), { unit: 'chi' });
      expect(await bench.stored('SJC')).to.deep.equal(['148/150']);
    },
    async configured(bench) {
      expect(await bench.fetch('own', rows(PER_CHI))).to.match(/per chỉ/);
      expect(bench.room.get('SJC')).to.deep.equal([]);
      const [row] = rows(PER_CHI).rows;
      await bench.fetch('own', { rows: [{ ...row, per: 'chi' }] });
      expect(bench.current('SJC')).to.equal('150/152');
    },
    async 'by hand'(bench) {
      await bench.fetch('sjc', board(GOOD));
      const { message } = await refusal(() => correct(bench, 'SJC', PER_CHI), 'INVALID_PARAMS');
      expect(message).to.match(/per chỉ/);
      expect(bench.current('SJC')).to.equal('150/152');
    },
  },

  'a factor of 1,000': {
    async source(bench) {
      expect(await bench.fetch('vietcombank', bank('25.87', '26.23'))).to.match(/in thousands/);
      expect(bench.room.get('USD')).to.deep.equal([]);
      await bench.fetch('vietcombank', bank('25,870.00', '26,230.00'));
      expect(bench.current('USD')).to.equal('25870/26230');
    },
    async list(bench) {
      expect(await bench.fetch('pnj-history', list([NOON - HOUR, 0.15, 0.152]))).to.match(/in thousands/);
      expect(bench.room.get('PNJ')).to.deep.equal([]);
    },
    async backfill(bench) {
      await bench.backfill(history([NOON - 2 * DAY, 0.149, 0.151], [NOON - DAY, 149, 151]), board(GOOD));
      expect(await bench.stored('SJC')).to.deep.equal(['149/151', '150/152']);
    },
    async import(bench) {
      const { stored, refused } = await bench.room.import('USD', [[NOON - DAY, 24.325, 24.37]]);
      expect(stored).to.equal(0);
      expect(refused[0]!.reason).to.match(/in thousands\? --scale 1000/);
      expect(await bench.room.import('USD', [[NOON - DAY, 24_325, 24_370]])).to.include({ stored: 1 });
    },
    async configured(bench) {
      expect(await bench.fetch('own-fx', dollars(25.87, 26.23))).to.match(/in thousands/);
      // The settings do not say whether dots separate thousands.
      expect(await bench.fetch('own-fx', dollars('25.870', '26.230'))).to.match(/buy: expected an unambiguous number/);
      expect(bench.room.get('USD')).to.deep.equal([]);
      await bench.fetch('own-fx', dollars(25_870, 26_230));
      expect(bench.current('USD')).to.equal('25870/26230');
    },
    async 'by hand'(bench) {
      await bench.fetch('vietcombank', bank('25,870.00', '26,230.00'));
      const { message } = await refusal(() => correct(bench, 'USD', [NOON, 25.87, 26.23], 1), 'INVALID_PARAMS');
      expect(message).to.match(/in thousands/);
    },
  },

  'grams or ounces for the unit': {
    async source(bench) {
      expect(await bench.fetch('gold-api', ounce(147.9, NOON - HOUR))).to.match(/per gram/);
      expect(bench.room.get('XAU')).to.deep.equal([]);
      await bench.fetch('gold-api', ounce(4600, NOON - HOUR));
      expect(bench.current('XAU')).to.equal('4600/4600');
    },
    async list(bench) {
      await bench.fetch('pnj-history', list(GOOD));
      bench.room.now += EVERY;
      // 152 per tael is 126.1 per ounce.
      expect(await bench.fetch('pnj-history', list(GOOD, [NOON, 124.4, 126.1]))).to.match(/per troy ounce/);
      expect(bench.current('PNJ')).to.equal('150/152');
    },
    async backfill(bench) {
      const past = [
        [NOON - 3 * DAY, 150, 152],
        [NOON - 2 * DAY, 124.4, 126.1],
        [NOON - DAY, 124.4, 126.1],
      ] as const;
      await bench.backfill(history(...past), board(GOOD));
      expect(await bench.stored('SJC')).to.deep.equal(['150/152', '150/152']);
    },
    async import(bench) {
      const { stored, refused } = await bench.room.import('XAU', [[NOON - DAY, 147.9, 148]]);
      expect(stored).to.equal(0);
      expect(refused[0]!.reason).to.match(/per gram\? --unit g/);
      await bench.room.import('XAU', [[NOON - DAY, 147.9, 148]], { unit: 'g' });
      expect(bench.room.get('XAU')[0]!.sell).to.be.closeTo(4603.3, 0.1);
    },
    async configured(bench) {
      const row = { name: 'XAU', buy: 147.9, sell: 148, money: 'USD', per: 'ozt', at: clock(NOON - HOUR).iso };
      expect(await bench.fetch('own', { rows: [row] })).to.match(/per gram/);
      expect(bench.room.get('XAU')).to.deep.equal([]);
      await bench.fetch('own', { rows: [{ ...row, per: 'g' }] });
      expect(bench.room.get('XAU')[0]!.sell).to.be.closeTo(4603.3, 0.1);
    },
    async 'by hand'(bench) {
      await bench.fetch('gold-api', ounce(4600, NOON - HOUR));
      const { message } = await refusal(() => correct(bench, 'XAU', [NOON, 147.9, 148], 1), 'INVALID_PARAMS');
      expect(message).to.match(/per gram/);
    },
  },

  'sides that are swapped, or one of which is wrong': {
    async source(bench) {
      await bench.fetch('sjc', board(GOOD));
      for (const wrong of [
        [NOON, 15, 152],
        [NOON, 160, 145],
        [NOON, 150, 1520],
      ] as const) {
        bench.room.now += EVERY;
        expect(await bench.fetch('sjc', board(wrong))).to.match(/rejected/);
        expect(await bench.stored('SJC')).to.deep.equal(['150/152']);
      }
    },
    async list(bench) {
      expect(await bench.fetch('pnj-history', list([NOON - 2 * HOUR, 150, 152], [NOON - HOUR, 15, 152]))).to.match(
        /rejected/,
      );
      expect(bench.room.get('PNJ')).to.deep.equal([]);
    },
    async backfill(bench) {
      const past = [
        [NOON - 4 * DAY, 149, 151],
        [NOON - 3 * DAY, 160, 145],
        [NOON - 2 * DAY, 15, 152],
        [NOON - DAY, 150, 152],
      ] as const;
      await bench.backfill(history(...past), board(GOOD));
      expect(await bench.stored('SJC')).to.deep.equal(['149/151', '150/152', '150/152']);
    },
    async import(bench) {
      const { refused } = await bench.room.import(
        'SJC',
        imported([NOON - 3 * DAY, 160, 145], [NOON - 2 * DAY, 15, 152], [NOON - DAY, 150, 152]),
      );
      expect(refused.map(({ row }) => row)).to.deep.equal([0, 1]);
      expect(await bench.stored('SJC')).to.deep.equal(['150/152']);
    },
    async configured(bench) {
      for (const wrong of [
        [NOON - HOUR, 160, 145],
        [NOON - HOUR, 15, 152],
      ] as const) {
        expect(await bench.fetch('own', rows(wrong))).to.match(/rejected/);
        expect(bench.room.get('SJC')).to.deep.equal([]);
      }
    },
    async 'by hand'(bench) {
      await bench.fetch('sjc', board(GOOD));
      await refusal(() => correct(bench, 'SJC', [NOON, 15, 152]), 'INVALID_PARAMS');
      await refusal(() => correct(bench, 'SJC', [NOON, 160, 145]), 'INVALID_PARAMS');
      expect(await bench.stored('SJC')).to.deep.equal(['150/152']);
    },
  },

  'a first price that is wrong': {
    async source(bench) {
      await bench.fetch('coingecko', { dogecoin: { usd: 1 } });
      expect(bench.current('DOGE')).to.equal('1/1');
      const told: string[] = [];
      for (let i = 0; i < 3; i++) {
        bench.room.now += MINUTE;
        await bench.fetch('coingecko', { dogecoin: { usd: 0.1 } });
        told.push(bench.current('DOGE'));
      }
      expect(told).to.deep.equal(['1/1', '1/1', '0.1/0.1']);
      expect(bench.held()).to.deep.equal([]);
    },
    async list(bench) {
      await bench.fetch('pnj-history', list([NOON - HOUR, 250, 252]));
      const right = list([NOON - HOUR, 250, 252], [NOON - MINUTE, 150, 152]);
      await fetchFor(bench, 3 * EVERY, 'pnj-history', right);
      expect(bench.current('PNJ')).to.equal('150/152');
    },
    async backfill(bench) {
      const past = [
        [NOON - 4 * DAY, 250, 252],
        [NOON - 3 * DAY, 148, 150],
        [NOON - 2 * DAY, 149, 151],
        [NOON - DAY, 150, 152],
      ] as const;
      await bench.backfill(history(...past), board(GOOD));
      expect((await bench.stored('SJC')).slice(-4)).to.deep.equal(['148/150', '149/151', '150/152', '150/152']);
    },
    async import(bench) {
      const { refused } = await bench.room.import(
        'SJC',
        imported([NOON - 4 * DAY, 250, 252], [NOON - 3 * DAY, 148, 150], [NOON - 2 * DAY, 149, 151]),
      );
      expect(refused).to.deep.equal([]);
      expect((await bench.stored('SJC')).slice(-2)).to.deep.equal(['148/150', '149/151']);
    },
    async configured(bench) {
      await bench.fetch('own', rows([NOON - HOUR, 250, 252]));
      await fetchFor(bench, 2 * EVERY, 'own', rows([NOON, 150, 152]));
      expect(bench.current('SJC')).to.equal('250/252');
      await fetchFor(bench, EVERY, 'own', rows([NOON, 150, 152]));
      expect(bench.current('SJC')).to.equal('150/152');
    },
    async 'by hand'(bench) {
      await bench.fetch('sjc', board([NOON - HOUR, 250, 252]));
      await correct(bench, 'SJC', GOOD);
      bench.room.now += EVERY;
      expect(await bench.fetch('sjc', board([NOON, 150.5, 152.5]))).to.equal('');
      expect(await bench.stored('SJC')).to.deep.equal(['150/152', '150.5/152.5']);
    },
  },

  'a real jump': {
    async source(bench) {
      await bench.fetch('sjc', board(GOOD));
      await fetchFor(bench, 2 * EVERY, 'sjc', board([NOON, 175, 177]));
      expect(bench.current('SJC')).to.equal('150/152');
      expect(bench.room.get('SJC')[0]!.checkedAt).to.equal(NOON);
      await fetchFor(bench, EVERY, 'sjc', board([NOON, 175, 177]));
      expect(bench.current('SJC')).to.equal('175/177');
      expect(bench.held()).to.deep.equal([]);
    },
    async list(bench) {
      const first = list([NOON - 2 * HOUR, 149, 151], GOOD);
      await bench.fetch('pnj-history', first);
      const jumped = list([NOON - 2 * HOUR, 149, 151], GOOD, [NOON - MINUTE, 175, 177]);
      await fetchFor(bench, 2 * EVERY, 'pnj-history', jumped);
      expect(bench.current('PNJ')).to.equal('150/152');
      expect(bench.room.get('PNJ')[0]!.checkedAt).to.equal(NOON);
      await fetchFor(bench, EVERY, 'pnj-history', jumped);
      expect(bench.current('PNJ')).to.equal('175/177');
    },
    async backfill(bench) {
      const past = [
        [NOON - 4 * DAY, 150, 152],
        [NOON - 3 * DAY, 175, 177],
        [NOON - 2 * DAY, 176, 178],
      ] as const;
      await bench.backfill(history(...past), board([NOON - HOUR, 176, 178]));
      expect(await bench.stored('SJC')).to.deep.equal(['150/152', '175/177', '176/178', '176/178']);
    },
    async import(bench) {
      const jump = imported([NOON - 4 * DAY, 150, 152], [NOON - 3 * DAY, 175, 177], [NOON - 2 * DAY, 176, 178]);
      expect(await bench.room.import('SJC', jump)).to.include({ stored: 3 });
    },
    async configured(bench) {
      const gram = (...days: [day: string, price: number][]) => ({
        rows: days.map(([at, price]) => ({ name: 'KRX-GOLD', buy: price, sell: price, money: 'KRW', per: 'g', at })),
      });
      const first = gram(['2026-07-17', 99_000], ['2026-07-18', 100_000]);
      await bench.fetch('own', first);
      await fetchFor(bench, EVERY, 'own', first);
      const confirmedAt = bench.room.now;
      const jumped = gram(['2026-07-17', 99_000], ['2026-07-18', 100_000], ['2026-07-19', 125_000]);
      await fetchFor(bench, 2 * EVERY, 'own', jumped);
      expect(bench.current('KRX-GOLD')).to.equal('100000/100000');
      expect(bench.room.get('KRX-GOLD')[0]!.checkedAt).to.equal(confirmedAt);
      await fetchFor(bench, EVERY, 'own', jumped);
      expect(bench.current('KRX-GOLD')).to.equal('125000/125000');
      expect(bench.isStale('KRX-GOLD')).to.equal(false);
    },
    async 'by hand'(bench) {
      await bench.fetch('sjc', board(GOOD));
      bench.room.now += EVERY;
      await bench.fetch('sjc', board([NOON, 175, 177]));
      await bench.room.edits.decide(bench.held()[0]!.id, true, OWNER);
      expect(bench.current('SJC')).to.equal('175/177');
      bench.room.now += EVERY;
      expect(await bench.fetch('sjc', board([NOON, 175, 177]))).to.equal('');
      expect(bench.held()).to.deep.equal([]);
    },
  },

  'an error that lasts': {
    async source(bench) {
      await bench.fetch('sjc', board(GOOD));
      const failures = await fetchFor(bench, 26 * HOUR, 'sjc', board([NOON, 15, 15.2]));
      expect(failures.filter((failure) => !/rejected/.test(failure))).to.deep.equal([]);
      expect(await bench.stored('SJC')).to.deep.equal(['150/152']);
      expect(bench.room.get('SJC')[0]).to.include({ checkedAt: NOON, stale: true });
      expect(bench.held()).to.have.length(1);
    },
    async list(bench) {
      await bench.fetch('pnj-history', list(GOOD));
      await fetchFor(bench, 26 * HOUR, 'pnj-history', list(GOOD, [NOON, 15, 15.2]));
      expect(bench.current('PNJ')).to.equal('150/152');
      expect(bench.isStale('PNJ')).to.equal(true);
    },
    async backfill(bench) {
      const past = [5, 4, 3, 2, 1].map((days): Priced => [NOON - days * DAY, 15, 15.2]);
      await bench.backfill(history(...past), board(GOOD));
      expect(await bench.stored('SJC')).to.deep.equal(['150/152']);
      expect(bench.room.get('SJC')[0]).to.include({ at: NOON - HOUR });
    },
    async import(bench) {
      const wrong = imported([NOON - 3 * DAY, 15, 15.2], [NOON - 2 * DAY, 15, 15.2], [NOON - DAY, 15, 15.2]);
      for (let i = 0; i < 4; i++) expect(await bench.room.import('SJC', wrong)).to.include({ stored: 0 });
      expect(bench.room.get('SJC')).to.deep.equal([]);
    },
    async configured(bench) {
      await fetchFor(bench, 26 * HOUR, 'own', rows([NOON, 15, 15.2]));
      expect(bench.room.get('SJC')).to.deep.equal([]);
      expect(bench.held()).to.have.length(1);
    },
    async 'by hand'(bench) {
      await bench.fetch('sjc', board(GOOD));
      bench.room.now += EVERY;
      await bench.fetch('sjc', board([NOON, 15, 15.2]));
      await bench.room.edits.decide(bench.held()[0]!.id, false, OWNER);
      expect(bench.held()).to.deep.equal([]);
      await fetchFor(bench, 4 * EVERY, 'sjc', board([NOON, 15, 15.2]));
      expect(await bench.stored('SJC')).to.deep.equal(['150/152']);
    },
  },

  'a newest row of several that is wrong': {
    async source(bench) {
      const [yesterday, today] = [NOON - 5 * HOUR - DAY, NOON - 5 * HOUR];
      await bench.fetch('coinbase', candles([yesterday, 60_000]));
      const before = bench.room.get('BTC');
      bench.room.now += MINUTE;
      await bench.fetch('coinbase', candles([today, 600_000], [yesterday, 60_000]));
      expect(bench.room.get('BTC')).to.deep.equal(before);
    },
    async list(bench) {
      await bench.fetch('pnj-history', list([NOON - 2 * HOUR, 149, 151], GOOD));
      const wrong = list([NOON - 2 * HOUR, 149, 151], GOOD, [NOON, 1500, 1520]);
      await fetchFor(bench, 6 * EVERY, 'pnj-history', wrong);
      // The earlier row is not confirmed by a body whose newest row differs.
      expect(bench.room.get('PNJ')[0]).to.include({ buy: 150e6, checkedAt: NOON, stale: true });
    },
    async backfill(bench) {
      await bench.backfill(
        history([NOON - 3 * DAY, 148, 150], [NOON - 2 * DAY, 149, 151], [NOON - DAY, 1500, 1520]),
        board(GOOD),
      );
      expect(await bench.stored('SJC')).to.deep.equal(['148/150', '149/151', '150/152']);
    },
    async import(bench) {
      const { refused } = await bench.room.import(
        'SJC',
        imported([NOON - 3 * DAY, 148, 150], [NOON - 2 * DAY, 149, 151], [NOON - DAY, 1500, 1520]),
      );
      expect(refused.map(({ row }) => row)).to.deep.equal([2]);
      expect(bench.current('SJC')).to.equal('149/151');
    },
    async configured(bench) {
      await bench.fetch('own', rows([NOON - 2 * HOUR, 149, 151], GOOD));
      await fetchFor(bench, 6 * EVERY, 'own', rows([NOON - 2 * HOUR, 149, 151], GOOD, [NOON, 15, 15.2]));
      expect(bench.room.get('SJC')[0]).to.include({ buy: 150e6, checkedAt: NOON, stale: true });
    },
    async 'by hand'(bench) {
      await bench.room.import('SJC', imported([NOON - 2 * DAY, 149, 151], [NOON - DAY, 170, 172]));
      expect(bench.current('SJC')).to.equal('149/151');
      await bench.room.import('SJC', imported([NOON - DAY, 170, 172]), {}, { force: true });
      await correct(bench, 'SJC', [NOON - DAY, 150, 152]);
      expect(await bench.stored('SJC')).to.deep.equal(['149/151', '150/152']);
    },
  },

  'a date that is empty, or lies in the future': {
    async source(bench) {
      expect(await bench.fetch('sjc', board([YEAR_ONE, 150, 152]))).to.equal('');
      expect(bench.room.get('SJC')[0]).to.include({ at: NOON, checkedAt: NOON, stale: false });
      bench.room.now += EVERY;
      expect(await bench.fetch('sjc', board([NOON + 3 * DAY, 151, 153]))).to.match(/in the future/);
      expect(bench.current('SJC')).to.equal('150/152');
    },
    async list(bench) {
      const future = [NOON + 3 * DAY, 160, 162] as const;
      expect(await bench.fetch('pnj-history', list([YEAR_ONE, 1, 2], GOOD, future))).to.equal('');
      expect(await bench.stored('PNJ')).to.deep.equal(['150/152']);
      expect(bench.rejected('pnj-history')).to.equal(1);
    },
    async backfill(bench) {
      const future = [NOON + 3 * DAY, 160, 162] as const;
      await bench.backfill(history([YEAR_ONE, 140, 142], [NOON - DAY, 149, 151], future), board(GOOD));
      expect(await bench.stored('SJC')).to.deep.equal(['149/151', '150/152']);
    },
    async import(bench) {
      const { stored, refused } = await bench.room.import(
        'SJC',
        imported([YEAR_ONE, 150, 152], [NOON - DAY, 149, 151], [NOON + 3 * DAY, 150, 152]),
      );
      expect(stored).to.equal(1);
      expect(refused.map(({ row }) => row)).to.deep.equal([0, 2]);
      expect(refused[0]!.reason).to.match(/before the year 1800/);
      expect(refused[1]!.reason).to.match(/in the future/);
    },
    async configured(bench) {
      await bench.fetch('own', rows([YEAR_ONE, 150, 152]));
      expect(bench.room.get('SJC')[0]).to.include({ at: NOON, checkedAt: NOON, stale: false });
      bench.room.now += EVERY;
      expect(await bench.fetch('own', rows([NOON + 3 * DAY, 151, 153]))).to.match(/in the future/);
      expect(bench.current('SJC')).to.equal('150/152');
    },
    async 'by hand'(bench) {
      await bench.fetch('sjc', board(GOOD));
      await refusal(() => correct(bench, 'SJC', [YEAR_ONE, 150, 152]), 'INVALID_PARAMS');
      await refusal(() => correct(bench, 'SJC', [NOON + 3 * DAY, 150, 152]), 'INVALID_PARAMS');
      expect(await bench.stored('SJC')).to.deep.equal(['150/152']);
    },
  },

  'a bad row among good ones': {
    async source(bench) {
      const bad = { ...BAR, BranchName: 'Huế', BuyValue: 'x', SellValue: 152e6 };
      const good = { ...BAR, BranchName: 'Hà Nội', BuyValue: 150e6, SellValue: 152e6 };
      expect(await bench.fetch('sjc', board(GOOD, bad, good))).to.equal('');
      expect(bench.room.get('SJC').map(({ brand }) => brand)).to.have.members(['Hồ Chí Minh', 'Hà Nội']);
      expect(bench.rejected('sjc')).to.equal(1);
      await bench.fetch('coingecko', { bitcoin: { usd: -5 }, ethereum: { usd: 2500 } });
      expect(bench.current('ETH')).to.equal('2500/2500');
      expect(bench.room.get('BTC')).to.deep.equal([]);
    },
    async list(bench) {
      const bad = { gia_mua: '?', gia_ban: '152.000', updated_at: 'yesterday' };
      expect(await bench.fetch('pnj-history', list([NOON - 2 * HOUR, 149, 151], bad, GOOD))).to.equal('');
      expect(bench.current('PNJ')).to.equal('150/152');
      expect(bench.rejected('pnj-history')).to.equal(1);
    },
    async backfill(bench) {
      const bad = { BuyValue: -1, SellValue: 151e6, GroupDate: `/Date(${NOON - 2 * DAY})/` };
      await bench.backfill(history([NOON - 3 * DAY, 148, 150], bad, [NOON - DAY, 150, 152]), board(GOOD));
      expect(await bench.stored('SJC')).to.deep.equal(['148/150', '150/152', '150/152']);
    },
    async import(bench) {
      const bad: ImportedRow = [NOON - 2 * DAY, -1, 151e6];
      const [first, last] = imported([NOON - 3 * DAY, 148, 150], [NOON - DAY, 150, 152]);
      const { stored, refused } = await bench.room.import('SJC', [first!, bad, last!]);
      expect(stored).to.equal(2);
      expect(refused.map(({ row }) => row)).to.deep.equal([1]);
    },
    async configured(bench) {
      const [good] = rows(GOOD).rows;
      const body = { rows: [good, { ...good, name: 'DOJI', buy: '?' }, { ...good, name: 'PNJ' }] };
      expect(await bench.fetch('own', body)).to.equal('');
      expect([bench.current('SJC'), bench.current('PNJ')]).to.deep.equal(['150/152', '150/152']);
      expect(bench.room.get('DOJI')).to.deep.equal([]);
      expect(bench.rejected('own')).to.equal(1);
    },
    'by hand': { never: 'a correction or a decision is about one price: it has no other rows' },
  },
};

describe('classes of wrong prices', () => {
  let bench: PriceBench;
  beforeEach(async () => {
    bench = await PriceBench.open();
  });
  afterEach(() => bench.close());

  for (const [name, cells] of Object.entries(CLASSES)) {
    for (const entry of ENTRY_POINTS) {
      const cell = cells[entry];
      if (typeof cell === 'function') it(`${name}: ${entry}`, () => cell(bench));
    }
  }

  it('have a check or a reason for every entry point', () => {
    for (const [name, cells] of Object.entries(CLASSES)) {
      expect(Object.keys(cells), name).to.have.members(ENTRY_POINTS);
      for (const cell of Object.values(cells)) if (typeof cell !== 'function') expect(cell.never).to.not.equal('');
    }
  });
});

describe('classes of wrong prices on the command line', () => {
  let fixture: DaemonFixture;
  let folder: string;
  beforeEach(async () => {
    fixture = await DaemonFixture.start();
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
  });
  afterEach(async () => {
    await fixture.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const stored = async () => {
    const { quotes } = await (await fixture.connect()).call('rates.export', { instrument: 'SJC' });
    return quotes.map(({ buy, sell }) => [buy, sell]);
  };

  it('are refused with their line numbers, and valid rows are stored', async () => {
    const lines = [
      '2021-12-01,60500000,61000000',
      '2021-12-02,6050000,6100000',
      '2021-12-03,60500,61000',
      '2021-12-04,66000000,61000000',
      '0001-01-01,60500000,61000000',
      '2999-01-01,60500000,61000000',
      '2021-12-05,60600000,61100000',
      '2021-12-06,nothing,61100000',
      '2021-12-07,60700000,61200000',
    ];
    const path = join(folder, 'sjc.csv');
    await writeFile(path, `at,buy,sell\n${lines.join('\n')}\n`);
    const { exit, stderr } = await fixture.run(['rates', 'import', path, '--instrument', 'SJC']);
    expect(exit).to.equal(1);
    for (const line of [3, 4, 5, 6, 7, 9]) expect(stderr).to.match(new RegExp(`^line ${line}: `, 'm'));
    expect(stderr).to.match(/^line 3: .*per chỉ\? --unit chi/m);
    expect(await stored()).to.deep.equal([
      [60.5e6, 61e6],
      [60.6e6, 61.1e6],
      [60.7e6, 61.2e6],
    ]);
  });

  it('are refused as corrections, and a valid one is stored', async () => {
    const path = join(folder, 'sjc.csv');
    await writeFile(path, 'at,buy,sell\n2021-12-01,60500000,61000000\n');
    await fixture.run(['rates', 'import', path, '--instrument', 'SJC']);
    const correct = (buy: string, sell: string, at = '2021-12-01') =>
      fixture.run(['rates', 'correct', 'SJC', '--at', at, '--buy', buy, '--sell', sell]);
    expect((await correct('6050000', '6100000')).stderr).to.match(/per chỉ/);
    expect((await correct('66000000', '61000000')).exit).to.not.equal(0);
    expect((await correct('60500000', '61000000', '2999-01-01')).exit).to.not.equal(0);
    expect(await stored()).to.deep.equal([[60.5e6, 61e6]]);
    expect((await correct('60600000', '61100000')).exit).to.equal(0);
    expect(await stored()).to.deep.equal([[60.6e6, 61.1e6]]);
  });
});
