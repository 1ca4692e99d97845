import { expect } from 'chai';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { displayWidth, graphemes } from '../../src/repl/text-width.ts';

describe('display width', () => {
  it('counts what terminals show', () => {
    const widths: [text: string, width: number][] = [
      ['', 0],
      ['abc', 3],
      ['vàng miếng', 10],
      ['vàng'.normalize('NFD'), 4],
      ['中文', 4],
      ['각', 2],
      ['각'.normalize('NFD'), 2],
      ['ｱ', 1],
      ['🎉', 2],
      ['⏰', 2],
      ['❤', 1],
      ['↗', 1],
      ['©', 1],
      ['🇻🇳', 2],
      ['│─┤▲▼●█▁⣿…↳', 11],
    ];
    for (const [text, width] of widths) expect(displayWidth(text), text).to.equal(width);
  });

  it('is that of string-width but for emoji and marks, where terminals have another opinion', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const usual = text.replace(/[\p{M}\p{C}\p{Emoji}\p{Default_Ignorable_Code_Point}\u1160-\u11ff]/gu, '');
        expect(displayWidth(usual)).to.equal(stringWidth(usual));
      }),
    );
  });

  it('keeps a character and its marks together, and loses nothing', () => {
    expect(graphemes('a\u0301b')).to.deep.equal(['a\u0301', 'b']);
    expect(graphemes('🇻🇳🇯🇵🇻x')).to.deep.equal(['🇻🇳', '🇯🇵', '🇻', 'x']);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(graphemes(text).join('')).to.equal(text);
      }),
    );
  });
});
