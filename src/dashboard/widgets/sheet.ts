import blessed from 'blessed';
import type { Box } from '../layout.ts';
import type { StyledLine } from '../styled.ts';
import { type Attributes, type Cell, cellsOf } from './cells.ts';

/** A screen row as blessed keeps it. */
export type Row = [attributes: number, text: string][] & { dirty?: boolean };

/** The types know it as a type only. */
const { Box: Element } = blessed as unknown as { Box: typeof blessed.Widgets.BoxElement };

const NOWHERE: Box = { left: 0, top: 0, width: 0, height: 0 };

/**
 * A rectangle of styled lines. It writes its cells into blessed's screen buffer itself: no tags and no escapes of other
 * people's text are ever parsed, and a line that did not change costs nothing.
 */
export class Sheet extends Element {
  #box: Box = NOWHERE;
  #lines: readonly StyledLine[] = [];
  #attributes: Attributes | undefined;
  #cells: (readonly Cell[])[] = [];

  constructor() {
    super({ left: 0, top: 0, width: 0, height: 0, focusable: false });
  }

  get box(): Box {
    return this.#box;
  }

  /** What it shows, and where. Whether that differs from before. */
  put(box: Box, lines: readonly StyledLine[], attributes: Attributes): boolean {
    const moved = !sameBox(box, this.#box) || attributes !== this.#attributes;
    let changed = moved;
    const cells: (readonly Cell[])[] = [];
    for (let row = 0; row < box.height; row++) {
      const line = lines[row] ?? [];
      const before = this.#lines[row];
      if (!moved && before && sameLine(line, before)) {
        cells.push(this.#cells[row]!);
      } else {
        cells.push(cellsOf(line, box.width, box.left, attributes));
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
    const rows = (this.screen as unknown as { lines: Row[] }).lines;
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
    return undefined as never; // the screen asks for none
  }
}

function sameBox(a: Box, b: Box): boolean {
  return a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;
}

function sameLine(a: StyledLine, b: StyledLine): boolean {
  return (
    a === b || (a.length === b.length && a.every(({ text, tone }, at) => text === b[at]!.text && tone === b[at]!.tone))
  );
}
