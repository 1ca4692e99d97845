import { formatDuration } from '../../domain/time.ts';
import { isNotYetQueried } from '../../repl/rate-format.ts';
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
  const [name, , member, address, connection, providers] = [0, 1, 2, 3, 4, 5];
  const segments: LineSegment[] = [
    [[span('goldctl', 'title')], []],
    [simulatedBadge(state)],
    memberSegment(state),
    state.address === '' ? [[]] : [[span(displayText(state.address), 'muted')], []],
    connectionSegment(state),
    providersSegment(state),
  ];
  // The connection status is shortened late, because it shows what is wrong. That prices are simulated is never dropped.
  const order = [providers, member, providers, address, connection, providers, member, connection, name];
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

/** How many providers work. While offline, that is not known. Those that were not queried yet are no problem. */
function providersSegment({ providers, connection }: State): LineSegment {
  const enabled = providers.filter(({ state }) => state !== 'off');
  if (enabled.length === 0) return [[]];
  const ok = enabled.filter(({ state }) => state === 'ok').length;
  const bad = enabled.filter(({ state }) => state === 'error').length;
  const waiting = enabled.filter(isNotYetQueried).length;
  const count = `${ok}/${enabled.length}`;
  const isOnline = connection.phase === 'online';
  const tone = !isOnline ? 'muted' : ok + waiting === enabled.length ? 'good' : ok + waiting === 0 ? 'bad' : 'warn';
  const label = span('providers ', 'muted');
  if (bad === 0 && waiting === 0) return [[label, span(`${count} ok`, tone)], [span(`${count} ok`, tone)], []];
  const errors = bad === 0 ? [] : [span(`, ${bad} in error`, isOnline ? 'bad' : 'muted')];
  const pending = waiting === 0 ? [] : [span(`, ${waiting} not yet queried`, 'muted')];
  const short = bad === 0 ? [] : [span(` ${bad} bad`, isOnline ? 'bad' : 'muted')];
  return [
    [label, span(`${count} ok`, tone), ...errors, ...pending],
    [span(`${count} ok`, tone), ...short],
    [span(count, tone)],
    [],
  ];
}
