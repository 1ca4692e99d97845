import { createRequire } from 'node:module';
import { spawn } from '@lydell/node-pty';
import type { Terminal } from '@xterm/headless';
import { PROGRAM } from '../root.ts';

// Its exports are found by `require` alone: which name `import` gives them depends on the loader.
const xterm = createRequire(import.meta.url)('@xterm/headless') as typeof import('@xterm/headless');

/** The program as it is built. */

const KEYS = {
  enter: '\r',
  tab: '\t',
  'shift-tab': '\x1b[Z',
  escape: '\x1b',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  pageup: '\x1b[5~',
  pagedown: '\x1b[6~',
  f1: '\x1bOP',
  f2: '\x1bOQ',
  f3: '\x1bOR',
  f5: '\x1b[15~',
  f6: '\x1b[17~',
  'ctrl-c': '\x03',
  'ctrl-l': '\x0c',
  'ctrl-u': '\x15',
  'ctrl-z': '\x1a',
  backspace: '\x7f',
  'alt-enter': '\x1b\r',
  'ctrl-r': '\x12',
  'ctrl-x': '\x18',
  'ctrl-e': '\x05',
} as const;
type KeyName = keyof typeof KEYS;

export interface RobotOptions {
  /** Of the program; without them, `file` is run. */
  readonly args?: readonly string[];
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly columns?: number;
  readonly rows?: number;
  /** Draws characters of ambiguous width over two columns, as GNU Screen with `cjkwidth on`. */
  readonly isAmbiguousWide?: boolean;
  /** Told what the program writes, as it comes. */
  readonly onData?: (data: string) => void;
}

export interface Exit {
  readonly exitCode: number;
  readonly signal?: number | undefined;
}

/** Somebody at a terminal: a real pseudo-terminal, read back through a terminal emulator. */
export class Robot {
  readonly #program: ReturnType<typeof spawn>;
  readonly #terminal: Terminal;
  readonly #watchers = new Set<() => void>();
  readonly exited: Promise<Exit>;
  #exit: Exit | undefined;
  #raw = '';

  constructor({ args, file, env, columns = 80, rows = 24, onData, isAmbiguousWide = false }: RobotOptions) {
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
    if (isAmbiguousWide) useWideAmbiguous(this.#terminal);
    this.#program = spawn(file ?? process.execPath, file ? [...(args ?? [])] : [PROGRAM, ...(args ?? ['attach'])], {
      cols: columns,
      rows,
      // What the person who runs the tests has set must not decide what they see.
      env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm-256color', LANG: 'en_US.UTF-8', ...env },
    });
    this.#program.onData((data) => {
      this.#raw += data;
      onData?.(data);
      this.#terminal.write(data, () => this.#changed());
    });
    this.#terminal.onData((answer) => this.#program.write(answer));
    this.exited = new Promise((resolve) => {
      this.#program.onExit((exit) => {
        this.#exit = exit;
        this.#terminal.write('', () => {
          this.#changed();
          resolve(exit);
        });
      });
    });
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** What it shows, cell by cell. */
  get terminal(): Terminal {
    return this.#terminal;
  }

  /** Everything that was written to the terminal, escapes included. */
  get raw(): string {
    return this.#raw;
  }

  /** Rows of the screen. */
  get lines(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.#terminal.rows }, (_, y) =>
      (active.getLine(active.viewportY + y)?.translateToString(true) ?? '').trimEnd(),
    );
  }

  get text(): string {
    return this.lines.join('\n');
  }

  /** What stands in one column of the screen, from above to below. */
  column(x: number): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: this.#terminal.rows },
      (_, y) =>
        active
          .getLine(active.viewportY + y)
          ?.getCell(x)
          ?.getChars() ?? '',
    );
  }

  get cursor(): { x: number; y: number } {
    const { cursorX: x, cursorY: y } = this.#terminal.buffer.active;
    return { x, y };
  }

  /** What a program may have left behind it. */
  get state(): { alternate: boolean; mouse: string; paste: boolean; cursorKeys: boolean; cursorHidden: boolean } {
    const { modes, buffer } = this.#terminal;
    const { _core: core } = this.#terminal as unknown as { _core: { coreService: { isCursorHidden: boolean } } };
    return {
      alternate: buffer.active.type === 'alternate',
      mouse: modes.mouseTrackingMode,
      paste: modes.bracketedPasteMode,
      cursorKeys: modes.applicationCursorKeysMode,
      cursorHidden: core.coreService.isCursorHidden,
    };
  }

  /** Colours of the cells of the screen, other than the terminal's own. */
  get colours(): Set<number> {
    const { active } = this.#terminal.buffer;
    const colours = new Set<number>();
    for (let y = 0; y < this.#terminal.rows; y++) {
      const line = active.getLine(active.viewportY + y);
      for (let x = 0; x < this.#terminal.cols; x++) {
        const cell = line?.getCell(x);
        if (cell && !cell.isFgDefault()) colours.add(cell.getFgColor());
        if (cell && !cell.isBgDefault()) colours.add(cell.getBgColor());
      }
    }
    return colours;
  }

  type(text: string): void {
    this.#program.write(text);
  }

  /** A line, and Enter. */
  say(line: string): void {
    this.type(`${line}\r`);
  }

  press(...keys: KeyName[]): void {
    for (const key of keys) this.type(KEYS[key]);
  }

  /** As a terminal hands over what is pasted into a program that asked to be told. */
  paste(text: string): void {
    this.type(this.state.paste ? `\x1b[200~${text}\x1b[201~` : text);
  }

  /** A click; column and row from 0. */
  click(x: number, y: number): void {
    this.type(`\x1b[<0;${x + 1};${y + 1}M\x1b[<0;${x + 1};${y + 1}m`);
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
    this.#program.resize(columns, rows);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Waits until a text stands on the screen. */
  see(wanted: string | RegExp, ms?: number): Promise<void> {
    return this.until(
      (text) => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)),
      `to see ${wanted}`,
      ms,
    );
  }

  /** Waits until a text is gone from the screen. */
  miss(unwanted: string, ms?: number): Promise<void> {
    return this.until((text) => !text.includes(unwanted), `to see ${unwanted} no more`, ms);
  }

  /** @throws Error that shows the screen */
  until(fits: (text: string) => boolean, what: string, ms = 10_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const isThere = fits(this.text);
        if (!isThere && !this.#exit) return;
        end();
        if (isThere) resolve();
        else reject(this.#trouble(`The program ended (${JSON.stringify(this.#exit)}) before it came`, what));
      };
      const end = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
      };
      const timer = setTimeout(() => {
        end();
        reject(this.#trouble(`Waited ${ms} ms`, what));
      }, ms);
      this.#watchers.add(look);
      look();
    });
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    if (!this.#exit) this.#program.kill('SIGKILL');
    await this.exited;
    this.#terminal.dispose();
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }

  #trouble(how: string, what: string): Error {
    return new Error(`${how} ${what}. The screen:\n${this.lines.map((line) => `  |${line}`).join('\n')}`);
  }
}

/** Latin letters, punctuation, arrows, and what frames and charts are drawn with; enough of the table of Unicode for us. */
const AMBIGUOUS =
  /^[\u00a1\u00a4\u00b0-\u00b4\u00d7\u00e0\u00e1\u00e8-\u00ea\u00ec\u00ed\u00f2\u00f3\u00f9\u00fa\u0111\u2013-\u2026\u2190-\u2193\u2500-\u258f\u25b2\u25bc\u25cb\u25cf]$/u;

function useWideAmbiguous(terminal: Terminal): void {
  const widthOf = (code: number): 0 | 1 | 2 =>
    code < 32
      ? 0
      : code < 127
        ? 1
        : AMBIGUOUS.test(String.fromCodePoint(code)) || (code >= 0x3000 && code < 0xd7ff)
          ? 2
          : 1;
  terminal.unicode.register({
    version: 'cjk',
    wcwidth: widthOf,
    // As xterm packs them: the width without joining the character before.
    charProperties: (code: number) => widthOf(code) << 1,
  } as never);
  terminal.unicode.activeVersion = 'cjk';
}
