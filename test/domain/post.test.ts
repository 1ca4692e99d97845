import { expect } from 'chai';
import fc from 'fast-check';
import { AppError } from '../../src/domain/app-error.ts';
import { parsePostText, parseTopic } from '../../src/domain/post.ts';

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom(
      'e',
      'a',
      '\u0301',
      '\u200b',
      '\u200d',
      '\ufeff',
      ' ',
      '\t',
      '\r',
      '\n',
      '\u2028',
      '\x1b',
      '\u202e',
      '\ud83d',
      '\ude00',
      '#',
      'İ',
      'Σ',
    ),
  }),
);

function codeOf(parse: () => unknown): string {
  try {
    parse();
  } catch (failure) {
    expect(failure).to.be.instanceOf(AppError);
    return (failure as AppError).code;
  }
  return 'none';
}

describe('parsePostText', () => {
  it('keeps lines and words, and removes control characters', () => {
    expect(parsePostText(' Giá vàng\r\nhôm nay\rtăng\u2028mạnh ', 100)).to.equal('Giá vàng\nhôm nay\ntăng\nmạnh');
    expect(parsePostText('a\tb\x1b[2J\u202ec', 100)).to.equal('a b[2Jc');
    expect(parsePostText('👩\u200d🌾 e\u0301', 100)).to.equal('👩\u200d🌾 é');
    expect(parsePostText('e\u200b\u0301', 100)).to.equal('é');
  });

  it('requires visible text', () => {
    for (const text of [
      '',
      ' \n\t',
      '\x1b',
      '\u200b',
      '\u200d',
      '\u200c \u200d',
      '\u115f',
      '\ufe0f\u2800'.slice(0, 1),
    ]) {
      expect(
        codeOf(() => parsePostText(text, 10)),
        JSON.stringify(text),
      ).to.equal('INVALID_REQUEST');
    }
  });

  it('counts characters, not UTF-16 units', () => {
    expect(parsePostText('😀'.repeat(10), 10)).to.equal('😀'.repeat(10));
    expect(codeOf(() => parsePostText('😀'.repeat(11), 10))).to.equal('TOO_LARGE');
    expect(parsePostText(`${'a'.repeat(10)}\u200b\n`, 10)).to.equal('a'.repeat(10));
    expect(codeOf(() => parsePostText('a'.repeat(11), 10))).to.equal('TOO_LARGE');
  });

  it('is idempotent, or refuses the text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        if (codeOf(() => parsePostText(text, 50)) !== 'none') return;
        const clean = parsePostText(text, 50);
        expect(parsePostText(clean, 50)).to.equal(clean);
        expect(clean.normalize('NFC')).to.equal(clean);
        expect(clean).to.not.match(/(?!\n)\p{Cc}|\p{Cs}|\p{Co}|(?![\u200c\u200d])\p{Cf}|[\u2028\u2029]|^\s|\s$/u);
        expect([...clean].length).to.be.at.most(50);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseTopic', () => {
  it('accepts lower-case letters of any script, digits, - and _', () => {
    expect(parseTopic('#Gold')).to.equal('gold');
    expect(parseTopic('GIÁ-VÀNG_2')).to.equal('giá-vàng_2');
    for (const text of ['', '#', '##a', 'a b', 'a/b', 'a\n', 'a'.repeat(33)]) {
      expect(
        codeOf(() => parseTopic(text)),
        text,
      ).to.equal('INVALID_REQUEST');
    }
  });

  it('is idempotent, or refuses the topic', () => {
    fc.assert(
      fc.property(texts, (text) => {
        if (codeOf(() => parseTopic(text)) !== 'none') return;
        const topic = parseTopic(text);
        expect(parseTopic(topic)).to.equal(topic);
      }),
      { numRuns: 2000 },
    );
  });
});
