import { Failure } from '../domain/failure.ts';

export interface SlotsOptions {
  /** Uploads at a time. */
  readonly slots?: number;
  /** How many may wait; more are refused. */
  readonly waiting?: number;
}

interface Waiter {
  readonly onPlace: (place: number) => void;
  readonly onGo: () => void;
}

/** A few uploads at a time; the others wait in the order in which they came, and know their place. */
export class Slots {
  readonly #most: number;
  readonly #mostWaiting: number;
  #used = 0;
  #queue: Waiter[] = [];

  constructor({ slots = 3, waiting = 64 }: SlotsOptions = {}) {
    this.#most = slots;
    this.#mostWaiting = waiting;
  }

  /**
   * @param waiter `onGo` once there is a slot, perhaps at once; before, `onPlace` whenever the place (from 1) changes
   * @returns gives the slot, or the place, back; a second time does nothing
   * @throws Failure TOO_MANY_REQUESTS
   */
  acquire(waiter: Waiter): () => void {
    if (this.#used >= this.#most) return this.#wait(waiter);
    this.#used += 1;
    let held = true;
    waiter.onGo();
    return () => {
      if (held) this.#free();
      held = false;
    };
  }

  #wait({ onPlace, onGo }: Waiter): () => void {
    if (this.#queue.length >= this.#mostWaiting) {
      throw new Failure('TOO_MANY_REQUESTS', `${this.#queue.length} transfers wait here already. Try again later.`);
    }
    let state: 'waiting' | 'held' | 'over' = 'waiting';
    const entry: Waiter = {
      onPlace,
      onGo: () => {
        state = 'held';
        onGo();
      },
    };
    this.#queue.push(entry);
    onPlace(this.#queue.length);
    return () => {
      const before = state;
      state = 'over';
      if (before === 'held') this.#free();
      if (before !== 'waiting') return;
      const index = this.#queue.indexOf(entry);
      this.#queue.splice(index, 1);
      this.#tell(index);
    };
  }

  #free(): void {
    const next = this.#queue.shift();
    if (!next) {
      this.#used -= 1;
      return;
    }
    next.onGo();
    this.#tell(0);
  }

  #tell(from: number): void {
    for (const [i, { onPlace }] of [...this.#queue.entries()].slice(from)) onPlace(i + 1);
  }
}
