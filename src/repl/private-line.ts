import { countEdits } from './suggestion.ts';

/** Words that begin a line with credentials, in this program and in others. */
const CREDENTIAL_VERBS = ['signin', 'signup', 'login', 'logon', 'register', 'passwd', 'password', 'identify'];
const SECRET_WORD = /(?<![\p{L}\p{M}])(?:pass(?:word|wd|phrase)?|pwd|token|secret|m[ậâa]t kh[ẩâa]u)(?![\p{L}\p{M}])/iu;
/** A token or key: long, and with both letters and digits. Paths and links are shorter between their slashes. */
const TOKEN = /(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{32,}/;
const MAX_VERB_LENGTH = 16;
/** A sentence that begins with such a word is longer than a name and a password. */
const MAX_UNMARKED_WORDS = 4;

/**
 * Whether a line begins as a sign-in does, with or without typing errors: `-signin luke secret`, `/login`, `sigin luke x`.
 * Such a line is never posted, and never kept.
 */
export function isCredentialsLine(line: string): boolean {
  const [, mark = '', word = ''] = /^\s*([-–—/:.]*)(\S*)/.exec(line) ?? [];
  const verb = word.toLowerCase().replace(/[-_]/g, '');
  if (verb.length > MAX_VERB_LENGTH) return false;
  if (mark !== '') return CREDENTIAL_VERBS.some((name) => countEdits(verb, { name }) !== undefined);
  return CREDENTIAL_VERBS.includes(verb) && line.trim().split(/\s+/).length <= MAX_UNMARKED_WORDS;
}

/** Whether a line may contain a password or token. No file of the history has it. */
export function isPrivateLine(line: string): boolean {
  return isCredentialsLine(line) || SECRET_WORD.test(line) || TOKEN.test(line);
}
