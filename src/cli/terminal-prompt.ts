import type { SafeText } from '../domain/safe-text.ts';
import { promptForLine } from '../repl/line-prompt.ts';

/** Asks for confirmation on the terminal: true for `y` and `yes` only. */
export async function confirm(question: SafeText): Promise<boolean> {
  return /^\s*y(es)?\s*$/i.test(await promptLine(question));
}

/** Asks for a line on the terminal; empty if the input ends. */
export async function promptLine(question: SafeText): Promise<string> {
  const typed = await promptForLine({ question, input: process.stdin, output: process.stderr });
  if (typed.kind === 'interrupted') process.kill(process.pid, 'SIGINT'); // Ctrl-C ends the command, not only the question
  return typed.kind === 'line' ? typed.text : '';
}
