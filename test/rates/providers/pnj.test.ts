import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { pnj } from '../../../src/rates/providers/pnj.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.parse('2026-04-15T15:00:00+07:00');
const PATH = '/ecom-frontend/v1/get-gold-price';

describe('pnj', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('converts thousand VND per chỉ to VND per tael', async () => {
    server.serve({ [PATH]: GOLD_BODIES.pnj });
    expect(await server.quotes(pnj, NOW)).to.deep.equal([
      {
        instrument: 'SJC',
        market: 'gold',
        provider: 'pnj',
        company: 'PNJ',
        brand: '',
        buy: 148_800_000,
        sell: 151_300_000,
        currency: 'VND',
        unit: 'tael',
        at: undefined,
      },
    ]);
    expect(server.asked[0]!.path).to.equal(`${PATH}?zone=00`);
  });

  it('recognises the ring, and names other kinds after the company', () => {
    const body = JSON.stringify({
      chinhanh: 'TPHCM',
      updateDate: '15/04/2026 10:05:09',
      data: [
        { masp: 'N24K', tensp: 'Nhẫn Trơn PNJ 999.9', giaban: 15100, giamua: 14850 },
        { masp: '18K', tensp: 'Vàng nữ trang 75% (18K)', giaban: 11000, giamua: '10500' },
        { masp: 'PNJ', tensp: 'Vàng PNJ - Phượng Hoàng', giaban: 0, giamua: 14850 },
        { masp: '__proto__', tensp: 'constructor', giaban: 0, giamua: 0 },
      ],
    });
    const quotes = pnj.parse(body, server.context(NOW), 0);
    expect(quotes.map(({ instrument, brand, buy, sell }) => [instrument, brand, buy, sell])).to.deep.equal([
      ['PNJ-RING', 'TPHCM', 148_500_000, 151_000_000],
      ['PNJ-VANG-NU-TRANG-75-18K', 'TPHCM', 105_000_000, 110_000_000],
      ['PNJ', 'TPHCM', 148_500_000, null],
    ]);
  });

  it('names the invalid field', () => {
    const parse = (body: string) => () => pnj.parse(body, server.context(NOW), 0);
    expect(parse(GOLD_BODIES.pnj.replace('giamua', 'x'))).to.throw(
      ResponseFormatError,
      'data[0].giamua: expected a price',
    );
    expect(parse(GOLD_BODIES.pnj.replace('15130', '"15.130,0"'))).to.throw(ResponseFormatError, 'data[0].giaban');
    expect(parse(GOLD_BODIES.pnj.replace('15130', '-15130'))).to.throw(
      ResponseFormatError,
      'data[0].giaban: expected a positive',
    );
    expect(parse('{}')).to.throw(ResponseFormatError, 'data: expected a list');
  });

  it('refuses an error page', () => {
    const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
    expect(() => pnj.parse(page, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      'body: expected JSON, not an HTML page',
    );
  });
});
