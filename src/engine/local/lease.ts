import type { Lease } from '../contract.ts';

/** Lease of a single daemon: nobody else can want it, so it is had at once. */
export class LocalLease implements Lease {
  #held = false;

  get held(): boolean {
    return this.#held;
  }

  async acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#held = true;
  }

  async release(): Promise<void> {
    this.#held = false;
  }
}
