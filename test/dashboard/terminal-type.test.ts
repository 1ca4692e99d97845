import { EventEmitter } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { toAnsi } from '../../src/dashboard/presentation/ansi.ts';
import { THEME_BY_NAME, TRUE_COLOUR } from '../../src/dashboard/presentation/theme.ts';
import { span } from '../../src/dashboard/styled-text.ts';
import { parseTerminfo, terminalType, terminfoFolders } from '../../src/dashboard/terminal-type.ts';
import { Screen } from '../../src/dashboard/widgets/screen.ts';
import { skip } from '../skip.ts';

const entry = (maxColors: number | undefined) => () => ({ maxColors, cursorAddress: '\x1b[%i%p1%d;%p2%dH' });
const none = (): undefined => undefined;

/** The names of all terminals that this machine knows. */
function installedTerminals(): { name: string; file: string }[] {
  return terminfoFolders({}).flatMap((folder) => {
    try {
      return readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((each) => !each.isDirectory() && each.parentPath !== folder)
        .map((each) => ({ name: each.name, file: join(each.parentPath, each.name) }));
    } catch {
      return [];
    }
  });
}

describe('the type of the terminal', () => {
  it('has the colours of its entry, and more if it says so', () => {
    const of = (env: NodeJS.ProcessEnv, colours: number | undefined) => terminalType(env, entry(colours)).colours;
    expect(of({ TERM: 'vt100' }, undefined)).to.equal(0);
    expect(of({ TERM: 'vt100', COLORTERM: 'truecolor' }, undefined)).to.equal(0);
    expect(of({ TERM: 'x' }, 4)).to.equal(0);
    expect(of({ TERM: 'xterm' }, 8)).to.equal(8);
    expect(of({ TERM: 'xterm', COLORTERM: 'truecolor' }, 8)).to.equal(TRUE_COLOUR);
    expect(of({ TERM: 'xterm-16color' }, 16)).to.equal(16);
    expect(of({ TERM: 'tmux-256color' }, 256)).to.equal(256);
    expect(of({ TERM: 'screen-256color', COLORTERM: 'truecolor' }, 256)).to.equal(256);
    expect(of({ TERM: 'alacritty-direct' }, 0x1000000)).to.equal(TRUE_COLOUR);
    expect(of({ TERM: 'xterm-256color', NO_COLOR: '1' }, 256)).to.equal(0);
  });

  it('is guessed from its name where the machine does not know it', () => {
    const of = (TERM: string) => terminalType({ TERM }, none);
    expect(of('xterm-kitty')).to.deep.equal({ colours: 256, isAnsi: true });
    expect(of('linux').colours).to.equal(8);
    expect(of('vt220').colours).to.equal(0);
    expect(of('vscode-direct').colours).to.equal(TRUE_COLOUR);
    expect(of('dumb').isAnsi).to.equal(false);
    expect(of('../../etc/passwd').colours).to.equal(256);
  });

  it('cannot be full-screen if it moves the cursor otherwise', () => {
    const moving = (cursorAddress: string | undefined) =>
      terminalType({ TERM: 'x' }, () => ({ maxColors: 8, cursorAddress }));
    expect(moving("\x1bY%p1%' '%+%c%p2%' '%+%c").isAnsi).to.equal(false);
    expect(moving(undefined).isAnsi).to.equal(false);
  });

  it('is read from entries of both formats, and from nothing else', () => {
    expect(parseTerminfo(Buffer.alloc(0))).to.equal(undefined);
    expect(parseTerminfo(Buffer.alloc(4096, 0xff))).to.equal(undefined);
    for (const magic of [0o432, 0o1036]) {
      const head = Buffer.alloc(12);
      for (const [i, value] of [magic, 2, 0, 14, 11, 6].entries()) head.writeUInt16LE(value, i * 2);
      const size = magic === 0o432 ? 2 : 4;
      const numbers = Buffer.alloc(14 * size);
      if (size === 2) numbers.writeInt16LE(256, 13 * 2);
      else numbers.writeInt32LE(0x1000000, 13 * 4);
      const strings = Buffer.alloc(22, 0xff);
      strings.writeInt16LE(0, 20);
      const bytes = Buffer.concat([head, Buffer.from('x\0'), numbers, strings, Buffer.from('\x1b[%dH\0')]);
      expect(parseTerminfo(bytes)).to.deep.equal({
        maxColors: size === 2 ? 256 : 0x1000000,
        cursorAddress: '\x1b[%dH',
      });
      for (let length = 0; length < bytes.length; length++) {
        expect(() => parseTerminfo(bytes.subarray(0, length))).not.to.throw();
      }
    }
  });

  it('writes nothing but frames, whichever entry of this machine TERM names', async function () {
    const terminals = installedTerminals();
    if (terminals.length === 0) skip(this, 'this machine has no terminfo entries');
    this.timeout(120_000);
    for (const { file } of terminals) expect(parseTerminfo(readFileSync(file)), file).to.be.an('object');
    const others: string[] = [];
    const streams = [process.stdout, process.stderr] as const;
    const writes = streams.map((stream) => stream.write);
    const logs = [console.log, console.error] as const;
    const { TERM } = process.env;
    const frames = new Set<string>();
    try {
      for (const stream of streams) stream.write = ((text: string) => others.push(String(text)) > 0) as never;
      console.log = (...texts: unknown[]) => void others.push(texts.join(' '));
      console.error = (...texts: unknown[]) => void others.push(texts.join(' '));
      for (const { name } of terminals) {
        process.env.TERM = name;
        frames.add(await drawOnce(terminalType({ TERM: name }).colours));
      }
    } finally {
      streams.forEach((stream, i) => {
        stream.write = writes[i]!;
      });
      [console.log, console.error] = logs;
      process.env.TERM = TERM ?? '';
      if (TERM === undefined) delete process.env.TERM;
    }
    expect(others).to.deep.equal([]);
    // The bytes depend on the number of colours alone.
    expect(frames.size).to.be.at.most(5);
    for (const frame of frames)
      expect(frame)
        .to.satisfy((text: string) => text.startsWith('\x1b[?1049h'))
        .and.to.include('gold');
  });
});

/** What a screen writes from its start to its end. */
async function drawOnce(colours: ReturnType<typeof terminalType>['colours']): Promise<string> {
  let written = '';
  const output = Object.assign(new EventEmitter(), {
    isTTY: true,
    writable: true,
    columns: 20,
    rows: 4,
    write: (text: string) => {
      written += text;
      return true;
    },
  });
  const input = Object.assign(new EventEmitter(), {
    isTTY: true,
    resume: () => {},
    pause: () => {},
    setRawMode: () => {},
  });
  const ignore = (): void => {};
  const screen = new Screen({
    input,
    output: output as never,
    env: {},
    onKey: ignore,
    onPaste: ignore,
    onMouse: ignore,
    onResize: ignore,
  });
  screen.start();
  const style = toAnsi([span('', 'gold')], THEME_BY_NAME.dark, colours);
  const attributes = () => screen.attributesOf(colours === 0 ? '' : style || '\x1b[1m');
  screen.addBox().update({ left: 0, top: 0, width: 20, height: 1 }, [[span('gold', 'gold')]], attributes);
  screen.paint(null);
  screen.stop();
  await new Promise((resolve) => setImmediate(resolve));
  return written;
}
