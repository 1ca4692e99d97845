import { completeLine } from '../../repl/completion.ts';
import { CommandSyntaxError, parseCommandLine, SHELL_COMMANDS } from '../../repl/grammar.ts';
import { lineStart } from '../../repl/line-edit.ts';
import { displayWidth } from '../../repl/text-width.ts';
import { parseTypedLine } from '../../repl/typed-line.ts';
import type { HistorySearch, State } from '../state.ts';
import { type StyledLine, type StyledSpan, span } from '../styled-text.ts';
import { displayLine, displayText } from './display-text.ts';
import { editedLineSpans } from './edited-text.ts';
import { keyOf } from './key-label.ts';
import { clipLine, fitToPane, lineWidth } from './line-layout.ts';
import { openBox } from './text-box.ts';

/** The prompt, the lines of the text with the cursor, and a hint. */
export function inputLines(state: State, width: number, height: number): StyledLine[] {
  if (state.input.search) return fitToPane([searchLine(state, state.input.search, width)], state, width, height);
  const { text, cursor } = state.input;
  const isFocused = state.focus === 'input' && !state.form && !openBox(state);
  const prompt = promptText(state, width);
  const room = Math.max(1, width - displayWidth(prompt));
  const rows = text.split('\n');
  const start = lineStart(text, cursor);
  const cursorRow = text.slice(0, start).split('\n').length - 1;
  const first = Math.min(Math.max(0, cursorRow - height + 1), Math.max(0, rows.length - height));
  const lines = rows.slice(first, first + height).map((row, i): StyledLine => {
    const isCursorRow = first + i === cursorRow;
    const edited = { text: row, cursor: isCursorRow ? cursor - start : 0 };
    const spans = editedLineSpans(edited, room, isFocused && isCursorRow);
    return [first + i === 0 ? span(prompt, 'gold') : span('· '.padStart(displayWidth(prompt)), 'muted'), ...spans];
  });
  const last: StyledLine = lines.at(-1) ?? [];
  const rest = width - lineWidth(last) - 2;
  const hint = rest >= 8 ? inputHint(state, rest) : '';
  const hinted = hint === '' ? last : [...last, ...clipLine([span(`  ${hint}`, 'muted')], rest + 2)];
  return fitToPane([...lines.slice(0, -1), hinted], state, width, height);
}

function promptText(state: State, width: number): string {
  const long = `${placeName(state)}> `;
  return displayWidth(long) * 3 <= width ? long : '> ';
}

/** Where a line without a command goes; empty: to the lobby. */
function placeName({ forum: { topic, view } }: State): string {
  if (view.kind === 'direct') return `@${displayText(view.member)}`;
  if (view.kind === 'thread') return `reply #${view.root}`;
  return topic === null ? '' : `#${displayText(topic)}`;
}

/** The query of a search in the history, and the line that it finds. */
function searchLine(state: State, { query, match }: HistorySearch, width: number): StyledLine {
  const prompt = 'search: ';
  const room = Math.max(1, Math.floor((width - prompt.length) / 2));
  const typed = editedLineSpans({ text: query, cursor: query.length }, room, state.focus === 'input');
  const found = match === null ? undefined : state.input.history[match];
  const isMissing = found === undefined && query !== '';
  const result: StyledSpan = isMissing
    ? span('no earlier line has this', 'bad')
    : span(displayLine(found ?? 'type a part of an earlier line'), found === undefined ? 'muted' : 'text');
  return clipLine([span(prompt, 'gold'), ...typed, span('  '), result], width);
}

function inputHint(state: State, room: number): string {
  const { text, cursor, candidates } = state.input;
  if (candidates.length > 0) return candidates.map((each) => displayText(each)).join('  ');
  if (text === '') {
    if (state.focus !== 'input') return '';
    return state.member === null && state.connection.phase === 'online'
      ? '-signin or -signup, HELP'
      : 'a message, MARKET BTC, HELP';
  }
  if (text.includes('\n')) return `${keyOf('submit', 'input')} sends all lines`;
  if (cursor < text.length || text.length > 256) return '';
  const word = /^\S*/.exec(text)![0];
  const verb = SHELL_COMMANDS.find((each) => each.name.toUpperCase() === word.toUpperCase());
  if (verb) {
    const usage = `${verb.name} ${verb.argsHint}`.trim();
    const whole = `${usage}: ${verb.help}`;
    const isInvalid = word !== text.trimEnd() && parseCommandLine(text) instanceof CommandSyntaxError;
    // A complete command needs no hint.
    if (!isInvalid && verb.argsHint !== '' && word !== text.trimEnd()) return '';
    return displayWidth(whole) <= room ? whole : usage;
  }
  if (word === text) {
    const [words] = completeLine(text, []);
    if (words.length > 0) return words.map((each) => each.trim()).join('  ');
  }
  const typed = parseTypedLine(text);
  switch (typed.kind) {
    case 'error':
      return displayText(typed.message);
    case 'text':
      return typed.suggestion === undefined ? '' : displayText(`Did you mean ${typed.suggestion}?`);
    case 'command':
      return '';
  }
}
