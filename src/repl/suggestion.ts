/** A name that somebody may have meant. */
export interface SuggestibleName {
  readonly name: string;
  /** Running it by mistake does harm: it deletes, changes, stops or signs out. */
  readonly isDestructive?: boolean;
}

/** A longer word is not a misspelt name. */
const MAX_WORD_LENGTH = 64;
/** One typing error is allowed per this many characters. */
const CHARACTERS_PER_EDIT = 3;

/**
 * The name that was probably meant by a word that is none: at most every third character differs. A destructive name is
 * suggested only if one edit leads to it and its first letter is right, and never if another name is as near.
 */
export function suggestName<Name extends SuggestibleName>(typed: string, names: Iterable<Name>): Name | undefined {
  const word = typed.toLowerCase();
  let nearest: Name | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of names) {
    const edits = countEdits(word, candidate);
    if (edits === undefined || edits > least) continue;
    if (edits === least && (candidate.isDestructive || !nearest?.isDestructive)) continue;
    least = edits;
    nearest = candidate;
  }
  return nearest;
}

/** The edits from a word to a name, if they are few enough for a suggestion. */
export function countEdits(typed: string, { name, isDestructive = false }: SuggestibleName): number | undefined {
  const [word, target] = [typed.toLowerCase(), name.toLowerCase()];
  if (word === target) return 0;
  if (word.length > MAX_WORD_LENGTH || target.length > MAX_WORD_LENGTH) return undefined;
  if (isDestructive && word[0] !== target[0]) return undefined;
  const allowed = Math.floor(Math.max(word.length, target.length) / CHARACTERS_PER_EDIT);
  const limit = isDestructive ? Math.min(1, allowed) : allowed;
  if (Math.abs(word.length - target.length) > limit) return undefined;
  const edits = editDistance(word, target);
  return edits <= limit ? edits : undefined;
}

/** The least number of inserted, deleted, replaced and exchanged neighbouring characters that leads from `a` to `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let edits = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1));
      const isExchange = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isExchange) edits = Math.min(edits, beforeLast[column - 2]! + 1);
      current.push(edits);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length]!;
}
