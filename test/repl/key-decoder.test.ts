import { expect } from 'chai';
import fc from 'fast-check';
import { type KeySequence, KeySequenceDecoder } from '../../src/repl/key-decoder.ts';

const keys = (...all: string[]): KeySequence[] => all.map((bytes) => ({ kind: 'keys', bytes }));
const mouse = (bytes: string): KeySequence => ({ kind: 'mouse', bytes });
const paste = (text: string, isTruncated = false): KeySequence => ({ kind: 'paste', text, isTruncated });
const split = (...chunks: string[]): KeySequence[] => {
  const decoder = new KeySequenceDecoder();
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.flush()];
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: what nobody types
const CONTROL = /[\x1b\x80-\x9f]/;
/** Every text cut in two, at every place. */
const halves = (text: string): [string, string][] =>
  Array.from({ length: text.length - 1 }, (_, i) => [text.slice(0, i + 1), text.slice(i + 1)]);

/** What terminals send that nobody typed. */
const RESPONSES = [
  '\x1b]11;rgb:0000/0000/0000\x1b\\',
  '\x1b]10;rgb:ffff/ffff/ffff\x07',
  '\x1b]52;c;bm90IGEga2V5\x07',
  '\x1b]lq title\x1b\\',
  '\x1b]4;1;rgb:cd/00/00\x9c',
  '\x9d11;rgb:0000/0000/0000\x9c',
  '\x1bP>|tmux 3.3a\x1b\\',
  '\x1bP!|7E565445\x1b\\',
  '\x1bP1+r436f=323536\x1b\\',
  '\x1bP1$r0 q\x1b\\',
  '\x90>|XTerm(390)\x9c',
  '\x1b_Gi=31;OK\x1b\\',
  '\x9fGi=31;OK\x9c',
  '\x1b^private q\x1b\\',
  '\x9eprivate q\x9c',
  '\x1bXstring q\x1b\\',
  '\x98string q\x9c',
  '\x1b[?1;2c',
  '\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c',
  '\x9b?62;c',
  '\x1b[>41;390;0c',
  '\x1b[=00c',
  '\x1b[24;80R',
  '\x1b[?24;80;1R',
  '\x1b[0n',
  '\x1b[?997;1n',
  '\x1b[8;24;80t',
  '\x1b[4;600;800t',
  '\x1b[?2026;2$y',
  '\x1b[4;1$y',
  '\x1b[?1u',
  '\x1b[97;5:3u',
  '\x1b[201~',
  '\x1b[I',
  '\x1b[O',
  '\x9bI',
  '\x1b[?12;0;0;0;0x',
  '\x1b[1;2;3;4;5&w',
  '\x1b[?1;0;256S',
  '\x1b\\',
  '\x9c',
  '\x85',
] as const;
const MOUSE_REPORTS = [
  '\x1b[<0;12;5M',
  '\x1b[<35;200;100m',
  '\x1b[M !!',
  '\x1b[M#\u00e1\u00f0',
  '\x1b[32;12;5M',
  '\x9b<0;1;1M',
];
const KEYS = [
  'a',
  'é',
  '🥇',
  '\r',
  '\x03',
  '\t',
  '\x7f',
  '\x1b[A',
  '\x1bOB',
  '\x1b[1;5C',
  '\x1b[3~',
  '\x1b[15;2~',
  '\x1bb',
];
const KEY = fc.constantFrom(...KEYS);

describe('what a terminal sends', () => {
  it('is cut into keys', () => {
    expect(split('aé🥇\r')).to.deep.equal(keys('a', 'é', '🥇', '\r'));
    const sequences = [
      ...[
        '\x1b[A',
        '\x1bOB',
        '\x1b[1;5C',
        '\x1b[3~',
        '\x1bb',
        '\x1b\x7f',
        '\x1b\r',
        '\x1b[Z',
        '\x1b[[A',
        '\x1b[[E',
        '\x1b[a',
      ],
      ...[
        '\x1bOa',
        '\x1bOP',
        '\x1bOM',
        '\x1b[15~',
        '\x1b[24;5~',
        '\x1b[3$',
        '\x1b[7^',
        '\x1b[1;2P',
        '\x1b[H',
        '\x1b[1;5F',
      ],
      ...['\x1b\x1b[A', '\x1b\x1bOA'],
    ];
    expect(split(sequences.join(''))).to.deep.equal(keys(...sequences));
    for (const sequence of sequences) {
      for (const [one, two] of halves(sequence)) expect(split(one, two)).to.deep.equal(keys(sequence));
    }
    expect(split('\x1b[13;2u\x1b[27;5;13~\x1b\n')).to.deep.equal(keys('\x1b\r', '\x1b\r', '\x1b\r'));
    expect(split('\x9bA\x8fP')).to.deep.equal(keys('\x1b[A', '\x1bOP'));
  });

  it('keeps mouse and keys apart', () => {
    for (const report of MOUSE_REPORTS) {
      const bytes = report.replace('\x9b', '\x1b[');
      expect(split(`x${report}y`)).to.deep.equal([...keys('x'), mouse(bytes), ...keys('y')]);
      for (const [one, two] of halves(report)) expect(split(one, two)).to.deep.equal([mouse(bytes)]);
    }
  });

  it('waits for the rest of a key', () => {
    const decoder = new KeySequenceDecoder();
    expect(decoder.push('\x1b')).to.deep.equal([]);
    expect(decoder.pending).to.equal('escape');
    expect(decoder.push('[1;')).to.deep.equal([]);
    expect(decoder.pending).to.equal('sequence');
    expect(decoder.push('5D')).to.deep.equal(keys('\x1b[1;5D'));
    expect(decoder.pending).to.equal(undefined);
    decoder.push('\x1b');
    expect(decoder.flush()).to.deep.equal(keys('\x1b'));
    expect(split('\x1b\x1b')).to.deep.equal(keys('\x1b', '\x1b'));
    expect(split('\x1b]')).to.deep.equal(keys('\x1b]'));
    expect(split('\x1b\x1bP')).to.deep.equal(keys('\x1b', '\x1bP'));
    expect(split('\x1b\x1bb')).to.deep.equal(keys('\x1b', '\x1bb'));
  });

  it('hands out a paste as one, however it is cut', () => {
    const text = 'one\rtwo \x1b[31m\x1b[20 three';
    expect(split(`a\x1b[200~${text}\x1b[201~b`)).to.deep.equal([...keys('a'), paste(text), ...keys('b')]);
    expect(split(...`\x1b[200~${text}\x1b[201~`)).to.deep.equal([paste(text)]);
  });

  it('ends a paste that lost its end, and cuts one that is too long', () => {
    expect(split('\x1b[200~lost')).to.deep.equal([paste('lost')]);
    expect(split(`\x1b[200~${'x'.repeat(200_000)}\x1b[201~`)).to.deep.equal([paste('x'.repeat(65_536), true)]);
  });

  it('drops each response of a terminal, whole and cut in two', () => {
    for (const response of RESPONSES) {
      expect(split(`x${response}y`), JSON.stringify(response)).to.deep.equal(keys('x', 'y'));
      expect(split(`\x1b${response}y`), JSON.stringify(response)).to.deep.equal(keys('\x1b', 'y'));
      for (const [one, two] of halves(response))
        expect(split(one, `${two}y`), JSON.stringify([one, two])).to.deep.equal(keys('y'));
    }
  });

  it('reads no key from any sequence of responses and mouse reports, cut anywhere, and every key between them', () => {
    const response = fc.constantFrom(...RESPONSES, ...MOUSE_REPORTS);
    const made = fc.oneof(
      fc.tuple(
        fc.constantFrom('\x1b]', '\x1bP', '\x1bX', '\x1b^', '\x1b_', '\x9d', '\x90', '\x98', '\x9e', '\x9f'),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.constantFrom('\x1b\\', '\x9c'),
      ),
      fc.tuple(
        fc.constantFrom('\x1b[', '\x9b'),
        fc.constantFrom('?', '>', '=', '<'),
        fc.string({ unit: fc.constantFrom(...'0123456789;:'), maxLength: 100 }),
        fc.constantFrom(...'cnRtuxyzSqI'),
      ),
    );
    const piece = fc.oneof(
      KEY.map((text) => ({ text, isKey: true })),
      response.map((text) => ({ text, isKey: false })),
      made.map((parts) => ({ text: parts.join(''), isKey: false })),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 40 }), (pieces, sizes) => {
        let rest = pieces.map(({ text }) => text).join('');
        const chunks = sizes.map((size) => {
          const chunk = rest.slice(0, size);
          rest = rest.slice(size);
          return chunk;
        });
        const found = split(...chunks, rest).flatMap((sequence) => (sequence.kind === 'keys' ? [sequence.bytes] : []));
        expect(found.join('')).to.equal(pieces.flatMap(({ text, isKey }) => (isKey ? [text] : [])).join(''));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps nothing of a long response, and gives up on one that never ends', () => {
    expect(split(`\x1b]52;c;${'x'.repeat(500_000)}`, 'x'.repeat(500_000), '\x1b\\y')).to.deep.equal(keys('y'));
    expect(split(`\x1b[${'1;'.repeat(1000)}`, `${'1;'.repeat(1000)}cy`)).to.deep.equal(keys('y'));
    const decoder = new KeySequenceDecoder();
    decoder.push('\x1bPno end');
    expect(decoder.pending).to.equal('string');
    for (let i = 0; i < 20; i++) decoder.push('x'.repeat(64 * 1024));
    expect(decoder.push('y').at(-1)).to.deep.equal(keys('y')[0]);
  });

  it('takes Ctrl-C and what follows a lost end as keys', () => {
    expect(split('\x1b]11;rgb\x03a')).to.deep.equal(keys('\x03', 'a'));
    expect(split('\x1bPlost\x1b[A')).to.deep.equal(keys('\x1b[A'));
    const decoder = new KeySequenceDecoder();
    decoder.push('\x1b]lost');
    expect(decoder.flush()).to.deep.equal([]);
    expect(decoder.push('a')).to.deep.equal(keys('a'));
    expect(split('\x1b[1;\x03')).to.deep.equal(keys('\x03'));
  });

  it('knows the rest of a sequence whose beginning was taken for a key', () => {
    for (const response of RESPONSES.filter((each) => each.length > 3)) {
      for (const [one, two] of halves(response).slice(0, 1)) {
        const decoder = new KeySequenceDecoder();
        decoder.push(one);
        const early = decoder.flush();
        expect(early.length, JSON.stringify(response)).to.be.at.most(1);
        expect(decoder.push(`${two}y`), JSON.stringify(response)).to.deep.equal(keys('y'));
      }
    }
    const decoder = new KeySequenceDecoder();
    decoder.push('\x1b');
    decoder.flush();
    expect(decoder.push('[A')).to.deep.equal(keys('\x1b[A'));
    decoder.push('\x1b');
    decoder.flush();
    expect(decoder.push('MARKET')).to.deep.equal(keys(...'MARKET'));
    decoder.push('\x1b');
    decoder.flush();
    decoder.forgetFlushed();
    expect(decoder.push('[A')).to.deep.equal(keys('[', 'A'));
  });

  it('takes anything', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\x1b',
        '\x1b[',
        '\x1b[200~',
        '\x1b[201~',
        '\x1b[M',
        '\x1b[<0;1;1M',
        '\x1bO',
        '\x1b[1;5',
        '\x1b]',
        '\x9b',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const input = pieces.join('');
        const output = split(...pieces).map((unit) => (unit.kind === 'paste' ? unit.text : unit.bytes));
        // C1 controls become two characters.
        expect(output.join('').length).to.be.at.most(2 * input.length);
        if (!CONTROL.test(input)) expect(output.join('')).to.equal(input);
      }),
    );
  });
});
