import { normalForm } from '../../domain/normal-form.ts';
import { complete, GrammarError, parse, VERBS } from '../../repl/grammar.ts';
import { columnsOf, displayWidth } from '../../repl/width.ts';
import type { State } from '../state.ts';
import { type Span, type StyledLine, span } from '../styled.ts';
import { clip, finish, widthOf } from './lines.ts';
import { safe } from './text.ts';

/** The input has no border. */
export function title(_state: State, _width: number): StyledLine {
  return [];
}

/** Prompt, what is typed with the cursor in it, and what may come next. */
export function input(state: State, width: number, height: number): StyledLine[] {
  const { topic } = state.forum;
  const full = topic === null ? '> ' : `#${safe(topic)}> `;
  const prompt = displayWidth(full) * 3 <= width ? full : '> ';
  const isFocused = state.focus === 'input' && !state.form && !state.help;
  const room = Math.max(1, width - displayWidth(prompt));
  const text = typed(state, room, isFocused);
  const line: Span[] = [span(prompt, 'gold'), ...text];
  const rest = width - widthOf(line) - 2;
  const hint = rest >= 8 ? hintOf(state, rest) : '';
  if (hint !== '') line.push(...clip([span(`  ${hint}`, 'muted')], rest + 2));
  return finish([line], state, width, height);
}

/** The part of the line around the cursor, the cursor as a cell of its own. */
function typed({ input: { text, cursor } }: State, room: number, isFocused: boolean): Span[] {
  const all = [...text];
  const at = Math.min(Math.max(0, cursor), all.length);
  // What is further away than this does not show, whatever marks it carries.
  const reach = room * 4 + 64;
  const before = cells(all.slice(Math.max(0, at - reach), at));
  const after = cells(all.slice(at, at + reach));
  // A mark that cannot stand alone belongs to the letter before the cursor.
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

/** Characters as they can be shown, each with its marks; what has no form is left out. */
function cells(characters: readonly string[]): string[] {
  const made: string[] = [];
  for (const character of characters) {
    const shown = /\s/.test(character)
      ? ' '
      : /^[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}]$/u.test(character)
        ? ''
        : character;
    if (shown === '') continue;
    if (made.length > 0 && columnsOf(shown.codePointAt(0)!) === 0) {
      const last = made[made.length - 1]!;
      if (last.length < 16) made[made.length - 1] = normalForm(last + shown);
    } else made.push(normalForm(shown));
  }
  return made;
}

function hintOf(state: State, room: number): string {
  const { text, cursor, candidates } = state.input;
  if (candidates.length > 0) return candidates.map((each) => safe(each)).join('  ');
  if (text === '') {
    if (state.focus !== 'input') return '';
    return state.member === null && state.link.phase === 'online'
      ? '-signin or -signup, HELP'
      : 'MSG text, MARKET BTC, HELP';
  }
  if (cursor < [...text].length || text.length > 256) return '';
  const word = /^\S*/.exec(text)![0];
  const verb = VERBS.find((each) => each.word.toUpperCase() === word.toUpperCase());
  if (verb) {
    const usage = `${verb.word} ${verb.follows}`.trim();
    const whole = `${usage}: ${verb.help}`;
    const wrong = word !== text.trimEnd() && parse(text) instanceof GrammarError;
    // Once the line can be sent, nothing more needs to be said.
    if (!wrong && verb.follows !== '' && word !== text.trimEnd()) return '';
    return displayWidth(whole) <= room ? whole : usage;
  }
  if (word === text) {
    const [words] = complete(text, []);
    if (words.length > 0) return words.map((each) => each.trim()).join('  ');
  }
  const parsed = parse(text);
  return parsed instanceof GrammarError ? safe(parsed.message) : '';
}
