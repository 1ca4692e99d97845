import type { Lease } from '../types.ts';

/** Lease of a single daemon. Nobody competes for it, so it is acquired immediately. */
export class LocalLease implements Lease {
  #isHeld = false;

  get isHeld(): boolean {
    return this.#isHeld;
  }

  async acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#isHeld = true;
  }

  async release(): Promise<void> {
    this.#isHeld = false;
  }
}
