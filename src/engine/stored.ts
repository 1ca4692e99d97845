import { Failure } from '../domain/failure.ts';
import { keys, seqOf, within } from '../store/keys.ts';
import type { Store, Write } from '../store/store.ts';

/** Format of the store. A change of keys or values that older code cannot read raises it and adds a migration. */
export const SCHEMA = 1;

/** Places in the journal that have no record, both ends included. */
export interface Hole {
  readonly from: number;
  readonly to: number;
}

/** @throws Failure DATA_NEWER for a format that a later goldctl has made */
export function refuseNewer(schema: number): void {
  if (schema <= SCHEMA) return;
  throw new Failure(
    'DATA_NEWER',
    `The data folder has format ${schema}; this goldctl reads up to ${SCHEMA}. Use the newer goldctl that wrote it.`,
  );
}

/** @throws Failure DATA_NEWER */
export async function checkSchema(store: Store): Promise<void> {
  const schema = store.read<number>(keys.schema);
  if (schema === undefined) await store.write([put(keys.schema, SCHEMA)], { sync: true });
  else refuseNewer(schema);
}

/**
 * LevelDB drops a damaged block of its log without a word, and with it batches that were acknowledged; later blocks
 * stay. Every open turns the log into tables, which are only read from then on: records that one open has verified
 * are not looked at by the next. Damage at the very end of the log looks like a write that never ended, and LevelDB
 * does not check the checksums of tables that it reads: `goldctl check` does (store/checksums.ts).
 */
export async function holesOf(store: Store, acknowledged = 0): Promise<Hole[]> {
  const head = Math.max(store.read<number>(keys.head) ?? 0, acknowledged);
  let last = store.read<number>(keys.verified) ?? 0;
  const holes: Hole[] = [];
  for await (const key of store.keysOf({ gt: keys.record(last), lt: within('j/').lt })) {
    const seq = seqOf(key);
    if (seq !== last + 1) holes.push({ from: last + 1, to: seq - 1 });
    last = seq;
  }
  if (last < head) holes.push({ from: last + 1, to: head });
  return holes;
}

export function put(key: string, value: NonNullable<unknown>): Write {
  return { type: 'put', key, value: JSON.stringify(value) };
}
