import type { MessageBus } from '../types.ts';

type Listener = (message: unknown) => void;

/** Message bus of a single daemon. Delivers synchronously. */
export class LocalBus implements MessageBus {
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
