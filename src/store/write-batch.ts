import { keys } from './keys.ts';
import type { Store, StoreWrite } from './store.ts';

/**
 * Pending writes over a store. Reads see them, so that later records of a batch see the effects of earlier ones. Values
 * are JSON; an object that was read or written can be changed in place if it is written again.
 */
export class WriteBatch {
  readonly #store: Store;
  #pending = new Map<string, unknown>();

  constructor(store: Store) {
    this.#store = store;
  }

  get size(): number {
    return this.#pending.size;
  }

  read<T>(key: string): T | undefined {
    return this.#pending.has(key) ? (this.#pending.get(key) as T | undefined) : this.#store.read<T>(key);
  }

  /** As `read`, for a key that is known not to be in the store: skips the look-up. */
  readPending<T>(key: string): T | undefined {
    return this.#pending.get(key) as T | undefined;
  }

  has(key: string): boolean {
    return this.#pending.has(key) ? this.#pending.get(key) !== undefined : this.#store.get(key) !== undefined;
  }

  write(key: string, value: NonNullable<unknown>): void {
    this.#pending.set(key, value);
  }

  delete(key: string): void {
    this.#pending.set(key, undefined);
  }

  /** Takes all writes and empties the batch, so that it holds no memory while they are written to disk. */
  *takeWrites(): Generator<StoreWrite> {
    const values = this.#pending;
    this.#pending = new Map();
    for (const [key, value] of values) {
      yield value === undefined ? { type: 'del', key } : { type: 'put', key, value: JSON.stringify(value) };
    }
  }
}

/** Replaces a deleted record. */
export function tombstoneOf(seq: number): { seq: number; kind: 'void'; at: 0 } {
  return { seq, kind: 'void', at: 0 };
}

/** Replaces the records that a record declares void by tombstones (engine/types.ts). */
export function stageTombstones(
  record: { readonly seq: number; readonly voids?: readonly number[] },
  batch: WriteBatch,
): void {
  for (const seq of record.voids ?? []) if (seq < record.seq) batch.write(keys.record(seq), tombstoneOf(seq));
}
