import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { doji } from '../../../src/rates/providers/doji.ts';
import { faultsOf } from '../context.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.parse('2026-07-05T17:30:00+07:00');
const PATH = '/api/giavang/';

describe('doji', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  const parse = (body: string) => doji.parse(body, server.context(NOW), 0);
  const short = (body: string) => parse(body).map(({ instrument, brand, buy, sell }) => [instrument, brand, buy, sell]);

  it('converts Hà Nội per tael and Hồ Chí Minh per chỉ to the same unit', async () => {
    server.serve({ [PATH]: GOLD_BODIES.doji });
    const quotes = await server.quotes(doji, NOW, 'a key&');
    expect(server.asked[0]!.path).to.equal(`${PATH}?api_key=a%20key%26`);
    expect(quotes[0]).to.deep.equal({
      instrument: 'DOJI',
      market: 'gold',
      provider: 'doji',
      company: 'DOJI',
      brand: 'HN lẻ',
      buy: 148_800_000,
      sell: 151_300_000,
      currency: 'VND',
      unit: 'tael',
      at: undefined, // the board states 1970
    });
    expect(quotes[1]).to.deep.equal({ ...quotes[0], brand: 'HCM lẻ' });
    const jewellery = { instrument: 'DOJI-GIA-NGUYEN-LIEU-18K', brand: '', buy: 100_950_000, sell: null };
    expect(quotes[2]).to.deep.equal({ ...quotes[0], ...jewellery });
    expect(quotes).to.have.length(3); // without USD/VND
  });

  it('uses the time of the board if it is plausible', () => {
    const body = GOLD_BODIES.doji.replace('07:00 01/01/1970', '17:05 05/07/2026');
    expect(parse(body)[0]!.at).to.equal(Date.parse('2026-07-05T17:05:00+07:00'));
  });

  it('decides by the size of a price if the name states another unit', () => {
    const swapped = GOLD_BODIES.doji
      .replace("Sell='151,300' Buy='148,800'", "Sell='15,130' Buy='14,880'")
      .replace("lẻ' Key='dojihcmle' Sell='15,130' Buy='14,880'", "lẻ' Key='dojihcmle' Sell='151,300' Buy='148,800'");
    expect(short(swapped).slice(0, 2)).to.deep.equal([
      ['DOJI', 'HN lẻ', 148_800_000, 151_300_000],
      ['DOJI', 'HCM lẻ', 148_800_000, 151_300_000],
    ]);
  });

  it('finds the units of jewellery by the bar on the same board', () => {
    const rows =
      "<Row Name='Nhẫn Tròn 9999 Hưng Thịnh Vượng' Key='nhanhung1chi' Sell='15,140' Buy='14,840'/>" +
      "<Row Name='Âu Vàng Phúc Long' Key='auvangphuclong' Sell='151,400' Buy='148,400'/>" +
      "<Row Name='DOJI HCM lẻ' Sell='151,400' Buy='148,400'/>" +
      "<Row Name='Nữ trang 10k' Sell='38,500' Buy='35,500'/>" +
      "<Row Name='Nữ trang 9k' Sell='3,850' Buy='3,550'/>" +
      "<Row Name='Bạc thỏi' Sell='2,850' Buy='2,750'/>";
    expect(short(GOLD_BODIES.doji.replace('<JewelryList>', `<JewelryList>${rows}`)).slice(2)).to.deep.equal([
      ['DOJI-RING', '', 148_400_000, 151_400_000],
      ['DOJI', 'Âu Vàng Phúc Long', 148_400_000, 151_400_000],
      ['DOJI-NU-TRANG-10K', '', 35_500_000, 38_500_000],
      ['DOJI-NU-TRANG-9K', '', 35_500_000, 38_500_000],
      ['DOJI-GIA-NGUYEN-LIEU-18K', '', 100_950_000, null],
    ]);
  });

  it('refuses a price that is plausible in no unit', () => {
    const wrong = GOLD_BODIES.doji.replace("Sell='15,130' Buy='14,880'", "Sell='1,513' Buy='1,488'");
    expect(faultsOf(doji, wrong, NOW)).to.deep.equal([
      'GoldList.DGPlist.Row[1]: expected a price of gold in thousand VND per tael or per chỉ',
    ]);
    expect(short(wrong)).to.have.length(2);
    const mixed = GOLD_BODIES.doji.replace("Sell='15,130' Buy='14,880'", "Sell='151,300' Buy='14,880'");
    expect(faultsOf(doji, mixed, NOW)[0]).to.match(/^GoldList\.DGPlist\.Row\[1\]: /);
    const jewellery = GOLD_BODIES.doji.replace('10,095', '951');
    expect(faultsOf(doji, jewellery, NOW)[0]).to.match(/^GoldList\.JewelryList\.Row\[0\]: /);
  });

  it('reads the LED format', () => {
    const body = `<?xml version='1.0' encoding='utf-8'?>
      <GoldList><LED>
        <DateTime>09:28 02-07-2025</DateTime>
        <info Name='CÁC CH ĐÀ NẴNG, HUẾ' area='MIỀN TRUNG' hotline='' />
        <Row Name='Miếng SJC (Loại 1L) - Bán Lẻ' Key='doji_0' Sell='12,070' Buy='11,870' />
        <Row Name='Nhẫn Tròn 9999 (Hưng Thịnh Vượng) - Bán Lẻ' Key='doji_3' Sell='11,740' Buy='11,540' />
        <Row Name='Nữ Trang 9999 - Bán Lẻ' Key='doji_4' Sell='11,680' Buy='10,800' />
      </LED><Source>DOJI GOLD</Source></GoldList>`;
    const expected = [
      ['SJC', 'MIỀN TRUNG', 118_700_000, 120_700_000],
      ['DOJI-RING', 'MIỀN TRUNG', 115_400_000, 117_400_000],
      ['DOJI-NU-TRANG-9999-BAN-LE', 'MIỀN TRUNG', 108_000_000, 116_800_000],
    ];
    expect(short(body)).to.deep.equal(expected);
    expect(parse(body)[0]!.at).to.equal(Date.parse('2025-07-02T09:28:00+07:00'));
    expect(short(body.replace(/<Source>.*<.Source>|<.?GoldList>/g, ''))).to.deep.equal(expected);
    const wrapped = GOLD_BODIES.doji.replace('<DGPlist>', '<DGPlist><LED>').replace('</DGPlist>', '</LED></DGPlist>');
    expect(short(wrapped)).to.deep.equal(short(GOLD_BODIES.doji));
  });

  it('names the invalid field', () => {
    const path = 'GoldList.DGPlist.Row[0]';
    const faults = (change: string, by: string) => faultsOf(doji, GOLD_BODIES.doji.replace(change, by), NOW);
    expect(faults(" Buy='148,800'", '')).to.deep.equal([`${path}.@Buy: expected a price`]);
    expect(faults('148,800', '148.800')[0]).to.contain(path); // a dot does not separate groups
    expect(faults('148,800', '148,80')[0]).to.contain(`${path}.@Buy: expected a number`);
    expect(() => parse('<Error>Invalid key</Error>')).to.throw(ResponseFormatError, 'GoldList: expected an object');
    expect(() => parse('<GoldList><A/></GoldList>')).to.throw(ResponseFormatError, 'GoldList: expected DGPlist');
  });

  it('refuses an error page', () => {
    const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
    expect(() => doji.parse(page, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      'body: expected XML, not an HTML page',
    );
  });
});
