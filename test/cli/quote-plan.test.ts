import { expect } from 'chai';
import fc from 'fast-check';
import type { AnalysisOptions } from '../../src/cli/file-analysis.ts';
import { parseColumnMap } from '../../src/cli/quote-columns.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { formatDateTime } from '../../src/domain/time.ts';
import { readFile } from './quote-reader.ts';

type Options = Partial<AnalysisOptions>;

const XAU: Options = { constants: { instrument: 'XAU' } };
const SJC: Options = { constants: { instrument: 'SJC' } };
const USD: Options = { constants: { instrument: 'USD' } };

/** What a file is read as: a time and the prices of each quote, Vietnam time. */
async function quotes(content: string | Uint8Array, options: Options = {}): Promise<(string | number | null)[][]> {
  const { rows, bad } = await readFile(content, options);
  expect(bad).to.deep.equal({});
  return rows.map(({ row: [at, buy, sell] }) => [
    formatDateTime(at).replace(' 00:00', ''),
    ...(buy === sell ? [sell] : [buy, sell]),
  ]);
}

/** What a file is refused with as a whole. */
async function refusal(content: string | Uint8Array, options: Options = {}): Promise<AppError> {
  try {
    await readFile(content, options);
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError);
    return thrown as AppError;
  }
  throw new Error('nothing was refused');
}

const csv = (...lines: string[]) => `${lines.join('\n')}\n`;

describe('understanding a quote file', () => {
  describe('the order of its dates', () => {
    it('is proved by one day over 12, for the lines above it as well', async () => {
      const us = csv('"Date","Price"', '"06/01/2023","1,977.88"', '"06/02/2023","1,947.63"', '"05/31/2023","1,962.18"');
      expect(await quotes(us, XAU)).to.deep.equal([
        ['2023-06-01', 1977.88],
        ['2023-06-02', 1947.63],
        ['2023-05-31', 1962.18],
      ]);
      const vietnamese = csv('date,price', '01/06/2023,1977.88', '31/05/2023,1962.18');
      expect(await quotes(vietnamese, XAU)).to.deep.equal([
        ['2023-06-01', 1977.88],
        ['2023-05-31', 1962.18],
      ]);
    });

    it('is asked where both orders fit', async () => {
      const file = csv('Date,Price', '01/01/2013,1662.99', '02/01/2013,1579.76', '03/01/2013,1596.17');
      const { code, message, data } = await refusal(file, XAU);
      expect(code).to.equal('USAGE');
      expect(data.choices).to.deep.equal(['--dates d/m', '--dates m/d']);
      expect(message).to.contain('--dates d/m: day, month, year (line 3: 2013-01-02, 1,579.76;');
      expect(message).to.contain('--dates m/d: month, day, year (line 3: 2013-02-01, 1,579.76;');
      expect(await quotes(file, { ...XAU, order: 'm/d' })).to.deep.equal([
        ['2013-01-01', 1662.99],
        ['2013-02-01', 1579.76],
        ['2013-03-01', 1596.17],
      ]);
    });

    it('is asked where dates contradict one another', async () => {
      const { code, message } = await refusal(csv('date,price', '31/05/2023,1', '05/31/2023,2', '01/01/2023,3'));
      expect(code).to.equal('USAGE');
      expect(message).to.contain('line 3 "05/31/2023" cannot have the day first');
      expect(message).to.contain('line 2 "31/05/2023" cannot have the month first');
    });

    it('is no question where it changes nothing', async () => {
      expect(await quotes(csv('date,price', '05/05/2023,1', '2023-06-01,2', '6/6/2023,3'))).to.deep.equal([
        ['2023-05-05', 1],
        ['2023-06-01', 2],
        ['2023-06-06', 3],
      ]);
    });

    it('is seen by a sequence that only one order makes', async () => {
      // The first twelve days of three months: day first they are in order, month first they jump to and fro.
      const days = [...Array(36).keys()].map((i) => [(i % 12) + 1, Math.floor(i / 12) + 3] as const);
      const file = csv('date,price', ...days.map(([day, month], i) => `${day}/${month}/2023,${1900 + i}`));
      expect((await quotes(file, XAU))[13]).to.deep.equal(['2023-04-02', 1913]);
      const downwards = csv(
        'date,price',
        ...days.map(([day, month], i) => `${month}/${day}/2023,${1900 + i}`).reverse(),
      );
      expect((await quotes(downwards, XAU))[0]).to.deep.equal(['2023-05-12', 1935]);
    });

    it('never has the month first in a file that writes 1.234,5', async () => {
      const file = csv('Ngày;Mua;Bán', '10/05/2024;89.900.000 đ;92.200.000 đ');
      expect(await quotes(file, SJC)).to.deep.equal([['2024-05-10', 89_900_000, 92_200_000]]);
      expect((await refusal(file.replaceAll('.', ''), SJC)).data.choices).to.deep.equal(['--dates d/m', '--dates m/d']);
    });

    it('may begin with a year of two digits, which is asked where days follow one another either way', async () => {
      expect(await quotes(csv('date,price', '16-12-17,19497.40039'))).to.deep.equal([['2017-12-16', 19497.40039]]);
      const { data } = await refusal(csv('date,price', '20-01-15,1', '20-01-16,2', '20-01-17,3'));
      expect(data.choices).to.deep.equal(['--dates d/m', '--dates y-m-d']);
    });

    it('is read right whenever one of all days is over 12', async () => {
      const day = fc.date({ min: new Date('2000-01-01'), max: new Date('2024-01-01'), noInvalidDate: true });
      await fc.assert(
        fc.asyncProperty(fc.array(day, { maxLength: 20 }), fc.boolean(), async (dates, isDayFirst) => {
          const all = [...dates, new Date('2020-02-29')].map((date) => date.toISOString().slice(0, 10));
          const lines = all.map((text) => {
            const [year, month, of] = text.split('-');
            return `${isDayFirst ? `${of}/${month}` : `${month}/${of}`}/${year},1`;
          });
          expect((await quotes(csv('date,price', ...lines))).map(([text]) => text)).to.deep.equal(all);
        }),
        { numRuns: 100 },
      );
    });
  });

  describe('its numbers', () => {
    it('are read by the marks that only one format has', async () => {
      expect(await quotes(csv('date;price', '2024-01-02;1.234', '2024-01-03;1.234.567,5'))).to.deep.equal([
        ['2024-01-02', 1234],
        ['2024-01-03', 1_234_567.5],
      ]);
      expect(await quotes(csv('date;price', '2024-01-02;1,234', '2024-01-03;1,234.5'))).to.deep.equal([
        ['2024-01-02', 1234],
        ['2024-01-03', 1234.5],
      ]);
      expect(await quotes(csv('date;price', '2024-01-02;24.325', '2024-01-03;0.5'))).to.deep.equal([
        ['2024-01-02', 24.325],
        ['2024-01-03', 0.5],
      ]);
    });

    it('are read by what is known of the instrument where they could be thousands or thousandths', async () => {
      const file = csv('date,price', '2024-01-02,24.325', '2024-01-03,24.370');
      expect(await quotes(file, USD)).to.deep.equal([
        ['2024-01-02', 24_325],
        ['2024-01-03', 24_370],
      ]);
      expect(await quotes(csv('date,price', '2024-01-02,165.325'), { constants: { instrument: 'JPY' } })).to.deep.equal(
        [['2024-01-02', 165.325]],
      );
      expect((await refusal(file)).data.choices).to.deep.equal(['--number 1,234.5', '--number 1.234,5']);
      expect(await quotes(file, { number: '1234.5' })).to.deep.equal([
        ['2024-01-02', 24.325],
        ['2024-01-03', 24.37],
      ]);
    });

    it('are asked where they contradict one another', async () => {
      const { message } = await refusal(csv('date;price', '2024-01-02;1.234,5', '2024-01-03;1,234.5'));
      expect(message).to.contain('line 3 "1,234.5" has a decimal point, line 2 "1.234,5" has a decimal comma');
    });

    it('may have a currency, a word for thousands or millions, and a unit', async () => {
      for (const [text, value] of [
        ['89.900.000 đ', 89_900_000],
        ['89.900.000đ', 89_900_000],
        ['89.900.000 VNĐ', 89_900_000],
        ['₫89,900,000', 89_900_000],
        ['89 900 000', 89_900_000],
        ['90tr', 90_000_000],
        ['90,5 triệu', 90_500_000],
        ['0,0905 tỷ đồng', 90_500_000],
        ['89900 nghìn', 89_900_000],
        ['89.900.000 đ/lượng', 89_900_000],
      ] as const) {
        expect(await quotes(csv('date;price', `2024-05-10;${text}`), SJC), text).to.deep.equal([['2024-05-10', value]]);
      }
      expect(await quotes(csv('date;price', '2025-10-10;$4,010.10'), XAU)).to.deep.equal([['2025-10-10', 4010.1]]);
    });

    it('say the currency and the unit of the file where nothing else does', async () => {
      const { rows } = await readFile(csv('Ngày;Giá', '2026-11-27;14.800.000 đ/chỉ'), SJC);
      expect(rows[0]!.series).to.deep.equal({ instrument: 'SJC', currency: 'VND', unit: 'chi' });
      const dollars = csv('date;price', '2024-05-10;$4,010.10');
      expect((await refusal(dollars, { constants: { instrument: 'X', currency: 'VND' } })).message).to.contain('USD');
      const australian = await readFile(dollars, { constants: { instrument: 'X', currency: 'AUD' } });
      expect(australian.rows[0]!.series.currency).to.equal('AUD');
      const mixed = csv('date;price', '2024-05-10;$4,010.10', '2024-05-10;€4,010.10');
      expect((await refusal(mixed)).message).to.contain('USD and EUR');
    });
  });

  describe('its unit and scale', () => {
    it('are asked where prices are ten, a thousand or a million times lower than is known', async () => {
      const chi = csv('Ngày,Mua vào,Bán ra', '27/11/2026,14.800.000,15.000.000', '28/11/2026,14.850.000,15.050.000');
      const { message, data } = await refusal(chi, SJC);
      expect(data.choices).to.deep.equal(['--unit chi', '--scale 1']);
      expect(message).to.contain('line 2: 2026-11-27, 14,800,000 / 15,000,000 chi');
      expect(await quotes(chi, { constants: { instrument: 'SJC', unit: 'chi' } })).to.have.length(2);
      expect(await quotes(chi, { ...SJC, scale: '1' })).to.have.length(2);
      const branches = csv('instrument,date,price', 'SJC,2026-11-27,14800000', 'PNJ,2026-11-27,14700000');
      expect((await refusal(branches, { constants: {} })).data.choices).to.deep.equal(['--unit chi', '--scale 1']);
      const millions = csv('date,buy,sell', '2009-07-22,21.06,21.12', '2009-07-23,21.14,21.19');
      expect((await refusal(millions, SJC)).data.choices).to.contain('--scale 1000000');
      expect((await refusal(csv('date,price', '2024-01-02,24.3'), USD)).data.choices).to.contain('--scale 1000');
      const grams = csv('date,price', '2024-01-02,66.2', '2024-01-03,66.1');
      expect((await refusal(grams, XAU)).data.choices).to.contain('--unit g');
    });

    it('are taken from the name of a price column where what is known confirms it, else asked', async () => {
      const file = csv('Ngày,Mua (nghìn đồng/chỉ),Bán (nghìn đồng/chỉ)', '2026-11-27,14800,15000');
      const { plan } = await readFile(file, SJC);
      expect([plan.constants.unit, plan.scale]).to.deep.equal(['chi', '1000']);
      expect((await refusal(file)).data.choices).to.deep.equal(['--unit chi --scale 1000', '--scale 1']);
      const high = file.replace('14800,15000', '148000000,150000000');
      expect((await refusal(high, SJC)).message).to.contain('The name of a price column says per chi, in thousands');
      expect(await quotes(high, { constants: { instrument: 'SJC', unit: 'tael' }, scale: '1' })).to.have.length(1);
      const ounces = csv('Date,Price (USD/oz)', '2024-05-10,2360.5');
      expect(await quotes(ounces, XAU)).to.deep.equal([['2024-05-10', 2360.5]]);
      const chiMinh = csv('date,price (Hồ Chí Minh)', '2024-05-10,2360.5');
      expect(await quotes(chiMinh)).to.have.length(1);
    });

    it('are asked of a file that mixes them', async () => {
      const lines = [...Array(10).keys()].map((i) => `2026-11-${10 + i},${i < 5 ? 148_000_000 : 14_800_000}`);
      expect((await refusal(csv('date,price', ...lines), SJC)).message).to.contain('mixes prices');
    });

    it('are no question for one odd price, which the daemon judges', async () => {
      const lines = [...Array(10).keys()].map((i) => `2026-11-${10 + i},${i === 3 ? 14_800_000 : 148_000_000}`);
      expect(await quotes(csv('date,price', ...lines), SJC)).to.have.length(10);
    });

    it('are no question for the prices of any year as they were', async () => {
      const gold = csv('date,price', '1833-01,18.93', '1934-02,35', '1970-06,35.4', '1980-01,675', '2001-04,260');
      expect(await quotes(gold, XAU)).to.have.length(5);
      const sjc = csv('date,price', '2009-07-22,21120000', '2013-01-02,46000000', '2020-08-07,61900000');
      expect(await quotes(sjc, SJC)).to.have.length(3);
    });
  });

  describe('its columns', () => {
    it('are asked where several fit', async () => {
      const file = csv('Ngày,Mua vào,Bán ra,Mua vào,Bán ra', '2024-05-10,72000000,74000000,89900000,92200000');
      const { data, message } = await refusal(file, SJC);
      expect(data.choices).to.deep.equal(['--map buy=#2', '--map buy=#4', '--map sell=#3', '--map sell=#5']);
      expect(message).to.contain('column 4 "Mua vào" (89900000');
      expect(await quotes(file, { ...SJC, map: parseColumnMap(['buy=#4,sell=#5']) })).to.deep.equal([
        ['2024-05-10', 89_900_000, 92_200_000],
      ]);
      const closes = csv('date,price,close', '2024-05-10,1,2');
      expect((await refusal(closes)).data.choices).to.deep.equal(['--map price=#2', '--map price=#3']);
      expect(await quotes(closes, { map: parseColumnMap(['price=close']) })).to.deep.equal([['2024-05-10', 2]]);
      const times = csv('timestamp,date,price', '1620406800,2021-05-09,2');
      expect((await refusal(times)).data.choices).to.deep.equal(['--map at=#1', '--map at=#2']);
    });

    it('do not fit where nothing of their kind can be read in them', async () => {
      const file = csv('date,period,price,rate', '2024-05-10,spring,5,-', '2024-05-11,spring,6,-');
      expect(await quotes(file)).to.deep.equal([
        ['2024-05-10', 5],
        ['2024-05-11', 6],
      ]);
    });

    it('may have date and time of day apart', async () => {
      expect(await quotes(csv('Date,Time,Close', '2021.05.08,17:30,5', '2021.05.09,5:30 PM,6'))).to.deep.equal([
        ['2021-05-08 17:30', 5],
        ['2021-05-09 17:30', 6],
      ]);
      expect(await quotes(csv('Ngày;Giờ;Giá', '08/05/2021;8h30;5', '13/05/2021;;6'))).to.deep.equal([
        ['2021-05-08 08:30', 5],
        ['2021-05-13', 6],
      ]);
      expect(await quotes(csv('time,price', '2021-05-08 17:30,5'))).to.deep.equal([['2021-05-08 17:30', 5]]);
    });

    it('are found below titles and notes', async () => {
      const file = csv(
        'Bảng giá vàng SJC',
        '',
        '"Nguồn: sjc.com.vn, tháng 5"',
        'Ngày;Mua vào;Bán ra',
        '2024-05-10;1;2',
      );
      expect(await quotes(file)).to.deep.equal([['2024-05-10', 1, 2]]);
      expect((await readFile(file)).lines).to.equal(1);
    });

    it('have names with units and marks in them', async () => {
      const file = csv('Date,Close/Last,Volume', '2024-05-10,5,7');
      expect(await quotes(file)).to.deep.equal([['2024-05-10', 5]]);
      const units = csv('Ngày,Giá mua (VND),Giá bán (VND)', '2024-05-10,5,7');
      expect(await quotes(units)).to.deep.equal([['2024-05-10', 5, 7]]);
    });
  });

  describe('a file without a header', () => {
    const file = csv(
      '1381017600,122.0,122.0,122.0,122.0,0.1,1',
      '1513382400,17500.0,19715.2,17500.0,19356.9,3500.0,12',
    );

    it('loses no line, and is asked which columns it has', async () => {
      const { message, code } = await refusal(file);
      expect(code).to.equal('USAGE');
      expect(message).to.contain('The file has no header line');
      expect(message).to.contain('--map price=#5');
      const map = parseColumnMap(['at=1381017600', 'price=122.0']);
      expect((await refusal(file, { map })).message).to.contain('--no-header --map at=#1,price=#2');
      for (const header of [true, false]) {
        expect(await quotes(file, { map: parseColumnMap(['at=#1,price=#5']), header })).to.deep.equal([
          ['2013-10-06 07:00', 122],
          ['2017-12-16 07:00', 19356.9],
        ]);
      }
    });

    it('is clear where it has one column with dates and one with numbers', async () => {
      expect(await quotes(csv('2021-05-08;58803,77', '2021-05-09;58232,31'))).to.deep.equal([
        ['2021-05-08', 58803.77],
        ['2021-05-09', 58232.31],
      ]);
      expect(await quotes('[["2021-05-08",5],["2021-05-09",6]]')).to.deep.equal([
        ['2021-05-08', 5],
        ['2021-05-09', 6],
      ]);
    });
  });

  describe('its form', () => {
    const expected = [
      ['2021-05-08', 58803.77],
      ['2021-05-09', 58232.31],
    ];
    const plain = 'date,price\n2021-05-08,58803.77\n2021-05-09,58232.31\n';
    const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
    for (const [name, content] of [
      ['line ends of old Macs', plain.replaceAll('\n', '\r')],
      ['UTF-16, little-endian', utf16(plain)],
      ['UTF-16, big-endian', utf16(plain).swap16()],
      ['a line that names the separator', `sep=;\r\n${plain.replaceAll(',', ';')}`],
      ['notes of several lines', 'date,price,note\n2021-05-08,58803.77,"a\nb ""c"""\n2021-05-09,58232.31,"x"\n'],
      ['a JSON array', '[\n {"date": "2021-05-08", "price": 58803.77},\n {"date":"2021-05-09","price":"58232.31"} ]\n'],
      ['a minified JSON array', '[{"date":"2021-05-08","price":58803.77},{"date":"2021-05-09","price":58232.31}]'],
      ['arrays in a JSON array', '[["date","price"],["2021-05-08",58803.77],["2021-05-09",58232.31]]'],
      ['day numbers of Excel', 'date,price\n44324,58803.77\n44325,58232.31\n'],
      ['names of months', 'date;price\nMay 8, 2021;58,803.77\n9 May 2021;58,232.31\n'],
    ] as const) {
      it(`may be ${name}`, async () => {
        expect(await quotes(content)).to.deep.equal(expected);
        const { rows } = await readFile(content, {}, 1);
        expect(rows.map(({ row: [, buy] }) => buy)).to.deep.equal([58803.77, 58232.31]);
      });
    }

    it('may be a JSON array of any size on one line', async () => {
      const items = [...Array(2000).keys()].map((i) => ({ date: 1e9 + i, price: i + 1, pad: 'x'.repeat(40) }));
      const { rows, table } = await readFile(JSON.stringify(items));
      expect(rows.map(({ row }) => row[1])).to.deep.equal(items.map(({ price }) => price));
      expect(table.recordNoun).to.equal('item');
    });

    it('is refused with the forms that are accepted', async () => {
      for (const [content, what] of [
        ['%PDF-1.7', 'PDF'],
        [Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'old Excel workbook'],
        ['<!doctype html><html><table>', 'web page'],
        ['<prices/>', 'XML'],
        [Buffer.from(plain, 'utf16le'), 'UTF-16 text needs a byte order mark'],
        ['{\n "data": []}', 'JSON object'],
      ] as const) {
        const { code, message } = await refusal(content);
        expect(code, what).to.equal('INVALID_REQUEST');
        expect(message).to.contain(what).and.to.contain('an Excel workbook (.xlsx)');
      }
      for (const content of ['', '\n\n', '[]', ' [ ] ', 'date,price\n', '{}\n', '[{}]', '[[]]']) {
        const { message, exit } = await refusal(content);
        expect(message, content).to.match(/is empty|contains no quotes/);
        expect(exit).to.equal(1);
      }
      expect((await refusal('[{"date":"2021-05-08","price":1}')).message).to.contain('truncated');
    });

    it('keeps the numbers of JSON whatever --number says', async () => {
      const file = '[{"date":"2021-05-08","price":24.325},{"date":"2021-05-09","price":"24,5"}]';
      expect(await quotes(file)).to.deep.equal([
        ['2021-05-08', 24.325],
        ['2021-05-09', 24.5],
      ]);
    });
  });

  it('refuses dates before 1800, which programs write for none', async () => {
    const { rows, bad } = await readFile(
      csv('at,buy,sell', '0001-01-01 00:00:00,1,2', '-62135596800000,1,2', '1833-01,1,2'),
    );
    expect(rows).to.have.length(1);
    expect(bad[2]).to.contain('before 1800');
    expect(bad[3]).to.contain('before 1800');
  });

  it('reads quotes back from every format in which they are written', async () => {
    const quote = fc.record({
      // A minute of a day over 12 proves the order.
      at: fc.integer({ min: Date.UTC(1970, 0, 1) / 60_000, max: Date.UTC(2025, 0, 1) / 60_000 }),
      cents: fc.integer({ min: 1, max: 2_000_000_000 }),
    });
    const proof = { at: Date.UTC(2021, 4, 30) / 60_000, cents: 123_456_789 };
    const writers: Readonly<
      Record<string, (all: { time: string; day: string; us: string; price: number }[]) => string>
    > = {
      'iso csv': (all) => csv('date,price', ...all.map(({ time, price }) => `${time},${price}`)),
      'day first, decimal comma': (all) =>
        csv('Ngày;Giá', ...all.map(({ day, price }) => `${day};${price.toLocaleString('de')} đ`)),
      'month first': (all) =>
        csv('"Date","Price"', ...all.map(({ us, price }) => `"${us}","$${price.toLocaleString('en-US')}"`)),
      'json lines': (all) => csv(...all.map(({ time, price }) => JSON.stringify({ time, price }))),
      'json array': (all) => JSON.stringify(all.map(({ us, price }) => ({ at: us, price }))),
      'json arrays': (all) => JSON.stringify(all.map(({ time, price }) => [time, price])),
    };
    await fc.assert(
      fc.asyncProperty(fc.array(quote, { maxLength: 12 }), async (given) => {
        const all = [...given, proof].map(({ at, cents }) => ({ at: at * 60_000, price: cents / 100 }));
        const texts = all.map(({ at, price }) => {
          const time = formatDateTime(at);
          const [year, month, day] = time.slice(0, 10).split('-');
          const hours = Number(time.slice(11, 13));
          const half = `${((hours + 11) % 12) + 1}${time.slice(13)} ${hours < 12 ? 'AM' : 'PM'}`;
          return {
            time,
            day: `${day}/${month}/${year} ${time.slice(11)}`,
            us: `${month}/${day}/${year} ${half}`,
            price,
          };
        });
        for (const [format, write] of Object.entries(writers)) {
          const { rows, bad } = await readFile(write(texts));
          expect(bad, format).to.deep.equal({});
          expect(
            rows.map(({ row: [at, buy] }) => ({ at, price: buy })),
            format,
          ).to.deep.equal(all);
        }
      }),
      { numRuns: 100 },
    );
  });
});
