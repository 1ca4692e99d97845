import { AppError } from '../domain/app-error.ts';
import type { SafeText } from '../domain/safe-text.ts';
import { promptForLine } from './line-prompt.ts';
import type { ShellInput, ShellOutput } from './terminal.ts';

/** Asks for a password without echo. @throws AppError USAGE without a terminal; INVALID_REQUEST after Ctrl-C or Ctrl-D */
export async function promptForPassword(
  question: SafeText,
  input: ShellInput = process.stdin,
  output: ShellOutput = process.stderr,
): Promise<string> {
  if (!input.isTTY || !output.isTTY) {
    throw new AppError('USAGE', 'Cannot ask for the password without a terminal. Use --password-stdin.');
  }
  const typed = await promptForLine({ question, input, output, isHidden: true });
  if (typed.kind === 'line') return typed.text;
  throw new AppError('INVALID_REQUEST', 'No password was entered. Nothing was changed.');
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
