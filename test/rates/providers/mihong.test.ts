import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { mihong } from '../../../src/rates/providers/mihong.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.parse('2026-03-25T14:00:00+07:00');
const AT = Date.parse('2026-03-25T13:23:00+07:00');
const PATH = '/v1/gold-prices';
const HOUR = 3_600_000;

function row(code: string, buyingPrice: number, sellingPrice: number, dateTime = '25/03/2026 13:23'): object {
  return { code, buyingPrice, sellingPrice, dateTime };
}

describe('mihong', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  const parse = (body: string) => mihong.parse(body, server.context(NOW), 0);

  it('converts VND per chỉ to VND per tael', async () => {
    server.serve({ [PATH]: GOLD_BODIES.mihong });
    expect(await server.quotes(mihong, NOW)).to.deep.equal([
      {
        instrument: 'MIHONG',
        market: 'gold',
        provider: 'mihong',
        company: 'Mi Hồng',
        brand: '',
        buy: 171_500_000,
        sell: 175_000_000,
        currency: 'VND',
        unit: 'tael',
        at: AT,
      },
    ]);
    expect(server.asked[0]).to.deep.include({ path: `${PATH}?market=domestic` });
    expect(server.asked[0]!.headers['x-market']).to.equal('mihong');
  });

  it('recognises the SJC bar and finenesses, and the older format of the response', () => {
    const data = [row('SJC', 9_500_000, 9_750_000, '25/03/2026, 13:23'), row('950', 8_870_000, 0), row('680', 0, 0)];
    for (const body of [JSON.stringify(data), JSON.stringify({ success: true, data })]) {
      expect(parse(body).map(({ instrument, buy, sell, at }) => [instrument, buy, sell, at])).to.deep.equal([
        ['SJC', 95_000_000, 97_500_000, AT],
        ['MI-HONG-950', 88_700_000, null, AT],
      ]);
    }
  });

  it('reads the history of the bar and its own gold over a span that covers the range', async () => {
    server.serve({
      [PATH]: ({ path }) =>
        path.includes('goldCode=SJC')
          ? JSON.stringify([
              row('SJC', 17e6, 18e6),
              row('SJC', 16e6, 17e6, '24/03/2026 10:00'),
              row('SJC', 1, 1, '01/01/2025 10:00'),
            ])
          : JSON.stringify([row('999', 16e6, 17e6, '25/03/2026 09:00')]),
    });
    const pages = await server.history(mihong, NOW, NOW - 300 * 24 * HOUR, NOW);
    expect(pages.map((page) => page.map(({ instrument, buy }) => [instrument, buy]))).to.deep.equal([
      [
        ['SJC', 160_000_000],
        ['SJC', 170_000_000],
      ],
      [['MIHONG', 160_000_000]],
    ]);
    expect(server.asked.map(({ path }) => path)).to.deep.equal([
      `${PATH}?market=domestic&goldCode=SJC&last=1y`,
      `${PATH}?market=domestic&goldCode=999&last=1y`,
    ]);
    await server.history(mihong, NOW, NOW - 20 * HOUR, NOW);
    expect(server.asked.at(-1)!.path).to.include('last=24h');
    await server.history(mihong, NOW, 0, NOW);
    expect(server.asked.at(-1)!.path).to.include('last=1y');
  });

  it('requires a time in history', async () => {
    server.serve({ [PATH]: JSON.stringify([row('SJC', 17e6, 18e6, 'x')]) });
    const thrown = await server.history(mihong, NOW, 0, NOW).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(ResponseFormatError).with.property('path', 'body[0].dateTime');
  });

  it('names the invalid field', () => {
    expect(() => parse(GOLD_BODIES.mihong.replace('sellingPrice', 'x'))).to.throw(
      ResponseFormatError,
      'body[0].sellingPrice: expected a price',
    );
    expect(() => parse(GOLD_BODIES.mihong.replace('17150000', '1e400'))).to.throw(
      ResponseFormatError,
      'body[0].buyingPrice',
    );
    expect(() => parse('{}')).to.throw(ResponseFormatError, 'data: expected a list');
  });

  it('refuses an error page', () => {
    const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
    expect(() => mihong.parse(page, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      'body: expected JSON, not an HTML page',
    );
  });
});
