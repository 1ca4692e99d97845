import { createInterface } from 'node:readline';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';

/** Asks for confirmation on the terminal: true for `y` and `yes` only. */
export async function confirm(question: SafeText, signal?: AbortSignal): Promise<boolean> {
  return /^\s*y(es)?\s*$/i.test(await promptLine(question, signal));
}

/** Asks for a line on the terminal; empty if the input ends or the signal aborts. */
export function promptLine(question: SafeText, signal?: AbortSignal): Promise<string> {
  const readline = createInterface({ input: process.stdin, output: process.stderr, historySize: 0 });
  return new Promise<string>((resolve) => {
    const done = (answer: string): void => {
      resolve(answer);
      readline.close();
      process.stdin.pause();
    };
    // Ctrl-C ends the command, not only the question.
    readline.once('SIGINT', () => {
      writeText(process.stderr, safeText`\n`);
      done('');
      process.kill(process.pid, 'SIGINT');
    });
    readline.once('close', () => resolve(''));
    signal?.addEventListener('abort', () => done(''), { once: true });
    readline.question(question, done);
  });
}
