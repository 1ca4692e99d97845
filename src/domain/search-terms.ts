import { canonicalName } from './account.ts';
import type { Post } from './post.ts';
import { foldForSearch } from './text.ts';

/** Matches posts with all `terms` and a term that begins with `prefix`. Folded. */
export interface SearchQuery {
  readonly terms: readonly string[];
  readonly prefix: string;
}

/** Distinct terms indexed per post; bounds the cost of a long text. */
const MAX_POST_TERMS = 256;
const MAX_QUERY_TERMS = 16;

/** Letters and digits. A longer word is split into several terms. */
const TERM_PATTERN = /[\p{L}\p{N}]{1,32}/gu;

/** The folded words of a text, in order, with duplicates. */
export function tokenize(text: string): string[] {
  return foldForSearch(text).match(TERM_PATTERN) ?? [];
}

/** Words of the author's name, mentions as `@name`, words of the text. Empty for a deleted post. */
export function searchTerms(post: Post): Set<string> {
  const terms = new Set<string>();
  if (post.text === null) return terms;
  for (const term of tokenize(post.member)) terms.add(term);
  for (const name of post.mentions) terms.add(`@${foldForSearch(name)}`);
  for (const term of tokenize(post.text)) {
    if (terms.size >= MAX_POST_TERMS) break;
    terms.add(term);
  }
  return terms;
}

/** Search terms and, not folded: `#topic` (`!topic` once deleted), `=author`, `~mentioned`. */
export function indexTerms(post: Post): Set<string> {
  const terms = searchTerms(post);
  terms.add(`${post.text === null ? '!' : '#'}${post.topic}`);
  terms.add(`=${canonicalName(post.member)}`);
  for (const name of post.mentions) terms.add(`~${canonicalName(name)}`);
  return terms;
}

/** Undefined if the text contains no word. */
export function parseSearchQuery(text: string): SearchQuery | undefined {
  const terms: string[] = [];
  for (const part of foldForSearch(text).split(' ')) {
    const name = /^@([\p{L}\p{M}\p{Nd}\-_.]{1,32})/u.exec(part)?.[1];
    if (name !== undefined) terms.push(`@${name}`);
    else terms.push(...(part.match(TERM_PATTERN) ?? []));
  }
  const kept = terms.slice(0, MAX_QUERY_TERMS);
  const prefix = kept.pop();
  return prefix === undefined ? undefined : { terms: [...new Set(kept)], prefix };
}

export function matchesQuery(post: Post, { terms, prefix }: SearchQuery): boolean {
  const postTerms = searchTerms(post);
  if (!terms.every((term) => postTerms.has(term))) return false;
  if (postTerms.has(prefix)) return true;
  for (const term of postTerms) if (term.startsWith(prefix)) return true;
  return false;
}
