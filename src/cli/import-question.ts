import { Failure } from '../domain/failure.ts';
import { plainLines } from '../domain/fold.ts';
import { safeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';
import { askLine } from './question.ts';

/** One of the readings of a file. */
export interface Choice {
  /** What chooses it on the command line: `--dates d/m`. */
  readonly flag: string;
  /** What it means. */
  readonly meaning: string;
  /** Some rows as this reading has them. */
  readonly rows: readonly string[];
}

/** Readings of a file that differ, where nothing in the file tells which is right. */
export interface Question {
  readonly problem: string;
  readonly choices: readonly Choice[];
}

/** Asks the questions. @returns the index of the choice for each. @throws Failure USAGE without a terminal or an answer */
export type Ask = (questions: readonly Question[]) => Promise<number[]>;

/** Without a terminal: refuses, and names the flags that answer the questions. */
export const refuseToGuess: Ask = async (questions) => {
  const text = questions.map(({ problem, choices }) => [problem, ...choices.map(lineOf)].join('\n')).join('\n');
  throw new Failure('USAGE', `${text}\nNothing was stored. Repeat the command with the flag that is right.`, {
    data: { choices: questions.flatMap(({ choices }) => choices.map(({ flag }) => flag)) },
  });
};

function lineOf({ flag, meaning, rows }: Choice): string {
  return `  ${flag}: ${meaning}${rows.length > 0 ? ` (${rows.slice(0, 2).join('; ')})` : ''}`;
}

/** Asks on the terminal, with some rows of each reading. */
export const askOnTerminal: Ask = async (questions) => {
  const answers: number[] = [];
  for (const { problem, choices } of questions) {
    const lines = [problem];
    for (const [i, { flag, meaning, rows }] of choices.entries()) {
      lines.push(`  ${i + 1}) ${meaning} (${flag})`, ...rows.map((row) => `       ${row}`));
    }
    writeText(process.stderr, safeText`${plainLines(lines.join('\n'))}\n`);
    const answer = await askLine(safeText`Which is right? 1-${choices.length}, anything else ends the import: `);
    const chosen = /^\s*\d{1,3}\s*$/.test(answer) ? Number(answer) : 0;
    if (chosen < 1 || chosen > choices.length) {
      throw new Failure('USAGE', 'The import was ended, and nothing was stored.');
    }
    answers.push(chosen - 1);
  }
  return answers;
};
