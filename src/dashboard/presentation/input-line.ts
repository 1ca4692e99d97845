import { normalizeUnicode } from '../../domain/unicode-normalization.ts';
import { completeLine } from '../../repl/completion.ts';
import { CommandSyntaxError, parseCommandLine, SHELL_COMMANDS } from '../../repl/grammar.ts';
import { codePointWidth, displayWidth } from '../../repl/text-width.ts';
import type { State } from '../state.ts';
import { type StyledLine, type StyledSpan, span } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { clipLine, fitToPane, lineWidth } from './line-layout.ts';

/** The prompt, the text with the cursor, and a hint. */
export function inputLines(state: State, width: number, height: number): StyledLine[] {
  const { topic } = state.forum;
  const longPrompt = topic === null ? '> ' : `#${displayText(topic)}> `;
  const prompt = displayWidth(longPrompt) * 3 <= width ? longPrompt : '> ';
  const isFocused = state.focus === 'input' && !state.form && !state.help;
  const room = Math.max(1, width - displayWidth(prompt));
  const text = typedText(state, room, isFocused);
  const line: StyledSpan[] = [span(prompt, 'gold'), ...text];
  const rest = width - lineWidth(line) - 2;
  const hint = rest >= 8 ? inputHint(state, rest) : '';
  if (hint !== '') line.push(...clipLine([span(`  ${hint}`, 'muted')], rest + 2));
  return fitToPane([line], state, width, height);
}

/** The visible part of the text around the cursor. The cursor is a span of its own. */
function typedText({ input: { text, cursor } }: State, room: number, isFocused: boolean): StyledSpan[] {
  const all = [...text];
  const at = Math.min(Math.max(0, cursor), all.length);
  // Characters farther away cannot be visible, even if many have no width.
  const reach = room * 4 + 64;
  const before = visibleCharacters(all.slice(Math.max(0, at - reach), at));
  const after = visibleCharacters(all.slice(at, at + reach));
  // A combining mark belongs to the letter before the cursor.
  while (after.length > 0 && displayWidth(after[0]!) === 0) {
    const mark = after.shift()!;
    if (before.length > 0) before[before.length - 1] += mark;
  }
  const under = after[0] ?? ' ';
  let used = displayWidth(under);
  if (used > room) return [span('?'.repeat(room), isFocused ? 'cursor' : 'text')];
  let left = '';
  while (before.length > 0 && used + displayWidth(before.at(-1)!) <= room) {
    const each = before.pop()!;
    used += displayWidth(each);
    left = each + left;
  }
  let right = '';
  for (const each of after.slice(1)) {
    used += displayWidth(each);
    if (used > room) break;
    right += each;
  }
  return [span(left), span(under, isFocused ? 'cursor' : 'text'), span(right)].filter((each) => each.text !== '');
}

/** Joins marks to their letters, and drops characters without a visible form. */
function visibleCharacters(characters: readonly string[]): string[] {
  const joined: string[] = [];
  for (const character of characters) {
    const visible = /\s/.test(character)
      ? ' '
      : /^[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}]$/u.test(character)
        ? ''
        : character;
    if (visible === '') continue;
    if (joined.length > 0 && codePointWidth(visible.codePointAt(0)!) === 0) {
      const last = joined[joined.length - 1]!;
      if (last.length < 16) joined[joined.length - 1] = normalizeUnicode(last + visible);
    } else joined.push(normalizeUnicode(visible));
  }
  return joined;
}

function inputHint(state: State, room: number): string {
  const { text, cursor, candidates } = state.input;
  if (candidates.length > 0) return candidates.map((each) => displayText(each)).join('  ');
  if (text === '') {
    if (state.focus !== 'input') return '';
    return state.member === null && state.connection.phase === 'online'
      ? '-signin or -signup, HELP'
      : 'MSG text, MARKET BTC, HELP';
  }
  if (cursor < [...text].length || text.length > 256) return '';
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
  const parsed = parseCommandLine(text);
  return parsed instanceof CommandSyntaxError ? displayText(parsed.message) : '';
}
