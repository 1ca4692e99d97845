import type { Socket } from 'node:net';
import { sourceOf } from '../domain/source-key.ts';
import type { Log } from '../rates/log.ts';
import type { Limits } from './limits.ts';

/** The last tenth of all connections is for sources that have few. */
const RESERVED_SHARE = 0.1;
const FEW = 4;

/** The connections of one source. */
interface Source {
  readonly key: string;
  count: number;
  /** Those on which nobody is signed in (yet), from the first packet on; the oldest first. */
  readonly halfOpen: Set<Arrival>;
}

/** One connection, from its first packet until it closes. */
export interface Arrival {
  /** Somebody signed in, or out. */
  signedIn(is: boolean): void;
  /** Closes it: another connection takes its place. */
  drop(): void;
}

/**
 * Counts the connections of every port, in all and by source (`sourceOf`), and decides who is let in. Where there is no
 * room, the oldest half-open connection of the source that has most of them gives way, if that is not the source that
 * asks. So a member with one connection gets in whoever else holds connections open.
 */
export class Arrivals {
  /** Connections that were closed at once because there were too many, since the start. */
  refused = 0;
  /** Half-open connections that were closed because others needed their place, since the start. */
  displaced = 0;
  readonly #limits: Pick<Limits, 'connections' | 'connectionsPerAddress'>;
  readonly #log: Log;
  readonly #sources = new Map<string, Source>();
  /** Sources by how many half-open connections they have. */
  readonly #byHalfOpen = new Map<number, Set<Source>>();
  /** No source has more of them. */
  #mostHalfOpen = 0;
  #all = 0;

  constructor({ limits, log }: { limits: Pick<Limits, 'connections' | 'connectionsPerAddress'>; log: Log }) {
    this.#limits = limits;
    this.#log = log;
  }

  /** Counts a socket until it closes. Undefined: it is one too many, which is logged. */
  admit(socket: Socket, address: string): Arrival | undefined {
    const key = sourceOf(address);
    const source = this.#sources.get(key) ?? { key, count: 0, halfOpen: new Set() };
    if (!this.#makeRoom(source)) {
      this.refused += 1;
      const counts = { connections: this.#all, ofAddress: source.count };
      this.#log.warn({ event: 'connection.refused', address, ...counts }, 'too many connections');
      return undefined;
    }
    this.#sources.set(key, source);
    source.count += 1;
    this.#all += 1;
    const arrival: Arrival = {
      signedIn: (is) => {
        if (isOpen) this.#setHalfOpen(source, arrival, !is);
      },
      drop: () => {
        this.displaced += 1;
        this.#log.debug({ event: 'connection.displaced', address }, 'another connection takes its place');
        left(); // its place is free now, not when the socket has closed
        socket.destroy();
      },
    };
    let isOpen = true;
    const left = () => {
      if (!isOpen) return;
      isOpen = false;
      this.#setHalfOpen(source, arrival, false);
      this.#all -= 1;
      source.count -= 1;
      if (source.count === 0) this.#sources.delete(key);
    };
    socket.once('close', left);
    this.#setHalfOpen(source, arrival, true);
    return arrival;
  }

  #makeRoom(source: Source): boolean {
    const { connections, connectionsPerAddress } = this.#limits;
    if (source.count >= connectionsPerAddress) return false;
    const free = connections - this.#all;
    if (free > (source.count < FEW ? 0 : Math.floor(connections * RESERVED_SHARE))) return true;
    const most = this.#findMostHalfOpen();
    if (!most || most === source || most.halfOpen.size <= source.halfOpen.size + 1) return false;
    const [oldest] = most.halfOpen;
    oldest!.drop();
    return true;
  }

  #findMostHalfOpen(): Source | undefined {
    for (; this.#mostHalfOpen > 0; this.#mostHalfOpen--) {
      const [source] = this.#byHalfOpen.get(this.#mostHalfOpen) ?? [];
      if (source) return source;
    }
    return undefined;
  }

  #setHalfOpen(source: Source, arrival: Arrival, is: boolean): void {
    const { halfOpen } = source;
    if (halfOpen.has(arrival) === is) return;
    const before = this.#byHalfOpen.get(halfOpen.size);
    before?.delete(source);
    if (before?.size === 0) this.#byHalfOpen.delete(halfOpen.size);
    if (is) halfOpen.add(arrival);
    else halfOpen.delete(arrival);
    const { size } = halfOpen;
    if (size === 0) return;
    const now = this.#byHalfOpen.get(size);
    if (now) now.add(source);
    else this.#byHalfOpen.set(size, new Set([source]));
    this.#mostHalfOpen = Math.max(this.#mostHalfOpen, size);
  }
}

/** The remote address, an IPv4 one in its own form however it came. */
export function addressOf(socket: Socket): string {
  return (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
