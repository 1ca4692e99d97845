import { type Box, computeLayout } from '../layout.ts';
import type { State } from '../state.ts';

/** Help covers all panes. */
export function helpOverlayBox({ columns, rows }: Pick<State, 'columns' | 'rows'>): Box {
  return { left: 0, top: Math.min(1, rows - 1), width: columns, height: Math.max(0, rows - 3) };
}

/** The sign-in form is centred, and only as large as it needs to be. */
export function formOverlayBox(state: Pick<State, 'columns' | 'rows' | 'zoomed'>): Box {
  const { header, input } = computeLayout(state);
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
