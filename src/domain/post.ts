import { Failure } from './failure.ts';
import type { Instant } from './instant.ts';
import { parseNfc } from './normal-form.ts';

/** A message on the forum. Its number never changes and is never reused; a deleted one keeps who and when. */
export interface Post {
  readonly number: number;
  readonly member: string;
  /** null once deleted. */
  readonly text: string | null;
  readonly topic: string;
  readonly replyTo: number | null;
  /** Members that its text mentions as `@name`. */
  readonly mentions: string[];
  readonly at: Instant;
  readonly editedAt: Instant | null;
  readonly deletedAt: Instant | null;
  readonly deletedBy: string | null;
  /** Seq of its last change. */
  readonly seq: number;
}

export const LOBBY = 'lobby';

/** Before it is normalised, with its `#`. */
const MAX_TOPIC_LENGTH = 4 * 32 + 1;

/**
 * A post's text as it is kept: NFC, line breaks kept, no other control or format characters.
 * @param limit in characters
 * @throws Failure INVALID_REQUEST, TOO_LARGE
 */
export function parseText(text: string, limit: number): string {
  const tooLong = () =>
    new Failure('TOO_LARGE', `A post has ${limit} characters at most.`, { data: { field: 'text', limit } });
  // A letter of NFC may be three units without, and a character beyond the first 65,536 is two in any form.
  const clean = parseNfc(text, { what: 'A post', field: 'text', maxLength: 4 * limit, tooLong, clean: visible }).trim();
  if (/^[\s\p{Default_Ignorable_Code_Point}]*$/u.test(clean))
    throw new Failure('INVALID_REQUEST', 'A post needs some text.', { data: { field: 'text' } });
  if (clean.length > limit && [...clean].length > limit) throw tooLong();
  return clean;
}

function visible(text: string): string {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/\t/g, ' ')
    .replace(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '');
}

/**
 * A topic as it is kept: without `#`, small letters, digits, `-` and `_`.
 * @throws Failure INVALID_REQUEST
 */
export function parseTopic(text: string): string {
  const invalid = () =>
    new Failure('INVALID_REQUEST', 'A topic is 1-32 letters, digits, - or _, as #gold.', { data: { field: 'topic' } });
  const rules = { what: 'A topic', field: 'topic', maxLength: MAX_TOPIC_LENGTH, tooLong: invalid };
  const topic = parseNfc(text, rules).replace(/^#/, '').toLowerCase();
  if (!/^[\p{L}\p{M}\p{Nd}_-]{1,32}$/u.test(topic)) throw invalid();
  return topic;
}
