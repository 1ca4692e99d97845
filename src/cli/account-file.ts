import { Failure } from '../domain/failure.ts';
import { parseName, parsePassword } from '../domain/name.ts';

/** `name password` (the forum seed) or `name,password` (the gold seed). */
export const ACCOUNT_FORMATS = ['space', 'comma'] as const;
export type AccountFormat = (typeof ACCOUNT_FORMATS)[number];

/** A line of the file: an account, or why it is none. The reason never quotes the line, it may hold a password. */
export type AccountLine =
  | { readonly line: number; readonly name: string; readonly password: string }
  | { readonly line: number; readonly reason: string };

/**
 * Reads accounts of one line each; blank lines and white space around a line are skipped. Only the first separator counts: passwords may hold more
 * of them, and of the other kind.
 * @param format what separates; without it the one that comes first on most lines.
 * @throws Failure INVALID_REQUEST when both kinds come first equally often.
 */
export function readAccounts(text: string, format?: AccountFormat): AccountLine[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line, at) => ({ line: at + 1, text: line.trim() }))
    .filter((each) => each.text !== '');
  const separator = (format ?? guess(lines.map((each) => each.text))) === 'comma' ? ',' : ' ';
  return lines.map((each) => {
    const at = each.text.indexOf(separator);
    if (at < 0) {
      return { line: each.line, reason: `there is no ${separator === ',' ? 'comma' : 'space'} after the name` };
    }
    try {
      return {
        line: each.line,
        name: parseName(each.text.slice(0, at).trim()),
        password: parsePassword(each.text.slice(at + 1)),
      };
    } catch (thrown) {
      return { line: each.line, reason: Failure.from(thrown).message };
    }
  });
}

function guess(lines: readonly string[]): AccountFormat {
  let [spaces, commas] = [0, 0];
  for (const line of lines) {
    const first = /[ ,]/.exec(line)?.[0];
    if (first === ' ') spaces++;
    if (first === ',') commas++;
  }
  if (spaces === commas && spaces > 0) {
    throw new Failure(
      'INVALID_REQUEST',
      'The file has "name password" and "name,password" lines in equal number. Say which it is: --format space or --format comma.',
    );
  }
  return commas > spaces ? 'comma' : 'space';
}
