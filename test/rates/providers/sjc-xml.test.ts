import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { sjcXml } from '../../../src/rates/providers/sjc-xml.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.parse('2013-05-22T09:00:00+07:00');
const PATH = '/xml/tygiavang.xml';

describe('sjc-xml', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('reads thousands with any separator', async () => {
    server.serve({ [PATH]: GOLD_BODIES.sjcXml });
    const quotes = await server.quotes(sjcXml, NOW);
    expect(quotes).to.deep.equal([
      {
        instrument: 'SJC',
        market: 'gold',
        provider: 'sjc-xml',
        company: 'SJC',
        brand: 'Hồ Chí Minh',
        buy: 40_720_000,
        sell: 40_820_000,
        currency: 'VND',
        unit: 'tael',
        at: Date.parse('2013-05-22T08:58:32+07:00'),
      },
    ]);
    const commas = GOLD_BODIES.sjcXml.replace('40.720', '140,720').replace('40.820', '1.140.820');
    expect(sjcXml.parse(commas, server.context(NOW), 0)[0]).to.include({ buy: 140_720_000, sell: 1_140_820_000 });
  });

  it('reads afternoons, noon and midnight', () => {
    for (const [text, time] of [
      ['12:00:00 AM', '00:00:00'],
      ['12:30:00 PM', '12:30:00'],
      ['01:05:00 PM', '13:05:00'],
    ] as const) {
      const body = GOLD_BODIES.sjcXml.replace('08:58:32 AM', text);
      const at = Date.parse(`2013-05-22T${time}+07:00`);
      expect(sjcXml.parse(body, server.context(at), 0)[0]!.at).to.equal(at);
    }
  });

  it('reads several cities, and empty ones', () => {
    const body = GOLD_BODIES.sjcXml.replace(
      '</ratelist>',
      '<city/><city name="Huế"/><city name="Hà Nội"><item buy="40.700" sell="40.840" type="Vàng SJC"/>' +
        '<item buy="39.000" sell="" type="Vàng nữ trang 99,99%"/></city></ratelist>',
    );
    const quotes = sjcXml.parse(body, server.context(NOW), 0);
    expect(quotes.map(({ instrument, brand, buy, sell }) => [instrument, brand, buy, sell])).to.deep.equal([
      ['SJC', 'Hồ Chí Minh', 40_720_000, 40_820_000],
      ['SJC', 'Hà Nội', 40_700_000, 40_840_000],
      ['SJC-VANG-NU-TRANG-99-99', 'Hà Nội', 39_000_000, null],
    ]);
  });

  it('names the invalid field', () => {
    const parse = (body: string) => () => sjcXml.parse(body, server.context(NOW), 0);
    const path = 'root.ratelist.city[0].item[0]';
    expect(parse(GOLD_BODIES.sjcXml.replace(' sell="40.820"', ''))).to.throw(
      ResponseFormatError,
      `${path}.@sell: expected a price`,
    );
    expect(parse(GOLD_BODIES.sjcXml.replace('40.720', '40.72'))).to.throw(
      ResponseFormatError,
      `${path}.@buy: expected a number`,
    );
    expect(parse(GOLD_BODIES.sjcXml.replace('ngàn đồng/lượng', 'đồng/chỉ'))).to.throw(
      ResponseFormatError,
      'root.ratelist.@unit',
    );
    expect(parse(GOLD_BODIES.sjcXml.replace('</root>', ''))).to.throw(
      ResponseFormatError,
      'body: expected well-formed XML',
    );
    expect(parse('')).to.throw(ResponseFormatError, 'body: expected XML');
  });

  it('refuses entity definitions', () => {
    const body = `<!DOCTYPE root [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${GOLD_BODIES.sjcXml}`;
    expect(() => sjcXml.parse(body, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      'XML without a document type',
    );
  });

  it('refuses an error page', () => {
    const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
    expect(() => sjcXml.parse(page, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      'body: expected XML, not an HTML page',
    );
  });
});
