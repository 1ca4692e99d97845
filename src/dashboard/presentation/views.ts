import type { Layout } from '../layout.ts';
import type { Pane, State } from '../state.ts';
import type { StyledLine } from '../styled.ts';
import { withAnswer } from './answer.ts';
import * as chart from './chart.ts';
import * as form from './form.ts';
import * as forum from './forum.ts';
import * as header from './header.ts';
import * as help from './help.ts';
import * as input from './input.ts';
import { finish } from './lines.ts';
import * as members from './members.ts';
import * as rates from './rates.ts';
import * as status from './status.ts';
import * as transfers from './transfers.ts';

/** What can be shown: the panes, the lines around them, and what lies over them. */
export type ViewName = Pane | 'header' | 'status' | 'help' | 'form';

export interface View {
  /** For the border; empty where there is none. At most `width` columns. */
  readonly title: (state: State, width: number) => StyledLine;
  /** At most `height` lines of at most `width` columns. */
  readonly lines: (state: State, width: number, height: number) => StyledLine[];
}

type Draw = View['lines'];

function view(title: View['title'], lines: Draw): View {
  return { title: (state, width) => finish([title(state, width)], state, width, 1)[0] ?? [], lines };
}

/** The forum shows the answer to a typed line; where another pane has the whole screen, that one does. */
function answering(pane: Pane, lines: Draw): Draw {
  return (state, width, height) =>
    state.zoomed === pane
      ? finish(withAnswer(lines(state, width, height), state, width, height), state, width, height)
      : lines(state, width, height);
}

export const VIEWS: Readonly<Record<ViewName, View>> = {
  header: view(header.title, header.header),
  rates: view(rates.title, answering('rates', rates.rates)),
  chart: view(chart.title, answering('chart', chart.chart)),
  forum: view(forum.title, forum.forum),
  members: view(members.title, answering('members', members.members)),
  transfers: view(transfers.title, answering('transfers', transfers.transfers)),
  input: view(input.title, input.input),
  status: view(status.title, status.status),
  help: view(help.title, help.help),
  form: view(form.title, form.form),
};

/** The panes with a border that have a place in a layout. */
export function panesOf(boxes: Layout): Exclude<Pane, 'input'>[] {
  const all = ['rates', 'chart', 'forum', 'members', 'transfers'] as const;
  return all.filter((pane) => boxes[pane] !== undefined);
}
