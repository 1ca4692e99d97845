import { Failure } from './failure.ts';

// No name looks like another one, or like none, by characters that do not show (\p{DI}) or a mark with no letter.
const NAME = /^(?!\p{M})(?:(?!\p{DI})[\p{L}\p{M}\p{Nd}\-_.]){1,32}$/u;

/**
 * A member's name as it is kept: NFC, 1-32 letters of any script, digits, `-_.`.
 * @throws Failure INVALID_REQUEST that names what is wrong with it.
 */
export function parseName(text: string): string {
  const name = text.normalize('NFC');
  if (!NAME.test(name)) {
    throw new Failure('INVALID_REQUEST', 'A name is 1-32 letters, digits or any of - _ . without spaces.', {
      data: { field: 'name' },
    });
  }
  return name;
}

/** Two names are one account when this is equal: case does not tell members apart (tones do: Hà is not Ha). */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase().normalize('NFC');
}

/**
 * A password as it is hashed: NFC, 1-256 characters, spaces allowed.
 * @throws Failure INVALID_REQUEST
 */
export function parsePassword(text: string): string {
  const password = text.normalize('NFC');
  if (password.length < 1 || password.length > 256) {
    throw new Failure('INVALID_REQUEST', 'A password is 1-256 characters.', { data: { field: 'password' } });
  }
  return password;
}

export const ROLES = ['owner', 'moderator', 'member'] as const;
export type Role = (typeof ROLES)[number];
