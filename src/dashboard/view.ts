import { displayWidth } from '../repl/width.ts';
import type { Box } from './layout.ts';
import { plotArea } from './presentation/chart.ts';
import { type Part, parts } from './presentation/frame.ts';
import { lookOf, THEME } from './presentation/theme.ts';
import type { ViewName } from './presentation/views.ts';
import { PANES, type Pane, type State, type ThemeName } from './state.ts';
import type { StyledLine, Tone } from './styled.ts';
import type { Attributes } from './widgets/cells.ts';
import { Plot } from './widgets/plot.ts';
import type { Screen } from './widgets/screen.ts';
import type { Sheet } from './widgets/sheet.ts';

/** From below to above. */
const ORDER: readonly ViewName[] = [
  'rates',
  'chart',
  'forum',
  'members',
  'transfers',
  'help',
  'form',
  'header',
  'status',
  'input',
];
const NOWHERE: Box = { left: 0, top: 0, width: 0, height: 0 };

/** Puts states on the screen: each part of the picture on a sheet of its own. */
export class View {
  readonly #screen: Screen;
  readonly #isColoured: boolean;
  readonly #sheets = new Map<ViewName, Sheet>();
  readonly #attributes = new Map<ThemeName, Attributes>();
  #parts: readonly Part[] = [];
  #plot: Plot | undefined;
  #cursor: { readonly x: number; readonly y: number } | null = null;
  #lost = true;

  /** @param isColoured false: NO_COLOR, whatever theme is chosen. */
  constructor(screen: Screen, isColoured: boolean) {
    this.#screen = screen;
    this.#isColoured = isColoured;
  }

  paint(state: State): void {
    if (this.#sheets.size === 0) for (const name of ORDER) this.#sheets.set(name, this.#screen.sheet());
    const before = this.#parts;
    this.#parts = parts(state);
    const theme = this.#isColoured ? state.theme : 'plain';
    const attributes = this.#attributesOf(theme);
    // Where boxes went, nothing else may cover what they leave behind.
    if (!this.#lost && uncovers(before, this.#parts)) this.#screen.invalidate();
    let changed = this.#lost;
    for (const [name, sheet] of this.#sheets) {
      const part = this.#parts.find((each) => each.name === name);
      if (sheet.put(part?.box ?? NOWHERE, part?.lines ?? [], attributes)) changed = true;
    }
    if (this.#showPlot(state, theme)) changed = true;
    const cursor = cursorOf(state, this.#parts);
    if (!changed && cursor?.x === this.#cursor?.x && cursor?.y === this.#cursor?.y) return;
    this.#lost = false;
    this.#cursor = cursor;
    this.#screen.paint(cursor);
  }

  /** What the terminal shows is not what was painted: the next paint writes everything. */
  lose(): void {
    this.#lost = true;
    this.#screen.invalidate();
  }

  /** The pane at a place of the screen, and where in its content that is. */
  at(x: number, y: number): { pane: Pane; row: number; column: number; width: number; height: number } | undefined {
    const part = this.#parts.findLast(
      ({ box }) => x >= box.left && x < box.left + box.width && y >= box.top && y < box.top + box.height,
    );
    const pane = PANES.find((each) => each === part?.name);
    if (!part || pane === undefined) return undefined;
    const edge = pane === 'input' ? 0 : 1;
    const { left, top, width, height } = part.box;
    return {
      pane,
      row: y - top - edge,
      column: x - left - edge,
      width: width - 2 * edge,
      height: height - 2 * edge,
    };
  }

  /** Where there is room, the chart's line is drawn once more, with the price that it began at. */
  #showPlot(state: State, theme: ThemeName): boolean {
    const box = this.#parts.find(({ name }) => name === 'chart')?.box;
    const isFree = state.unicode && !state.help && !state.form;
    const inner = box && { left: box.left + 1, top: box.top + 1, width: box.width - 2, height: box.height - 2 };
    const area = inner && isFree ? plotArea(state, inner.width, inner.height) : undefined;
    if (!inner || !area || !Plot.fits(area)) return this.#plot?.hide() ?? false;
    this.#plot ??= this.#screen.plot();
    const { colours } = this.#screen;
    const [line, start] = (['gold', 'muted'] as const).map((tone) => lookOf(THEME[theme], tone, colours));
    return this.#plot.show(area, inner, { line: line!.fg, start: start!.fg, background: line!.bg });
  }

  #attributesOf(name: ThemeName): Attributes {
    const known = this.#attributes.get(name);
    if (known) return known;
    const made = new Map<Tone, number>();
    const { colours } = this.#screen;
    const attributes: Attributes = (tone) => {
      // The terminal's own cursor stands there.
      const shown = tone === 'cursor' ? 'text' : tone;
      let packed = made.get(shown);
      if (packed === undefined) {
        const { fg = 0x1ff, bg = 0x1ff, bold, underline, inverse } = lookOf(THEME[name], shown, colours);
        packed = (((bold ? 1 : 0) | (underline ? 2 : 0) | (inverse ? 8 : 0)) << 18) | (fg << 9) | bg;
        made.set(shown, packed);
      }
      return packed;
    };
    this.#attributes.set(name, attributes);
    return attributes;
  }
}

function uncovers(before: readonly Part[], after: readonly Part[]): boolean {
  return (
    before.length !== after.length ||
    before.some(({ name, box }, i) => {
      const now = after[i]!;
      return (
        name !== now.name || box.width !== now.box.width || box.height !== now.box.height || box.top !== now.box.top
      );
    })
  );
}

/** Where the text that is being typed goes on. */
function cursorOf(state: State, shown: readonly Part[]): { x: number; y: number } | null {
  const name = state.help ? undefined : state.form ? 'form' : state.focus === 'input' ? 'input' : undefined;
  const part = shown.find((each) => each.name === name);
  if (!part) return null;
  for (const [row, line] of part.lines.entries()) {
    const column = columnOfCursor(line);
    if (column !== undefined) return { x: part.box.left + column, y: part.box.top + row };
  }
  return null;
}

function columnOfCursor(line: StyledLine): number | undefined {
  let column = 0;
  for (const { text, tone } of line) {
    if (tone === 'cursor') return column;
    column += displayWidth(text);
  }
  return undefined;
}
