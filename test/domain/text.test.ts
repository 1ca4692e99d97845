import { expect } from 'chai';
import fc from 'fast-check';
import { foldForSearch, sanitizeText } from '../../src/domain/text.ts';

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom(
      'e',
      '\u0301',
      '\u0323',
      '\u200b',
      '\u200d',
      '\ufeff',
      ' ',
      '\t',
      '\n',
      'Đ',
      'İ',
      '\x1b',
      '\u202e',
      '\ud800',
      '\udc00',
    ),
  }),
);

describe('foldForSearch', () => {
  it('ignores case, marks, đ and white space', () => {
    expect(foldForSearch('Vàng  Miếng')).to.equal('vang mieng');
    expect(foldForSearch(' ĐÔ\u00a0LA\tMỸ ')).to.equal('do la my');
    expect(foldForSearch('Vàng'.normalize('NFD'))).to.equal(foldForSearch('Vàng'.normalize('NFC')));
    expect(foldForSearch('ơ ư ă â ê ô')).to.equal('o u a a e o');
    expect(foldForSearch('İstanbul')).to.equal('istanbul');
    expect(foldForSearch('')).to.equal('');
  });

  it('is idempotent and independent of the Unicode form', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = foldForSearch(text);
        expect(foldForSearch(once)).to.equal(once);
        expect(foldForSearch(text.normalize('NFC'))).to.equal(once);
        expect(foldForSearch(text.normalize('NFD'))).to.equal(once);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('sanitizeText', () => {
  it('removes control characters and invisible characters', () => {
    expect(sanitizeText('SJC\x1b[31m đỏ\x07')).to.equal('SJC[31m đỏ');
    expect(sanitizeText('a\u202eb\u200bc\u2066d')).to.equal('abcd');
    expect(sanitizeText(' a\r\n\t b\u2028c \x1f')).to.equal('a b c');
    expect(sanitizeText('a \u200b b')).to.equal('a b');
    expect(sanitizeText('\ud800x\udc00')).to.equal('x');
    expect(sanitizeText('👩\u200d🌾')).to.equal('👩\u200d🌾');
    expect(sanitizeText('e\u200b\u0301')).to.equal('é');
  });

  it('is idempotent, in NFC, with single spaces, and without control and format characters', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = sanitizeText(text);
        expect(sanitizeText(once)).to.equal(once);
        expect(once.normalize('NFC')).to.equal(once);
        expect(once).to.not.match(/\p{Cc}|\p{Cs}|\p{Co}|(?![\u200c\u200d])\p{Cf}/u);
        expect(once).to.not.match(/^\s|\s$|\s\s|[^\S ]/);
      }),
      { numRuns: 2000 },
    );
  });
});
