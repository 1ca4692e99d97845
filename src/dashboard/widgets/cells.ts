import { repeatSafe, type SafeText, safeText } from '../../domain/safe-text.ts';
import { sanitizeFragment } from '../../domain/text.ts';
import { displayWidth, graphemes, hasAmbiguousWide, isSingleWidth } from '../../repl/text-width.ts';
import type { StyledLine, Tone } from '../styled-text.ts';
import { hasLinkMarker, type LinkMarkers } from './link-markers.ts';

/** One cell of the screen, as blessed stores it. */
export type ScreenCell = readonly [attributes: number, text: SafeText];

/** Returns the packed blessed attributes of a tone. */
export type AttributeLookup = (tone: Tone) => number;

const BLANK_CELL = safeText` `;
/** The cell to the right of a wide character, which covers it. */
const COVERED_CELL = safeText``;
const NARROW_TEXT = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u1e00-\u1eff\u2500-\u259f\u2800-\u28ff]*$/;

/**
 * Converts a styled line to `width` cells.
 * @param left the screen column of the first cell
 * @param links marks the cells of links; undefined: links are plain text
 */
export function toCells(
  line: StyledLine,
  width: number,
  left: number,
  attributes: AttributeLookup,
  links?: LinkMarkers,
): ScreenCell[] {
  const cells: ScreenCell[] = [];
  for (const { text, tone, link } of line) {
    if (cells.length >= width) break;
    const attribute = attributes(tone);
    const start = cells.length;
    if (isNarrow(text)) for (const character of text) cells.push([attribute, character as SafeText]);
    else for (const cluster of graphemes(text)) pushCluster(cells, cluster, attribute, width, left);
    if (link === undefined || !links) continue;
    const marker = links.markerOf(link);
    for (let i = start; i < cells.length; i++) {
      const [, shown] = cells[i]!;
      if (shown !== COVERED_CELL) cells[i] = [attribute, safeText`${marker}${shown}`];
    }
  }
  cells.length = Math.min(cells.length, width);
  const rest: ScreenCell = [attributes('text'), BLANK_CELL];
  while (cells.length < width) cells.push(rest);
  return cells;
}

function isNarrow(text: string): boolean {
  return hasAmbiguousWide() ? isSingleWidth(text) : NARROW_TEXT.test(text);
}

function pushCluster(cells: ScreenCell[], cluster: string, attribute: number, width: number, left: number): void {
  // The presentation removes control characters. This is the last guard before the terminal.
  const text = sanitizeFragment(cluster);
  const columns = displayWidth(text);
  if (columns === 0) return;
  if (cells.length + columns > width) {
    while (cells.length < width) cells.push([attribute, BLANK_CELL]);
    return;
  }
  const screenColumn = left + cells.length + 1;
  cells.push([attribute, hasPortableWidth(text) ? text : withCursorMoves(text, screenColumn, columns)]);
  for (let column = 1; column < columns; column++) cells.push([attribute, COVERED_CELL]);
}

/** Whether all terminals agree on the width of the cluster. */
function hasPortableWidth(cluster: string): boolean {
  return cluster.codePointAt(0)! <= 0xffff && !/\p{Emoji_Presentation}|\u200d/u.test(cluster);
}

/**
 * Writes a cluster that terminals measure differently (emoji, flags): clears its columns, writes it, and moves the
 * cursor behind it, so that the following text is in the right column.
 */
function withCursorMoves(text: SafeText, column: number, columns: number): SafeText {
  return safeText`${repeatSafe(BLANK_CELL, columns)}\x1b[${column}G${text}\x1b[${column + columns}G`;
}

/** The width of a cell's text. Replaces blessed's table, which knows no emoji. */
export function cellWidth(text: string): number {
  if (text.length === 1 && text <= '~') return 1;
  if (hasLinkMarker(text)) return cellWidth(text.slice(2));
  return text[0] === BLANK_CELL ? text.search(/[^ ]/) : displayWidth(text);
}
