import { expect } from 'chai';
import fc from 'fast-check';
import { AppError } from '../../src/domain/app-error.ts';
import { parseDescription, parseFileName } from '../../src/domain/file-listing.ts';

const refused = (name: string) => {
  try {
    parseFileName(name);
  } catch (failure) {
    expect(failure)
      .to.be.instanceOf(AppError)
      .that.deep.includes({ code: 'INVALID_REQUEST', data: { field: 'name' } });
    return true;
  }
  return false;
};

describe('parseFileName', () => {
  it('accepts any script, and returns NFC', () => {
    const names = [
      'lecture1.mp4',
      'Bài giảng 1.pdf',
      '講義 1.zip',
      'محاضرة.txt',
      '🎬.mkv',
      'a',
      '.hidden',
      '....',
      'x'.repeat(255),
    ];
    for (const name of names) expect(parseFileName(name)).to.equal(name.normalize('NFC'));
    expect(parseFileName('Bài'.normalize('NFD'))).to.equal('Bài'.normalize('NFC'));
    expect(parseFileName('𠮷'.repeat(255))).to.have.length(510);
    expect(parseFileName('क्‍ष')).to.equal('क्‍ष');
  });

  it('refuses paths, invisible characters, and empty or long names', () => {
    const bad = [
      '',
      ' ',
      '\u00a0\u3000',
      '\u200d',
      '.',
      '..',
      'a/b',
      '/etc/passwd',
      'a\\b',
      '..\\x',
      'a\nb',
      'a\u0000',
      '\u001b[2J',
    ];
    const unseen = ['photo\u202egpj.exe', 'a\u2066b', 'a\u2028b', '\ud800', 'a\ufeff', 'a\u0085', '\ue000'];
    const long = ['x'.repeat(256), '𠮷'.repeat(256)];
    for (const name of [...bad, ...unseen, ...long]) expect(refused(name), JSON.stringify(name)).to.equal(true);
  });

  it('accepts or refuses any text, and returns accepted text unchanged', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
    );
    fc.assert(
      fc.property(text, (given) => {
        if (refused(given)) return;
        const name = parseFileName(given);
        expect(parseFileName(name)).to.equal(name);
        expect(name).to.match(/^[^/\\\p{Cc}]+$/u);
        expect([...name].length).to.be.within(1, 255);
      }),
    );
  });
});

describe('parseDescription', () => {
  it('returns a single line of at most 500 characters', () => {
    expect(parseDescription('  On\tthe \u001b[31mForce\n')).to.equal('On the [31mForce');
    expect(parseDescription('')).to.equal('');
    expect(parseDescription('𠮷'.repeat(500))).to.have.length(1000);
    expect(() => parseDescription('x'.repeat(501))).to.throw(AppError, '500');
  });
});
