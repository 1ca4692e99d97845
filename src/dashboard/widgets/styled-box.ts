import blessed from 'blessed';
import type { Box } from '../layout.ts';
import type { StyledLine } from '../styled-text.ts';
import { type AttributeLookup, type ScreenCell, toCells } from './cells.ts';
import type { ScreenRow } from './frame-writer.ts';
import type { LinkMarkers } from './link-markers.ts';

/** blessed's types declare the class only as a type. */
const { Box: Element } = blessed as unknown as { Box: typeof blessed.Widgets.BoxElement };

const EMPTY_BOX: Box = { left: 0, top: 0, width: 0, height: 0 };

/**
 * A rectangle of styled lines. It writes its cells directly into blessed's screen buffer, so that blessed never parses
 * tags or escapes in other members' text, and unchanged lines cost nothing.
 */
export class StyledBox extends Element {
  #box: Box = EMPTY_BOX;
  #lines: readonly StyledLine[] = [];
  #attributes: AttributeLookup | undefined;
  #cells: (readonly ScreenCell[])[] = [];

  readonly #links: LinkMarkers | undefined;

  /** @param links undefined: the terminal does not support links */
  constructor(links?: LinkMarkers) {
    super({ left: 0, top: 0, width: 0, height: 0, focusable: false });
    this.#links = links;
  }

  get box(): Box {
    return this.#box;
  }

  /** @returns whether anything changed */
  update(box: Box, lines: readonly StyledLine[], attributes: AttributeLookup): boolean {
    const moved = !isSameBox(box, this.#box) || attributes !== this.#attributes;
    let changed = moved;
    const cells: (readonly ScreenCell[])[] = [];
    for (let row = 0; row < box.height; row++) {
      const line = lines[row] ?? [];
      const before = this.#lines[row];
      if (!moved && before && isSameLine(line, before)) {
        cells.push(this.#cells[row]!);
      } else {
        cells.push(toCells(line, box.width, box.left, attributes, this.#links));
        changed = true;
      }
    }
    this.#box = box;
    this.#lines = Array.from({ length: box.height }, (_, row) => lines[row] ?? []);
    this.#attributes = attributes;
    this.#cells = cells;
    return changed;
  }

  override render(): blessed.Widgets.Coords {
    const rows = (this.screen as unknown as { lines: ScreenRow[] }).lines;
    this.#cells.forEach((cells, y) => {
      const row = rows[this.#box.top + y];
      if (!row) return;
      for (let x = 0; x < cells.length; x++) {
        const cell = row[this.#box.left + x];
        if (!cell) break;
        const [attributes, text] = cells[x]!;
        if (cell[0] === attributes && cell[1] === text) continue;
        cell[0] = attributes;
        cell[1] = text;
        row.dirty = true;
      }
    });
    return undefined as never; // the screen does not use it
  }
}

function isSameBox(a: Box, b: Box): boolean {
  return a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
}

function isSameLine(a: StyledLine, b: StyledLine): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every(({ text, tone, link }, at) => text === b[at]!.text && tone === b[at]!.tone && link === b[at]!.link))
  );
}
