import { suggestName } from '../repl/suggestion.ts';

/** The flag or value that was probably meant; dashes do not count. */
export function closestName(typed: string, names: readonly string[]): string | undefined {
  const letters = (text: string): string => text.replace(/^-+/, '');
  return suggestName(
    letters(typed),
    names.map((full) => ({ name: letters(full), full })),
  )?.full;
}
