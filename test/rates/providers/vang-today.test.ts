import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { vangToday } from '../../../src/rates/providers/vang-today.ts';
import { faultsOf } from '../context.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.parse('2026-03-16T23:40:00+07:00');
const AT = 1773678605000; // 23:30:05 in Vietnam
const PATH = '/api/prices';

function body(prices: object): string {
  return JSON.stringify({ success: true, timestamp: 1773678605, prices });
}

describe('vang-today', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  const parse = (text: string) => vangToday.parse(text, server.context(NOW), 0);

  it('reads VND per tael', async () => {
    server.serve({ [PATH]: GOLD_BODIES.vangToday });
    expect(await server.quotes(vangToday, NOW)).to.deep.equal([
      {
        instrument: 'SJC',
        market: 'gold',
        provider: 'vang-today',
        company: 'SJC',
        brand: '',
        buy: 180_100_000,
        sell: 183_100_000,
        currency: 'VND',
        unit: 'tael',
        at: AT,
      },
    ]);
    expect(server.asked[0]!.headers['user-agent']).to.match(/^Mozilla/);
  });

  it('recognises companies by their codes, and world gold, which may have no sell price', () => {
    const price = { buy: 180e6, sell: 183e6, currency: 'VND' };
    const quotes = parse(
      body({
        XAUUSD: { name: 'Gold', buy: 5010.5, sell: 0, currency: 'USD' },
        SJ9999: { name: 'SJC Ring', ...price },
        DOHNL: { name: 'DOJI Hanoi', ...price },
        DOHCML: { name: 'DOJI HCM', ...price },
        DOJINHTV: { name: 'DOJI Jewelry', ...price },
        BTSJC: { name: 'Bảo Tín SJC', ...price },
        BT9999NTT: { name: 'Bảo Tín 9999', ...price },
        PQHN24NTT: { name: 'PNJ 24K', ...price },
        VIETTINMSJC: { name: 'Viettin SJC', ...price },
        NEW: { name: 'Vàng Ngọc Thẩm', ...price },
        XAG: { name: 'Bạc', ...price },
        USDX: { name: 'USD index', buy: 99, sell: 99, currency: 'USD' },
        __proto__x: { name: 'BTC', ...price },
      }),
    );
    expect(quotes[0]).to.include({ instrument: 'XAU', buy: 5010.5, sell: null, currency: 'USD', unit: 'ozt' });
    expect(quotes.slice(1).map(({ instrument, company, brand }) => [instrument, company, brand])).to.deep.equal([
      ['SJC-RING', 'SJC', ''],
      ['DOJI', 'DOJI', 'Hà Nội'],
      ['DOJI', 'DOJI', 'Hồ Chí Minh'],
      ['DOJI-JEWELRY', 'DOJI', ''],
      ['SJC', 'BTMC', ''],
      ['BTMC-RING', 'BTMC', ''],
      ['PNJ-24K', 'PNJ', ''],
      ['SJC', 'VietinBank', ''],
      ['VANG-NGOC-THAM', 'vang.today', ''],
      ['GOLD-BTC', 'vang.today', ''],
    ]);
  });

  it('reads the list format', () => {
    const row = { type_code: 'SJL1L10', buy: 161_300_000, sell: 163_800_000, update_time: 1773678000 };
    const text = JSON.stringify({ success: true, current_time: 1773678605, data: [{ ...row, name: 'SJC' }] });
    expect(parse(text)[0]).to.include({ instrument: 'SJC', buy: 161_300_000, at: 1773678000000 });
  });

  it('recognises kinds by their codes if rows have no names', () => {
    const text = JSON.stringify({
      success: true,
      current_time: 1732456789,
      data: [
        { type_code: 'SJL1L10', buy: 85_500_000, sell: 88_000_000, update_time: 1732456789 },
        { type_code: 'SJ9999', buy: 85_000_000, sell: 87_500_000, update_time: 1732456789 },
        { type_code: 'DOJINHTV', buy: 85_000_000, sell: 87_500_000 },
      ],
    });
    const at = Date.parse('2024-11-24T20:59:49+07:00');
    expect(parse(text).map(({ instrument, buy, sell, at }) => [instrument, buy, sell, at])).to.deep.equal([
      ['SJC', 85_500_000, 88_000_000, at],
      ['SJC-RING', 85_000_000, 87_500_000, at],
    ]);
    // its code is unknown
    expect(faultsOf(vangToday, text, NOW)).to.deep.equal(['data[2].name: expected a text']);
  });

  it('returns currencies among the gold as currencies', () => {
    const quotes = parse(
      body({
        VNGSJC: { name: 'VN Gold SJC', buy: 172e6, sell: 175e6, currency: 'VND' },
        USD: { name: 'USD', buy: 25_900, sell: 26_200, currency: 'VND' },
        EUR: { name: 'EUR', buy: 28_000, sell: 28_500, currency: 'VND' },
        CAD: { name: 'Canadian dollar', buy: 18_900, sell: 19_200, currency: 'VND' },
        GBP: { name: 'GBP', buy: 1.3, sell: 1.4, currency: 'USD' },
      }),
    );
    expect(quotes.map((quote) => [quote.instrument, quote.market, quote.buy, quote.sell, quote.unit])).to.deep.equal([
      ['SJC', 'gold', 172e6, 175e6, 'tael'],
      ['USD', 'fx', 25_900, 26_200, 'each'],
      ['EUR', 'fx', 28_000, 28_500, 'each'],
      ['CAD', 'fx', 18_900, 19_200, 'each'],
    ]);
    expect(quotes[1]).to.include({ currency: 'VND', company: 'vang.today' });
  });

  it('reads history as one price per day, at the start of the day', async () => {
    server.serve({
      [PATH]: '{"success":true,"history":[]}',
      [`${PATH}?type=SJL1L10&days=30`]: GOLD_BODIES.vangTodayHistory,
    });
    const chunks = await server.history(vangToday, NOW, 0, NOW);
    expect(chunks.map((chunk) => chunk.map(({ instrument, buy, at }) => [instrument, buy, at]))).to.deep.equal([
      [
        ['SJC', 179_600_000, Date.parse('2026-03-15T00:00:00+07:00')],
        ['SJC', 180_100_000, Date.parse('2026-03-16T00:00:00+07:00')],
      ],
    ]);
    expect(server.asked).to.have.length(12);
  });

  it('names the invalid field', () => {
    const { vangToday: good } = GOLD_BODIES;
    expect(() => parse(good.replace('"sell"', '"x"'))).to.throw(
      ResponseFormatError,
      'prices.SJL1L10.sell: expected a price',
    );
    expect(() => parse(good.replace('"VND"', '"USD"'))).to.throw(
      ResponseFormatError,
      'prices.SJL1L10.currency: expected VND',
    );
    expect(() => parse(good.replace('true', '1'))).to.throw(ResponseFormatError, 'success: expected true');
    expect(() => parse('{"success":true}')).to.throw(ResponseFormatError, 'prices: expected an object');
  });

  it('refuses an error page', () => {
    const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
    expect(() => vangToday.parse(page, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      'body: expected JSON, not an HTML page',
    );
  });
});
