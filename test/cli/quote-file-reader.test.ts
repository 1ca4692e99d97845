import { expect } from 'chai';
import fc from 'fast-check';
import { parseColumnMap } from '../../src/cli/quote-columns.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { type ReadFile, readFile as read } from './quote-reader.ts';

const DAY = Date.UTC(2021, 11, 27) - 7 * 3_600_000;

async function failure(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise;
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError);
    return thrown as AppError;
  }
  throw new Error('nothing was thrown');
}

describe('quote file', () => {
  it('reads CSV by its header, whatever the case of the names', async () => {
    const { lines, rows, bad } = await read('At, Buy ,SELL\n2021-12-27,1,2\n2021-12-28,3,4\n');
    expect(bad).to.deep.equal({});
    expect(lines).to.equal(2);
    expect(rows.map(({ line, row }) => [line, ...row])).to.deep.equal([
      [2, DAY, 1, 2],
      [3, DAY + 86_400_000, 3, 4],
    ]);
    expect(rows[0]!.series).to.equal(rows[1]!.series).and.to.deep.equal({ instrument: 'BTC' });
  });

  it('reads what an export writes, every column of it', async () => {
    const header = 'instrument,market,provider,company,brand,buy,sell,currency,unit,at,checkedAt,id';
    const line =
      'ETH,gold,sjc,"SJC, Ltd","Hồ ""Chí"" Minh",100.5,,VND,tael,2021-12-27T01:02:03.456Z,2021-12-28T00:00:00.000Z,a';
    const { rows, bad } = await read(`${header}\n${line}\n`, { constants: {} });
    expect(bad).to.deep.equal({});
    expect(rows[0]!.row).to.deep.equal([
      Date.UTC(2021, 11, 27, 1, 2, 3, 456),
      100.5,
      null,
      Date.UTC(2021, 11, 28),
      'a',
    ]);
    expect(rows[0]!.series).to.deep.equal({
      instrument: 'ETH',
      market: 'gold',
      provider: 'sjc',
      company: 'SJC, Ltd',
      brand: 'Hồ "Chí" Minh',
      currency: 'VND',
      unit: 'tael',
    });
  });

  for (const [name, text] of [
    ['semicolons', 'at;buy;sell\r\n2021-12-27;1;2\r\n'],
    ['tabs', 'at\tbuy\tsell\n2021-12-27\t1\t2'],
    ['a BOM', '\uFEFFat,buy,sell\n2021-12-27,1,2\n'],
    ['quotes', '"at","buy","sell"\n"2021-12-27","1","2"\n'],
    ['blank lines and separators at the end', '\n\nat,buy,sell\n\n2021-12-27,1,2,,\n  \n'],
    ['JSON Lines', '{"at":"2021-12-27","buy":1,"sell":"2"}\n'],
    ['JSON Lines with a time in milliseconds', `{"at":${DAY},"buy":1,"sell":2,"other":{}}\n`],
  ] as const) {
    it(`reads ${name}`, async () => {
      const { rows, bad } = await read(text);
      expect(bad).to.deep.equal({});
      expect(rows.map(({ row }) => row)).to.deep.equal([[DAY, 1, 2]]);
    });
  }

  it('takes the columns that the map names, and one price for both sides', async () => {
    const { rows } = await read('when,bought,sold\n2021-12-27,1,2\n', {
      map: parseColumnMap(['at=when,buy=bought', 'sell=sold']),
    });
    expect(rows[0]!.row).to.deep.equal([DAY, 1, 2]);
    const one = await read('Date,Price\n2021-12,1833.5\n', { map: parseColumnMap(['at=Date,price=Price']) });
    expect(one.rows[0]!.row).to.deep.equal([Date.UTC(2021, 11, 1) - 7 * 3_600_000, 1833.5, 1833.5]);
  });

  it('names the columns that exist when the map names one that does not', async () => {
    const thrown = await failure(read('when,bought\n', { map: parseColumnMap(['at=then']) }));
    expect(thrown.code).to.equal('USAGE');
    expect(thrown.message).to.contain('at=then').and.to.contain('"when", "bought"');
    expect((await failure(read('at,volume\n'))).message).to.contain('--map buy=COLUMN');
    expect((await failure(read(''))).code).to.equal('INVALID_REQUEST');
    expect((await failure(read('at,buy\n2021-12-27,1\n', { constants: {} }))).message).to.contain('--instrument');
  });

  it('refuses a map of a field that is none', () => {
    expect(() => parseColumnMap(['when=at'])).to.throw(AppError, 'The fields are instrument');
    expect(() => parseColumnMap(['at'])).to.throw(AppError, 'FIELD=COLUMN');
    expect(() => parseColumnMap(['at=a,at=b'])).to.throw(AppError, 'twice');
  });

  it('says of each bad line what is wrong with it, and reads the others', async () => {
    const { lines, rows, bad } = await read(
      [
        'at,buy,sell',
        '2021-02-30,1,2',
        '2021-12-27,1,2',
        '2021-12-27,one,2',
        '2021-12-27,1',
        '2021-12-27,21,06,21,12',
        '"2021-12-27,1,2',
        '2021-12-28,"1"x,2',
        ',1,2',
        'x'.repeat(70_000),
        '2021-12-28,"3",4',
      ].join('\n'),
    );
    expect(lines).to.equal(10);
    expect(rows.map(({ line }) => line)).to.deep.equal([3, 11]);
    expect(Object.keys(bad)).to.deep.equal(['2', '4', '5', '6', '7', '8', '9', '10']);
    expect(bad[2]).to.equal('"2021-02-30" is not a time');
    expect(bad[4]).to.equal('buy "one" is not a number');
    expect(bad[5]).to.equal('it has 2 columns, but the header has 3');
    expect(bad[6]).to.equal('it has 5 columns, but the header has 3');
    expect(bad[7]).to.contain('not closed');
    expect(bad[8]).to.contain('quotes do not match');
    expect(bad[9]).to.equal('it has no time');
    expect(bad[10]).to.contain('64 KiB');
  });

  it('says the same of JSON', async () => {
    const { rows, bad } = await read('{"at":"2021-12-27","buy":1}\nnonsense\n[]\n{"at":{},"buy":1}\n{"buy":1}\n');
    expect(rows).to.have.length(1);
    expect(bad).to.deep.equal({
      2: 'it is not JSON',
      3: 'it is not a JSON object',
      4: 'its "at" is neither a string nor a number',
      5: 'it has no time',
    });
  });

  it('lets nothing of a file reach the terminal as control characters', async () => {
    const { bad } = await read('at,buy\n\x1b[2J2021,1\n');
    expect(bad[2]).to.equal('"[2J2021" is not a time');
  });

  it('reads units by the names that shops use, composed and decomposed', async () => {
    const units = [
      'lượng',
      'Cây',
      'lạng',
      'chỉ'.normalize('NFD'),
      'CHI',
      'phân',
      'oz',
      '"troy ounce"',
      'kilogram',
      'gram',
    ];
    const { rows, bad } = await read(`at,buy,unit\n${units.map((unit) => `2021-12-27,1,${unit}\n`).join('')}`);
    expect(bad).to.deep.equal({});
    expect(rows.map(({ series }) => series.unit)).to.deep.equal([
      'tael',
      'tael',
      'tael',
      'chi',
      'chi',
      'phan',
      'ozt',
      'ozt',
      'kg',
      'g',
    ]);
  });

  it('takes no silver for gold, and says what to do', async () => {
    const lines = [
      'Bạc Phú Quý 999,gold',
      'Silver bar,GOLD',
      'Bạc Phú Quý 999,silver',
      'Vàng miền Bắc,gold',
      'Vàng bạc đá quý,gold',
    ];
    const { rows, bad } = await read(
      `at,buy,instrument,market\n${lines.map((line) => `2021-12-27,1,${line}\n`).join('')}`,
      {
        constants: {},
      },
    );
    expect(rows.map(({ line }) => line)).to.deep.equal([4, 5, 6]);
    expect(Object.keys(bad)).to.deep.equal(['2', '3']);
    expect(bad[2]).to.equal('"Bạc Phú Quý 999" is silver by its name: use the market silver (--market silver)');
  });

  it('says of a line which of its series is wrong', async () => {
    const { bad } = await read(
      'at,buy,unit,currency,market\n2021-12-27,1,pound,,\n2021-12-27,1,,đồng,\n2021-12-27,1,,,x\n',
    );
    expect(Object.values(bad).map((reason) => reason.split(' ')[1])).to.deep.equal(['unit', 'currency', 'market']);
  });

  it('reads the same however the bytes are cut', async () => {
    const text = 'instrument,at,buy,sell,brand\nETH,2021-12-27,1,2,"Hà Nội"\r\nBNB,2021-12-28,3,4,Cần Thơ\n"x\n';
    const quotes = async (cut?: number) => {
      const { lines, rows, bad } = await read(text, { constants: {} }, cut);
      return { lines, rows, bad };
    };
    const whole = await quotes();
    expect(whole.rows).to.have.length(2);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 100 }), async (cut) => {
        expect(await quotes(cut)).to.deep.equal(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('makes rows or refusals of any bytes, one or none a line, and no other fault', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '"',
        ',',
        '\n',
        '\r\n',
        ';',
        '{',
        '}',
        '2021-12-27',
        '1',
        ':',
        '"at"',
        '""',
        '\t',
        '-',
        '\uFEFF',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const lines = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join('')));
    const bytes = fc.oneof(
      lines,
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
    );
    const header = fc.constantFrom('at,buy,sell\n', '{"at":"2021-12-27","buy":1}\n', '');
    await fc.assert(
      fc.asyncProperty(header, bytes, fc.integer({ min: 1, max: 64 }), async (first, rest, cut) => {
        const content = Buffer.concat([Buffer.from(first), rest]);
        let found: ReadFile;
        try {
          found = await read(content, {}, cut);
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(AppError);
          return;
        }
        const places = [...found.rows.map(({ line }) => line), ...Object.keys(found.bad).map(Number)];
        expect(new Set(places).size).to.equal(places.length).and.to.equal(found.lines);
        for (const { row } of found.rows) expect(Number.isSafeInteger(row[0])).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });
});
