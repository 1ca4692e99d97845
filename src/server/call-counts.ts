/** Calls by their method and what they were answered with: a few numbers a method, made when they first occur. */
export class CallCounts {
  readonly #methods = new Map<string, Map<number, number>>();
  readonly #known: (method: string) => boolean;

  /** @param known whether there is such a method: what strangers make up is counted as one */
  constructor(known: (method: string) => boolean) {
    this.#known = known;
  }

  /** @param status of the failure; 0 for a result */
  add(method: string, status: number): void {
    let statuses = this.#methods.get(method);
    if (!statuses) {
      const name = this.#known(method) ? method : 'unknown';
      statuses = this.#methods.get(name) ?? new Map();
      this.#methods.set(name, statuses);
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }

  *[Symbol.iterator](): Generator<{ method: string; status: number; count: number }> {
    for (const [method, statuses] of this.#methods) {
      for (const [status, count] of statuses) yield { method, status, count };
    }
  }
}
