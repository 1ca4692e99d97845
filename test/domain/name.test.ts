import { expect } from 'chai';
import fc from 'fast-check';
import { Failure } from '../../src/domain/failure.ts';
import { nameKey, parseName, parsePassword } from '../../src/domain/name.ts';

function refused(parse: () => unknown): Failure {
  try {
    parse();
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(Failure);
    return thrown as Failure;
  }
  throw new Error('it was taken');
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('a', 'İ', 'Σ', 'ß', 'Hà', 'e', '\u0301', '\u200b', '-', '_', '.', '7'),
    maxLength: 40,
  }),
);

describe('parseName', () => {
  for (const name of ['a', 'yoda', 'Hà', 'Nguyễn.Văn-A_2', '李四', 'हिन्दी', '٣٤', '.', 'x'.repeat(32)]) {
    it(`takes ${name}`, () => expect(parseName(name)).to.equal(name.normalize('NFC')));
  }

  for (const [what, name] of [
    ['no text', ''],
    ['33 characters', 'x'.repeat(33)],
    ['a space', 'a b'],
    ['a line break at its end', 'yoda\n'],
    ['a terminal escape', '\u001b[2J'],
    ['a comma', 'a,b'],
    ['a slash', '../b'],
    ['an emoji', '🙂'],
    ['half a surrogate pair', '\ud800'],
    ['a mark with no letter', '\u0301a'],
    ['a zero-width space', 'yo\u200bda'],
    ['a variation selector', 'yoda\ufe0f'],
    ['a letter that does not show', '\u3164'],
  ] as const) {
    it(`refuses ${what}`, () => {
      const failure = refused(() => parseName(name));
      expect(failure.code).to.equal('INVALID_REQUEST');
      expect(failure.data).to.deep.equal({ field: 'name' });
    });
  }

  it('counts characters after composition, not code units', () => {
    const decomposed = 'e\u0301'.repeat(32);
    expect(parseName(decomposed)).to.equal('é'.repeat(32));
    expect(parseName('𠮷'.repeat(32))).to.equal('𠮷'.repeat(32));
    expect(refused(() => parseName('𠮷'.repeat(33))).code).to.equal('INVALID_REQUEST');
  });

  it('gives a name or a Failure for any text, and its own output again', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        let name: string;
        try {
          name = parseName(text);
        } catch (thrown) {
          expect((thrown as Failure).code).to.equal('INVALID_REQUEST');
          return;
        }
        expect(parseName(name)).to.equal(name);
        expect(name).to.equal(name.normalize('NFC'));
        expect([...name].length).to.be.within(1, 32);
        expect(/[\s,/:\p{C}]/u.test(name)).to.equal(false);
        expect(nameKey(text)).to.equal(nameKey(name));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('nameKey', () => {
  it('is one for both spellings of a letter, and for any case', () => {
    expect(nameKey('Ha\u0300')).to.equal(nameKey('Hà'));
    expect(nameKey('HÀ')).to.equal(nameKey('hà'));
    expect(nameKey('YODA')).to.equal(nameKey('yoda'));
  });

  it('tells tones apart', () => {
    expect(nameKey('Hà')).to.not.equal(nameKey('Ha'));
    expect(nameKey('Đào')).to.not.equal(nameKey('Dào'));
  });

  it('of a key is the key', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(nameKey(nameKey(text))).to.equal(nameKey(text));
      }),
    );
  });
});

describe('parsePassword', () => {
  it('takes 1-256 characters, spaces too, and composes them', () => {
    expect(parsePassword(' ')).to.equal(' ');
    expect(parsePassword('daihoc tphcm')).to.equal('daihoc tphcm');
    expect(parsePassword('a\u0300')).to.equal('à');
    expect(parsePassword('x'.repeat(256))).to.have.length(256);
  });

  it('refuses none and 257, without repeating them', () => {
    expect(refused(() => parsePassword('')).code).to.equal('INVALID_REQUEST');
    const failure = refused(() => parsePassword('s'.repeat(257)));
    expect(failure.data).to.deep.equal({ field: 'password' });
    expect(failure.message).to.not.include('sss');
  });
});
