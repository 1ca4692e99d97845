import { AppError, invalidFieldError } from './app-error.ts';
import type { EpochMs } from './time.ts';
import { normalizeInput } from './unicode-normalization.ts';

/** A message on the forum. Its number never changes and is never reused; a deleted post keeps its author and times. */
export interface Post {
  readonly number: number;
  readonly member: string;
  /** null once deleted. */
  readonly text: string | null;
  readonly topic: string;
  readonly replyTo: number | null;
  /** Members that its text mentions as `@name`. */
  readonly mentions: string[];
  readonly at: EpochMs;
  readonly editedAt: EpochMs | null;
  readonly deletedAt: EpochMs | null;
  readonly deletedBy: string | null;
  /** Sequence number of its last change. */
  readonly seq: number;
}

export const DEFAULT_TOPIC = 'lobby';

/** Before normalisation, with the `#`. */
const MAX_TOPIC_LENGTH = 4 * 32 + 1;

/**
 * Returns the text as it is stored: NFC, no control or format characters except line breaks.
 * @param limit in characters
 * @throws AppError INVALID_REQUEST, TOO_LARGE
 */
export function parsePostText(text: string, limit: number): string {
  const tooLongError = () =>
    new AppError('TOO_LARGE', `A post can have at most ${limit} characters.`, { data: { field: 'text', limit } });
  // One letter in NFC can have three UTF-16 units before it; a character above U+FFFF always has two.
  const rules = { subject: 'A post', field: 'text', maxLength: 4 * limit, tooLongError, clean: cleanPostText };
  const clean = normalizeInput(text, rules).trim();
  if (/^[\s\p{Default_Ignorable_Code_Point}]*$/u.test(clean))
    throw invalidFieldError('text', 'A post must have some text.');
  if (clean.length > limit && [...clean].length > limit) throw tooLongError();
  return clean;
}

function cleanPostText(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/\t/g, ' ')
    .replace(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '');
}

/**
 * Returns the topic as it is stored: without `#`; lower-case letters, digits, `-` and `_`.
 * @throws AppError INVALID_REQUEST
 */
export function parseTopic(text: string): string {
  const invalid = () => invalidFieldError('topic', 'A topic must be 1-32 letters, digits, - or _, for example #gold.');
  const rules = { subject: 'A topic', field: 'topic', maxLength: MAX_TOPIC_LENGTH, tooLongError: invalid };
  const topic = normalizeInput(text, rules).replace(/^#/, '').toLowerCase();
  if (!/^[\p{L}\p{M}\p{Nd}_-]{1,32}$/u.test(topic)) throw invalid();
  return topic;
}
