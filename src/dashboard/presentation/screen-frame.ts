import type { SafeText } from '../../domain/safe-text.ts';
import { type Box, computeLayout } from '../layout.ts';
import type { State } from '../state.ts';
import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';
import { toAnsi } from './ansi.ts';
import { fitToPane, lineWidth, padLine, sliceColumns } from './line-layout.ts';
import { formOverlayBox, helpOverlayBox } from './overlay-layout.ts';
import { panesInLayout, REGION_RENDERERS, type RegionName } from './region-renderers.ts';
import type { ColourDepth, Theme } from './theme.ts';

/** The whole screen as text: `rows` lines of `columns` columns, with escape sequences unless `colours` is 0. */
export function renderFrame(state: State, theme: Theme, { colours }: { colours: ColourDepth }): SafeText[] {
  return composeScreen(state).map((line) => toAnsi(line, theme, colours));
}

/** A rectangle of the screen with its content, border included. */
export interface ScreenRegion {
  readonly name: RegionName;
  readonly box: Box;
  readonly lines: readonly StyledLine[];
}

/** The whole screen: `rows` lines of exactly `columns` columns. */
export function composeScreen(state: State): StyledLine[] {
  const { columns, rows } = state;
  const lines = Array.from({ length: Math.max(0, rows) }, (): StyledLine => []);
  for (const { box, lines: content } of screenRegions(state)) drawOver(lines, box, content);
  return lines.map((line) => padLine(line, columns));
}

/** The regions of the screen. Later ones cover earlier ones. */
export function screenRegions(state: State): ScreenRegion[] {
  const boxes = computeLayout(state);
  const regions: ScreenRegion[] = [];
  const add = (name: RegionName, box: Box, isFocused: boolean): void => {
    if (box.width >= 2 && box.height >= 2) regions.push({ name, box, lines: withBorder(state, box, name, isFocused) });
  };
  if (state.help) add('help', helpOverlayBox(state), true);
  else for (const pane of panesInLayout(boxes)) add(pane, boxes[pane]!, pane === state.focus && !state.form);
  if (state.form && !state.help) add('form', formOverlayBox(state), true);
  for (const name of ['header', 'status', 'input'] as const) {
    const box = boxes[name];
    if (box.height > 0) regions.push({ name, box, lines: REGION_RENDERERS[name].lines(state, box.width, 1) });
  }
  return regions;
}

/** A region with its border and title. */
function withBorder(state: State, { width, height }: Box, name: RegionName, isFocused: boolean): StyledLine[] {
  const [inner, rows] = [width - 2, height - 2];
  const renderer = REGION_RENDERERS[name];
  const tone: Tone = isFocused ? 'gold' : 'muted';
  const title = inner >= 4 ? renderer.title(state, inner - 3) : [];
  const heading: StyledSpan[] = title.length === 0 ? [] : [span('─ ', tone), ...title, span(' ', tone)];
  const top = [span('┌', tone), ...heading, span(`${'─'.repeat(inner - lineWidth(heading))}┐`, tone)];
  const content = renderer.lines(state, inner, rows);
  const body = Array.from({ length: rows }, (_, i) => [
    span('│', tone),
    ...padLine(content[i] ?? [], inner),
    span('│', tone),
  ]);
  const bottom = [span(`└${'─'.repeat(inner)}┘`, tone)];
  return fitToPane([top, ...body, bottom], state, width, height);
}

/** Draws lines over the existing ones, at the full width of the box. */
function drawOver(lines: StyledLine[], { left, top, width }: Box, content: readonly StyledLine[]): void {
  content.forEach((line, i) => {
    const below = lines[top + i];
    if (below === undefined) return;
    lines[top + i] = [
      ...padLine(sliceColumns(below, 0, left), left),
      ...padLine(line, width),
      ...sliceColumns(below, left + width, Number.MAX_SAFE_INTEGER),
    ];
  });
}
