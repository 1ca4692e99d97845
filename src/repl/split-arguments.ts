/**
 * Splits a line at white space; quoted arguments may contain spaces. A backslash has no special meaning, because Windows
 * paths contain it. Undefined if a quote is not closed.
 */
export function splitArguments(text: string): string[] | undefined {
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

/** One name, which may contain spaces and may be quoted. */
export function unquoteName(text: string): string {
  const trimmed = text.trim();
  return /^(["'])[^"']*\1$/.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}
