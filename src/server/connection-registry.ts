import type { ClientConnection } from './client-connection.ts';

/** All open connections. */
export class ConnectionRegistry {
  /** Connections dropped because their clients did not read, since the start. */
  droppedCount = 0;
  readonly #connections = new Set<ClientConnection>();

  add(connection: ClientConnection): void {
    this.#connections.add(connection);
  }

  delete(connection: ClientConnection): void {
    this.#connections.delete(connection);
  }

  get size(): number {
    return this.#connections.size;
  }

  [Symbol.iterator](): IterableIterator<ClientConnection> {
    return this.#connections.values();
  }

  /** Ends all connections except the caller's. @returns how many */
  endAll(reason: string, options: { except?: ClientConnection; retryAfterMs?: number } = {}): number {
    let ended = 0;
    for (const connection of [...this.#connections]) {
      if (connection === options.except) continue;
      connection.end(reason, { retryAfterMs: options.retryAfterMs });
      ended += 1;
    }
    return ended;
  }
}
