import { Failure } from './failure.ts';
import { normalForm, parseNfc } from './normal-form.ts';

// No name looks like another one, or like none, by characters that do not show (\p{DI}) or a mark with no letter.
const NAME = /^(?!\p{M})(?:(?!\p{DI})[\p{L}\p{M}\p{Nd}\-_.]){1,32}$/u;

/** Before they are normalised: a letter of NFC may be three units without. */
const MAX_NAME_LENGTH = 4 * 32;
const MAX_PASSWORD_LENGTH = 4 * 256;

/**
 * A member's name as it is kept: NFC, 1-32 letters of any script, digits, `-_.`.
 * @throws Failure INVALID_REQUEST that names what is wrong with it.
 */
export function parseName(text: string): string {
  const invalid = () =>
    new Failure('INVALID_REQUEST', 'A name is 1-32 letters, digits or any of - _ . without spaces.', {
      data: { field: 'name' },
    });
  const name = parseNfc(text, { what: 'A name', field: 'name', maxLength: MAX_NAME_LENGTH, tooLong: invalid });
  if (!NAME.test(name)) throw invalid();
  return name;
}

/** Two names are one account when this is equal: case does not tell members apart (tones do: Hà is not Ha). */
export function nameKey(name: string): string {
  return normalForm(normalForm(name).toLowerCase());
}

/**
 * A password as it is hashed: NFC, 1-256 characters, spaces allowed.
 * @throws Failure INVALID_REQUEST
 */
export function parsePassword(text: string): string {
  const invalid = () =>
    new Failure('INVALID_REQUEST', 'A password is 1-256 characters.', { data: { field: 'password' } });
  const rules = { what: 'A password', field: 'password', maxLength: MAX_PASSWORD_LENGTH, tooLong: invalid };
  const password = parseNfc(text, rules);
  if (password.length < 1 || password.length > 256) throw invalid();
  return password;
}

export const ROLES = ['owner', 'moderator', 'member'] as const;
export type Role = (typeof ROLES)[number];
