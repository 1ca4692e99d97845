import { expect } from 'chai';
import type { DatedNewQuote, NewQuote, Quote } from '../../src/domain/quote.ts';
import type { JournalRecord } from '../../src/engine/types.ts';
import type { ImportedRow } from '../../src/projections/journal-records.ts';
import { coin, DAY, HOUR, MINUTE, money, NOON, Room, refusal, sjc, world } from './room.ts';

describe('QuoteIngest', () => {
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
  });
  afterEach(() => room.close());

  const one = (instrument = 'SJC') => room.get(instrument)[0]!;
  const prices = async (instrument = 'SJC') =>
    (await room.stored(instrument)).map(({ sell }) => (sell === null ? null : sell / 1e6));

  describe('aliases', () => {
    /** The aliases of the records, and how many quotes or rows each has. */
    const recorded = async () => {
      const found: [aliases: unknown, beside: number][] = [];
      for await (const [, text] of room.store.range({ gte: 'j/', lt: 'j0' })) {
        const { aliases, quotes, rows } = JSON.parse(text) as JournalRecord & { quotes?: unknown[]; rows?: unknown[] };
        if (aliases !== undefined) found.push([aliases, (quotes ?? rows)!.length]);
      }
      return found;
    };
    const ID = 'SJC\x1fsjc\x1fSJC\x1f';

    it('are stored once, also if the price is unchanged', async () => {
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

    it('of refused quotes are not stored', async () => {
      const { refused } = await room.receive('sjc', sjc(148, 151), sjc(1, 2, { brand: 'x', aliases: ['Kim Ngưu'] }));
      expect(refused).to.have.length(1);
      expect(await recorded()).to.deep.equal([]);
    });

    it('are sanitised and limited per series', async () => {
      for (let i = 0; i < 30; i++) {
        room.now += MINUTE;
        const aliases = [`\u001b[2J${i}\u202e`, 'x'.repeat(5000), ''];
        await room.receive('sjc', ...[sjc(148, 151, { aliases }), sjc(148, 151, { aliases: [`more ${i}`] })]);
      }
      expect(room.view.quotes.aliasesOf(ID)).to.deep.equal([0, 1, 2, 3].flatMap((i) => [`[2J${i}`, `more ${i}`]));
      expect(await recorded()).to.have.length(4);
    });

    it('are stored with history, also for known rows', async () => {
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

    it('are stored with an import, also if an import without them is repeated', async () => {
      const rows: ImportedRow[] = [[NOON - DAY, 148e6, 151e6]];
      await room.import('SJC', rows);
      expect(await room.import('SJC', rows, { aliases: ['Kim Ngưu'] })).to.include({ stored: 0, duplicates: 1 });
      expect(await room.import('SJC', rows, { aliases: ['Kim Ngưu'] })).to.include({ stored: 0, duplicates: 1 });
      expect(await recorded()).to.deep.equal([[['Kim Ngưu'], 0]]);
      await room.import('SJC', [[NOON, 1, 2]], { aliases: ['refused'], brand: 'x' });
      expect(await recorded()).to.have.length(1);
    });

    it('do not decide which instrument an import is for', async () => {
      await room.import('SJC', [[NOON - DAY, 148e6, 151e6]], { aliases: ['Kim Ngưu'] });
      const kind = { market: 'gold', currency: 'VND', unit: 'tael' } as const;
      await room.import('Kim Ngưu', [[NOON - DAY, 140e6, 141e6]], kind);
      expect(room.get('KIM-NGUU').map(({ sell }) => sell)).to.deep.equal([141e6]);
    });
  });

  describe('receive', () => {
    it('stores new prices and moves checkedAt of unchanged ones', async () => {
      expect(await room.receive('sjc', sjc(148, 151))).to.deep.equal({
        stored: 1,
        confirmed: 0,
        held: 0,
        refused: [],
        statedAt: NOON,
        distance: null,
      });
      expect(one()).to.include({
        buy: 148e6,
        sell: 151e6,
        at: NOON,
        checkedAt: NOON,
        id: String(NOON),
      });
      room.now += 30 * MINUTE;
      // The provider states another time for the same price: the price still holds since the first time.
      const again = await room.receive('sjc', sjc(148, 151, { at: room.now }));
      expect(again).to.include({ stored: 0, confirmed: 1 });
      expect(one()).to.include({ at: NOON, checkedAt: NOON + 30 * MINUTE, statedAt: NOON + 30 * MINUTE });
      room.now += 30 * MINUTE;
      expect(await room.receive('sjc', sjc(148, 152, { at: room.now }))).to.include({ stored: 1, confirmed: 0 });
      expect((await room.stored('SJC')).map(({ sell, at, checkedAt }) => [sell, at, checkedAt])).to.deep.equal([
        [151e6, NOON, NOON + 30 * MINUTE],
        [152e6, NOON + HOUR, NOON + HOUR],
      ]);
    });

    it('stores a change of one side', async () => {
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

    it('keeps checkedAt of series that are missing in the response', async () => {
      await room.receive('sjc', sjc(148, 151, { brand: 'a' }), sjc(148, 151, { brand: 'b' }));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151, { brand: 'a' }));
      room.now += HOUR;
      await room.receive('sjc', sjc(150, 153, { brand: 'a', at: room.now }));
      const checked = Object.fromEntries(room.get('SJC').map(({ brand, checkedAt }) => [brand, checkedAt]));
      expect(checked).to.deep.equal({ a: NOON + 2 * HOUR, b: NOON });
    });

    it('confirms only series of this provider', async () => {
      await room.receive('sjc', sjc(148, 151));
      await room.receive('pnj', sjc(148, 151, { provider: 'pnj' }));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151));
      expect(room.get('SJC').map(({ provider, checkedAt }) => [provider, checkedAt])).to.deep.equal([
        ['sjc', NOON + HOUR],
        ['pnj', NOON],
      ]);
    });

    it('attributes quotes to the requested provider, even if they name another', async () => {
      await room.receive('sjc', sjc(148, 151, { provider: 'pnj' }));
      expect(one().provider).to.equal('sjc');
    });

    it('keeps confirmations across a restart', async () => {
      await room.receive('sjc', sjc(148, 151));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151));
      const { store, now } = room;
      await room.close();
      room = await Room.open({ store, now });
      expect(one()).to.include({ at: NOON, checkedAt: NOON + HOUR });
    });

    it('sets observedFrom to the time of receipt if the same series has an imported price', async () => {
      await room.import('SJC', [[NOON - HOUR, 148e6, 151e6]], { provider: 'sjc', company: 'SJC' });
      expect(await room.receive('sjc', { ...sjc(148, 151), at: undefined })).to.include({ stored: 1, confirmed: 0 });
      expect(one()).to.include({ at: NOON, checkedAt: NOON, observedFrom: NOON });
    });

    it('appends one record per response, and none if no quote is accepted', async () => {
      await room.receive('sjc', sjc(148, 151), sjc(148, 151, { brand: 'b' }));
      expect(room.engine.journal.head()).to.equal(1);
      await room.receive('sjc', sjc(-1, 2));
      await room.receive('sjc');
      expect(room.engine.journal.head()).to.equal(1);
    });

    describe('units and currencies', () => {
      it("converts to the instrument's unit", async () => {
        await room.receive('pnj', sjc(14.8, 15.1, { unit: 'chi' }));
        expect(one()).to.include({ buy: 148e6, sell: 151e6, unit: 'tael', currency: 'VND' });
        await room.receive('gold-api', world(100, { unit: 'g' }));
        expect(one('XAU').sell).to.be.closeTo(3110.34768, 1e-9);
        expect(one('XAU').unit).to.equal('ozt');
        // The same price in another unit is the same price.
        expect(await room.receive('pnj', sjc(148, 151))).to.include({ stored: 0, confirmed: 1 });
      });

      it('uses the unit of the first quote for a new instrument', async () => {
        await room.receive('pnj', sjc(14.8, 15.1, { instrument: 'NEW-RING', unit: 'chi' }));
        await room.receive('sjc', sjc(148, 151, { instrument: 'NEW-RING' }));
        expect(room.get('NEW-RING').map(({ sell, unit }) => [sell, unit])).to.deep.equal([
          [15.1e6, 'chi'],
          [15.1e6, 'chi'],
        ]);
      });

      it('uses the market of the instrument, even if the provider names another', async () => {
        await room.receive('sjc', sjc(148, 151, { market: 'crypto' }));
        expect(one().market).to.equal('gold');
        expect(room.rates.list('crypto')).to.deep.equal([]);
      });

      it('refuses other currencies and units that do not compare', async () => {
        const { refused, ...counts } = await room.receive(
          'coingecko',
          coin('BTC', 1_750_000_000, { currency: 'VND' }),
          coin('ETH', 3000, { unit: 'tael' }),
          world(4000, { unit: 'each' }),
          sjc(148, 151, { currency: 'USD' }),
        );
        expect(counts).to.include({ stored: 0, confirmed: 0, held: 0 });
        expect(refused.map(({ reason }) => reason)).to.deep.equal([
          'it is in VND, BTC is in USD',
          'it is per tael, ETH is per coin',
          'it is per each, XAU is per ozt',
          'it is in USD, SJC is in VND',
        ]);
        expect(room.rates.list()).to.deep.equal([]);
      });

      it('refuses invalid instrument ids', async () => {
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
          expect(refused.map(({ reason }) => reason)).to.deep.equal(['its instrument is not a valid id']);
        }
      });
    });

    describe('implausible prices', () => {
      const reasons = async (...quotes: NewQuote[]) =>
        (await room.receive('sjc', ...quotes)).refused.map(({ reason }) => reason);

      it('are refused, reported and never shown', async () => {
        for (const quote of [
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
        ]) {
          expect(await reasons(quote)).to.have.length(1);
        }
        expect(room.get('SJC')).to.deep.equal([]);
        // Possible prices are held, invalid ones are not.
        expect(room.edits.listHeld().map(({ quote }) => quote.sell)).to.deep.equal([151e6, 1513e6, 9.9e6]);
      });

      it('do not confirm the current price', async () => {
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

      it('are accepted if three responses over two intervals repeat them', async () => {
        await room.receive('sjc', sjc(150, 150));
        for (const minutes of [30, 30]) {
          room.now += minutes * MINUTE;
          expect(await reasons(sjc(190, 190, { at: room.now }))).to.deep.equal([
            'sell 190,000,000 is 27% over the last price (150,000,000)',
          ]);
          expect(one()).to.include({ sell: 150e6, checkedAt: NOON });
        }
        expect(room.edits.listHeld()).to.have.length(1);
        room.now += 30 * MINUTE;
        expect(await room.receive('sjc', sjc(190, 190, { at: room.now }))).to.include({ stored: 1 });
        expect(one()).to.include({ sell: 190e6, at: room.now, stale: false });
        expect(room.edits.listHeld()).to.deep.equal([]);
      });

      it('of another unit stay held, no matter how long they last', async () => {
        await room.receive('sjc', sjc(150, 152));
        for (let i = 0; i < 100; i++) {
          room.now += 30 * MINUTE;
          expect((await reasons(sjc(15, 15.2, { at: room.now })))[0]).to.match(/per chỉ/);
        }
        expect(room.edits.listHeld()).to.have.length(1);
        expect(one()).to.include({ sell: 152e6, stale: true });
      });

      it('are accepted if a second source agrees', async () => {
        await room.receive('sjc', sjc(150, 150));
        await room.receive('pnj', sjc(150, 150, { provider: 'pnj' }));
        room.now += 30 * MINUTE;
        expect(await reasons(sjc(190, 190, { at: room.now }))).to.have.length(1);
        room.now += MINUTE;
        const second = await room.receive('pnj', sjc(191, 191, { provider: 'pnj', at: room.now }));
        expect(second).to.include({ stored: 1 });
        room.now += 29 * MINUTE;
        expect(await room.receive('sjc', sjc(190, 190, { at: room.now }))).to.include({ stored: 1 });
        expect(room.edits.listHeld()).to.deep.equal([]);
      });

      it('is not accepted because another provider once stated the same: the held price must be current', async () => {
        await room.receive('sjc', sjc(150, 150));
        await room.receive('pnj', sjc(150, 150, { provider: 'pnj' }));
        room.now += 30 * MINUTE;
        expect(await reasons(sjc(190, 190, { at: room.now }))).to.have.length(1);
        // pnj confirms its price for longer than a price may be without a response; sjc does not respond.
        for (let i = 0; i < 4; i++) {
          room.now += 30 * MINUTE;
          await room.receive('pnj', sjc(150, 150, { provider: 'pnj', at: room.now }));
        }
        expect(room.edits.listHeld()).to.have.length(1);
        expect(await room.receive('pnj', sjc(191, 191, { provider: 'pnj', at: room.now }))).to.include({ stored: 0 });
      });

      it('is not accepted because another provider states a held price that a factor explains', async () => {
        const bitcoin = (provider: string, price: number) =>
          room.receive(provider, {
            ...sjc(null, null, { provider, at: room.now, company: provider }),
            ...{ instrument: 'BTC', market: 'crypto', currency: 'USD', unit: 'coin', buy: price, sell: price },
          });
        for (const provider of ['vietcombank', 'sjc']) await bitcoin(provider, 92_874);
        room.now += 10 * MINUTE;
        expect(await bitcoin('vietcombank', 928_740)).to.include({ stored: 0 }); // ten times too high
        for (const price of [80_000, 74_000]) {
          room.now += 10 * MINUTE;
          expect(await bitcoin('sjc', price)).to.include({ stored: 1 });
        }
        room.now += 10 * MINUTE;
        expect(await bitcoin('sjc', 932_080)).to.include({ stored: 0 }); // a move of 26 %, ten times too high
      });

      it('include one wrong side beside a right other side', async () => {
        await room.receive('sjc', sjc(150, 152));
        room.now += 30 * MINUTE;
        expect((await reasons(sjc(15, 152, { at: room.now })))[0]).to.match(/buy/);
        expect(one()).to.include({ buy: 150e6, checkedAt: NOON });
      });

      it('stay discarded at that level, also after a restart, and are held at another level', async () => {
        const held = () => room.edits.listHeld().map(({ id, quote }) => [id, quote.sell]);
        await room.receive('sjc', sjc(150, 150));
        room.now += 30 * MINUTE;
        await room.receive('sjc', sjc(190, 190, { at: room.now }));
        expect(held()).to.deep.equal([[1, 190e6]]);
        await room.edits.decide(1, false, { by: 'leia' });
        for (let i = 0; i < 5; i++) {
          if (i === 2) {
            const { store, now } = room;
            await room.close();
            room = await Room.open({ store, now });
          }
          room.now += 30 * MINUTE;
          expect((await reasons(sjc(190.5, 190.5, { at: room.now })))[0]).to.match(/27% over .*\(discarded\)$/);
        }
        expect(held()).to.deep.equal([]);
        expect(one()).to.include({ sell: 150e6, checkedAt: NOON, stale: true });
        room.now += 30 * MINUTE;
        await room.receive('sjc', sjc(220, 220, { at: room.now }), sjc(190, 190, { brand: 'b', at: room.now }));
        expect(held()).to.deep.equal([[2, 220e6]]);
      });

      it('are accepted once a second source agrees with a discarded price', async () => {
        await room.receive('sjc', sjc(150, 150));
        room.now += 30 * MINUTE;
        await room.receive('sjc', sjc(190, 190, { at: room.now }));
        await room.edits.decide(1, false, { by: 'leia' });
        await room.receive('pnj', sjc(191, 191, { provider: 'pnj', at: room.now }));
        expect(one('SJC')).to.include({ provider: 'sjc', sell: 150e6 });
        room.now += 30 * MINUTE;
        expect(await room.receive('sjc', sjc(190, 190, { at: room.now }))).to.include({ stored: 1 });
        expect(one()).to.include({ sell: 190e6 });
        expect(room.view.quotes.heldQuotes.allOf('SJC\x1fsjc\x1fSJC\x1f')).to.deep.equal([]);
      });

      it('replace a first price that was compared with nothing, also after a restart', async () => {
        const reopen = async () => {
          const { store, now } = room;
          await room.close();
          room = await Room.open({ store, now });
        };
        await room.receive('coingecko', coin('DOGE', 1));
        await reopen();
        for (let i = 0; i < 2; i++) {
          room.now += MINUTE;
          expect((await room.receive('coingecko', coin('DOGE', 0.1, { at: room.now }))).refused).to.have.length(1);
        }
        room.now += MINUTE;
        expect(await room.receive('coingecko', coin('DOGE', 0.1, { at: room.now }))).to.include({ stored: 1 });
        // It was held until it was confirmed: it counts like any other price.
        await reopen();
        for (let i = 0; i < 5; i++) {
          room.now += MINUTE;
          expect((await room.receive('coingecko', coin('DOGE', 1, { at: room.now }))).refused).to.have.length(1);
        }
      });

      it('do not replace a first price that lasted for two intervals, moving or not', async () => {
        for (const prices of [
          [0.1, 0.1, 0.1],
          [0.1, 0.102, 0.103],
        ]) {
          room = await Room.open();
          for (const price of prices) {
            await room.receive('coingecko', coin('DOGE', price, { at: room.now }));
            room.now += MINUTE;
          }
          for (let i = 0; i < 5; i++) {
            room.now += MINUTE;
            expect((await room.receive('coingecko', coin('DOGE', 1, { at: room.now }))).refused).to.have.length(1);
          }
        }
      });

      it('are checked after the conversion', async () => {
        expect((await room.receive('pnj', sjc(148, 151, { unit: 'chi' }))).refused[0]!.reason).to.match(/outside of/);
      });
    });

    describe('two rows of a series in one response', () => {
      it('count once: the one with the later time, else the later row', async () => {
        await room.receive('sjc', sjc(148, 151, { at: NOON - MINUTE }), sjc(147, 150, { at: NOON - HOUR }));
        expect(one()).to.include({ sell: 151e6, at: NOON - MINUTE });
        room.now += HOUR;
        const both = [sjc(149, 152, { at: room.now - 1 }), sjc(149, 153, { at: room.now })];
        expect(await room.receive('sjc', ...both)).to.include({ stored: 1, confirmed: 0 });
        expect(one()).to.include({ sell: 153e6, at: room.now });
        room.now += HOUR;
        await room.receive('sjc', sjc(149, 154, { at: room.now }), sjc(149, 155, { at: room.now }));
        expect(one()).to.include({ sell: 155e6 });
        expect(await prices()).to.deep.equal([150, 151, 152, 153, 155]);
      });

      it('confirm if the row that counts has the current price', async () => {
        await room.receive('sjc', sjc(148, 151));
        room.now += HOUR;
        const both = [sjc(149, 152, { at: room.now - 1 }), sjc(148, 151, { at: room.now })];
        expect(await room.receive('sjc', ...both)).to.include({ stored: 0, confirmed: 1 });
        expect(one()).to.include({ sell: 151e6, checkedAt: room.now });
      });

      it('are not affected by a refused row of another series', async () => {
        await room.receive('sjc', sjc(148, 151, { at: NOON - MINUTE }), sjc(1480, 1510, { brand: 'b' }));
        expect(await prices()).to.deep.equal([151]);
      });

      it('confirm nothing if the newer row is implausible', async () => {
        await room.receive('sjc', sjc(148, 151));
        room.now += HOUR;
        const both = [sjc(148, 151, { at: NOON }), sjc(1480, 1510, { at: room.now })];
        expect(await room.receive('sjc', ...both)).to.include({ stored: 0, confirmed: 0, held: 1 });
        expect(one()).to.include({ sell: 151e6, checkedAt: NOON });
      });
    });

    describe('the time of a price', () => {
      it('is when a correction was received, if the provider states one time for two prices', async () => {
        await room.receive('sjc', sjc(148, 151, { at: NOON - HOUR }));
        room.now += 30 * MINUTE;
        await room.receive('sjc', sjc(148, 152, { at: NOON - HOUR }));
        expect((await room.stored('SJC')).map(({ sell, at }) => [sell! / 1e6, at])).to.deep.equal([
          [151, NOON - HOUR],
          [152, NOON + 30 * MINUTE],
        ]);
      });

      it('is now if the provider states a time slightly ahead', async () => {
        await room.receive('sjc', sjc(148, 151, { at: NOON + 5 * MINUTE }));
        expect(one()).to.include({ at: NOON, checkedAt: NOON });
      });

      it('is the stated time of an older response, and the latest price stays', async () => {
        await room.receive('sjc', sjc(150, 152, { at: NOON - HOUR }));
        room.now += 30 * MINUTE;
        const older = await room.receive('sjc', sjc(145, 147, { at: NOON - 48 * HOUR }));
        expect(older).to.include({ stored: 0, confirmed: 0 });
        expect(one()).to.include({ sell: 152e6, at: NOON - HOUR, checkedAt: NOON });
        expect((await room.stored('SJC')).map(({ sell, at }) => [sell! / 1e6, at])).to.deep.equal([
          [147, NOON - 48 * HOUR],
          [152, NOON - HOUR],
        ]);
      });

      it('does not contradict later confirmations', async () => {
        await room.receive('sjc', sjc(150, 152, { at: NOON }));
        for (let i = 0; i < 3; i++) {
          room.now += 30 * MINUTE;
          await room.receive('sjc', sjc(150, 152, { at: room.now }));
        }
        await room.receive('sjc', sjc(145, 147, { at: NOON + 45 * MINUTE }));
        expect(await prices()).to.deep.equal([152]);
      });

      it('is old if the provider says so, no matter when it was fetched', async () => {
        const then = Date.parse('2017-04-11T08:53:59+07:00');
        for (let i = 0; i < 3; i++) {
          await room.receive('sjc', sjc(36.42, 36.62, { at: then }));
          room.now += 30 * MINUTE;
        }
        expect(one()).to.include({ at: then, checkedAt: then, stale: true });
        await room.receive('pnj', sjc(148, 151, { provider: 'pnj', at: room.now }));
        expect(room.get('SJC').map(({ provider }) => provider)).to.deep.equal(['pnj', 'sjc']);
        const { quotes, before } = await room.rates.quotesOn('2020-08-07', 'SJC');
        expect(quotes).to.deep.equal([]);
        expect(before.map(({ sell }) => sell)).to.deep.equal([36.62e6]);
      });

      it('starts a new observation after a gap', async () => {
        await room.receive('sjc', sjc(150, 152, { at: NOON }));
        const again = NOON + 90 * DAY;
        room.now = again;
        await room.receive('sjc', sjc(150, 152, { at: again - MINUTE }));
        expect((await room.stored('SJC')).map(({ at, checkedAt }) => [at, checkedAt])).to.deep.equal([
          [NOON, NOON],
          [again - MINUTE, again],
        ]);
        const { quotes, before } = await room.rates.quotesOn('2026-09-01', 'SJC');
        expect([quotes.length, before.map(({ at }) => at)]).to.deep.equal([0, [NOON]]);
      });

      it('is not changed by a late record', async () => {
        await room.receive('sjc', sjc(148, 151));
        const late = { ...sjc(140, 145), at: NOON - HOUR, checkedAt: NOON - HOUR, id: 'LATE' };
        const { journal } = room.engine;
        await journal.append({ kind: 'rates.received', at: NOON - HOUR, provider: 'sjc', quotes: [late], missing: [] });
        expect(one()).to.include({ sell: 151e6, at: NOON, checkedAt: NOON });
        expect(await prices()).to.deep.equal([151]);
      });
    });

    it('sanitises and truncates texts', async () => {
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

    it('accepts a provider and texts named like Object.prototype properties', async () => {
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
    const day = (i: number, sell: number, more: Partial<DatedNewQuote> = {}) =>
      sjc(sell - 3, sell, { at: NOON - i * DAY, ...more });
    it('is stored once, in any order and with repetitions', async () => {
      const quotes = [day(1, 150), day(3, 148), day(2, 149)];
      expect(await room.intake.receiveHistory('sjc', quotes)).to.deep.include({ stored: 3, confirmed: 0, refused: [] });
      const head = room.engine.journal.head();
      expect(await room.intake.receiveHistory('sjc', quotes)).to.deep.include({ stored: 0, confirmed: 0, refused: [] });
      expect(await room.intake.receiveHistory('sjc', [day(1, 160), day(4, 147)])).to.include({ stored: 1 });
      expect(room.engine.journal.head()).to.equal(head + 1);
      expect(await prices()).to.deep.equal([147, 148, 149, 150]);
      expect(one()).to.include({ sell: 150e6, at: NOON - DAY, checkedAt: NOON - DAY, stale: true });
    });

    it('counts two rows of one instant once', async () => {
      expect(await room.intake.receiveHistory('sjc', [day(1, 150), day(1, 151)])).to.include({ stored: 1 });
      expect(await prices()).to.deep.equal([151]);
    });

    it('is stored before live quotes and leaves them unchanged', async () => {
      await room.receive('sjc', sjc(148, 151));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151));
      await room.intake.receiveHistory('sjc', [day(2, 149), day(1, 150), day(0, 999)]);
      expect(one()).to.include({ sell: 151e6, at: NOON, checkedAt: NOON + HOUR });
      expect(await prices()).to.deep.equal([149, 150, 151]);
    });

    it('is compared with neighbours in time, and implausible rows are held', async () => {
      const { stored, held, refused } = await room.intake.receiveHistory('sjc', [
        day(1, 150),
        day(2000, 60),
        day(6000, 20),
        day(2, 1500),
        day(3, 15),
        sjc(180, 150, { at: NOON - 5 * DAY }),
        day(-1, 150),
        day(4, 150, { currency: 'USD' }),
      ]);
      expect([stored, held, refused.length]).to.deep.equal([3, 3, 5]);
      expect(await prices()).to.deep.equal([20, 60, 150]);
      expect(await room.intake.receiveHistory('sjc', [day(3, 15)])).to.include({ held: 0 });
    });

    it('accepts a new level if the next price agrees', async () => {
      const { stored, held } = await room.intake.receiveHistory('sjc', [
        day(5, 100),
        day(4, 140),
        day(3, 141),
        day(2, 100),
        day(1, 142),
      ]);
      expect([stored, held]).to.deep.equal([4, 1]);
      expect(await prices()).to.deep.equal([100, 140, 141, 142]);
    });

    it('accepts a new level if the next page agrees, with one day per page', async () => {
      for (const [i, sell] of [100, 140, 141, 100, 142, 1420, 1420].entries()) {
        await room.intake.receiveHistory('sjc', [day(9 - i, sell)]);
      }
      expect(await prices()).to.deep.equal([100, 140, 141, 142]);
      expect(room.edits.listHeld().map(({ quote }) => quote.sell! / 1e6)).to.deep.equal([1420, 100]);
      const { store } = room;
      await room.close();
      room = await Room.open({ store });
      expect(await prices()).to.deep.equal([100, 140, 141, 142]);
    });

    it('is converted, keeps its own ids, and is split by series', async () => {
      await room.intake.receiveHistory('sjc', [
        sjc(14.8, 15.1, { unit: 'chi', at: NOON - DAY, id: 'A1' }),
        day(2, 150, { brand: 'Hà Nội' }),
        sjc(0.06, 0.0601, { instrument: 'BTC', market: 'crypto', currency: 'USD', unit: 'coin', at: NOON - DAY }),
      ]);
      expect((await room.stored('SJC')).map(({ brand, sell, id }) => [brand, sell, id])).to.deep.equal([
        ['', 151e6, 'A1'],
        ['Hà Nội', 150e6, String(NOON - 2 * DAY)],
      ]);
      expect(one('BTC')).to.include({ unit: 'coin', market: 'crypto' });
    });

    it('is written in records of at most 2,000 rows', async () => {
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

    it('is done once per provider, also across a restart', async () => {
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

    it('refuses rows that differ as a whole from stored ones, and names the first such row', async () => {
      await room.import('SJC', [
        [NOON - 2 * DAY, 148e6, 151e6],
        [NOON - DAY, 148e6, 151e6],
      ]);
      const far: ImportedRow[] = [
        [NOON - 2 * DAY, null, 100e6],
        [NOON - DAY, null, 101e6],
      ];
      const { stored, refused } = await room.import('SJC', far, { provider: 'shop' });
      expect(stored).to.equal(0);
      const reason = 'sell 100,000,000 is 34% under import (151,000,000)';
      expect(refused.map((each) => each.reason)).to.deep.equal([
        reason,
        `most prices of the file are implausible, for example on 2026-07-18: ${reason}`,
      ]);
      expect(await room.import('SJC', far, { provider: 'shop' }, { force: true })).to.include({ stored: 2 });
    });

    it('creates a new instrument if market, currency and unit are given', async () => {
      for (const [more, missing] of [
        [{}, 'its market (--market), its currency (--currency), its unit (--unit)'],
        [{ market: 'gold', unit: 'tael' }, 'its currency (--currency)'],
        [{ currency: 'VND', unit: 'tael' }, 'its market (--market)'],
        [{ currency: 'VND', market: 'gold' }, 'its unit (--unit)'],
      ] as const) {
        const failure = await refusal(() => room.import('Kim Long 9999', [[NOON, 1, 1]], more), 'INVALID_PARAMS');
        expect(failure.message).to.equal(`KIM-LONG-9999 is a new instrument: add ${missing}.`);
      }
      const told = { market: 'gold', currency: 'vnd', unit: 'chi' } as const;
      expect(await room.import('Kim Long 9999', [[NOON, 14.8e6, 15.1e6]], told)).to.include({ stored: 1 });
      expect(one('kim long 9999')).to.include({ instrument: 'KIM-LONG-9999', unit: 'chi', currency: 'VND' });
      // now known, by its own unit
      expect(await room.import('KIM-LONG-9999', [[NOON + 1, 148e6, 151e6]], { unit: 'tael' })).to.include({
        stored: 1,
      });
      expect(one('KIM-LONG-9999').sell).to.equal(15.1e6);
    });

    it('refuses an ambiguous series', async () => {
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
      expect(room.rates.list()).to.deep.equal([]);
    });

    it('converts units', async () => {
      await room.import('SJC', [[NOON, 14.8e6, 15.1e6]], { unit: 'chi' });
      expect(one()).to.include({ buy: 148e6, sell: 151e6, unit: 'tael' });
      await room.import('XAU', [[NOON, null, 100]], { unit: 'g', currency: 'usd' });
      expect(one('XAU').sell).to.be.closeTo(3110.34768, 1e-9);
    });

    it('refuses rows by their index, and accepts the rest', async () => {
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
        '1: buy 14,800,000 is outside of 80,200,000-292,000,000 VND/tael, the range of 2026: per chỉ? --unit chi',
        '2: buy 160,000,000 is 6% over sell 151,000,000',
        '3: it has neither a buy nor a sell price',
        '4: its time is 1 h in the future',
        '5: its time is not valid',
        '6: its time is not valid',
        '7: its time is not valid',
        '8: buy is not a number',
        '9: checkedAt is before at',
        '10: checkedAt is in the future',
        '11: checkedAt is before at',
      ]);
      expect(await prices()).to.deep.equal([151, 151]);
    });

    it('skips duplicates and refuses another price for the same instant', async () => {
      const rows: ImportedRow[] = [
        [NOON - DAY, 148e6, 151e6],
        [NOON, 149e6, 152e6],
      ];
      expect(await room.import('SJC', [...rows, rows[0]!])).to.deep.equal({ stored: 2, duplicates: 1, refused: [] });
      expect(await room.import('SJC', rows)).to.deep.equal({ stored: 0, duplicates: 2, refused: [] });
      expect(await room.import('SJC', [[NOON, 149e6, 153e6]])).to.deep.equal({
        stored: 0,
        duplicates: 0,
        refused: [
          {
            row: 0,
            reason: 'another price is stored for that time: buy 149000000, sell 152000000 (--replace overwrites it)',
          },
        ],
      });
      expect(await reasons([NOON - 1, 148e6, 151e6], [NOON - 1, 148e6, 150e6])).to.have.length(1);
      expect(await prices()).to.deep.equal([151, 151, 152]);
    });

    it('accepts the same row in another series', async () => {
      for (const more of [{}, { company: 'SJC' }, { company: 'SJC', brand: 'Hà Nội' }, { provider: 'sjc' }]) {
        expect(await room.import('SJC', [[NOON, 148e6, 151e6]], more)).to.include({ stored: 1, duplicates: 0 });
      }
    });

    it('stores one of two concurrent imports of a row', async () => {
      const rows: ImportedRow[] = [[NOON, 148e6, 151e6]];
      const both = await Promise.all([room.import('SJC', rows), room.import('SJC', rows)]);
      expect(both.map(({ stored, duplicates }) => [stored, duplicates])).to.deep.equal([
        [1, 0],
        [0, 1],
      ]);
      expect(await prices()).to.deep.equal([151]);
    });

    it('restores an export: every quote with its times and its id', async () => {
      await room.receive('sjc', sjc(148, 151, { id: 'A' }));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151));
      room.now += HOUR;
      await room.receive('sjc', sjc(null, 152, { at: room.now }));
      const exported = await room.stored('SJC');
      const other = await Room.open({ now: room.now });
      const rows = exported.map(({ at, buy, sell, checkedAt, id }): ImportedRow => [at, buy, sell, checkedAt, id]);
      await other.import('SJC', rows, { provider: 'sjc', company: 'SJC' });
      const told = ({ at, buy, sell, checkedAt, id }: Quote) => [at, buy, sell, checkedAt, id];
      expect((await other.stored('SJC')).map(told)).to.deep.equal(exported.map(told));
      await other.close();
    });

    it('sanitises texts', async () => {
      const evil = '\u001b[2J\u202ex\x1fy';
      await room.import('SJC', [[NOON, 148e6, 151e6, null, evil]], { company: evil, brand: evil });
      expect(one()).to.include({ company: '[2Jxy', brand: '[2Jxy', id: '[2Jxy' });
    });

    it('accepts names of Object.prototype properties', async () => {
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

    it('makes neither an old price look fresh nor a bank board look old', async () => {
      await room.import('USD', [[NOON - 30 * DAY, 26_000, 26_400]]);
      expect(one('USD').stale).to.equal(true);
      await room.receive('vietcombank', money('USD', 26_100, 26_500, { at: NOON - 12 * HOUR }));
      expect(room.rates.list('fx')[0]).to.include({ provider: 'vietcombank', stale: false });
    });
  });
});
