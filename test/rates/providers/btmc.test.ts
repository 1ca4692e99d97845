import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { btmc } from '../../../src/rates/providers/btmc.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.parse('2025-05-07T16:00:00+07:00');
const PATH = '/api/BTMCAPI/getpricebtmc';

function body(...rows: [name: string, buy: string, sell: string, at: string][]): string {
  const data = rows.map(([name, buy, sell, at], index) => {
    const n = index + 1;
    return {
      '@row': `${n}`,
      [`@n_${n}`]: name,
      [`@k_${n}`]: '24k',
      [`@h_${n}`]: '999.9',
      [`@pb_${n}`]: buy,
      [`@ps_${n}`]: sell,
      [`@pt_${n}`]: '0',
      [`@d_${n}`]: at,
    };
  });
  return JSON.stringify({ DataList: { Data: data } });
}

describe('btmc', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  const parse = (text: string) => btmc.parse(text, server.context(NOW), 0);

  it('converts VND per chỉ to VND per tael', async () => {
    server.serve({ [PATH]: GOLD_BODIES.btmc });
    expect(await server.quotes(btmc, NOW, 'secret')).to.deep.equal([
      {
        instrument: 'BTMC',
        market: 'gold',
        provider: 'btmc',
        company: 'BTMC',
        brand: '999.9',
        buy: 117_500_000,
        sell: 120_500_000,
        currency: 'VND',
        unit: 'tael',
        at: Date.parse('2025-05-07T15:35:00+07:00'),
      },
    ]);
    expect(server.asked[0]!.path).to.equal(`${PATH}?key=secret`);
    expect(server.asked[0]!.headers.accept).to.equal('application/json');
  });

  it('keeps the latest of several snapshots, in any order', () => {
    const vrtl = 'VÀNG MIẾNG VRTL (Vàng Rồng Thăng Long)';
    const quotes = parse(
      body(
        [vrtl, '11750000', '12050000', '07/05/2025 09:05'],
        [vrtl, '11780000', '12080000', '07/05/2025 15:35'],
        [vrtl, '11700000', '12000000', '06/05/2025 15:35'],
        [vrtl, '1', '1', ''], // without a time it ranks below those
      ),
    );
    expect(quotes.map(({ buy }) => buy)).to.deep.equal([117_800_000]);
  });

  it('recognises bars and rings, buys only if ps is 0, and omits silver', () => {
    const at = '07/05/2025 15:35';
    const quotes = parse(
      body(
        ['VÀNG MIẾNG SJC (Vàng SJC)', '11900000', '12100000', at],
        ['NHẪN TRÒN TRƠN (Vàng Rồng Thăng Long)', '11700000', '12000000', at],
        ['VÀNG NGUYÊN LIỆU (Vàng thị trường)', '10300000', '0', at],
        ['BẠC MIẾNG PHÚ QUÝ Ag 999 1 KG 1000 GRAM (PHÚ QUÝ)', '33000000', '34000000', at],
        ['BẠC THỎI'.normalize('NFD'), '33000000', '34000000', at],
        ['QUÀ MỪNG BẢN VỊ VÀNG (Quà Mừng Bản Vị Vàng)', '0', '', at],
      ),
    );
    expect(quotes.map(({ instrument, buy, sell }) => [instrument, buy, sell])).to.deep.equal([
      ['SJC', 119_000_000, 121_000_000],
      ['BTMC-RING', 117_000_000, 120_000_000],
      ['BTMC-VANG-NGUYEN-LIEU', 103_000_000, null],
    ]);
  });

  it('reads the same from XML', () => {
    const text =
      '<?xml version="1.0"?><DataList><Data row="1" n_1="VÀNG MIẾNG SJC (Vàng SJC)" k_1="24k" h_1="999.9" ' +
      'pb_1="11900000" ps_1="12100000" pt_1="0" d_1="07/05/2025 15:35"/></DataList>';
    expect(parse(text)[0]).to.include({ instrument: 'SJC', buy: 119_000_000, sell: 121_000_000 });
  });

  it('names the invalid field', () => {
    expect(() => parse(GOLD_BODIES.btmc.replace('@ps_1', '@ps_2'))).to.throw(
      ResponseFormatError,
      'DataList.Data[0].@ps_1: expected a price',
    );
    expect(() => parse(GOLD_BODIES.btmc.replace('11750000', '11,750,000'))).to.throw(
      ResponseFormatError,
      'DataList.Data[0].@pb_1',
    );
    expect(() => parse('{"DataList":{}}')).to.throw(ResponseFormatError, 'DataList.Data: expected a list');
  });

  it('refuses an error page', () => {
    const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
    expect(() => btmc.parse(page, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      'body: expected XML, not an HTML page',
    );
  });
});
