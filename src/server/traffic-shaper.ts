import { TokenBucket } from './token-bucket.ts';

/** Burst and maximum queue, in milliseconds of the rate. */
const BURST_MS = 25;
const MAX_QUEUE_MS = 100;
/** Minimum for low rates: a few packets. */
const MIN_QUEUE_BYTES = 16 * 1024;
/** For all queues together. */
const MAX_TOTAL_BYTES = 32 * 1024 * 1024;
const TICK_MS = 2;

/** One direction of a relay, in packet order. */
export interface ShaperQueue {
  readonly bucket: TokenBucket;
  readonly send: (packet: Buffer) => void;
  packets: Buffer[];
  /** Index in `packets` of the next packet to send. */
  nextIndex: number;
  queuedBytes: number;
}

/**
 * Limits the bytes per second of each queue. Excess packets wait and are dropped only when the queue is full, so that
 * congestion control sees a slow link. If they were dropped at once, it would see packet loss, and UDX would send at a
 * fraction of the rate.
 */
export class TrafficShaper {
  readonly #bytesPerSecond: number;
  readonly #maxQueueBytes: number;
  readonly #activeQueues = new Set<ShaperQueue>();
  #totalBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param bytesPerSecond per queue */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#maxQueueBytes = Math.max(MIN_QUEUE_BYTES, (bytesPerSecond / 1000) * MAX_QUEUE_MS);
  }

  createQueue(send: (packet: Buffer) => void): ShaperQueue {
    const burst = Math.max(MIN_QUEUE_BYTES, (this.#bytesPerSecond / 1000) * BURST_MS);
    return {
      bucket: new TokenBucket(this.#bytesPerSecond, burst, performance.now()),
      send,
      packets: [],
      nextIndex: 0,
      queuedBytes: 0,
    };
  }

  /** Whether the packet is sent, now or in a moment. */
  send(queue: ShaperQueue, packet: Buffer): boolean {
    if (queue.queuedBytes === 0 && queue.bucket.take(performance.now(), packet.length) === 0) {
      queue.send(packet);
      return true;
    }
    if (queue.queuedBytes + packet.length > this.#maxQueueBytes || this.#totalBytes + packet.length > MAX_TOTAL_BYTES)
      return false;
    queue.packets.push(packet);
    queue.queuedBytes += packet.length;
    this.#totalBytes += packet.length;
    this.#activeQueues.add(queue);
    this.#timer ??= setTimeout(() => this.#tick(), TICK_MS).unref();
    return true;
  }

  /** Discards waiting packets. */
  clear(queue: ShaperQueue): void {
    this.#totalBytes -= queue.queuedBytes;
    queue.queuedBytes = 0;
    queue.packets = [];
    queue.nextIndex = 0;
    this.#activeQueues.delete(queue);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const queue of this.#activeQueues) this.clear(queue);
  }

  #tick(): void {
    const now = performance.now();
    for (const queue of this.#activeQueues) this.#drain(queue, now);
    this.#timer = this.#activeQueues.size === 0 ? undefined : setTimeout(() => this.#tick(), TICK_MS).unref();
  }

  #drain(queue: ShaperQueue, now: number): void {
    while (queue.nextIndex < queue.packets.length) {
      const packet = queue.packets[queue.nextIndex]!;
      if (queue.bucket.take(now, packet.length) > 0) break;
      queue.nextIndex += 1;
      queue.queuedBytes -= packet.length;
      this.#totalBytes -= packet.length;
      queue.send(packet);
    }
    if (queue.nextIndex === queue.packets.length) {
      this.clear(queue);
    } else if (queue.nextIndex > 256) {
      queue.packets = queue.packets.slice(queue.nextIndex);
      queue.nextIndex = 0;
    }
  }
}
