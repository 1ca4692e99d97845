import { LOOKUP, VERBS } from '../../repl/grammar.ts';
import { pad } from '../../repl/table.ts';
import { type Context, KEYS } from '../keys.ts';
import type { State } from '../state.ts';
import { type StyledLine, span } from '../styled.ts';
import { keycap, keyFor } from './keycap.ts';
import { fill, finish, squeeze } from './lines.ts';
import { wrap } from './wrap.ts';

const CONTEXTS: readonly (readonly [context: Context, name: string])[] = [
  ['global', 'Everywhere'],
  ['panes', 'In every pane but the input line'],
  ['rates', 'Rates'],
  ['chart', 'Chart'],
  ['forum', 'Forum'],
  ['members', 'Members'],
  ['transfers', 'Transfers'],
  ['input', 'Input line'],
  ['form', 'Sign-in'],
  ['help', 'This help'],
];
/** A column of help is readable from here on. */
const LEAST = 46;

export function title(_state: State, width: number): StyledLine {
  return squeeze(
    [
      [[span('Help', 'title')]],
      [
        [span(`${keyFor('up', 'help')} ${keyFor('down', 'help')} scroll, ${keyFor('back', 'help')} closes`, 'muted')],
        [],
      ],
    ],
    [1],
    width,
  );
}

/** All keys and all commands, from their tables; two or three columns side by side when there is room. */
export function help(state: State, width: number, height: number): StyledLine[] {
  if (width <= 0 || height <= 0) return [];
  const all = allLines(width);
  const first = Math.min(Math.max(0, state.help?.scroll ?? 0), Math.max(0, all.length - height));
  return finish(all.slice(first), state, width, height);
}

/** Lines that the whole help takes: what `help.scroll` can go up to is this less the height of the pane. */
export function helpHeight(width: number): number {
  return width <= 0 ? 0 : allLines(width).length;
}

const made = new Map<number, StyledLine[]>();

function allLines(width: number): StyledLine[] {
  let lines = made.get(width);
  if (!lines) {
    if (made.size > 8) made.clear();
    lines = laidOut(width);
    made.set(width, lines);
  }
  return lines;
}

function laidOut(width: number): StyledLine[] {
  const columns = Math.max(1, Math.min(3, Math.floor((width + 2) / (LEAST + 2))));
  const room = Math.floor((width - (columns - 1) * 2) / columns);
  const sections = [...CONTEXTS.flatMap(([context, name]) => keySection(context, name, room)), verbSection(room)];
  if (columns === 1) return sections.flat();
  const total = sections.reduce((sum, each) => sum + each.length, 0);
  const stacks: StyledLine[][] = Array.from({ length: columns }, () => []);
  let at = 0;
  for (const section of sections) {
    // A section is never torn apart; the next column begins when this one has its share.
    if (at < columns - 1 && stacks[at]!.length > 0 && stacks[at]!.length + section.length / 2 > total / columns)
      at += 1;
    stacks[at]!.push(...section);
  }
  const rows = Math.max(...stacks.map((stack) => stack.length));
  return Array.from({ length: rows }, (_, row) =>
    stacks.flatMap((stack, i) => {
      const line = stack[row] ?? [];
      return i === columns - 1 ? line : [...fill(line, room), span('  ')];
    }),
  );
}

function keySection(context: Context, name: string, room: number): StyledLine[][] {
  const rows = KEYS.filter((each) => each.context === context && each.help !== '');
  if (rows.length === 0) return [];
  const width = Math.min(18, Math.floor(room / 2));
  return [
    [
      [span(name, 'title')],
      ...rows.flatMap((each) => entry(each.keys.map(keycap).join(' '), each.help, width, room)),
      [],
    ],
  ];
}

function verbSection(room: number): StyledLine[] {
  const width = Math.min(30, Math.floor(room / 2));
  const rows = [...VERBS, LOOKUP].flatMap(({ word, follows, help }) =>
    entry(`${word} ${follows}`.trim(), help, width, room),
  );
  return [[span('Typed on the input line', 'title')], ...rows, []];
}

/** What is pressed or typed, and what it does; longer than its column, it has a line of its own. */
function entry(call: string, help: string, width: number, room: number): StyledLine[] {
  const rest = Math.max(1, room - width - 2);
  const texts = wrap(help, rest, rest);
  const blank = ' '.repeat(Math.max(0, room - rest));
  if (call.length <= width) {
    return texts.map((text, i) => [span(i === 0 ? `${pad(call, width)}  ` : blank, 'gold'), span(text)]);
  }
  return [[span(call, 'gold')], ...texts.map((text) => [span(blank), span(text)])];
}
