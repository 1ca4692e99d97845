import type { ReconnectingClient } from '../client/reconnecting-client.ts';
import { AppError } from '../domain/app-error.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { errorLines } from './shell-format.ts';

/** The commands whose next line has the credentials. */
export type SignInCommand = 'signIn' | 'signUp';

export const CREDENTIALS_PROMPTS: Readonly<Record<SignInCommand, SafeText>> = {
  signIn: safeText`Type your name and password, separated by a space. Your input is not shown.`,
  signUp: safeText`Choose a name and a password and type them, separated by a space. Your input is not shown.`,
};

export interface SignInResult {
  readonly isSignedIn: boolean;
  /** Another attempt may succeed. */
  readonly canRetry?: boolean;
  readonly lines: readonly SafeText[];
}

/** Signs in with `name password`, split at the first space: a password may contain spaces. */
export async function signInWithLine(
  client: ReconnectingClient,
  command: SignInCommand,
  line: string,
): Promise<SignInResult> {
  const [, name = '', password = ''] = /^\s*(\S+)(?: (.*))?$/s.exec(line) ?? [];
  const word = command === 'signIn' ? '-signin' : '-signup';
  if (name === '') return { isSignedIn: false, lines: [safeText`Nothing was sent. Type ${word} to try again.`] };
  try {
    if (password === '') throw new AppError('INVALID_REQUEST', 'Enter the name and the password on one line.');
    await client[command]({ name, password });
  } catch (thrown) {
    const error = AppError.from(thrown);
    const canRetry =
      error.data.retryAfterMs === undefined &&
      ['INVALID_REQUEST', 'WRONG_PASSWORD', 'NO_SUCH_ACCOUNT', 'ACCOUNT_EXISTS'].includes(error.code);
    return { isSignedIn: false, canRetry, lines: signInErrorLines(error) };
  }
  const signedIn = sanitizeText(client.name ?? name);
  const text =
    command === 'signIn'
      ? safeText`Signed in as ${signedIn}.`
      : safeText`Created the account ${signedIn} and signed in.`;
  return { isSignedIn: true, lines: [text] };
}

function signInErrorLines(error: AppError): SafeText[] {
  if (error.code === 'ACCOUNT_EXISTS') return [safeText`This account already exists. Type -signin to sign in.`];
  if (error.code !== 'ALREADY_SIGNED_IN') return errorLines(error);
  return [
    ...errorLines(error),
    safeText`To end the other session, in another terminal: goldctl account signin NAME --take-over`,
  ];
}
