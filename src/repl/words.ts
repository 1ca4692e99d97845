/**
 * The words of a line; a word in double or single quotes may hold blanks. A backslash is a character like any other:
 * Windows has it in every path. Undefined when a quote has no end.
 */
export function words(text: string): string[] | undefined {
  const found: string[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const quote = /^["']/.exec(rest)?.[0];
    const match =
      quote === undefined ? /^(\S+)/.exec(rest) : new RegExp(`^${quote}([^${quote}]*)${quote}(?=\\s|$)`).exec(rest);
    if (!match) return undefined;
    found.push(match[1]!);
    rest = rest.slice(match[0].length).trimStart();
  }
  return found;
}

/** One name, which may hold blanks and may stand in quotes. */
export function oneName(text: string): string {
  const trimmed = text.trim();
  return /^(["'])[^"']*\1$/.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}
