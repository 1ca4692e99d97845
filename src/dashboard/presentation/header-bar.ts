import { formatDuration } from '../../domain/time.ts';
import type { State } from '../state.ts';
import { type StyledLine, span } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { fitSegments, fitToPane, justify, type LineSegment, lineWidth } from './line-layout.ts';
import { simulatedBadge } from './simulated.ts';
import { displayCountdown, displayDate, displayTimeOfDay } from './time-format.ts';

/** Member, daemon address, connection, providers, and the time in Vietnam. */
export function headerLines(state: State, width: number, height: number): StyledLine[] {
  const clock = displayTimeOfDay(state.now);
  const clocks: LineSegment = [
    [span(`${displayDate(state.now)} ${clock} +07`, 'muted')],
    [span(`${clock} +07`, 'muted')],
    [span(clock, 'muted')],
    [],
  ];
  const right = clocks[width >= 100 ? 0 : width >= 60 ? 1 : width >= 36 ? 2 : 3]!;
  const [name, simulated, member, address, connection, providers] = [0, 1, 2, 3, 4, 5];
  const segments: LineSegment[] = [
    [[span('goldctl', 'title')], []],
    [simulatedBadge(state), []],
    memberSegment(state),
    state.address === '' ? [[]] : [[span(displayText(state.address), 'muted')], []],
    connectionSegment(state),
    providersSegment(state),
  ];
  // The connection status is shortened late, because it shows what is wrong.
  const order = [providers, member, providers, address, connection, providers, member, connection, name, simulated];
  const left = fitSegments(segments, order, width - (right.length > 0 ? lineWidth(right) + 2 : 0));
  return fitToPane([justify(left, right, width)], state, width, height);
}

function memberSegment({ member }: State): LineSegment {
  if (member === null) return [[span('not signed in', 'warn')], []];
  const name = span(displayText(member.name), 'self');
  return member.role === 'member' ? [[name], []] : [[name, span(` (${member.role})`, 'muted')], [name], []];
}

function connectionSegment({ connection, now }: State): LineSegment {
  switch (connection.phase) {
    case 'connecting':
      return [[span('● connecting…', 'warn')]];
    case 'online':
      return [[span('● online', 'good')], [span('●', 'good')]];
    case 'offline': {
      const age = formatDuration(now - connection.since);
      const next = connection.nextTryAt === null ? '' : `, next try ${displayCountdown(connection.nextTryAt, now)}`;
      return [
        [span(`○ offline for ${age}${next}`, 'bad')],
        [span(`○ offline ${age}`, 'bad')],
        [span('○ offline', 'bad')],
      ];
    }
    case 'ended':
      return [[span(`○ ended: ${displayText(connection.reason)}`, 'bad')], [span('○ ended', 'bad')]];
  }
}

function providersSegment({ providers }: State): LineSegment {
  const enabled = providers.filter(({ state }) => state !== 'off');
  if (enabled.length === 0) return [[]];
  const ok = enabled.filter(({ state }) => state === 'ok').length;
  const bad = enabled.filter(({ state }) => state === 'error').length;
  const count = `${ok}/${enabled.length}`;
  const tone = ok === enabled.length ? 'good' : ok === 0 ? 'bad' : 'warn';
  if (bad === 0) return [[span('providers ', 'muted'), span(`${count} ok`, tone)], [span(`${count} ok`, tone)], []];
  return [
    [span('providers ', 'muted'), span(`${count} ok`, tone), span(`, ${bad} in error`, 'bad')],
    [span(`${count} ok`, tone), span(` ${bad} bad`, 'bad')],
    [span(count, tone)],
    [],
  ];
}
