import { formatDuration } from '../../domain/time.ts';
import { padText, truncate } from '../../repl/table.ts';
import { displayWidth } from '../../repl/text-width.ts';
import type { State } from '../state.ts';
import { type StyledLine, type StyledSpan, span } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { emptyStateText, paragraphs } from './empty-state.ts';
import { fitSegments, fitToPane } from './line-layout.ts';
import { simulatedBadge } from './simulated.ts';
import { displayTimeOrDate } from './time-format.ts';

export function membersTitle(state: State, width: number): StyledLine {
  const count = state.members.length;
  return fitSegments(
    [[[span('Members', 'title')]], [count > 0 ? [span(`${count}`, 'muted')] : [], []], [simulatedBadge(state), []]],
    [2, 1],
    width,
  );
}

/** Online members: idle or not, since when, and their address if there is room. */
export function memberLines(state: State, width: number, height: number): StyledLine[] {
  if (state.members.length === 0) {
    const texts = state.hasLoadedMembers ? ['Nobody is online.'] : emptyStateText(state, 'the members');
    return fitToPane(paragraphs(texts, width), state, width, height);
  }
  const fits = state.members.length <= height;
  const visible = fits ? state.members : state.members.slice(0, Math.max(0, height - 1));
  const rows = visible.map((member) => {
    const isIdle = state.idleNames.includes(member.name);
    return {
      isIdle,
      isSelf: member.name === state.member?.name,
      name: displayText(member.name),
      since:
        isIdle && member.idleMs >= 60_000
          ? `${width >= 30 ? 'idle ' : ''}${formatDuration(member.idleMs)}`
          : displayTimeOrDate(member.activeSince, state.now),
      address: `${displayText(member.address)}${member.peerPort === null ? '' : `:${member.peerPort}`}`,
    };
  });
  const widest = (of: (row: (typeof rows)[number]) => string): number =>
    Math.max(0, ...rows.map((row) => displayWidth(of(row))));
  const since = width >= 16 ? widest((row) => row.since) : 0;
  const natural = widest((row) => row.name);
  const room = Math.max(1, width - 2 - (since > 0 ? since + 1 : 0));
  const addresses = widest((row) => row.address);
  const address = room - Math.min(natural, 16) - 1 >= addresses ? addresses : 0;
  const name = Math.min(natural, room - (address > 0 ? address + 1 : 0));
  const lines = rows.map((row): StyledLine => {
    const tone = row.isSelf ? 'self' : row.isIdle ? 'muted' : 'text';
    const line: StyledSpan[] = [
      span(row.isIdle ? '○ ' : '● ', row.isIdle ? 'muted' : 'good'),
      span(padText(truncate(row.name, name), name), tone),
    ];
    if (since > 0) line.push(span(` ${padText(row.since, since, 'right')}`, 'muted'));
    if (address > 0) line.push(span(` ${padText(row.address, address)}`, 'muted'));
    return line;
  });
  if (!fits) lines.push([span(`… and ${state.members.length - visible.length} more`, 'muted')]);
  return fitToPane(lines, state, width, height);
}
