import { expect } from 'chai';
import fc from 'fast-check';
import { Failure } from '../../src/domain/failure.ts';
import { configuredProvider } from '../../src/rates/configured.ts';
import { BodyError } from '../../src/rates/provider.ts';
import { hostileBody } from './hostile.ts';
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

const context = { url: SETTINGS.url, key: undefined, now: NOW, fetch: () => Promise.reject(new Error('not used')) };

function withQuote(change: Record<string, unknown>): typeof SETTINGS {
  return { ...SETTINGS, quote: { ...SETTINGS.quote, ...change } };
}

/** A provider whose body is one row `{at}`, for the forms of time. */
function timed() {
  return configuredProvider('timed', {
    url: 'http://127.0.0.1/x',
    market: 'crypto',
    rows: '[@]',
    quote: { instrument: "'BTC'", buy: '`1`', sell: '`2`', currency: "'USD'", unit: "'coin'", at: 'at' },
  });
}

describe('configuredProvider', () => {
  describe('fetching', () => {
    const server = new ProviderServer();
    before(() => server.start());
    after(() => server.stop());

    it('makes quotes of a body by expressions alone', async () => {
      server.serve({ '/rates.json': BODY });
      const provider = configuredProvider('example', { ...SETTINGS, url: `${server.url}/rates.json` });
      const quote = {
        market: 'gold',
        provider: 'example',
        company: 'Example',
        currency: 'VND',
        unit: 'tael',
        at: NOW,
      };
      expect(await server.quotes(provider, NOW)).to.deep.equal([
        { ...quote, instrument: 'SJC', brand: 'Hà Nội', buy: 151_300_000, sell: 153_300_500, id: '17' },
        { ...quote, instrument: 'PNJ-RING', brand: 'Huế', buy: 148_800_000, sell: null, id: '18' },
      ]);
      expect(provider).to.include({ id: 'example', market: 'gold', every: 900_000, enabled: true });
    });

    it('puts the key into the address and the headers', async () => {
      server.serve({ '/p/': BODY });
      const provider = configuredProvider('example', {
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
    it('may be the list itself, with groups of commas', () => {
      const { rows: _rows, number: _number, ...settings } = withQuote({ brand: 'city', id: 'no' });
      const body = '[{"brand":"Kho báu","city":"","in":"151,300.5","out":"153300","no":"x1"}]';
      const [quote] = configuredProvider('example', settings).parse(body, context, 0);
      expect(quote).to.include({ instrument: 'KHO-BAU', buy: 151_300_500, sell: 153_300_000, brand: '', id: 'x1' });
    });

    it('states its time in any of the documented forms', () => {
      for (const [at, expected] of [
        [1_784_550_600, 1_784_550_600_000],
        ['1784550600', 1_784_550_600_000],
        [1_784_550_600_123, 1_784_550_600_123],
        ['2026-07-20T12:30:00Z', Date.UTC(2026, 6, 20, 12, 30)],
        ['2026-07-20T12:30:00.250+02:00', Date.UTC(2026, 6, 20, 10, 30, 0, 250)],
        ['2026-07-20 19:30', Date.UTC(2026, 6, 20, 12, 30)],
        ['2026-07-20 19:30:15', Date.UTC(2026, 6, 20, 12, 30, 15)],
        ['2026-07-20', Date.UTC(2026, 6, 19, 17)],
      ] as const) {
        expect(timed().parse(JSON.stringify({ at }), context, 0)[0]!.at, String(at)).to.equal(expected);
      }
      for (const at of [0, 86_400, '1970-01-01 07:00', '2999-01-01T00:00:00Z']) {
        expect(timed().parse(JSON.stringify({ at }), context, 0)[0]!.at, `${at}, unset or in the future`).to.equal(NOW);
      }
      for (const at of ['2026-02-30', 'yesterday', null, '20/07/2026', 1e300, '']) {
        expect(() => timed().parse(JSON.stringify({ at }), context, 0), String(at)).to.throw(
          BodyError,
          /^rows\[0\]\.at:/,
        );
      }
    });

    it('that does not fit is refused with the row and the field', () => {
      const provider = configuredProvider('example', withQuote({ unit: 'unit', currency: 'currency' }));
      const row = { brand: 'SJC', city: '', in: '1', out: '2', no: 1, unit: 'chi', currency: 'VND' };
      const parse = (change: object) => () =>
        provider.parse(JSON.stringify({ shops: [row, { ...row, ...change }] }), context, 0);
      expect(parse({})()).to.have.length(2);
      expect(parse({ in: 'x' })).to.throw(BodyError, /^rows\[1\]\.buy: /);
      expect(parse({ out: '1,234.5' })).to.throw(BodyError, /^rows\[1\]\.sell: /);
      expect(parse({ in: -5 })).to.throw(BodyError, 'rows[1].buy: expected a positive price');
      expect(parse({ unit: 'pound' })).to.throw(BodyError, 'rows[1].unit: expected one of tael, chi, ozt');
      expect(parse({ currency: 'đồng' })).to.throw(BodyError, /^rows\[1\]\.currency: /);
      expect(parse({ brand: null })).to.throw(BodyError, /^rows\[1\]\.instrument: /);
      expect(parse({ brand: '***' })).to.throw(BodyError, /^rows\[1\]\.instrument: /);
      expect(parse({ city: 'x'.repeat(200) })).to.throw(BodyError, /^rows\[1\]\.brand: /);
      expect(() => provider.parse('{"error":"no"}', context, 0)).to.throw(BodyError, 'rows: expected a list');
    });

    it('meets a function that cannot take its value', () => {
      const provider = configuredProvider('example', withQuote({ buy: 'sum(in)' }));
      expect(() => provider.parse(BODY, context, 0)).to.throw(BodyError, /^rows\[0\]\.buy: .*sum\(in\)/);
    });

    it('of whatever kind gives positive prices or a BodyError', () => {
      const provider = configuredProvider('example', withQuote({ at: 'no', unit: "not_null(unit, 'tael')" }));
      fc.assert(
        fc.property(hostileBody(BODY), (body) => {
          try {
            for (const { buy, sell, at } of provider.parse(body, context, 0)) {
              for (const price of [buy, sell])
                expect(price === null || (price > 0 && Number.isFinite(price))).to.equal(true);
              expect(buy ?? sell).to.not.equal(null);
              expect(Number.isNaN(new Date(at).getTime())).to.equal(false);
            }
          } catch (error) {
            if (!(error instanceof BodyError)) throw error;
          }
        }),
        { numRuns: 500 },
      );
    });
  });

  describe('settings', () => {
    const { market: _market, ...withoutMarket } = SETTINGS;
    const { url: _url, ...withoutUrl } = SETTINGS;
    const { quote: _quote, ...withoutQuote } = SETTINGS;
    for (const [title, settings, path, words] of [
      ['no address', withoutUrl, 'url', 'is missing'],
      ['a file as address', { ...SETTINGS, url: 'file:///etc/passwd' }, 'url', 'http'],
      ['no market', withoutMarket, 'market', 'is missing'],
      ['an unknown market', { ...SETTINGS, market: 'silver' }, 'market', 'gold, crypto, fx'],
      ['no quote', withoutQuote, 'quote', 'is missing'],
      ['a quote of another kind', { ...SETTINGS, quote: 'buy' }, 'quote', 'is not an object'],
      ['no sell', withQuote({ sell: undefined }), 'quote.sell', 'is missing'],
      ['an unfinished expression', withQuote({ buy: 'in.' }), 'quote.buy', 'unfinished'],
      ['a wrong expression', withQuote({ buy: 'in[' }), 'quote.buy', 'not a JMESPath expression'],
      ['an unknown function', withQuote({ at: 'parse(at)' }), 'quote.at', 'no function parse()'],
      ['a wrong path to the rows', { ...SETTINGS, rows: '[?' }, 'rows', 'not a JMESPath expression'],
      ['a typing error', withQuote({ sel: 'out' }), 'quote.sel', 'is no setting'],
      ['a setting of nobody', { ...SETTINGS, row: 'x' }, 'row', 'is no setting'],
      ['a span of nothing', { ...SETTINGS, every: '0s' }, 'every', '"30m"'],
      ['a form of numbers', { ...SETTINGS, number: '1 234' }, 'number', '"1.234,5"'],
      ['a scale of 0', { ...SETTINGS, scale: 0 }, 'scale', 'positive'],
      ['a placeholder without a key', { ...SETTINGS, headers: { a: '{key}' } }, 'key', 'is missing'],
      ['a header of two lines', { ...SETTINGS, headers: { a: 'b\r\nc: d' } }, 'headers.a', 'header'],
      ['a header without a name', { ...SETTINGS, headers: { 'a b': 'c' } }, 'headers.a b', 'header'],
      ['a switch that is a text', { ...SETTINGS, enabled: 'yes' }, 'enabled', 'true or false'],
    ] as const) {
      it(`refuses ${title}`, () => {
        try {
          configuredProvider('example', settings);
        } catch (error) {
          expect(error).to.be.instanceOf(Failure);
          const failure = error as Failure;
          expect(failure.code).to.equal('CONFIG_INVALID');
          expect(failure.message).to.include(`rates.providers.example.${path} `).and.include(words);
          expect(failure.data).to.deep.equal({ path: `rates.providers.example.${path}` });
          return;
        }
        expect.fail('nothing was thrown');
      });
    }

    it('refuses what is no object, and ids that are taken or no ids', () => {
      expect(() => configuredProvider('example', 'https://x')).to.throw(Failure, 'rates.providers.example is not');
      expect(() => configuredProvider('import', SETTINGS)).to.throw(Failure, 'rates.providers.import is no id');
      expect(() => configuredProvider('Ex ample', SETTINGS)).to.throw(Failure, 'is no id');
    });

    it('are complete with the five fields of a quote', () => {
      const { brand: _b, company: _c, id: _i, ...quote } = SETTINGS.quote;
      const provider = configuredProvider('example', { url: SETTINGS.url, market: 'fx', enabled: false, quote });
      expect(provider).to.include({ every: 3_600_000, enabled: false, name: 'example' });
      expect(provider).to.not.have.property('key');
    });
  });
});
