import { canonicalName } from './account.ts';

/** Candidates checked per post; more are a flood, not mentions. */
const MAX_MENTIONS = 32;

/** `@` at the beginning of a word, and a name; not an email address or a path. */
const MENTION = /(?<![\p{L}\p{M}\p{N}@/._-])@([\p{L}\p{M}\p{Nd}\-_.]{1,32})(?![\p{L}\p{M}\p{Nd}\-_.@])/gu;

/**
 * The members that a text mentions as `@name`, without duplicates, in order of appearance.
 * @param nameOf resolves a name to that of an account, if there is one. Called with `hans.` first, then with `hans`: a
 * name can end with a full stop.
 */
export function findMentions(text: string, nameOf: (name: string) => string | undefined): string[] {
  if (!text.includes('@')) return [];
  const mentioned = new Map<string, string>();
  let checked = 0;
  for (const [, run] of text.matchAll(MENTION)) {
    if (++checked > MAX_MENTIONS) break;
    for (let name = run!; name !== ''; name = name.slice(0, -1)) {
      const member = nameOf(name);
      if (member !== undefined) mentioned.set(canonicalName(member), member);
      if (member !== undefined || !/[-_.]$/.test(name)) break;
    }
  }
  return [...mentioned.values()];
}
