import { invalidFieldError } from './app-error.ts';
import { normalizeInput, normalizeUnicode } from './unicode-normalization.ts';

// Rejects invisible characters (\p{DI}) and a leading combining mark, so that no name looks like another one or empty.
const MEMBER_NAME = /^(?!\p{M})(?:(?!\p{DI})[\p{L}\p{M}\p{Nd}\-_.]){1,32}$/u;

/** Before normalisation: one letter in NFC can have three UTF-16 units before it. */
const MAX_NAME_LENGTH = 4 * 32;
const MAX_PASSWORD_LENGTH = 4 * 256;

/**
 * Returns the name as it is stored: NFC, 1-32 letters of any script, digits, `-_.`.
 * @throws AppError INVALID_REQUEST
 */
export function parseMemberName(text: string): string {
  const invalid = () =>
    invalidFieldError('name', 'A name must be 1-32 letters, digits or any of - _ . without spaces.');
  const name = normalizeInput(text, {
    subject: 'A name',
    field: 'name',
    maxLength: MAX_NAME_LENGTH,
    tooLongError: invalid,
  });
  if (!MEMBER_NAME.test(name)) throw invalid();
  return name;
}

/** Names with the same canonical form are one account. Ignores case, but not accents: Hà is not Ha. */
export function canonicalName(name: string): string {
  return normalizeUnicode(normalizeUnicode(name).toLowerCase());
}

/**
 * Returns the password as it is hashed: NFC, 1-256 characters, spaces allowed.
 * @throws AppError INVALID_REQUEST
 */
export function parsePassword(text: string): string {
  const invalid = () => invalidFieldError('password', 'A password must be 1-256 characters.');
  const rules = { subject: 'A password', field: 'password', maxLength: MAX_PASSWORD_LENGTH, tooLongError: invalid };
  const password = normalizeInput(text, rules);
  if (password.length < 1 || password.length > 256) throw invalid();
  return password;
}

export const ROLES = ['owner', 'moderator', 'member'] as const;
export type Role = (typeof ROLES)[number];
