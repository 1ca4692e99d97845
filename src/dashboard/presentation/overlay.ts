import { type Box, layout } from '../layout.ts';
import type { State } from '../state.ts';

/** Where help lies: over all the panes. */
export function helpBox({ columns, rows }: Pick<State, 'columns' | 'rows'>): Box {
  return { left: 0, top: Math.min(1, rows - 1), width: columns, height: Math.max(0, rows - 3) };
}

/** Where the sign-in form lies: in the middle, as large as it needs to be. */
export function formBox(state: Pick<State, 'columns' | 'rows' | 'zoomed'>): Box {
  const { header, input } = layout(state);
  const room = Math.max(0, input.top - header.height);
  const width = Math.min(60, state.columns);
  const height = Math.min(11, room);
  return {
    left: Math.floor((state.columns - width) / 2),
    top: header.height + Math.floor((room - height) / 2),
    width,
    height,
  };
}
