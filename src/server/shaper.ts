import { Bucket } from './bucket.ts';

/** How much may go at once, and how much may wait, in milliseconds of the rate. */
const BURST_MS = 25;
const WAIT_MS = 100;
/** Under a low rate, a few packets all the same. */
const LEAST_BYTES = 16 * 1024;
/** What may wait of all lanes together. */
const MOST_BYTES = 32 * 1024 * 1024;
const TICK_MS = 2;

/** One way of a relay: its packets leave in the order in which they came. */
export interface Lane {
  readonly quota: Bucket;
  readonly send: (packet: Buffer) => void;
  waiting: Buffer[];
  /** The first of `waiting` that is still to be sent. */
  next: number;
  bytes: number;
}

/**
 * Lets so many bytes a second through, lane by lane. What is over waits a little, and is dropped only when too much
 * does: to a sender that measures, it looks like a narrow link. Dropped at once, it looks like a broken one, and UDX
 * falls to a fraction of what it might have.
 */
export class Shaper {
  readonly #bytesPerSecond: number;
  readonly #laneBytes: number;
  readonly #busy = new Set<Lane>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param bytesPerSecond of each lane */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#laneBytes = Math.max(LEAST_BYTES, (bytesPerSecond / 1000) * WAIT_MS);
  }

  lane(send: (packet: Buffer) => void): Lane {
    const burst = Math.max(LEAST_BYTES, (this.#bytesPerSecond / 1000) * BURST_MS);
    return { quota: new Bucket(this.#bytesPerSecond, burst, performance.now()), send, waiting: [], next: 0, bytes: 0 };
  }

  /** Whether the packet is sent, now or in a moment. */
  pass(lane: Lane, packet: Buffer): boolean {
    if (lane.bytes === 0 && lane.quota.take(performance.now(), packet.length) === 0) {
      lane.send(packet);
      return true;
    }
    if (lane.bytes + packet.length > this.#laneBytes || this.#bytes + packet.length > MOST_BYTES) return false;
    lane.waiting.push(packet);
    lane.bytes += packet.length;
    this.#bytes += packet.length;
    this.#busy.add(lane);
    this.#timer ??= setTimeout(() => this.#tick(), TICK_MS).unref();
    return true;
  }

  /** Forgets what waits in a lane. */
  clear(lane: Lane): void {
    this.#bytes -= lane.bytes;
    lane.bytes = 0;
    lane.waiting = [];
    lane.next = 0;
    this.#busy.delete(lane);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const lane of this.#busy) this.clear(lane);
  }

  #tick(): void {
    const now = performance.now();
    for (const lane of this.#busy) this.#drain(lane, now);
    this.#timer = this.#busy.size === 0 ? undefined : setTimeout(() => this.#tick(), TICK_MS).unref();
  }

  #drain(lane: Lane, now: number): void {
    while (lane.next < lane.waiting.length) {
      const packet = lane.waiting[lane.next]!;
      if (lane.quota.take(now, packet.length) > 0) break;
      lane.next += 1;
      lane.bytes -= packet.length;
      this.#bytes -= packet.length;
      lane.send(packet);
    }
    if (lane.next === lane.waiting.length) {
      this.clear(lane);
    } else if (lane.next > 256) {
      lane.waiting = lane.waiting.slice(lane.next);
      lane.next = 0;
    }
  }
}
