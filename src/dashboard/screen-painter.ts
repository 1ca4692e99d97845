import { displayWidth } from '../repl/text-width.ts';
import type { ActionOf } from './action.ts';
import { type Box, hasSideBorders } from './layout.ts';
import { sgrPrefix } from './presentation/ansi.ts';
import { plotArea } from './presentation/chart-plot.ts';
import type { RegionName } from './presentation/region-renderers.ts';
import { type ScreenRegion, screenRegions } from './presentation/screen-frame.ts';
import { openBox } from './presentation/text-box.ts';
import type { ColourDepth, ThemeByName } from './presentation/theme.ts';
import { PANES, type State, type ThemeName } from './state.ts';
import type { StyledLine, Tone } from './styled-text.ts';
import { BrailleCanvas } from './widgets/braille-canvas.ts';
import type { AttributeLookup } from './widgets/cells.ts';
import type { Screen } from './widgets/screen.ts';
import type { StyledBox } from './widgets/styled-box.ts';

/** From bottom to top. */
const Z_ORDER: readonly RegionName[] = [
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
  'keys',
];
const EMPTY_BOX: Box = { left: 0, top: 0, width: 0, height: 0 };

export interface ScreenPainterOptions {
  readonly themes: ThemeByName;
  /** 0: NO_COLOR is set, or the terminal has none. Overrides the theme. */
  readonly colours: ColourDepth;
}

/** Paints states on the screen, each region in its own box. */
export class ScreenPainter {
  readonly #screen: Screen;
  readonly #options: ScreenPainterOptions;
  /** Also on a terminal without colours: the plain theme has bold and inverse text. */
  readonly #colours: ColourDepth;
  readonly #boxes = new Map<RegionName, StyledBox>();
  readonly #attributes = new Map<ThemeName, AttributeLookup>();
  #regions: readonly ScreenRegion[] = [];
  #canvas: BrailleCanvas | undefined;
  #cursor: { readonly x: number; readonly y: number } | null = null;
  #isInvalid = true;
  /** The pane without side borders, if any. */
  #borderless: RegionName | undefined;

  constructor(screen: Screen, options: ScreenPainterOptions) {
    this.#screen = screen;
    this.#options = options;
    this.#colours = options.colours === 0 ? 8 : options.colours;
  }

  paint(state: State): void {
    if (this.#boxes.size === 0) for (const name of Z_ORDER) this.#boxes.set(name, this.#screen.addBox());
    const before = this.#regions;
    this.#regions = screenRegions(state);
    this.#borderless = hasSideBorders('forum', state) ? undefined : 'forum';
    if (this.#screen.renewLinks()) this.#attributes.clear(); // other attributes make the boxes render everything
    const theme = this.#options.colours > 0 ? state.theme : 'plain';
    this.#screen.setMouse(state.mouse);
    const attributes = this.#attributesFor(theme);
    // A box that moved may leave old cells behind that no other box covers.
    if (!this.#isInvalid && hasLayoutChanged(before, this.#regions)) this.#screen.invalidate();
    let changed = this.#isInvalid;
    for (const [name, box] of this.#boxes) {
      const region = this.#regions.find((each) => each.name === name);
      if (box.update(region?.box ?? EMPTY_BOX, region?.lines ?? [], attributes)) changed = true;
    }
    if (this.#updateCanvas(state, attributes)) changed = true;
    const cursor = cursorPosition(state, this.#regions);
    if (!changed && cursor?.x === this.#cursor?.x && cursor?.y === this.#cursor?.y) return;
    this.#isInvalid = false;
    this.#cursor = cursor;
    this.#screen.paint(cursor);
  }

  /** Marks the screen content as lost: the next paint writes every cell. */
  invalidate(): void {
    this.#isInvalid = true;
    this.#screen.invalidate();
  }

  /** The pane at a position of the screen, and the position within its content. */
  hitTest(x: number, y: number): Omit<ActionOf<'click'>, 'type'> | undefined {
    const region = this.#regions.findLast(
      ({ box }) => x >= box.left && x < box.left + box.width && y >= box.top && y < box.top + box.height,
    );
    const pane = PANES.find((each) => each === region?.name);
    if (!region || pane === undefined) return undefined;
    const border = pane === 'input' ? 0 : 1;
    const side = pane === 'input' || region.name === this.#borderless ? 0 : 1;
    const { left, top, width, height } = region.box;
    return {
      pane,
      row: y - top - border,
      column: x - left - side,
      width: width - 2 * side,
      height: height - 2 * border,
    };
  }

  /** Draws the lines of the chart, if there is room. */
  #updateCanvas(state: State, attributes: AttributeLookup): boolean {
    const box = this.#regions.find(({ name }) => name === 'chart')?.box;
    const isFree = state.unicode && !openBox(state) && !state.form;
    const inner = box && { left: box.left + 1, top: box.top + 1, width: box.width - 2, height: box.height - 2 };
    const area = inner && isFree ? plotArea(state, inner.width, inner.height) : undefined;
    if (!inner || !area || !BrailleCanvas.fits(area)) return this.#canvas?.hide() ?? false;
    this.#canvas ??= this.#screen.addCanvas();
    return this.#canvas.show(area, inner, attributes);
  }

  #attributesFor(name: ThemeName): AttributeLookup {
    const known = this.#attributes.get(name);
    if (known) return known;
    const byTone = new Map<Tone, number>();
    const attributes: AttributeLookup = (tone) => {
      // The terminal's own cursor marks this cell.
      const visible = tone === 'cursor' ? 'text' : tone;
      let found = byTone.get(visible);
      if (found === undefined) {
        found = this.#screen.attributesOf(sgrPrefix(this.#options.themes[name], visible, this.#colours));
        byTone.set(visible, found);
      }
      return found;
    };
    this.#attributes.set(name, attributes);
    return attributes;
  }
}

function hasLayoutChanged(before: readonly ScreenRegion[], after: readonly ScreenRegion[]): boolean {
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

/** The screen position of the text cursor. */
function cursorPosition(state: State, regions: readonly ScreenRegion[]): { x: number; y: number } | null {
  const name = openBox(state) ? 'help' : state.form ? 'form' : state.focus === 'input' ? 'input' : undefined;
  const region = regions.find((each) => each.name === name);
  if (!region) return null;
  for (const [row, line] of region.lines.entries()) {
    const column = cursorColumn(line);
    if (column !== undefined) return { x: region.box.left + column, y: region.box.top + row };
  }
  return null;
}

function cursorColumn(line: StyledLine): number | undefined {
  let column = 0;
  for (const { text, tone } of line) {
    if (tone === 'cursor') return column;
    column += displayWidth(text);
  }
  return undefined;
}
