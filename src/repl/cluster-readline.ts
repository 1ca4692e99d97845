import type { Interface, Key } from 'node:readline';
import { type EditCommand, type EditedText, editText, graphemeClusters, insertAtCursor } from './line-edit.ts';
import { clusterWidth } from './text-width.ts';

/** The parts of readline that Node keeps for subclasses, and that are used here. */
interface ReadlineInternals {
  line: string;
  cursor: number;
  readonly columns: number;
  _ttyWrite(text: string | undefined, key: Key): void;
  _refreshLine(): void;
  _insertString(text: string): void;
  _getDisplayPos(text: string): { rows: number; cols: number };
}

const TAB_COLUMNS = 8;
const COMMANDS_BY_KEY: Readonly<Record<string, EditCommand>> = {
  left: 'cursorLeft',
  'C-b': 'cursorLeft',
  right: 'cursorRight',
  'C-f': 'cursorRight',
  'C-left': 'wordLeft',
  'M-left': 'wordLeft',
  'M-b': 'wordLeft',
  'C-right': 'wordRight',
  'M-right': 'wordRight',
  'M-f': 'wordRight',
  backspace: 'deleteBack',
  'C-h': 'deleteBack',
  delete: 'deleteForward',
  'C-d': 'deleteForward',
  'C-w': 'deleteWord',
  'C-backspace': 'deleteWord',
  'M-backspace': 'deleteWord',
  'M-d': 'deleteWordForward',
  'C-delete': 'deleteWordForward',
  'M-delete': 'deleteWordForward',
};

/**
 * Makes readline move and delete by grapheme clusters, and place the cursor by what terminals show. By itself it does both by
 * code points, which tears emoji families, flags and letters with marks. Without the expected internals (another Node), it
 * does nothing.
 */
export function editByClusters(readline: Interface): void {
  const target = readline as unknown as ReadlineInternals;
  const write = target._ttyWrite;
  if (typeof write !== 'function' || typeof target._refreshLine !== 'function') return;
  target._ttyWrite = (text, key) => {
    const command = key && COMMANDS_BY_KEY[nameOf(key)];
    const isEndOfInput = command === 'deleteForward' && key?.name === 'd' && target.line === '';
    if (!command || isEndOfInput) return write.call(target, text, key);
    // Readline ends its search in the history at any key, and notes that this one is not Tab.
    write.call(target, undefined, { name: 'undefined' });
    show(target, editText({ text: target.line, cursor: target.cursor }, command));
  };
  const insert = target._insertString;
  if (typeof insert === 'function') {
    // Readline appends what arrives in one piece with other keys, wherever the cursor is.
    target._insertString = (text) => {
      if (target.cursor >= target.line.length) return insert.call(target, text);
      show(target, insertAtCursor({ text: target.line, cursor: target.cursor }, text));
    };
  }
  if (typeof target._getDisplayPos === 'function') {
    target._getDisplayPos = (text) => displayPosition(text, target.columns);
  }
}

function show(target: ReadlineInternals, { text, cursor }: EditedText): void {
  target.line = text;
  target.cursor = cursor;
  target._refreshLine();
}

function nameOf({ name = '', ctrl, meta }: Key): string {
  return `${ctrl ? 'C-' : ''}${meta ? 'M-' : ''}${name}`;
}

/** Where the cursor is after a text that begins in the first column. */
function displayPosition(text: string, columns: number): { rows: number; cols: number } {
  let rows = 0;
  let column = 0;
  for (const cluster of graphemeClusters(text)) {
    if (cluster === '\n' || cluster === '\r\n') {
      rows += 1;
      column = 0;
      continue;
    }
    const width = cluster === '\t' ? TAB_COLUMNS - (column % TAB_COLUMNS) : clusterWidth(cluster);
    // A cluster that does not fit at the end of a row goes to the next one.
    if (column + width > columns) {
      rows += 1;
      column = 0;
    }
    column += width;
  }
  // After the last column of a row, the cursor is at the start of the next one.
  return column >= columns ? { rows: rows + 1, cols: 0 } : { rows, cols: column };
}
