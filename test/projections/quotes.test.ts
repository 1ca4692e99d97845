import { expect } from 'chai';
import fc from 'fast-check';
import { type Quote, referencePrice, seriesId } from '../../src/domain/quote.ts';
import { type CandleInterval, parseLocalTime, startOfInterval } from '../../src/domain/time.ts';
import type { ImportedRow } from '../../src/projections/journal-records.ts';
import { quote, SERIES, TestRoom } from './room.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const local = (day: string, hours = 0, minutes = 0, seconds = 0) => parseLocalTime(day, hours, minutes, seconds)!;
const midnight = local('2021-12-27');
const ID = seriesId(SERIES);
const ALL = 1000;
const EVER = [-8e12, 8e12] as const;

/** Candles of a series; of the one in Hà Nội by default. */
function candlesOf(
  { view }: TestRoom,
  interval: CandleInterval | 'raw',
  from: number,
  to: number,
  limit: number,
  series: Partial<Quote> = {},
) {
  return view.quotes.history.candles(quote(0, 0, series), interval, from, to, limit);
}

describe('QuotesProjection', () => {
  let room: TestRoom;

  beforeEach(async () => {
    room = await new TestRoom().start();
  });

  afterEach(async () => {
    await room.checked();
    await room.stop();
  });

  describe('rates.received', () => {
    it('makes a new price the latest, and keeps the previous one', async () => {
      await room.receive(100, [quote(100, 80)]);
      const { changes } = await room.receive(200, [quote(200, 81)]);
      expect(changes).to.deep.equal([{ type: 'quote', quote: quote(200, 81) }]);
      expect(room.view.quotes.latest('SJC')).to.deep.equal([quote(200, 81)]);
      expect(room.view.quotes.latestOf(ID)).to.deep.equal(quote(200, 81));
      expect(await room.view.quotes.history.page(quote(0, 0), ...EVER, 10)).to.deep.equal([
        quote(100, 80),
        quote(200, 81),
      ]);
    });

    it('confirms unchanged prices, and keeps the confirmation when they are replaced', async () => {
      await room.receive(100, [quote(100, 80), quote(100, 70, { brand: 'Huế' })]);
      const { changes } = await room.receive(200, [quote(200, 71, { brand: 'Huế' })]);
      const confirmed = quote(100, 80, { checkedAt: 200, receivedAt: 200 });
      expect(changes).to.deep.include({ type: 'confirmed', quotes: [confirmed] });
      expect(room.view.quotes.latestOf(ID)).to.deep.equal(confirmed);
      await room.receive(300, [quote(300, 82)]);
      expect(await room.view.quotes.history.page(quote(0, 0), ...EVER, 10)).to.deep.equal([
        quote(100, 80, { checkedAt: 200 }),
        quote(300, 82),
      ]);
    });

    it('leaves series unchanged that are missing in the response or belong to other providers', async () => {
      const other = quote(100, 90, { provider: 'doji' });
      await room.receive(100, [other], { provider: 'doji' });
      await room.receive(100, [quote(100, 80), quote(100, 70, { brand: 'Huế' })]);
      const { changes } = await room.receive(200, [], { missing: [ID] });
      expect(room.view.quotes.latestOf(ID)!.checkedAt).to.equal(100);
      expect(room.view.quotes.latestOf(seriesId(other))!.checkedAt).to.equal(100);
      expect(changes).to.have.length(1);
      expect(room.view.quotes.latestOf(seriesId(quote(0, 0, { brand: 'Huế' })))!.checkedAt).to.equal(200);
    });

    it('neither undoes nor confirms a newer price by a late response', async () => {
      await room.receive(200, [quote(200, 81)]);
      expect((await room.receive(150, [quote(150, 99)])).changes).to.deep.equal([]);
      expect((await room.receive(150, [])).changes).to.deep.equal([]);
      expect(room.view.quotes.latest('SJC')).to.deep.equal([quote(200, 81)]);
      expect((await candlesOf(room, '1h', ...EVER, ALL))[0]!.count).to.equal(1);
    });

    it('counts two prices of one series in one response', async () => {
      await room.receive(200, [quote(100, 80), quote(200, 81)]);
      expect(room.view.quotes.latestOf(ID)).to.deep.equal(quote(200, 81));
      expect((await candlesOf(room, '1h', ...EVER, ALL))[0]).to.include({
        count: 2,
        open: 80,
        close: 81,
      });
    });

    it('lists all series that a provider ever had', async () => {
      await room.receive(100, [quote(100, 80)]);
      await room.receive(200, [quote(200, 70, { brand: 'Huế' })]);
      expect(room.view.quotes.seriesOf('sjc')).to.deep.equal([ID, seriesId(quote(0, 0, { brand: 'Huế' }))]);
      expect(room.view.quotes.seriesOf('nobody')).to.deep.equal([]);
    });

    it('shows quotes once they are durable, not earlier', async () => {
      const appended = room.receive(100, [quote(100, 80)]);
      expect(room.view.quotes.latest('SJC')).to.deep.equal([]);
      await appended;
      expect(room.view.quotes.latest('SJC')).to.have.length(1);
    });
  });

  describe('rates.received of versions before 0.2', () => {
    it('observes a price from its receipt, and again after a gap', async () => {
      await room.receiveLegacy(midnight + HOUR, [quote(midnight, 80)]);
      await room.receiveLegacy(midnight + 2 * HOUR, []);
      expect(room.view.quotes.latestOf(ID)).to.include({
        at: midnight,
        observedFrom: midnight + HOUR,
        checkedAt: midnight + 2 * HOUR,
      });
      const again = midnight + 90 * DAY;
      await room.receiveLegacy(again, []);
      expect(room.view.quotes.latestOf(ID)).to.include({ sell: 80, at: again, observedFrom: again, checkedAt: again });
      expect(await room.held('SJC', midnight + 40 * DAY, midnight + 41 * DAY)).to.deep.equal([]);
    });

    it('does not treat a price as observed that was old at its receipt', async () => {
      const [then, now] = [midnight - 3000 * DAY, midnight];
      await room.receiveLegacy(now, [quote(then, 36)]);
      await room.receiveLegacy(now + HOUR, []);
      expect(room.view.quotes.latestOf(ID)).to.include({ at: then, checkedAt: then });
      expect(await room.held('SJC', midnight - 1000 * DAY, midnight - 999 * DAY)).to.deep.equal([]);
      expect(await room.held('SJC', midnight, midnight + DAY)).to.deep.equal([]);
    });
  });

  describe('instruments', () => {
    it('are defined by their first quote', async () => {
      const { changes } = await room.receive(100, [quote(100, 80)]);
      const made = { id: 'SJC', market: 'gold', name: 'SJC gold bar', unit: 'tael', currency: 'VND' };
      expect(changes[0]).to.deep.equal({ type: 'instrument', instrument: made });
      await room.receive(200, [quote(200, 8, { unit: 'chi', currency: 'USD', market: 'fx' })]);
      expect(room.view.quotes.instruments.get('SJC')).to.deep.equal(made);
    });

    it('without a catalogue entry have their id as name', async () => {
      await room.receive(100, [quote(100, 80, { instrument: 'VANG-18K' })]);
      expect(room.view.quotes.instruments.get('VANG-18K')!.name).to.equal('VANG-18K');
      await room.receive(100, [quote(100, 80, { instrument: 'WORLD' })]); // an alias of XAU, but an id of its own here
      expect(room.view.quotes.instruments.get('WORLD')!.name).to.equal('WORLD');
    });

    it('of two concurrent providers are created once', async () => {
      const both = await Promise.all([
        room.receive(100, [quote(100, 80)]),
        room.receive(100, [quote(100, 81, { provider: 'doji' })], { provider: 'doji' }),
      ]);
      const made = both.flatMap(({ changes }) => changes.filter(({ type }) => type === 'instrument'));
      expect(made).to.have.length(1);
    });
  });

  describe('validDuring', () => {
    const next = midnight + DAY;
    const held = async () => (await room.held('SJC', midnight, next)).map(({ at }) => at);

    it('covers the day from midnight to midnight in Vietnam', async () => {
      for (const at of [midnight - 1, midnight, midnight + 1, next - 1, next, next + 1]) {
        await room.receive(at, [quote(at, 80 + (at % 7))]);
      }
      expect(await held()).to.deep.equal([midnight, midnight + 1, next - 1]);
    });

    it('starts with the price that was confirmed on the day', async () => {
      await room.receive(midnight - 5 * DAY, [quote(midnight - 5 * DAY, 80)]);
      await room.receive(midnight + HOUR, []);
      await room.receive(midnight + 2 * HOUR, [quote(midnight + 2 * HOUR, 81)]);
      expect(await held()).to.deep.equal([midnight - 5 * DAY, midnight + 2 * HOUR]);
    });

    it('includes a confirmation at exactly midnight, and none before', async () => {
      await room.receive(midnight - HOUR, [quote(midnight - HOUR, 80)]);
      await room.receive(midnight - 1, []);
      expect(await held()).to.deep.equal([]);
      await room.receive(midnight, []);
      expect(await held()).to.deep.equal([midnight - HOUR]);
    });

    it('omits a price that was replaced before the day, or at its first moment', async () => {
      await room.receive(midnight - 2 * HOUR, [quote(midnight - 2 * HOUR, 80)]);
      await room.receive(midnight - HOUR, [quote(midnight - HOUR, 81)]);
      await room.receive(midnight + HOUR, []); // confirms the second
      expect(await held()).to.deep.equal([midnight - HOUR]);
      // The provider dates its new price to midnight, before the confirmation of the old one.
      await room.receive(midnight + 2 * HOUR, [quote(midnight, 82)]);
      expect(await held()).to.deep.equal([midnight]);
    });

    it('returns nothing before the first price and after the last confirmation', async () => {
      await room.receive(midnight + DAY, [quote(midnight + DAY, 80)]);
      expect(await held()).to.deep.equal([]);
      await room.receive(midnight - 9 * DAY, [quote(midnight - 9 * DAY, 80, { brand: 'Huế' })]);
      expect(await held()).to.deep.equal([]);
      expect(await room.held('NEVER', midnight, next)).to.deep.equal([]);
    });

    it('returns each series separately, by time', async () => {
      await room.receive(midnight + 3, [quote(midnight + 3, 80), quote(midnight + 1, 70, { brand: 'Huế' })]);
      await room.receive(midnight + 2, [quote(midnight + 2, 90, { provider: 'doji' })], { provider: 'doji' });
      expect(await held()).to.deep.equal([midnight + 1, midnight + 2, midnight + 3]);
    });

    it('distinguishes a brand from one that continues it', async () => {
      await room.receive(midnight + 1, [quote(midnight + 1, 80, { brand: 'A' })]);
      await room.receive(midnight + 2, [quote(midnight + 2, 70, { brand: 'A/08' })]);
      expect((await room.held('SJC', midnight, next)).map(({ brand }) => brand)).to.deep.equal(['A', 'A/08']);
    });

    it('uses the confirmations of an import', async () => {
      await room.import([
        [midnight - 3 * HOUR, 78, 80, midnight + HOUR],
        [midnight + 2 * HOUR, 79, 81],
      ]);
      expect(await held()).to.deep.equal([midnight - 3 * HOUR, midnight + 2 * HOUR]);
    });

    it('agrees with a check of all quotes one by one', async () => {
      const step = fc.record({
        after: fc.integer({ min: 1, max: 20 }),
        sell: fc.option(fc.integer({ min: 70, max: 75 })),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
          const own = await new TestRoom().start();
          const all: { at: number; checkedAt: number; until: number }[] = [];
          let now = midnight - 100 * HOUR;
          for (const { after, sell } of steps) {
            now += after * HOUR;
            const last = all.at(-1);
            if (sell !== null || !last) {
              await own.receive(now, [quote(now, sell ?? 70)]);
              if (last) last.until = now;
              all.push({ at: now, checkedAt: now, until: Number.POSITIVE_INFINITY });
            } else {
              await own.receive(now, []);
              last.checkedAt = now;
            }
          }
          for (let day = -5; day <= 5; day++) {
            const [start, end] = [midnight + day * DAY, midnight + (day + 1) * DAY];
            const found = await own.held('SJC', start, end);
            const right = all.filter(
              ({ at, checkedAt, until }) => at < end && (at >= start || (checkedAt >= start && until > start)),
            );
            expect(found.map(({ at, checkedAt }) => ({ at, checkedAt }))).to.deep.equal(
              right.map(({ at, checkedAt }) => ({ at, checkedAt })),
            );
          }
          await own.stop();
        }),
        { numRuns: 40 },
      );
    });
  });

  describe('candles', () => {
    const candles = (interval: CandleInterval | 'raw', series: Partial<Quote> = {}) =>
      candlesOf(room, interval, ...EVER, ALL, series);

    it('have open, high, low, close and count', async () => {
      for (const [i, sell] of [80, 85, 75, 82].entries()) {
        await room.receive(midnight + i * 60_000, [quote(midnight + i * 60_000, sell)]);
      }
      await room.receive(midnight + DAY, [quote(midnight + DAY, 90)]);
      const first = { at: midnight, open: 80, high: 85, low: 75, close: 82, count: 4 };
      const second = { at: midnight + DAY, open: 90, high: 90, low: 90, close: 90, count: 1 };
      expect(await candles('1h')).to.deep.equal([first, second]);
      expect(await candles('1d')).to.deep.equal([first, second]);
    });

    it('belong to one series', async () => {
      await room.receive(midnight + 1, [quote(midnight + 1, 80), quote(midnight + 1, 60, { brand: 'Huế' })]);
      await room.receive(midnight + 2, [quote(midnight + 2, 90, { provider: 'doji' })], { provider: 'doji' });
      await room.receive(midnight + 3, [quote(midnight + 3, 70)]);
      const one = (value: number) => ({ at: midnight, open: value, high: value, low: value, close: value, count: 1 });
      expect(await candles('1d')).to.deep.equal([{ at: midnight, open: 80, high: 80, low: 70, close: 70, count: 2 }]);
      expect(await candles('1d', { provider: 'doji' })).to.deep.equal([one(90)]);
      expect(await candles('1d', { brand: 'Huế' })).to.deep.equal([one(60)]);
      for (const provider of ['nobody', 'constructor', '__proto__', '']) {
        expect(await candles('1d', { provider })).to.deep.equal([]);
        expect(await candles('raw', { provider })).to.deep.equal([]);
      }
    });

    it('of weeks begin on Monday, of months on the first, in Vietnam', async () => {
      // 2021-12-27 was a Monday.
      const moments: [at: number, sell: number][] = [
        [midnight - 1, 1],
        [midnight, 2],
        [local('2021-12-31', 23, 59, 59), 3],
        [local('2022-01-01'), 4],
        [local('2022-01-02', 23, 59, 59), 5],
        [local('2022-01-03'), 6],
      ];
      for (const [at, sell] of moments) await room.receive(at, [quote(at, sell)]);
      expect((await candles('1w')).map(({ at, open, close, count }) => [at, open, close, count])).to.deep.equal([
        [local('2021-12-20'), 1, 1, 1],
        [midnight, 2, 5, 4],
        [local('2022-01-03'), 6, 6, 1],
      ]);
      expect((await candles('1M')).map(({ at, open, close, count }) => [at, open, close, count])).to.deep.equal([
        [local('2021-12-01'), 1, 3, 3],
        [local('2022-01-01'), 4, 6, 3],
      ]);
    });

    it('begin with the interval that contains `from`, end before `to`, and are limited by `limit`', async () => {
      for (let day = 0; day < 40; day++) await room.import([[midnight + day * DAY + HOUR, null, day + 1]]);
      const some = (from: number, to: number, limit = 100, interval: '1d' | '1w' | '1M' = '1d') =>
        candlesOf(room, interval, from, to, limit);
      expect((await some(midnight + 5, midnight + 2 * DAY)).map(({ open }) => open)).to.deep.equal([1, 2]);
      expect((await some(midnight, midnight + 2 * DAY + 1)).map(({ open }) => open)).to.deep.equal([1, 2, 3]);
      expect((await some(midnight, midnight + 40 * DAY, 3)).map(({ open }) => open)).to.deep.equal([1, 2, 3]);
      const weeks = await some(midnight + 8 * DAY, midnight + 40 * DAY, 2, '1w');
      expect(weeks.map(({ open, close, count }) => [open, close, count])).to.deep.equal([
        [8, 14, 7],
        [15, 21, 7],
      ]);
      expect(await some(midnight, midnight)).to.deep.equal([]);
      expect(await some(midnight + DAY, midnight)).to.deep.equal([]);
    });

    it('of raw quotes are one per quote, by time, up to the limit', async () => {
      await room.import([
        [midnight + 3, 1, 3],
        [midnight + 1, 1, 1],
        [midnight + 2, 2, null],
      ]);
      await room.import([[midnight + 2, 7, null]], { brand: 'Huế' });
      const flat = (at: number, value: number) => ({
        at,
        open: value,
        high: value,
        low: value,
        close: value,
        count: 1,
      });
      const right = [flat(midnight + 1, 1), flat(midnight + 2, 2), flat(midnight + 3, 3)];
      expect(await candles('raw')).to.deep.equal(right);
      const two = await candlesOf(room, 'raw', midnight + 1, midnight + 3, 2);
      expect(two).to.deep.equal(right.slice(0, 2));
      expect(await candlesOf(room, 'raw', midnight + 2, midnight + 3, ALL)).to.deep.equal([right[1]]);
    });

    it('may be earlier than 1970', async () => {
      const then = local('1833-06-14', 12);
      const rows: ImportedRow[] = [
        [then, 18, 18.93],
        [then + DAY, 18, 18.94],
        [local('1969-12-31', 23), 34, 35],
        [local('1970-01-01', 1), 34, 35.2],
      ];
      await room.import(rows, { instrument: 'XAU', currency: 'USD', unit: 'ozt' });
      const days = await candlesOf(room, '1d', ...EVER, ALL, { instrument: 'XAU' });
      expect(days.map(({ at }) => at)).to.deep.equal(rows.map(([at]) => startOfInterval('1d', at)));
      const months = await candlesOf(room, '1M', then, then + DAY, ALL, { instrument: 'XAU' });
      expect(months).to.deep.equal([
        { at: local('1833-06-01'), open: 18.93, high: 18.94, low: 18.93, close: 18.94, count: 2 },
      ]);
      const day = await room.held('XAU', local('1833-06-14'), local('1833-06-15'));
      expect(day.map(referencePrice)).to.deep.equal([18.93]);
      expect((await room.view.quotes.history.page(day[0]!, ...EVER, 10)).map(({ at }) => at)).to.deep.equal(
        rows.map(([at]) => at),
      );
    });
  });

  describe('aliases', () => {
    const brands = (name: string) => room.view.quotes.withAlias(name).map(({ brand }) => brand);

    it('come with responses and imports, and find the series regardless of case and accents', async () => {
      const hue = quote(5, 80, { brand: 'Huế' });
      const { changes } = await room.append('rates.received', 5, {
        provider: 'sjc',
        quotes: [quote(5, 80), hue],
        missing: [],
        aliases: [
          [ID, ['Kim Ngưu']],
          [seriesId(hue), ['KIM NGƯU', 'SJC*']],
        ],
      });
      expect(changes.filter(({ type }) => type === 'aliases')).to.have.length(2);
      await room.import([[100, 1, 2]], { brand: 'Đà Nẵng', aliases: ['kim ngưu'] });
      expect(brands('kim nguu')).to.deep.equal(['Huế', 'Hà Nội', 'Đà Nẵng']);
      expect(brands('Kim Ngưu'.normalize('NFD'))).to.have.length(3);
      expect(brands('sjc*')).to.deep.equal(['Huế']);
      for (const none of ['SJC', 'Kim', '', 'constructor', '__proto__']) expect(brands(none)).to.deep.equal([]);
      const memory = room.memory();
      await room.checked();
      await room.restart();
      expect(room.memory()).to.deep.equal(memory);
      expect(brands('kim nguu')).to.have.length(3);
    });

    it('may come without rows, are stored once, and are limited per series', async () => {
      await room.import([[100, 1, 2]], { aliases: ['a', 'b'] });
      expect((await room.import([], { aliases: ['A', 'b', 'c'] })).changes).to.deep.equal([
        { type: 'aliases', series: ID, aliases: ['c'] },
      ]);
      expect((await room.import([], { aliases: ['a'] })).changes).to.deep.equal([]);
      await room.import([], { aliases: Array.from({ length: 50 }, (_, i) => `n${i}`) });
      expect(room.view.quotes.aliasesOf(ID)).to.deep.equal(['a', 'b', 'c', 'n0', 'n1', 'n2', 'n3', 'n4']);
      expect(brands('n5')).to.deep.equal([]);
      await room.checked();
    });

    it('are empty for records without aliases, and find nothing for a series without a quote', async () => {
      await room.receive(5, [quote(5, 80)]);
      expect(room.view.quotes.aliasesOf(ID)).to.deep.equal([]);
      await room.import([], { brand: 'nowhere', aliases: ['x'] });
      expect(brands('x')).to.deep.equal([]);
      await room.checked();
    });
  });

  describe('rates.imported', () => {
    it('adds to existing quotes, and the newest becomes the latest', async () => {
      const { changes } = await room.import([
        [200, 1, 2],
        [100, 3, 4, 150, 'a'],
      ]);
      expect(changes.map(({ type }) => type)).to.deep.equal(['instrument', 'quote']);
      expect(room.view.quotes.latest('SJC')).to.deep.equal([
        { ...SERIES, buy: 1, sell: 2, at: 200, checkedAt: 200, id: '200' },
      ]);
      const [first] = await room.view.quotes.history.page(quote(0, 0), 0, 150, 10);
      expect(first).to.deep.equal({ ...SERIES, buy: 3, sell: 4, at: 100, checkedAt: 150, id: 'a' });
      expect((await room.import([[50, 5, 6]])).changes).to.deep.equal([]);
    });

    it('counts equal rows once, within an import and across imports, and keeps the first', async () => {
      await room.import([
        [100, 1, 2],
        [100, 1, 2],
        [50, 1, 2],
        [50, 8, 9],
      ]);
      await room.import([
        [100, 8, 9],
        [50, 1, 2],
      ]);
      expect((await room.view.quotes.history.page(quote(0, 0), ...EVER, 10)).map(referencePrice)).to.deep.equal([2, 2]);
      expect(await candlesOf(room, '1d', ...EVER, ALL)).to.have.length(1);
      expect((await candlesOf(room, '1d', ...EVER, ALL))[0]!.count).to.equal(2);
    });

    it('keeps the last confirmation of the previous price', async () => {
      await room.receive(100, [quote(100, 80)]);
      await room.receive(300, []);
      await room.import([[400, 1, 2]]);
      const [first] = await room.view.quotes.history.page(quote(0, 0), 0, 400, 10);
      expect(first).to.deep.equal(quote(100, 80, { checkedAt: 300 }));
    });

    it('leaves the latest quote if its rows are older than live quotes', async () => {
      await room.receive(1000, [quote(1000, 80)]);
      await room.import([
        [900, 1, 2],
        [1000, 8, 9],
      ]);
      expect(room.view.quotes.latest('SJC')).to.deep.equal([quote(1000, 80)]);
      expect(room.view.quotes.history.rowAt(ID, 900)).to.deep.equal([1, 2]);
      expect(room.view.quotes.history.rowAt(ID, 901)).to.equal(undefined);
      expect(room.view.quotes.history.rowAt(ID, 1000)?.slice(0, 2)).to.deep.equal([78, 80]);
    });

    const providers = fc.constantFrom('sjc', 'import');
    const brands = fc.constantFrom('', 'Huế');
    // A few days around a month's end, in steps that often coincide: ties and shared candles are the hard cases.
    const row = fc.record({
      provider: providers,
      brand: brands,
      at: fc.integer({ min: -40, max: 40 }).map((step) => local('2022-01-01') + step * 2 * HOUR),
      sell: fc.integer({ min: 1, max: 9 }),
      checked: fc.option(fc.nat(100)),
      id: fc.option(fc.constantFrom('a', 'b')),
    });
    const rows = fc.uniqueArray(row, {
      selector: ({ provider, brand, at }) => `${provider}/${brand}/${at}`,
      minLength: 1,
      maxLength: 60,
    });
    type Row = { provider: string; brand: string; at: number; sell: number; checked: number | null; id: string | null };

    async function importAll(into: TestRoom, all: readonly Row[], size: number): Promise<void> {
      const chunks: Promise<unknown>[] = [];
      for (let i = 0; i < all.length; ) {
        const { provider, brand } = all[i]!;
        const chunk: ImportedRow[] = [];
        for (; i < all.length && chunk.length < size; i++) {
          const { at, sell, checked, id, ...series } = all[i]!;
          if (series.provider !== provider || series.brand !== brand) break;
          chunk.push([at, sell - 1, sell, checked === null ? null : at + checked, id]);
        }
        chunks.push(into.import(chunk, { provider, brand }));
      }
      await Promise.all(chunks);
    }

    it('gives the same result in any order, in chunks of any size', async () => {
      await fc.assert(
        fc.asyncProperty(
          rows.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
          fc.integer({ min: 1, max: 20 }),
          async ([all, shuffled], size) => {
            const one = await new TestRoom().start();
            const other = await new TestRoom().start();
            await importAll(
              one,
              [...all].sort((a, b) => a.at - b.at),
              1,
            );
            await importAll(other, shuffled, size);
            for (const interval of ['1h', '1d', '1w', '1M', 'raw'] as const) {
              for (const provider of ['sjc', 'import']) {
                for (const brand of ['', 'Huế']) {
                  const [a, b] = await Promise.all(
                    [one, other].map((each) => candlesOf(each, interval, ...EVER, 500, { provider, brand })),
                  );
                  expect(b).to.deep.equal(a);
                }
              }
            }
            expect(other.memory()).to.deep.equal(one.memory());
            const rowsOf = async (room: TestRoom) =>
              [...(await room.content())].filter(([key]) => key.startsWith('q/') || key.startsWith('l/'));
            expect(await rowsOf(other)).to.deep.equal(await rowsOf(one));
            await Promise.all([one.stop(), other.stop()]);
          },
        ),
        { numRuns: 60 },
      );
    });

    it('gives the same result when repeated', async () => {
      await fc.assert(
        fc.asyncProperty(rows, rows, fc.integer({ min: 1, max: 20 }), async (first, second, size) => {
          const own = await new TestRoom().start();
          await importAll(own, first, size);
          await importAll(own, second, size);
          const [content, memory] = [await own.content(), own.memory()];
          await importAll(own, second, 20);
          await importAll(own, first, 1);
          expect(await own.content()).to.deep.equal(content);
          expect(own.memory()).to.deep.equal(memory);
          await own.stop();
        }),
        { numRuns: 60 },
      );
    });

    it('and live quotes give candles of exactly the stored quotes', async () => {
      const live = fc.record({
        live: fc.constant(true),
        brand: brands,
        at: fc.nat(400),
        sell: fc.integer({ min: 1, max: 9 }),
      });
      const old = fc.record({
        live: fc.constant(false),
        brand: brands,
        at: fc.nat(400),
        sell: fc.integer({ min: 1, max: 9 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.oneof(live, old), { maxLength: 40 }), async (steps) => {
          const own = await new TestRoom().start();
          await Promise.all(
            steps.map((step) => {
              const at = midnight + step.at * 10 * 60_000;
              const { brand, sell } = step;
              return step.live
                ? own.receive(at, [quote(at, sell, { brand })])
                : own.import([[at, null, sell]], { brand });
            }),
          );
          for (const [brand, interval] of ['', 'Huế'].flatMap((each) =>
            (['1h', '1d', '1w', '1M'] as const).map((length) => [each, length] as const),
          )) {
            const raw = await candlesOf(own, 'raw', ...EVER, ALL, { brand });
            const found = await candlesOf(own, interval, ...EVER, ALL, { brand });
            const starts = [...new Set(raw.map(({ at }) => startOfInterval(interval, at)))];
            expect(found.map(({ at }) => at)).to.deep.equal(starts);
            for (const candle of found) {
              const inside = raw.filter(({ at }) => startOfInterval(interval, at) === candle.at);
              expect(candle.count).to.equal(inside.length);
              expect(candle.high).to.equal(Math.max(...inside.map(({ high }) => high)));
              expect(candle.low).to.equal(Math.min(...inside.map(({ low }) => low)));
              const edge = (at: number) => Math.max(...inside.filter((one) => one.at === at).map(({ open }) => open));
              expect(candle.open).to.equal(edge(inside[0]!.at));
              expect(candle.close).to.equal(edge(inside.at(-1)!.at));
            }
          }
          await own.stop();
        }),
        { numRuns: 40 },
      );
    });
  });

  it('gives the same result and order after a restart', async () => {
    await room.receive(300, [quote(300, 80, { instrument: 'XRP' }), quote(300, 81)]);
    await room.receive(310, [quote(305, 90, { instrument: 'BTC', brand: 'z' }), quote(306, 91, { brand: 'Đà Nẵng' })]);
    await room.import([[5, 1, 2]], { brand: 'A', provider: 'import' });
    await room.receive(400, [], { missing: [ID] });
    const before = room.memory();
    await room.restart();
    expect(room.memory()).to.deep.equal(before);
    await room.receive(500, [quote(500, 82)]);
    expect(room.view.quotes.latestOf(ID)).to.deep.equal(quote(500, 82));
    expect((await candlesOf(room, '1d', ...EVER, ALL))[0]!.count).to.equal(2);
  });
});
