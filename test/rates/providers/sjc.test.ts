import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { sjc } from '../../../src/rates/providers/sjc.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.parse('2026-04-15T15:00:00+07:00');
const UPDATED = Date.parse('2026-04-15T14:52:00+07:00');
const PATH = '/GoldPrice/Services/PriceService.ashx';

function row(type: string, branch: string, buy: number, sell: number): object {
  return { Id: 1, TypeName: type, BranchName: branch, BuyValue: buy, SellValue: sell };
}

function answer(...data: object[]): string {
  return JSON.stringify({ success: true, latestDate: '14:52 15/04/2026', data });
}

describe('sjc', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('returns the bar in VND per tael at the time that SJC states', async () => {
    server.serve({ [PATH]: GOLD_BODIES.sjc });
    expect(await server.quotes(sjc, NOW)).to.deep.equal([
      {
        instrument: 'SJC',
        market: 'gold',
        provider: 'sjc',
        company: 'SJC',
        brand: 'Hồ Chí Minh',
        buy: 170_000_000,
        sell: 173_500_000,
        currency: 'VND',
        unit: 'tael',
        at: UPDATED,
      },
    ]);
    expect(server.asked[0]!.headers['user-agent']).to.match(/^Mozilla/);
  });

  it('distinguishes bars, rings, small bars and jewellery', () => {
    const body = answer(
      row('Vàng SJC 1L, 10L, 1KG', 'Miền Bắc', 170e6, 173.5e6),
      row('Vàng SJC 5 chỉ', 'Hồ Chí Minh', 170e6, 173.52e6),
      row('Vàng nhẫn SJC 99,99% 1 chỉ, 2 chỉ, 5 chỉ', 'Hồ Chí Minh', 169e6, 172e6),
      row('Vàng nhẫn SJC 99,99% 0.5 chỉ, 0.3 chỉ', 'Hồ Chí Minh', 169e6, 172.1e6),
      row('Nữ trang 75%', 'Hồ Chí Minh', 118e6, 127e6),
    );
    const quotes = sjc.parse(body, server.context(NOW), 0);
    expect(quotes.map(({ instrument, brand, sell }) => [instrument, brand, sell])).to.deep.equal([
      ['SJC', 'Miền Bắc', 173_500_000],
      ['VANG-SJC-5-CHI', 'Hồ Chí Minh', 173_520_000],
      ['SJC-RING', 'Hồ Chí Minh', 172_000_000],
      ['SJC-RING', 'Hồ Chí Minh 0.5 chỉ, 0.3 chỉ', 172_100_000],
      ['SJC-NU-TRANG-75', 'Hồ Chí Minh', 127_000_000],
    ]);
  });

  it('uses no time from the future, and none that it cannot read', () => {
    for (const latestDate of ['15:11 15/04/2026', '07:00 01/01/1970', '31/31/2026', 12, null]) {
      const body = GOLD_BODIES.sjc.replace('"14:52 15/04/2026"', JSON.stringify(latestDate));
      expect(sjc.parse(body, server.context(NOW), 0)[0]!.at).to.equal(undefined);
    }
  });

  it('omits rows without a price, and accepts one side alone', () => {
    const body = answer(row('Vàng SJC 1L', 'A', 0, 0), row('Vàng SJC 1L', 'B', 170e6, 0));
    expect(sjc.parse(body, server.context(NOW), 0).map(({ brand, buy, sell }) => [brand, buy, sell])).to.deep.equal([
      ['B', 170_000_000, null],
    ]);
  });

  it('names the missing field', () => {
    const parse = (body: string) => () => sjc.parse(body, server.context(NOW), 0);
    expect(parse(GOLD_BODIES.sjc.replace('SellValue', 'x'))).to.throw(
      ResponseFormatError,
      'data[0].SellValue: expected a price',
    );
    expect(parse(GOLD_BODIES.sjc.replace('TypeName', 'x'))).to.throw(
      ResponseFormatError,
      'data[0].TypeName: expected a text',
    );
    expect(parse(GOLD_BODIES.sjc.replace('170000000.0', '"170,000"'))).to.throw(
      ResponseFormatError,
      'data[0].BuyValue',
    );
    expect(parse('{"success":false}')).to.throw(ResponseFormatError, 'success: expected true');
    expect(parse('{"success":true}')).to.throw(ResponseFormatError, 'data: expected a list');
  });

  it('refuses an error page', () => {
    const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
    expect(() => sjc.parse(page, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      'body: expected JSON, not an HTML page',
    );
  });

  it('reads the history of the bar in ranges of at most a year, oldest first, from 2016-01-02', async () => {
    server.serve({ [PATH]: ({ form }) => (form.get('toDate')?.endsWith('2025') ? GOLD_BODIES.sjcHistory : EMPTY) });
    const chunks = await server.history(sjc, NOW, 0, NOW);
    expect(chunks).to.have.length(1);
    expect(chunks[0]!.map(({ at, buy, brand }) => [at, buy, brand])).to.deep.equal([
      [1740705947063, 87_000_000, 'Hồ Chí Minh'],
      [1740792347063, 88_000_000, 'Hồ Chí Minh'],
    ]);
    const forms = server.asked.map(({ method, form }) => [method, Object.fromEntries(form)]);
    expect(forms[0]).to.deep.equal([
      'POST',
      { method: 'GetGoldPriceHistory', fromDate: '02/01/2016', toDate: '31/12/2016', goldPriceId: '1' },
    ]);
    expect(forms).to.have.length(11);
    expect(server.asked.at(-1)!.form.get('toDate')).to.equal('15/04/2026');
  });

  it('reads no history outside the requested range', async () => {
    server.serve({ [PATH]: GOLD_BODIES.sjcHistory });
    const chunks = await server.history(sjc, NOW, 1740705947064, 1740792347064);
    expect(chunks.flat().map(({ at }) => at)).to.deep.equal([1740792347063]);
    expect(await server.history(sjc, NOW, NOW + 1, NOW + 5)).to.deep.equal([]);
  });
});

const EMPTY = '{"success":true,"data":[]}';
