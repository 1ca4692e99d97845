import { RATE_LOOKUP, SHELL_COMMANDS } from '../../repl/grammar.ts';
import { padText } from '../../repl/table.ts';
import { KEY_BINDINGS, type KeyContext } from '../key-bindings.ts';
import { type StyledLine, span } from '../styled-text.ts';
import { keyLabel } from './key-label.ts';
import { padLine } from './line-layout.ts';
import { wrap } from './wrap.ts';

const CONTEXT_NAMES: readonly (readonly [context: KeyContext, name: string])[] = [
  ['global', 'Everywhere'],
  ['panes', 'All panes except the input line'],
  ['rates', 'Rates'],
  ['filter', 'Filter of the rates'],
  ['chart', 'Chart'],
  ['forum', 'Forum'],
  ['members', 'Members'],
  ['transfers', 'Transfers'],
  ['input', 'Input line'],
  ['historySearch', 'Search in earlier input'],
  ['form', 'Sign-in'],
  ['help', 'Help and long answers'],
  ['search', 'Search in them'],
];
/** Narrower columns of help are not readable. */
const MIN_COLUMN_WIDTH = 46;

const linesByWidth = new Map<number, StyledLine[]>();

/** All keys and commands, from their tables, in up to three columns. */
export function helpLines(width: number): StyledLine[] {
  let lines = linesByWidth.get(width);
  if (!lines) {
    if (linesByWidth.size > 8) linesByWidth.clear();
    lines = layoutSections(width);
    linesByWidth.set(width, lines);
  }
  return lines;
}

function layoutSections(width: number): StyledLine[] {
  const columns = Math.max(1, Math.min(3, Math.floor((width + 2) / (MIN_COLUMN_WIDTH + 2))));
  const room = Math.floor((width - (columns - 1) * 2) / columns);
  const keySections = CONTEXT_NAMES.flatMap(([context, name]) => keySection(context, name, room));
  const sections = [...keySections, commandSection(room)];
  if (columns === 1) return sections.flat();
  const total = sections.reduce((sum, each) => sum + each.length, 0);
  const stacks: StyledLine[][] = Array.from({ length: columns }, () => []);
  let at = 0;
  for (const section of sections) {
    // Sections are not split. A new column starts when this one has its share of the lines.
    if (at < columns - 1 && stacks[at]!.length > 0 && stacks[at]!.length + section.length / 2 > total / columns)
      at += 1;
    stacks[at]!.push(...section);
  }
  const rows = Math.max(...stacks.map((stack) => stack.length));
  return Array.from({ length: rows }, (_, row) =>
    stacks.flatMap((stack, i) => {
      const line = stack[row] ?? [];
      return i === columns - 1 ? line : [...padLine(line, room), span('  ')];
    }),
  );
}

function keySection(context: KeyContext, name: string, room: number): StyledLine[][] {
  const rows = KEY_BINDINGS.filter((each) => each.context === context && each.help !== '' && each.keys.length > 0);
  if (rows.length === 0) return [];
  const width = Math.min(18, Math.floor(room / 2));
  return [
    [
      [span(name, 'title')],
      ...rows.flatMap((each) => helpEntry(each.keys.map(keyLabel).join(' '), each.help, width, room)),
      [],
    ],
  ];
}

function commandSection(room: number): StyledLine[] {
  const width = Math.min(30, Math.floor(room / 2));
  const rows = [...SHELL_COMMANDS, RATE_LOOKUP].flatMap(({ name: word, argsHint: follows, help }) =>
    helpEntry(`${word} ${follows}`.trim(), help, width, room),
  );
  return [[span('Commands on the input line', 'title')], ...rows, []];
}

/** A key or command and its description. A long command has a line of its own. */
function helpEntry(usage: string, help: string, width: number, room: number): StyledLine[] {
  const rest = Math.max(1, room - width - 2);
  const texts = wrap(help, rest, rest);
  const indent = ' '.repeat(Math.max(0, room - rest));
  if (usage.length <= width) {
    return texts.map((text, i) => [span(i === 0 ? `${padText(usage, width)}  ` : indent, 'gold'), span(text)]);
  }
  return [[span(usage, 'gold')], ...texts.map((text) => [span(indent), span(text)])];
}
