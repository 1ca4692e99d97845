import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import type { NewQuote } from '../../src/domain/quote.ts';
import { createCustomProvider } from '../../src/rates/custom-provider.ts';
import { HttpFetcher } from '../../src/rates/http-fetcher.ts';
import type { Provider } from '../../src/rates/provider.ts';
import { type ProviderAnswer, ProviderClient } from '../../src/rates/provider-client.ts';
import { HttpServer, type Answer as ServerAnswer } from './http-server.ts';

const NOW = Date.UTC(2026, 6, 20, 13);
const SIGNAL = new AbortController().signal;
const date = (at: number) => new Date(at).toUTCString();

describe('ProviderClient', () => {
  let server: HttpServer;
  let fetcher: HttpFetcher;

  beforeEach(async () => {
    server = await HttpServer.listen((_, response) => response.end('[]'));
    server.now = undefined; // each response has its own time
    fetcher = new HttpFetcher({ version: '0' });
  });

  afterEach(async () => {
    fetcher.stop();
    await server.close();
  });

  const QUOTE = {
    instrument: 'name',
    buy: 'price',
    sell: 'price',
    currency: "'USD'",
    unit: "'coin'",
    at: 'time',
  };
  const provider = (settings: object = { quote: QUOTE }) =>
    createCustomProvider('own', { url: `${server.url}/rates`, market: 'crypto', ...settings });

  const ask = (of: Provider = provider(), own = fetcher): Promise<ProviderAnswer> =>
    new ProviderClient(
      { provider: of, settings: { enabled: true, url: server.url, intervalMs: 1000 } },
      own,
      () => NOW,
    ).fetchQuotes(SIGNAL);
  const answer =
    (body: unknown, headers: Record<string, string> = {}): ServerAnswer =>
    (_, response) => {
      response.sendDate = false;
      response.writeHead(200, headers).end(JSON.stringify(body));
    };
  const ROW = { name: 'BTC', price: 100, time: NOW - 60_000 };

  it('returns when the server created its response', async () => {
    for (const [headers, expected] of [
      [{ Date: date(NOW) }, NOW],
      [{ Date: date(NOW), Age: '3600' }, NOW - 3_600_000],
      [{ Date: 'just now' }, undefined],
      [{}, undefined],
    ] as const) {
      server.answer = answer([ROW], headers);
      expect((await ask()).respondedAt, JSON.stringify(headers)).to.equal(expected);
    }
  });

  it('checks the time of a response before it reads the body', async () => {
    server.answer = answer([{ ...ROW, time: NOW + 30 * 86_400_000 }], { Date: date(NOW + 30 * 86_400_000) });
    const source = new ProviderClient(
      { provider: provider(), settings: { enabled: true, url: server.url, intervalMs: 1000 } },
      fetcher,
      () => NOW,
    );
    const wrong = new AppError('NOT_AVAILABLE', 'The clock is wrong.');
    const checked: unknown[] = [];
    const thrown = await source
      .fetchQuotes(SIGNAL, (at) => {
        checked.push(at);
        throw wrong;
      })
      .catch((thrown) => thrown);
    expect(thrown).to.equal(wrong);
    expect(checked).to.deep.equal([NOW + 30 * 86_400_000]);
  });

  it('uses the time of a 304 for the confirmed body', async () => {
    server.answer = ({ headers }, response) => {
      response.sendDate = false;
      if (headers['if-none-match']) response.writeHead(304, { Date: date(NOW) }).end();
      else response.writeHead(200, { ETag: '"1"', Date: date(NOW - 60_000) }).end(JSON.stringify([ROW]));
    };
    expect((await ask()).respondedAt).to.equal(NOW - 60_000);
    expect(await ask()).to.deep.include({ respondedAt: NOW });
  });

  it('uses the oldest of several responses, and no time if one has none', async () => {
    const two = { ...provider(), requests: () => [{ url: `${server.url}/1` }, { url: `${server.url}/2` }] };
    const times: Record<string, Record<string, string>> = {
      '/1': { Date: date(NOW) },
      '/2': { Date: date(NOW - 5000) },
    };
    server.answer = (seen, response, request) =>
      answer([{ ...ROW, name: `C${seen.url.slice(1)}` }], times[seen.url])(seen, response, request);
    expect((await ask(two)).respondedAt).to.equal(NOW - 5000);
    times['/1'] = {};
    expect((await ask(two)).respondedAt).to.equal(undefined);
  });

  it('returns one quote per series, the latest by its own time', async () => {
    const rows = [
      { ...ROW, price: 99, time: NOW - 3 * 86_400_000 },
      { ...ROW, price: 125, time: NOW - 86_400_000 },
      { ...ROW, price: 100, time: NOW - 2 * 86_400_000 },
      { ...ROW, name: 'ETH', time: 0 },
      { ...ROW, name: 'ETH', price: 7 },
      { ...ROW, name: 'ETH', price: 8, time: 0 },
    ];
    server.answer = answer(rows);
    const pricesOf = (quotes: readonly NewQuote[]) => quotes.map(({ instrument, buy }) => [instrument, buy]);
    expect(pricesOf((await ask()).quotes)).to.deep.equal([
      ['BTC', 125],
      ['ETH', 7],
    ]);
    // Without times the first one counts.
    const { at: _at, ...timeless } = QUOTE;
    expect(pricesOf((await ask(provider({ quote: timeless }))).quotes)).to.deep.equal([
      ['BTC', 99],
      ['ETH', 100],
    ]);
  });

  it('counts invalid rows of all its responses', async () => {
    server.answer = answer([ROW, { ...ROW, name: 'ETH', price: '?' }]);
    const two = { ...provider(), requests: () => [{ url: `${server.url}/1` }, { url: `${server.url}/2` }] };
    const { quotes, rejected } = await ask(two);
    expect(quotes).to.have.length(1);
    expect(rejected.count).to.equal(2);
    expect(rejected.first[0]).to.deep.equal({ path: 'rows[1].buy', reason: 'expected a number like 60,650.00' });
  });

  it('names the invalid row if no price is left', async () => {
    server.answer = answer([
      { ...ROW, price: null },
      { ...ROW, price: '?' },
    ]);
    const failure = await ask().then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(failure!.message).to.equal(
      'own responded, but without prices. Invalid rows: 1; rows[1].buy: expected a number like 60,650.00.',
    );
  });
});
