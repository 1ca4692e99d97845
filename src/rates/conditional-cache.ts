/** A body and its validators. */
export interface CachedResponse {
  /** The final URL after redirects: validators apply to that resource only. */
  readonly url: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly body: string;
}

/** An LRU cache of responses by request URL, bounded by count and total length. */
export class ConditionalCache {
  readonly #responses = new Map<string, CachedResponse>();
  readonly #maxEntries: number;
  readonly #maxLength: number;
  #totalLength = 0;

  constructor({ maxEntries = 256, maxLength = 16 * 1024 * 1024 } = {}) {
    this.#maxEntries = maxEntries;
    this.#maxLength = maxLength;
  }

  get(request: string): CachedResponse | undefined {
    const found = this.#responses.get(request);
    if (found) {
      this.#responses.delete(request);
      this.#responses.set(request, found); // re-inserted last: a Map iterates in insertion order
    }
    return found;
  }

  set(request: string, remembered: CachedResponse): void {
    this.delete(request);
    if (remembered.body.length > this.#maxLength) return;
    this.#responses.set(request, remembered);
    this.#totalLength += remembered.body.length;
    for (const oldest of this.#responses.keys()) {
      if (this.#responses.size <= this.#maxEntries && this.#totalLength <= this.#maxLength) break;
      this.delete(oldest);
    }
  }

  delete(request: string): void {
    this.#totalLength -= this.#responses.get(request)?.body.length ?? 0;
    this.#responses.delete(request);
  }
}
