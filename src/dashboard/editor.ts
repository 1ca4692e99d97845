import { type EditCommand, editText, insertAtCursor, moveByLine, takeClusters } from '../repl/line-edit.ts';
import { isCredentialsLine } from '../repl/private-line.ts';
import type { KeyCommand } from './key-bindings.ts';
import type { InputState } from './state.ts';

export const MAX_HISTORY_LINES = 500;
/** A post has at most 4,096 characters, plus the command before it. */
const MAX_INPUT_CHARACTERS = 4200;

const EDIT_COMMANDS: ReadonlySet<string> = new Set<EditCommand>([
  'cursorLeft',
  'cursorRight',
  'wordLeft',
  'wordRight',
  'cursorStart',
  'cursorEnd',
  'deleteBack',
  'deleteForward',
  'deleteWord',
  'deleteWordForward',
  'deleteToStart',
  'deleteToEnd',
]);

export function isEditCommand(command: KeyCommand | EditCommand): command is EditCommand {
  return EDIT_COMMANDS.has(command);
}

/** Inserts text at the cursor. Its lines stay lines; other control characters are removed. */
export function insertText(input: InputState, text: string): InputState {
  const clean = text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/\t/g, ' ')
    .replace(/(?!\n)\p{Cc}/gu, '');
  const added = takeClusters(clean, Math.max(0, MAX_INPUT_CHARACTERS - [...input.text].length));
  return withText(input, insertAtCursor(input, added));
}

/** Applies a command of the line editor; undefined: it is not one. */
export function applyEdit(input: InputState, command: KeyCommand): InputState | undefined {
  if (command === 'older' || command === 'newer') {
    const by = command === 'older' ? -1 : 1;
    const moved = moveByLine(input, by);
    return moved ? withText(input, moved) : recallHistory(input, by === -1 ? 1 : -1);
  }
  return isEditCommand(command) ? withText(input, editText(input, command)) : undefined;
}

/** Clears the input and adds its line to the history, unless it has a password. */
export function commitLine(input: InputState): InputState {
  const line = input.text.trim();
  const isKept = line !== '' && input.history.at(-1) !== line && !isCredentialsLine(line);
  const history = isKept ? [...input.history, line].slice(-MAX_HISTORY_LINES) : input.history;
  return { ...setText(input, ''), history, draft: '' };
}

export function setText(input: InputState, text: string): InputState {
  return { ...withText(input, { text, cursor: text.length }), historyIndex: null, search: null };
}

/** A changed text is no longer the recalled line of the history, and the question about the old one is void. */
function withText(input: InputState, { text, cursor }: { text: string; cursor: number }): InputState {
  if (text === input.text) return { ...input, cursor, candidates: [] };
  return { ...input, text, cursor, historyIndex: null, candidates: [], questioned: null };
}

function recallHistory(input: InputState, by: 1 | -1): InputState {
  const index = (input.historyIndex ?? -1) + by;
  if (index >= input.history.length || index < -1) return input;
  const draft = input.historyIndex === null ? input.text : input.draft;
  const text = index === -1 ? draft : input.history.at(-1 - index)!;
  return { ...setText(input, text), historyIndex: index === -1 ? null : index, draft };
}
