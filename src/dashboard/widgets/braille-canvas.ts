import { createRequire } from 'node:module';
import type blessed from 'blessed';
import { downsample } from '../../repl/line-chart.ts';
import type { Box } from '../layout.ts';
import type { PlotArea } from '../presentation/chart-pane.ts';

/** The part of drawille's context that is used here. */
interface DrawingContext {
  strokeStyle: number | 'normal';
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

export interface PlotColours {
  /** Palette numbers; undefined: the terminal's default. */
  readonly line: number | undefined;
  readonly start: number | undefined;
  readonly background: number | undefined;
}

/** On a smaller chart, the text line shows as much. */
const MIN_CANVAS = { width: 40, height: 8 };
/** The dash pattern of the start line, in dots. */
const DASH_DOTS = 2;
const GAP_DOTS = 6;

/**
 * Draws a chart's price line, and a dashed line at its first price, on blessed-contrib's canvas. The presentation draws
 * the axes and labels.
 */
export class BrailleCanvas {
  readonly #canvas: BlessedCanvas;
  #drawnKey = '';
  #candles: PlotArea['candles'] | undefined;

  /** @param screen blessed's screen */
  constructor(screen: blessed.Widgets.Screen) {
    // Loaded on demand and by its path, because the package's index loads forty widgets.
    const require = createRequire(import.meta.url);
    const Canvas = require('blessed-contrib/lib/widget/canvas.js') as new (options: object) => BlessedCanvas;
    const canvas = new Canvas({ left: 0, top: 0, width: MIN_CANVAS.width, height: MIN_CANVAS.height, hidden: true });
    canvas.calcSize = () => {
      canvas.canvasSize = { width: Number(canvas.width) * 2, height: Number(canvas.height) * 4 };
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
  show(area: PlotArea, pane: Box, colours: PlotColours): boolean {
    const { width, height, low, high, candles } = area;
    const [left, top] = [pane.left + area.left, pane.top + area.top];
    const key = JSON.stringify([left, top, width, height, colours]);
    if (!this.#canvas.hidden && key === this.#drawnKey && candles === this.#candles) return false;
    this.#drawnKey = key;
    this.#candles = candles;
    const canvas = this.#canvas;
    canvas.left = left;
    canvas.top = top;
    canvas.width = width;
    canvas.height = height;
    canvas.style = { fg: 'default', bg: colours.background ?? 'default' };
    canvas.emit('attach'); // makes the canvas read its new size
    const bottom = height * 4 - 1;
    const yOf = (price: number): number =>
      Math.min(bottom, Math.max(0, Math.round(((high - price) / (high - low)) * bottom)));
    const { ctx } = canvas;
    // A cell has the colour of what was drawn last, so the price line is drawn over the start line.
    strokePath(ctx, colours.start, () => {
      const y = yOf(candles[0]!.close);
      for (let x = 0; x < width * 2; x += DASH_DOTS + GAP_DOTS) {
        ctx.moveTo(x, y);
        ctx.lineTo(x + DASH_DOTS - 1, y);
      }
    });
    strokePath(ctx, colours.line, () => {
      downsample(candles, width * 2).forEach(([least, most], x) => {
        ctx.moveTo(x, yOf(most));
        ctx.lineTo(x, yOf(least));
      });
    });
    canvas.hidden = false;
    return true;
  }

  /** @returns whether it was visible */
  hide(): boolean {
    const wasVisible = !this.#canvas.hidden;
    this.#canvas.hidden = true;
    return wasVisible;
  }
}

function strokePath(context: DrawingContext, colour: number | undefined, draw: () => void): void {
  context.strokeStyle = colour ?? 'normal';
  context.beginPath();
  draw();
  context.stroke();
}
