import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';

const BRAILLE_BLANK = 0x2800;

/** A drawing of single cells, each with a glyph of one column and a tone. Later glyphs replace earlier ones. */
export class CellGrid {
  readonly width: number;
  readonly height: number;
  readonly #glyphs: string[][];
  readonly #tones: Tone[][];
  /** The dots of lines, so that two lines share a cell. */
  readonly #dots: Uint8Array[];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#glyphs = Array.from({ length: height }, () => new Array<string>(width).fill(' '));
    this.#tones = Array.from({ length: height }, () => new Array<Tone>(width).fill('text'));
    this.#dots = Array.from({ length: height }, () => new Uint8Array(width));
  }

  /** Ignores positions outside of the drawing. */
  set(x: number, y: number, glyph: string, tone: Tone): void {
    const row = this.#glyphs[y];
    if (!row || x < 0 || x >= this.width) return;
    row[x] = glyph;
    this.#tones[y]![x] = tone;
  }

  /** Adds braille dots, one mask per cell. */
  addDots(masks: readonly Uint8Array[], tone: Tone): void {
    masks.forEach((row, y) => {
      row.forEach((mask, x) => {
        if (mask === 0) return;
        this.#dots[y]![x]! |= mask;
        this.set(x, y, String.fromCharCode(BRAILLE_BLANK + this.#dots[y]![x]!), tone);
      });
    });
  }

  write(x: number, y: number, text: string, tone: Tone): void {
    for (const [i, glyph] of [...text].entries()) this.set(x + i, y, glyph, tone);
  }

  toLines(): StyledLine[] {
    return this.#glyphs.map((glyphs, y) => {
      const tones = this.#tones[y]!;
      const line: StyledSpan[] = [];
      let text = '';
      glyphs.forEach((glyph, x) => {
        text += glyph;
        if (x + 1 < this.width && tones[x + 1] === tones[x]) return;
        line.push(span(text, tones[x]));
        text = '';
      });
      return line;
    });
  }
}
