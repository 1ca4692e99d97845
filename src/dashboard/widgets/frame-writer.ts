import { cellWidth } from './cells.ts';

/** A screen row as blessed stores it. */
export type ScreenRow = [attributes: number, text: string][] & { dirty?: boolean };

/** blessed's attributes of a cell without any style. */
const DEFAULT_ATTRIBUTES = (0x1ff << 9) | 0x1ff;
const RESET = '\x1b[m';

/**
 * Writes what changed on the screen. It replaces blessed's own writer, which knows 256 colours at most, maps colours to black
 * where a terminal has none, and depends on the terminfo entry of the machine.
 */
export class FrameWriter {
  readonly #styles: string[] = [];
  readonly #attributesByStyle = new Map<string, number>();

  /**
   * The attributes for cells of a style.
   * @param style the escape sequence that switches to it from the default style; empty for the default
   */
  attributesOf(style: string): number {
    if (style === '') return DEFAULT_ATTRIBUTES;
    let attributes = this.#attributesByStyle.get(style);
    if (attributes === undefined) {
      attributes = -this.#styles.push(style); // negative, unlike those that blessed packs
      this.#attributesByStyle.set(style, attributes);
    }
    return attributes;
  }

  /**
   * The sequences that turn what the terminal shows into what is wanted; empty if nothing changed.
   * @param shown is updated
   */
  frame(wanted: readonly ScreenRow[], shown: readonly ScreenRow[]): string {
    let output = '';
    let attributes = DEFAULT_ATTRIBUTES;
    for (const [y, row] of wanted.entries()) {
      const before = shown[y];
      if (!row.dirty || !before) continue;
      row.dirty = false;
      let cursor = -1;
      for (let x = 0; x < row.length; x++) {
        const cell = row[x]!;
        const old = before[x]!;
        const [style, text] = cell;
        if (style === old[0] && text === old[1]) continue;
        old[0] = style;
        old[1] = text;
        if (text === '') continue; // covered by the wide character before it
        if (cursor !== x) output += `\x1b[${y + 1};${x + 1}H`;
        if (style !== attributes) {
          output += attributes === DEFAULT_ATTRIBUTES ? this.#styleOf(style) : RESET + this.#styleOf(style);
          attributes = style;
        }
        output += text;
        cursor = x + cellWidth(text);
      }
    }
    return attributes === DEFAULT_ATTRIBUTES ? output : output + RESET;
  }

  #styleOf(attributes: number): string {
    if (attributes < 0) return this.#styles[-1 - attributes]!;
    return attributes === DEFAULT_ATTRIBUTES ? '' : packedStyle(attributes);
  }
}

/** The style of attributes that blessed packed, for widgets of other packages. */
function packedStyle(attributes: number): string {
  const flags = attributes >> 18;
  const codes: (number | string)[] = [
    ...(flags & 1 ? [1] : []),
    ...(flags & 2 ? [4] : []),
    ...(flags & 8 ? [7] : []),
    ...colourCodes((attributes >> 9) & 0x1ff, 30),
    ...colourCodes(attributes & 0x1ff, 40),
  ];
  return codes.length === 0 ? '' : `\x1b[${codes.join(';')}m`;
}

function colourCodes(colour: number, base: 30 | 40): (number | string)[] {
  if (colour === 0x1ff) return [];
  if (colour >= 16) return [`${base + 8};5;${colour}`];
  return [colour < 8 ? base + colour : base + 60 + colour - 8];
}
