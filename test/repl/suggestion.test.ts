import { expect } from 'chai';
import fc from 'fast-check';
import { countEdits, editDistance, suggestName } from '../../src/repl/suggestion.ts';

const NAMES = [
  { name: 'MARKET' },
  { name: 'LIST' },
  { name: '-signin' },
  { name: 'OUT', isDestructive: true },
  { name: 'CANCEL', isDestructive: true },
  { name: 'CANDLE' },
];

describe('a suggestion', () => {
  it('is a name that differs by a third of its characters at most', () => {
    for (const [typed, meant] of [
      ['markt', 'MARKET'],
      ['MRAKET', 'MARKET'],
      ['MAKRTE', 'MARKET'],
      ['lits', 'LIST'],
      ['signin', '-signin'],
      ['IGNORE', undefined],
      ['BOGUS', undefined],
      ['li', undefined],
      ['', undefined],
    ] as const) {
      expect(suggestName(typed, NAMES)?.name, typed).to.equal(meant);
    }
  });

  it('does harm only if one edit with the right first letter leads to it, and nothing else is as near', () => {
    for (const [typed, meant] of [
      ['OUTT', 'OUT'],
      ['out', 'OUT'],
      ['BUT', undefined],
      ['CANSELL', undefined],
      ['CANCL', 'CANCEL'],
      ['CANCLE', 'CANDLE'],
    ] as const) {
      expect(suggestName(typed, NAMES)?.name, typed).to.equal(meant);
    }
  });

  it('takes no time on long words', () => {
    expect(countEdits('x'.repeat(16_000), { name: 'x' })).to.equal(undefined);
    expect(countEdits('x'.repeat(16_000), { name: 'x'.repeat(15_999) })).to.equal(undefined);
  });

  it('counts edits as a distance', () => {
    expect(editDistance('', 'abc')).to.equal(3);
    expect(editDistance('strat', 'start')).to.equal(1);
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const edits = editDistance(a, b);
        expect(edits).to.equal(editDistance(b, a));
        expect(edits === 0).to.equal(a === b);
        expect(edits).to.be.within(Math.abs(a.length - b.length), Math.max(a.length, b.length));
      }),
    );
  });
});
