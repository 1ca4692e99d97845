import { expect } from 'chai';
import fc from 'fast-check';
import { fold, plain } from '../../src/domain/fold.ts';

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

describe('fold', () => {
  it('makes case, marks, đ and white space equal', () => {
    expect(fold('Vàng  Miếng')).to.equal('vang mieng');
    expect(fold(' ĐÔ\u00a0LA\tMỸ ')).to.equal('do la my');
    expect(fold('Vàng'.normalize('NFD'))).to.equal(fold('Vàng'.normalize('NFC')));
    expect(fold('ơ ư ă â ê ô')).to.equal('o u a a e o');
    expect(fold('İstanbul')).to.equal('istanbul');
    expect(fold('')).to.equal('');
  });

  it('is idempotent and does not care for the form of its text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = fold(text);
        expect(fold(once)).to.equal(once);
        expect(fold(text.normalize('NFC'))).to.equal(once);
        expect(fold(text.normalize('NFD'))).to.equal(once);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('plain', () => {
  it('takes out what a terminal obeys and an eye cannot see', () => {
    expect(plain('SJC\x1b[31m đỏ\x07')).to.equal('SJC[31m đỏ');
    expect(plain('a\u202eb\u200bc\u2066d')).to.equal('abcd');
    expect(plain(' a\r\n\t b\u2028c \x1f')).to.equal('a b c');
    expect(plain('a \u200b b')).to.equal('a b');
    expect(plain('\ud800x\udc00')).to.equal('x');
    expect(plain('👩\u200d🌾')).to.equal('👩\u200d🌾');
    expect(plain('e\u200b\u0301')).to.equal('é');
  });

  it('is idempotent, in NFC, with single spaces, and free of control and format characters', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = plain(text);
        expect(plain(once)).to.equal(once);
        expect(once.normalize('NFC')).to.equal(once);
        expect(once).to.not.match(/\p{Cc}|\p{Cs}|\p{Co}|(?![\u200c\u200d])\p{Cf}/u);
        expect(once).to.not.match(/^\s|\s$|\s\s|[^\S ]/);
      }),
      { numRuns: 2000 },
    );
  });
});
