import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalName } from '../../src/domain/account.ts';
import { findMentions } from '../../src/domain/mention.ts';

const MEMBERS = ['Yoda', 'hans', 'Hà', 'Ha', 'obi-wan', 'obi-wan.', 'r2_d2', '7'];
const nameOf = (name: string) => MEMBERS.find((member) => canonicalName(member) === canonicalName(name));
const mentions = (text: string) => findMentions(text, nameOf);

describe('findMentions', () => {
  it('finds members by name, each once, in order, in their own spelling', () => {
    expect(mentions('@hans and @YODA, and @Hans again')).to.deep.equal(['hans', 'Yoda']);
    expect(mentions('@r2_d2: (@yoda) "@7"\n@obi-wan!')).to.deep.equal(['r2_d2', 'Yoda', '7', 'obi-wan']);
  });

  it('distinguishes tones, as names do', () => {
    expect(mentions('@hà @HA')).to.deep.equal(['Hà', 'Ha']);
    expect(mentions('@ha\u0300')).to.deep.equal(['Hà']);
  });

  it('excludes punctuation at the end of a sentence, unless it belongs to a name', () => {
    expect(mentions('ask @yoda.')).to.deep.equal(['Yoda']);
    expect(mentions('ask @hans... or @yoda-_')).to.deep.equal(['hans', 'Yoda']);
    expect(mentions('ask @obi-wan.')).to.deep.equal(['obi-wan.']);
  });

  it('finds none in mail addresses, paths, longer words and unknown names', () => {
    for (const text of [
      'mail me: someone@yoda',
      'yoda@hans.example',
      '@yoda@example.org',
      'https://example.org/@yoda',
      '.@yoda',
      '-@yoda',
      '@@yoda',
      '@yodaa',
      '@yod',
      `@${'y'.repeat(33)}`,
      '@',
      '@ yoda',
      'yoda',
    ]) {
      expect(mentions(text), text).to.deep.equal([]);
    }
  });

  it('checks at most 32', () => {
    let asked = 0;
    findMentions(Array.from({ length: 500 }, (_, i) => `@n${i}`).join(' '), () => {
      asked += 1;
      return undefined;
    });
    expect(asked).to.equal(32);
  });

  it('accepts any text, in limited time', () => {
    const part = fc.constantFrom('@', 'yoda', '.', '-', ' ', '@yoda', 'ệ', '\u0300', '😀', '_'.repeat(40));
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ unit: 'binary' })), { maxLength: 200 }), (parts) => {
        const found = mentions(parts.join(''));
        expect(new Set(found).size).to.equal(found.length);
        for (const name of found) expect(MEMBERS).to.include(name);
      }),
    );
  });
});
