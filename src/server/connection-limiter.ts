import type { Socket } from 'node:net';
import type { Logger } from '../domain/logger.ts';
import { rateLimitKey } from '../domain/rate-limit-key.ts';
import type { ClientLimits } from './limits.ts';

/** The last tenth of all connections is reserved for sources with few connections. */
const RESERVED_FRACTION = 0.1;
const FEW_CONNECTIONS = 4;

/** The connections of one source. */
interface SourceConnections {
  readonly key: string;
  count: number;
  /** Connections without a signed-in member, from the first packet on; oldest first. */
  readonly halfOpen: Set<ConnectionSlot>;
}

/** One connection, from its first packet until it closes. */
export interface ConnectionSlot {
  setSignedIn(isHalfOpen: boolean): void;
  /** Closes it to make room for another connection. */
  evict(): void;
}

/**
 * Limits the connections of every port, in total and by source (`rateLimitKey`). At the limit, it evicts the oldest
 * half-open connection of the source that has most of them, unless that source is the one asking. So a member with one
 * connection gets in even when others hold connections open.
 */
export class ConnectionLimiter {
  /** Connections closed on arrival because there were too many. */
  refusedCount = 0;
  /** Half-open connections closed to make room for others. */
  evictedCount = 0;
  readonly #limits: Pick<ClientLimits, 'connections' | 'connectionsPerAddress'>;
  readonly #log: Logger;
  readonly #sources = new Map<string, SourceConnections>();
  /** Sources by number of half-open connections. */
  readonly #byHalfOpen = new Map<number, Set<SourceConnections>>();
  /** Upper bound of the half-open connections of any source. */
  #maxHalfOpen = 0;
  #total = 0;

  constructor({ limits, log }: { limits: Pick<ClientLimits, 'connections' | 'connectionsPerAddress'>; log: Logger }) {
    this.#limits = limits;
    this.#log = log;
  }

  /** Counts a socket until it closes. Returns undefined (and logs) when there are too many. */
  admit(socket: Socket, address: string): ConnectionSlot | undefined {
    const key = rateLimitKey(address);
    const source = this.#sources.get(key) ?? { key, count: 0, halfOpen: new Set() };
    if (!this.#ensureCapacity(source)) {
      this.refusedCount += 1;
      const counts = { connections: this.#total, ofAddress: source.count };
      this.#log.warn({ event: 'connection.refused', address, ...counts }, 'too many connections');
      return undefined;
    }
    this.#sources.set(key, source);
    source.count += 1;
    this.#total += 1;
    const slot: ConnectionSlot = {
      setSignedIn: (isHalfOpen) => {
        if (isOpen) this.#setHalfOpen(source, slot, !isHalfOpen);
      },
      evict: () => {
        this.evictedCount += 1;
        this.#log.debug({ event: 'connection.displaced', address }, 'evicted for another connection');
        release(); // frees the slot now, not when the socket has closed
        socket.destroy();
      },
    };
    let isOpen = true;
    const release = () => {
      if (!isOpen) return;
      isOpen = false;
      this.#setHalfOpen(source, slot, false);
      this.#total -= 1;
      source.count -= 1;
      if (source.count === 0) this.#sources.delete(key);
    };
    socket.once('close', release);
    this.#setHalfOpen(source, slot, true);
    return slot;
  }

  #ensureCapacity(source: SourceConnections): boolean {
    const { connections, connectionsPerAddress } = this.#limits;
    if (source.count >= connectionsPerAddress) return false;
    const free = connections - this.#total;
    if (free > (source.count < FEW_CONNECTIONS ? 0 : Math.floor(connections * RESERVED_FRACTION))) return true;
    const busiest = this.#findSourceToEvictFrom();
    if (!busiest || busiest === source || busiest.halfOpen.size <= source.halfOpen.size + 1) return false;
    const [oldest] = busiest.halfOpen;
    oldest!.evict();
    return true;
  }

  #findSourceToEvictFrom(): SourceConnections | undefined {
    for (; this.#maxHalfOpen > 0; this.#maxHalfOpen--) {
      const [source] = this.#byHalfOpen.get(this.#maxHalfOpen) ?? [];
      if (source) return source;
    }
    return undefined;
  }

  #setHalfOpen(source: SourceConnections, slot: ConnectionSlot, isHalfOpen: boolean): void {
    const { halfOpen } = source;
    if (halfOpen.has(slot) === isHalfOpen) return;
    const before = this.#byHalfOpen.get(halfOpen.size);
    before?.delete(source);
    if (before?.size === 0) this.#byHalfOpen.delete(halfOpen.size);
    if (isHalfOpen) halfOpen.add(slot);
    else halfOpen.delete(slot);
    const { size } = halfOpen;
    if (size === 0) return;
    const now = this.#byHalfOpen.get(size);
    if (now) now.add(source);
    else this.#byHalfOpen.set(size, new Set([source]));
    this.#maxHalfOpen = Math.max(this.#maxHalfOpen, size);
  }
}

/** The remote address; mapped IPv4 addresses as plain IPv4. */
export function remoteAddressOf(socket: Socket): string {
  return (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
