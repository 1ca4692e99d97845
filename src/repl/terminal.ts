import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { AppError } from '../domain/app-error.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';

export type ShellInput = NodeJS.ReadableStream & { readonly isTTY?: boolean };
export type ShellOutput = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** A terminal output that can be muted for readline: nothing of a password may show, not even its length. */
export class MuteableOutput extends Writable {
  isMuted = false;
  readonly #target: ShellOutput;
  readonly #onResize = () => this.emit('resize');

  constructor(target: ShellOutput) {
    super({ decodeStrings: false });
    this.#target = target;
    target.on('resize', this.#onResize);
  }

  get columns(): number {
    return this.#target.columns ?? 80;
  }

  writeUnmuted(text: SafeText): void {
    writeText(this.#target, text);
  }

  release(): void {
    this.#target.off('resize', this.#onResize);
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.isMuted) this.#target.write(chunk);
    done();
  }
}

/** Asks for a password without echo. @throws AppError USAGE without a terminal; INVALID_REQUEST after Ctrl-C or Ctrl-D */
export async function promptForPassword(
  prompt: SafeText,
  input: ShellInput = process.stdin,
  terminal: ShellOutput = process.stderr,
): Promise<string> {
  if (!input.isTTY || !terminal.isTTY) {
    throw new AppError('USAGE', 'Cannot ask for the password without a terminal. Use --password-stdin.');
  }
  const output = new MuteableOutput(terminal);
  const readline = createInterface({ input, output, terminal: true, historySize: 0 });
  output.writeUnmuted(prompt);
  output.isMuted = true;
  try {
    return await new Promise<string>((resolve, reject) => {
      const cancel = () => reject(new AppError('INVALID_REQUEST', 'No password was entered. Nothing was changed.'));
      readline.once('line', resolve);
      readline.once('SIGINT', cancel);
      readline.once('close', cancel);
    });
  } finally {
    readline.close();
    output.release();
    output.writeUnmuted(safeText`\n`);
  }
}

/** Reads the first line of standard input, without its line end, and leaves the rest. @throws AppError USAGE if it is empty */
export async function readPasswordLine(input: ShellInput = process.stdin): Promise<string> {
  const limit = 4096;
  let text = '';
  input.setEncoding('utf8');
  for await (const chunk of input) {
    text += chunk;
    if (text.includes('\n') || text.length > limit) break;
  }
  const line = /^[^\n]*/.exec(text)![0].replace(/\r$/, '');
  if (line === '') throw new AppError('USAGE', 'There is no password on standard input. Expected one line.');
  return line;
}
