import { expect } from 'chai';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { editedLineSpans } from '../../../src/dashboard/presentation/edited-text.ts';
import { lineWidth } from '../../../src/dashboard/presentation/line-layout.ts';
import { lineText, type StyledSpan } from '../../../src/dashboard/styled-text.ts';
import { graphemeClusters } from '../../../src/repl/line-edit.ts';

const FAMILY = '👨‍👩‍👧';

function cursorColumn(spans: readonly StyledSpan[]): number {
  const index = spans.findIndex(({ tone }) => tone === 'cursor');
  expect(index).to.be.at.least(0);
  return stringWidth(lineText(spans.slice(0, index)));
}

describe('an edited line on the screen', () => {
  it('has the cursor behind whole clusters', () => {
    const text = `a${FAMILY}ế🇻🇳👍🏽中`;
    const columns = [0, 1, 7, 8, 10, 12, 14];
    let cursor = 0;
    for (const [i, cluster] of [...graphemeClusters(text), ''].entries()) {
      const spans = editedLineSpans({ text, cursor }, 60, true);
      expect(cursorColumn(spans), cluster).to.equal(columns[i]);
      // Joiners and skin tones are not drawn, because terminals disagree about them.
      expect(lineText(spans).trimEnd()).to.equal('a👨👩👧ế🇻🇳👍中');
      cursor += cluster.length;
    }
  });

  it('has the cursor in the column that string-width says, within any room', () => {
    const cluster = fc.constantFrom(
      'a',
      ' ',
      'ế',
      'ế'.normalize('NFD'),
      FAMILY,
      '🇻🇳',
      '👍🏽',
      '中',
      '각'.normalize('NFD'),
      '-',
    );
    fc.assert(
      fc.property(
        fc.array(cluster, { maxLength: 40 }).map((parts) => parts.join('')),
        fc.nat(),
        fc.integer({ min: 6, max: 50 }),
        (text, at, room) => {
          const clusters = graphemeClusters(text);
          const cursor = clusters.slice(0, at % (clusters.length + 1)).join('').length;
          const spans = editedLineSpans({ text, cursor }, room, true);
          expect(lineWidth(spans)).to.be.at.most(room);
          const whole = editedLineSpans({ text, cursor }, 1000, true);
          const before = lineText(whole).slice(0, lineText(whole.slice(0, whole.findIndex(isCursor))).length);
          expect(cursorColumn(whole)).to.equal(stringWidth(before));
          expect(cursorColumn(spans)).to.be.at.most(stringWidth(before));
          expect(spans.find(isCursor)).to.deep.equal(whole.find(isCursor));
        },
      ),
    );
  });

  const isCursor = ({ tone }: StyledSpan): boolean => tone === 'cursor';
});
