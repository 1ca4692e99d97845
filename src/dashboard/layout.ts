import type { Pane, State } from './state.ts';

/** A rectangle of the screen, borders included. Columns and rows count from 0. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The boxes of the screen. Panes without room are absent. `header`, `input` and `status` have no border. */
export type Layout = { readonly header: Box; readonly input: Box; readonly status: Box } & {
  readonly [P in Exclude<Pane, 'input'>]?: Box;
};

/** A smaller screen shows the forum alone, with a warning. */
export const MIN_SCREEN = { columns: 40, rows: 10 };
const WIDE_COLUMNS = 140;
const TALL_ROWS = 36;

/**
 * Two rows of panes on a common terminal (80x24), rates and chart above forum and members; a third column for members
 * and transfers on a wide one. A zoomed pane fills the space between header and input.
 */
export function computeLayout({ columns, rows, zoomed }: Pick<State, 'columns' | 'rows' | 'zoomed'>): Layout {
  // The input line is the last of the three to disappear on a low screen.
  const frame = {
    header: { left: 0, top: 0, width: columns, height: rows >= 3 ? 1 : 0 },
    input: { left: 0, top: Math.max(0, rows - 2), width: columns, height: 1 },
    status: { left: 0, top: rows - 1, width: columns, height: rows >= 2 ? 1 : 0 },
  };
  const top = 1;
  const height = Math.max(0, rows - 3);
  if (zoomed !== null && zoomed !== 'input') return { ...frame, [zoomed]: { left: 0, top, width: columns, height } };
  if (columns < MIN_SCREEN.columns || rows < MIN_SCREEN.rows) {
    return { ...frame, forum: { left: 0, top, width: columns, height } };
  }
  const upper = Math.ceil(height / 2);
  const lower = height - upper;
  const ratesWidth = Math.min(Math.max(46, Math.floor(columns * 0.36)), 72, columns);
  if (columns >= WIDE_COLUMNS) {
    const side = Math.min(44, Math.floor(columns * 0.2));
    const main = columns - side;
    const transfers = Math.min(Math.max(6, Math.floor(height / 4)), 14);
    return {
      ...frame,
      rates: { left: 0, top, width: ratesWidth, height: upper },
      chart: { left: ratesWidth, top, width: main - ratesWidth, height: upper },
      forum: { left: 0, top: top + upper, width: main, height: lower },
      members: { left: main, top, width: side, height: height - transfers },
      transfers: { left: main, top: top + height - transfers, width: side, height: transfers },
    };
  }
  const side = columns >= 60 ? Math.max(22, Math.floor(columns * 0.28)) : 0;
  const forumWidth = columns - side;
  const transfers = rows >= TALL_ROWS ? Math.floor(lower / 2) : Math.min(4, Math.floor(lower / 2));
  const ratesBox = { left: 0, top, width: columns >= 60 ? ratesWidth : columns, height: upper };
  const upperBoxes =
    columns >= 60
      ? { rates: ratesBox, chart: { left: ratesWidth, top, width: columns - ratesWidth, height: upper } }
      : { rates: ratesBox };
  const lowerBoxes =
    side > 0
      ? {
          forum: { left: 0, top: top + upper, width: forumWidth, height: lower },
          members: { left: forumWidth, top: top + upper, width: side, height: lower - transfers },
          transfers: { left: forumWidth, top: top + rows - 3 - transfers, width: side, height: transfers },
        }
      : { forum: { left: 0, top: top + upper, width: columns, height: lower } };
  return { ...frame, ...upperBoxes, ...lowerBoxes };
}

/** The size inside a border. */
export function innerSize(box: Box | undefined): { width: number; height: number } {
  return { width: Math.max(0, (box?.width ?? 0) - 2), height: Math.max(0, (box?.height ?? 0) - 2) };
}
