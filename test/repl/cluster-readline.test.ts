import { createInterface, type Interface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { editByClusters } from '../../src/repl/cluster-readline.ts';
import { graphemeClusters } from '../../src/repl/line-edit.ts';

const FAMILY = '👨‍👩‍👧';
const LEFT = { name: 'left' };
const RIGHT = { name: 'right' };
const BACKSPACE = { name: 'backspace' };
const DELETE = { name: 'delete' };
const WORD_LEFT = { name: 'b', meta: true };
const WORD_RIGHT = { name: 'f', meta: true };
const DELETE_WORD = { name: 'w', ctrl: true };
const KEYS = [LEFT, RIGHT, BACKSPACE, DELETE, WORD_LEFT, WORD_RIGHT, DELETE_WORD];

/** A readline on streams that are no terminal. */
function open(columns = 80): Interface {
  const output = Object.assign(new PassThrough(), { columns });
  output.resume();
  const readline = createInterface({ input: new PassThrough(), output, terminal: true });
  readline.setPrompt('');
  editByClusters(readline);
  return readline;
}

describe('the line of the shell', () => {
  let readline: Interface;
  beforeEach(() => {
    readline = open();
  });
  afterEach(() => readline.close());

  it('moves and deletes by what is displayed', () => {
    const nfd = 'ế'.normalize('NFD');
    for (const cluster of [FAMILY, '🇻🇳', '👍🏽', nfd, '각'.normalize('NFD')]) {
      readline.write(`a${cluster}b`);
      readline.write(null, LEFT);
      readline.write(null, BACKSPACE);
      expect(readline.line, cluster).to.equal('ab');
      expect(readline.cursor).to.equal(1);
      readline.write(null, DELETE);
      readline.write(null, BACKSPACE);
      expect(readline.line).to.equal('');
    }
    readline.write('giá vàng'.normalize('NFD'));
    readline.write(null, DELETE_WORD);
    expect(readline.line).to.equal('giá '.normalize('NFD'));
  });

  it('still ends at Ctrl-D on an empty line, completes, and walks the history', async () => {
    readline.write('one\n');
    readline.write(null, { name: 'up' });
    expect(readline.line).to.equal('one');
    readline.write(null, LEFT);
    readline.write(null, { name: 'd', ctrl: true });
    expect(readline.line).to.equal('on');
    readline.write(null, { name: 'u', ctrl: true });
    const closed = new Promise((resolve) => readline.once('close', resolve));
    readline.write(null, { name: 'd', ctrl: true });
    await closed;
  });

  it('keeps whole clusters, and the cursor in the column that string-width says, after any keys', () => {
    const cluster = fc.constantFrom('a', ' ', 'ế', 'ế'.normalize('NFD'), FAMILY, '🇻🇳', '👍🏽', '中', '-');
    fc.assert(
      fc.property(
        fc.array(cluster, { maxLength: 12 }).map((parts) => parts.join('')),
        fc.array(fc.constantFrom(...KEYS), { maxLength: 20 }),
        (text, keys) => {
          readline.write(null, { name: 'e', ctrl: true });
          readline.write(null, { name: 'u', ctrl: true });
          readline.write(text);
          for (const key of keys) {
            readline.write(null, key);
            const before = readline.line.slice(0, readline.cursor);
            expect(graphemeClusters(readline.line).join('|')).to.satisfy((all: string) =>
              all.startsWith(graphemeClusters(before).join('|')),
            );
            expect(readline.getCursorPos()).to.deep.equal({ rows: 0, cols: stringWidth(before) });
          }
        },
      ),
    );
  });

  it('puts text that arrives in one piece where the cursor is', () => {
    readline.write('world');
    readline.write(null, { name: 'a', ctrl: true });
    const { input } = readline as unknown as { input: PassThrough };
    input.emit('data', Buffer.from('hello '));
    expect(readline.line).to.equal('hello world');
    expect(readline.getCursorPos().cols).to.equal(6);
  });

  it('counts rows where the line is longer than the terminal is wide', () => {
    readline.close();
    readline = open(10);
    readline.write('中'.repeat(5));
    expect(readline.getCursorPos()).to.deep.equal({ rows: 1, cols: 0 });
    readline.write(null, LEFT);
    expect(readline.getCursorPos()).to.deep.equal({ rows: 0, cols: 8 });
    readline.write('a中');
    expect(readline.getCursorPos()).to.deep.equal({ rows: 1, cols: 2 });
  });
});
