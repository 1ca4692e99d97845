import { createInterface } from 'node:readline';

/** Asks on the terminal whether something is to be done: `y` and `yes` say so, everything else does not. */
export function askYes(question: string, signal?: AbortSignal): Promise<boolean> {
  const readline = createInterface({ input: process.stdin, output: process.stderr, historySize: 0 });
  return new Promise<boolean>((resolve) => {
    const done = (answer: string): void => {
      resolve(/^\s*y(es)?\s*$/i.test(answer));
      readline.close();
      process.stdin.pause();
    };
    // Ctrl-C means the command, not the question.
    readline.once('SIGINT', () => {
      process.stderr.write('\n');
      done('');
      process.kill(process.pid, 'SIGINT');
    });
    readline.once('close', () => resolve(false));
    signal?.addEventListener('abort', () => done(''), { once: true });
    readline.question(question, done);
  });
}
