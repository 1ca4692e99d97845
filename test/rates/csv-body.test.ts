import { expect } from 'chai';
import { parseCsvRows } from '../../src/rates/csv-body.ts';
import { ResponseFormatError } from '../../src/rates/provider.ts';

const read = (body: string, most = 100) => parseCsvRows(body, most);

describe('parseCsvRows', () => {
  it('names cells by the header, with any separator', () => {
    for (const mark of [',', ';', '\t', '|']) {
      const body = [
        ['a', 'b'],
        ['1', 'x y'],
        ['2', ''],
      ]
        .map((cells) => cells.join(mark))
        .join('\r\n');
      expect(read(body), mark).to.deep.equal([
        { a: '1', b: 'x y' },
        { a: '2', b: '' },
      ]);
    }
    expect(read('\ufeff\na;b\n"1,5";"a ""b"" c"\n"x\ny";2')).to.deep.equal([
      { a: '1,5', b: 'a "b" c' },
      { a: 'x\ny', b: '2' },
    ]);
    expect(read('a,b\rold,mac')).to.deep.equal([{ a: 'old', b: 'mac' }]);
    expect(read('a,b')).to.deep.equal([]);
  });

  it('reports each row whose number of cells differs from the header', () => {
    const [good, short, long] = read('a,b\n1,2\n3\n4,5,6');
    expect(good).to.deep.equal({ a: '1', b: '2' });
    expect(short).to.be.instanceOf(ResponseFormatError).with.property('message', 'row 2: expected 2 cells, not 1');
    expect(long).to.be.instanceOf(ResponseFormatError).with.property('message', 'row 3: expected 2 cells, not 3');
  });

  it('refuses a body without a header of unique names', () => {
    for (const [body, message] of [
      ['', 'CSV with a header line'],
      [' \n ', 'CSV with a header line'],
      ['<!DOCTYPE html><html>', 'CSV, not an HTML page'],
      ['buy,sell,buy\n1,2,3', 'not "buy" twice'],
      ['a,b\n"1,2', 'paired quotes'],
      ['a,b\n1,2\n1,2\n1,2\n1,2', 'at most 3 rows'],
      [','.repeat(2000), 'at most 1000 columns'],
      [`a,b\n${'x'.repeat(70_000)},1`, 'at most 65536 characters in a line'],
    ] as const) {
      expect(() => read(body, 3), body.slice(0, 20)).to.throw(ResponseFormatError, message);
    }
  });

  it('is limited in time', () => {
    for (const body of [
      ','.repeat(5_000_000),
      `a,b\n${'\n'.repeat(5_000_000)}`,
      `a,b\n${`${'x'.repeat(65_000)},1\n`.repeat(75)}`,
      `a,b\n${'"'.repeat(5_000_000)}`,
      `a,b\n${'1,2\n'.repeat(1_200_000)}`,
      `a,b\n${'"1",'.repeat(15_000)}\n`.repeat(80),
    ]) {
      const start = performance.now();
      try {
        read(body, 10_000);
      } catch (error) {
        expect(error).to.be.instanceOf(ResponseFormatError);
      }
      expect(performance.now() - start).to.be.below(5000);
    }
  });
});
