import { createRequire } from 'node:module';
import type blessed from 'blessed';
import { downsample } from '../../repl/chart.ts';
import type { Box } from '../layout.ts';
import type { PlotArea } from '../presentation/chart.ts';

/** Of drawille's context, what is used here. */
interface Context {
  strokeStyle: number | 'normal';
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  stroke(): void;
}

type Canvas = blessed.Widgets.BoxElement & {
  ctx: Context;
  canvasSize: { width: number; height: number };
  calcSize(): void;
};

export interface PlotColours {
  /** Numbers of the palette; undefined: the terminal's own. */
  readonly line: number | undefined;
  readonly start: number | undefined;
  readonly background: number | undefined;
}

/** Smaller than this, one line of characters says as much. */
const LEAST = { width: 40, height: 8 };
/** Dots on and off of the line at which the chart began. */
const DASH = 2;
const GAP = 6;

/**
 * The line of a chart on blessed-contrib's canvas: the price, and, dashed, what it was where the chart begins. Axis,
 * labels and everything else around it are the presentation's.
 */
export class Plot {
  readonly #canvas: Canvas;
  #drawn = '';
  #candles: PlotArea['candles'] | undefined;

  /** @param screen blessed's */
  constructor(screen: blessed.Widgets.Screen) {
    // Loaded with the first chart that is large enough, and alone: the package's index loads forty widgets.
    const require = createRequire(import.meta.url);
    const Canvas = require('blessed-contrib/lib/widget/canvas.js') as new (options: object) => Canvas;
    const canvas = new Canvas({ left: 0, top: 0, width: LEAST.width, height: LEAST.height, hidden: true });
    canvas.calcSize = () => {
      canvas.canvasSize = { width: Number(canvas.width) * 2, height: Number(canvas.height) * 4 };
    };
    this.#canvas = canvas;
    screen.append(canvas);
  }

  /** Whether there is room for it. */
  static fits({ width, height }: PlotArea): boolean {
    return width >= LEAST.width && height >= LEAST.height;
  }

  /**
   * @param pane the inside of the chart's pane
   * @returns whether that differs from what it showed
   */
  show(area: PlotArea, pane: Box, colours: PlotColours): boolean {
    const { width, height, low, high, candles } = area;
    const [left, top] = [pane.left + area.left, pane.top + area.top];
    const drawn = JSON.stringify([left, top, width, height, colours]);
    if (!this.#canvas.hidden && drawn === this.#drawn && candles === this.#candles) return false;
    this.#drawn = drawn;
    this.#candles = candles;
    const canvas = this.#canvas;
    canvas.left = left;
    canvas.top = top;
    canvas.width = width;
    canvas.height = height;
    canvas.style = { fg: 'default', bg: colours.background ?? 'default' };
    canvas.emit('attach'); // the canvas has the size that it had then
    const bottom = height * 4 - 1;
    const yOf = (price: number): number =>
      Math.min(bottom, Math.max(0, Math.round(((high - price) / (high - low)) * bottom)));
    const { ctx } = canvas;
    // A cell has one colour, that of what was drawn last: the price lies over the start.
    stroke(ctx, colours.start, () => {
      const y = yOf(candles[0]!.close);
      for (let x = 0; x < width * 2; x += DASH + GAP) {
        ctx.moveTo(x, y);
        ctx.lineTo(x + DASH - 1, y);
      }
    });
    stroke(ctx, colours.line, () => {
      downsample(candles, width * 2).forEach(([least, most], x) => {
        ctx.moveTo(x, yOf(most));
        ctx.lineTo(x, yOf(least));
      });
    });
    canvas.hidden = false;
    return true;
  }

  /** @returns whether it was there */
  hide(): boolean {
    const was = !this.#canvas.hidden;
    this.#canvas.hidden = true;
    return was;
  }
}

function stroke(context: Context, colour: number | undefined, draw: () => void): void {
  context.strokeStyle = colour ?? 'normal';
  context.beginPath();
  draw();
  context.stroke();
}
