import { expect } from 'chai';
import fc from 'fast-check';
import { sanitizeText } from '../../src/domain/text.ts';
import { PLAIN_STYLE } from '../../src/repl/output-format.ts';
import { formatTable, rightAligned, type TableColumn } from '../../src/repl/table.ts';
import { displayWidth } from '../../src/repl/text-width.ts';

describe('tables', () => {
  const columns: TableColumn[] = [
    { title: 'Name', importance: 3, minWidth: 8 },
    { ...rightAligned('Price'), importance: 3 },
    { title: 'Note', importance: 1, minWidth: 6 },
    { title: 'ID', importance: 0 },
  ];
  const rows = [['a rather long name', '151,300,000', 'a note of some length', '1234567890'].map(sanitizeText)];
  const format = { style: PLAIN_STYLE, unicode: true };
  const shown = (fitWidth?: number) => formatTable(columns, rows, { ...format, fitWidth });

  it('are as wide as their content in a file', () => {
    expect(shown()).to.deep.equal([
      'Name                      Price  Note                   ID',
      'a rather long name  151,300,000  a note of some length  1234567890',
    ]);
  });

  it('cut long texts first, then drop what matters least, and never cut a number', () => {
    expect(shown(60)[1]).to.equal('a rather long n…  151,300,000  a note of some l…  1234567890'.slice(0, 60));
    expect(shown(36)).to.deep.equal(['Name              Price  Note', 'a rather …  151,300,000  a note of …']);
    expect(shown(24)).to.deep.equal(['Name               Price', 'a rather l…  151,300,000']);
    expect(shown(12)[1]).to.equal('a r…  151,300,000');
  });

  it('continue the last column in further lines, if it may', () => {
    const wrapping = [...columns.slice(0, 2), { title: 'Reason', minWidth: 10, wraps: true }];
    expect(
      formatTable(wrapping, [['yoda', '1', 'the disk is full and nothing can be written'].map(sanitizeText)], {
        ...format,
        fitWidth: 36,
      }),
    ).to.deep.equal([
      'Name  Price  Reason',
      'yoda      1  the disk is full and',
      '             nothing can be written',
    ]);
  });

  it('fit every width that holds their numbers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 24, max: 200 }), fc.string({ unit: 'grapheme' }), (fitWidth, text) => {
        const line = [text, '151,300,000', text, text].map(sanitizeText);
        for (const each of formatTable(columns, [line], { ...format, fitWidth })) {
          expect(displayWidth(each)).to.be.at.most(fitWidth);
          if (text.trim() !== '') expect(each.includes('151,300,000') || each.includes('Price')).to.equal(true);
        }
      }),
    );
  });
});
