import { expect } from 'chai';
import type { JournalRecord } from '../../src/engine/types.ts';
import { MAX_SERIES_PER_SOURCE } from '../../src/rates/quote-sink.ts';
import {
  MAX_NEW_INSTRUMENTS,
  MAX_SERIES_PER_INSTRUMENT,
  ProviderSeriesLimiter,
} from '../../src/room/provider-series-limiter.ts';
import { coin, MINUTE, Room } from './room.ts';

describe('ProviderSeriesLimiter', () => {
  const series = (instrument: string, brand = '') => ({
    instrument,
    provider: 'coingecko',
    company: 'CoinGecko',
    brand,
  });
  const none = () => false;

  it('refuses new instruments beyond the limit, and accepts known ones', () => {
    const bounds = new ProviderSeriesLimiter([], (id) => id === 'KNOWN');
    for (let i = 0; i < MAX_NEW_INSTRUMENTS; i++) expect(bounds.add(series(`NEW${i}`))).to.equal(undefined);
    expect(bounds.add(series('MORE'))).to.contain('500');
    expect(bounds.add(series('NEW7'))).to.equal(undefined);
    expect(bounds.add(series('NEW7', 'branch'))).to.equal(undefined);
    expect(bounds.add(series('KNOWN'))).to.equal(undefined);
    expect(bounds.add(series('BTC'))).to.equal(undefined);
  });

  it('counts stored series', () => {
    const stored = Array.from({ length: MAX_NEW_INSTRUMENTS }, (_, i) => `NEW${i}\x1fcoingecko\x1fCoinGecko\x1f`);
    const bounds = new ProviderSeriesLimiter(stored, (id) => id.startsWith('NEW'));
    expect(bounds.add(series('NEW499'))).to.equal(undefined);
    expect(bounds.add(series('MORE'))).to.contain('new instrument');
  });

  it('limits the series of one instrument, and of all instruments', () => {
    const bounds = new ProviderSeriesLimiter([], none);
    for (let i = 0; i < MAX_SERIES_PER_INSTRUMENT; i++) expect(bounds.add(series('BTC', `${i}`))).to.equal(undefined);
    expect(bounds.add(series('BTC', 'more'))).to.contain('200 series of the instrument');
    for (let i = MAX_SERIES_PER_INSTRUMENT; i < MAX_SERIES_PER_SOURCE; i++) {
      expect(bounds.add(series(`C${Math.floor(i / 100)}`, `${i}`))).to.equal(undefined);
    }
    expect(bounds.add(series('ETH'))).to.contain('already has 2000 series');
  });
});

describe('a response with 20,000 new names', function () {
  this.timeout(60_000);
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
  });
  afterEach(() => room.close());

  /** The largest number of prices compared in one turn of the event loop while `work` runs. */
  async function mostPerTurn(work: () => Promise<unknown>): Promise<number> {
    const { rates } = room;
    const fresh = rates.freshQuotes.bind(rates);
    let [most, inTurn] = [0, 0];
    rates.freshQuotes = (instrument) => {
      most = Math.max(most, ++inTurn);
      return fresh(instrument);
    };
    const turn = () => {
      inTurn = 0;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    await work();
    clearImmediate(timer);
    return most;
  }

  async function quotesOfRecords(): Promise<number[]> {
    const counts: number[] = [];
    for await (const [, text] of room.store.range({ gte: 'j/', lt: 'j0' })) {
      counts.push(((JSON.parse(text) as JournalRecord).quotes as unknown[] | undefined)?.length ?? 0);
    }
    return counts;
  }

  const names = (price: number) => Array.from({ length: 20_000 }, (_, i) => coin(`N${i}`, price, { at: room.now }));

  it('is processed up to the limit in small steps, and the rest is refused', async () => {
    let received = await room.receive('coingecko', coin('BTC', 60_000));
    const work = async () => {
      received = await room.receive('coingecko', coin('BTC', 60_000), ...names(100));
    };
    // 50 are judged, then up to 200 are compared for their distance.
    expect(await mostPerTurn(work)).to.be.within(1, 300);
    expect(received).to.include({ stored: MAX_NEW_INSTRUMENTS, confirmed: 1 });
    expect(received.refused).to.have.length(20_000 - MAX_NEW_INSTRUMENTS);
    expect(received.refused[0]!.reason).to.contain('new instrument');
    expect(room.view.quotes.instruments.size).to.equal(MAX_NEW_INSTRUMENTS + 1);
    expect(Math.max(...(await quotesOfRecords()))).to.equal(100);
  });

  it('adds no more instruments the next time, and the added ones stay fresh', async () => {
    await room.receive('coingecko', ...names(100));
    room.now += MINUTE;
    const received = await room.receive('coingecko', ...names(100.5));
    expect(received.stored).to.equal(MAX_NEW_INSTRUMENTS);
    expect(room.view.quotes.instruments.size).to.equal(MAX_NEW_INSTRUMENTS);
    for (const id of ['N0', 'N250', 'N499']) {
      expect(room.get(id)[0]).to.include({ buy: 100.5, at: room.now, checkedAt: room.now, stale: false });
    }
  });

  it('confirms unchanged prices, in whichever record they are', async () => {
    await room.receive('coingecko', ...names(100));
    room.now += MINUTE;
    const half = names(100).map((quote, i) => (i % 2 === 0 ? quote : { ...quote, buy: 101, sell: 101 }));
    expect(await room.receive('coingecko', ...half)).to.include({ stored: 250, confirmed: 250 });
    for (let i = 0; i < MAX_NEW_INSTRUMENTS; i++) {
      expect(room.get(`N${i}`)[0]).to.include({ buy: i % 2 === 0 ? 100 : 101, checkedAt: room.now });
    }
  });

  it('is limited as well if the names are brands of one instrument', async () => {
    const brands = Array.from({ length: 20_000 }, (_, i) => coin('BTC', 60_000, { brand: `b${i}`, at: room.now }));
    const work = () => room.receive('coingecko', ...brands);
    expect(await mostPerTurn(work)).to.be.within(1, 300);
    expect(room.get('BTC')).to.have.length(MAX_SERIES_PER_INSTRUMENT);
  });
});

describe('latest quotes of an instrument', () => {
  it('are in the order of their series, in whatever order these arrive', async () => {
    const room = await Room.open();
    for (const brand of ['m', 'z', 'a', 'k', '']) await room.receive('coingecko', coin('BTC', 60_000, { brand }));
    expect(room.view.quotes.latest('BTC').map(({ brand }) => brand)).to.deep.equal(['', 'a', 'k', 'm', 'z']);
    await room.close();
  });
});
