import { plainPiece } from '../../domain/fold.ts';
import { repeatSafe, type SafeText, safeText } from '../../domain/safe-text.ts';
import { clusters, displayWidth } from '../../repl/width.ts';
import type { StyledLine, Tone } from '../styled.ts';

/** One place of the screen, as blessed keeps it: attributes and what stands there. */
export type Cell = readonly [attributes: number, text: SafeText];

/** The attributes of a tone, in blessed's packing. */
export type Attributes = (tone: Tone) => number;

const BLANK = safeText` `;
/** What stands right of a wide character: the terminal's cursor is past it already. */
const COVERED = safeText``;
const NARROW = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u1e00-\u1eff\u2500-\u259f\u2800-\u28ff]*$/;

/**
 * A styled line as the cells of a row, `width` of them.
 * @param left column of the row's first cell on the screen
 */
export function cellsOf(line: StyledLine, width: number, left: number, attributes: Attributes): Cell[] {
  const cells: Cell[] = [];
  for (const { text, tone } of line) {
    if (cells.length >= width) break;
    const attribute = attributes(tone);
    if (NARROW.test(text)) for (const character of text) cells.push([attribute, character as SafeText]);
    else for (const cluster of clusters(text)) add(cells, cluster, attribute, width, left);
  }
  cells.length = Math.min(cells.length, width);
  const rest: Cell = [attributes('text'), BLANK];
  while (cells.length < width) cells.push(rest);
  return cells;
}

function add(cells: Cell[], cluster: string, attribute: number, width: number, left: number): void {
  // Presentation lets no control character through; should one come all the same, it must not reach the terminal.
  const shown = plainPiece(cluster);
  const columns = displayWidth(shown);
  if (columns === 0) return;
  if (cells.length + columns > width) {
    while (cells.length < width) cells.push([attribute, BLANK]);
    return;
  }
  const at = left + cells.length + 1;
  cells.push([attribute, isAgreed(shown) ? shown : placed(shown, at, columns)]);
  for (let column = 1; column < columns; column++) cells.push([attribute, COVERED]);
}

/** Whether terminals old and new give it the same columns. */
function isAgreed(cluster: string): boolean {
  return cluster.codePointAt(0)! <= 0xffff && !/\p{Emoji_Presentation}|\u200d/u.test(cluster);
}

/**
 * A character of whose columns terminals are of different minds (emoji, flags): its place is emptied, it is written,
 * and the cursor is put behind it, so that what follows stands where it should.
 */
function placed(text: SafeText, at: number, columns: number): SafeText {
  return safeText`${repeatSafe(BLANK, columns)}\x1b[${at}G${text}\x1b[${at + columns}G`;
}

/** Columns that a cell's text takes: what blessed asks of its own table, which ends before emoji. */
export function cellWidth(text: string): number {
  if (text.length === 1 && text <= '~') return 1;
  return text[0] === BLANK ? text.search(/[^ ]/) : displayWidth(text);
}
