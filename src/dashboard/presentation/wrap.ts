import { clusters, displayWidth } from '../../repl/width.ts';

/**
 * A text in lines of at most `rest` columns, the first one of at most `first`; broken at blanks, and inside a word
 * only where it is longer than a line. At least one line, which may be empty when `first` has no room for a word.
 */
export function wrap(text: string, first: number, rest: number): string[] {
  const most = Math.max(1, rest);
  const lines: string[] = [];
  let room = Math.max(0, first);
  let line = '';
  let used = 0;
  let blank = -1; // where the line can be broken
  let blankAt = 0; // and the column of it
  const end = (kept: string): void => {
    lines.push(kept.trimEnd());
    room = most;
    blank = -1;
  };
  for (const each of clusters(text)) {
    const columns = displayWidth(each);
    if (each === ' ') {
      if (used >= room) {
        end(line);
        [line, used] = ['', 0];
      } else if (used > 0 || lines.length === 0) {
        [blank, blankAt] = [line.length, used];
        line += each;
        used += 1;
      }
      continue;
    }
    if (used + columns > room && blank >= 0 && line.slice(0, blank).trim() !== '') {
      const word = line.slice(blank + 1);
      used -= blankAt + 1;
      end(line.slice(0, blank));
      line = word;
    }
    if (used + columns > room && lines.length === 0 && room < most) end(''); // the whole word has more room below
    if (used + columns > room) {
      if (used > 0) end(line);
      [line, used] = ['', 0];
    }
    const shown = columns > room ? '?' : each;
    line += shown;
    used += shown === each ? columns : 1;
  }
  lines.push(line.trimEnd());
  return lines;
}
