import { parseMemberName, parsePassword } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';

/** `name password` (legacy forum program) or `name,password` (legacy gold program). */
export const ACCOUNT_FORMATS = ['space', 'comma'] as const;
export type AccountFormat = (typeof ACCOUNT_FORMATS)[number];

export interface AccountRow {
  readonly line: number;
  readonly name: string;
  readonly password: string;
  /** The password as earlier versions misread it: they split at one space and kept further ones as part of the password. */
  readonly misread?: string;
}

/** An account, or why the line is invalid. The reason never quotes the line, because it may contain a password. */
export type AccountLine = AccountRow | { readonly line: number; readonly reason: string };

/** Name, separator and password in a trimmed line. */
const LINE_PATTERNS: Readonly<Record<AccountFormat, RegExp>> = {
  space: /^(\S+)(\s+)(.+)$/su,
  comma: /^([^,]*)(,)(.*)$/su,
};

/**
 * Reads one account per line, ignoring blank lines and surrounding white space. Only the first separator (a comma or a run of
 * white space) counts: passwords may contain separators.
 * @param format default: the separator that comes first on most lines
 * @throws AppError INVALID_REQUEST if both come first equally often
 */
export function readAccounts(text: string, format?: AccountFormat): AccountLine[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line, at) => ({ line: at + 1, text: line.trim() }))
    .filter((each) => each.text !== '');
  const separator = format ?? detectFormat(lines.map((each) => each.text));
  return lines.map((each) => readAccount(each.line, each.text, separator));
}

function readAccount(line: number, text: string, format: AccountFormat): AccountLine {
  const [, name, gap, rest] = LINE_PATTERNS[format].exec(text) ?? [];
  if (name === undefined || gap === undefined || rest === undefined) {
    return { line, reason: `the name is not followed by a ${format}` };
  }
  try {
    const password = parsePassword(rest);
    // After the first space; without one, earlier versions rejected the line.
    const left = gap.includes(' ') ? gap.slice(gap.indexOf(' ') + 1) : '';
    return { line, name: parseMemberName(name.trim()), password, ...(left === '' ? {} : { misread: left + rest }) };
  } catch (thrown) {
    return { line, reason: AppError.from(thrown).message };
  }
}

function detectFormat(lines: readonly string[]): AccountFormat {
  let [spaces, commas] = [0, 0];
  for (const line of lines) {
    const first = /[\s,]/.exec(line)?.[0];
    if (first === ',') commas++;
    else if (first !== undefined) spaces++;
  }
  if (spaces === commas && spaces > 0) {
    throw new AppError(
      'INVALID_REQUEST',
      'The file has as many "name password" as "name,password" lines. Choose one: --format space or --format comma.',
    );
  }
  return commas > spaces ? 'comma' : 'space';
}
