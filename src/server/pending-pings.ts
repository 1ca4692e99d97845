/** Pings of one connection that are not answered yet, by id. */
export class PendingPings<Id> {
  readonly #resolvers = new Map<Id, (receivedAt: number | undefined) => void>();

  /** @returns the round-trip time in ms; undefined after the timeout or at the end of the connection */
  async measure(id: Id, send: () => void, timeoutMs: number): Promise<number | undefined> {
    const sentAt = performance.now();
    const receivedAt = await new Promise<number | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs).unref();
      this.#resolvers.set(id, (at) => {
        clearTimeout(timer);
        resolve(at);
      });
      send();
    });
    this.#resolvers.delete(id);
    return receivedAt === undefined ? undefined : Math.max(0, receivedAt - sentAt);
  }

  /** @param receivedAt monotonic milliseconds */
  answer(id: Id, receivedAt: number): void {
    this.#resolvers.get(id)?.(receivedAt);
  }

  cancelAll(): void {
    for (const resolve of this.#resolvers.values()) resolve(undefined);
  }
}
