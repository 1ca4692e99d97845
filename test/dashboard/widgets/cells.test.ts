import { expect } from 'chai';
import fc from 'fast-check';
import type { StyledLine, Tone } from '../../../src/dashboard/styled-text.ts';
import { cellWidth, toCells } from '../../../src/dashboard/widgets/cells.ts';

const attributes = (tone: Tone): number => (tone === 'gold' ? 7 : 1);
const line = (text: string, tone: Tone = 'text'): StyledLine => [{ text, tone }];
const texts = (text: string, width: number, left = 0): string[] =>
  toCells(line(text), width, left, attributes).map(([, cell]) => cell);

describe('cells of a line', () => {
  it('are one a column, filled to the width', () => {
    expect(texts('vàng', 6)).to.deep.equal(['v', 'à', 'n', 'g', ' ', ' ']);
    expect(texts('gold and more', 4)).to.deep.equal(['g', 'o', 'l', 'd']);
    const two = toCells([...line('a', 'gold'), ...line('b')], 3, 0, attributes);
    expect(two).to.deep.equal([
      [7, 'a'],
      [1, 'b'],
      [1, ' '],
    ]);
  });

  it('keep letters with their marks together, and wide ones in two columns', () => {
    expect(texts('e\u0301x', 3)).to.deep.equal(['e\u0301', 'x', ' ']);
    expect(texts('黄金', 5)).to.deep.equal(['黄', '', '金', '', ' ']);
    expect(texts('a黄', 2)).to.deep.equal(['a', ' ']);
  });

  it('put the cursor behind what terminals disagree about', () => {
    expect(texts('🥇x', 4, 10)).to.deep.equal(['  \x1b[11G🥇\x1b[13G', '', 'x', ' ']);
  });

  it('hold no control character that a text brought along', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 40 }), (text, width) => {
        const cells = texts(text, width);
        expect(cells).to.have.length(width);
        for (const cell of cells) {
          expect(
            cell
              .split('\x1b[')
              .map((part, i) => (i === 0 ? part : part.replace(/^\d+G/, '')))
              .join(''),
          ).to.not.match(/[\p{Cc}\p{Cs}]/u);
        }
        // A covered cell follows the wide one that covers it.
        expect(cells[0]).to.not.equal('');
        const columns = cells.reduce((sum, cell) => sum + (cell === '' ? 0 : cellWidth(cell)), 0);
        expect(columns).to.equal(width);
      }),
    );
  });
});
