import { expect } from 'chai';
import fc from 'fast-check';
import { hasOpenHighLow, includeClose, withOpenHighLow } from '../../src/cli/open-high-low.ts';
import { readFile } from './quote-reader.ts';

describe('open, high and low of a quote file', () => {
  it('are the sixth element of a row', () => {
    expect(withOpenHighLow([1, 5, 5], [4, 6, 3])).to.deep.equal([1, 5, 5, null, null, [4, 6, 3]]);
    expect(withOpenHighLow([1, 5, 5, 2, 'a'], [4, 6, 3])).to.deep.equal([1, 5, 5, 2, 'a', [4, 6, 3]]);
  });

  it('hold the open and the close, however the columns are rounded', () => {
    expect(includeClose([100, 110, 90], 105)).to.deep.equal([100, 110, 90]);
    expect(includeClose([100, 110, 90], 110.00039)).to.deep.equal([100, 110.00039, 90]);
    expect(includeClose([89.99, 110, 90], 105)).to.deep.equal([89.99, 110, 89.99]);
    const price = fc.double({ min: 1, max: 1000, noNaN: true });
    fc.assert(
      fc.property(price, price, price, price, (open, high, low, close) => {
        const range = includeClose([open, high, low], close);
        if (typeof range === 'string') return;
        expect(range[2]).to.be.at.most(Math.min(open, close));
        expect(range[1]).to.be.at.least(Math.max(open, close));
      }),
    );
  });

  it('are refused where they contradict one another', async () => {
    const file = [
      'Date,Open,High,Low,Close,Volume',
      '2021-05-08,5,6,4,5.5,1',
      '2021-05-09,5,4,6,5.5,1',
      '2021-05-10,5,5.2,4,5.5,1',
      '2021-05-11,5,6,5.3,5.5,1',
      '2021-05-12,,,,5.5,1',
      '2021-05-13,5,,4,5.5,1',
    ].join('\n');
    const { rows, bad } = await readFile(file);
    expect(rows.map(({ line }) => line)).to.deep.equal([2, 6]);
    expect(bad).to.deep.equal({
      3: 'its low 6 is above its high 4',
      4: 'its high 5.2 is below 5.5, its open or close',
      5: 'its low 5.3 is above 5, its open or close',
      7: 'high "" is not a number',
    });
  });

  it('are no range where the price itself is one of them', () => {
    expect(hasOpenHighLow({ open: 1, high: 2, low: 3, buy: 4, sell: 4 })).to.equal(true);
    expect(hasOpenHighLow({ open: 1, high: 2, low: 3, buy: 1, sell: 1 })).to.equal(false);
    expect(hasOpenHighLow({ open: 1, high: 2, buy: 4, sell: 4 })).to.equal(false);
  });
});
