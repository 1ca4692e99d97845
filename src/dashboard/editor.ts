import type { Command } from './keys.ts';
import type { InputState } from './state.ts';

const HISTORY = 500;
/** A post has 4,096 characters at most, and a verb before it. */
const LINE = 4200;

const WORD = /[\p{L}\p{M}\p{N}]/u;

/** Types text at the cursor; line breaks of a paste become spaces, so that a paste stays one line. */
export function type(input: InputState, text: string): InputState {
  const clean = text.replace(/[\r\n\t]+/g, ' ').replace(/[\p{Cc}]/gu, '');
  const characters = [...input.text];
  const added = [...clean].slice(0, Math.max(0, LINE - characters.length));
  characters.splice(input.cursor, 0, ...added);
  return {
    ...input,
    text: characters.join(''),
    cursor: input.cursor + added.length,
    walking: null,
    candidates: [],
  };
}

/** A command of the line editor; undefined when it is none. */
export function edit(input: InputState, command: Command): InputState | undefined {
  const characters = [...input.text];
  const at = input.cursor;
  const move = (cursor: number): InputState => ({
    ...input,
    cursor: Math.min(Math.max(cursor, 0), characters.length),
    candidates: [],
  });
  const cut = (from: number, to: number): InputState => ({
    ...input,
    text: [...characters.slice(0, from), ...characters.slice(to)].join(''),
    cursor: from,
    walking: null,
    candidates: [],
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
      return walk(input, 1);
    case 'newer':
      return walk(input, -1);
    default:
      return undefined;
  }
}

/** The line is sent: empty again, and kept in the history. */
export function sent(input: InputState): InputState {
  const line = input.text.trim();
  const history =
    line === '' || input.history.at(-1) === line ? input.history : [...input.history, line].slice(-HISTORY);
  return { text: '', cursor: 0, history, walking: null, draft: '', candidates: [] };
}

export function replace(input: InputState, text: string): InputState {
  return { ...input, text, cursor: [...text].length, walking: null, candidates: [] };
}

function walk(input: InputState, by: 1 | -1): InputState {
  const place = (input.walking ?? -1) + by;
  if (place >= input.history.length || place < -1) return input;
  const draft = input.walking === null ? input.text : input.draft;
  const text = place === -1 ? draft : input.history.at(-1 - place)!;
  return { ...replace(input, text), walking: place === -1 ? null : place, draft };
}

function wordStart(characters: readonly string[], at: number): number {
  let place = at;
  while (place > 0 && !WORD.test(characters[place - 1]!)) place--;
  while (place > 0 && WORD.test(characters[place - 1]!)) place--;
  return place;
}

function wordEnd(characters: readonly string[], at: number): number {
  let place = at;
  while (place < characters.length && !WORD.test(characters[place]!)) place++;
  while (place < characters.length && WORD.test(characters[place]!)) place++;
  return place;
}
