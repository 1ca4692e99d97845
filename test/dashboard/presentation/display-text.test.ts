import { expect } from 'chai';
import fc from 'fast-check';
import { displayLine, displayText } from '../../../src/dashboard/presentation/display-text.ts';
import {
  clipLine,
  fitSegments,
  lineWidth,
  padLine,
  sliceColumns,
  toAscii,
} from '../../../src/dashboard/presentation/line-layout.ts';
import { wrap } from '../../../src/dashboard/presentation/wrap.ts';
import { lineText, span } from '../../../src/dashboard/styled-text.ts';
import { displayWidth } from '../../../src/repl/text-width.ts';

const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());

describe('presentation: text', () => {
  it('lets nothing from outside command the terminal', () => {
    expect(displayText('\x1b[31mred\x1b[0m \u202etxt\u200b\x07')).to.equal('[31mred[0m txt');
    expect(displayText('a{bold}b{/bold}')).to.equal('a{bold}b{/bold}');
    fc.assert(
      fc.property(anything, (text) => {
        for (const shown of [displayText(text), displayLine(text)]) {
          expect(shown).not.to.match(/[\p{Cc}\p{Cs}\p{Co}]|(?![\u200c\u200d])\p{Cf}/u);
          expect(shown).to.equal(shown.normalize('NFC'));
        }
      }),
    );
  });

  it('leaves out what terminals disagree about', () => {
    expect(displayText('❤\ufe0f 👍🏽 👨‍👩‍👧 \u3164x')).to.equal('❤ 👍 👨👩👧 x');
    expect(displayText('a\u0301\ufe0f\u0323')).to.equal('ạ\u0301');
    expect(displayText(`z${'\u0335'.repeat(50)}algo`)).to.equal(`z${'\u0335'.repeat(4)}algo`);
    expect(displayText('\u0301x')).to.equal('x');
  });

  it('keeps the blanks of a line that is typed', () => {
    expect(displayText('  a   b ')).to.equal('a b');
    expect(displayLine('  a\t  b ')).to.equal('  a   b ');
  });

  it('shows ASCII only where the terminal has no more, at the same width', () => {
    expect(toAscii('Giá vàng: đắt ▲ 中')).to.equal('Gia vang: dat + ??');
    fc.assert(
      fc.property(anything.map(displayText), (text) => {
        expect(toAscii(text)).to.match(/^[\x20-\x7e]*$/);
        expect(toAscii(text)).to.have.length(displayWidth(text));
      }),
    );
  });
});

describe('presentation: wrap', () => {
  it('breaks at blanks, and inside words that are too long', () => {
    expect(wrap('Do or do not', 5, 6)).to.deep.equal(['Do or', 'do not']);
    expect(wrap('abcdefghij', 4, 4)).to.deep.equal(['abcd', 'efgh', 'ij']);
    expect(wrap('word', 2, 8)).to.deep.equal(['', 'word']);
    expect(wrap('a abcdefgh', 8, 8)).to.deep.equal(['a', 'abcdefgh']);
    expect(wrap('中文中文', 5, 5)).to.deep.equal(['中文', '中文']);
    expect(wrap('', 5, 5)).to.deep.equal(['']);
  });

  it('never exceeds its columns and loses nothing but blanks', () => {
    const sizes = fc.tuple(fc.integer({ min: -3, max: 40 }), fc.integer({ min: 2, max: 40 }));
    fc.assert(
      fc.property(anything.map(displayLine), sizes, (text, [first, rest]) => {
        const lines = wrap(text, first, rest);
        lines.forEach((line, i) => {
          expect(displayWidth(line)).to.be.at.most(i === 0 ? Math.max(0, first) : rest);
        });
        const ink = (shown: string) => shown.replace(/ /g, '');
        expect(ink(lines.join(''))).to.equal(ink(text));
      }),
    );
  });
});

describe('presentation: lines', () => {
  const line = [span('ab', 'gold'), span('中文'), span('c', 'bad')];

  it('slices by columns; half of a wide character is a blank', () => {
    expect(lineText(sliceColumns(line, 1, 4))).to.equal('b中');
    expect(lineText(sliceColumns(line, 3, 6))).to.equal(' 文');
    expect(lineText(sliceColumns([span('👩🎉')], 1, 4))).to.equal(' 🎉');
    expect(lineText(sliceColumns(line, 0, 99))).to.equal('ab中文c');
    expect(sliceColumns(line, 6, 7)).to.deep.equal([span('c', 'bad')]);
  });

  it('clips with a mark and fills with blanks', () => {
    expect(lineText(clipLine(line, 5))).to.equal('ab中…');
    expect(lineText(clipLine(line, 4))).to.equal('ab …');
    expect(lineText(padLine(line, 9))).to.equal('ab中文c  ');
    expect(clipLine(line, 0)).to.deep.equal([]);
    fc.assert(
      fc.property(fc.array(anything.map(displayLine)), fc.nat(60), (texts, width) => {
        expect(
          lineWidth(
            padLine(
              texts.map((text) => span(text)),
              width,
            ),
          ),
        ).to.equal(width);
      }),
    );
  });

  it('squeezes parts in the order it is told', () => {
    const parts = [
      [[span('longest')], [span('long')]],
      [[span('other')], []],
    ];
    expect(lineText(fitSegments(parts, [0, 1], 14))).to.equal('longest  other');
    expect(lineText(fitSegments(parts, [0, 1], 13))).to.equal('long  other');
    expect(lineText(fitSegments(parts, [0, 1], 10))).to.equal('long');
    expect(lineText(fitSegments(parts, [0, 1], 3))).to.equal('lo…');
  });
});
