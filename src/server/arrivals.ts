import type { Socket } from 'node:net';
import type { Log } from '../rates/log.ts';
import type { Limits } from './limits.ts';

/** Counts the connections of every port, in all and by address. */
export class Arrivals {
  /** Connections that were closed at once because there were too many, since the start. */
  refused = 0;
  readonly #limits: Limits;
  readonly #log: Log;
  readonly #byAddress = new Map<string, number>();
  #all = 0;

  constructor({ limits, log }: { limits: Limits; log: Log }) {
    this.#limits = limits;
    this.#log = log;
  }

  /** Counts a socket until it closes. False: it is one too many, which is logged. */
  admit(socket: Socket, address: string): boolean {
    const ofAddress = (this.#byAddress.get(address) ?? 0) + 1;
    this.#byAddress.set(address, ofAddress);
    this.#all += 1;
    socket.once('close', () => this.#left(address));
    if (this.#all <= this.#limits.connections && ofAddress <= this.#limits.connectionsPerAddress) return true;
    this.refused += 1;
    const counts = { connections: this.#all, ofAddress };
    this.#log.warn({ event: 'connection.refused', address, ...counts }, 'too many connections');
    return false;
  }

  #left(address: string): void {
    this.#all -= 1;
    const count = (this.#byAddress.get(address) ?? 1) - 1;
    if (count > 0) this.#byAddress.set(address, count);
    else this.#byAddress.delete(address);
  }
}

/** The remote address, an IPv4 one in its own form however it came. */
export function addressOf(socket: Socket): string {
  return (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
