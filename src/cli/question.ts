import { createInterface } from 'node:readline';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';

/** Asks on the terminal whether something is to be done: `y` and `yes` say so, everything else does not. */
export async function askYes(question: SafeText, signal?: AbortSignal): Promise<boolean> {
  return /^\s*y(es)?\s*$/i.test(await askLine(question, signal));
}

/** Asks for a line on the terminal; nothing where the input ends or the signal aborts. */
export function askLine(question: SafeText, signal?: AbortSignal): Promise<string> {
  const readline = createInterface({ input: process.stdin, output: process.stderr, historySize: 0 });
  return new Promise<string>((resolve) => {
    const done = (answer: string): void => {
      resolve(answer);
      readline.close();
      process.stdin.pause();
    };
    // Ctrl-C means the command, not the question.
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
