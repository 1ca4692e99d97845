import { createRequire } from 'node:module';
import type blessed from 'blessed';
import { valueToRow } from '../../repl/line-chart.ts';
import type { Box } from '../layout.ts';
import type { PlotArea, PlotLayer } from '../presentation/chart-plot.ts';
import type { AttributeLookup, ScreenCell } from './cells.ts';
import type { ScreenRow } from './frame-writer.ts';

/** The part of drawille's context that is used here. */
interface DrawingContext {
  /** One braille mask per cell. */
  readonly _canvas: { readonly content: Buffer; clear(): void };
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  stroke(): void;
}

type BlessedCanvas = blessed.Widgets.BoxElement & {
  ctx: DrawingContext;
  canvasSize: { width: number; height: number };
  calcSize(): void;
};

/** On a smaller chart, the text lines show as much. */
const MIN_CANVAS = { width: 40, height: 8 };
const BRAILLE_BLANK = 0x2800;

/**
 * Draws the lines of a chart on blessed-contrib's canvas, over what the presentation draws: axes, labels, grid. Cells
 * without dots are transparent. The cells go directly into blessed's screen buffer: blessed would wrap the canvas's text
 * at a space near the end of a row, because it counts escape sequences as characters there.
 */
export class BrailleCanvas {
  readonly #canvas: BlessedCanvas;
  #drawnKey = '';
  #layers: readonly PlotLayer[] | undefined;
  #attributes: AttributeLookup | undefined;
  #origin = { left: 0, top: 0 };
  #rows: (ScreenCell | undefined)[][] = [];

  /** @param screen blessed's screen */
  constructor(screen: blessed.Widgets.Screen) {
    // Loaded on demand and by its path, because the package's index loads forty widgets.
    const require = createRequire(import.meta.url);
    const Canvas = require('blessed-contrib/lib/widget/canvas.js') as new (options: object) => BlessedCanvas;
    const canvas = new Canvas({ left: 0, top: 0, width: MIN_CANVAS.width, height: MIN_CANVAS.height, hidden: true });
    canvas.calcSize = () => {
      canvas.canvasSize = { width: Number(canvas.width) * 2, height: Number(canvas.height) * 4 };
    };
    canvas.render = () => {
      if (!canvas.hidden) this.#writeCells((screen as unknown as { lines: ScreenRow[] }).lines);
      return undefined as never; // the screen does not use it
    };
    this.#canvas = canvas;
    screen.append(canvas);
  }

  /** Whether the area is large enough. */
  static fits({ width, height }: PlotArea): boolean {
    return width >= MIN_CANVAS.width && height >= MIN_CANVAS.height;
  }

  /**
   * @param pane the inside of the chart's pane
   * @returns whether anything changed
   */
  show(area: PlotArea, pane: Box, attributes: AttributeLookup): boolean {
    const { width, height, layers } = area;
    const [left, top] = [pane.left + area.left, pane.top + area.top];
    const key = `${left} ${top} ${width} ${height}`;
    const isDrawn = key === this.#drawnKey && layers === this.#layers && attributes === this.#attributes;
    if (!this.#canvas.hidden && isDrawn) return false;
    this.#drawnKey = key;
    this.#layers = layers;
    this.#attributes = attributes;
    this.#origin = { left, top };
    const canvas = this.#canvas;
    canvas.width = width;
    canvas.height = height;
    canvas.emit('attach'); // makes the canvas read its new size
    this.#draw(area, attributes);
    canvas.hidden = false;
    return true;
  }

  /** @returns whether it was visible */
  hide(): boolean {
    const wasVisible = !this.#canvas.hidden;
    this.#canvas.hidden = true;
    return wasVisible;
  }

  /** A cell has the tone of the last layer that has dots in it. */
  #draw({ width, height, layers, axis }: PlotArea, attributes: AttributeLookup): void {
    const { ctx } = this.#canvas;
    const masks = new Uint8Array(width * height);
    this.#rows = Array.from({ length: height }, () => new Array<ScreenCell | undefined>(width).fill(undefined));
    const yOf = (price: number): number => valueToRow(price, axis.low, axis.high, height * 4);
    for (const { tone, ranges } of layers) {
      ctx._canvas.clear();
      ctx.beginPath();
      ranges.forEach((range, x) => {
        if (!range) return;
        ctx.moveTo(x, yOf(range[1]));
        ctx.lineTo(x, yOf(range[0]));
      });
      ctx.stroke();
      ctx._canvas.content.forEach((mask, i) => {
        if (mask === 0) return;
        masks[i]! |= mask;
        const text = String.fromCharCode(BRAILLE_BLANK + masks[i]!) as ScreenCell[1];
        this.#rows[Math.floor(i / width)]![i % width] = [attributes(tone), text];
      });
    }
  }

  #writeCells(lines: readonly ScreenRow[]): void {
    const { left, top } = this.#origin;
    this.#rows.forEach((cells, y) => {
      const row = lines[top + y];
      if (!row) return;
      cells.forEach((cell, x) => {
        const below = row[left + x];
        if (!cell || !below || (below[0] === cell[0] && below[1] === cell[1])) return;
        [below[0], below[1]] = cell;
        row.dirty = true;
      });
    });
  }
}
