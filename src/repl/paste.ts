import { parseCommandLine } from './grammar.ts';

/** Commands whose text may have several lines. */
const TEXT_COMMAND = /^\s*(?:MSG|EDT|DM)\s/i;

/** What a paste at the cursor of a line means. */
export type Paste =
  /** Text for the line. It may have line breaks in a message. */
  | { readonly kind: 'text'; readonly text: string }
  /** Lines to run, the line that they were pasted into included. */
  | { readonly kind: 'lines'; readonly lines: readonly string[] };

/** @param before, after the line, cut at the cursor */
export function readPaste(pasted: string, before: string, after: string): Paste {
  const text = cleanPaste(pasted);
  if (!text.includes('\n') || TEXT_COMMAND.test(before)) return { kind: 'text', text };
  const lines = `${before}${text}${after}`.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 1 ? { kind: 'lines', lines } : { kind: 'text', text: text.replaceAll('\n', '') };
}

/** The first line of a paste, for input that has one line. */
export function firstLine(pasted: string): string {
  return cleanPaste(pasted).split('\n', 1)[0]!;
}

/** Which of the lines are credentials: those after -signin and -signup. */
export function findCredentials(lines: readonly string[]): boolean[] {
  let isNext = false;
  return lines.map((line) => {
    const isCredentials = isNext && !/^-\S+$/.test(line.trim());
    const command = isCredentials ? undefined : parseCommandLine(line);
    isNext = command !== undefined && 'verb' in command && (command.verb === 'signIn' || command.verb === 'signUp');
    return isCredentials;
  });
}

/** Line breaks as `\n`, none at the end; tabs as blanks; no other control characters. */
function cleanPaste(pasted: string): string {
  return pasted
    .replace(/\r\n?/g, '\n')
    .replace(/\n+$/, '')
    .replace(/\t/g, ' ')
    .replace(/(?!\n)\p{Cc}/gu, '');
}
