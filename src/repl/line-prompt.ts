import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeFragment } from '../domain/text.ts';
import { writeText } from '../domain/text-output.ts';
import type { TerminalInput } from './keyboard.ts';
import { graphemeClusters } from './line-edit.ts';
import { RawTerminal } from './raw-terminal.ts';
import type { ShellOutput } from './terminal.ts';
import { displayWidth } from './text-width.ts';

export interface LinePromptOptions {
  readonly question: SafeText;
  readonly input: TerminalInput;
  readonly output: ShellOutput;
  /** Nothing of what is typed is shown, not even its length. */
  readonly isHidden?: boolean;
}

/** `interrupted` by Ctrl-C; `ended` by Ctrl-D, or because the terminal is gone. */
export type TypedLine = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'interrupted' | 'ended' };

/** More than any answer or password has. */
const MAX_LINE_CHARACTERS = 4096;

/** Asks for one line on a terminal. */
export function promptForLine(options: LinePromptOptions): Promise<TypedLine> {
  return new Promise((resolve) => new LinePrompt(options, resolve).start());
}

class LinePrompt {
  readonly #options: LinePromptOptions;
  readonly #onDone: (typed: TypedLine) => void;
  readonly #terminal: RawTerminal;
  #line = '';
  #isDone = false;
  readonly #edits: Readonly<Record<string, () => void>> = {
    '\r': () => this.#end({ kind: 'line', text: this.#line }),
    '\n': () => this.#end({ kind: 'line', text: this.#line }),
    '\x03': () => this.#end({ kind: 'interrupted' }), // Ctrl-C
    '\x04': () => this.#line === '' && this.#end({ kind: 'ended' }), // Ctrl-D
    '\x08': () => this.#erase(graphemeClusters(this.#line).at(-1) ?? ''),
    '\x15': () => this.#erase(this.#line), // Ctrl-U
    '\x17': () => this.#erase(/\S*\s*$/.exec(this.#line)![0]), // Ctrl-W
    '\x1a': () => this.#terminal.suspend(), // Ctrl-Z
    '\x7f': () => this.#erase(graphemeClusters(this.#line).at(-1) ?? ''),
  };

  constructor(options: LinePromptOptions, onDone: (typed: TypedLine) => void) {
    this.#options = options;
    this.#onDone = onDone;
    this.#terminal = new RawTerminal({
      input: options.input,
      output: options.output,
      separatesKeys: true,
      onPaste: (text) => this.#insert(/^[^\r\n]*/.exec(text)![0]),
      onContinue: () => this.#draw(),
    });
  }

  start(): void {
    this.#terminal.keyboard.on('data', (key: Buffer) => this.#onKey(key.toString()));
    this.#terminal.keyboard.on('end', () => this.#end({ kind: 'ended' }));
    this.#terminal.start();
    this.#draw();
  }

  #onKey(key: string): void {
    if (this.#isDone) return; // typed ahead of a question that nobody has asked
    const edit = this.#edits[key];
    if (edit) edit();
    else this.#insert(key);
  }

  /** Ignores other keys: they begin with a control character. */
  #insert(text: string): void {
    if (/^\p{Cc}/u.test(text) || this.#line.length + text.length > MAX_LINE_CHARACTERS) return;
    this.#line += text;
    this.#show(sanitizeFragment(text));
  }

  #erase(end: string): void {
    this.#line = this.#line.slice(0, this.#line.length - end.length);
    for (let cell = displayWidth(end); cell > 0; cell--) this.#show(safeText`\b \b`);
  }

  #show(text: SafeText): void {
    if (!this.#options.isHidden) writeText(this.#options.output, text);
  }

  #draw(): void {
    writeText(this.#options.output, safeText`\r\x1b[K${this.#options.question}`);
    this.#show(sanitizeFragment(this.#line));
  }

  #end(typed: TypedLine): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#terminal.stop();
    writeText(this.#options.output, safeText`\n`);
    this.#onDone(typed);
  }
}
