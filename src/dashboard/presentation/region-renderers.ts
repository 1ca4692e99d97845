import type { Layout } from '../layout.ts';
import type { Pane, State } from '../state.ts';
import type { StyledLine } from '../styled-text.ts';
import { chartLines, chartTitle } from './chart-pane.ts';
import { withCommandOutput } from './command-output.ts';
import { forumFooter, forumLines, forumScrollbar, forumTitle } from './forum-pane.ts';
import { headerLines } from './header-bar.ts';
import { inputLines } from './input-line.ts';
import { keyBarLines } from './key-bar.ts';
import { fitToPane } from './line-layout.ts';
import { memberLines, membersTitle } from './members-pane.ts';
import { rateLines, ratesTitle } from './rates-pane.ts';
import { signInLines, signInTitle } from './sign-in-form.ts';
import { statusBarLines } from './status-bar.ts';
import { boxContent, boxTitle } from './text-box.ts';
import { transferLines, transfersTitle } from './transfers-pane.ts';

/** The regions of the screen: panes, the lines around them, and overlays. */
export type RegionName = Pane | 'header' | 'status' | 'keys' | 'help' | 'form';

export interface RegionRenderer {
  /** The title in the border, of at most `width` columns; empty without a border. */
  readonly title: (state: State, width: number) => StyledLine;
  /** At most `height` lines of at most `width` columns. */
  readonly lines: (state: State, width: number, height: number) => StyledLine[];
  /** In the lower border; empty for none. */
  readonly footer?: (state: State) => StyledLine;
  /** Rows of the right border that are a scrollbar; undefined for none. */
  readonly scrollbar?: (state: State, width: number, rows: number) => { top: number; size: number } | undefined;
}

type RenderLines = RegionRenderer['lines'];

function withBorder(title: RegionRenderer['title'], lines: RenderLines): RegionRenderer {
  return { title: (state, width) => fitToPane([title(state, width)], state, width, 1)[0] ?? [], lines };
}

/** Shows command output in a zoomed pane. Otherwise the forum pane shows it. */
function withOutput(pane: Pane, lines: RenderLines): RenderLines {
  return (state, width, height) =>
    state.zoomed === pane
      ? fitToPane(withCommandOutput(lines(state, width, height), state, width, height), state, width, height)
      : lines(state, width, height);
}

export const REGION_RENDERERS: Readonly<Record<RegionName, RegionRenderer>> = {
  header: { title: () => [], lines: headerLines },
  rates: withBorder(ratesTitle, withOutput('rates', rateLines)),
  chart: withBorder(chartTitle, withOutput('chart', chartLines)),
  forum: { ...withBorder(forumTitle, forumLines), footer: forumFooter, scrollbar: forumScrollbar },
  members: withBorder(membersTitle, withOutput('members', memberLines)),
  transfers: withBorder(transfersTitle, withOutput('transfers', transferLines)),
  input: { title: () => [], lines: inputLines },
  status: { title: () => [], lines: statusBarLines },
  keys: { title: () => [], lines: keyBarLines },
  help: withBorder(boxTitle, boxContent),
  form: withBorder(signInTitle, signInLines),
};

/** The bordered panes that the layout has room for. */
export function panesInLayout(boxes: Layout): Exclude<Pane, 'input'>[] {
  const all = ['rates', 'chart', 'forum', 'members', 'transfers'] as const;
  return all.filter((pane) => boxes[pane] !== undefined);
}
