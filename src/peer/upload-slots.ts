import { AppError } from '../domain/app-error.ts';

export interface UploadSlotsOptions {
  /** Concurrent uploads. */
  readonly maxActive?: number;
  /** Waiting uploads; further ones are refused. */
  readonly maxQueued?: number;
}

interface SlotWaiter {
  readonly onQueued: (place: number) => void;
  readonly onGranted: () => void;
}

/** Limits concurrent uploads. The others wait in a FIFO queue and are told their position. */
export class UploadSlots {
  readonly #maxActive: number;
  readonly #maxQueued: number;
  #activeCount = 0;
  #queue: SlotWaiter[] = [];

  constructor({ maxActive = 3, maxQueued = 64 }: UploadSlotsOptions = {}) {
    this.#maxActive = maxActive;
    this.#maxQueued = maxQueued;
  }

  /**
   * @param waiter `onGranted` is called when there is a slot, possibly at once; before that, `onQueued` is called
   * whenever the position (from 1) changes
   * @returns releases the slot or leaves the queue; calling it again does nothing
   * @throws AppError TOO_MANY_REQUESTS
   */
  acquire(waiter: SlotWaiter): () => void {
    if (this.#activeCount >= this.#maxActive) return this.#enqueue(waiter);
    this.#activeCount += 1;
    let isHeld = true;
    waiter.onGranted();
    return () => {
      if (isHeld) this.#releaseSlot();
      isHeld = false;
    };
  }

  #enqueue({ onQueued, onGranted }: SlotWaiter): () => void {
    if (this.#queue.length >= this.#maxQueued) {
      const message = `${this.#queue.length} transfers are already waiting here. Try again later.`;
      throw new AppError('TOO_MANY_REQUESTS', message);
    }
    let state: 'waiting' | 'granted' | 'released' = 'waiting';
    const entry: SlotWaiter = {
      onQueued,
      onGranted: () => {
        state = 'granted';
        onGranted();
      },
    };
    this.#queue.push(entry);
    onQueued(this.#queue.length);
    return () => {
      const previous = state;
      state = 'released';
      if (previous === 'granted') this.#releaseSlot();
      if (previous !== 'waiting') return;
      const index = this.#queue.indexOf(entry);
      this.#queue.splice(index, 1);
      this.#notifyPositions(index);
    };
  }

  #releaseSlot(): void {
    const next = this.#queue.shift();
    if (!next) {
      this.#activeCount -= 1;
      return;
    }
    next.onGranted();
    this.#notifyPositions(0);
  }

  #notifyPositions(from: number): void {
    for (const [i, { onQueued }] of [...this.#queue.entries()].slice(from)) onQueued(i + 1);
  }
}
