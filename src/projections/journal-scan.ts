import type { JournalRecord } from '../engine/types.ts';
import { keys, prefixRange, seqOfRecordKey } from '../store/keys.ts';
import { readSkippingCorruption } from '../store/read-skipping-corruption.ts';
import type { Store } from '../store/store.ts';

/** A slot of the journal. Without a record it is lost: the record is missing or damaged. */
export interface JournalSlot {
  readonly seq: number;
  readonly record?: JournalRecord;
}

/** Yields every slot of a journal up to `last`, or to its last record, including lost ones. */
export async function* scanJournal(store: Store, last = 0): AsyncGenerator<JournalSlot> {
  let next = 1;
  for await (const [key, text] of readSkippingCorruption(store, prefixRange('j/'))) {
    const seq = seqOfRecordKey(key);
    if (!Number.isSafeInteger(seq) || seq < next) continue; // not a key that goldctl writes
    for (; next < seq; next++) yield { seq: next };
    const record = parseRecord(seq, text);
    yield record ? { seq, record } : { seq };
    next = seq + 1;
  }
  for (; next <= last; next++) yield { seq: next };
}

export function readCount(store: Store, key: string): number {
  try {
    const value = store.read<unknown>(key);
    return Number.isSafeInteger(value) ? (value as number) : 0;
  } catch {
    return 0;
  }
}

export function journalHead(store: Store): number {
  return readCount(store, keys.headSeq);
}

function parseRecord(seq: number, text: string): JournalRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<JournalRecord> | null;
    const fits = record?.seq === seq && typeof record.kind === 'string' && Number.isFinite(record.at);
    return fits ? (record as JournalRecord) : undefined;
  } catch {
    return undefined;
  }
}
