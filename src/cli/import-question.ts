import { AppError } from '../domain/app-error.ts';
import { safeText } from '../domain/safe-text.ts';
import { sanitizeLines } from '../domain/text.ts';
import { writeText } from '../domain/text-output.ts';
import { promptLine } from './terminal-prompt.ts';

/** A possible interpretation of a file. */
export interface ImportChoice {
  /** The flag that selects it: `--dates d/m`. */
  readonly flag: string;
  readonly meaning: string;
  /** Some rows in this interpretation. */
  readonly rows: readonly string[];
}

/** An ambiguity that the file itself does not resolve. */
export interface ImportQuestion {
  readonly problem: string;
  readonly choices: readonly ImportChoice[];
}

/** @returns the index of the choice for each question. @throws AppError USAGE without a terminal or an answer */
export type AskQuestions = (questions: readonly ImportQuestion[]) => Promise<number[]>;

/** For use without a terminal: fails and names the flags that answer the questions. */
export const refuseToGuess: AskQuestions = async (questions) => {
  const text = questions.map(({ problem, choices }) => [problem, ...choices.map(formatChoice)].join('\n')).join('\n');
  throw new AppError('USAGE', `${text}\nNothing was stored. Repeat the command with the correct flag.`, {
    data: { choices: questions.flatMap(({ choices }) => choices.map(({ flag }) => flag)) },
  });
};

function formatChoice({ flag, meaning, rows }: ImportChoice): string {
  return `  ${flag}: ${meaning}${rows.length > 0 ? ` (${rows.slice(0, 2).join('; ')})` : ''}`;
}

/** Asks on the terminal and shows some rows of each interpretation. */
export const askOnTerminal: AskQuestions = async (questions) => {
  const answers: number[] = [];
  for (const { problem, choices } of questions) {
    const lines = [problem];
    for (const [i, { flag, meaning, rows }] of choices.entries()) {
      lines.push(`  ${i + 1}) ${meaning} (${flag})`, ...rows.map((row) => `       ${row}`));
    }
    writeText(process.stderr, safeText`${sanitizeLines(lines.join('\n'))}\n`);
    const answer = await promptLine(
      safeText`Which one is correct? Enter 1-${choices.length}, or anything else to cancel: `,
    );
    const chosen = /^\s*\d{1,3}\s*$/.test(answer) ? Number(answer) : 0;
    if (chosen < 1 || chosen > choices.length) {
      throw new AppError('USAGE', 'Import canceled. Nothing was stored.');
    }
    answers.push(chosen - 1);
  }
  return answers;
};
