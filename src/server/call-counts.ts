/** Counts calls by method and status. Entries are created on first use. */
export class CallCounts {
  readonly #countsByMethod = new Map<string, Map<number, number>>();
  readonly #isKnown: (method: string) => boolean;

  /** @param known whether the method exists: unknown names are counted together, so that clients cannot grow the map */
  constructor(known: (method: string) => boolean) {
    this.#isKnown = known;
  }

  /** @param status of the error; 0 for a result */
  add(method: string, status: number): void {
    let statuses = this.#countsByMethod.get(method);
    if (!statuses) {
      const name = this.#isKnown(method) ? method : 'unknown';
      statuses = this.#countsByMethod.get(name) ?? new Map();
      this.#countsByMethod.set(name, statuses);
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }

  *[Symbol.iterator](): Generator<{ method: string; status: number; count: number }> {
    for (const [method, statuses] of this.#countsByMethod) {
      for (const [status, count] of statuses) yield { method, status, count };
    }
  }
}
