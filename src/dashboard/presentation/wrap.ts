import { displayWidth, graphemes } from '../../repl/text-width.ts';

/**
 * Wraps a text to `rest` columns, and to `first` columns in the first line. Breaks at blanks, and inside a word only if
 * the word is longer than a line. Returns at least one line, which is empty if `first` is too narrow for a word.
 */
export function wrap(text: string, first: number, rest: number): string[] {
  const maxColumns = Math.max(1, rest);
  const lines: string[] = [];
  let room = Math.max(0, first);
  let line = '';
  let used = 0;
  let blank = -1; // the index of the last blank, where the line can be broken
  let blankColumn = 0;
  const endLine = (finished: string): void => {
    lines.push(finished.trimEnd());
    room = maxColumns;
    blank = -1;
  };
  for (const each of graphemes(text)) {
    const columns = displayWidth(each);
    if (each === ' ') {
      if (used >= room) {
        endLine(line);
        [line, used] = ['', 0];
      } else if (used > 0 || lines.length === 0) {
        [blank, blankColumn] = [line.length, used];
        line += each;
        used += 1;
      }
      continue;
    }
    if (used + columns > room && blank >= 0 && line.slice(0, blank).trim() !== '') {
      const word = line.slice(blank + 1);
      used -= blankColumn + 1;
      endLine(line.slice(0, blank));
      line = word;
    }
    if (used + columns > room && lines.length === 0 && room < maxColumns) endLine(''); // more room below
    if (used + columns > room) {
      if (used > 0) endLine(line);
      [line, used] = ['', 0];
    }
    const printed = columns > room ? '?' : each;
    line += printed;
    used += printed === each ? columns : 1;
  }
  lines.push(line.trimEnd());
  return lines;
}
