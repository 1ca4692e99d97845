import blessed from 'blessed';
import { cellWidth } from './cells.ts';
import { Keyboard, type TerminalInput } from './keyboard.ts';
import { Plot } from './plot.ts';
import { Sheet } from './sheet.ts';

/** A key as blessed names it. */
export interface PressedKey {
  readonly name: string;
  readonly text?: string;
  readonly ctrl: boolean;
  readonly meta: boolean;
  readonly shift: boolean;
}

export interface MouseEvent {
  readonly kind: 'press' | 'wheel';
  readonly x: number;
  readonly y: number;
  /** Lines of a turn of the wheel; up is negative. */
  readonly by: number;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface ScreenOptions {
  readonly input: TerminalInput;
  readonly output: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly onKey: (key: PressedKey) => void;
  readonly onPaste: (text: string) => void;
  readonly onMouse: (event: MouseEvent) => void;
  readonly onResize: (size: Size) => void;
}

/** What of blessed's insides is used here. */
interface Inside {
  readonly program: blessed.BlessedProgram & {
    cols: number;
    rows: number;
    readonly tput: { brokenACS: boolean; readonly colors?: number };
    cursorHidden: boolean;
    isAlt: boolean;
    _write(text: string): void;
    flush(): void;
    showCursor(): void;
    hideCursor(): void;
    cup(row: number, column: number): void;
    setMouse(modes: Record<string, boolean>, on: boolean): void;
  };
  alloc(dirty?: boolean): void;
  enter(): void;
  leave(): void;
  draw(from: number, to: number): void;
  readonly lines: readonly unknown[];
}

const WHEEL_LINES = 3;
/** A window that is being dragged sends dozens of sizes. */
const RESIZE_MS = 40;
const PASTE_ON = '\x1b[?2004h';
const PASTE_OFF = '\x1b[?2004l';
const MOUSE = { vt200Mouse: true, sgrMouse: true };
/** What no terminal minds, should anything have been left on. */
const PLAIN = '\x1b[m';

/** The whole terminal, by blessed: the other screen buffer, raw keys, mouse, pastes; and all of it given back. */
export class Screen {
  readonly #options: ScreenOptions;
  readonly #keyboard: Keyboard;
  #screen: blessed.Widgets.Screen | undefined;
  #away = false;
  #half: string | undefined;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#keyboard = new Keyboard(options.input, options.onPaste);
  }

  get size(): Size {
    const { columns, rows } = this.#options.output;
    return { columns: columns || 80, rows: rows || 24 }; // a terminal that says 0x0 does not know
  }

  /** Colours that the terminal has, as blessed knows it. */
  get colours(): 8 | 16 | 256 {
    const { colors = 8 } = this.#screen ? this.#inside.program.tput : {};
    return colors >= 256 ? 256 : colors >= 16 ? 16 : 8;
  }

  /** Takes the terminal. */
  start(): void {
    const { output, env } = this.#options;
    widenUnicode();
    const screen = blessed.screen({
      input: this.#keyboard as never,
      output: output as never,
      terminal: terminalName(env),
      fullUnicode: true,
      // Glyphs are chosen by the presentation; what people wrote goes to the terminal as it is.
      forceUnicode: true,
      resizeTimeout: RESIZE_MS,
    });
    this.#screen = screen;
    const { program } = this.#inside;
    program.tput.brokenACS = true; // borders as UTF-8, not by switching character sets
    this.#fit();
    program.removeAllListeners('resize');
    program.on('resize', () => {
      this.#fit();
      if (!this.#away) this.#options.onResize(this.size);
    });
    program.on('keypress', (text: string | undefined, key: Record<string, unknown>) => this.#press(text, key));
    program.on('mouse', (event: { action: string; x: number; y: number }) => this.#mouse(event));
    this.#keyboard.start();
    this.#keyboard.setRawMode(true).resume();
    this.#modes(true);
  }

  /** Gives the terminal back as it was. Safe to call at any time, more than once. */
  stop(): void {
    const screen = this.#screen;
    if (!screen) return;
    this.#screen = undefined;
    this.#keyboard.stop();
    if (!this.#away) this.#release(screen as unknown as Inside);
    screen.destroy();
    this.#keyboard.setRawMode(false).pause();
  }

  /** Lends the terminal to the shell, until `enter`. */
  leave(): void {
    if (!this.#screen || this.#away) return;
    this.#away = true;
    this.#release(this.#inside);
    this.#keyboard.setRawMode(false).pause();
  }

  /** Takes the terminal again, whatever became of it, and paints it anew. */
  enter(): void {
    if (!this.#screen) return;
    // The shell may have changed the modes behind our back: libuv sets them only when they differ from its own memory.
    this.#keyboard.setRawMode(false).setRawMode(true).resume();
    this.#away = false;
    const { program } = this.#inside;
    program.isAlt = false;
    this.#inside.enter();
    this.#modes(true);
    process.emit('SIGWINCH'); // a size that changed meanwhile was told to the shell, not to us
    this.#fit();
    this.#options.onResize(this.size);
  }

  /** Forgets what the terminal shows, so that the next paint writes every cell. */
  invalidate(): void {
    if (!this.#away && this.#screen) this.#inside.alloc();
  }

  sheet(): Sheet {
    const sheet = new Sheet();
    this.#screen!.append(sheet as never);
    return sheet;
  }

  /** A chart's line, above the sheets that are there. */
  plot(): Plot {
    return new Plot(this.#screen!);
  }

  /** Writes what changed, and puts the cursor; null hides it. */
  paint(cursor: { readonly x: number; readonly y: number } | null): void {
    if (!this.#screen || this.#away) return;
    const { program } = this.#inside;
    this.#screen.render();
    if (cursor === null) {
      if (!program.cursorHidden) program.hideCursor();
    } else {
      program.cup(cursor.y, cursor.x);
      if (program.cursorHidden) program.showCursor();
    }
    program.flush();
  }

  get #inside(): Inside {
    return this.#screen as unknown as Inside;
  }

  #fit(): void {
    const { program } = this.#inside;
    const { columns, rows } = this.size;
    program.cols = columns;
    program.rows = rows;
    this.#inside.alloc();
  }

  #modes(on: boolean): void {
    const { program } = this.#inside;
    program.setMouse(on ? MOUSE : { vt200Mouse: false, sgrMouse: false }, on);
    program._write(on ? PASTE_ON : PASTE_OFF);
  }

  #release(screen: Inside): void {
    const { program } = screen;
    program.setMouse({ vt200Mouse: false, sgrMouse: false }, false);
    program._write(PASTE_OFF + PLAIN);
    screen.leave();
    program.flush();
  }

  #press(text: string | undefined, key: Record<string, unknown>): void {
    const { name, ctrl, meta, shift } = key as { name?: string; ctrl?: boolean; meta?: boolean; shift?: boolean };
    if (name === 'return') return; // blessed says `enter` for the same key
    // Characters beyond the first plane come in two halves.
    if (text !== undefined && /^[\ud800-\udbff]$/.test(text)) {
      this.#half = text;
      return;
    }
    const typed = text !== undefined && /^[\udc00-\udfff]$/.test(text) ? (this.#half ?? '') + text : text;
    this.#half = undefined;
    const isText = typed !== undefined && !ctrl && !meta && /^[^\p{Cc}\p{Cs}]+$/u.test(typed);
    if (name === undefined && !isText) return;
    this.#options.onKey({
      name: name === 'linefeed' ? 'enter' : (name ?? typed!),
      ...(isText ? { text: typed } : {}),
      ctrl: ctrl === true,
      meta: meta === true,
      shift: shift === true,
    });
  }

  #mouse({ action, x, y }: { action: string; x: number; y: number }): void {
    if (action === 'mousedown') this.#options.onMouse({ kind: 'press', x, y, by: 0 });
    else if (action === 'wheelup') this.#options.onMouse({ kind: 'wheel', x, y, by: -WHEEL_LINES });
    else if (action === 'wheeldown') this.#options.onMouse({ kind: 'wheel', x, y, by: WHEEL_LINES });
  }
}

/** blessed's table of widths ends with Unicode 6: what it asks of a cell is answered here. */
function widenUnicode(): void {
  const { unicode } = blessed as unknown as { unicode: { charWidth: (text: string, at?: number) => number } };
  const own = unicode.charWidth;
  if (own.name === 'widened') return;
  unicode.charWidth = function widened(text, at) {
    return at === undefined ? cellWidth(text) : own(text, at);
  };
}

/** Blessed knows screen and tmux with 8 colours only; with `256` in the name they have what xterm has. */
function terminalName({ TERM = '', COLORTERM = '' }: NodeJS.ProcessEnv): string {
  const isRich = /256/.test(TERM) || /truecolor|24bit/i.test(COLORTERM);
  return TERM === '' || (isRich && /^(screen|tmux|xterm)/.test(TERM)) ? 'xterm-256color' : TERM;
}
