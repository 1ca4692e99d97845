import { formatSpan } from '../../domain/instant.ts';
import type { State } from '../state.ts';
import { type StyledLine, span } from '../styled.ts';
import { finish, type Part, spread, squeeze, widthOf } from './lines.ts';
import { clockOf, dayOf, inTime } from './moment.ts';
import { simulatedMark } from './simulated.ts';
import { safe } from './text.ts';

/** The header has no border. */
export function title(_state: State, _width: number): StyledLine {
  return [];
}

/** Who, where, whether connected, how the providers do, and what time it is in Vietnam. */
export function header(state: State, width: number, height: number): StyledLine[] {
  const clock = clockOf(state.now);
  const clocks: Part = [
    [span(`${dayOf(state.now)} ${clock} +07`, 'muted')],
    [span(`${clock} +07`, 'muted')],
    [span(clock, 'muted')],
    [],
  ];
  const right = clocks[width >= 100 ? 0 : width >= 60 ? 1 : width >= 36 ? 2 : 3]!;
  const [name, simulated, member, address, link, health] = [0, 1, 2, 3, 4, 5];
  const parts: Part[] = [
    [[span('goldctl', 'title')], []],
    [simulatedMark(state), []],
    memberPart(state),
    state.address === '' ? [[]] : [[span(safe(state.address), 'muted')], []],
    linkPart(state),
    providersPart(state),
  ];
  // What is wrong with the connection goes last, whatever the width.
  const order = [health, member, health, address, link, health, member, link, name, simulated];
  const left = squeeze(parts, order, width - (right.length > 0 ? widthOf(right) + 2 : 0));
  return finish([spread(left, right, width)], state, width, height);
}

function memberPart({ member }: State): Part {
  if (member === null) return [[span('not signed in', 'warn')], []];
  const name = span(safe(member.name), 'self');
  return member.role === 'member' ? [[name], []] : [[name, span(` (${member.role})`, 'muted')], [name], []];
}

function linkPart({ link, now }: State): Part {
  switch (link.phase) {
    case 'connecting':
      return [[span('● connecting…', 'warn')]];
    case 'online':
      return [[span('● online', 'good')], [span('●', 'good')]];
    case 'offline': {
      const age = formatSpan(now - link.since);
      const next = link.nextTryAt === null ? '' : `, next try ${inTime(link.nextTryAt, now)}`;
      return [
        [span(`○ offline for ${age}${next}`, 'bad')],
        [span(`○ offline ${age}`, 'bad')],
        [span('○ offline', 'bad')],
      ];
    }
    case 'ended':
      return [[span(`○ ended: ${safe(link.reason)}`, 'bad')], [span('○ ended', 'bad')]];
  }
}

function providersPart({ providers }: State): Part {
  const used = providers.filter(({ state }) => state !== 'off');
  if (used.length === 0) return [[]];
  const ok = used.filter(({ state }) => state === 'ok').length;
  const bad = used.filter(({ state }) => state === 'error').length;
  const count = `${ok}/${used.length}`;
  const tone = ok === used.length ? 'good' : ok === 0 ? 'bad' : 'warn';
  if (bad === 0) return [[span('providers ', 'muted'), span(`${count} ok`, tone)], [span(`${count} ok`, tone)], []];
  return [
    [span('providers ', 'muted'), span(`${count} ok`, tone), span(`, ${bad} in error`, 'bad')],
    [span(`${count} ok`, tone), span(` ${bad} bad`, 'bad')],
    [span(count, tone)],
    [],
  ];
}
