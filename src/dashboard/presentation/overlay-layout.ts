import { type Box, computeLayout } from '../layout.ts';
import type { State } from '../state.ts';

type OverlayState = Pick<State, 'columns' | 'rows' | 'zoomed' | 'input'>;

/** Help and long answers cover all panes. */
export function helpOverlayBox(state: OverlayState): Box {
  const { top, height } = paneRows(state);
  return { left: 0, top, width: state.columns, height };
}

/** The sign-in form is centred. It is as high as its message needs. */
export function formOverlayBox(state: OverlayState, contentHeight = 9): Box {
  const room = paneRows(state);
  const width = Math.min(60, state.columns);
  const height = Math.min(Math.max(9, contentHeight) + 2, room.height);
  return {
    left: Math.floor((state.columns - width) / 2),
    top: room.top + Math.floor((room.height - height) / 2),
    width,
    height,
  };
}

/** The rows of the screen that panes can have. */
function paneRows(state: OverlayState): Pick<Box, 'top' | 'height'> {
  const { header, status, input } = computeLayout(state);
  const top = Math.min(header.height, state.rows - 1);
  return { top, height: Math.max(0, Math.min(status.top, input.top) - top) };
}
