import type { TerminalInput } from '../../repl/keyboard.ts';

/** Longer than the answer of a terminal at the other end of the world takes. */
const PROBE_TIMEOUT_MS = 300;
/** Not the first row, where the report of a position would look like the key F3 with a modifier. */
const PROBE_ROW = 3;
const MAX_ANSWER_CHARACTERS = 256;

/** Writes a character of ambiguous width at the start of a row and asks where the cursor is then. */
export const AMBIGUOUS_PROBE = `\x1b[${PROBE_ROW};1H─\x1b[6n`;

/** Waits for the answer to `AMBIGUOUS_PROBE`. @returns the columns of the character; undefined: no answer */
export function waitForProbe(input: TerminalInput): Promise<number | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const end = (columns?: number): void => {
      clearTimeout(timer);
      input.off('data', onData);
      resolve(columns);
    };
    // Only listens: the decoder of keys gets the same bytes and drops the answer.
    const onData = (chunk: Buffer): void => {
      text = (text + chunk.toString('latin1')).slice(-MAX_ANSWER_CHARACTERS);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the answer is a control sequence
      const [, row, column] = /(?:\x1b\[|\x9b)\??(\d+);(\d+)R/.exec(text) ?? [];
      if (Number(row) === PROBE_ROW) end(Number(column) - 1);
    };
    const timer = setTimeout(end, PROBE_TIMEOUT_MS);
    input.on('data', onData);
  });
}
