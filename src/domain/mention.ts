import { nameKey } from './name.ts';

/** A post is looked through for this many: what more there is, is no mention of anybody but a flood. */
const MOST = 32;

/** `@` that begins a word, and the name behind it: no mail address, no path, no address of another place. */
const MENTION = /(?<![\p{L}\p{M}\p{N}@/._-])@([\p{L}\p{M}\p{Nd}\-_.]{1,32})(?![\p{L}\p{M}\p{Nd}\-_.@])/gu;

/**
 * The members that a text mentions as `@name`, each once, in the order in which they come.
 * @param nameOf the name of the account that is meant; undefined where there is none. Asked for `hans.` first, then for
 * `hans`: a name may end with what ends a sentence.
 */
export function mentionsIn(text: string, nameOf: (name: string) => string | undefined): string[] {
  if (!text.includes('@')) return [];
  const found = new Map<string, string>();
  let looked = 0;
  for (const [, run] of text.matchAll(MENTION)) {
    if (++looked > MOST) break;
    for (let name = run!; name !== ''; name = name.slice(0, -1)) {
      const member = nameOf(name);
      if (member !== undefined) found.set(nameKey(member), member);
      if (member !== undefined || !/[-_.]$/.test(name)) break;
    }
  }
  return [...found.values()];
}
