import { plain } from '../domain/fold.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import type { Result } from '../protocol/methods.ts';

/** In the words of the file seed's server. */
export function pingLines({ member, sent, received, minMs, avgMs, maxMs, timesMs }: Result<'peer.ping'>): SafeText[] {
  const name = plain(member);
  const lost = sent - received;
  const share = sent > 0 ? (lost / sent) * 100 : 0;
  const state = received === 0 ? 'offline' : lost > 0 ? 'partially online' : 'online';
  return [
    safeText`Pinging ${name} with 32 bytes of data:`,
    ...timesMs.map((time) =>
      time === null ? safeText`Request timed out.` : safeText`Reply from ${name}: time=${ms(time)}`,
    ),
    safeText`Ping statistics for ${name}:`,
    safeText`Packets: Sent = ${sent}, Received = ${received}, Lost = ${lost} (${plain(share.toFixed(1))}% loss)`,
    ...(minMs === null || avgMs === null || maxMs === null
      ? []
      : [
          safeText`Approximate round trip times in milli-seconds:`,
          safeText`Minimum = ${ms(minMs)}, Maximum = ${ms(maxMs)}, Average = ${ms(avgMs)}`,
        ]),
    safeText`Host ${name} is ${state}.`,
  ];
}

function ms(value: number): SafeText {
  return safeText`${plain(value.toFixed(2))}ms`;
}
