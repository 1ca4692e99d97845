import { Config } from '@oclif/core';
import { AppError } from '../domain/app-error.ts';
import { countEdits } from '../repl/suggestion.ts';

/** Last words of commands that must not be suggested for a word that is not nearly the same. */
const DESTRUCTIVE_WORDS = new Set([
  'ban',
  'correct',
  'delete',
  'discard',
  'edit',
  'kick',
  'quit-all',
  'remove',
  'repair',
  'restart',
  'restore',
  'role',
  'signout',
  'stop',
  'undo',
  'unpublish',
]);

/**
 * The error for an unknown command, with a suggestion.
 * @param typed the words of the command and its arguments
 * @param options the folder of package.json, or oclif's Config
 */
export async function unknownCommandError(typed: string, options: string | Config): Promise<AppError> {
  const { commandIDs, topics } = await Config.load(options);
  const known = [...commandIDs, ...topics.map(({ name }) => name)].map((id) => id.replaceAll(':', ' '));
  const complete = known
    .filter((command) => `${typed} `.startsWith(`${command} `))
    .sort((a, b) => b.length - a.length)[0];
  const isLeaf = complete !== undefined && !known.some((command) => command.startsWith(`${complete} `));
  if (isLeaf) {
    return new AppError(
      'USAGE',
      `"${typed.slice(complete.length + 1)}" is too much: goldctl ${complete} takes no arguments. \`goldctl ${complete} --help\` shows how to use it.`,
    );
  }
  const below = complete === undefined ? known : known.filter((command) => command.startsWith(`${complete} `));
  const meant = suggestCommand(typed, below);
  return new AppError(
    'USAGE',
    `There is no command "${typed}". ${meant === undefined ? '' : `Did you mean \`goldctl ${meant}\`? `}\`goldctl help\` lists them all.`,
  );
}

/**
 * The known command that is closest to the beginning of the input, word by word, by the rule of `suggestName`; commands with
 * more words are preferred.
 */
export function suggestCommand(typed: string, known: readonly string[]): string | undefined {
  const words = typed.split(' ');
  const near = known.flatMap((command) => {
    const names = command.split(' ');
    let edits = 0;
    for (const [i, name] of names.entries()) {
      const own = countEdits(words[i] ?? '', { name, isDestructive: DESTRUCTIVE_WORDS.has(name) });
      if (own === undefined) return [];
      edits += own;
    }
    return [{ command, count: names.length, edits }];
  });
  return near.sort((a, b) => b.count - a.count || a.edits - b.edits).at(0)?.command;
}
