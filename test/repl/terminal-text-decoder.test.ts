import { expect } from 'chai';
import fc from 'fast-check';
import { TerminalTextDecoder } from '../../src/repl/terminal-text-decoder.ts';

const decode = (...chunks: Buffer[]): string => {
  const decoder = new TerminalTextDecoder();
  return chunks.map((chunk) => decoder.write(chunk)).join('');
};

describe('text that a terminal sends', () => {
  it('is UTF-8, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, at) => {
        const bytes = Buffer.from(text);
        const cut = bytes.length === 0 ? 0 : at % bytes.length;
        expect(decode(bytes.subarray(0, cut), bytes.subarray(cut))).to.equal(text);
      }),
    );
  });

  it('may have C1 controls as single bytes', () => {
    expect(decode(Buffer.from([0x61, 0x9b, 0x3f, 0x31, 0x63, 0x62]))).to.equal('a\x9b?1cb');
    expect(decode(Buffer.from('ờ\x9cé', 'utf8'))).to.equal('ờ\x9cé');
    expect(decode(Buffer.from([0xff, 0xe1, 0x41, 0xc3]), Buffer.from([0xa9]))).to.equal('\ufffd\ufffdAé');
  });
});
