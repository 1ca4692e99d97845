import type { JournalRecord } from '../engine/contract.ts';
import { keys, seqOf, within } from '../store/keys.ts';
import { salvage } from '../store/salvage.ts';
import type { Store } from '../store/store.ts';

/** A place of the journal. Without a record it is lost: missing, or not what was written. */
export interface Place {
  readonly seq: number;
  readonly record?: JournalRecord;
}

/** Every place of a journal up to `last`, or as far as its records go, whatever became of it. */
export async function* places(store: Store, last = 0): AsyncGenerator<Place> {
  let next = 1;
  for await (const [key, text] of salvage(store, within('j/'))) {
    const seq = seqOf(key);
    if (!Number.isSafeInteger(seq) || seq < next) continue; // no key that was ever written
    for (; next < seq; next++) yield { seq: next };
    const record = readRecord(seq, text);
    yield record ? { seq, record } : { seq };
    next = seq + 1;
  }
  for (; next <= last; next++) yield { seq: next };
}

/** A number of the store; 0 where it is missing or cannot be read. */
export function counted(store: Store, key: string): number {
  try {
    const value = store.read<unknown>(key);
    return Number.isSafeInteger(value) ? (value as number) : 0;
  } catch {
    return 0;
  }
}

/** Seq of the last record, as far as the store knows it. */
export function headOf(store: Store): number {
  return counted(store, keys.head);
}

function readRecord(seq: number, text: string): JournalRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<JournalRecord> | null;
    const fits = record?.seq === seq && typeof record.kind === 'string' && Number.isFinite(record.at);
    return fits ? (record as JournalRecord) : undefined;
  } catch {
    return undefined;
  }
}
