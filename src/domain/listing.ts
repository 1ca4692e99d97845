import { Failure } from './failure.ts';
import { plain, visible } from './fold.ts';
import type { Instant } from './instant.ts';
import { parseNfc } from './normal-form.ts';

/** A file that a member offers. */
export interface Listed {
  readonly member: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Root of the tree of SHA-256 hashes over its blocks, 64 hexadecimal digits; empty where `unencrypted`. */
  readonly hash: string;
  /** When the file was last changed, as its owner says. */
  readonly modified: Instant;
  /** May be empty. */
  readonly description: string;
  /** SHA-256 of the public key of the peer that serves it; empty where `unencrypted`. */
  readonly key: string;
  /** An old client serves it: over plain TCP, and nothing says whether what comes is what was listed. */
  readonly unencrypted?: true;
  /** When it was listed. */
  readonly at: Instant;
}

/** A listing as members see it. */
export interface Listing extends Listed {
  /** The member is there, with the peer that serves it. */
  readonly online: boolean;
}

/** What there is in place of hash and key of a file that an old client serves. */
export const UNVERIFIED = { hash: '', key: '', unencrypted: true } as const;

const NAME_CHARACTERS = 255;
const DESCRIPTION_CHARACTERS = 500;
/** What nobody sees, and what separates the names of folders. */
const UNFIT = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}/\\]/u;

/**
 * The name of a listing as it is kept: NFC, 1-255 characters of any script, no path.
 * @throws Failure INVALID_REQUEST
 */
export function parseFileName(text: string): string {
  const refuse = (sentence: string) => new Failure('INVALID_REQUEST', sentence, { data: { field: 'name' } });
  const tooLong = () => refuse(`A file's name has ${NAME_CHARACTERS} characters at most.`);
  const rules = { what: "A file's name", field: 'name', maxLength: 4 * NAME_CHARACTERS, tooLong };
  const name = parseNfc(text, rules);
  if (UNFIT.test(name)) {
    throw refuse('A file is listed by its name alone: without / or \\, and without characters that do not show.');
  }
  if (/^[\s\p{Default_Ignorable_Code_Point}]*$/u.test(name) || name === '.' || name === '..') {
    throw refuse(`"${plain(name)}" is no name of a file.`);
  }
  if (name.length > NAME_CHARACTERS && [...name].length > NAME_CHARACTERS) throw tooLong();
  return name;
}

/**
 * The description of a listing as it is kept: one line, NFC, nothing that does not show.
 * @throws Failure TOO_LARGE
 */
export function parseDescription(text: string): string {
  const tooLong = () =>
    new Failure('TOO_LARGE', `A description has ${DESCRIPTION_CHARACTERS} characters at most.`, {
      data: { field: 'description', limit: DESCRIPTION_CHARACTERS },
    });
  const rules = { what: 'A description', field: 'description', maxLength: 4 * DESCRIPTION_CHARACTERS, tooLong };
  const clean = parseNfc(text, { ...rules, clean: visible })
    .replace(/ +/g, ' ')
    .trim();
  if (clean.length > DESCRIPTION_CHARACTERS && [...clean].length > DESCRIPTION_CHARACTERS) throw tooLong();
  return clean;
}
