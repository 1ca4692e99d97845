import { expect } from 'chai';
import fc from 'fast-check';
import { toTerminalJson } from '../../src/cli/terminal-json.ts';

describe('JSON that is shown', () => {
  it('means the same, and has no character that a terminal obeys', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.jsonValue())), (value) => {
        for (const indent of [undefined, 2]) {
          const shown = toTerminalJson(value, indent);
          expect(JSON.parse(shown)).to.deep.equal(JSON.parse(JSON.stringify(value)));
          expect(shown.replaceAll('\n', '')).to.not.match(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('leaves letters, signs and what joins them as they are', () => {
    const text = 'Vàng “SJC” 👨‍👩‍👧';
    expect(toTerminalJson(text)).to.equal(JSON.stringify(text));
    expect(toTerminalJson('\x9b\u202e\u{e0001}\x1b')).to.equal('"\\u009b\\u202e\\udb40\\udc01\\u001b"');
  });
});
