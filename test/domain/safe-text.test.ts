import { expect } from 'chai';
import fc from 'fast-check';
import { joinSafe, safeText } from '../../src/domain/safe-text.ts';
import { sanitizeFragment, sanitizeLines, sanitizeText } from '../../src/domain/text.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them
const ORDERS = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe('SafeText', () => {
  it('is any text after sanitising', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(sanitizeText(text)).to.not.match(ORDERS);
        expect(sanitizeFragment(text)).to.not.match(ORDERS);
        expect(sanitizeLines(text).replaceAll('\n', '')).to.not.match(ORDERS);
      }),
    );
    expect(sanitizeFragment('  a\x1b[2Jb\u202e  ')).to.equal('  a[2Jb  ');
    expect(sanitizeLines('  a\x07\n\tb')).to.equal('  a\nb');
  });

  it('is a template of safe parts, numbers and literals', () => {
    const choice = (yes: boolean) => (yes ? 'yes' : 'no');
    expect(safeText`${sanitizeText('a\x07')}: ${1}, ${choice(true)}`).to.equal('a: 1, yes');
    expect(joinSafe([sanitizeText('a'), 2], ', ')).to.equal('a, 2');
  });

  it('is no other text: the compiler refuses it', () => {
    const given: string = 'a';
    const pattern: `a${string}` = 'ab';
    // @ts-expect-error plain text
    safeText`${given}`;
    // @ts-expect-error a template of plain texts
    safeText`${pattern}`;
    // @ts-expect-error an object
    safeText`${{}}`;
    // @ts-expect-error plain texts
    joinSafe([given], ', ');
    // @ts-expect-error plain separator
    joinSafe([sanitizeText('a')], given);
  });
});
