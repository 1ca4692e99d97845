import blessed from 'blessed';
import { Keyboard, type TerminalInput } from '../../repl/keyboard.ts';
import type { KeyPress } from '../action.ts';
import { BrailleCanvas } from './braille-canvas.ts';
import { cellWidth } from './cells.ts';
import { FrameWriter, type ScreenRow } from './frame-writer.ts';
import { clipboardSequence, LinkMarkers, supportsLinks } from './link-markers.ts';
import { StyledBox } from './styled-box.ts';
import { useBundledTerminfo } from './terminal-entry.ts';
import { AMBIGUOUS_PROBE, waitForProbe } from './width-probe.ts';

export interface MouseInput {
  readonly kind: 'press' | 'wheel';
  readonly x: number;
  readonly y: number;
  /** Lines to scroll; up is negative. */
  readonly by: number;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ScreenOptions {
  readonly input: TerminalInput;
  readonly output: NodeJS.WriteStream;
  /** Decides whether links are written, and how the clipboard is reached. */
  readonly env?: NodeJS.ProcessEnv;
  readonly onKey: (key: KeyPress) => void;
  readonly onPaste: (text: string) => void;
  readonly onMouse: (event: MouseInput) => void;
  readonly onResize: (size: ScreenSize) => void;
  /** The screen takes the terminal, or has given it back. */
  readonly onTerminal?: (isTaken: boolean) => void;
}

/** The undocumented parts of blessed that are used here. */
interface BlessedInternals {
  readonly program: blessed.BlessedProgram & {
    cols: number;
    rows: number;
    readonly tput: { brokenACS: boolean };
    cursorHidden: boolean;
    isAlt: boolean;
    _write(text: string): void;
    flush(): void;
    showCursor(): void;
    hideCursor(): void;
    cup(row: number, column: number): void;
    setMouse(modes: Record<string, boolean>, on: boolean): void;
  };
  readonly lines: ScreenRow[];
  readonly olines: ScreenRow[];
  alloc(dirty?: boolean): void;
  draw(): void;
  enter(): void;
  leave(): void;
}

const LINES_PER_WHEEL_TURN = 3;
/** While a window is resized with the mouse, dozens of sizes arrive. */
const RESIZE_DEBOUNCE_MS = 40;
const PASTE_ON = '\x1b[?2004h';
const PASTE_OFF = '\x1b[?2004l';
const MOUSE_MODES = { vt200Mouse: true, sgrMouse: true };
/** Harmless on every terminal; clears attributes that may be left on. */
const RESET_ATTRIBUTES = '\x1b[m';
/**
 * Bidirectional support: explicit. The frame is in the order of the screen already, so the terminal must not reorder lines
 * with right-to-left letters.
 */
const BIDI_EXPLICIT = '\x1b[8l';
const BIDI_IMPLICIT = '\x1b[8h';

/** What a terminal is sent when the program can no longer do it by itself. */
export const RESTORE_SEQUENCE = `${PASTE_OFF}\x1b[?1000l\x1b[?1006l${BIDI_IMPLICIT}${RESET_ATTRIBUTES}\x1b[?1l\x1b>\x1b[?1049l\x1b[?25h`;

/** Controls the terminal through blessed: alternate screen, raw keys, mouse, pastes; and restores it. */
export class Screen {
  readonly #options: ScreenOptions;
  readonly #keyboard: Keyboard;
  #screen: blessed.Widgets.Screen | undefined;
  readonly #links: LinkMarkers | undefined;
  readonly #frameWriter = new FrameWriter();
  #isSuspended = false;
  #hasMouse = true;
  #highSurrogate: string | undefined;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#keyboard = new Keyboard(options.input, {
      onPaste: options.onPaste,
      hasMouse: true,
      separatesKeys: true,
    });
    this.#links = supportsLinks(options.env ?? {}) ? new LinkMarkers() : undefined;
  }

  get size(): ScreenSize {
    const { columns, rows } = this.#options.output;
    return { columns: columns || 80, rows: rows || 24 }; // 0x0: the terminal does not know its size
  }

  start(): void {
    const { output, onTerminal } = this.#options;
    onTerminal?.(true);
    patchCharWidth();
    const screen = blessed.screen({
      input: this.#keyboard as never,
      output: output as never,
      terminal: useBundledTerminfo(),
      fullUnicode: true,
      // The presentation chooses the glyphs, so blessed must not replace any.
      forceUnicode: true,
      resizeTimeout: RESIZE_DEBOUNCE_MS,
    });
    this.#screen = screen;
    const { program } = this.#internals;
    program.tput.brokenACS = true; // borders in UTF-8, without switching character sets
    this.#internals.draw = () => this.#draw();
    this.#updateSize();
    program.removeAllListeners('resize');
    program.on('resize', () => {
      this.#updateSize();
      if (!this.#isSuspended) this.#options.onResize(this.size);
    });
    program.on('keypress', (text: string | undefined, key: Record<string, unknown>) => this.#onKeypress(text, key));
    program.on('mouse', (event: { action: string; x: number; y: number }) => this.#onMouse(event));
    this.#keyboard.start();
    this.#keyboard.setRawMode(true).resume();
    this.#setModes(true);
  }

  /**
   * Whether the terminal draws characters of ambiguous width over two columns. Asks it with the cursor, before the first
   * frame. A terminal that does not answer soon draws them over one.
   */
  async probeAmbiguousWidth(): Promise<boolean> {
    const { program } = this.#internals;
    const width = waitForProbe(this.#options.input);
    program._write(AMBIGUOUS_PROBE);
    program.flush();
    const isWide = (await width) === 2;
    this.invalidate();
    return isWide;
  }

  /** Without mouse reports, the terminal selects text. */
  setMouse(on: boolean): void {
    if (on === this.#hasMouse) return;
    this.#hasMouse = on;
    if (!this.#screen || this.#isSuspended) return;
    this.#setModes(true);
    this.#internals.program.flush();
  }

  /** The attributes for cells of a style, which is an escape sequence. */
  attributesOf(style: string): number {
    return this.#frameWriter.attributesOf(style);
  }

  /** Restores the terminal. May be called at any time, more than once. */
  stop(): void {
    const screen = this.#screen;
    if (!screen) return;
    this.#screen = undefined;
    this.#keyboard.stop();
    if (!this.#isSuspended) this.#restoreTerminal(screen as unknown as BlessedInternals);
    screen.destroy();
    this.#keyboard.setRawMode(false).pause();
    this.#options.onTerminal?.(false);
  }

  /** Gives the terminal to the shell until `resume`. */
  suspend(): void {
    if (!this.#screen || this.#isSuspended) return;
    this.#isSuspended = true;
    this.#restoreTerminal(this.#internals);
    this.#keyboard.setRawMode(false).pause();
    this.#options.onTerminal?.(false);
  }

  /** Takes the terminal back from the shell and repaints it. */
  resume(): void {
    if (!this.#screen) return;
    this.#options.onTerminal?.(true);
    this.#keyboard.enforceRawMode().resume(); // the shell may have changed the modes
    this.#isSuspended = false;
    const { program } = this.#internals;
    program.isAlt = false;
    this.#internals.enter();
    this.#setModes(true);
    process.emit('SIGWINCH'); // the shell got the signal of a resize in the meantime
    this.#updateSize();
    this.#options.onResize(this.size);
  }

  /** Makes the next paint write every cell. */
  invalidate(): void {
    if (!this.#isSuspended && this.#screen) this.#internals.alloc();
  }

  /** Prepares the next frame. @returns whether every box must make its cells again */
  renewLinks(): boolean {
    if (!this.#links?.isFull) return false;
    this.#links.clear();
    return true;
  }

  /** Asks the terminal to put a text on the clipboard. Not every terminal does. */
  copy(text: string): void {
    if (this.#isSuspended || !this.#screen) return;
    this.#internals.program._write(clipboardSequence(text, this.#options.env ?? {}));
    this.#internals.program.flush();
  }

  addBox(): StyledBox {
    const box = new StyledBox(this.#links);
    this.#screen!.append(box as never);
    return box;
  }

  /** Adds a canvas above the boxes added so far. */
  addCanvas(): BrailleCanvas {
    return new BrailleCanvas(this.#screen!);
  }

  /** Writes the changes and moves the cursor; null hides it. */
  paint(cursor: { readonly x: number; readonly y: number } | null): void {
    if (!this.#screen || this.#isSuspended) return;
    const { program } = this.#internals;
    this.#screen.render();
    if (cursor === null) {
      if (!program.cursorHidden) program.hideCursor();
    } else {
      program.cup(cursor.y, cursor.x);
      if (program.cursorHidden) program.showCursor();
    }
    program.flush();
  }

  get #internals(): BlessedInternals {
    return this.#screen as unknown as BlessedInternals;
  }

  #updateSize(): void {
    const { program } = this.#internals;
    const { columns, rows } = this.size;
    program.cols = columns;
    program.rows = rows;
    this.#internals.alloc();
  }

  #draw(): void {
    const { program, lines, olines } = this.#internals;
    const frame = this.#frameWriter.frame(lines, olines);
    if (frame === '') return;
    if (!program.cursorHidden) program.hideCursor();
    program._write(this.#links ? this.#links.toEscapes(frame) : frame);
  }

  #setModes(on: boolean): void {
    const { program } = this.#internals;
    const hasMouse = on && this.#hasMouse;
    program.setMouse(hasMouse ? MOUSE_MODES : { vt200Mouse: false, sgrMouse: false }, hasMouse);
    program._write(on ? PASTE_ON + BIDI_EXPLICIT : PASTE_OFF + BIDI_IMPLICIT);
  }

  #restoreTerminal(screen: BlessedInternals): void {
    const { program } = screen;
    program.setMouse({ vt200Mouse: false, sgrMouse: false }, false);
    program._write(PASTE_OFF + BIDI_IMPLICIT + RESET_ATTRIBUTES);
    screen.leave();
    program.flush();
  }

  #onKeypress(text: string | undefined, key: Record<string, unknown>): void {
    const { name, ctrl, meta, shift } = key as { name?: string; ctrl?: boolean; meta?: boolean; shift?: boolean };
    if (name === 'return') return; // blessed also sends `enter` for the same key
    // Characters outside the basic plane arrive as two surrogates.
    if (text !== undefined && /^[\ud800-\udbff]$/.test(text)) {
      this.#highSurrogate = text;
      return;
    }
    const typed = text !== undefined && /^[\udc00-\udfff]$/.test(text) ? (this.#highSurrogate ?? '') + text : text;
    this.#highSurrogate = undefined;
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

  #onMouse({ action, x, y }: { action: string; x: number; y: number }): void {
    if (action === 'mousedown') this.#options.onMouse({ kind: 'press', x, y, by: 0 });
    else if (action === 'wheelup') this.#options.onMouse({ kind: 'wheel', x, y, by: -LINES_PER_WHEEL_TURN });
    else if (action === 'wheeldown') this.#options.onMouse({ kind: 'wheel', x, y, by: LINES_PER_WHEEL_TURN });
  }
}

/** Replaces blessed's width table, which ends with Unicode 6. */
function patchCharWidth(): void {
  const { unicode } = blessed as unknown as { unicode: { charWidth: (text: string, at?: number) => number } };
  const original = unicode.charWidth;
  if (original.name === 'patched') return;
  unicode.charWidth = function patched(text, at) {
    return at === undefined ? cellWidth(text) : original(text, at);
  };
}
