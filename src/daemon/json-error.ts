/** Where and why a text is not JSON. Lines and columns count from 1. */
export interface JsonError {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

/**
 * The first place where a text stops being JSON, undefined when it is JSON. JSON.parse tells the place in some of
 * its messages only, and in other words in each version of Node.
 */
export function findJsonError(text: string): JsonError | undefined {
  let at = 0;
  /** What closes the objects and arrays that are open, innermost last. */
  const open: ('}' | ']')[] = [];
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found !== null;
  };
  const next = () => {
    take(SPACE);
    return text[at];
  };
  const error = (expected: string): JsonError => {
    const before = text.slice(0, at).split('\n');
    return { line: before.length, column: before.at(-1)!.length + 1, expected };
  };
  /** A key and its colon. */
  const key = (): JsonError | undefined => {
    next();
    if (!take(STRING)) return error('a name between double quotes');
    if (next() !== ':') return error('":" after the name');
    at++;
    return undefined;
  };

  for (;;) {
    const first = next();
    if (first === '{' || first === '[') {
      at++;
      open.push(first === '{' ? '}' : ']');
      if (next() !== open.at(-1)) {
        const wrong = first === '{' ? key() : undefined;
        if (wrong) return wrong;
        continue;
      }
    } else if (!take(STRING) && !take(NUMBER) && !take(WORD)) {
      return error(first === '"' ? 'a text that ends with a double quote' : 'a value');
    }
    for (;;) {
      const char = next();
      const closing = open.at(-1);
      if (closing === undefined) return char === undefined ? undefined : error('nothing more');
      if (char === closing) {
        at++;
        open.pop();
        continue;
      }
      if (char !== ',') return error(`"," or "${closing}"`);
      at++;
      if (closing === '}') {
        const wrong = key();
        if (wrong) return wrong;
      }
      break;
    }
  }
}
