import type { KeyCommand } from './key-bindings.ts';
import type { InputState } from './state.ts';

const MAX_HISTORY_LINES = 500;
/** A post has at most 4,096 characters, plus the command before it. */
const MAX_INPUT_CHARACTERS = 4200;

const WORD_CHARACTER = /[\p{L}\p{M}\p{N}]/u;

/** Inserts text at the cursor. Line breaks become spaces, because the input is one line. */
export function insertText(input: InputState, text: string): InputState {
  const clean = text.replace(/[\r\n\t]+/g, ' ').replace(/[\p{Cc}]/gu, '');
  const characters = [...input.text];
  const added = [...clean].slice(0, Math.max(0, MAX_INPUT_CHARACTERS - characters.length));
  characters.splice(input.cursor, 0, ...added);
  return { ...setText(input, characters.join('')), cursor: input.cursor + added.length };
}

/** Applies a command of the line editor; undefined: it is not one. */
export function applyEdit(input: InputState, command: KeyCommand): InputState | undefined {
  const characters = [...input.text];
  const at = input.cursor;
  const move = (cursor: number): InputState => ({
    ...input,
    cursor: Math.min(Math.max(cursor, 0), characters.length),
    candidates: [],
  });
  const cut = (from: number, to: number): InputState => ({
    ...setText(input, [...characters.slice(0, from), ...characters.slice(to)].join('')),
    cursor: from,
  });
  switch (command) {
    case 'cursorLeft':
      return move(at - 1);
    case 'cursorRight':
      return move(at + 1);
    case 'wordLeft':
      return move(wordStart(characters, at));
    case 'wordRight':
      return move(wordEnd(characters, at));
    case 'cursorStart':
      return move(0);
    case 'cursorEnd':
      return move(characters.length);
    case 'deleteBack':
      return at === 0 ? input : cut(at - 1, at);
    case 'deleteForward':
      return cut(at, at + 1);
    case 'deleteWord':
      return cut(wordStart(characters, at), at);
    case 'deleteToStart':
      return cut(0, at);
    case 'deleteToEnd':
      return cut(at, characters.length);
    case 'older':
      return recallHistory(input, 1);
    case 'newer':
      return recallHistory(input, -1);
    default:
      return undefined;
  }
}

/** Clears the input and adds its line to the history. */
export function commitLine(input: InputState): InputState {
  const line = input.text.trim();
  const history =
    line === '' || input.history.at(-1) === line ? input.history : [...input.history, line].slice(-MAX_HISTORY_LINES);
  return { text: '', cursor: 0, history, historyIndex: null, draft: '', candidates: [] };
}

export function setText(input: InputState, text: string): InputState {
  return { ...input, text, cursor: [...text].length, historyIndex: null, candidates: [] };
}

function recallHistory(input: InputState, by: 1 | -1): InputState {
  const index = (input.historyIndex ?? -1) + by;
  if (index >= input.history.length || index < -1) return input;
  const draft = input.historyIndex === null ? input.text : input.draft;
  const text = index === -1 ? draft : input.history.at(-1 - index)!;
  return { ...setText(input, text), historyIndex: index === -1 ? null : index, draft };
}

function wordStart(characters: readonly string[], at: number): number {
  let index = at;
  while (index > 0 && !WORD_CHARACTER.test(characters[index - 1]!)) index--;
  while (index > 0 && WORD_CHARACTER.test(characters[index - 1]!)) index--;
  return index;
}

function wordEnd(characters: readonly string[], at: number): number {
  let index = at;
  while (index < characters.length && !WORD_CHARACTER.test(characters[index]!)) index++;
  while (index < characters.length && WORD_CHARACTER.test(characters[index]!)) index++;
  return index;
}
