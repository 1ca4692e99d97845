import { formatSpan } from '../../domain/instant.ts';
import { cut, pad } from '../../repl/table.ts';
import { displayWidth } from '../../repl/width.ts';
import type { State } from '../state.ts';
import { type Span, type StyledLine, span } from '../styled.ts';
import { sentences, waiting } from './empty.ts';
import { finish, squeeze } from './lines.ts';
import { sinceOf } from './moment.ts';
import { simulatedMark } from './simulated.ts';
import { safe } from './text.ts';

export function title(state: State, width: number): StyledLine {
  const count = state.members.length;
  return squeeze(
    [[[span('Members', 'title')]], [count > 0 ? [span(`${count}`, 'muted')] : [], []], [simulatedMark(state), []]],
    [2, 1],
    width,
  );
}

/** Who is there: whether idle, since when, and from where when there is room. */
export function members(state: State, width: number, height: number): StyledLine[] {
  if (state.members.length === 0) {
    const texts = state.membersLoaded ? ['Nobody is signed in.'] : waiting(state, 'who is here');
    return finish(sentences(texts, width), state, width, height);
  }
  const fits = state.members.length <= height;
  const shown = fits ? state.members : state.members.slice(0, Math.max(0, height - 1));
  const rows = shown.map((member) => {
    const isIdle = state.idle.includes(member.name);
    return {
      isIdle,
      isSelf: member.name === state.member?.name,
      name: safe(member.name),
      since:
        isIdle && member.idleMs >= 60_000
          ? `${width >= 30 ? 'idle ' : ''}${formatSpan(member.idleMs)}`
          : sinceOf(member.activeSince, state.now),
      address: `${safe(member.address)}${member.peerPort === null ? '' : `:${member.peerPort}`}`,
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
    const line: Span[] = [
      span(row.isIdle ? '○ ' : '● ', row.isIdle ? 'muted' : 'good'),
      span(pad(cut(row.name, name), name), tone),
    ];
    if (since > 0) line.push(span(` ${pad(row.since, since, 'right')}`, 'muted'));
    if (address > 0) line.push(span(` ${pad(row.address, address)}`, 'muted'));
    return line;
  });
  if (!fits) lines.push([span(`… and ${state.members.length - shown.length} more`, 'muted')]);
  return finish(lines, state, width, height);
}
