import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { Keyboard, type KeyboardOptions } from '../../src/repl/keyboard.ts';

function keyboardOf(options: Partial<KeyboardOptions> = {}) {
  const input = new PassThrough();
  const pastes: string[] = [];
  const reads: string[] = [];
  const keyboard = new Keyboard(input, { onPaste: (text) => pastes.push(text), ...options });
  keyboard.on('data', (chunk: Buffer) => reads.push(chunk.toString()));
  keyboard.start();
  return { input, keyboard, pastes, reads };
}

describe('a keyboard', () => {
  it('hands on what is typed, together or key by key', async () => {
    for (const [separatesKeys, expected] of [
      [false, ['ab\x1b[A', '\r']],
      [true, ['a', 'b', '\x1b[A', '\r']],
    ] as const) {
      const { input, pastes, reads, keyboard } = keyboardOf({ separatesKeys });
      input.end('ab\x1b[?1;2c\x1b[A\x1b[200~one\rtwo\x1b[201~\r');
      await once(keyboard, 'end');
      expect(reads).to.deep.equal(expected);
      expect(pastes).to.deep.equal(['one\rtwo']);
    }
  });

  it('hands on the mouse to those who want it', async () => {
    for (const hasMouse of [false, true]) {
      const { input, reads, keyboard } = keyboardOf({ hasMouse });
      input.end('a\x1b[<0;1;1Mb');
      await once(keyboard, 'end');
      expect(reads.join('')).to.equal(hasMouse ? 'a\x1b[<0;1;1Mb' : 'ab');
    }
  });

  it('drops a response in raw bytes, also if it comes in two reads', async () => {
    const { input, reads, keyboard } = keyboardOf();
    input.write(Buffer.from([0x9d, 0x31, 0x31]));
    await new Promise((resolve) => setTimeout(resolve, 100));
    input.end(Buffer.from([0x3b, 0x72, 0x67, 0x62, 0x9c, 0x79]));
    await once(keyboard, 'end');
    expect(reads.join('')).to.equal('y');
  });

  it('takes a lone Escape for the key after a moment, and what is typed after a lost end', async () => {
    const { input, reads, keyboard } = keyboardOf();
    input.write('\x1b');
    await once(keyboard, 'data');
    expect(reads).to.deep.equal(['\x1b']);
    input.write('\x1b]11;lost');
    await new Promise((resolve) => setTimeout(resolve, 400));
    const typed = once(keyboard, 'data');
    input.write('z');
    await typed;
    expect(reads).to.deep.equal(['\x1b', 'z']);
  });

  it('ends with its terminal', async () => {
    const { input, keyboard } = keyboardOf();
    const ended = once(keyboard, 'end');
    input.destroy(Object.assign(new Error('read EIO'), { code: 'EIO' }));
    await ended;
  });
});
