import { plain } from '../domain/fold.ts';
import type { Result } from '../protocol/methods.ts';

/** As ping(8) says it, and the file seed's last line. */
export function pingLines({ member, sent, received, minMs, avgMs, maxMs, timesMs }: Result<'peer.ping'>): string[] {
  const name = plain(member);
  const lost = sent > 0 ? Math.round(((sent - received) / sent) * 1000) / 10 : 0;
  const state = received === 0 ? 'offline' : received < sent ? 'partially online' : 'online';
  return [
    ...timesMs.map((time, i) =>
      time === null ? `Request timed out: seq=${i + 1}` : `Reply from ${name}: seq=${i + 1} time=${ms(time)} ms`,
    ),
    `--- ${name} ping statistics ---`,
    `${sent} sent, ${received} received, ${lost}% lost`,
    ...(minMs === null || avgMs === null || maxMs === null
      ? []
      : [`round trip min/avg/max = ${ms(minMs)}/${ms(avgMs)}/${ms(maxMs)} ms`]),
    `Host ${name} is ${state}.`,
  ];
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
