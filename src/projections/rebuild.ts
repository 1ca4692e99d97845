import { AppError } from '../domain/app-error.ts';
import type { JournalRecord } from '../engine/types.ts';
import { keys, prefixRange, seqOfRecordKey } from '../store/keys.ts';
import type { Store, StoreWrite } from '../store/store.ts';
import { incompatibleRecordReason, Replay } from './replay.ts';

/**
 * Replays the journal of an open store into an empty open one. The engine's own keys (format, head, verified) are
 * copied, because they are not part of the read model.
 * @throws AppError JOURNAL_HOLE, STORE_FAILED when a record cannot be read
 */
export async function rebuildStore(store: Store, into: Store): Promise<void> {
  const replay = new Replay(into);
  await replay.start();
  let last = 0;
  for await (const [key, text] of store.range(prefixRange('j/'))) {
    const record = parseRecord(key, text);
    if (record.seq !== ++last) {
      throw new AppError('JOURNAL_HOLE', `Record ${last} is missing in the journal; record ${record.seq} follows.`, {
        data: { missing: `${last}` },
      });
    }
    await replay.add(record).catch((cause: unknown) => {
      throw cause instanceof AppError
        ? cause
        : new AppError('STORE_FAILED', incompatibleRecordReason(record, cause), { cause });
    });
  }
  await replay.finish();
  const marks = [
    keys.schemaVersion,
    keys.headSeq,
    keys.verifiedSeq,
    keys.stream,
    keys.skippedByVersion,
    keys.producerState,
  ].flatMap((key): StoreWrite[] => {
    const value = store.get(key);
    return value === undefined ? [] : [{ type: 'put', key, value }];
  });
  await into.write(marks, { sync: true });
}

/** Keys, in order, that are in only one of two open stores or whose values differ. */
export async function differingKeys(a: Store, b: Store): Promise<string[]> {
  const differing: string[] = [];
  for await (const { key } of diffStores(a, b)) differing.push(key);
  return differing;
}

export interface StoreDifference {
  readonly key: string;
  /** State of the key in the first store, compared with the second. */
  readonly what: 'missing' | 'too much' | 'different';
}

/** Like `differingKeys`, one by one. */
export async function* diffStores(a: Store, b: Store): AsyncGenerator<StoreDifference> {
  const [left, right] = [a.range({}), b.range({})];
  try {
    let [one, other] = [await left.next(), await right.next()];
    while (!one.done || !other.done) {
      const order = one.done ? 1 : other.done ? -1 : compareBytes(one.value[0], other.value[0]);
      if (order < 0) yield { key: one.value[0], what: 'too much' };
      else if (order > 0) yield { key: other.value[0], what: 'missing' };
      else if (one.value[1] !== other.value[1]) yield { key: one.value[0], what: 'different' };
      if (order <= 0) one = await left.next();
      if (order >= 0) other = await right.next();
    }
  } finally {
    await left.return(undefined);
    await right.return(undefined);
  }
}

/** A damaged record may be invalid JSON or have another sequence number. LevelDB returns both without an error. */
function parseRecord(key: string, text: string): JournalRecord {
  let cause: unknown;
  try {
    const record = JSON.parse(text) as JournalRecord;
    if (record.seq === seqOfRecordKey(key)) return record;
  } catch (error) {
    cause = error;
  }
  throw new AppError('STORE_FAILED', `Record ${seqOfRecordKey(key)} is damaged. Restore a backup.`, { cause });
}

/** The order of the store's keys: by UTF-8 bytes, unlike JavaScript's strings. */
function compareBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
