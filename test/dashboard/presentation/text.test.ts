import { expect } from 'chai';
import fc from 'fast-check';
import { clip, fill, slice, squeeze, toAscii, widthOf } from '../../../src/dashboard/presentation/lines.ts';
import { safe, safeLine } from '../../../src/dashboard/presentation/text.ts';
import { wrap } from '../../../src/dashboard/presentation/wrap.ts';
import { plainText, span } from '../../../src/dashboard/styled.ts';
import { displayWidth } from '../../../src/repl/width.ts';

const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());

describe('presentation: text', () => {
  it('lets nothing from outside command the terminal', () => {
    expect(safe('\x1b[31mred\x1b[0m \u202etxt\u200b\x07')).to.equal('[31mred[0m txt');
    expect(safe('a{bold}b{/bold}')).to.equal('a{bold}b{/bold}');
    fc.assert(
      fc.property(anything, (text) => {
        for (const shown of [safe(text), safeLine(text)]) {
          expect(shown).not.to.match(/[\p{Cc}\p{Cs}\p{Co}]|(?![\u200c\u200d])\p{Cf}/u);
          expect(shown).to.equal(shown.normalize('NFC'));
        }
      }),
    );
  });

  it('leaves out what terminals disagree about', () => {
    expect(safe('❤\ufe0f 👍🏽 👨‍👩‍👧 \u3164x')).to.equal('❤ 👍 👨👩👧 x');
    expect(safe('a\u0301\ufe0f\u0323')).to.equal('ạ\u0301');
    expect(safe(`z${'\u0335'.repeat(50)}algo`)).to.equal(`z${'\u0335'.repeat(4)}algo`);
    expect(safe('\u0301x')).to.equal('x');
  });

  it('keeps the blanks of a line that is typed', () => {
    expect(safe('  a   b ')).to.equal('a b');
    expect(safeLine('  a\t  b ')).to.equal('  a   b ');
  });

  it('shows ASCII only where the terminal has no more, at the same width', () => {
    expect(toAscii('Giá vàng: đắt ▲ 中')).to.equal('Gia vang: dat + ??');
    fc.assert(
      fc.property(anything.map(safe), (text) => {
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
      fc.property(anything.map(safeLine), sizes, (text, [first, rest]) => {
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
    expect(plainText(slice(line, 1, 4))).to.equal('b中');
    expect(plainText(slice(line, 3, 6))).to.equal(' 文');
    expect(plainText(slice([span('👩🎉')], 1, 4))).to.equal(' 🎉');
    expect(plainText(slice(line, 0, 99))).to.equal('ab中文c');
    expect(slice(line, 6, 7)).to.deep.equal([span('c', 'bad')]);
  });

  it('clips with a mark and fills with blanks', () => {
    expect(plainText(clip(line, 5))).to.equal('ab中…');
    expect(plainText(clip(line, 4))).to.equal('ab …');
    expect(plainText(fill(line, 9))).to.equal('ab中文c  ');
    expect(clip(line, 0)).to.deep.equal([]);
    fc.assert(
      fc.property(fc.array(anything.map(safeLine)), fc.nat(60), (texts, width) => {
        expect(
          widthOf(
            fill(
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
    expect(plainText(squeeze(parts, [0, 1], 14))).to.equal('longest  other');
    expect(plainText(squeeze(parts, [0, 1], 13))).to.equal('long  other');
    expect(plainText(squeeze(parts, [0, 1], 10))).to.equal('long');
    expect(plainText(squeeze(parts, [0, 1], 3))).to.equal('lo…');
  });
});
