import { expect } from 'chai';
import type { DatedNewQuote, Quote } from '../../src/domain/quote.ts';
import type { ImportedRow } from '../../src/projections/journal-records.ts';
import { coin, DAY, HOUR, MINUTE, money, NOON, Room, refusal, sjc, world } from './room.ts';

const at = (text: string) => Date.parse(`${text}+07:00`);

describe('RateQueries', () => {
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
  });
  afterEach(() => room.close());

  describe('resolve', () => {
    it('finds ids, names and aliases, ignoring case, accents and spaces', () => {
      for (const [text, id] of [
        ['SJC', 'SJC'],
        ['sjc', 'SJC'],
        ['  Sjc ', 'SJC'],
        ['vàng sjc', 'SJC'],
        ['Vang  Mieng  SJC', 'SJC'],
        ['VÀNG SJC'.normalize('NFD'), 'SJC'],
        ['pnj ring', 'PNJ-RING'],
        ['nhẫn trơn PNJ 999.9', 'PNJ-RING'],
        ['đô la Mỹ', 'USD'],
        ['do la my', 'USD'],
        ['us dollar', 'USD'],
        ['bitcoin', 'BTC'],
        ['xau/usd', 'XAU'],
        ['matic', 'POL'],
      ] as const) {
        expect(room.rates.resolve(text).id, text).to.equal(id);
      }
    });

    it('finds instruments that were created by their first quote', async () => {
      await refusal(() => room.rates.resolve('vàng nữ trang 99%'), 'NOT_FOUND');
      await room.receive('sjc', sjc(100, 101, { instrument: 'VANG-NU-TRANG-99' }));
      for (const text of ['VANG-NU-TRANG-99', 'vang-nu-trang-99', 'Vàng nữ trang 99%', 'vang nu trang  99']) {
        expect(room.rates.resolve(text).id, text).to.equal('VANG-NU-TRANG-99');
      }
    });

    it('prefers an id to an alias', async () => {
      expect(room.rates.resolve('GOLD').id).to.equal('XAU');
      await room.receive('sjc', sjc(100, 101, { instrument: 'GOLD' }));
      expect(room.rates.resolve('gold').id).to.equal('GOLD');
    });

    it('suggests names similar to an unknown one', async () => {
      const nearest = async (text: string) => {
        const failure = await refusal(() => room.rates.resolve(text), 'NOT_FOUND');
        return { message: failure.message, suggestions: failure.data.suggestions as readonly string[] };
      };
      expect(await nearest('SJX')).to.deep.equal({
        message: 'There is no instrument "SJX". Did you mean SJC?',
        suggestions: ['SJC'],
      });
      expect((await nearest('bitcoi')).suggestions[0]).to.equal('BTC');
      expect((await nearest('vàng sjd')).suggestions).to.include('SJC');
      expect((await nearest('nhẫn')).suggestions).to.include.members(['SJC-RING', 'PNJ-RING', 'DOJI-RING']);
      expect((await nearest('nhẫn')).suggestions.length).to.be.at.most(5);
      expect(await nearest('qqqqqqqq')).to.deep.equal({
        message: 'There is no instrument "qqqqqqqq".',
        suggestions: [],
      });
      await room.receive('sjc', sjc(100, 101, { instrument: 'KIM-LONG' }));
      expect((await nearest('kim-lon')).suggestions).to.deep.equal(['KIM-LONG']);
      for (const nothing of [' ', '\u0301', '']) expect((await nearest(nothing)).suggestions).to.deep.equal([]);
    });

    it('sanitises its message, and finds no Object.prototype properties', async () => {
      const { message } = await refusal(() => room.rates.resolve('\u001b[2J\u202ex'), 'NOT_FOUND');
      expect(message).to.match(/^There is no instrument "\[2Jx"\./);
      for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
        await refusal(() => room.rates.resolve(name), 'NOT_FOUND');
      }
    });
  });

  describe('list and get', () => {
    it('return nothing before the first quote', () => {
      expect(room.rates.list()).to.deep.equal([]);
      expect(room.get('SJC')).to.deep.equal([]);
    });

    it('filter by market', async () => {
      await room.receive('sjc', sjc(148, 151));
      await room.receive('coingecko', coin('BTC', 67_000), coin('ETH', 3000));
      await room.receive('vietcombank', money('USD', 26_172, 26_412));
      const ids = (market?: 'gold' | 'crypto' | 'fx') => room.rates.list(market).map(({ instrument }) => instrument);
      expect(ids()).to.deep.equal(['BTC', 'ETH', 'SJC', 'USD']);
      expect(ids('crypto')).to.deep.equal(['BTC', 'ETH']);
      expect(ids('gold')).to.deep.equal(['SJC']);
      expect(ids('fx')).to.deep.equal(['USD']);
    });

    it('order fresh before stale, then by rank of the provider', async () => {
      const order = () => room.get('SJC').map(({ provider, stale }) => `${provider}${stale ? ' stale' : ''}`);
      const best = () => room.rates.list().map(({ provider }) => provider);
      await room.import('SJC', [[NOON - MINUTE, 150e6, 152e6]], { provider: 'elsewhere' });
      await room.receive('pnj', sjc(149, 151, { provider: 'pnj' }));
      await room.receive('sjc', sjc(148, 151));
      expect(order()).to.deep.equal(['sjc', 'pnj', 'elsewhere']);
      expect(best()).to.deep.equal(['sjc']);
      room.now = NOON + HOUR;
      await room.receive('pnj', sjc(149, 151, { provider: 'pnj' }));
      room.now = NOON + 2 * HOUR;
      expect(order()).to.deep.equal(['pnj', 'elsewhere', 'sjc stale']);
      expect(best()).to.deep.equal(['pnj']);
      // all stale: the most recently confirmed first
      room.now = NOON + 4 * DAY;
      expect(order()).to.deep.equal(['pnj stale', 'sjc stale', 'elsewhere stale']);
    });

    it('return the same order twice, also for equal ranks', async () => {
      const branches = ['Hà Nội', 'Cần Thơ', 'Đà Nẵng', 'Hồ Chí Minh'];
      await room.receive('sjc', ...branches.map((brand, i) => sjc(148 + i, 151 + i, { brand })));
      for (const provider of ['zeta', 'alpha']) await room.import('SJC', [[NOON, 150e6, 152e6]], { provider });
      const [first, chosen] = [room.get('SJC'), room.rates.list()[0]];
      for (const brand of [...branches].reverse()) {
        room.now += 1000;
        await room.receive('sjc', sjc(140 + room.now / 1e12, 150, { brand, at: room.now }));
        await room.receive('sjc', ...branches.map((brand, i) => sjc(148 + i, 151 + i, { brand, at: room.now + 1 })));
      }
      expect(room.get('SJC').map(({ provider, brand }) => [provider, brand])).to.deep.equal(
        first.map(({ provider, brand }) => [provider, brand]),
      );
      expect(room.rates.list()[0]).to.include({ brand: chosen!.brand, provider: 'sjc' });
      const { store } = room;
      await room.close();
      room = await Room.open({ store, now: room.now });
      expect(room.get('SJC').map(({ brand }) => brand)).to.deep.equal(first.map(({ brand }) => brand));
    });
  });

  describe('staleness', () => {
    const stale = (instrument: string) => room.get(instrument)[0]!.stale;

    it('begins exactly three intervals after the last confirmation', async () => {
      await room.receive('sjc', sjc(148, 151, { at: NOON - 5 * HOUR }));
      room.now = NOON + 20 * MINUTE;
      await room.receive('sjc', sjc(148, 151, { at: NOON - 5 * HOUR }));
      room.now = NOON + 20 * MINUTE + 90 * MINUTE - 1;
      expect(stale('SJC')).to.equal(false);
      room.now += 1;
      expect(stale('SJC')).to.equal(true);
      expect(room.rates.withStaleness(room.view.quotes.latest('SJC')[0]!).stale).to.equal(true);
    });

    it('begins after three days if no provider is configured', async () => {
      await room.import('SJC', [[NOON, 148e6, 151e6]]);
      room.now = NOON + 3 * DAY - 1;
      expect(stale('SJC')).to.equal(false);
      room.now += 1;
      expect(stale('SJC')).to.equal(true);
    });

    it('applies to a price from the future after the clock was set back', async () => {
      await room.receive('sjc', sjc(148, 151));
      room.now = NOON - 10 * MINUTE;
      expect(stale('SJC')).to.equal(false);
      room.now -= 1;
      expect(stale('SJC')).to.equal(true);
    });

    it('uses the clocks of the sources if the local clock is wrong', async () => {
      await room.receive('sjc', sjc(148, 151));
      room.clockOffsetMs = () => 90 * MINUTE;
      expect(stale('SJC')).to.equal(true);
      room.now += DAY;
      room.clockOffsetMs = () => -DAY;
      expect(stale('SJC')).to.equal(false);
    });

    it('begins if two other providers with newer times agree on a distant price', async () => {
      await room.receive('sjc', sjc(148, 151, { at: NOON - HOUR }));
      await room.receive('pnj', sjc(148, 151, { provider: 'pnj', at: NOON - 2 * HOUR }));
      await room.receive('gold-api', sjc(148, 151, { provider: 'gold-api', at: NOON - 2 * HOUR }));
      room.now += 10 * MINUTE;
      const moved = { buy: 186e6, sell: 189e6, at: room.now };
      const pnj = { ...sjc(186, 189), ...moved, provider: 'pnj' };
      await room.receive('pnj', pnj); // held until another provider agrees
      await room.receive('gold-api', { ...pnj, provider: 'gold-api' });
      const isStale = () => room.get('SJC').find(({ provider }) => provider === 'sjc')!.stale;
      expect(isStale(), 'one newer price is not enough').to.equal(false);
      await room.receive('pnj', pnj);
      expect(isStale()).to.equal(true);
      expect(room.rates.list()[0]).to.include({ sell: 189e6, stale: false });
    });

    it('begins early for a price that misses a response while a newer price is far away', async () => {
      await room.receive('sjc', sjc(148, 151));
      room.now += 20 * MINUTE;
      await room.import('SJC', [[room.now, 186e6, 189e6]], { provider: 'other' }, { force: true });
      const isStale = () => room.get('SJC').find(({ provider }) => provider === 'sjc')!.stale;
      room.now = NOON + 45 * MINUTE - 1;
      expect(isStale()).to.equal(false);
      expect(room.rates.freshUntil(room.get('SJC'))).to.equal(NOON + 45 * MINUTE);
      room.now += 1;
      expect(isStale()).to.equal(true);
    });

    it('is predicted by freshUntil, for the first quote that turns stale', async () => {
      expect(room.rates.freshUntil([])).to.equal(Number.POSITIVE_INFINITY);
      await room.receive('sjc', sjc(148, 151));
      await room.receive('coingecko', coin('BTC', 67_000));
      expect(room.rates.freshUntil(room.rates.list())).to.equal(NOON + 3 * MINUTE);
      expect(room.rates.freshUntil(room.rates.list('gold'))).to.equal(NOON + 90 * MINUTE);
      room.now = NOON + 3 * MINUTE;
      expect(room.rates.freshUntil(room.rates.list())).to.equal(NOON + 90 * MINUTE);
      room.now = NOON + DAY;
      expect(room.rates.freshUntil(room.rates.list())).to.equal(Number.POSITIVE_INFINITY);
    });
  });

  describe('convert', () => {
    const convert = (instrument: string, measure: string) => room.rates.convert(room.get(instrument), measure);
    beforeEach(async () => {
      await room.receive('sjc', sjc(148, 151));
      await room.receive('gold-api', world(4000));
      await room.receive('coingecko', coin('BTC', 50_000), coin('USDT', 0.5));
      await room.receive('binance', coin('BTC-USDT', 100_000, { provider: 'binance', currency: 'USDT' }));
    });

    it('converts VND gold to USD per ounce at the price a customer gets, and names both legs', async () => {
      await room.receive('vietcombank', money('USD', 26_000, 26_500, { brand: 'transfer' }));
      const [converted, ...others] = convert('SJC', 'USD/ozt');
      expect(others).to.deep.equal([]);
      const perOunce = 31.1034768 / 37.5;
      expect(converted).to.include({ currency: 'USD', unit: 'ozt' });
      // Dong for gold sold to the shop buy dollars at the bank's sell; dollars sold at its buy pay for gold.
      expect(converted!.buy).to.be.closeTo((148e6 * perOunce) / 26_500, 1e-6);
      expect(converted!.sell).to.be.closeTo((151e6 * perOunce) / 26_000, 1e-6);
      expect(converted!.legs.map(({ provider, instrument, stale }) => ({ provider, instrument, stale }))).to.deep.equal(
        [
          { provider: 'sjc', instrument: 'SJC', stale: false },
          { provider: 'vietcombank', instrument: 'USD', stale: false },
        ],
      );
      room.now = NOON + 2 * HOUR;
      expect(convert('SJC', 'usd/OZT')[0]!.legs.map(({ stale }) => stale)).to.deep.equal([true, false]);
    });

    it('converts USD to VND, each side at its own price', async () => {
      await room.receive('vietcombank', money('USD', 26_000, 26_500));
      const [converted] = convert('XAU', 'VND/tael');
      const perTael = 37.5 / 31.1034768;
      expect(converted!.buy).to.be.closeTo(4000 * perTael * 26_000, 1e-3);
      expect(converted!.sell).to.be.closeTo(4000 * perTael * 26_500, 1e-3);
      expect(convert('BTC', 'VND')[0]).to.deep.include({ buy: 50_000 * 26_000, sell: 50_000 * 26_500, unit: 'coin' });
    });

    it('converts units without any other quote', () => {
      const [converted] = convert('SJC', 'chi');
      expect(converted).to.deep.include({ currency: 'VND', unit: 'chi' });
      expect([converted!.buy, converted!.sell]).to.deep.equal([14_800_000, 15_100_000]);
      expect(converted!.legs).to.have.length(1);
      expect(convert('SJC', '/tael')[0]).to.include({ buy: 148e6, sell: 151e6 });
      expect(convert('SJC', 'VND')[0]).to.include({ buy: 148e6, sell: 151e6, unit: 'tael' });
      expect(convert('SJC', 'kg')[0]!.sell).to.be.closeTo((151e6 / 37.5) * 1000, 1e-3);
    });

    it('leaves a missing side missing', async () => {
      await room.receive('pnj', sjc(100, null, { provider: 'pnj', instrument: 'OLD-GOLD' }));
      expect(convert('OLD-GOLD', 'chi')[0]).to.include({ buy: 10_000_000, sell: null });
    });

    it('throws NOT_AVAILABLE if a leg is missing', async () => {
      const failure = await refusal(() => convert('SJC', 'USD/ozt'), 'NOT_AVAILABLE');
      expect(failure.message).to.equal('SJC is in VND/tael, and no known quote converts it to USD/ozt.');
      expect(failure.data).to.deep.equal({ field: 'in' });
    });

    it('does not treat an instrument as money if it is none or is priced in another currency', async () => {
      await room.receive('vietcombank', money('USD', 26_000, 26_500));
      // SJC looks like a code of three letters; BTC is in USD here, which says nothing about VND.
      for (const measure of ['SJC', 'BTC', 'XAU', 'PNJ/chi', 'USDT']) {
        await refusal(() => convert('SJC', measure), 'NOT_AVAILABLE');
      }
      await refusal(() => convert('BTC', 'SJC'), 'NOT_AVAILABLE');
      await refusal(() => convert('SJC', 'coin'), 'NOT_AVAILABLE');
    });

    it('uses the quote of a coin in the target currency', () => {
      expect(convert('BTC-USDT', 'USD')[0]).to.include({ buy: 50_000, sell: 50_000, currency: 'USD', unit: 'coin' });
      expect(convert('XAU', 'BTC')[0]).to.include({ buy: 0.08, sell: 0.08, currency: 'BTC', unit: 'ozt' });
    });

    it('refuses an invalid measure', async () => {
      for (const measure of [
        '',
        '/',
        'USD/',
        'USD/pound',
        'US',
        'U$D',
        'usd/ozt/x',
        'tael/VND',
        '\u001b[2J',
        'constructor',
      ]) {
        expect((await refusal(() => convert('SJC', measure), 'INVALID_PARAMS')).data).to.deep.equal({ field: 'in' });
      }
    });

    it('returns nothing for an instrument without quotes', () => {
      expect(convert('DOJI', 'USD/ozt')).to.deep.equal([]);
    });

    it('accepts unit aliases', () => {
      for (const measure of ['chỉ', 'chỉ'.normalize('NFD'), 'VND/CHỈ']) {
        expect(convert('SJC', measure)[0], measure).to.include({ buy: 14_800_000, unit: 'chi' });
      }
      expect(convert('SJC', 'lượng')[0]).to.include({ buy: 148e6, unit: 'tael' });
      expect(convert('SJC', 'phân')[0]).to.include({ buy: 1_480_000, unit: 'phan' });
      expect(convert('XAU', 'USD/troy ounce')[0]).to.include({ buy: 4000, unit: 'ozt' });
    });

    it('is stale if one leg is stale', async () => {
      room.now = NOON + HOUR;
      await room.receive('vietcombank', money('USD', 26_000, 26_500, { at: room.now }));
      const [fresh] = convert('XAU', 'VND/tael');
      expect([fresh!.stale, ...fresh!.legs.map(({ stale }) => stale)]).to.deep.equal([false, false, false]);
      room.now = NOON + 3 * HOUR;
      await room.receive('gold-api', world(4010, { at: room.now }));
      room.now = NOON + 4 * HOUR; // the dollar is due every hour
      const [stale] = convert('XAU', 'VND/tael');
      expect([stale!.stale, ...stale!.legs.map(({ stale }) => stale)]).to.deep.equal([true, false, true]);
    });
  });

  describe('convertEach', () => {
    it('converts what quotes allow, and omits the rest', async () => {
      await room.receive('sjc', sjc(148, 151));
      await room.receive('coingecko', coin('BTC', 50_000));
      await room.receive('vietcombank', money('USD', 26_000, 26_500), money('EUR', 30_000, 30_500));
      const quotes = room.rates.list();
      expect(quotes.map(({ instrument }) => instrument)).to.deep.equal(['BTC', 'EUR', 'SJC', 'USD']);
      const perChi = room.rates.convertEach(quotes, 'USD/chỉ');
      expect(perChi.map((converted) => converted?.legs.map(({ instrument }) => instrument) ?? null)).to.deep.equal([
        null,
        null,
        ['SJC', 'USD'],
        null,
      ]);
      const dollars = room.rates.convertEach(quotes, 'USD');
      expect(dollars.map((converted) => converted?.buy)).to.deep.equal([
        50_000,
        30_000 / 26_500,
        148e6 / 26_500,
        undefined, // a dollar has no price in dollars
      ]);
    });

    it('does not treat a metal as money', async () => {
      await room.receive('sjc', sjc(148, 151));
      await room.receive('gold-api', world(4000));
      for (const measure of ['XAU', 'XAG', 'SJC/tael']) {
        expect(room.rates.convertEach(room.rates.list(), measure), measure).to.deep.equal([null, null]);
      }
    });

    it('refuses an invalid measure', async () => {
      expect((await refusal(() => room.rates.convertEach([], 'USD/pound'), 'INVALID_PARAMS')).data).to.deep.equal({
        field: 'in',
      });
    });
  });

  describe('convertOn', () => {
    const convertOn = async (date: string, instrument: string, measure: string) =>
      room.rates.convertOn(date, (await room.rates.quotesOn(date, instrument)).quotes, measure);

    beforeEach(async () => {
      await room.import('SJC', [
        [at('2024-05-10T00:00:00'), 87e6, 90e6],
        [at('2024-05-11T00:00:00'), 88e6, 91e6],
      ]);
      await room.import('USD', [[at('2024-05-10T08:00:00'), 25_100, 25_500]]);
      await room.receive('vietcombank', money('USD', 26_000, 26_500));
      await room.receive('sjc', sjc(148, 151));
    });

    it('uses quotes of that day, never those of today', async () => {
      const [converted, ...others] = await convertOn('2024-05-10', 'SJC', 'USD/tael');
      expect(others).to.deep.equal([]);
      expect(converted).to.include({ buy: 87e6 / 25_500, sell: 90e6 / 25_100, currency: 'USD', unit: 'tael' });
      expect(converted!.legs.map(({ instrument, provider, at }) => [instrument, provider, at])).to.deep.equal([
        ['SJC', 'import', at('2024-05-10T00:00:00')],
        ['USD', 'import', at('2024-05-10T08:00:00')],
      ]);
      const [today] = await convertOn('2026-07-20', 'SJC', 'USD/tael');
      expect(today).to.include({ buy: 148e6 / 26_500, sell: 151e6 / 26_000, stale: false });
    });

    it('returns null if a leg has no quote that day, even if there are earlier and later ones', async () => {
      expect(await convertOn('2024-05-11', 'SJC', 'USD/tael')).to.deep.equal([null]);
      expect(await convertOn('2024-05-11', 'SJC', 'chỉ')).to.have.nested.property('[0].buy', 8_800_000);
      expect(await convertOn('2024-05-11', 'SJC', 'EUR')).to.deep.equal([null]);
      expect(await convertOn('2024-05-12', 'SJC', 'USD')).to.deep.equal([]);
    });

    it('uses the leg that was valid when the quote began, else the first one of that day', async () => {
      await room.import('USD', [
        [at('2024-05-10T12:00:00'), 25_200, 25_600],
        [at('2024-05-10T16:00:00'), 25_300, 25_700],
      ]);
      await room.import('SJC', [
        [at('2024-05-10T11:59:59'), 87e6, 91e6],
        [at('2024-05-10T12:00:00'), 87e6, 92e6],
        [at('2024-05-10T15:00:00'), 87e6, 93e6],
        [at('2024-05-10T20:00:00'), 87e6, 94e6],
      ]);
      const converted = await convertOn('2024-05-10', 'SJC', 'USD');
      expect(converted.map((each) => each!.legs[1]!.buy)).to.deep.equal([25_100, 25_100, 25_200, 25_200, 25_300]);
    });

    it('prefers the better provider of a day, unless its quote was stale by then', async () => {
      room.now = at('2026-07-21T09:00:00');
      await room.receive('vietcombank', money('USD', 26_100, 26_600, { at: room.now, brand: 'transfer' }));
      await room.receive('vietcombank', money('USD', 26_050, 26_550, { at: room.now, brand: 'cash' }));
      await room.import('USD', [[at('2026-07-21T08:00:00'), 26_010, 26_410]]);
      room.now = at('2026-07-21T23:00:00');
      await room.import('SJC', [
        [at('2026-07-21T10:00:00'), 148e6, 151e6],
        [at('2026-07-21T20:00:00'), 149e6, 152e6],
      ]);
      const { quotes } = await room.rates.quotesOn('2026-07-21', 'SJC');
      const imported = quotes.filter(({ provider }) => provider === 'import');
      const converted = await room.rates.convertOn('2026-07-21', imported, 'USD');
      const legs = converted.map((each) => [each!.legs[1]!.provider, each!.legs[1]!.brand]);
      // At 20:00 the bank's rate was unconfirmed for eleven hours; the file's rate holds for the day.
      expect(legs).to.deep.equal([
        ['vietcombank', 'cash'],
        ['import', ''],
      ]);
    });

    it('uses a quote in the target currency, and does not treat a metal as money', async () => {
      await room.import('BTC', [[at('2024-05-10T09:00:00'), 60_000, 60_000]], { unit: 'coin' });
      await room.import('XAU', [[at('2024-05-10T09:00:00'), 2300, 2300]]);
      const [inCoins] = await convertOn('2024-05-10', 'XAU', 'BTC/ozt');
      expect(inCoins).to.include({ currency: 'BTC', buy: 2300 / 60_000 });
      for (const measure of ['XAU', 'SJC', 'XAG/ozt']) {
        expect(await convertOn('2024-05-10', 'BTC', measure), measure).to.deep.equal([null]);
      }
    });

    it('refuses an invalid measure', async () => {
      expect((await refusal(() => convertOn('2024-05-10', 'SJC', 'USD/pound'), 'INVALID_PARAMS')).data).to.deep.equal({
        field: 'in',
      });
    });
  });

  describe('quotesOn', () => {
    const lookup = async (date: string) =>
      (await room.rates.quotesOn(date, 'SJC')).quotes.map(({ sell }) => sell! / 1e6);

    it('covers the Vietnam day, from midnight to midnight', async () => {
      await room.import('SJC', [
        [at('2021-12-26T23:59:59.999'), 60e6, 61e6],
        [at('2021-12-27T00:00:00'), 61e6, 62e6],
        [at('2021-12-27T23:59:59.999'), 62e6, 63e6],
        [at('2021-12-28T00:00:00'), 63e6, 64e6],
      ]);
      expect(await lookup('2021-12-26')).to.deep.equal([61]);
      expect(await lookup('2021-12-27')).to.deep.equal([62, 63]);
      expect(await lookup('2021-12-28')).to.deep.equal([64]);
      expect(await lookup('2021-12-29')).to.deep.equal([]);
    });

    it('includes a quote of the day before while it is confirmed', async () => {
      room.now = at('2026-07-20T22:00:00');
      await room.receive('sjc', sjc(148, 151, { at: room.now }));
      room.now = at('2026-07-21T06:00:00');
      await room.receive('sjc', sjc(148, 151, { at: at('2026-07-20T22:00:00') }));
      room.now = at('2026-07-21T09:00:00');
      await room.receive('sjc', sjc(149, 152, { at: room.now }));
      room.now = at('2026-07-22T09:00:00');
      expect(await lookup('2026-07-20')).to.deep.equal([151]);
      expect(await lookup('2026-07-21')).to.deep.equal([151, 152]);
      expect(await lookup('2026-07-22')).to.deep.equal([]);
    });

    it('includes every series by time, each with its staleness', async () => {
      await room.receive('sjc', sjc(148, 151), sjc(147, 150, { brand: 'Hà Nội', at: NOON - HOUR }));
      await room.receive('pnj', sjc(149, 152, { provider: 'pnj', at: NOON - 2 * HOUR }));
      room.now = NOON + 2 * HOUR;
      const { quotes } = await room.rates.quotesOn('2026-07-20', 'SJC');
      expect(quotes.map(({ sell, stale }) => [sell! / 1e6, stale])).to.deep.equal([
        [152, true],
        [150, true],
        [151, true],
      ]);
    });

    describe('by series alias', () => {
      const found = async (text: string, date = '2026-07-20') =>
        (await room.rates.quotesOn(date, text)).quotes.map(({ instrument, company }) => `${instrument} ${company}`);
      const tygia = (instrument: string, company: string, aliases: string[], more: Partial<DatedNewQuote> = {}) =>
        sjc(148, 151, { instrument, company, aliases, at: NOON - HOUR, ...more });

      beforeEach(async () => {
        await room.receive(
          'tygia',
          tygia('SJC', 'SJC', ['Vàng SJC'], { at: NOON - MINUTE }),
          tygia('SJC', 'SCB', ['SJC']),
          tygia('NGOC-HAI-24K', 'shop', ['SJC'], { at: NOON - 2 * HOUR }),
          tygia('SJC-RING', 'shop', ['SJC*']),
          tygia('DOJI-KIM-NGUU', 'DOJI', ['Kim Ngưu']),
          tygia('DOJI-KIM-NGUU', 'DOJI', ['Kim Ngưu'], { brand: 'Huế' }),
          tygia('PNJ-KIM-NGUU', 'PNJ', ['Kim Ngưu'], { at: NOON }),
          world(4000, { company: 'shop', aliases: ['SJC'] }),
        );
      });

      it('returns every series with that alias, of any company, each in its own unit', async () => {
        for (const text of ['Kim Ngưu', 'kim nguu', ' KIM  NGƯU ']) {
          expect(await found(text), text).to.deep.equal([
            'DOJI-KIM-NGUU DOJI',
            'DOJI-KIM-NGUU DOJI',
            'PNJ-KIM-NGUU PNJ',
          ]);
        }
        expect(await found('Kim Ngưu', '2026-07-19')).to.deep.equal([]);
        const units = (await room.rates.quotesOn('2026-07-20', 'SJC')).quotes.map(
          ({ currency, unit }) => `${currency}/${unit}`,
        );
        expect(units).to.deep.equal(['VND/tael', 'VND/tael', 'VND/tael', 'USD/ozt']);
      });

      it('still finds an instrument by its name, and lists it first', async () => {
        const all = ['SJC SCB', 'SJC SJC', 'NGOC-HAI-24K shop', 'XAU shop'];
        expect(await found('SJC')).to.deep.equal(all);
        expect(await found('sjc')).to.deep.equal(all);
        expect(await found('Vàng SJC')).to.deep.equal(['SJC SCB', 'SJC SJC']);
      });

      it('compares every character to distinguish an alias from a catalogue id', async () => {
        expect(await found('SJC*')).to.deep.equal(['SJC-RING shop']);
        expect(await found('SJC!')).to.deep.equal(['SJC SCB', 'SJC SJC']);
        expect(room.rates.resolve('SJC*').id).to.equal('SJC-RING');
      });

      it('never lets an alias hide the name of an instrument', async () => {
        const own = { market: 'gold', currency: 'VND', unit: 'tael' } as const;
        await room.import('Nữ trang 99%', [[NOON - HOUR, 140e6, 141e6]], own);
        const names = ['Nữ trang 99%', 'nu-trang-99', 'SJC', 'vàng sjc', 'gold', 'PNJ'];
        await room.receive('evil', ...names.map((name, i) => tygia('EVIL', 'evil', [name], { brand: `${i}` })));
        for (const [text, id] of [
          ['Nữ trang 99%', 'NU-TRANG-99'],
          ['nu-trang-99', 'NU-TRANG-99'],
          ['SJC', 'SJC'],
          ['vàng sjc', 'SJC'],
          ['gold', 'XAU'],
          ['pnj', 'PNJ'],
        ] as const) {
          expect(room.rates.resolve(text).id, text).to.equal(id);
          expect(room.rates.latestQuotes(text), text).to.deep.equal(room.rates.latestQuotes(room.rates.resolve(id)));
        }
        expect(await found('Nữ trang 99%')).to.deep.equal(['NU-TRANG-99 ', 'EVIL evil']);
      });

      it('is used by latestQuotes if no instrument has that name', () => {
        const get = (text: string) => room.rates.latestQuotes(text).map(({ instrument }) => instrument);
        expect(get('Kim Ngưu')).to.have.members(['DOJI-KIM-NGUU', 'DOJI-KIM-NGUU', 'PNJ-KIM-NGUU']);
        expect(get('SJC')).to.deep.equal(['SJC', 'SJC']);
        expect(get('BTC')).to.deep.equal([]);
      });

      it('resolves to the only instrument, or lists several', async () => {
        await room.receive('tygia', tygia('DOJI-LOC', 'DOJI', ['Lộc Phát Tài']));
        expect(room.rates.resolve('lộc phát tài').id).to.equal('DOJI-LOC');
        const { message, data } = await refusal(() => room.rates.resolve('Kim Ngưu'), 'NOT_FOUND');
        expect(message).to.equal(
          'Several instruments are called "Kim Ngưu": name one, for example DOJI-KIM-NGUU, PNJ-KIM-NGUU.',
        );
        expect(data.suggestions).to.deep.equal(['DOJI-KIM-NGUU', 'PNJ-KIM-NGUU']);
      });

      it('suggests similar aliases for an unknown name', async () => {
        for (const ask of [
          () => room.rates.latestQuotes('Kim Nguuu'),
          () => room.rates.quotesOn('2026-07-20', 'Kim Nguuu'),
        ]) {
          const failure = await refusal(ask, 'NOT_FOUND');
          expect(failure.message).to.equal('There is no instrument "Kim Nguuu". Did you mean Kim Ngưu?');
        }
      });
    });

    it('refuses invalid dates', async () => {
      for (const date of [
        '2021-02-29',
        '2021-02-30',
        '2021-13-01',
        '2021-00-10',
        '2021-1-1',
        '27/12/2021',
        '',
        'today',
        '2021-12-27T00:00',
        '10000-01-01',
        '٢٠٢١-12-27',
      ]) {
        const failure = await refusal(() => lookup(date), 'INVALID_PARAMS');
        expect(failure.message).to.include('is not a valid date. Use yyyy-mm-dd, for example 2021-12-27.');
        expect(failure.data).to.deep.equal({ field: 'date', path: '/date' });
      }
      expect(await lookup('2020-02-29')).to.deep.equal([]);
      expect(await lookup('0001-01-01')).to.deep.equal([]);
      const { message } = await refusal(() => lookup('\u001b[31m'), 'INVALID_PARAMS');
      expect(message).to.match(/^"\[31m" is not a valid date/);
    });
  });

  describe('history', () => {
    const history = (
      interval: Parameters<Room['rates']['history']>[1]['interval'],
      from: number,
      to: number,
      provider?: string,
    ) => room.rates.history(room.rates.resolve('SJC'), { interval, from, to, provider });
    const START = at('2009-01-01T09:00:00');
    /** One price per day. */
    const daily = (days: number) =>
      Array.from({ length: days }, (_, i): ImportedRow => [START + i * DAY, 20e6 + i * 1000, 20e6 + i * 1000]);

    it('pages through more than 5,000 candles, each once', async () => {
      await room.import('SJC', daily(5100));
      for (const interval of ['1d', 'raw', '1h'] as const) {
        const first = await history(interval, START - DAY, NOON);
        expect(first.candles).to.have.length(5000);
        const second = await history(interval, first.next!, NOON);
        expect([second.candles.length, second.next]).to.deep.equal([100, null]);
        const opens = [...first.candles, ...second.candles].map(({ open }) => open);
        expect(opens).to.deep.equal(daily(5100).map(([, , sell]) => sell));
      }
    });

    it('uses the buy or the sell price on request, page by page', async () => {
      const rows = Array.from(
        { length: 5100 },
        (_, i): ImportedRow => [START + i * DAY, i % 2 === 0 ? 20e6 + i : null, 21e6 + i],
      );
      await room.import('SJC', [...rows, [START + 5 * 3_600_000, 19e6, 21e6]]);
      const instrument = room.rates.resolve('SJC');
      const of = (side: 'buy' | 'sell', interval: 'raw' | '1d' | '1M', from = START - DAY) =>
        room.rates.history(instrument, { interval, from, to: START + 5100 * DAY, side });
      const buy = await of('buy', '1d');
      expect([buy.candles.length, buy.next]).to.deep.equal([2550, null]);
      expect(buy.candles[0]).to.deep.include({ open: 20e6, high: 20e6, low: 19e6, close: 19e6, count: 2 });
      expect(buy.candles[1]).to.deep.include({ close: 20e6 + 2, count: 1 });
      const sell = await of('sell', '1d');
      expect([sell.candles.length, typeof sell.next]).to.deep.equal([5000, 'number']);
      const rest = await of('sell', '1d', sell.next!);
      expect([rest.candles.length, rest.next, rest.candles[0]!.close]).to.deep.equal([100, null, 21e6 + 5000]);
      expect((await of('buy', 'raw')).candles).to.have.length(2551);
      expect((await of('buy', '1M')).candles.reduce((sum, { count }) => sum + count, 0)).to.equal(2551);
    });

    it('has no next page after exactly 5,000', async () => {
      await room.import('SJC', daily(5000));
      const { candles, next } = await history('1d', START - DAY, NOON);
      expect([candles.length, next]).to.deep.equal([5000, null]);
    });

    it('uses the reference series, or any other that is given', async () => {
      await room.import('SJC', [[NOON - DAY, null, 158e6]], { provider: 'pnj', brand: 'Hà Nội' });
      await room.import('SJC', [[NOON - DAY, null, 152e6]], { provider: 'pnj', brand: 'TPHCM' });
      const instrument = room.rates.resolve('SJC');
      const range = { interval: '1d', from: NOON - 2 * DAY, to: NOON } as const;
      const reference = await room.rates.history(instrument, range);
      expect(reference.series).to.deep.equal({ provider: 'pnj', company: '', brand: 'TPHCM' });
      expect(reference.candles.map(({ close, count }) => [close, count])).to.deep.equal([[152e6, 1]]);
      const other = await room.rates.history(instrument, { ...range, brand: 'hà nội' });
      expect(other.candles.map(({ close }) => close)).to.deep.equal([158e6]);
      const failure = await refusal(() => room.rates.history(instrument, { ...range, brand: 'Huế' }), 'NOT_FOUND');
      expect(failure.message).to.include('SJC has no series "Huế". Known series: pnj, TPHCM; pnj, Hà Nội.');
    });

    it('groups by weeks from Monday and months in Vietnam time', async () => {
      await room.import('SJC', [
        [at('2026-05-31T23:30:00'), null, 100e6],
        [at('2026-06-01T00:30:00'), null, 101e6], // a Monday, and the first of a month; still May in UTC
        [at('2026-06-07T23:59:00'), null, 120e6],
        [at('2026-06-08T00:00:00'), null, 111e6],
      ]);
      const [from, to] = [at('2026-05-01T00:00:00'), at('2026-07-01T00:00:00')];
      expect((await history('1w', from, to)).candles).to.deep.equal([
        { at: at('2026-05-25T00:00:00'), open: 100e6, high: 100e6, low: 100e6, close: 100e6, count: 1 },
        { at: at('2026-06-01T00:00:00'), open: 101e6, high: 120e6, low: 101e6, close: 120e6, count: 2 },
        { at: at('2026-06-08T00:00:00'), open: 111e6, high: 111e6, low: 111e6, close: 111e6, count: 1 },
      ]);
      expect((await history('1M', from, to)).candles).to.deep.equal([
        { at: at('2026-05-01T00:00:00'), open: 100e6, high: 100e6, low: 100e6, close: 100e6, count: 1 },
        { at: at('2026-06-01T00:00:00'), open: 101e6, high: 120e6, low: 101e6, close: 111e6, count: 3 },
      ]);
      // the interval that contains `from` is complete
      expect((await history('1w', at('2026-06-03T00:00:00'), to)).candles[0]).to.include({ count: 2, open: 101e6 });
    });

    it('filters by provider', async () => {
      await room.import('SJC', [[NOON, null, 100e6]], { provider: 'a' });
      await room.import('SJC', [[NOON + 1, null, 109e6]], { provider: 'b' });
      const [from, to] = [NOON - DAY, NOON + DAY];
      expect((await history('1d', from, to, 'a')).candles[0]).to.include({ open: 100e6, close: 100e6, count: 1 });
      expect((await history('1d', from, to, 'b')).candles[0]).to.include({ open: 109e6, close: 109e6, count: 1 });
      for (const provider of ['c', 'constructor', '__proto__']) {
        for (const interval of ['1d', 'raw', '1M'] as const) {
          await refusal(() => history(interval, from, to, provider), 'NOT_FOUND');
        }
      }
    });

    it('excludes `to`, and returns nothing for an empty range', async () => {
      await room.import('SJC', [[NOON, null, 100e6]]);
      expect((await history('raw', NOON, NOON)).candles).to.deep.equal([]);
      expect((await history('raw', NOON, NOON + 1)).candles).to.have.length(1);
      expect((await history('raw', NOON + 1, NOON)).candles).to.deep.equal([]);
      expect((await history('1d', NOON + DAY, NOON)).candles).to.deep.equal([]);
    });

    it('accepts any range of numbers, far beyond valid times', async () => {
      await room.import('SJC', [[NOON, null, 100e6]]);
      for (const interval of ['raw', '1h', '1d', '1w', '1M'] as const) {
        for (const [from, to] of [
          [-1e300, 1e300],
          [-8.64e15, 8.64e15],
          [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
          [0, 1e21],
        ] as const) {
          const { candles, next } = await history(interval, from, to);
          expect([candles.length, next], `${interval} ${from} ${to}`).to.deep.equal([1, null]);
        }
        expect((await history(interval, 1e300, 1e300)).candles).to.deep.equal([]);
        expect((await history(interval, 8.64e15, 8.64e15)).candles).to.deep.equal([]);
        expect((await history(interval, -1e300, -1e300)).candles).to.deep.equal([]);
      }
    });
  });

  describe('trends', () => {
    it('returns the closes of the days before today, for the series that the list shows', async () => {
      const day = (back: number, price: number): ImportedRow => [NOON - back * DAY, price, price];
      await room.import('SJC', [day(40, 95e6), day(3, 100e6), day(2, 101e6), day(1, 102e6), day(0, 103e6)]);
      const imported = { provider: 'import', company: '', brand: '' };
      expect(await room.rates.trends(30)).to.deep.equal([
        { instrument: 'SJC', series: imported, closes: [100e6, 101e6, 102e6] },
      ]);
      await room.import('SJC', [day(2, 104e6), day(1, 105e6)], { provider: 'sjc', company: 'SJC' });
      await room.receive('sjc', sjc(105, 106));
      const series = { provider: 'sjc', company: 'SJC', brand: '' };
      expect(await room.rates.trends(2)).to.deep.equal([{ instrument: 'SJC', series, closes: [104e6, 105e6] }]);
    });

    it('omits instruments without history', async () => {
      await room.receive('sjc', sjc(100, 101));
      expect(await room.rates.trends(30)).to.deep.equal([]);
    });
  });

  describe('exportPage', () => {
    const page = (more: { from?: number; to?: number; cursor?: string } = {}) =>
      room.rates.exportPage(room.rates.resolve('SJC'), more);
    const rows = (count: number, price = 100e6) =>
      Array.from({ length: count }, (_, i): ImportedRow => [NOON - (count - i) * MINUTE, price + i, price + i]);
    const all = async (range: { from?: number; to?: number } = {}) => {
      const pages: number[] = [];
      const quotes: Quote[] = [];
      for (let cursor: string | undefined; ; ) {
        const found = await page({ ...range, ...(cursor === undefined ? {} : { cursor }) });
        pages.push(found.quotes.length);
        quotes.push(...found.quotes);
        if (found.cursor === null) return { pages, quotes };
        cursor = found.cursor;
      }
    };

    it('returns one empty page without quotes', async () => {
      expect(await page()).to.deep.equal({ quotes: [], cursor: null });
    });

    it('lists series by series, oldest first, 500 per page', async () => {
      // All series have equal instants: none may be lost or repeated at the end of a page.
      for (const provider of ['c', 'a', 'b']) await room.import('SJC', rows(1100), { provider });
      const { pages, quotes } = await all();
      expect(pages).to.deep.equal([500, 500, 100, 500, 500, 100, 500, 500, 100]);
      expect(quotes.map(({ provider, at }) => `${provider} ${at}`)).to.deep.equal(
        ['a', 'b', 'c'].flatMap((provider) => rows(1100).map(([at]) => `${provider} ${at}`)),
      );
    });

    it('ends if a series fills its last page exactly', async () => {
      await room.import('SJC', rows(500), { provider: 'a' });
      const { quotes, pages } = await all();
      expect(quotes).to.have.length(500);
      expect(pages.length).to.be.at.most(2);
      await room.import('SJC', rows(3), { provider: 'b' });
      expect((await all()).quotes).to.have.length(503);
    });

    it('applies `[from, to)` to all pages', async () => {
      for (const provider of ['a', 'b']) await room.import('SJC', rows(1100), { provider });
      const [from, to] = [rows(1100)[10]![0], rows(1100)[700]![0]];
      const { quotes } = await all({ from, to });
      expect(quotes).to.have.length(2 * 690);
      expect(Math.min(...quotes.map(({ at }) => at))).to.equal(from);
      expect(quotes.filter(({ at }) => at >= to)).to.deep.equal([]);
      expect((await all({ from: -1e300, to: 1e300 })).quotes).to.have.length(2200);
      expect((await all({ from: 1e300 })).quotes).to.deep.equal([]);
    });

    it('continues at its position if a series is added in between', async () => {
      for (const provider of ['b', 'd']) await room.import('SJC', rows(600), { provider });
      const first = await page();
      for (const provider of ['a', 'c']) await room.import('SJC', rows(2), { provider });
      const seen = first.quotes.map(({ provider }) => provider);
      for (let { cursor } = first; cursor !== null; ) {
        const next = await page({ cursor });
        seen.push(...next.quotes.map(({ provider }) => provider));
        cursor = next.cursor;
      }
      expect(seen.filter((provider) => provider === 'b')).to.have.length(600);
      expect(seen.filter((provider) => provider === 'c')).to.have.length(2);
      expect(seen.filter((provider) => provider === 'd')).to.have.length(600);
    });

    it('accepts series with any characters in their names', async () => {
      const names = { company: 'a:b', brand: '12:-5 / "x" é' };
      await room.import('SJC', rows(600), { provider: 'a', ...names });
      const { quotes } = await all();
      expect(quotes).to.have.length(600);
      expect(quotes[599]).to.include(names);
    });

    it('returns the newest quote with its last confirmation and the id of the provider', async () => {
      await room.receive('sjc', sjc(148, 151, { id: 'N-1' }));
      room.now += HOUR;
      await room.receive('sjc', sjc(148, 151, { id: 'N-2' }));
      expect((await page()).quotes[0]).to.include({ id: 'N-1', at: NOON, checkedAt: NOON + HOUR, stale: false });
      room.now += HOUR;
      await room.receive('sjc', sjc(149, 152, { at: room.now }));
      expect((await page()).quotes.map(({ checkedAt }) => checkedAt)).to.deep.equal([NOON + HOUR, NOON + 2 * HOUR]);
    });

    it('refuses an invalid cursor', async () => {
      await room.import('SJC', rows(600), { provider: 'a' });
      await room.receive('pnj', sjc(149, 151, { instrument: 'PNJ', provider: 'pnj' }));
      const { cursor } = await page();
      const other = `0:${['PNJ', 'pnj', 'SJC', ''].join('\x1f')}`;
      for (const bad of [
        '',
        'x',
        '0',
        '0:',
        '0:0',
        '1:99999999999999999999',
        '1e3:x',
        '-:x',
        ':',
        other,
        `x${cursor}`,
        `${cursor}x`,
        cursor!.replace(/^\d+/, '9'.repeat(400)),
        cursor!.replace(/^\d+/, '1e300'),
        '__proto__:constructor',
      ]) {
        expect((await refusal(() => page({ cursor: bad }), 'INVALID_PARAMS')).data, bad).to.deep.equal({
          field: 'cursor',
        });
      }
      for (const edge of ['9999999999999999', '-9999999999999999']) {
        const { quotes } = await page({ cursor: cursor!.replace(/^\d+/, edge) });
        expect(quotes).to.have.length(edge.startsWith('-') ? 500 : 0);
      }
      expect((await page({ cursor: cursor! })).quotes).to.have.length(100);
    });
  });
});
