import { Config } from '@oclif/core';
import { distance } from 'fastest-levenshtein';
import { AppError } from '../domain/app-error.ts';

/**
 * The error for an unknown command, with a suggestion.
 * @param typed the words of the command and its arguments
 * @param options the folder of package.json, or oclif's Config
 */
export async function unknownCommandError(typed: string, options: string | Config): Promise<AppError> {
  const { commandIDs, topics } = await Config.load(options);
  const known = [...commandIDs, ...topics.map(({ name }) => name)].map((id) => id.replaceAll(':', ' '));
  const meant = suggestCommand(typed, known);
  return new AppError(
    'USAGE',
    `There is no command "${typed}". ${meant === undefined ? '' : `Did you mean \`goldctl ${meant}\`? `}\`goldctl help\` lists them all.`,
  );
}

/**
 * The known command that is closest to the beginning of the input, with an edit distance of at most a third of its letters;
 * commands with more words are preferred.
 */
export function suggestCommand(typed: string, known: readonly string[]): string | undefined {
  const words = typed.split(' ');
  const near = known.map((command) => {
    const count = command.split(' ').length;
    return { command, count, away: distance(words.slice(0, count).join(' '), command) };
  });
  return near
    .filter(({ command, away }) => away <= command.length / 3)
    .sort((a, b) => b.count - a.count || a.away - b.away)
    .at(0)?.command;
}
