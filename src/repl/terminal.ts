import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Failure } from '../domain/failure.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';

export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** What readline writes to a terminal, until it is muted: nothing of a password may show, not even its length. */
export class MutableOutput extends Writable {
  muted = false;
  readonly #target: Output;
  readonly #resized = () => this.emit('resize');

  constructor(target: Output) {
    super({ decodeStrings: false });
    this.#target = target;
    target.on('resize', this.#resized);
  }

  get columns(): number {
    return this.#target.columns ?? 80;
  }

  /** Writes also while it is muted. */
  say(text: SafeText): void {
    writeText(this.#target, text);
  }

  release(): void {
    this.#target.off('resize', this.#resized);
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.muted) this.#target.write(chunk);
    done();
  }
}

/**
 * Asks for a password on a terminal, without echo.
 * @throws Failure USAGE when there is no terminal to ask on; INVALID_REQUEST after Ctrl-C or Ctrl-D.
 */
export async function readSecret(
  prompt: SafeText,
  input: Input = process.stdin,
  terminal: Output = process.stderr,
): Promise<string> {
  if (!input.isTTY || !terminal.isTTY) {
    throw new Failure('USAGE', 'There is no terminal to ask for the password on. Pass it with --password-stdin.');
  }
  const output = new MutableOutput(terminal);
  const readline = createInterface({ input, output, terminal: true, historySize: 0 });
  output.say(prompt);
  output.muted = true;
  try {
    return await new Promise<string>((resolve, reject) => {
      const cancel = () => reject(new Failure('INVALID_REQUEST', 'No password was given: nothing was done.'));
      readline.once('line', resolve);
      readline.once('SIGINT', cancel);
      readline.once('close', cancel);
    });
  } finally {
    readline.close();
    output.release();
    output.say(safeText`\n`);
  }
}

/** The first line of standard input, without its line end. The rest of it is not read. @throws Failure USAGE when there is none. */
export async function readSecretLine(input: Input = process.stdin): Promise<string> {
  const limit = 4096;
  let text = '';
  input.setEncoding('utf8');
  for await (const chunk of input) {
    text += chunk;
    if (text.includes('\n') || text.length > limit) break;
  }
  const line = /^[^\n]*/.exec(text)![0].replace(/\r$/, '');
  if (line === '') throw new Failure('USAGE', 'Standard input holds no password: one line of it was expected.');
  return line;
}
