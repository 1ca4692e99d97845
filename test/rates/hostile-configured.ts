import { expect } from 'chai';
import fc from 'fast-check';
import { createCustomProvider } from '../../src/rates/custom-provider.ts';
import { type Provider, ResponseFormatError } from '../../src/rates/provider.ts';
import { contextAt } from './context.ts';
import { hostileBody, hostileXml } from './hostile.ts';

const NOW = Date.UTC(2026, 6, 20, 13);

const SETTINGS = {
  url: 'https://gold.example/rates',
  market: 'gold',
  quote: {
    instrument: 'brand',
    company: "'Example'",
    brand: 'city',
    buy: 'in',
    sell: 'out',
    currency: "'VND'",
    unit: "not_null(unit, 'tael')",
    market: 'market',
    at: 'at',
  },
};

const SHOPS = [
  { brand: 'SJC', city: 'Hà Nội', in: '151.300', out: '153.300,5', at: '19:30 20/07/2026', market: 'gold' },
  { brand: 'Nhẫn trơn PNJ 999.9', city: 'Huế', in: 148800, out: '-', at: '20/07/2026 07:30 CH', unit: 'chỉ' },
  { brand: 'USD', city: '', in: '25.870', out: '26.230', at: '/Date(1784550600123)/', unit: 'each', market: 'fx' },
];

const XML = `<root><shop brand="SJC" city="Huế" in="151.300" out="153.300,5" at="19:30 20/07/2026"/><shop brand="PNJ"
  city="" in="148.800" out="-" at="2026-07-20" unit="chi"/></root>`;

const CSV =
  'brand,city,in,out,at,unit,market\nSJC,"Hà Nội",151.300,"153.300,5",19:30 20/07/2026,tael,\nUSD,,1,2,,each,fx';

/** A CSV body with pieces of CSV inserted, removed or exchanged. */
const hostileCsv = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        ',',
        ';',
        '\t',
        '|',
        '"',
        '""',
        '\n',
        '\r\n',
        '\r',
        'brand',
        'in',
        '1',
        '\ufeff',
        '__proto__',
        '=',
      ),
    )
    .map((parts) => parts.join('')),
  fc.tuple(fc.nat(CSV.length), fc.nat(CSV.length)).map(([from, to]) => CSV.slice(0, from) + CSV.slice(to)),
  fc
    .tuple(fc.nat(CSV.length), fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', ',', '\n', '1e999', '-5')))
    .map(([at, text]) => CSV.slice(0, at) + text + CSV.slice(at)),
);

/** Custom providers, one per format of body, and what may come in place of the expected body. */
export const CONFIGURED_CASES: readonly {
  readonly format: string;
  readonly provider: Provider;
  readonly bodies: fc.Arbitrary<string>;
}[] = [
  {
    format: 'json',
    provider: createCustomProvider('example', { ...SETTINGS, rows: 'shops', number: '1.234,5' }),
    bodies: hostileBody(JSON.stringify({ shops: SHOPS })),
  },
  {
    format: 'json-by-code',
    provider: createCustomProvider('example', {
      ...SETTINGS,
      quote: Object.fromEntries(
        Object.entries(SETTINGS.quote).map(([name, field]) => [
          name,
          name === 'instrument'
            ? 'key'
            : /^\w+$/.test(field)
              ? `value.${field}`
              : field.replace('unit,', 'value.unit,'),
        ]),
      ),
    }),
    bodies: hostileBody(JSON.stringify(Object.fromEntries(SHOPS.map((shop) => [shop.brand, shop])))),
  },
  {
    format: 'xml',
    provider: createCustomProvider('example', {
      ...SETTINGS,
      format: 'xml',
      lists: ['shop'],
      rows: 'root.shop',
      number: '1.234,5',
      quote: Object.fromEntries(
        Object.entries(SETTINGS.quote).map(([name, field]) => [
          name,
          /^\w+$/.test(field) ? `"@${field}"` : field.replace('unit,', '"@unit",'),
        ]),
      ),
    }),
    bodies: hostileXml(XML),
  },
  { format: 'csv', provider: createCustomProvider('example', { ...SETTINGS, format: 'csv' }), bodies: hostileCsv },
];

/** A body gives valid quotes, or throws a ResponseFormatError. */
export function meetConfigured(provider: Provider, body: string): void {
  try {
    for (const { buy, sell, at, market } of provider.parse(body, contextAt(NOW), 0)) {
      for (const price of [buy, sell]) expect(price === null || (price > 0 && Number.isFinite(price))).to.equal(true);
      expect(buy ?? sell).to.not.equal(null);
      expect(at === undefined || (at >= Date.UTC(2000, 0, 1) && at <= NOW)).to.equal(true);
      expect(market).to.be.oneOf(['gold', 'crypto', 'fx']);
    }
  } catch (error) {
    if (!(error instanceof ResponseFormatError)) throw error;
  }
}
