import { expect } from 'chai';
import type { QuoteDraft } from '../../src/domain/quote.ts';
import type { JournalRecord } from '../../src/engine/contract.ts';
import type { ImportedRow } from '../../src/view/records.ts';
import { coin, DAY, HOUR, MINUTE, money, NOON, Room, refusal, sjc, world } from './room.ts';

describe('Intake', () => {
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
  });
  afterEach(() => room.close());

  const one = (instrument = 'SJC') => room.get(instrument)[0]!;
  const prices = async (instrument = 'SJC') =>
    (await room.stored(instrument)).map(({ sell }) => (sell === null ? null : sell / 1e6));

  describe('aliases', () => {
    /** The aliases of the records, and how many quotes or rows stand beside them. */
    const recorded = async () => {
      const found: [aliases: unknown, beside: number][] = [];
      for await (const [, text] of room.store.range({ gte: 'j/', lt: 'j0' })) {
        const { aliases, quotes, rows } = JSON.parse(text) as JournalRecord & { quotes?: unknown[]; rows?: unknown[] };
        if (aliases !== undefined) found.push([aliases, (quotes ?? rows)!.length]);
      }
      return found;
    };
    const ID = 'SJC\x1fsjc\x1fSJC\x1f';

    it('are in the journal once, also where the price did not change', async () => {
      await room.receive('sjc', sjc(148, 151));
      for (const aliases of [['Vàng SJC'], ['Vàng SJC'], ['VÀNG SJC', 'Vàng SJC 1L']]) {
        room.now += HOUR;
        await room.receive('sjc', sjc(148, 151, { at: room.now, aliases }));
      }
      expect(await recorded()).to.deep.equal([
        [[[ID, ['Vàng SJC']]], 0],
        [[[ID, ['Vàng SJC 1L']]], 0],
      ]);
      expect(one()).to.not.have.property('aliases');
      room.now += HOUR;
      await room.receive('sjc', sjc(149, 152, { at: room.now, aliases: ['new'] }));
      expect((await recorded()).at(-1)).to.deep.equal([[[ID, ['new']]], 1]);
      const last = JSON.parse((await room.store.entries({ gte: 'j/', lt: 'j0', reverse: true, limit: 1 }))[0]![1]);
      expect(last.quotes[0]).to.not.have.property('aliases');
    });

    it('of quotes that are refused are not taken', async () => {
      const { refused } = await room.receive('sjc', sjc(148, 151), sjc(1, 2, { brand: 'x', aliases: ['Kim Ngưu'] }));
      expect(refused).to.have.length(1);
      expect(await recorded()).to.deep.equal([]);
    });

    it('are safe to show, and as few as a series may have, whatever a provider says', async () => {
      for (let i = 0; i < 30; i++) {
        room.now += MINUTE;
        const aliases = [`\u001b[2J${i}\u202e`, 'x'.repeat(5000), ''];
        await room.receive('sjc', ...[sjc(148, 151, { aliases }), sjc(148, 151, { aliases: [`more ${i}`] })]);
      }
      expect(room.view.quotes.aliasesOf(ID)).to.deep.equal([0, 1, 2, 3].flatMap((i) => [`[2J${i}`, `more ${i}`]));
      expect(await recorded()).to.have.length(4);
    });

    it('come with the past of a provider, and for rows that are there already', async () => {
      await room.intake.receiveHistory('sjc', [sjc(148, 151, { at: NOON - DAY })]);
      const old = [
        sjc(148, 151, { at: NOON - DAY, aliases: ['a'] }),
        sjc(148, 152, { at: NOON - HOUR, aliases: ['b'] }),
      ];
      expect(await room.intake.receiveHistory('sjc', old)).to.include({ stored: 1 });
      expect(await recorded()).to.deep.equal([[['a', 'b'], 1]]);
      expect(await room.intake.receiveHistory('sjc', old)).to.include({ stored: 0 });
      expect(await recorded()).to.have.length(1);
    });

    it('come with an import, also when it is repeated after one without', async () => {
      const rows: ImportedRow[] = [[NOON - DAY, 148e6, 151e6]];
      await room.import('SJC', rows);
      expect(await room.import('SJC', rows, { aliases: ['Kim Ngưu'] })).to.include({ stored: 0, duplicates: 1 });
      expect(await room.import('SJC', rows, { aliases: ['Kim Ngưu'] })).to.include({ stored: 0, duplicates: 1 });
      expect(await recorded()).to.deep.equal([[['Kim Ngưu'], 0]]);
      await room.import('SJC', [[NOON, 1, 2]], { aliases: ['refused'], brand: 'x' });
      expect(await recorded()).to.have.length(1);
    });

    it('do not decide what an import is of', async () => {
      await room.import('SJC', [[NOON - DAY, 148e6, 151e6]], { aliases: ['Kim Ngưu'] });
      const kind = { market: 'gold', currency: 'VND', unit: 'tael' } as const;
      await room.import('Kim Ngưu', [[NOON - DAY, 140e6, 141e6]], kind);
      expect(room.get('KIM-NGUU').map(({ sell }) => sell)).to.deep.equal([141e6]);
    });
  });

  describe('receive', () => {
    it('stores what is new and moves checkedAt of what is not', async () => {
      expect(await room.receive('sjc', sjc(148, 151))).to.deep.equal({ stored: 1, confirmed: 0, refused: [] });
      expect(one()).to.include({
        buy: 148e6,
        sell: 151e6,
        at: NOON,
        checkedAt: NOON,
        id: String(NOON),
      });
      room.now += 30 * MINUTE;
      // the provider states another time for the same price: the price still holds since it first did
      const again = await room.receive('sjc', sjc(148, 151, { at: room.now }));
      expect(again).to.deep.equal({ stored: 0, confirmed: 1, refused: [] });
      expect(one()).to.include({ at: NOON, checkedAt: NOON + 30 * MINUTE });
      room.now += 30 * MINUTE;
      expect(await room.receive('sjc', sjc(148, 152, { at: room.now }))).to.include({ stored: 1, confirmed: 0 });
      expect((await room.stored('SJC')).map(({ sell, at, checkedAt }) => [sell, at, checkedAt])).to.deep.equal([
        [151e6, NOON, NOON + 30 * MINUTE],
        [152e6, NOON + HOUR, NOON + HOUR],
      ]);
    });

    it('tells a change of one side from none', async () => {
      await room.receive('sjc', sjc(148, 151));
      for (const [buy, sell] of [
        [149, 151],
        [149, null],
        [null, 151],
        [149, 151],
      ] as const) {
        room.now += MINUTE;
        expect(await room.receive('sjc', sjc(buy, sell, { at: room.now }))).to.include({ stored: 1 });
      }
      expect(await prices()).to.deep.equal([151, 151, null, 151, 151]);
    });

    it('lets series that are not in the answer keep their time', async () => {
      await room.receive('sjc', sjc(148, 151, { brand: 'a' }), sjc(148, 151, { brand: 'b' }));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151, { brand: 'a' }));
      room.now += HOUR;
      await room.receive('sjc', sjc(150, 153, { brand: 'a', at: room.now }));
      const checked = Object.fromEntries(room.get('SJC').map(({ brand, checkedAt }) => [brand, checkedAt]));
      expect(checked).to.deep.equal({ a: NOON + 2 * HOUR, b: NOON });
    });

    it('confirms the series of this provider only', async () => {
      await room.receive('sjc', sjc(148, 151));
      await room.receive('pnj', sjc(148, 151, { provider: 'pnj' }));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151));
      expect(room.get('SJC').map(({ provider, checkedAt }) => [provider, checkedAt])).to.deep.equal([
        ['sjc', NOON + HOUR],
        ['pnj', NOON],
      ]);
    });

    it('takes quotes for those of the provider that was asked, whatever they say', async () => {
      await room.receive('sjc', sjc(148, 151, { provider: 'pnj' }));
      expect(one().provider).to.equal('sjc');
    });

    it('keeps confirmations over a restart', async () => {
      await room.receive('sjc', sjc(148, 151));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151));
      const { store, now } = room;
      await room.close();
      room = await Room.open({ store, now });
      expect(one()).to.include({ at: NOON, checkedAt: NOON + HOUR });
    });

    it('confirms what came by an import of the very series', async () => {
      await room.import('SJC', [[NOON - HOUR, 148e6, 151e6]], { provider: 'sjc', company: 'SJC' });
      expect(await room.receive('sjc', sjc(148, 151))).to.include({ stored: 0, confirmed: 1 });
      expect(one()).to.include({ at: NOON - HOUR, checkedAt: NOON });
    });

    it('appends one record an answer, none for an answer of which nothing counts', async () => {
      await room.receive('sjc', sjc(148, 151), sjc(148, 151, { brand: 'b' }));
      expect(room.engine.journal.head()).to.equal(1);
      await room.receive('sjc', sjc(1, 2));
      await room.receive('sjc');
      expect(room.engine.journal.head()).to.equal(1);
    });

    describe('units and money', () => {
      it("converts to the instrument's unit", async () => {
        await room.receive('pnj', sjc(14.8, 15.1, { unit: 'chi' }));
        expect(one()).to.include({ buy: 148e6, sell: 151e6, unit: 'tael', currency: 'VND' });
        await room.receive('gold-api', world(100, { unit: 'g' }));
        expect(one('XAU').sell).to.be.closeTo(3110.34768, 1e-9);
        expect(one('XAU').unit).to.equal('ozt');
        // the same price in the other unit is the same price
        expect(await room.receive('pnj', sjc(148, 151))).to.include({ stored: 0, confirmed: 1 });
      });

      it('takes the unit of a new instrument from its first quote', async () => {
        await room.receive('pnj', sjc(14.8, 15.1, { instrument: 'NEW-RING', unit: 'chi' }));
        await room.receive('sjc', sjc(148, 151, { instrument: 'NEW-RING' }));
        expect(room.get('NEW-RING').map(({ sell, unit }) => [sell, unit])).to.deep.equal([
          [15.1e6, 'chi'],
          [15.1e6, 'chi'],
        ]);
      });

      it('takes the market of the instrument, whatever the provider says', async () => {
        await room.receive('sjc', sjc(148, 151, { market: 'crypto' }));
        expect(one().market).to.equal('gold');
        expect(room.rates.list('crypto')).to.deep.equal([]);
      });

      it('refuses other money and units that do not compare', async () => {
        const { refused, ...counts } = await room.receive(
          'coingecko',
          coin('BTC', 1_750_000_000, { currency: 'VND' }),
          coin('ETH', 3000, { unit: 'tael' }),
          world(4000, { unit: 'each' }),
          sjc(148, 151, { currency: 'USD' }),
        );
        expect(counts).to.deep.equal({ stored: 0, confirmed: 0 });
        expect(refused.map(({ reason }) => reason)).to.deep.equal([
          'it is in VND, BTC is in USD',
          'it is per tael, ETH is per coin',
          'it is per each, XAU is per ozt',
          'it is in USD, SJC is in VND',
        ]);
        expect(room.rates.list()).to.deep.equal([]);
      });

      it('refuses what is no id of an instrument', async () => {
        for (const instrument of [
          '',
          'sjc',
          'SJ C',
          '../SJC',
          '\u001bSJC',
          'SJC\x1fpnj',
          '__proto__',
          'X'.repeat(49),
        ]) {
          const { refused } = await room.receive('sjc', sjc(148, 151, { instrument }));
          expect(refused.map(({ reason }) => reason)).to.deep.equal(['its instrument is no id']);
        }
      });
    });

    describe('what is not believed', () => {
      const reasons = async (...quotes: QuoteDraft[]) =>
        (await room.receive('sjc', ...quotes)).refused.map(({ reason }) => reason);

      it('is refused, told and never stored', async () => {
        expect(
          await reasons(
            sjc(9.9, 9.9),
            sjc(1513, 1513),
            sjc(160, 151),
            sjc(null, null),
            sjc(-148, 151),
            sjc(0, 151),
            sjc(Number.NaN, 151),
            sjc(148, Number.POSITIVE_INFINITY),
            sjc(148, 151, { at: NOON + 11 * MINUTE }),
            sjc(148, 151, { at: Number.NaN }),
          ),
        ).to.have.length(10);
        expect(await prices()).to.deep.equal([]);
        expect(room.engine.journal.head()).to.equal(0);
      });

      it('does not confirm the price that stands', async () => {
        await room.receive('sjc', sjc(148, 151), sjc(148, 151, { brand: 'b' }));
        room.now += HOUR;
        const received = await room.receive('sjc', sjc(1480, 1510), sjc(148, 151, { brand: 'b' }));
        expect(received).to.include({ stored: 0, confirmed: 1 });
        const checked = room.get('SJC').map(({ brand, checkedAt }) => [brand, checkedAt]);
        expect(checked).to.deep.include.members([
          ['', NOON],
          ['b', NOON + HOUR],
        ]);
        expect(await prices()).to.deep.equal([151, 151]);
      });

      it('is a jump of more than 20 % within a day of the last confirmation', async () => {
        await room.receive('sjc', sjc(100, 100));
        room.now += MINUTE;
        expect(await reasons(sjc(120.001, 120.001, { at: room.now }))).to.deep.equal([
          '120001000 is a jump of over 20 % from 100000000',
        ]);
        expect(await reasons(sjc(79.999, 79.999, { at: room.now }))).to.have.length(1);
        expect(await reasons(sjc(120, 120, { at: room.now }))).to.deep.equal([]);
        // a day after the last confirmation the price before is no measure any more
        room.now += DAY - 1;
        expect(await reasons(sjc(200, 200, { at: room.now }))).to.have.length(1);
        room.now += 1;
        expect(await reasons(sjc(200, 200, { at: room.now }))).to.deep.equal([]);
        expect(await prices()).to.deep.equal([100, 120, 200]);
      });

      it('is measured by its own series', async () => {
        await room.receive('sjc', sjc(100, 100));
        expect(await reasons(sjc(150, 150, { brand: 'other' }))).to.deep.equal([]);
        expect((await room.receive('pnj', sjc(150, 150))).refused).to.deep.equal([]);
      });

      it('is judged after the conversion', async () => {
        expect((await room.receive('pnj', sjc(148, 151, { unit: 'chi' }))).refused[0]!.reason).to.match(/outside of/);
      });
    });

    describe('two rows of a series in one answer', () => {
      it('count once: the one with the later time, else the later one', async () => {
        await room.receive('sjc', sjc(148, 151, { at: NOON - MINUTE }), sjc(147, 150, { at: NOON - HOUR }));
        expect(one()).to.include({ sell: 151e6, at: NOON - MINUTE });
        room.now += HOUR;
        const both = [sjc(149, 152, { at: room.now - 1 }), sjc(149, 153, { at: room.now })];
        expect(await room.receive('sjc', ...both)).to.deep.equal({ stored: 1, confirmed: 0, refused: [] });
        expect(one()).to.include({ sell: 153e6, at: room.now });
        room.now += HOUR;
        await room.receive('sjc', sjc(149, 154, { at: room.now }), sjc(149, 155, { at: room.now }));
        expect(one()).to.include({ sell: 155e6 });
        expect(await prices()).to.deep.equal([151, 153, 155]);
      });

      it('confirm when the one that counts is the price that stands', async () => {
        await room.receive('sjc', sjc(148, 151));
        room.now += HOUR;
        const both = [sjc(149, 152, { at: room.now - 1 }), sjc(148, 151, { at: room.now })];
        expect(await room.receive('sjc', ...both)).to.deep.equal({ stored: 0, confirmed: 1, refused: [] });
        expect(one()).to.include({ sell: 151e6, checkedAt: room.now });
        expect(await prices()).to.deep.equal([151]);
      });

      it('are not confused by one that is refused', async () => {
        await room.receive('sjc', sjc(148, 151), sjc(1480, 1510, { at: NOON + 1 }));
        expect(await prices()).to.deep.equal([151]);
      });
    });

    describe('the time of a price', () => {
      it('is when a correction was seen, where the provider states one time for two prices', async () => {
        await room.receive('sjc', sjc(148, 151, { at: NOON - HOUR }));
        room.now += 30 * MINUTE;
        await room.receive('sjc', sjc(148, 152, { at: NOON - HOUR }));
        expect((await room.stored('SJC')).map(({ sell, at }) => [sell! / 1e6, at])).to.deep.equal([
          [151, NOON - HOUR],
          [152, NOON + 30 * MINUTE],
        ]);
      });

      it('goes on after one that lay ahead of the clock', async () => {
        await room.receive('sjc', sjc(148, 151, { at: NOON + 5 * MINUTE }));
        expect(one()).to.include({ at: NOON + 5 * MINUTE, checkedAt: NOON + 5 * MINUTE });
        room.now += MINUTE;
        await room.receive('sjc', sjc(148, 152, { at: room.now }));
        expect(one()).to.include({ sell: 152e6, at: NOON + 5 * MINUTE + 1 });
      });

      it('never goes back: an older time with another price holds from now on', async () => {
        await room.receive('sjc', sjc(148, 151));
        room.now += HOUR;
        await room.receive('sjc', sjc(148, 150, { at: NOON - 5 * HOUR }));
        expect(one()).to.include({ sell: 150e6, at: NOON + HOUR });
        expect(await prices()).to.deep.equal([151, 150]);
      });

      it('is not undone by a record that comes late', async () => {
        await room.receive('sjc', sjc(148, 151));
        const late = { ...sjc(140, 145), at: NOON - HOUR, checkedAt: NOON - HOUR, id: 'LATE' };
        const { journal } = room.engine;
        await journal.append({ kind: 'rates.received', at: NOON - HOUR, provider: 'sjc', quotes: [late], missing: [] });
        expect(one()).to.include({ sell: 151e6, at: NOON, checkedAt: NOON });
        expect(await prices()).to.deep.equal([151]);
      });
    });

    it('makes texts safe to show, and not long', async () => {
      const evil = '\u001b]0;x\u0007\u202eSJC\x1f\n\u200b  gold ';
      await room.receive('sjc', sjc(148, 151, { company: evil, brand: evil, id: `\u001b[2J${'9'.repeat(300)}` }));
      expect(one()).to.include({ company: ']0;xSJC gold', brand: ']0;xSJC gold', id: `[2J${'9'.repeat(125)}` });
      room.now += 1;
      const long = `${'a'.repeat(127)}😀${'b'.repeat(300)}`;
      await room.receive('sjc', sjc(148, 151, { company: long, brand: `${'a'.repeat(127)} b` }));
      const quote = room.get('SJC').find(({ company }) => company.startsWith('aaa'))!;
      expect(quote.company).to.equal(`${'a'.repeat(127)}😀`);
      expect(quote.brand).to.equal('a'.repeat(127));
      const { store, now } = room;
      await room.close();
      room = await Room.open({ store, now });
      expect(await room.receive('sjc', sjc(148, 151, { company: long, brand: `${'a'.repeat(127)} b` }))).to.include({
        stored: 0,
        confirmed: 1,
      });
    });

    it('stands a provider and texts that objects have by nature', async () => {
      const quote = sjc(148, 151, { company: '__proto__', brand: 'constructor' });
      for (const price of [151, 152]) {
        room.now += MINUTE;
        await room.receive('constructor', { ...quote, sell: price * 1e6, at: room.now });
      }
      expect(one()).to.include({ provider: 'constructor', company: '__proto__', brand: 'constructor' });
      const range = { interval: '1d', from: NOON - DAY, to: NOON + DAY, provider: 'constructor' } as const;
      const { candles } = await room.rates.history(room.rates.resolve('SJC'), range);
      expect(candles.map(({ open, close, count }) => [open, close, count])).to.deep.equal([[151e6, 152e6, 2]]);
      expect(Object.hasOwn(Object, '0')).to.equal(false);
    });
  });

  describe('history', () => {
    const day = (i: number, sell: number, more: Partial<QuoteDraft> = {}) =>
      sjc(sell - 3, sell, { at: NOON - i * DAY, ...more });
    it('is stored once, in any order, however often it comes', async () => {
      const quotes = [day(1, 150), day(3, 148), day(2, 149)];
      expect(await room.intake.receiveHistory('sjc', quotes)).to.deep.equal({ stored: 3, confirmed: 0, refused: [] });
      const head = room.engine.journal.head();
      expect(await room.intake.receiveHistory('sjc', quotes)).to.deep.equal({ stored: 0, confirmed: 0, refused: [] });
      expect(await room.intake.receiveHistory('sjc', [day(1, 160), day(4, 147)])).to.include({ stored: 1 });
      expect(room.engine.journal.head()).to.equal(head + 1);
      expect(await prices()).to.deep.equal([147, 148, 149, 150]);
      expect(one()).to.include({ sell: 150e6, at: NOON - DAY, checkedAt: NOON - DAY, stale: true });
    });

    it('counts one instant twice in an answer once', async () => {
      expect(await room.intake.receiveHistory('sjc', [day(1, 150), day(1, 151)])).to.include({ stored: 1 });
      expect(await prices()).to.deep.equal([151]);
    });

    it('goes behind live quotes and leaves them as they are', async () => {
      await room.receive('sjc', sjc(148, 151));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151));
      await room.intake.receiveHistory('sjc', [day(2, 149), day(1, 150), day(0, 999)]);
      expect(one()).to.include({ sell: 151e6, at: NOON, checkedAt: NOON + HOUR });
      expect(await prices()).to.deep.equal([149, 150, 151]);
    });

    it('does not measure jumps, only bands and sides', async () => {
      const { stored, refused } = await room.intake.receiveHistory('sjc', [
        day(1, 150),
        day(2000, 40),
        day(6000, 20),
        day(2, 1500),
        day(3, 15),
        sjc(180, 150, { at: NOON - 5 * DAY }),
        day(-1, 150),
        day(4, 150, { currency: 'USD' }),
      ]);
      expect([stored, refused.length]).to.deep.equal([4, 4]);
      expect(await prices()).to.deep.equal([20, 40, 15, 150]);
    });

    it('is converted, named by its own ids, and sorted to its series', async () => {
      await room.intake.receiveHistory('sjc', [
        sjc(14.8, 15.1, { unit: 'chi', at: NOON - DAY, id: 'A1' }),
        day(2, 150, { brand: 'Hà Nội' }),
        sjc(1, 2, { instrument: 'BTC', market: 'crypto', currency: 'USD', unit: 'coin', at: NOON - DAY }),
      ]);
      expect((await room.stored('SJC')).map(({ brand, sell, id }) => [brand, sell, id])).to.deep.equal([
        ['', 151e6, 'A1'],
        ['Hà Nội', 150e6, String(NOON - 2 * DAY)],
      ]);
      expect(one('BTC')).to.include({ unit: 'coin', market: 'crypto' });
    });

    it('goes in records of 2,000 rows at most', async () => {
      await room.intake.receiveHistory(
        'sjc',
        Array.from({ length: 4500 }, (_, i) => day(i / 24, 150)),
      );
      const sizes: number[] = [];
      for await (const record of room.engine.journal.follow(0, AbortSignal.timeout(10_000))) {
        sizes.push((record as JournalRecord & { rows: unknown[] }).rows.length);
        if (record.seq === room.engine.journal.head()) break;
      }
      expect(sizes).to.deep.equal([2000, 2000, 500]);
    });

    it('is done once, for one provider, over a restart', async () => {
      expect(room.intake.hasHistory('sjc')).to.equal(false);
      await room.intake.receiveHistory('sjc', [day(1, 150)]);
      expect(room.intake.hasHistory('sjc')).to.equal(false);
      await room.intake.historyDone('sjc');
      expect([room.intake.hasHistory('sjc'), room.intake.hasHistory('pnj')]).to.deep.equal([true, false]);
      const { store } = room;
      await room.close();
      room = await Room.open({ store });
      expect([room.intake.hasHistory('sjc'), room.intake.hasHistory('sjc-xml')]).to.deep.equal([true, false]);
    });
  });

  describe('import', () => {
    const reasons = async (...rows: unknown[]) =>
      (await room.import('SJC', rows as ImportedRow[])).refused.map(({ row, reason }) => `${row}: ${reason}`);
    it('stores rows of a known instrument, by any of its names', async () => {
      const imported = await room.import('Vàng SJC', [
        [NOON - DAY, 148e6, 151e6],
        [NOON, null, 152e6, NOON, 'X-7'],
        [NOON - 2 * DAY, 147e6, null],
      ]);
      expect(imported).to.deep.equal({ stored: 3, duplicates: 0, refused: [] });
      expect(one()).to.deep.include({
        instrument: 'SJC',
        market: 'gold',
        provider: 'import',
        company: '',
        brand: '',
        buy: null,
        sell: 152e6,
        currency: 'VND',
        unit: 'tael',
        id: 'X-7',
      });
      expect(await prices()).to.deep.equal([null, 151, 152]);
    });

    it('makes a new instrument when its market, currency and unit are told', async () => {
      for (const [more, missing] of [
        [{}, 'its market, its currency, its unit'],
        [{ market: 'gold', unit: 'tael' }, 'its currency'],
        [{ currency: 'VND', unit: 'tael' }, 'its market'],
        [{ currency: 'VND', market: 'gold' }, 'its unit'],
      ] as const) {
        const failure = await refusal(() => room.import('Kim Long 9999', [[NOON, 1, 1]], more), 'INVALID_PARAMS');
        expect(failure.message).to.equal(`KIM-LONG-9999 is not known yet: say ${missing} as well.`);
      }
      const told = { market: 'gold', currency: 'vnd', unit: 'chi' } as const;
      expect(await room.import('Kim Long 9999', [[NOON, 14.8e6, 15.1e6]], told)).to.include({ stored: 1 });
      expect(one('kim long 9999')).to.include({ instrument: 'KIM-LONG-9999', unit: 'chi', currency: 'VND' });
      // known from now on, by its own unit
      expect(await room.import('KIM-LONG-9999', [[NOON + 1, 148e6, 151e6]], { unit: 'tael' })).to.include({
        stored: 1,
      });
      expect(one('KIM-LONG-9999').sell).to.equal(15.1e6);
    });

    it('refuses a series that is not clear', async () => {
      for (const [instrument, more, field] of [
        ['???', {}, 'instrument'],
        ['\u001b[2J', {}, 'market'],
        ['SJC', { provider: 'Không' }, 'provider'],
        ['SJC', { provider: '' }, 'provider'],
        ['SJC', { provider: '-x' }, 'provider'],
        ['SJC', { provider: '__proto__' }, 'provider'],
        ['SJC', { provider: 'x'.repeat(33) }, 'provider'],
        ['SJC', { provider: 'a\x1fb' }, 'provider'],
        ['SJC', { provider: 'import\n' }, 'provider'],
        ['SJC', { currency: 'USD' }, 'currency'],
        ['SJC', { unit: 'coin' }, 'unit'],
        ['NEW', { market: 'gold', currency: '\u001b[2J', unit: 'tael' }, 'currency'],
        ['NEW', { market: 'gold', currency: 'V D', unit: 'tael' }, 'currency'],
      ] as const) {
        const failure = await refusal(() => room.import(instrument, [[NOON, 1, 1]], more), 'INVALID_PARAMS');
        expect(failure.data, `${instrument} ${JSON.stringify(more)}`).to.deep.equal({ field });
        expect(failure.message).not.to.match(/\p{Cc}/u);
      }
      expect((await refusal(() => room.import('SJC', [], { currency: 'USD' }), 'INVALID_PARAMS')).message).to.equal(
        'SJC is in VND/tael, not in USD/tael: convert the prices first.',
      );
      expect(room.engine.journal.head()).to.equal(0);
    });

    it('converts units', async () => {
      await room.import('SJC', [[NOON, 14.8e6, 15.1e6]], { unit: 'chi' });
      expect(one()).to.include({ buy: 148e6, sell: 151e6, unit: 'tael' });
      await room.import('XAU', [[NOON, null, 100]], { unit: 'g', currency: 'usd' });
      expect(one('XAU').sell).to.be.closeTo(3110.34768, 1e-9);
    });

    it('refuses rows by their place, and takes the rest', async () => {
      expect(
        await reasons(
          [NOON, 148e6, 151e6],
          [NOON + 1, 14.8e6, 15.1e6],
          [NOON + 2, 160e6, 151e6],
          [NOON + 3, null, null],
          [NOON + HOUR, 148e6, 151e6],
          [1.5, 148e6, 151e6],
          [1e300, 148e6, 151e6],
          ['2026-07-20', 148e6, 151e6],
          [NOON + 4, '148', 151e6],
          [NOON + 5, 148e6, 151e6, NOON],
          [NOON + 6, 148e6, 151e6, NOON + DAY],
          [NOON + 7, 148e6, 151e6, 'soon'],
          [NOON + 8, 148e6, 151e6, NOON + HOUR / 12],
        ),
      ).to.deep.equal([
        '2: buy 160000000 is over sell 151000000 by more than 5 %',
        '3: it has neither a buy nor a sell price',
        '4: its time lies 1 h in the future',
        '5: its time is no instant',
        '6: its time is no instant',
        '7: its time is no instant',
        '8: buy is no number',
        '9: checkedAt is no instant after at',
        '10: checkedAt lies in the future',
        '11: checkedAt is no instant after at',
      ]);
      expect(await prices()).to.deep.equal([151, 15.1, 151]);
    });

    it('skips duplicates and refuses another price for the same instant', async () => {
      const rows: ImportedRow[] = [
        [NOON - DAY, 148e6, 151e6],
        [NOON, 149e6, 152e6],
      ];
      expect(await room.import('SJC', [...rows, rows[0]!])).to.deep.equal({ stored: 2, duplicates: 1, refused: [] });
      const head = room.engine.journal.head();
      expect(await room.import('SJC', rows)).to.deep.equal({ stored: 0, duplicates: 2, refused: [] });
      expect(await room.import('SJC', [[NOON, 149e6, 153e6]])).to.deep.equal({
        stored: 0,
        duplicates: 0,
        refused: [{ row: 0, reason: 'another price is stored for that instant: buy 149000000, sell 152000000' }],
      });
      expect(await reasons([NOON - 1, 148e6, 151e6], [NOON - 1, 148e6, 150e6])).to.have.length(1);
      expect(room.engine.journal.head()).to.equal(head + 1);
      expect(await prices()).to.deep.equal([151, 151, 152]);
    });

    it('takes the same row in another series', async () => {
      for (const more of [{}, { company: 'SJC' }, { company: 'SJC', brand: 'Hà Nội' }, { provider: 'sjc' }]) {
        expect(await room.import('SJC', [[NOON, 148e6, 151e6]], more)).to.include({ stored: 1, duplicates: 0 });
      }
    });

    it('stores one of two that come at the same time', async () => {
      const rows: ImportedRow[] = [[NOON, 148e6, 151e6]];
      const both = await Promise.all([room.import('SJC', rows), room.import('SJC', rows)]);
      expect(both.map(({ stored, duplicates }) => [stored, duplicates])).to.deep.equal([
        [1, 0],
        [0, 1],
      ]);
      expect(await prices()).to.deep.equal([151]);
    });

    it('goes back to what was exported: every quote with its times and its id', async () => {
      await room.receive('sjc', sjc(148, 151, { id: 'A' }));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151));
      room.now += HOUR;
      await room.receive('sjc', sjc(null, 152, { at: room.now }));
      const exported = await room.stored('SJC');
      const other = await Room.open({ now: room.now });
      const rows = exported.map(({ at, buy, sell, checkedAt, id }): ImportedRow => [at, buy, sell, checkedAt, id]);
      await other.import('SJC', rows, { provider: 'sjc', company: 'SJC' });
      expect(await other.stored('SJC')).to.deep.equal(exported);
      await other.close();
    });

    it('makes texts safe to show', async () => {
      const evil = '\u001b[2J\u202ex\x1fy';
      await room.import('SJC', [[NOON, 148e6, 151e6, null, evil]], { company: evil, brand: evil });
      expect(one()).to.include({ company: '[2Jxy', brand: '[2Jxy', id: '[2Jxy' });
    });

    it('stands names that objects have by nature', async () => {
      const told = { market: 'gold', currency: 'VND', unit: 'tael' } as const;
      for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
        await room.import(name, [[NOON, 148e6, 151e6]], { ...told, provider: 'constructor', company: '__proto__' });
        expect(one(name).instrument).to.equal(name.toUpperCase());
      }
      expect(await room.import('SJC', [[NOON, 148e6, 151e6]], { provider: 'constructor' })).to.include({ stored: 1 });
      const { candles } = await room.rates.history(room.rates.resolve('SJC'), {
        interval: '1d',
        from: NOON - DAY,
        to: NOON + DAY,
        provider: 'constructor',
      });
      expect(candles[0]).to.include({ open: 151e6, count: 1 });
    });

    it('does not let an old price look fresh, nor a bank board look old', async () => {
      await room.import('USD', [[NOON - 30 * DAY, 26_000, 26_400]]);
      expect(one('USD').stale).to.equal(true);
      await room.receive('vietcombank', money('USD', 26_100, 26_500, { at: NOON - 12 * HOUR }));
      expect(room.rates.list('fx')[0]).to.include({ provider: 'vietcombank', stale: false });
    });
  });
});
