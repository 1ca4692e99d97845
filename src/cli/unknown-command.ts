import { Config } from '@oclif/core';
import { distance } from 'fastest-levenshtein';
import { Failure } from '../domain/failure.ts';

/**
 * Somebody typed a command that is not there: says which one he may mean.
 * @param typed the words of it, and what he typed behind them
 * @param options the folder of package.json, or oclif's Config
 */
export async function unknownCommand(typed: string, options: string | Config): Promise<Failure> {
  const { commandIDs, topics } = await Config.load(options);
  const known = [...commandIDs, ...topics.map(({ name }) => name)].map((id) => id.replaceAll(':', ' '));
  const meant = nearestCommand(typed, known);
  return new Failure(
    'USAGE',
    `There is no command "${typed}". ${meant === undefined ? '' : `Did you mean \`goldctl ${meant}\`? `}\`goldctl help\` lists them all.`,
  );
}

/**
 * The one of `known` that begins what was typed, but for a third of its letters, and of those the one with the most
 * words; undefined where none comes near.
 */
export function nearestCommand(typed: string, known: readonly string[]): string | undefined {
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
