import { Failure } from './failure.ts';

/**
 * The only place that normalises text. Normalising a run of n combining marks takes n² steps: the length is checked
 * first, and no longer run than this reaches it (Unicode's Stream-Safe Text Format, UAX #15).
 */
export const MAX_COMBINING_MARKS = 30;

const LONG_RUN = /\p{M}{31}/u;
const LONG_RUNS = /(\p{M}{30})\p{M}+/gu;

export interface TextRules {
  /** In messages, at the beginning of a sentence: `A post`. */
  readonly what: string;
  /** The parameter that has the text. */
  readonly field: string;
  /** UTF-16 units of the text as it comes, before anything else is done with it. */
  readonly maxLength: number;
  /** The failure of a text that is longer. */
  readonly tooLong: () => Failure;
  /** Takes out what is not kept, before the text is normalised: what stands between a letter and its mark may go. */
  readonly clean?: (text: string) => string;
}

/**
 * Text that somebody sends, in NFC.
 * @throws Failure what `tooLong` gives; INVALID_REQUEST for a run of combining marks that no script needs
 */
export function parseNfc(text: string, { what, field, maxLength, tooLong, clean }: TextRules): string {
  if (text.length > maxLength) throw tooLong();
  const cleaned = clean ? clean(text) : text;
  if (hasLongRun(cleaned)) {
    throw new Failure(
      'INVALID_REQUEST',
      `${what} has at most ${MAX_COMBINING_MARKS} combining marks in a row. Take some of them out.`,
      { data: { field } },
    );
  }
  return cleaned.normalize('NFC');
}

/** The normal form of text that is compared or shown, whatever it is: marks beyond the longest run are cut off. */
export function normalForm(text: string, form: 'NFC' | 'NFD' | 'NFKC' = 'NFC'): string {
  return (hasLongRun(text) ? text.replace(LONG_RUNS, '$1') : text).normalize(form);
}

function hasLongRun(text: string): boolean {
  return text.length > MAX_COMBINING_MARKS && LONG_RUN.test(text);
}
