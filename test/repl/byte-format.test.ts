import { expect } from 'chai';
import fc from 'fast-check';
import { formatBytes, formatSpeed, parseBytes } from '../../src/repl/byte-format.ts';
import { progressBar } from '../../src/repl/transfer-format.ts';

describe('sizes', () => {
  it('are written in thousands', () => {
    const said = [0, 999, 1000, 12_345_678, 99_949, 99_951, 999_600, 1e9, 2.5e15, -1, Number.NaN].map(formatBytes);
    expect(said).to.deep.equal([
      ...['0 B', '999 B', '1.0 kB', '12.3 MB', '99.9 kB', '100 kB', '1.0 MB', '1.0 GB', '2500 TB', '0 B', '0 B'],
    ]);
    expect(formatSpeed(5_500_000)).to.equal('5.5 MB/s');
  });

  it('are read as people write them', () => {
    expect(['4096', '500MB', '1.5 gb', '20M', '2kB/s', ' 7 b ', '1T'].map(parseBytes)).to.deep.equal([
      ...[4096, 5e8, 1.5e9, 2e7, 2000, 7, 1e12],
    ]);
    for (const text of ['', '0', '-1', 'much', '1 XB', '1e9', '99999999999999 TB', '5 MiB', '1,5 MB']) {
      expect(parseBytes(text), text).to.equal(undefined);
    }
  });

  it('are read back as they were written, as near as that is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e15 }), (bytes) => {
        expect(Math.abs(parseBytes(formatBytes(bytes))! - bytes)).to.be.at.most(bytes * 0.051);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => (parseBytes(text) ?? 1) > 0));
  });
});

describe('bar', () => {
  it('fills up to the end only when all is done', () => {
    expect(progressBar(0, 4, true)).to.deep.equal({ done: '', remaining: '░░░░' });
    expect(progressBar(0.5, 4, true)).to.deep.equal({ done: '██', remaining: '░░' });
    expect(progressBar(0.999, 4, false)).to.deep.equal({ done: '###', remaining: '.' });
    expect(progressBar(1, 4, false)).to.deep.equal({ done: '####', remaining: '' });
    expect(progressBar(7, -1, false)).to.deep.equal({ done: '', remaining: '' });
  });

  it('is as wide as it is to be', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(200), (part, width) => {
        const { done, remaining } = progressBar(part, width, true);
        expect(done.length + remaining.length).to.equal(width);
      }),
    );
  });
});
