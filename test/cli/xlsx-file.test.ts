import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { AnalysisOptions } from '../../src/cli/file-analysis.ts';
import { openImportInput } from '../../src/cli/import-input.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { formatDateTime } from '../../src/domain/time.ts';
import { type ReadFile, readFile } from './quote-reader.ts';
import { WORKBOOK_ROWS, workbook, zip } from './workbook-writer.ts';

const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`;
const row = (...cells: string[]) => `<row>${cells.join('')}</row>`;
const number = (value: number | string, style?: number) =>
  `<c${style === undefined ? '' : ` s="${style}"`}><v>${value}</v></c>`;
const HEADER = row(text('date'), text('price'));

describe('an Excel workbook', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function read(content: Buffer, options: Partial<AnalysisOptions> = {}): Promise<ReadFile> {
    const file = join(folder, 'prices.xlsx');
    await writeFile(file, content);
    const input = await openImportInput(file);
    try {
      return await readFile(input, options);
    } finally {
      await input.close();
    }
  }

  async function refusal(content: Buffer, options: Partial<AnalysisOptions> = {}): Promise<AppError> {
    try {
      await read(content, options);
    } catch (thrown) {
      expect(thrown).to.be.instanceOf(AppError);
      return thrown as AppError;
    }
    throw new Error('nothing was refused');
  }

  const shown = ({ rows }: ReadFile) => rows.map(({ line, row: [at, buy] }) => [line, formatDateTime(at), buy]);

  it('has texts, numbers and dates', async () => {
    expect(shown(await read(workbook({ sheets: { Prices: WORKBOOK_ROWS } })))).to.deep.equal([
      [2, '2021-05-07 00:00', 56_400_000],
      [3, '2021-05-08 00:00', 56_300_000],
    ]);
  });

  it('has texts that cells share, in runs, and with names of parts in capitals', async () => {
    const sharedStrings =
      '<si><t>Ngày</t></si><si><r><t>Giá </t></r><r><t xml:space="preserve">đóng cửa</t></r></si><si/><si><t>8/5/2021 &amp; x</t></si><si><t>2021-05-08</t></si>';
    const shared = (place: number) => `<c t="s"><v>${place}</v></c>`;
    const rows = row(shared(0), shared(1)) + row(shared(4), number(5)) + row(shared(3), number(6));
    const { rows: found, bad } = await read(workbook({ sheets: { A: rows }, sharedStrings }));
    expect(found.map(({ row: [, buy] }) => buy)).to.deep.equal([5]);
    expect(bad[3]).to.contain('8/5/2021 & x');
  });

  it('keeps numbers apart from dates by their formats', async () => {
    const formats = ['yyyy\\-mm\\-dd hh:mm', '#,##0 &quot;days&quot;', '[$-409]d\\-mmm\\-yy;@', '[h]:mm:ss'];
    const rows = HEADER + row(number(44324.75, 1), number(44324, 2)) + row(number(44324, 3), number(7, 0));
    expect(shown(await read(workbook({ sheets: { A: rows }, formats })))).to.deep.equal([
      [2, '2021-05-08 18:00', 44324],
      [3, '2021-05-08 00:00', 7],
    ]);
  });

  it('may count its days from 1904', async () => {
    const rows = HEADER + row(number(44324 - 1462, 1), number(5));
    expect(shown(await read(workbook({ sheets: { A: rows }, date1904: true })))).to.deep.equal([
      [2, '2021-05-08 00:00', 5],
    ]);
  });

  it('may have dates and times of day apart, empty cells and rows, and titles', async () => {
    const rows =
      '<row r="1"><c r="A1" t="inlineStr"><is><t>Giá vàng</t></is></c></row><row r="2"/>' +
      `<row r="5"><c r="B5" t="inlineStr"><is><t>Ngày</t></is></c>${text('Giờ')}${text('Giá')}</row>` +
      '<row r="7"><c r="B7" s="1"><v>44324</v></c><c r="C7" s="2"><v>0.354166666666667</v></c><c r="D7"><v>5</v></c></row>' +
      '<row r="9"><c r="B9" s="1"><v>44325</v></c><c r="D9"><v>6</v></c></row>';
    const { rows: found, bad } = await read(workbook({ sheets: { A: rows }, formats: ['dd/mm/yyyy', 'hh:mm'] }));
    expect(bad).to.deep.equal({});
    expect(found.map(({ line, row: [at, buy] }) => [line, formatDateTime(at), buy])).to.deep.equal([
      [7, '2021-05-08 08:30', 5],
      [9, '2021-05-09 00:00', 6],
    ]);
  });

  it('is read from the one sheet that has quotes, else asked for one', async () => {
    const notes = row(text('About'), text('this file')) + row(text('made by'), text('hand'));
    const both = { Notes: notes, 'Giá 2021': HEADER + row(number(44324, 1), number(5)) };
    expect(shown(await read(workbook({ sheets: both })))).to.have.length(1);
    const several = workbook({ sheets: { ...both, 'Giá 2022': HEADER + row(number(44689, 1), number(6)) } });
    const { code, data } = await refusal(several);
    expect(code).to.equal('USAGE');
    expect(data.choices).to.deep.equal(['--sheet "Giá 2021"', '--sheet "Giá 2022"']);
    expect(shown(await read(several, { sheet: 'Giá 2022' }))).to.deep.equal([[2, '2022-05-08 00:00', 6]]);
    expect((await refusal(several, { sheet: 'None' })).message).to.contain('"Notes", "Giá 2021"');
  });

  it('reads back what was written, whatever the size', async () => {
    const quote = fc.tuple(fc.integer({ min: 20_000, max: 45_000 }), fc.integer({ min: 1, max: 1_000_000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(quote, { minLength: 1, maxLength: 3000 }), async (quotes) => {
        const rows = quotes.map(([day, price]) => row(number(day, 1), number(price / 8)));
        const { rows: found } = await read(workbook({ sheets: { A: HEADER + rows.join('') } }));
        expect(found.map(({ row: [at, buy] }) => [(at + 7 * 3_600_000) / 86_400_000 + 25_569, buy])).to.deep.equal(
          quotes.map(([day, price]) => [day, price / 8]),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('is refused where it is none, damaged, or unpacks to too much', async () => {
    expect((await refusal(zip({ 'prices.csv': 'date,price\n' }))).message).to.contain('Extract it first');
    expect((await refusal(Buffer.from('PK\x03\x04 and no more'))).message).to.contain('corrupt');
    const whole = workbook({ sheets: { Prices: WORKBOOK_ROWS } });
    expect((await refusal(whole.subarray(0, -30))).message).to.contain('corrupt');
    expect((await refusal(workbook({ sheets: {} }))).message).to.contain('no worksheets');
    const bomb = zip({ 'xl/workbook.xml': Buffer.alloc(9 * 1024 ** 2, ' ') });
    expect((await refusal(bomb)).code).to.equal('TOO_LARGE');
    // A part that says it is small is cut off at what it said.
    const liar = zip({ 'xl/workbook.xml': Buffer.alloc(9 * 1024 ** 2, ' ') }, { 'xl/workbook.xml': 1000 });
    expect((await refusal(liar)).message).to.contain('corrupt');
    const long = workbook({ sheets: { A: `<row>${text('x'.repeat(3 * 1024 ** 2))}</row>` } });
    expect((await refusal(long)).message).to.contain('1 MiB');
    const entities = '<!DOCTYPE a [<!ENTITY b "c">]><workbook/>';
    expect((await refusal(zip({ 'xl/workbook.xml': entities }))).message).to.contain('document type');
  });
});
