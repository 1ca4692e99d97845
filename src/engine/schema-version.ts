import { AppError } from '../domain/app-error.ts';
import { keys, prefixRange, seqOfRecordKey } from '../store/keys.ts';
import type { Store, StoreWrite } from '../store/store.ts';
import { WriteBatch } from '../store/write-batch.ts';
import type { Change, JournalRecord, Projector } from './types.ts';

/**
 * Version of the store's format. Raise it with any change of the read model's keys or values; the read model is then
 * rebuilt from the journal. 2: candles by series, several quotes at one instant.
 */
export const SCHEMA_VERSION = 2;

/** Sequence numbers without a record, both ends included. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** @throws AppError DATA_NEWER for a format of a later goldctl */
export function assertSupportedSchema(schema: number): void {
  if (schema <= SCHEMA_VERSION) return;
  throw new AppError(
    'DATA_NEWER',
    `The data folder has format ${schema}; this goldctl supports up to ${SCHEMA_VERSION}. Use the newer goldctl that wrote it.`,
  );
}

/**
 * Upgrades the store to the current format.
 * @param rebuild rebuilds the read model of an older format
 * @returns whether the read model was rebuilt
 * @throws AppError DATA_NEWER
 */
export async function upgradeSchema(store: Store, rebuild: () => Promise<void>): Promise<boolean> {
  const schema = store.read<number>(keys.schemaVersion);
  if (schema !== undefined) assertSupportedSchema(schema);
  const isOlder = schema !== undefined && schema < SCHEMA_VERSION;
  if (isOlder) await rebuild();
  if (schema !== SCHEMA_VERSION) await store.write([putJson(keys.schemaVersion, SCHEMA_VERSION)], { sync: true });
  return isOlder;
}

/** Keys that are not derived from the journal. */
const ENGINE_KEYS: ReadonlySet<string> = new Set([
  keys.schemaVersion,
  keys.headSeq,
  keys.verifiedSeq,
  keys.stream,
  keys.skippedByVersion,
  keys.producerState,
]);
const ENGINE_PREFIXES: readonly string[] = [keys.records, keys.gaps, keys.subjects];
/** Bounds the memory that a long journal needs. */
const MAX_BATCH_WRITES = 5000;

/**
 * Deletes everything that is derived from the journal and derives it again. Restarts at the next start if interrupted.
 * @param projector not loaded yet
 */
export async function rebuildReadModel(store: Store, projector: Projector): Promise<void> {
  let deletions: StoreWrite[] = [];
  for await (const key of store.keysOf({})) {
    if (ENGINE_KEYS.has(key) || ENGINE_PREFIXES.some((prefix) => key.startsWith(prefix))) continue;
    deletions.push({ type: 'del', key });
    if (deletions.length < MAX_BATCH_WRITES) continue;
    await store.write(deletions, { sync: false });
    deletions = [];
  }
  await store.write(deletions, { sync: false });
  await projector.load();
  let writes = new WriteBatch(store);
  let projected: { record: JournalRecord; changes: readonly Change[] }[] = [];
  const flush = async () => {
    await store.write(writes.takeWrites(), { sync: false });
    for (const { record, changes } of projected) projector.applyCommitted(record, changes);
    writes = new WriteBatch(store);
    projected = [];
  };
  for await (const [, text] of store.range(prefixRange(keys.records))) {
    const record = JSON.parse(text) as JournalRecord;
    projected.push({ record, changes: projector.project(record, writes) });
    if (writes.size > MAX_BATCH_WRITES) await flush();
  }
  await flush();
}

/**
 * LevelDB silently drops a damaged block of its log, and with it acknowledged batches; later blocks stay. Every open
 * turns the log into tables, which are only read from then on, so records that one open verified are not checked by the
 * next. Damage at the very end of the log looks like an unfinished write, and LevelDB does not verify the checksums of
 * tables that it reads: `goldctl check` does (store/verify.ts).
 */
export async function findGaps(store: Store, acknowledged = 0): Promise<Gap[]> {
  const head = Math.max(store.read<number>(keys.headSeq) ?? 0, acknowledged);
  let last = store.read<number>(keys.verifiedSeq) ?? 0;
  const gaps: Gap[] = [];
  for await (const key of store.keysOf({ gt: keys.record(last), lt: prefixRange('j/').lt })) {
    const seq = seqOfRecordKey(key);
    if (seq !== last + 1) gaps.push({ from: last + 1, to: seq - 1 });
    last = seq;
  }
  if (last < head) gaps.push({ from: last + 1, to: head });
  return gaps;
}

export function putJson(key: string, value: NonNullable<unknown>): StoreWrite {
  return { type: 'put', key, value: JSON.stringify(value) };
}
