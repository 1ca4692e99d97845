import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import type { Logger } from '../../src/domain/logger.ts';
import type { DatedNewQuote } from '../../src/domain/quote.ts';
import { Backfill } from '../../src/rates/backfill.ts';
import { HttpFetcher } from '../../src/rates/http-fetcher.ts';
import { type HistoryPage, type Provider, ResponseFormatError } from '../../src/rates/provider.ts';
import { ProviderClient } from '../../src/rates/provider-client.ts';
import { vietcombank } from '../../src/rates/providers/vietcombank.ts';
import type { IngestResult, QuoteSink } from '../../src/rates/quote-sink.ts';
import { type Answer, HttpServer } from './http-server.ts';

const DAY = 24 * 3_600_000;
const NOW = Date.parse('2026-11-30T12:00:00+07:00');

describe('Backfill', () => {
  let now: number;
  let stored: DatedNewQuote[];
  let done: string[];
  let received: IngestResult[];
  let lines: { level: keyof Logger; fields: Record<string, unknown>; message: string }[];
  let store: () => Promise<void>;
  const fetcher = new HttpFetcher({ version: '0' });

  beforeEach(() => {
    now = NOW;
    stored = [];
    done = [];
    received = [];
    lines = [];
    store = async () => {};
  });

  after(() => fetcher.stop());

  const sink: QuoteSink = {
    receive: () => Promise.reject(new Error('not used')),
    async receiveHistory(_, quotes) {
      await store();
      stored.push(...quotes);
      return { stored: quotes.length, confirmed: 0, held: 0, refused: [], statedAt: null, distance: null };
    },
    hasHistory: () => false,
    async historyDone(provider) {
      done.push(provider);
    },
  };

  function backfillOf(provider: Provider, url = provider.url): Backfill {
    const write = (level: keyof Logger) => (fields: object, message: string) =>
      void lines.push({ level, fields: fields as Record<string, unknown>, message });
    return new Backfill({
      provider: new ProviderClient(
        { provider, settings: { enabled: true, url, intervalMs: 60_000 } },
        fetcher,
        () => now,
      ),
      sink,
      log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
      now: () => now,
      onIngested: (each) => received.push(each),
    });
  }

  /** A provider with a number of pages. `read` may throw for a page number; requested pages are recorded. */
  function paged(pages: number, read: (page: number) => void): { backfill: Backfill; asked: number[] } {
    const asked: number[] = [];
    const page = (number: number): HistoryPage => ({
      id: `page ${number}`,
      read: async () => {
        asked.push(number);
        read(number);
        return [{ ...QUOTE, sell: number }];
      },
    });
    const provider = { ...vietcombank, backfill: () => Array.from({ length: pages }, (_, number) => page(number)) };
    return { backfill: backfillOf(provider), asked };
  }

  const QUOTE: DatedNewQuote = {
    ...{ instrument: 'USD', market: 'fx', provider: 'vietcombank', company: 'Vietcombank', brand: 'cash' },
    ...{ buy: null, sell: 1, currency: 'VND', unit: 'each', at: NOW - DAY },
  };
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
  const broken = () => {
    throw new AppError('NOT_AVAILABLE', 'it answered 503');
  };
  const signal = new AbortController().signal;
  const warnings = () => lines.filter(({ level }) => level === 'warn').map(({ message }) => message);

  it('fetches every page once and is done', async () => {
    const { backfill, asked } = paged(3, () => {});
    expect(backfill.isDue(now)).to.equal(true);
    backfill.markStarted();
    expect(backfill.isDue(now)).to.equal(false);
    await backfill.run(signal);
    expect(asked).to.deep.equal([0, 1, 2]);
    expect(stored.map(({ sell }) => sell)).to.deep.equal([0, 1, 2]);
    expect(received).to.have.length(3);
    expect(done).to.deep.equal(['vietcombank']);
    expect(backfill.isDue(now + 365 * DAY)).to.equal(false);
    expect(warnings()).to.deep.equal([]);
  });

  for (const [title, fault] of [
    ['cannot be had', broken],
    [
      'does not fit',
      () => {
        throw new ResponseFormatError('Data', 'a list');
      },
    ],
    [
      'meets a mistake of the program',
      () => {
        throw new TypeError('x is not a function');
      },
    ],
  ] as const) {
    it(`skips a page that ${title}, and requests only that page a day later`, async () => {
      let fails = true;
      const { backfill, asked } = paged(4, (page) => {
        if (page === 1 && fails) fault();
      });
      backfill.markStarted();
      await backfill.run(signal);
      expect(asked).to.deep.equal([0, 1, 2, 3]);
      expect(done).to.deep.equal([]);
      expect(warnings()).to.have.length(1);
      expect(warnings()[0]).to.match(
        /^1 pages of the provider history are missing and will be requested again in 24 h\. /,
      );
      expect([backfill.isDue(now + DAY - 1), backfill.isDue(now + DAY)]).to.deep.equal([false, true]);

      now += DAY;
      fails = false;
      backfill.markStarted();
      await backfill.run(signal);
      expect(asked.slice(4)).to.deep.equal([1]);
      expect(stored.map(({ sell }) => sell)).to.deep.equal([0, 2, 3, 1]);
      expect(done).to.deep.equal(['vietcombank']);
    });
  }

  it('pauses for a provider that fails repeatedly, and continues with the other pages next time', async () => {
    let fails = (page: number) => page < 60;
    const { backfill, asked } = paged(100, (page) => {
      if (fails(page)) broken();
    });
    await backfill.run(signal);
    expect(asked).to.deep.equal(numbers(0, 12));
    expect(warnings()[0]).to.match(/^100 pages /);
    asked.length = 0;
    fails = () => false;
    await backfill.run(signal);
    expect(asked).to.deep.equal([...numbers(12, 100), ...numbers(0, 12)]);
    expect(done).to.deep.equal(['vietcombank']);
  });

  it('gives up on a page that failed five times', async () => {
    const { backfill, asked } = paged(2, (page) => {
      if (page === 0) broken();
    });
    for (let day = 0; day < 5; day++) {
      expect(done).to.deep.equal([]);
      await backfill.run(signal);
    }
    expect(asked.filter((page) => page === 0)).to.have.length(5);
    expect(asked.filter((page) => page === 1)).to.have.length(1);
    expect(done).to.deep.equal(['vietcombank']);
    expect(warnings().at(-1)).to.equal('provider history fetched, except pages that always failed');
  });

  it('keeps a page pending if its quotes could not be stored', async () => {
    store = () => Promise.reject(new AppError('STORE_FAILED'));
    const { backfill, asked } = paged(3, () => {});
    await backfill.run(signal);
    expect(asked).to.deep.equal([0]);
    expect(warnings()[0]).to.match(/^could not store the provider history: /);
    expect([backfill.isDue(now), backfill.isDue(now + DAY)]).to.deep.equal([false, true]);
    store = async () => {};
    await backfill.run(signal);
    expect(asked).to.deep.equal([0, 0, 1, 2]);
    expect(done).to.deep.equal(['vietcombank']);
  });

  it('stores a long page in parts', async () => {
    const sizes: number[] = [];
    const page = { id: 'all', read: async () => Array.from({ length: 1100 }, (_, at) => ({ ...QUOTE, at })) };
    const backfill = backfillOf({ ...vietcombank, backfill: () => [page] });
    store = async () => void sizes.push(stored.length);
    await backfill.run(signal);
    expect(sizes).to.deep.equal([0, 500, 1000]);
    expect(stored).to.have.length(1100);
  });

  it('stops on abort, and is due again at once', async () => {
    const controller = new AbortController();
    const { backfill, asked } = paged(5, (page) => {
      if (page === 2) controller.abort();
    });
    backfill.markStarted();
    await backfill.run(controller.signal);
    expect(asked).to.deep.equal([0, 1, 2]);
    expect(warnings()).to.deep.equal([]);
    expect(done).to.deep.equal([]);
    expect(backfill.isDue(now)).to.equal(true);
    await backfill.run(signal);
    expect(asked.slice(3)).to.deep.equal([2, 3, 4]);
  });

  describe('of a bank by day', () => {
    let server: HttpServer;
    const board = (day: string) =>
      JSON.stringify({
        UpdatedDate: `${day}T08:16:30+07:00`,
        Data: [{ currencyCode: 'USD', cash: '25,870.00', transfer: '25,900.00', sell: '26,230.00' }],
      });
    const daily: Answer = ({ url }, response) => response.end(board(url.slice(-10)));

    beforeEach(async () => {
      server = await HttpServer.listen(daily);
    });
    afterEach(() => server.close());

    for (const [title, bad] of [
      ['503', (response) => response.writeHead(503).end()],
      ['nothing', (response) => response.end()],
      ['no data', (response) => response.end('{"Count":0,"Data":null}')],
    ] as readonly (readonly [string, (response: Parameters<Answer>[1]) => void])[]) {
      it(`has all days except the one with the response ${title}`, async () => {
        server.answer = (seen, response, request) => {
          if (seen.url.endsWith('2026-11-20')) bad(response);
          else daily(seen, response, request);
        };
        const backfill = backfillOf({ ...vietcombank, minIntervalMs: 0 }, server.url);
        await backfill.run(signal);
        expect(server.seen).to.have.length(91);
        expect(stored).to.have.length(2 * 90);
        expect(done).to.deep.equal([]);
        server.seen.length = 0;
        server.answer = daily;
        now += DAY;
        await backfill.run(signal);
        expect(server.seen.map(({ url }) => url.slice(-10))).to.deep.equal(['2026-11-20']);
        expect(stored.slice(-2).map(({ buy, sell }) => [buy, sell])).to.deep.equal([
          [25_870, 26_230],
          [25_900, 26_230],
        ]);
        expect(done).to.deep.equal(['vietcombank']);
      });
    }
  });
});
