import type { SafeText } from '../../domain/safe-text.ts';
import { type Box, layout } from '../layout.ts';
import type { State } from '../state.ts';
import { type Span, type StyledLine, span, type Tone } from '../styled.ts';
import { toAnsi } from './ansi.ts';
import { fill, finish, slice, widthOf } from './lines.ts';
import { formBox, helpBox } from './overlay.ts';
import type { Colours, Theme } from './theme.ts';
import { panesOf, VIEWS, type ViewName } from './views.ts';

/** The whole screen as text: `rows` lines of `columns` columns, with escape sequences unless `colours` is 0. */
export function frame(state: State, theme: Theme, { colours }: { colours: Colours }): SafeText[] {
  return screen(state).map((line) => toAnsi(line, theme, colours));
}

/** A rectangle of the screen and what stands in it, border included. */
export interface Part {
  readonly name: ViewName;
  readonly box: Box;
  readonly lines: readonly StyledLine[];
}

/** The whole screen: `rows` lines of exactly `columns` columns. */
export function screen(state: State): StyledLine[] {
  const { columns, rows } = state;
  const lines = Array.from({ length: Math.max(0, rows) }, (): StyledLine => []);
  for (const part of parts(state)) place(lines, part.box, part.lines);
  return lines.map((line) => fill(line, columns));
}

/** What the screen is made of; what comes later lies over what comes before. */
export function parts(state: State): Part[] {
  const boxes = layout(state);
  const made: Part[] = [];
  const add = (name: ViewName, box: Box, isFocused: boolean): void => {
    if (box.width >= 2 && box.height >= 2) made.push({ name, box, lines: bordered(state, box, name, isFocused) });
  };
  if (state.help) add('help', helpBox(state), true);
  else for (const pane of panesOf(boxes)) add(pane, boxes[pane]!, pane === state.focus && !state.form);
  if (state.form && !state.help) add('form', formBox(state), true);
  for (const name of ['header', 'status', 'input'] as const) {
    const box = boxes[name];
    if (box.height > 0) made.push({ name, box, lines: VIEWS[name].lines(state, box.width, 1) });
  }
  return made;
}

/** A view with its border and title. */
function bordered(state: State, { width, height }: Box, name: ViewName, isFocused: boolean): StyledLine[] {
  const [inner, rows] = [width - 2, height - 2];
  const view = VIEWS[name];
  const tone: Tone = isFocused ? 'gold' : 'muted';
  const title = inner >= 4 ? view.title(state, inner - 3) : [];
  const heading: Span[] = title.length === 0 ? [] : [span('─ ', tone), ...title, span(' ', tone)];
  const top = [span('┌', tone), ...heading, span(`${'─'.repeat(inner - widthOf(heading))}┐`, tone)];
  const content = view.lines(state, inner, rows);
  const body = Array.from({ length: rows }, (_, i) => [
    span('│', tone),
    ...fill(content[i] ?? [], inner),
    span('│', tone),
  ]);
  const bottom = [span(`└${'─'.repeat(inner)}┘`, tone)];
  return finish([top, ...body, bottom], state, width, height);
}

/** Puts lines over what is there already, from the left and top of a box on, at its full width. */
function place(lines: StyledLine[], { left, top, width }: Box, content: readonly StyledLine[]): void {
  content.forEach((line, i) => {
    const below = lines[top + i];
    if (below === undefined) return;
    lines[top + i] = [
      ...fill(slice(below, 0, left), left),
      ...fill(line, width),
      ...slice(below, left + width, Number.MAX_SAFE_INTEGER),
    ];
  });
}
