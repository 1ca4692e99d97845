import { expect } from 'chai';
import fc from 'fast-check';
import { AppError } from '../../src/domain/app-error.ts';
import { createCustomProvider } from '../../src/rates/custom-provider.ts';
import { ResponseFormatError } from '../../src/rates/provider.ts';
import { contextAt, faultsOf } from './context.ts';
import { CONFIGURED_CASES, meetConfigured } from './hostile-configured.ts';
import { ProviderServer } from './provider-server.ts';

const NOW = Date.parse('2026-07-20T20:00:00+07:00');

const BODY = JSON.stringify({
  updated: '2026-07-20 19:30',
  shops: [
    { brand: 'SJC', city: 'Hà Nội', in: '151.300', out: '153.300,5', no: 17 },
    { brand: 'Nhẫn trơn PNJ 999.9', city: 'Huế', in: 148800, out: '-', no: 18 },
    { brand: 'SJC', city: 'Vinh', in: null, out: '', no: 19 },
  ],
});

const SETTINGS = {
  url: 'https://gold.example/rates.json',
  market: 'gold',
  every: '15m',
  rows: 'shops',
  number: '1.234,5',
  scale: 1000,
  quote: {
    instrument: 'brand',
    company: "'Example'",
    brand: 'city',
    buy: 'in',
    sell: 'out',
    currency: "'VND'",
    unit: "'tael'",
    id: 'no',
  },
};

const context = contextAt(NOW, { url: SETTINGS.url });

function withQuote(change: Record<string, unknown>): typeof SETTINGS {
  return { ...SETTINGS, quote: { ...SETTINGS.quote, ...change } };
}

/** A provider whose body is one row `{at}`, for the formats of time. */
function timed() {
  return createCustomProvider('timed', {
    url: 'http://127.0.0.1/x',
    market: 'crypto',
    rows: '[@]',
    quote: { instrument: "'BTC'", buy: '`1`', sell: '`2`', currency: "'USD'", unit: "'coin'", at: 'at' },
  });
}

describe('createCustomProvider', () => {
  describe('fetching', () => {
    const server = new ProviderServer();
    before(() => server.start());
    after(() => server.stop());

    it('reads quotes from a body with expressions alone', async () => {
      server.serve({ '/rates.json': BODY });
      const provider = createCustomProvider('example', { ...SETTINGS, url: `${server.url}/rates.json` });
      const quote = {
        market: 'gold',
        provider: 'example',
        company: 'Example',
        currency: 'VND',
        unit: 'tael',
        at: undefined,
      };
      expect(await server.quotes(provider, NOW)).to.deep.equal([
        { ...quote, instrument: 'SJC', brand: 'Hà Nội', buy: 151_300_000, sell: 153_300_500, id: '17' },
        { ...quote, instrument: 'PNJ-RING', brand: 'Huế', buy: 148_800_000, sell: null, id: '18' },
      ]);
      expect(provider).to.include({ id: 'example', market: 'gold', intervalMs: 900_000, enabled: true });
    });

    it('puts the key into the address and the headers', async () => {
      server.serve({ '/p/': BODY });
      const provider = createCustomProvider('example', {
        ...SETTINGS,
        url: `${server.url}/p/?k={key}`,
        key: "a&b$'c",
        headers: { authorization: 'Bearer {key}' },
      });
      await server.quotes(provider, NOW);
      expect(new URL(server.asked[0]!.path, server.url).searchParams.get('k')).to.equal("a&b$'c");
      expect(server.asked[0]!.headers.authorization).to.equal("Bearer a&b$'c");
    });
  });

  describe('a body', () => {
    it('may be the list itself, with thousands separators', () => {
      const { rows: _rows, number: _number, ...settings } = withQuote({ brand: 'city', id: 'no' });
      const body = '[{"brand":"Kho báu","city":"","in":"151,300.5","out":"153300","no":"x1"}]';
      const [quote] = createCustomProvider('example', settings).parse(body, context, 0);
      expect(quote).to.include({ instrument: 'KHO-BAU', buy: 151_300_500, sell: 153_300_000, brand: '', id: 'x1' });
    });

    it('accepts all documented formats of time', () => {
      for (const [at, expected] of [
        [1_784_550_600, 1_784_550_600_000],
        ['1784550600', 1_784_550_600_000],
        [1_784_550_600_123, 1_784_550_600_123],
        ['2026-07-20T12:30:00Z', Date.UTC(2026, 6, 20, 12, 30)],
        ['2026-07-20T12:30:00.250+02:00', Date.UTC(2026, 6, 20, 10, 30, 0, 250)],
        ['2026-07-20 19:30', Date.UTC(2026, 6, 20, 12, 30)],
        ['2026-07-20 19:30:15', Date.UTC(2026, 6, 20, 12, 30, 15)],
        ['2026-07-20', Date.UTC(2026, 6, 19, 17)],
        ['19:30 20/07/2026', Date.UTC(2026, 6, 20, 12, 30)],
        ['20/07/2026 19:30', Date.UTC(2026, 6, 20, 12, 30)],
        ['20/07/2026 19:30:15', Date.UTC(2026, 6, 20, 12, 30, 15)],
        ['20-07-2026, 19:30', Date.UTC(2026, 6, 20, 12, 30)],
        ['07:30 CH 20/07/2026', Date.UTC(2026, 6, 20, 12, 30)],
        ['07:30:15 pm 20/07/2026', Date.UTC(2026, 6, 20, 12, 30, 15)],
        ['20/7/2026 7:30 SA', Date.UTC(2026, 6, 20, 0, 30)],
        ['20/07/2026 12:30:15 AM', Date.UTC(2026, 6, 19, 17, 30, 15)],
        ['/Date(1784550600123)/', 1_784_550_600_123],
        ['/Date(1784550600123+0700)/', 1_784_550_600_123],
      ] as const) {
        expect(timed().parse(JSON.stringify({ at }), context, 0)[0]!.at, String(at)).to.equal(expected);
      }
      for (const at of [
        0,
        86_400,
        '0001-01-01',
        '1970-01-01 07:00',
        '/Date(-62135596800000)/',
        '2026-07-21T12:59:00Z',
      ]) {
        const [quote] = timed().parse(JSON.stringify({ at }), context, 0);
        expect(quote!.at, `${at}, `).to.equal(undefined);
      }
      expect(() => timed().parse('{"at":"2999-01-01T00:00:00Z"}', context, 0)).to.throw(
        ResponseFormatError,
        'in the future',
      );
      for (const at of ['2026-02-30', 'yesterday', null, '20/07/2026', '13:00 CH 20/07/2026', '/Date()/', 1e300, '']) {
        expect(() => timed().parse(JSON.stringify({ at }), context, 0), String(at)).to.throw(
          ResponseFormatError,
          /^rows\[0\]\.at:/,
        );
      }
    });

    it('omits an invalid row, and reports its position and field', () => {
      const provider = createCustomProvider('example', withQuote({ unit: 'unit', currency: 'currency' }));
      const row = { brand: 'SJC', city: '', in: '1', out: '2', no: 1, unit: 'chi', currency: 'VND' };
      const bodyOf = (change: object) => JSON.stringify({ shops: [row, { ...row, ...change }] });
      const faults = (change: object) => faultsOf(provider, bodyOf(change), NOW);
      expect(faults({})).to.deep.equal([]);
      expect(provider.parse(bodyOf({ in: 'x' }), context, 0)).to.have.length(1);
      for (const [change, fault] of [
        [{ in: 'x' }, /^rows\[1\]\.buy: /],
        [{ out: '1,234.5' }, /^rows\[1\]\.sell: /],
        [{ in: -5 }, /^rows\[1\]\.buy: expected a positive price/],
        [{ unit: 'pound' }, /^rows\[1\]\.unit: expected one of tael \(lượng, cây\), chi \(chỉ\)/],
        [{ currency: 'đồng' }, /^rows\[1\]\.currency: /],
        [{ brand: null }, /^rows\[1\]\.instrument: /],
        [{ brand: '***' }, /^rows\[1\]\.instrument: /],
        [{ city: 'x'.repeat(200) }, /^rows\[1\]\.brand: /],
      ] as const) {
        expect(faults(change)).to.have.length(1);
        expect(faults(change)[0]).to.match(fault);
      }
      expect(() => provider.parse('{"error":"no"}', context, 0)).to.throw(ResponseFormatError, 'rows: expected a list');
    });

    it('may use informal names of units', () => {
      const read = (unit: string) => {
        const provider = createCustomProvider('example', withQuote({ unit: `'${unit}'` }));
        return provider.parse(BODY, context, 0)[0]!.unit;
      };
      expect(['lượng', 'Cây', 'chỉ'.normalize('NFD'), 'phân', 'oz', 'gram'].map(read)).to.deep.equal([
        'tael',
        'tael',
        'chi',
        'phan',
        'ozt',
        'g',
      ]);
    });

    it('may contain silver', () => {
      const provider = createCustomProvider('silver', {
        url: 'http://127.0.0.1/price/XAG',
        market: 'silver',
        rows: '[@]',
        quote: {
          instrument: 'symbol',
          buy: 'price',
          sell: 'price',
          currency: 'currency',
          unit: "'oz'",
          at: 'updatedAt',
        },
      });
      const body = '{"currency":"USD","name":"Silver","price":61.5,"symbol":"XAG","updatedAt":"2026-07-20T12:59:00Z"}';
      const [quote] = provider.parse(body, context, 0);
      expect(provider.intervalMs).to.equal(30 * 60_000);
      expect(quote).to.include({ instrument: 'XAG', market: 'silver', buy: 61.5, currency: 'USD', unit: 'ozt' });
    });

    it('may have rows by code, each with its own market and unit', () => {
      const { brand: _b, company: _c, id: _i, ...quote } = SETTINGS.quote;
      const provider = createCustomProvider('example', {
        ...SETTINGS,
        rows: 'prices',
        quote: {
          ...quote,
          instrument: 'key',
          buy: 'value.in',
          sell: 'value.out',
          unit: 'value.unit',
          market: 'value.m',
        },
      });
      const body = JSON.stringify({
        prices: {
          SJC: { in: 151_300, out: 153_300, unit: 'lượng' },
          RING: { in: 15_130, out: 15_330, unit: 'Chỉ', m: 'gold' },
          USD: { in: 25.87, out: 26.23, unit: 'each', m: 'fx' },
          ODD: { in: 1, out: 2, unit: 'each', m: 'stocks' },
        },
      });
      expect(
        provider.parse(body, context, 0).map((row) => [row.instrument, row.market, row.unit, row.buy, row.sell]),
      ).to.deep.equal([
        ['SJC', 'gold', 'tael', 151_300_000, 153_300_000],
        ['RING', 'gold', 'chi', 15_130_000, 15_330_000],
        ['USD', 'fx', 'each', 25_870, 26_230],
      ]);
      expect(faultsOf(provider, body, NOW)).to.deep.equal([
        'rows.ODD.market: expected one of gold, silver, crypto, fx',
      ]);
      const scalars = createCustomProvider('example', {
        ...SETTINGS,
        rows: 'rates',
        scale: 1,
        quote: { ...quote, instrument: 'key', buy: 'value', sell: 'value', unit: "'each'" },
      });
      expect(scalars.parse('{"rates":{"EUR":0.867,"__proto__":1}}', context, 0)).to.have.length(2);
    });

    it('may be XML, with elements that occur once or repeatedly', () => {
      const provider = createCustomProvider('example', {
        ...SETTINGS,
        format: 'xml',
        lists: ['city', 'item'],
        rows: 'root.city[].item[]',
        quote: {
          ...SETTINGS.quote,
          instrument: '"@type"',
          brand: '"@place"',
          buy: '"@buy"',
          sell: '"#text"',
          id: 'no',
        },
      });
      const row = '<item type="SJC" place="Huế" buy="151.300">153.300</item>';
      const quotes = (body: string) =>
        provider.parse(body, context, 0).map(({ buy, sell, brand }) => [buy, sell, brand]);
      expect(quotes(`<root><city>${row}</city></root>`)).to.deep.equal([[151_300_000, 153_300_000, 'Huế']]);
      expect(quotes(`<root><city>${row}${row}</city><city>${row}</city></root>`)).to.have.length(3);
      expect(() => quotes('{}')).to.throw(ResponseFormatError, 'body: expected XML');
      expect(() => quotes('<root/>')).to.throw(ResponseFormatError, 'rows: expected a list');
    });

    it('may be CSV, and omits rows whose number of cells differs from the header', () => {
      const provider = createCustomProvider('example', {
        ...SETTINGS,
        format: 'csv',
        rows: "[?brand != 'PNJ']",
        number: '1,234.5',
      });
      const body =
        '\ufeffbrand,city,in,out,no\nSJC,Huế,"151,300","153,300",1\nPNJ,,1,2,2\n\nSJC,Vinh,151,300,153,300,3\n' +
        'SJC,Cà Mau,151300,-,4\n';
      const quotes = provider.parse(body, context, 0).map(({ brand, buy, sell, id }) => [brand, buy, sell, id]);
      expect(quotes).to.deep.equal([
        ['Huế', 151_300_000, 153_300_000, '1'],
        ['Cà Mau', 151_300_000, null, '4'],
      ]);
      expect(faultsOf(provider, body, NOW)).to.deep.equal(['row 3: expected 5 cells, not 7']);
    });

    it('with ambiguous numbers is refused until their format is configured', () => {
      const { number: _number, ...settings } = {
        ...SETTINGS,
        market: 'fx',
        rows: 'rows',
        scale: 1,
        quote: { instrument: 'c', buy: 'mua', sell: 'ban', currency: "'VND'", unit: "'each'" },
      };
      const body = (mua: unknown, ban: unknown) => JSON.stringify({ rows: [{ c: 'USD', mua, ban }] });
      const prices = (more: object, text: string) =>
        createCustomProvider('fx', { ...settings, ...more })
          .parse(text, context, 0)
          .map(({ buy, sell }) => [buy, sell]);
      for (const text of [body('25.870', '26.230'), body('25,870', '26,230')]) {
        expect(() => prices({}, text)).to.throw(ResponseFormatError, 'set "number" to "1,234.5" or "1.234,5"');
      }
      expect(prices({ number: '1.234,5' }, body('25.870', '26.230'))).to.deep.equal([[25_870, 26_230]]);
      expect(prices({ number: '1,234.5' }, body('25.870', '26.230'))).to.deep.equal([[25.87, 26.23]]);
      for (const [text, number] of [
        ['25.87', 25.87],
        ['25870', 25_870],
        ['0.867', 0.867],
        ['1,234,567', 1_234_567],
        ['1,234.567', 1234.567],
        ['7.35E-6', 0.00000735],
        [25.87, 25.87],
      ] as const) {
        expect(prices({}, body(text, text)), String(text)).to.deep.equal([[number, number]]);
      }
    });

    it('survives a function that cannot process its value', () => {
      const provider = createCustomProvider('example', withQuote({ buy: 'sum(in)' }));
      expect(() => provider.parse(BODY, context, 0)).to.throw(ResponseFormatError, /^rows\[0\]\.buy: .*sum\(in\)/);
    });

    for (const { format, provider, bodies } of CONFIGURED_CASES) {
      it(`with any content gives positive prices or a ResponseFormatError (${format})`, () => {
        fc.assert(
          fc.property(bodies, (body) => meetConfigured(provider, body)),
          { numRuns: 500 },
        );
      });
    }
  });

  describe('settings', () => {
    const { market: _market, ...withoutMarket } = SETTINGS;
    const { url: _url, ...withoutUrl } = SETTINGS;
    const { quote: _quote, ...withoutQuote } = SETTINGS;
    for (const [title, settings, path, words] of [
      ['no address', withoutUrl, 'url', 'is missing'],
      ['a file as address', { ...SETTINGS, url: 'file:///etc/passwd' }, 'url', 'http'],
      ['no market', withoutMarket, 'market', 'is missing'],
      ['an unknown market', { ...SETTINGS, market: 'copper' }, 'market', 'gold, silver, crypto, fx'],
      ['no quote', withoutQuote, 'quote', 'is missing'],
      ['a quote of another kind', { ...SETTINGS, quote: 'buy' }, 'quote', 'is not an object'],
      ['no sell', withQuote({ sell: undefined }), 'quote.sell', 'is missing'],
      ['an unfinished expression', withQuote({ buy: 'in.' }), 'quote.buy', 'unfinished'],
      ['a wrong expression', withQuote({ buy: 'in[' }), 'quote.buy', 'not a JMESPath expression'],
      ['an unknown function', withQuote({ at: 'parse(at)' }), 'quote.at', 'no function parse()'],
      ['a wrong path to the rows', { ...SETTINGS, rows: '[?' }, 'rows', 'not a JMESPath expression'],
      ['a typing error', withQuote({ sel: 'out' }), 'quote.sel', 'is an unknown setting'],
      ['a setting of nobody', { ...SETTINGS, row: 'x' }, 'row', 'is an unknown setting'],
      ['a span of nothing', { ...SETTINGS, every: '0s' }, 'every', '"30m"'],
      ['a form of bodies', { ...SETTINGS, format: 'html' }, 'format', 'json, xml, csv'],
      ['lists that are a text', { ...SETTINGS, format: 'xml', lists: 'item' }, 'lists', 'list of names'],
      ['lists in JSON', { ...SETTINGS, lists: ['item'] }, 'lists', 'XML'],
      ['a wrong expression for the market', withQuote({ market: 'a[' }), 'quote.market', 'not a JMESPath expression'],
      ['a form of numbers', { ...SETTINGS, number: '1 234' }, 'number', '"1.234,5"'],
      ['a scale of 0', { ...SETTINGS, scale: 0 }, 'scale', 'positive'],
      ['a placeholder without a key', { ...SETTINGS, headers: { a: '{key}' } }, 'key', 'is missing'],
      ['a header of two lines', { ...SETTINGS, headers: { a: 'b\r\nc: d' } }, 'headers.a', 'header'],
      ['a header without a name', { ...SETTINGS, headers: { 'Bearer c': 'authorization' } }, 'headers', 'header'],
      ['a meaning of times', { ...withQuote({ at: 'at' }), time: 'now' }, 'time', '"response"'],
      ['a meaning of times that are not there', { ...SETTINGS, time: 'response' }, 'time', 'quote.at'],
      ['a switch that is a text', { ...SETTINGS, enabled: 'yes' }, 'enabled', 'true or false'],
    ] as const) {
      it(`refuses ${title}`, () => {
        try {
          createCustomProvider('example', settings);
        } catch (error) {
          expect(error).to.be.instanceOf(AppError);
          const failure = error as AppError;
          expect(failure.code).to.equal('CONFIG_INVALID');
          expect(failure.message).to.include(`rates.providers.example.${path} `).and.include(words);
          expect(failure.data).to.deep.equal({ path: `rates.providers.example.${path}` });
          return;
        }
        expect.fail('expected an error');
      });
    }

    it('refuse anything but an object, ids in use and invalid ids', () => {
      expect(() => createCustomProvider('example', 'https://x')).to.throw(AppError, 'rates.providers.example is not');
      expect(() => createCustomProvider('import', SETTINGS)).to.throw(
        AppError,
        'rates.providers.import is not a valid id',
      );
      expect(() => createCustomProvider('Ex ample', SETTINGS)).to.throw(AppError, 'is not a valid id');
    });

    it('define the meaning of the times of rows', () => {
      expect(createCustomProvider('a', withQuote({ at: 'at' })).statedTime).to.equal('change');
      expect(createCustomProvider('a', { ...withQuote({ at: 'at' }), time: 'response' }).statedTime).to.equal(
        'response',
      );
    });

    it('are complete with the five fields of a quote', () => {
      const { brand: _b, company: _c, id: _i, ...quote } = SETTINGS.quote;
      const provider = createCustomProvider('example', { url: SETTINGS.url, market: 'fx', enabled: false, quote });
      expect(provider).to.include({ intervalMs: 3_600_000, enabled: false, name: 'example', statedTime: 'none' });
      expect(provider).to.not.have.property('key');
    });
  });
});
