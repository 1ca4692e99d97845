import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { createVnappmob } from '../../../src/rates/providers/vnappmob.ts';
import { faultsOf } from '../context.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { type Asked, ProviderServer } from '../provider-server.ts';

const AT = 1744358406000;
const NOW = AT + 60_000;
const DAY = 24 * 3_600_000;
const KEY = '/api/request_api_key';
const NONE = '{"results":[]}';

describe('vnappmob', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  let keys = 0;
  let refused = new Set<string>();

  /** Issues numbered keys and refuses those in `refused`. */
  function serve(sjc: string): void {
    keys = 0;
    refused = new Set();
    const guarded = (body: string) => (asked: Asked) =>
      refused.has(asked.headers.authorization ?? '') ? { status: 403, body: 'Forbidden' } : body;
    server.serve({
      [KEY]: () => {
        keys += 1;
        return `{"results":"key.number.${keys}"}`;
      },
      '/api/v2/gold/sjc': guarded(sjc),
      '/api/v2/gold/doji': guarded(
        '{"results":[{"buy_hcm":101000000.0,"sell_hcm":104000000.0,"buy_hn":"101100000","sell_hn":"104100000","datetime":"1744358000"}]}',
      ),
      '/api/v2/gold/pnj': guarded(NONE),
    });
  }

  it('requests a key and reads VND per tael', async () => {
    serve(GOLD_BODIES.vnappmob);
    const quotes = await server.quotes(createVnappmob(), NOW);
    expect(server.asked.map(({ path }) => path)).to.deep.equal([
      `${KEY}?scope=gold`,
      '/api/v2/gold/sjc',
      '/api/v2/gold/doji',
      '/api/v2/gold/pnj',
    ]);
    expect(server.asked[1]!.headers.authorization).to.equal('Bearer key.number.1');
    expect(quotes[1]).to.deep.equal({
      instrument: 'SJC',
      market: 'gold',
      provider: 'vnappmob',
      company: 'SJC',
      brand: '',
      buy: 102_200_000,
      sell: 105_200_000,
      currency: 'VND',
      unit: 'tael',
      at: AT,
    });
    expect(quotes.map(({ instrument, brand, buy, sell }) => [instrument, brand, buy, sell])).to.deep.equal([
      ['VANG-SJC-1-CHI', '', 102_200_000, 105_230_000],
      ['SJC', '', 102_200_000, 105_200_000],
      ['VANG-SJC-5-CHI', '', 102_200_000, null],
      ['SJC-RING', '', 101_100_000, null],
      ['SJC-VANG-NU-TRANG-75', '', 74_282_793.2793, null],
      ['DOJI', 'Hồ Chí Minh', 101_000_000, 104_000_000],
      ['DOJI', 'Hà Nội', 101_100_000, 104_100_000],
    ]);
  });

  it('reuses the key while it works, and renews it if it is old or was refused', async () => {
    serve(GOLD_BODIES.vnappmob);
    const provider = createVnappmob();
    await server.quotes(provider, NOW);
    await server.quotes(provider, NOW + DAY);
    expect(keys).to.equal(1);
    refused.add('Bearer key.number.1');
    const thrown = await server.quotes(provider, NOW + DAY).catch((error: unknown) => error);
    expect(thrown).to.have.nested.property('data.status', 403);
    await server.quotes(provider, NOW + DAY);
    expect(keys).to.equal(2);
    await server.quotes(provider, NOW + 16 * DAY);
    expect(keys).to.equal(3);
  });

  it('shares no key between two instances, and prefers the key of config.json', async () => {
    serve(GOLD_BODIES.vnappmob);
    await server.quotes(createVnappmob(), NOW);
    await server.quotes(createVnappmob(), NOW);
    expect(keys).to.equal(2);
    await server.quotes(createVnappmob(), NOW, 'mine');
    expect(keys).to.equal(2);
    expect(server.asked.at(-1)!.headers.authorization).to.equal('Bearer mine');
  });

  it('reads history in ranges of a month, and again with a new key if the old one is refused', async () => {
    serve(GOLD_BODIES.vnappmob);
    const provider = createVnappmob();
    await server.quotes(provider, NOW);
    refused.add('Bearer key.number.1');
    const chunks = await server.history(provider, NOW, AT - 45 * DAY, NOW);
    expect(keys).to.equal(2);
    expect(chunks).to.have.length(1);
    expect(chunks[0]!.map(({ at }) => at)).to.deep.equal([1744358000000, 1744358000000, ...Array(5).fill(AT)]);
    const from = (AT - 45 * DAY) / 1000;
    expect(server.asked.map(({ path }) => path)).to.include(
      `/api/v2/gold/sjc?date_from=${from}&date_to=${from + (30 * DAY) / 1000}`,
    );
  });

  it('names the invalid field', async () => {
    const parse = (body: string) => () => createVnappmob().parse(body, server.context(NOW), 0);
    expect(parse('{}')).to.throw(ResponseFormatError, 'results: expected a list');
    expect(parse(GOLD_BODIES.vnappmob.replace('datetime', 'x'))).to.throw(
      ResponseFormatError,
      'results[0].datetime: expected a number',
    );
    const commas = GOLD_BODIES.vnappmob.replace('74282793.2793', '74,282,793');
    expect(faultsOf(createVnappmob(), commas, NOW)[0]).to.match(/^results\[0\]\.buy_nutrang_75: /);
    expect(parse('{"results":[{"datetime":1744358406}]}')).to.throw(ResponseFormatError, 'results[0]: expected prices');
    server.serve({ [KEY]: '{"results":"a\\r\\nb"}' });
    const thrown = await server.quotes(createVnappmob(), NOW).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(ResponseFormatError).with.property('message', 'results: expected a key');
  });

  it('refuses an error page', () => {
    const page = '<html><body>502 Bad Gateway</body></html>';
    expect(() => createVnappmob().parse(page, server.context(NOW), 1)).to.throw(
      ResponseFormatError,
      'JSON, not an HTML page',
    );
  });
});
