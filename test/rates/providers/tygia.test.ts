import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { tygia } from '../../../src/rates/providers/tygia.ts';
import { faultsOf } from '../context.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.parse('2021-12-29T20:00:00+07:00');
const AT = Date.parse('2021-12-29T17:58:00+07:00');
const PATH = '/json.php';
const DAY = 24 * 3_600_000;

type Row = [company: string, brand: string, type: string, buy: string, sell: string, updated?: string];

function body(...rows: Row[]): string {
  const value = rows.map(([company, brand, type, buy, sell, updated = '2021-12-29 17:58:00'], index) => ({
    buy,
    sell,
    company,
    brand,
    updated,
    id: `${index + 1}`,
    type,
  }));
  return `\ufeff\n${JSON.stringify({ rates: [], golds: [{ updated: '2021-12-29 17:58:00', date: '20211229', value }] })}`;
}

const SJC: Row = ['SJC', 'Hồ Chí Minh', 'Vàng SJC 1L', '60,650.00', '61,350.00'];

describe('tygia', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  const parse = (text: string) => tygia.parse(text, server.context(NOW), 0);
  const short = (...rows: Row[]) =>
    parse(body(...rows)).map(({ instrument, company, brand, buy, sell }) => [instrument, company, brand, buy, sell]);

  it('reads past the byte order mark, and converts thousand VND to VND', async () => {
    server.serve({ [PATH]: GOLD_BODIES.tygia });
    expect(await server.quotes(tygia, NOW)).to.deep.equal([
      {
        instrument: 'SJC',
        market: 'gold',
        provider: 'tygia',
        company: 'DOJI',
        brand: '',
        buy: 60_650_000,
        sell: 61_350_000,
        currency: 'VND',
        unit: 'tael',
        at: AT,
        id: '17118469',
        aliases: ['SJC'],
      },
    ]);
    expect(server.asked[0]!.path).to.equal(`${PATH}?ran=0&rate=0&gold=1&bank=VIETCOM&date=now`);
  });

  it('distinguishes chỉ from tael by the SJC bar in the same list', () => {
    expect(
      short(
        SJC,
        ['SJC', 'Hồ Chí Minh', 'Vàng nhẫn SJC 99,99 1 chỉ, 2 chỉ, 5 chỉ', '51,450.00', '52,150.00'],
        ['SJC', 'Hồ Chí Minh', 'Vàng nữ trang 41,7%', '19,774.00', '21,774.00'],
        ['DOJI', 'Hà Nội', 'AVPL / DOJI HN lẻ', '59,850.00', '60,450.00'],
        ['DOJI', 'Hà Nội', 'AVPL / DOJI HN buôn', '59,850.00', '60,450.00'],
        ['DOJI', 'Hà Nội', 'Hưng Thịnh Vượng', '5,125.00', '5,210.00'],
        ['DOJI', 'Hồ Chí Minh', 'Nhẫn H.T.V', '5,125.00', '5,210.00'],
        ['DOJI', '', 'Kim Thần Tài', '5,985.00', '6,080.00'],
        ['DOJI', 'Hà Nội', 'Nữ trang 10k', '1,426.00', '1,576.00'],
      ),
    ).to.deep.equal([
      ['SJC', 'SJC', 'Hồ Chí Minh', 60_650_000, 61_350_000],
      ['SJC-RING', 'SJC', 'Hồ Chí Minh', 51_450_000, 52_150_000],
      ['SJC-VANG-NU-TRANG-41-7', 'SJC', 'Hồ Chí Minh', 19_774_000, 21_774_000],
      ['DOJI', 'DOJI', 'HN lẻ', 59_850_000, 60_450_000],
      ['DOJI', 'DOJI', 'HN buôn', 59_850_000, 60_450_000],
      ['DOJI-RING', 'DOJI', 'Hà Nội', 51_250_000, 52_100_000],
      ['DOJI-RING', 'DOJI', 'Hồ Chí Minh', 51_250_000, 52_100_000],
      ['DOJI-KIM-THAN-TAI', 'DOJI', '', 59_850_000, 60_800_000],
      ['DOJI-NU-TRANG-10K', 'DOJI', 'Hà Nội', 14_260_000, 15_760_000],
    ]);
  });

  it('uses a bar of another company if SJC is not in the list, also one per chỉ', () => {
    expect(
      short(['DOJI', '', 'SJC', '6,080.00', '6,130.00'], ['DOJI', '', 'Nữ trang 10k', '1,426.00', '0.00']),
    ).to.deep.equal([
      ['SJC', 'DOJI', '', 60_800_000, 61_300_000],
      ['DOJI-NU-TRANG-10K', 'DOJI', '', 14_260_000, null],
    ]);
    const early = body(['DOJI', '', 'SJC', '2,150.00', '2,160.00', '2009-08-01 10:00:00']);
    expect(parse(early)[0]).to.include({ buy: 21_500_000 });
    const jewellery = body(['DOJI', '', 'Nữ trang 10k', '1,426.00', '0.00']);
    expect(() => parse(jewellery)).to.throw(
      ResponseFormatError,
      'golds[0].value[0]: expected a gold bar in the same response',
    );
  });

  it('recognises banks and shops, and world gold in USD per ounce, and omits oil and coins', () => {
    const quotes = parse(
      body(
        SJC,
        ['3BANKS', 'SCB', 'SJC', '59,950.00', '60,550.00'],
        ['2GROUP', 'Mi Hồng SJC', 'SJC', '60,100.00', '60,500.00'],
        ['2GROUP', 'SPOT GOLD', 'SJC', '1,789.10', '1,790.10'],
        ['2GROUP', 'OIL', 'SJC', '67.96', '67.96'],
        ['1OTHER', 'Nhẫn SJC 99,99', 'SJC*', '51,450.00', '52,150.00'],
        ['1OTHER', 'Mi Hồng 999', 'SJC', '51,200.00', '51,600.00'],
        ['1OTHER', 'Ngọc Hải 17K HCM', 'SJC', '34,480.00', '39,250.00'],
        ['1OTHER', 'Mi Hồng 950', 'SJC', '0.00', '48,400.00'],
        ['1Coin', 'Bitcoin', 'BTC', '57,665.34', '57,665.34'],
        ['1Coin', 'PAX Gold', 'PAXG', '1,790.49', '1,790.49'],
      ),
    );
    expect(
      quotes.map(({ instrument, company, brand, sell, unit }) => [instrument, company, brand, sell, unit]),
    ).to.deep.equal([
      ['SJC', 'SJC', 'Hồ Chí Minh', 61_350_000, 'tael'],
      ['SJC', '3BANKS', 'SCB', 60_550_000, 'tael'],
      ['SJC', '2GROUP', 'Mi Hồng SJC', 60_500_000, 'tael'],
      ['XAU', '2GROUP', 'SPOT GOLD', 1790.1, 'ozt'],
      ['SJC-RING', '1OTHER', '', 52_150_000, 'tael'],
      ['MIHONG', '1OTHER', '', 51_600_000, 'tael'],
      ['NGOC-HAI-17K-HCM', '1OTHER', '', 39_250_000, 'tael'],
      ['MI-HONG-950', '1OTHER', '', 48_400_000, 'tael'],
    ]);
  });

  it('keeps world gold if no bar shows the unit of the others', () => {
    const rows: Row[] = [
      ['2GROUP', 'SPOT GOLD', 'SJC', '1,789.10', '1,790.10'],
      ['DOJI', '', 'Nữ trang 10k', '1,426.00', '0.00'],
      ['1OTHER', 'Ngọc Hải 17K HCM', 'SJC', '34,480.00', '39,250.00'],
    ];
    expect(short(...rows)).to.deep.equal([['XAU', '2GROUP', 'SPOT GOLD', 1789.1, 1790.1]]);
    expect(faultsOf(tygia, body(...rows), NOW)).to.have.length(2);
  });

  it('keeps the latest of equal rows', () => {
    const later: Row = ['SJC', 'Hồ Chí Minh', 'Vàng SJC', '60,700.00', '61,400.00', '2021-12-29 18:10:00'];
    expect(parse(body(SJC, later)).map(({ buy }) => buy)).to.deep.equal([60_700_000]);
    expect(parse(body(later, SJC)).map(({ buy }) => buy)).to.deep.equal([60_700_000]);
  });

  it('refuses a price that is plausible in no unit', () => {
    const faults = (...rows: Row[]) => faultsOf(tygia, body(...rows), NOW);
    const expected = 'expected a price of gold in thousand VND per tael or per chỉ';
    expect(faults(SJC, ['DOJI', '', 'Nữ trang 10k', '142.60', '157.60'])).to.deep.equal([
      `golds[0].value[1]: ${expected}`,
    ]);
    expect(faults(SJC, ['DOJI', '', 'SJC', '6,080.00', '61,000.00'])).to.deep.equal([`golds[0].value[1]: ${expected}`]);
    expect(() => short(['SJC', '', 'Vàng SJC', '606.50', '613.50'])).to.throw(ResponseFormatError, 'golds[0].value[0]');
    // the bar is unusable, the next one is used
    expect(
      short(['SJC', '', 'Vàng SJC', '606.50', '613.50'], ['DOJI', '', 'SJC', '6,080.00', '6,130.00']),
    ).to.deep.equal([['SJC', 'DOJI', '', 60_800_000, 61_300_000]]);
  });

  it('reads history day by day, oldest first, each day with the prices set on it', async () => {
    server.serve({
      [PATH]: '\ufeff\n{"golds":[]}',
      [`${PATH}?ran=0&rate=0&gold=1&bank=VIETCOM&date=20211228`]: body(
        ['SJC', 'Hồ Chí Minh', 'Vàng SJC', '60,000.00', '61,000.00', '2021-12-28 17:00:00'],
        ['SJC', 'Hồ Chí Minh', 'Vàng SJC', '59,000.00', '60,000.00', '2021-12-28 09:00:00'],
      ),
      [`${PATH}?ran=0&rate=0&gold=1&bank=VIETCOM&date=20211229`]: body(SJC, [
        'SJC',
        'Huế',
        'Vàng SJC',
        '60,000.00',
        '61,000.00',
        '2021-12-27 17:00:00',
      ]),
    });
    const chunks = await server.history(tygia, NOW, AT - 2 * DAY, NOW);
    expect(chunks.map((chunk) => chunk.map(({ buy }) => buy))).to.deep.equal([[59_000_000, 60_000_000], [60_650_000]]);
    expect(server.asked).to.have.length(3);
    await server.history(tygia, NOW, 0, NOW);
    expect(server.asked).to.have.length(3 + 366);
  });

  it('keeps world gold in its history, which is dated after midnight of its day', async () => {
    const gold = (updated: string, price: string): Row => ['2GROUP', 'SPOT GOLD', 'SJC', price, price, updated];
    const list = (day: string, ...rows: Row[]) => ({
      [`${PATH}?ran=0&rate=0&gold=1&bank=VIETCOM&date=${day}`]: body(...rows),
    });
    const bar = (updated: string): Row => ['SJC', 'Huế', 'Vàng SJC', '60,000.00', '61,000.00', updated];
    server.serve({
      [PATH]: '{"golds":[]}',
      ...list('20211227', bar('2021-12-27 17:00:00'), gold('2021-12-28 00:00:02', '1,780.10')),
      ...list('20211228', bar('2021-12-27 17:00:00'), gold('2021-12-29 03:59:58', '1,785.20')),
      ...list('20211229', bar('2021-12-29 09:00:00'), gold('2021-12-28 23:59:58', '1,784.00')),
    });
    const quotes = (await server.history(tygia, NOW, NOW - 3 * DAY, NOW)).flat();
    expect(quotes.filter(({ instrument }) => instrument === 'XAU').map(({ buy }) => buy)).to.deep.equal([
      1780.1, 1785.2, 1784,
    ]);
  });

  it('names the invalid field', () => {
    const { tygia: good } = GOLD_BODIES;
    expect(() => parse(good.replace('"sell"', '"x"'))).to.throw(
      ResponseFormatError,
      'golds[0].value[0].sell: expected a price',
    );
    expect(() => parse(good.replace('60,650.00', '60.650,00'))).to.throw(
      ResponseFormatError,
      'golds[0].value[0].buy: expected a number',
    );
    expect(() => parse('{"golds":{}}')).to.throw(ResponseFormatError, 'golds: expected a list');
    expect(() => parse(good.slice(0, -20))).to.throw(ResponseFormatError, 'body: expected JSON');
  });

  it('refuses an error page', () => {
    const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
    expect(() => tygia.parse(page, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      'body: expected JSON, not an HTML page',
    );
  });
});
