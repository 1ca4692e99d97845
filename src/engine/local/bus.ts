import type { Bus } from '../contract.ts';

type Listener = (message: unknown) => void;

/** Bus of a single daemon: hands messages over in the same turn. */
export class LocalBus implements Bus {
  readonly #topics = new Map<string, Set<Listener>>();

  publish(topic: string, message: unknown): void {
    for (const listener of [...(this.#topics.get(topic) ?? [])]) listener(message);
  }

  subscribe(topic: string, listener: Listener): () => void {
    const listeners = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#topics.get(topic) === listeners) this.#topics.delete(topic);
    };
  }
}
