import type { EventName, EventParams } from '../protocol/events.ts';

export class EventListeners {
  readonly #listeners = new Map<string, Set<(params: never) => void>>();

  /** @returns unsubscribe */
  add<E extends EventName>(event: E, listener: (params: EventParams<E>) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  emit(event: string, params: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) callSafely(listener, params as never);
  }
}

/** An error in a listener must show, but must not stop the caller, nor cost other listeners their events. */
export function callSafely<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}
