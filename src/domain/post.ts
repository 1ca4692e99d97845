import { Failure } from './failure.ts';
import type { Instant } from './instant.ts';

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

/**
 * A post's text as it is kept: NFC, line breaks kept, no other control or format characters.
 * @param limit in characters
 * @throws Failure INVALID_REQUEST, TOO_LARGE
 */
export function parseText(text: string, limit: number): string {
  const clean = text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/\t/g, ' ')
    .replace(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '')
    .normalize('NFC') // only now: what stood between a letter and its mark is gone
    .trim();
  if (/^[\s\p{Default_Ignorable_Code_Point}]*$/u.test(clean))
    throw new Failure('INVALID_REQUEST', 'A post needs some text.', { data: { field: 'text' } });
  if (clean.length > limit && [...clean].length > limit) {
    throw new Failure('TOO_LARGE', `A post has ${limit} characters at most.`, { data: { field: 'text', limit } });
  }
  return clean;
}

/**
 * A topic as it is kept: without `#`, small letters, digits, `-` and `_`.
 * @throws Failure INVALID_REQUEST
 */
export function parseTopic(text: string): string {
  const topic = text.normalize('NFC').replace(/^#/, '').toLowerCase();
  if (!/^[\p{L}\p{M}\p{Nd}_-]{1,32}$/u.test(topic)) {
    throw new Failure('INVALID_REQUEST', 'A topic is 1-32 letters, digits, - or _, as #gold.', {
      data: { field: 'topic' },
    });
  }
  return topic;
}
