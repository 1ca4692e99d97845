import type { SafeText } from '../../domain/safe-text.ts';
import { type Box, computeLayout, hasSideBorders, innerSize } from '../layout.ts';
import type { State } from '../state.ts';
import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';
import { toAnsi } from './ansi.ts';
import { clipLine, fitToPane, lineWidth, padLine, sliceColumns } from './line-layout.ts';
import { formOverlayBox, helpOverlayBox } from './overlay-layout.ts';
import { panesInLayout, REGION_RENDERERS, type RegionName } from './region-renderers.ts';
import { signInHeight } from './sign-in-form.ts';
import { openBox } from './text-box.ts';
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
  const hasBox = openBox(state) !== null;
  if (hasBox) add('help', helpOverlayBox(state), true);
  else for (const pane of panesInLayout(boxes)) add(pane, boxes[pane]!, pane === state.focus && !state.form);
  if (state.form && !hasBox) {
    const { width } = innerSize(formOverlayBox(state));
    add('form', formOverlayBox(state, signInHeight(state, width)), true);
  }
  for (const name of ['header', 'status', 'input', 'keys'] as const) {
    const box = boxes[name];
    if (box.height > 0) regions.push({ name, box, lines: REGION_RENDERERS[name].lines(state, box.width, box.height) });
  }
  return regions;
}

/** A region with its border and title. */
function withBorder(state: State, { width, height }: Box, name: RegionName, isFocused: boolean): StyledLine[] {
  const side = hasSideBorders(name, state) ? 1 : 0;
  const [inner, rows] = [width - 2 * side, height - 2];
  const renderer = REGION_RENDERERS[name];
  const tone: Tone = isFocused ? 'gold' : 'muted';
  const rule = (left: string, text: StyledLine, right: string): StyledLine => {
    const heading: StyledSpan[] = text.length === 0 ? [] : [span('─ ', tone), ...text, span(' ', tone)];
    const line = span('─'.repeat(Math.max(0, width - 2 - lineWidth(heading))), tone);
    return [span(left, tone), ...heading, line, span(right, tone)];
  };
  const title = width >= 6 ? renderer.title(state, width - 5) : [];
  const footer = width >= 6 ? clipLine(renderer.footer?.(state) ?? [], width - 5) : [];
  const content = renderer.lines(state, inner, rows);
  const bar = side === 1 ? renderer.scrollbar?.(state, inner, rows) : undefined;
  const body = Array.from({ length: rows }, (_, i): StyledLine => {
    const line = padLine(content[i] ?? [], inner);
    if (side === 0) return line;
    const isBar = bar !== undefined && i >= bar.top && i < bar.top + bar.size;
    return [span('│', tone), ...line, span(isBar ? '█' : '│', tone)];
  });
  return fitToPane([rule('┌', title, '┐'), ...body, rule('└', footer, '┘')], state, width, height);
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
