import { plain } from '../domain/fold.ts';
import type { Result } from '../protocol/methods.ts';

/** In the words of the file seed's server. */
export function pingLines({ member, sent, received, minMs, avgMs, maxMs, timesMs }: Result<'peer.ping'>): string[] {
  const name = plain(member);
  const lost = sent - received;
  const share = sent > 0 ? (lost / sent) * 100 : 0;
  const state = received === 0 ? 'offline' : lost > 0 ? 'partially online' : 'online';
  return [
    `Pinging ${name} with 32 bytes of data:`,
    ...timesMs.map((time) => (time === null ? 'Request timed out.' : `Reply from ${name}: time=${ms(time)}`)),
    `Ping statistics for ${name}:`,
    `Packets: Sent = ${sent}, Received = ${received}, Lost = ${lost} (${share.toFixed(1)}% loss)`,
    ...(minMs === null || avgMs === null || maxMs === null
      ? []
      : [
          'Approximate round trip times in milli-seconds:',
          `Minimum = ${ms(minMs)}, Maximum = ${ms(maxMs)}, Average = ${ms(avgMs)}`,
        ]),
    `Host ${name} is ${state}.`,
  ];
}

function ms(value: number): string {
  return `${value.toFixed(2)}ms`;
}
