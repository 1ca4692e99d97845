import type { Store, Write } from './store.ts';

/**
 * Writes on their way into one batch, read back as if they were there: what later records of a batch see of the
 * earlier ones. Values are JSON; an object that was read or written may be changed in place if it is written again.
 */
export class Draft {
  readonly #store: Store;
  #values = new Map<string, unknown>();

  constructor(store: Store) {
    this.#store = store;
  }

  get size(): number {
    return this.#values.size;
  }

  read<T>(key: string): T | undefined {
    return this.#values.has(key) ? (this.#values.get(key) as T | undefined) : this.#store.read<T>(key);
  }

  /** As `read`, for a key that the caller knows is not in the store: spares the look. */
  readNew<T>(key: string): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  has(key: string): boolean {
    return this.#values.has(key) ? this.#values.get(key) !== undefined : this.#store.get(key) !== undefined;
  }

  write(key: string, value: NonNullable<unknown>): void {
    this.#values.set(key, value);
  }

  delete(key: string): void {
    this.#values.set(key, undefined);
  }

  /** The writes, made one by one; the draft is empty from then on, so that nothing of it is held while they are on their way to the disk. */
  *drain(): Generator<Write> {
    const values = this.#values;
    this.#values = new Map();
    for (const [key, value] of values) {
      yield value === undefined ? { type: 'del', key } : { type: 'put', key, value: JSON.stringify(value) };
    }
  }
}
