import { Failure } from '../domain/failure.ts';
import type { JournalRecord } from '../engine/contract.ts';
import { keys, seqOf, within } from '../store/keys.ts';
import type { Store, Write } from '../store/store.ts';
import { Replay, unfit } from './replay.ts';

/**
 * Replays the journal of one open store into another, empty and open. The engine's own marks (format, head, verified) are
 * copied: they are no part of the view.
 * @throws Failure JOURNAL_HOLE, STORE_FAILED when a record cannot be read
 */
export async function rebuild(store: Store, into: Store): Promise<void> {
  const replay = new Replay(into);
  await replay.start();
  let last = 0;
  for await (const [key, text] of store.range(within('j/'))) {
    const record = read(key, text);
    if (record.seq !== ++last) {
      throw new Failure(
        'JOURNAL_HOLE',
        `Record ${last} is missing in the journal; record ${record.seq} stands there.`,
        {
          data: { missing: `${last}` },
        },
      );
    }
    await replay.add(record).catch((cause: unknown) => {
      throw cause instanceof Failure ? cause : new Failure('STORE_FAILED', unfit(record, cause), { cause });
    });
  }
  await replay.end();
  const marks = [keys.schema, keys.head, keys.verified, keys.stream, keys.unfit, keys.senders].flatMap(
    (key): Write[] => {
      const value = store.get(key);
      return value === undefined ? [] : [{ type: 'put', key, value }];
    },
  );
  await into.write(marks, { sync: true });
}

/** Keys that only one of two open stores has, or whose values differ, in order. */
export async function compare(a: Store, b: Store): Promise<string[]> {
  const differing: string[] = [];
  for await (const { key } of differences(a, b)) differing.push(key);
  return differing;
}

export interface Difference {
  readonly key: string;
  /** In the first store, as the second one has it. */
  readonly what: 'missing' | 'too much' | 'different';
}

/** As `compare`, one by one. */
export async function* differences(a: Store, b: Store): AsyncGenerator<Difference> {
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

/** What bit rot made of a record is no JSON, or says that it stands elsewhere: LevelDB hands over both as they are. */
function read(key: string, text: string): JournalRecord {
  let cause: unknown;
  try {
    const record = JSON.parse(text) as JournalRecord;
    if (record.seq === seqOf(key)) return record;
  } catch (error) {
    cause = error;
  }
  throw new Failure('STORE_FAILED', `Record ${seqOf(key)} is damaged. Put a backup back.`, { cause });
}

/** The order of the store's keys: by bytes of UTF-8, which is not the order of JavaScript's strings. */
function compareBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
