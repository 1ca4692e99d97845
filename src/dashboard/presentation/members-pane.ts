import { formatDuration } from '../../domain/time.ts';
import { padText, truncate } from '../../repl/table.ts';
import { displayWidth } from '../../repl/text-width.ts';
import type { OnlineMember, State } from '../state.ts';
import { type StyledLine, type StyledSpan, span } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { emptyStateText, paragraphs } from './empty-state.ts';
import { fitSegments, fitToPane, padLine } from './line-layout.ts';
import { displayTimeOrDate } from './time-format.ts';

/** From this width on, the word `idle` and roles are shown. */
const WIDE_COLUMNS = 30;

/** How many members are online; while offline, how many were. */
export function membersTitle(state: State, width: number): StyledLine {
  const count = state.members.length;
  const isOnline = state.connection.phase === 'online';
  return fitSegments(
    [
      [[span('Members', 'title')]],
      [count > 0 ? [span(`${count}`, 'muted')] : [], []],
      [count > 0 && !isOnline ? [span('before it was lost', 'warn')] : [], [span('lost', 'warn')], []],
    ],
    [2, 2, 1],
    width,
  );
}

/** The number of lines that all members need. */
export function membersHeight(members: readonly OnlineMember[]): number {
  return Math.max(1, members.length);
}

/** The position of the member that keys act on. */
export function selectedMemberIndex({ members, selectedMember }: Pick<State, 'members' | 'selectedMember'>): number {
  return Math.max(
    0,
    members.findIndex(({ name }) => name === selectedMember),
  );
}

/** The name of the member on a row of the pane. */
export function memberAt(state: State, height: number, row: number): string | undefined {
  return visibleMembers(state, height).members[row]?.name;
}

/** As many as fit, scrolled so that the selected one is visible. */
function visibleMembers(
  state: State,
  height: number,
): { readonly members: readonly OnlineMember[]; readonly hidden: number; readonly selected: number } {
  const { members } = state;
  const room = members.length <= height ? members.length : Math.max(0, height - 1);
  const selected = selectedMemberIndex(state);
  const from = Math.max(0, Math.min(selected - room + 1, members.length - room));
  return { members: members.slice(from, from + room), hidden: members.length - room, selected: selected - from };
}

/** Online members: idle or not, since when, and on demand their address. Nobody is shown as online while offline. */
export function memberLines(state: State, width: number, height: number): StyledLine[] {
  if (state.members.length === 0) {
    const texts = state.hasLoadedMembers ? ['Nobody is online.'] : emptyStateText(state, 'the members', 'members');
    return fitToPane(paragraphs(texts, width), state, width, height);
  }
  const visible = visibleMembers(state, height);
  const isOnline = state.connection.phase === 'online';
  const rows = visible.members.map((member) => {
    const isIdle = state.idleNames.includes(member.name);
    const role = member.role === undefined || member.role === 'member' ? '' : member.role;
    return {
      isIdle,
      isSelf: member.name === state.member?.name,
      name: displayText(member.name),
      role: width >= WIDE_COLUMNS ? role : '',
      since:
        isIdle && member.idleMs >= 60_000
          ? `${width >= WIDE_COLUMNS ? 'idle ' : ''}${formatDuration(member.idleMs)}`
          : displayTimeOrDate(member.activeSince, state.now),
      address: state.showsAddresses
        ? `${displayText(member.address)}${member.peerPort === null ? '' : `:${member.peerPort}`}`
        : '',
    };
  });
  const widest = (of: (row: (typeof rows)[number]) => string): number =>
    Math.max(0, ...rows.map((row) => displayWidth(of(row))));
  const natural = widest((row) => row.name);
  let left = width - 2 - Math.min(natural, 16);
  const take = (wanted: number): number => {
    if (wanted === 0 || left < wanted + 1) return 0;
    left -= wanted + 1;
    return wanted;
  };
  // The member asked for the address, so it takes the place of all else.
  const wantedAddress = widest((row) => row.address);
  const address = take(wantedAddress) || Math.min(wantedAddress, Math.max(0, width - 2 - 6));
  const since = wantedAddress > 0 && left < 0 ? 0 : width >= 16 ? take(widest((row) => row.since)) : 0;
  const role = take(widest((row) => row.role));
  const used = [since, role, address].reduce((sum, each) => sum + (each > 0 ? each + 1 : 0), 2);
  const name = Math.max(1, Math.min(natural, width - used));
  const lines = rows.map((row, i): StyledLine => {
    const isActive = isOnline && !row.isIdle;
    const tone = row.isSelf ? 'self' : isActive ? 'text' : 'muted';
    const line: StyledSpan[] = [
      span(isActive ? '● ' : '○ ', isActive ? 'good' : 'muted'),
      span(padText(truncate(row.name, name), name), tone),
    ];
    if (role > 0) line.push(span(` ${padText(row.role, role)}`, 'gold'));
    if (since > 0) line.push(span(` ${padText(row.since, since, 'right')}`, 'muted'));
    if (address > 0) line.push(span(` ${padText(truncate(row.address, address), address)}`, 'muted'));
    if (state.focus !== 'members' || i !== visible.selected) return line;
    return padLine(line, width).map(({ text }) => span(text, 'selected'));
  });
  if (visible.hidden > 0) lines.push([span(`… and ${visible.hidden} more`, 'muted')]);
  return fitToPane(lines, state, width, height);
}
