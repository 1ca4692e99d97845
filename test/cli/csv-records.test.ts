import { expect } from 'chai';
import fc from 'fast-check';
import { CsvRecordParser, parseCsvRecord } from '../../src/cli/csv-records.ts';
import { LineSplitter } from '../../src/cli/line-splitter.ts';

/** The records of a text whose bytes come in pieces. */
function records(text: string | Uint8Array, { cut = 1000, width }: { cut?: number; width?: number } = {}) {
  const bytes = Buffer.from(text);
  const cutter = new LineSplitter();
  const csv = new CsvRecordParser(',', width);
  const found: [number, unknown][] = [];
  const add = (block: ReturnType<CsvRecordParser['push']>) => {
    for (const [i, cells] of block.records.entries()) found.push([block.lines[i]!, cells]);
  };
  for (let at = 0; at < bytes.length; at += cut) add(csv.push(cutter.push(bytes.subarray(at, at + cut))));
  add(csv.finish(cutter.finish()));
  return found;
}

describe('records of CSV', () => {
  it('go on over line breaks inside of quotes, and are numbered by their first line', () => {
    const text = 'a,b\n"one\ntwo\n\nthree",2\n3,"x"\n';
    expect(records(text, { width: 2 })).to.deep.equal([
      [1, ['a', 'b']],
      [2, ['one\ntwo\n\nthree', '2']],
      [6, ['3', 'x']],
    ]);
  });

  it('lose one line to a quote that nothing closes', () => {
    const lost = 'a quote is not closed on the line';
    expect(records('"1,2\n3,4\n5,6\n')).to.deep.equal([
      [1, lost],
      [2, ['3', '4']],
      [3, ['5', '6']],
    ]);
    // The quote of the third line would close it, but the record would not have the columns of the others.
    expect(records('"1,2\n3,4\n5,"6"\n"7,8\n', { width: 2 }).map(([line]) => line)).to.deep.equal([1, 2, 3, 4]);
    const many = `"1,2\n${'3,4\n'.repeat(300)}5",6\n`;
    expect(records(many, { width: 2 })).to.have.length(302);
  });

  it('are the same however the bytes are cut', () => {
    const piece = fc.constantFrom('"', '""', ',', '\n', '\r\n', '\r', 'a', 'é', '"x\ny"', '1,2\n');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (pieces, cut) => {
        const text = pieces.join('');
        expect(records(text, { cut, width: 2 })).to.deep.equal(records(text, { width: 2 }));
      }),
      { numRuns: 500 },
    );
  });

  it('are read back as they were written', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', ' ', ';'), maxLength: 8 });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 20 }), (rows) => {
        const text = rows.map((cells) => cells.map(quoted).join(',')).join('\n');
        expect(records(text, { width: 3 }).map(([, cells]) => cells)).to.deep.equal(rows);
      }),
    );
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (cells) => {
        const write = (text: string) => (/[",\n]/.test(text) ? quoted(text) : text);
        expect(parseCsvRecord(cells.map(write).join(','), ',')).to.deep.equal(cells);
      }),
    );
  });

  it('have no quotes inside of values without them, and nothing behind a closing one', () => {
    for (const record of ['a"b,1', '"a"b,1', ' "a",1', '"a" ,1']) {
      expect(parseCsvRecord(record, ','), record).to.match(/^its quotes do not match/);
    }
  });
});
