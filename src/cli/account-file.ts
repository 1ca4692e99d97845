import { Failure } from '../domain/failure.ts';
import { parseName, parsePassword } from '../domain/name.ts';

/** `name password` (the forum seed) or `name,password` (the gold seed). */
export const ACCOUNT_FORMATS = ['space', 'comma'] as const;
export type AccountFormat = (typeof ACCOUNT_FORMATS)[number];

export interface AccountRow {
  readonly line: number;
  readonly name: string;
  readonly password: string;
  /** What earlier versions took for the password: their separator was one space, and the rest of the gap went with it. */
  readonly misread?: string;
}

/** A line of the file: an account, or why it is none. The reason never quotes the line, it may hold a password. */
export type AccountLine = AccountRow | { readonly line: number; readonly reason: string };

/** A name, what separates, and a password, in a line without white space around it. */
const LINE: Readonly<Record<AccountFormat, RegExp>> = {
  space: /^(\S+)(\s+)(.+)$/su,
  comma: /^([^,]*)(,)(.*)$/su,
};

/**
 * Reads accounts of one line each; blank lines and white space around a line are skipped. Only the first separator (a comma,
 * or any run of white space) counts: passwords may hold more of them, and of the other kind.
 * @param format what separates; without it the one that comes first on most lines.
 * @throws Failure INVALID_REQUEST when both kinds come first equally often.
 */
export function readAccounts(text: string, format?: AccountFormat): AccountLine[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line, at) => ({ line: at + 1, text: line.trim() }))
    .filter((each) => each.text !== '');
  const separator = format ?? guess(lines.map((each) => each.text));
  return lines.map((each) => readAccount(each.line, each.text, separator));
}

function readAccount(line: number, text: string, format: AccountFormat): AccountLine {
  const [, name, gap, rest] = LINE[format].exec(text) ?? [];
  if (name === undefined || gap === undefined || rest === undefined) {
    return { line, reason: `there is no ${format} after the name` };
  }
  try {
    const password = parsePassword(rest);
    // Behind its first space; where it has none, the line was refused.
    const left = gap.includes(' ') ? gap.slice(gap.indexOf(' ') + 1) : '';
    return { line, name: parseName(name.trim()), password, ...(left === '' ? {} : { misread: left + rest }) };
  } catch (thrown) {
    return { line, reason: Failure.from(thrown).message };
  }
}

function guess(lines: readonly string[]): AccountFormat {
  let [spaces, commas] = [0, 0];
  for (const line of lines) {
    const first = /[\s,]/.exec(line)?.[0];
    if (first === ',') commas++;
    else if (first !== undefined) spaces++;
  }
  if (spaces === commas && spaces > 0) {
    throw new Failure(
      'INVALID_REQUEST',
      'The file has "name password" and "name,password" lines in equal number. Say which it is: --format space or --format comma.',
    );
  }
  return commas > spaces ? 'comma' : 'space';
}
