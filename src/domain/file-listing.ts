import { AppError, invalidFieldError } from './app-error.ts';
import { sanitizeText, stripInvisible } from './text.ts';
import type { EpochMs } from './time.ts';
import { normalizeInput } from './unicode-normalization.ts';

/** A file that a member publishes. */
export interface FileListing {
  readonly member: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Root of the SHA-256 hash tree over its blocks, 64 hexadecimal digits; empty if `unencrypted`. */
  readonly hash: string;
  /** When the file was last modified, according to its owner. */
  readonly modified: EpochMs;
  /** May be empty. */
  readonly description: string;
  /** SHA-256 of the public key of the peer that serves it; empty if `unencrypted`. */
  readonly key: string;
  /** A legacy client serves it: over plain TCP, and the content cannot be verified. */
  readonly unencrypted?: true;
  /** When it was published. */
  readonly at: EpochMs;
}

/** A published file as members see it. */
export interface FileListingEntry extends FileListing {
  /** The member is online with the peer that serves it. */
  readonly online: boolean;
}

/** Fields of a file that a legacy client serves, in place of hash and key. */
export const LEGACY_LISTING = { hash: '', key: '', unencrypted: true } as const;

const MAX_NAME_CHARACTERS = 255;
const MAX_DESCRIPTION_CHARACTERS = 500;
/** Invisible characters and path separators. */
const FORBIDDEN_NAME_CHARACTERS = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}/\\]/u;

/**
 * Returns the name as it is stored: NFC, 1-255 characters of any script, no path.
 * @throws AppError INVALID_REQUEST
 */
export function parseFileName(text: string): string {
  const invalid = (message: string) => invalidFieldError('name', message);
  const tooLongError = () => invalid(`A file name can have at most ${MAX_NAME_CHARACTERS} characters.`);
  const rules = { subject: 'A file name', field: 'name', maxLength: 4 * MAX_NAME_CHARACTERS, tooLongError };
  const name = normalizeInput(text, rules);
  if (FORBIDDEN_NAME_CHARACTERS.test(name)) {
    throw invalid('A file name cannot contain / or \\ or invisible characters.');
  }
  if (/^[\s\p{Default_Ignorable_Code_Point}]*$/u.test(name) || name === '.' || name === '..') {
    throw invalid(`"${sanitizeText(name)}" is not a valid file name.`);
  }
  if (name.length > MAX_NAME_CHARACTERS && [...name].length > MAX_NAME_CHARACTERS) throw tooLongError();
  return name;
}

/**
 * Returns the description as it is stored: one line, NFC, no invisible characters.
 * @throws AppError TOO_LARGE
 */
export function parseDescription(text: string): string {
  const tooLongError = () =>
    new AppError('TOO_LARGE', `A description can have at most ${MAX_DESCRIPTION_CHARACTERS} characters.`, {
      data: { field: 'description', limit: MAX_DESCRIPTION_CHARACTERS },
    });
  const rules = {
    subject: 'A description',
    field: 'description',
    maxLength: 4 * MAX_DESCRIPTION_CHARACTERS,
    tooLongError,
  };
  const clean = normalizeInput(text, { ...rules, clean: stripInvisible })
    .replace(/ +/g, ' ')
    .trim();
  if (clean.length > MAX_DESCRIPTION_CHARACTERS && [...clean].length > MAX_DESCRIPTION_CHARACTERS) throw tooLongError();
  return clean;
}
