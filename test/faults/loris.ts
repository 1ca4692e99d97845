import { connect, type Socket } from 'node:net';
import { Wire } from '../server/wire.ts';

export interface LorisFigures {
  /** Half-lines that were open while the members signed up. */
  readonly open: number;
  /** The wait of each new member, from connecting over TLS to the end of the sign-up, in ms. */
  readonly waits: readonly number[];
}

/** Per address, with the defaults. */
const AN_ADDRESS = 60;
const DRIP_MS = 500;
const HALF = '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"client":"';

/**
 * Opens connections that never end their first line, sent byte by byte, and signs new members up meanwhile.
 * @param from the source address of connection number i
 */
export async function loris(
  address: string,
  { halves, members, from }: { halves: number; members: number; from?: (i: number) => string },
): Promise<LorisFigures> {
  const at = address.lastIndexOf(':');
  const to = { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
  const open = new Set<Socket>();
  const drip = setInterval(() => {
    for (const socket of open) socket.write('x');
  }, DRIP_MS);
  try {
    const begin = async (i: number) => {
      const socket = connect({ ...to, ...(from ? { localAddress: from(i) } : {}) });
      socket.on('error', () => {}).on('close', () => open.delete(socket));
      await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
      socket.write(HALF);
      open.add(socket);
    };
    for (let i = 0; i < halves; i += 100) {
      await Promise.all(Array.from({ length: Math.min(100, halves - i) }, (_, k) => begin(i + k)));
    }
    const waits: number[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < members; i++) {
      const begun = performance.now();
      const wire = await Wire.greet(address, { tls: true });
      await wire.result('account.signUp', { name: `new-${i}`, password: 'correct horse' });
      waits.push(performance.now() - begun);
      least = Math.min(least, [...open].filter((socket) => !socket.destroyed).length);
      wire.close();
    }
    return { open: least, waits };
  } finally {
    clearInterval(drip);
    for (const socket of open) socket.destroy();
  }
}

/** Addresses of loopback, each for as many connections as the defaults allow. */
export function crowd(i: number): string {
  const k = Math.floor(i / AN_ADDRESS);
  return `127.1.${Math.floor(k / 250)}.${1 + (k % 250)}`;
}
