import { Failure } from '../domain/failure.ts';
import type { JournalRecord } from '../engine/contract.ts';
import { Draft } from '../store/draft.ts';
import { keys, seqOf, within } from '../store/keys.ts';
import type { Range, Store, Write } from '../store/store.ts';
import { View } from './view.ts';

/** Writes are handed over when they are this many: bounds the memory of a long journal. */
const BATCH = 20_000;

/**
 * Projects the journal of one open store into another, empty and open, as if every record were appended anew. The
 * engine's own keys (records, subjects, head) are copied: they are what the view is derived from.
 * @throws Failure JOURNAL_HOLE, STORE_FAILED when a record cannot be read
 */
export async function rebuild(store: Store, into: Store): Promise<void> {
  const view = new View(into);
  await view.load();
  let last = 0;
  let draft = new Draft(into);
  let projected: { record: JournalRecord; changes: ReturnType<View['project']> }[] = [];
  const flush = async () => {
    await into.write(draft.drain(), { sync: false });
    for (const { record, changes } of projected) view.committed(record, changes);
    draft = new Draft(into);
    projected = [];
  };
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
    projected.push({ record, changes: projectedBy(view, record, draft) });
    draft.write(key, record);
    if (draft.size > BATCH) await flush();
  }
  await flush();
  await copy(store, into, within('x/'));
  const engine = [keys.schema, keys.head, keys.verified].flatMap((key): Write[] => {
    const value = store.get(key);
    return value === undefined ? [] : [{ type: 'put', key, value }];
  });
  await into.write(engine, { sync: true });
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

function projectedBy(view: View, record: JournalRecord, draft: Draft): ReturnType<View['project']> {
  try {
    return view.project(record, draft);
  } catch (cause) {
    const what = `Record ${record.seq}, of the kind ${record.kind}, does not fit: ${(cause as Error).message}.`;
    throw new Failure('STORE_FAILED', what, { cause });
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

async function copy(store: Store, into: Store, range: Range): Promise<void> {
  let writes: Write[] = [];
  for await (const [key, value] of store.range(range)) {
    writes.push({ type: 'put', key, value });
    if (writes.length < BATCH) continue;
    await into.write(writes, { sync: false });
    writes = [];
  }
  await into.write(writes, { sync: false });
}
