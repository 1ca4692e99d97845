import type { Visitor } from './visitor.ts';

/** Everybody who has a connection now. */
export class Sessions {
  /** Those that were ended because their clients did not read what they were sent, since the start. */
  dropped = 0;
  readonly #all = new Set<Visitor>();

  add(session: Visitor): void {
    this.#all.add(session);
  }

  delete(session: Visitor): void {
    this.#all.delete(session);
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): IterableIterator<Visitor> {
    return this.#all.values();
  }

  /** Ends all of them but one (whoever asked); returns how many. */
  endAll(reason: string, options: { except?: Visitor; retryAfterMs?: number } = {}): number {
    let ended = 0;
    for (const session of [...this.#all]) {
      if (session === options.except) continue;
      session.end(reason, { retryAfterMs: options.retryAfterMs });
      ended += 1;
    }
    return ended;
  }
}
