import { type AppError, invalidFieldError } from './app-error.ts';

/**
 * The only module that normalises text. Normalising a run of n combining marks takes n² steps, so the length is checked
 * first and runs are limited to this (Unicode's Stream-Safe Text Format, UAX #15).
 */
export const MAX_COMBINING_MARKS = 30;

const LONG_MARK_RUN = /\p{M}{31}/u;
const LONG_MARK_RUNS = /(\p{M}{30})\p{M}+/gu;

export interface InputRules {
  /** Subject of error messages: `A post`. */
  readonly subject: string;
  /** Name of the parameter. */
  readonly field: string;
  /** UTF-16 units of the unprocessed text. */
  readonly maxLength: number;
  /** Makes the error for a longer text. */
  readonly tooLongError: () => AppError;
  /** Removes characters before normalisation, as one may separate a letter from its combining mark. */
  readonly clean?: (text: string) => string;
}

/**
 * Validates text from a client and returns it in NFC.
 * @throws AppError of `tooLongError`; INVALID_REQUEST for a run of combining marks that no script needs
 */
export function normalizeInput(text: string, { subject, field, maxLength, tooLongError, clean }: InputRules): string {
  if (text.length > maxLength) throw tooLongError();
  const cleaned = clean ? clean(text) : text;
  if (hasLongMarkRun(cleaned)) {
    const limit = `at most ${MAX_COMBINING_MARKS} combining marks in a row`;
    throw invalidFieldError(field, `${subject} can have ${limit}. Remove some of them.`);
  }
  return cleaned.normalize('NFC');
}

/** Normalises any text to compare or show it; truncates runs of combining marks that are too long. */
export function normalizeUnicode(text: string, form: 'NFC' | 'NFD' | 'NFKC' = 'NFC'): string {
  return (hasLongMarkRun(text) ? text.replace(LONG_MARK_RUNS, '$1') : text).normalize(form);
}

function hasLongMarkRun(text: string): boolean {
  return text.length > MAX_COMBINING_MARKS && LONG_MARK_RUN.test(text);
}
