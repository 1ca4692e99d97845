import { membersHeight } from './presentation/members-pane.ts';
import { naturalRatesWidth } from './presentation/rate-columns.ts';
import { transfersHeight } from './presentation/transfers-pane.ts';
import type { InputState, Pane, State } from './state.ts';

/** A rectangle of the screen, borders included. Columns and rows count from 0. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The boxes of the screen. Panes without room are absent. `header`, `status`, `input` and `keys` have no border. */
export type Layout = { readonly header: Box; readonly status: Box; readonly input: Box; readonly keys: Box } & {
  readonly [P in Exclude<Pane, 'input'>]?: Box;
};

/** What decides the layout: the screen, and the room that the content needs. Without `input`, it has one line. */
export type LayoutState = Pick<State, 'columns' | 'rows' | 'zoomed'> &
  Partial<Pick<State, 'rates' | 'ratesView' | 'now' | 'members' | 'files'>> & {
    readonly input?: Pick<InputState, 'text' | 'search'>;
  };

/** A smaller screen shows the forum alone, with a warning. */
export const MIN_SCREEN = { columns: 40, rows: 10 };
/** A lower screen has no key bar of its own: the status line shows keys where it has room. */
const KEY_BAR_ROWS = 20;
/** More lines of input are scrolled. */
const MAX_INPUT_ROWS = 6;
const WIDE_COLUMNS = 140;
/** On a common terminal (80x24), the rates need this for both prices, change and age. */
const RATES_COLUMNS = 46;
const MIN_RATES_COLUMNS = 38;
/** So that the chart does not move whenever a price gets one more digit. */
const RATES_COLUMNS_STEP = 4;
/** With a border: two rows of content. */
const MIN_PANE_ROWS = 4;

function countInputRows(input: LayoutState['input'], rows: number): number {
  if (!input || input.search || rows < MIN_SCREEN.rows) return 1;
  const lines = input.text.split('\n').length;
  return Math.max(1, Math.min(lines, MAX_INPUT_ROWS, Math.floor(rows / 4)));
}

/**
 * Two rows of panes on a common terminal (80x24), rates and chart above forum and members; a third column for members
 * and transfers on a wide one. Rates take the width that they need, and the chart the rest; members and transfers share
 * their column by need. A zoomed pane fills the space between header and input.
 */
export function computeLayout(state: LayoutState): Layout {
  const { columns, rows, zoomed, input } = state;
  const frame = frameBoxes(columns, rows, countInputRows(input, rows));
  const top = 1;
  const height = Math.max(0, rows - 1 - frame.input.height - frame.status.height - frame.keys.height);
  if (zoomed !== null && zoomed !== 'input') return { ...frame, [zoomed]: { left: 0, top, width: columns, height } };
  if (columns < MIN_SCREEN.columns || rows < MIN_SCREEN.rows) {
    return { ...frame, forum: { left: 0, top, width: columns, height } };
  }
  const upper = Math.ceil(height / 2);
  const lower = height - upper;
  if (columns >= WIDE_COLUMNS) {
    const side = Math.min(44, Math.floor(columns * 0.2));
    const main = columns - side;
    const ratesWidth = computeRatesWidth(state, main);
    return {
      ...frame,
      rates: { left: 0, top, width: ratesWidth, height: upper },
      chart: { left: ratesWidth, top, width: main - ratesWidth, height: upper },
      forum: { left: 0, top: top + upper, width: main, height: lower },
      ...sideBoxes(state, { left: main, top, width: side, height }),
    };
  }
  const ratesWidth = computeRatesWidth(state, columns);
  const side = columns >= 60 ? Math.max(22, Math.floor(columns * 0.28)) : 0;
  const forumWidth = columns - side;
  const ratesBox = { left: 0, top, width: columns >= 60 ? ratesWidth : columns, height: upper };
  const upperBoxes =
    columns >= 60
      ? { rates: ratesBox, chart: { left: ratesWidth, top, width: columns - ratesWidth, height: upper } }
      : { rates: ratesBox };
  const lowerBoxes =
    side > 0
      ? {
          forum: { left: 0, top: top + upper, width: forumWidth, height: lower },
          ...sideBoxes(state, { left: forumWidth, top: top + upper, width: side, height: lower }),
        }
      : { forum: { left: 0, top: top + upper, width: columns, height: lower } };
  return { ...frame, ...upperBoxes, ...lowerBoxes };
}

/** What the rates need, at most half of a wide screen. */
function computeRatesWidth({ rates, ratesView, now }: LayoutState, columns: number): number {
  const most = Math.min(columns, Math.max(RATES_COLUMNS, Math.floor(columns / 2)));
  if (rates === undefined || ratesView === undefined || now === undefined) return Math.min(RATES_COLUMNS, most);
  const needed = naturalRatesWidth({ rates, ratesView, now }) + 2;
  const rounded = Math.ceil(needed / RATES_COLUMNS_STEP) * RATES_COLUMNS_STEP;
  return Math.min(Math.max(rounded, MIN_RATES_COLUMNS), most);
}

function sideBoxes({ members, files }: LayoutState, column: Box): Pick<Layout, 'members' | 'transfers'> {
  const needs = [membersHeight(members ?? []) + 2, files ? transfersHeight(files, column.width - 2) + 2 : 0] as const;
  const transfers = shareRows(column.height, ...needs);
  const membersRows = column.height - transfers;
  return {
    members: { ...column, height: membersRows },
    transfers: { ...column, top: column.top + membersRows, height: transfers },
  };
}

/** The second one's share of the rows: what it needs, or half if both need more than there is. The rest is the first's. */
function shareRows(total: number, first: number, second: number): number {
  const half = Math.floor(total / 2);
  const least = Math.min(MIN_PANE_ROWS, half);
  const left = Math.max(half, total - first);
  return Math.max(least, Math.min(second, left, total - least));
}

/** The lines above and below the panes. The input line is the last of them to disappear on a low screen. */
function frameBoxes(
  columns: number,
  rows: number,
  inputRows: number,
): Pick<Layout, 'header' | 'status' | 'input' | 'keys'> {
  const hasKeyBar = rows >= KEY_BAR_ROWS;
  const line = (top: number, height: number): Box => ({ left: 0, top, width: columns, height });
  return {
    header: line(0, rows >= 3 ? 1 : 0),
    status: hasKeyBar ? line(rows - 2 - inputRows, 1) : line(rows - 1, rows >= 2 ? 1 : 0),
    input: line(Math.max(0, rows - 1 - inputRows), inputRows),
    keys: line(rows - 1, hasKeyBar ? 1 : 0),
  };
}

/** The size inside a border. */
export function innerSize(box: Box | undefined): { width: number; height: number } {
  return { width: Math.max(0, (box?.width ?? 0) - 2), height: Math.max(0, (box?.height ?? 0) - 2) };
}

/** A zoomed forum has no side borders, so that what is selected with the mouse contains nothing but posts. */
export function hasSideBorders(pane: string, { zoomed }: Pick<State, 'zoomed'>): boolean {
  return pane !== 'forum' || zoomed !== 'forum';
}

/** The size of the forum inside its border. */
export function forumSize(state: Pick<State, 'columns' | 'rows' | 'zoomed'>): { width: number; height: number } {
  const { forum } = computeLayout(state);
  const { width, height } = innerSize(forum);
  return { width: hasSideBorders('forum', state) ? width : (forum?.width ?? 0), height };
}
