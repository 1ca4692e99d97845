import { expect } from 'chai';
import fc from 'fast-check';
import { type KeySequence, KeySequenceDecoder } from '../../../src/dashboard/widgets/key-decoder.ts';

const keys = (...all: string[]): KeySequence[] => all.map((bytes) => ({ kind: 'keys', bytes }));
const split = (...chunks: string[]): KeySequence[] => {
  const splitter = new KeySequenceDecoder();
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.flush()];
};

describe('what a terminal sends', () => {
  it('is cut into keys', () => {
    expect(split('aé🥇\r')).to.deep.equal(keys('a', 'é', '🥇', '\r'));
    expect(split('\x1b[A\x1bOB\x1b[1;5C\x1b[3~\x1bb\x1b\x7f\x1b[Z\x1b[[A')).to.deep.equal(
      keys('\x1b[A', '\x1bOB', '\x1b[1;5C', '\x1b[3~', '\x1bb', '\x1b\x7f', '\x1b[Z', '\x1b[[A'),
    );
  });

  it('keeps mouse and keys apart', () => {
    expect(split('x\x1b[<0;12;5My')).to.deep.equal(keys('x', '\x1b[<0;12;5M', 'y'));
    expect(split('\x1b[M !!')).to.deep.equal(keys('\x1b[M !!'));
  });

  it('waits for the rest of a key', () => {
    const splitter = new KeySequenceDecoder();
    expect(splitter.push('\x1b')).to.deep.equal([]);
    expect(splitter.hasPending).to.equal(true);
    expect(splitter.push('[1;')).to.deep.equal([]);
    expect(splitter.push('5D')).to.deep.equal(keys('\x1b[1;5D'));
    expect(splitter.hasPending).to.equal(false);
    splitter.push('\x1b');
    expect(splitter.flush()).to.deep.equal(keys('\x1b'));
    expect(split('\x1b\x1b')).to.deep.equal(keys('\x1b', '\x1b'));
  });

  it('hands out a paste as one, however it is cut', () => {
    const text = 'one\rtwo \x1b[31m\x1b[20 three';
    expect(split(`a\x1b[200~${text}\x1b[201~b`)).to.deep.equal([...keys('a'), { kind: 'paste', text }, ...keys('b')]);
    expect(split(...`\x1b[200~${text}\x1b[201~`)).to.deep.equal([{ kind: 'paste', text }]);
  });

  it('ends a paste that lost its end, and cuts one that is too long', () => {
    expect(split('\x1b[200~lost')).to.deep.equal([{ kind: 'paste', text: 'lost' }]);
    const [paste] = split(`\x1b[200~${'x'.repeat(200_000)}\x1b[201~`);
    expect(paste?.kind === 'paste' && paste.text.length).to.equal(65_536);
  });

  it('loses nothing and takes anything', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\x1b', '\x1b[', '\x1b[200~', '\x1b[201~', '\x1b[M', '\x1b[<0;1;1M', '\x1bO', '\x1b[1;5'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = split(...pieces)
          .map((unit) => (unit.kind === 'paste' ? unit.text : unit.bytes))
          .join('');
        const without = (all: string): string => all.replaceAll('\x1b[200~', '').replaceAll('\x1b[201~', '');
        if (!pieces.join('').includes('\x1b[200~')) expect(text).to.equal(pieces.join(''));
        else expect(without(pieces.join('')).length).to.be.at.least(without(text).length);
      }),
    );
  });
});
