/** A body, and what its server needs to say that it still holds. */
export interface RememberedBody {
  /** Where the body came from, after redirects: validators mean something to that resource only. */
  readonly url: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly body: string;
}

/** The last bodies by request, the least recently used ones dropped first. Bounded in number and in characters. */
export class RememberedBodies {
  readonly #bodies = new Map<string, RememberedBody>();
  readonly #maxEntries: number;
  readonly #maxLength: number;
  #length = 0;

  constructor({ maxEntries = 256, maxLength = 16 * 1024 * 1024 } = {}) {
    this.#maxEntries = maxEntries;
    this.#maxLength = maxLength;
  }

  get(request: string): RememberedBody | undefined {
    const found = this.#bodies.get(request);
    if (found) {
      this.#bodies.delete(request);
      this.#bodies.set(request, found); // a Map keeps the order of insertion: the last one is the last used
    }
    return found;
  }

  set(request: string, remembered: RememberedBody): void {
    this.delete(request);
    if (remembered.body.length > this.#maxLength) return;
    this.#bodies.set(request, remembered);
    this.#length += remembered.body.length;
    for (const oldest of this.#bodies.keys()) {
      if (this.#bodies.size <= this.#maxEntries && this.#length <= this.#maxLength) break;
      this.delete(oldest);
    }
  }

  delete(request: string): void {
    this.#length -= this.#bodies.get(request)?.body.length ?? 0;
    this.#bodies.delete(request);
  }
}
