import { type SafeText, sliceSafe } from '../domain/safe-text.ts';
import { displayWidth } from './text-width.ts';

/**
 * Breaks a line at blanks so that its parts are at most `width` columns wide. Longer words, such as addresses, stay whole:
 * the terminal breaks them, and they can be copied. @param first columns that are left in the first line
 */
export function wrapWords(line: SafeText, width: number, first = width): SafeText[] {
  const lines: SafeText[] = [];
  let start = 0;
  let end = 0;
  let used = 0;
  for (const { index, 0: whole, 1: gap = '' } of line.matchAll(/(\s*)\S+/g)) {
    const room = lines.length === 0 ? first : width;
    const columns = displayWidth(whole);
    if (used > 0 && used + columns > room) {
      lines.push(sliceSafe(line, start, end));
      start = index + gap.length;
      used = columns - displayWidth(gap);
    } else {
      used += columns;
    }
    end = index + whole.length;
  }
  return [...lines, sliceSafe(line, start, end)];
}
