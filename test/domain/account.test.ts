import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalName, parseMemberName, parsePassword } from '../../src/domain/account.ts';
import { AppError } from '../../src/domain/app-error.ts';

function refused(parse: () => unknown): AppError {
  try {
    parse();
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError);
    return thrown as AppError;
  }
  throw new Error('Expected a refusal.');
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('a', 'İ', 'Σ', 'ß', 'Hà', 'e', '\u0301', '\u200b', '-', '_', '.', '7'),
    maxLength: 40,
  }),
);

describe('parseMemberName', () => {
  for (const name of ['a', 'yoda', 'Hà', 'Nguyễn.Văn-A_2', '李四', 'हिन्दी', '٣٤', '.', 'x'.repeat(32)]) {
    it(`accepts ${name}`, () => expect(parseMemberName(name)).to.equal(name.normalize('NFC')));
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
      const failure = refused(() => parseMemberName(name));
      expect(failure.code).to.equal('INVALID_REQUEST');
      expect(failure.data).to.deep.equal({ field: 'name' });
    });
  }

  it('counts characters after composition, not UTF-16 units', () => {
    const decomposed = 'e\u0301'.repeat(32);
    expect(parseMemberName(decomposed)).to.equal('é'.repeat(32));
    expect(parseMemberName('𠮷'.repeat(32))).to.equal('𠮷'.repeat(32));
    expect(refused(() => parseMemberName('𠮷'.repeat(33))).code).to.equal('INVALID_REQUEST');
  });

  it('returns a name or throws for any text, and is idempotent', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        let name: string;
        try {
          name = parseMemberName(text);
        } catch (thrown) {
          expect((thrown as AppError).code).to.equal('INVALID_REQUEST');
          return;
        }
        expect(parseMemberName(name)).to.equal(name);
        expect(name).to.equal(name.normalize('NFC'));
        expect([...name].length).to.be.within(1, 32);
        expect(/[\s,/:\p{C}]/u.test(name)).to.equal(false);
        expect(canonicalName(text)).to.equal(canonicalName(name));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('canonicalName', () => {
  it('is equal for both spellings of a letter, and for any case', () => {
    expect(canonicalName('Ha\u0300')).to.equal(canonicalName('Hà'));
    expect(canonicalName('HÀ')).to.equal(canonicalName('hà'));
    expect(canonicalName('YODA')).to.equal(canonicalName('yoda'));
  });

  it('distinguishes tones', () => {
    expect(canonicalName('Hà')).to.not.equal(canonicalName('Ha'));
    expect(canonicalName('Đào')).to.not.equal(canonicalName('Dào'));
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(canonicalName(canonicalName(text))).to.equal(canonicalName(text));
      }),
    );
  });
});

describe('parsePassword', () => {
  it('accepts 1-256 characters including spaces, and composes them', () => {
    expect(parsePassword(' ')).to.equal(' ');
    expect(parsePassword('daihoc tphcm')).to.equal('daihoc tphcm');
    expect(parsePassword('a\u0300')).to.equal('à');
    expect(parsePassword('x'.repeat(256))).to.have.length(256);
  });

  it('refuses 0 and 257 characters, without repeating them in the message', () => {
    expect(refused(() => parsePassword('')).code).to.equal('INVALID_REQUEST');
    const failure = refused(() => parsePassword('s'.repeat(257)));
    expect(failure.data).to.deep.equal({ field: 'password' });
    expect(failure.message).to.not.include('sss');
  });
});
