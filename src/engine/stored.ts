import { Failure } from '../domain/failure.ts';
import { Draft } from '../store/draft.ts';
import { keys, seqOf, within } from '../store/keys.ts';
import type { Store, Write } from '../store/store.ts';
import type { Change, JournalRecord, Projector } from './contract.ts';

/**
 * Format of the store. A change of the keys or values of the view raises it: the view is then rebuilt from the journal.
 * 2: candles by series, several quotes of one instant.
 */
export const SCHEMA = 2;

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

/**
 * Brings the store to the current format.
 * @param rebuild makes the view of an older format anew
 * @returns whether the view was rebuilt
 * @throws Failure DATA_NEWER
 */
export async function checkSchema(store: Store, rebuild: () => Promise<void>): Promise<boolean> {
  const schema = store.read<number>(keys.schema);
  if (schema !== undefined) refuseNewer(schema);
  const isOlder = schema !== undefined && schema < SCHEMA;
  if (isOlder) await rebuild();
  if (schema !== SCHEMA) await store.write([put(keys.schema, SCHEMA)], { sync: true });
  return isOlder;
}

/** Keys that are not derived from the journal. */
const ENGINE_KEYS: ReadonlySet<string> = new Set([
  keys.schema,
  keys.head,
  keys.verified,
  keys.stream,
  keys.unfit,
  keys.senders,
]);
const ENGINE_PREFIXES: readonly string[] = [keys.records, keys.gaps, keys.subjects];
/** Writes of a batch: bounds the memory of a long journal. */
const REBUILD_BATCH = 5000;

/**
 * Deletes everything that is derived from the journal and derives it again. Cut off, it starts over at the next start.
 * @param projector not loaded yet
 */
export async function rebuildView(store: Store, projector: Projector): Promise<void> {
  let deletions: Write[] = [];
  for await (const key of store.keysOf({})) {
    if (ENGINE_KEYS.has(key) || ENGINE_PREFIXES.some((prefix) => key.startsWith(prefix))) continue;
    deletions.push({ type: 'del', key });
    if (deletions.length < REBUILD_BATCH) continue;
    await store.write(deletions, { sync: false });
    deletions = [];
  }
  await store.write(deletions, { sync: false });
  await projector.load();
  let draft = new Draft(store);
  let projected: { record: JournalRecord; changes: readonly Change[] }[] = [];
  const flush = async () => {
    await store.write(draft.drain(), { sync: false });
    for (const { record, changes } of projected) projector.committed(record, changes);
    draft = new Draft(store);
    projected = [];
  };
  for await (const [, text] of store.range(within(keys.records))) {
    const record = JSON.parse(text) as JournalRecord;
    projected.push({ record, changes: projector.project(record, draft) });
    if (draft.size > REBUILD_BATCH) await flush();
  }
  await flush();
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
