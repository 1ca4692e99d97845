import { fold } from './fold.ts';
import { nameKey } from './name.ts';
import type { Post } from './post.ts';

/** What a search asks for: all of `words`, and a word that begins with `start`. Folded. */
export interface Query {
  readonly words: readonly string[];
  readonly start: string;
}

/** Different words of a post by which it is found: a long text costs no more than that. */
const WORDS = 256;
/** Words of a query. */
const QUERY_WORDS = 16;

/** Letters and digits, as many as a word is found by; a longer one is found by its pieces. */
const WORD = /[\p{L}\p{N}]{1,32}/gu;

/** The words of a text, folded, in their order, with repetitions. */
export function wordsOf(text: string): string[] {
  return fold(text).match(WORD) ?? [];
}

/** By what a post is found: words of its writer's name, mentions as `@name`, words of its text. Nothing once deleted. */
export function searchWords(post: Post): Set<string> {
  const words = new Set<string>();
  if (post.text === null) return words;
  for (const word of wordsOf(post.member)) words.add(word);
  for (const name of post.mentions) words.add(`@${fold(name)}`);
  for (const word of wordsOf(post.text)) {
    if (words.size >= WORDS) break;
    words.add(word);
  }
  return words;
}

/**
 * All by which a post is looked up: besides its words the place and the people, as they are and not folded.
 * `#topic` while it stands and `!topic` once it is deleted, `=writer`, `~mentioned`.
 */
export function indexWords(post: Post): Set<string> {
  const words = searchWords(post);
  words.add(`${post.text === null ? '!' : '#'}${post.topic}`);
  words.add(`=${nameKey(post.member)}`);
  for (const name of post.mentions) words.add(`~${nameKey(name)}`);
  return words;
}

/** What people typed, as a query; undefined where it holds no word. */
export function parseQuery(text: string): Query | undefined {
  const words: string[] = [];
  for (const part of fold(text).split(' ')) {
    const name = /^@([\p{L}\p{M}\p{Nd}\-_.]{1,32})/u.exec(part)?.[1];
    if (name !== undefined) words.push(`@${name}`);
    else words.push(...(part.match(WORD) ?? []));
  }
  const kept = words.slice(0, QUERY_WORDS);
  const start = kept.pop();
  return start === undefined ? undefined : { words: [...new Set(kept)], start };
}

export function matches(post: Post, { words, start }: Query): boolean {
  const found = searchWords(post);
  if (!words.every((word) => found.has(word))) return false;
  if (found.has(start)) return true;
  for (const word of found) if (word.startsWith(start)) return true;
  return false;
}
