/** A text and the cursor in it: a string index between two grapheme clusters. */
export interface EditedText {
  readonly text: string;
  readonly cursor: number;
}

/** What a key does to an edited text. */
export type EditCommand =
  | 'cursorLeft'
  | 'cursorRight'
  | 'wordLeft'
  | 'wordRight'
  | 'cursorStart'
  | 'cursorEnd'
  | 'deleteBack'
  | 'deleteForward'
  | 'deleteWord'
  | 'deleteWordForward'
  | 'deleteToStart'
  | 'deleteToEnd';

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const ASCII_TEXT = /^[\x20-\x7e]*$/;
/** At the start of a cluster. */
const WORD_CHARACTER = /^[\p{L}\p{M}\p{N}]/u;

/**
 * What people see as one character: a letter with its marks, an emoji family, a flag. Nothing of an edited text is ever
 * split inside one.
 */
export function graphemeClusters(text: string): string[] {
  if (ASCII_TEXT.test(text)) return text.split('');
  return Array.from(SEGMENTER.segment(text), ({ segment }) => segment);
}

/** The longest beginning of whole clusters with at most `limit` code points. */
export function takeClusters(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = 0;
  let size = 0;
  for (const cluster of graphemeClusters(text)) {
    size += [...cluster].length;
    if (size > limit) break;
    end += cluster.length;
  }
  return text.slice(0, end);
}

/** Inserts a text. The cursor moves behind it, and behind what it forms one cluster with. */
export function insertAtCursor({ text, cursor }: EditedText, added: string): EditedText {
  const whole = text.slice(0, cursor) + added + text.slice(cursor);
  return { text: whole, cursor: boundaryFrom(whole, cursor + added.length) };
}

/** Applies an editing command. Lines of the text end with `\n`; start and end are those of the cursor's line. */
export function editText({ text, cursor }: EditedText, command: EditCommand): EditedText {
  const move = (to: number): EditedText => ({ text, cursor: to });
  const cut = (from: number, to: number): EditedText => {
    const rest = text.slice(0, from) + text.slice(to);
    // What stood on both sides may form one cluster now.
    return { text: rest, cursor: boundaryFrom(rest, from) };
  };
  switch (command) {
    case 'cursorLeft':
      return move(boundaryBefore(text, cursor));
    case 'cursorRight':
      return move(boundaryAfter(text, cursor));
    case 'wordLeft':
      return move(wordStart(text, cursor));
    case 'wordRight':
      return move(wordEnd(text, cursor));
    case 'cursorStart':
      return move(lineStart(text, cursor));
    case 'cursorEnd':
      return move(lineEnd(text, cursor));
    case 'deleteBack':
      return cut(boundaryBefore(text, cursor), cursor);
    case 'deleteForward':
      return cut(cursor, boundaryAfter(text, cursor));
    case 'deleteWord':
      return cut(wordStart(text, cursor), cursor);
    case 'deleteWordForward':
      return cut(cursor, wordEnd(text, cursor));
    case 'deleteToStart': {
      const start = lineStart(text, cursor);
      return start === cursor ? cut(boundaryBefore(text, cursor), cursor) : cut(start, cursor);
    }
    case 'deleteToEnd': {
      const end = lineEnd(text, cursor);
      return end === cursor ? cut(cursor, boundaryAfter(text, cursor)) : cut(cursor, end);
    }
  }
}

/** Moves the cursor to the line above or below, to the same cluster or the last one; undefined at the first or last line. */
export function moveByLine({ text, cursor }: EditedText, by: 1 | -1): EditedText | undefined {
  const start = lineStart(text, cursor);
  const end = lineEnd(text, cursor);
  if (by < 0 ? start === 0 : end === text.length) return undefined;
  const column = graphemeClusters(text.slice(start, cursor)).length;
  const target = by < 0 ? lineStart(text, start - 1) : end + 1;
  const clusters = graphemeClusters(text.slice(target, lineEnd(text, target)));
  return { text, cursor: target + clusters.slice(0, column).join('').length };
}

export function lineStart(text: string, cursor: number): number {
  return cursor === 0 ? 0 : text.lastIndexOf('\n', cursor - 1) + 1;
}

function lineEnd(text: string, cursor: number): number {
  const end = text.indexOf('\n', cursor);
  return end < 0 ? text.length : end;
}

/** The nearest boundary of clusters before an index. */
function boundaryBefore(text: string, index: number): number {
  return index <= 0 ? 0 : SEGMENTER.segment(text).containing(Math.min(index, text.length) - 1)!.index;
}

/** The nearest boundary of clusters after an index. */
function boundaryAfter(text: string, index: number): number {
  if (index >= text.length) return text.length;
  const { index: start, segment } = SEGMENTER.segment(text).containing(Math.max(0, index))!;
  return start + segment.length;
}

/** The index itself if it is a boundary, else the next one. */
function boundaryFrom(text: string, index: number): number {
  if (index <= 0 || index >= text.length) return Math.min(Math.max(index, 0), text.length);
  return SEGMENTER.segment(text).containing(index)!.index === index ? index : boundaryAfter(text, index);
}

function wordStart(text: string, cursor: number): number {
  return cursor - wordLength(graphemeClusters(text.slice(0, cursor)).reverse());
}

function wordEnd(text: string, cursor: number): number {
  return cursor + wordLength(graphemeClusters(text.slice(cursor)));
}

/** The length of what is no word, and of the word after it. */
function wordLength(clusters: readonly string[]): number {
  const start = clusters.findIndex((cluster) => WORD_CHARACTER.test(cluster));
  if (start < 0) return clusters.join('').length;
  const end = clusters.findIndex((cluster, i) => i > start && !WORD_CHARACTER.test(cluster));
  return clusters.slice(0, end < 0 ? undefined : end).join('').length;
}
