import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { createCustomProvider } from '../../src/rates/custom-provider.ts';
import { HttpFetcher } from '../../src/rates/http-fetcher.ts';
import { type ParserLimits, ParserThread, ParserThreadReader } from '../../src/rates/parser-thread.ts';
import { type Provider, RejectedRows, ResponseFormatError } from '../../src/rates/provider.ts';
import { ProviderClient } from '../../src/rates/provider-client.ts';
import { coingecko } from '../../src/rates/providers/coingecko.ts';
import { sjc } from '../../src/rates/providers/sjc.ts';
import { vnappmob } from '../../src/rates/providers/vnappmob.ts';
import { MAX_SERIES_PER_SOURCE } from '../../src/rates/quote-sink.ts';
import { contextAt } from './context.ts';
import { HttpServer } from './http-server.ts';
import { ProviderServer } from './provider-server.ts';

const NOW = Date.UTC(2026, 6, 20, 13);
const SIGNAL = new AbortController().signal;
const SETTINGS = {
  url: 'http://127.0.0.1:1/rates',
  market: 'crypto',
  quote: { instrument: 'name', buy: 'price', sell: 'price', currency: "'USD'", unit: "'coin'" },
};
/** Many small elements, which take far more memory and time than bytes. */
const LARGE_XML = `<a>${'<b c="1"/>'.repeat(500_000)}</a>`;

describe('ParserThread', function () {
  this.timeout(60_000);
  let thread: ParserThread;

  const open = (limits?: ParserLimits) => {
    thread = new ParserThread(limits);
  };
  const readerOf = (id: string, settings?: unknown) => new ParserThreadReader(thread, id, settings);
  const own = (settings: object = {}) => readerOf('own', { ...SETTINGS, ...settings });
  const failureOf = (work: Promise<unknown>): Promise<AppError> =>
    work.then(
      () => undefined,
      (thrown) => thrown,
    ) as never;

  beforeEach(() => open());
  afterEach(() => thread.stop());

  it('returns the same as the provider, including invalid rows', async () => {
    const rows = [
      { name: 'BTC', price: 100 },
      { name: 'ETH', price: 'much' },
      { name: 'ADA', price: 1 },
    ];
    const body = JSON.stringify(rows);
    const [here, there] = [contextAt(NOW), contextAt(NOW)];
    const quotes = createCustomProvider('own', SETTINGS).parse(body, here, 0);
    expect(await own().parse(body, there, 0)).to.deep.equal(quotes);
    expect(quotes).to.have.length(2);
    expect(there.rejected.first).to.deep.equal(here.rejected.first);
    expect(there.rejected.count).to.equal(1);
  });

  it('throws the same error as the provider', async () => {
    const thrown = await failureOf(readerOf('coingecko').parse('<html>', contextAt(NOW), 0));
    expect(thrown).to.be.instanceOf(ResponseFormatError);
    expect(() => coingecko.parse('<html>', contextAt(NOW), 0)).to.throw(ResponseFormatError, thrown.message);
  });

  it('applies changed settings of the same provider', async () => {
    const body = JSON.stringify([{ name: 'BTC', price: 100, other: 7 }]);
    expect((await own().parse(body, contextAt(NOW), 0))[0]!.buy).to.equal(100);
    const other = { quote: { ...SETTINGS.quote, buy: 'other' } };
    expect((await own(other).parse(body, contextAt(NOW), 0))[0]!.buy).to.equal(7);
  });

  it('reads history pages, and fetches what they need', async () => {
    const server = new ProviderServer();
    await server.start();
    const body = JSON.stringify({
      success: true,
      data: [
        {
          BranchName: 'Hồ Chí Minh',
          BuyValue: 147_000_000,
          SellValue: 149_000_000,
          GroupDate: '/Date(1752771600000)/',
        },
      ],
    });
    const context = server.context(NOW);
    const page = sjc.backfill!(context, NOW - 400 * 86_400_000, NOW).at(-1)!;
    server.serve({ '/GoldPrice/Services/PriceService.ashx': body });
    const expected = await page.read();
    const found = await readerOf('sjc').readPage(page.id, context, NOW - 400 * 86_400_000, NOW);
    expect(found).to.deep.equal(expected);
    expect(server.asked).to.have.length(2);
    await server.stop();
  });

  it('keeps the state of a provider, and passes on the reason of a failed fetch', async () => {
    const asked: string[] = [];
    const fetch: Parameters<typeof vnappmob.parse>[1]['fetch'] = async ({ url }) => {
      asked.push(url);
      if (url.includes('request_api_key')) return '{"results":"token-1"}';
      throw new AppError('NOT_AVAILABLE', 'It answered 500.', { data: { status: 500 } });
    };
    const context = contextAt(NOW, { fetch });
    const reader = readerOf('vnappmob');
    const requests = await reader.requests(context);
    expect(requests.map(({ headers }) => headers?.authorization)).to.deep.equal(Array(3).fill('Bearer token-1'));
    expect(asked).to.have.length(1);
    const page = vnappmob.backfill!(context, NOW - 86_400_000, NOW)[0]!;
    const failure = await failureOf(reader.readPage(page.id, context, NOW - 86_400_000, NOW));
    expect(failure).to.include({ code: 'NOT_AVAILABLE', message: 'It answered 500.' });
    expect(failure.data).to.deep.equal({ status: 500 });
  });

  it('does not block the event loop, and a body that takes too long fails alone', async () => {
    open({ timeoutMs: 500 });
    let turns = 0;
    const turn = () => {
      turns++;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    const slow = failureOf(own({ format: 'xml', rows: 'a.b' }).parse(LARGE_XML, contextAt(NOW), 0));
    const quick = readerOf('coingecko')
      .parse('{}', contextAt(NOW), 0)
      .catch((thrown) => thrown);
    const failure = await slow;
    clearImmediate(timer);
    expect(failure).to.include({ code: 'NOT_AVAILABLE' });
    expect(failure.message).to.contain('took longer than 500 ms to parse');
    expect(turns).to.be.greaterThan(3);
    expect(await quick).to.be.instanceOf(ResponseFormatError); // it was parsed
  });

  it('fails a body that takes too much memory, and reads the next one', async () => {
    open({ heapMb: 24, timeoutMs: 50_000 });
    const failure = await failureOf(own({ format: 'xml', rows: 'a.b' }).parse(LARGE_XML, contextAt(NOW), 0));
    expect(failure.message).to.contain('took more than 24 MiB of memory to parse');
    const body = JSON.stringify([{ name: 'BTC', price: 100 }]);
    expect(await own().parse(body, contextAt(NOW), 0)).to.have.length(1);
  });

  it('refuses a body with too many prices', async () => {
    const server = await HttpServer.listen((_, response) => {
      response.end(JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ name: `N${i}`, price: 1 }))));
    });
    const settings = { ...SETTINGS, url: server.url };
    const unread: Provider = {
      ...createCustomProvider('own', settings),
      parse: () => expect.fail('parsed on the main thread'),
    };
    const fetcher = new HttpFetcher({ version: '0' });
    const configured = { enabled: true, url: server.url, intervalMs: 1000 };
    const source = new ProviderClient(
      { provider: unread, settings: configured, reader: own(settings) },
      fetcher,
      () => NOW,
    );
    const failure = await failureOf(source.fetchQuotes(SIGNAL));
    expect(failure.message).to.match(/at most 10000 rows/);
    fetcher.stop();
    await server.close();
  });

  it('returns one quote per series up to the limit, and counts the others as rejected', async () => {
    const rows = Array.from({ length: 9999 }, (_, i) => ({ name: `N${i % 3333}`, price: 1 + i }));
    const context = contextAt(NOW);
    const quotes = await own().parse(JSON.stringify(rows), context, 0);
    expect(quotes.map(({ instrument, buy }) => [instrument, buy])).to.deep.equal(
      rows.slice(0, MAX_SERIES_PER_SOURCE).map(({ name, price }) => [name, price]),
    );
    expect(context.rejected.count).to.equal(3333 - MAX_SERIES_PER_SOURCE);
    expect(context.rejected.first[0]!.reason).to.contain(`more than ${MAX_SERIES_PER_SOURCE} series`);
  });

  it('reads nothing after stop', async () => {
    await own().parse('[]', contextAt(NOW), 0);
    const reading = failureOf(own({ format: 'xml', rows: 'a.b' }).parse(LARGE_XML, contextAt(NOW), 0));
    await thread.stop();
    expect((await reading).code).to.be.oneOf(['INTERNAL', 'NOT_AVAILABLE']);
    expect((await failureOf(own().parse('[]', contextAt(NOW), 0))).code).to.equal('NOT_AVAILABLE');
  });
});

describe('RejectedRows', () => {
  it('adds rejections of another body, and keeps the first ones of all', () => {
    const rows = new RejectedRows({ kept: 3 });
    const row = (path: string) => ({ path, reason: 'r' });
    rows.add(row('a'));
    rows.addAll({ count: 10, first: ['b', 'c', 'd'].map(row) });
    expect(rows.count).to.equal(11);
    expect(rows.first.map(({ path }) => path)).to.deep.equal(['a', 'b', 'c']);
  });
});
