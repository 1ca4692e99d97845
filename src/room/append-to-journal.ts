import type { EpochMs } from '../domain/time.ts';
import type { AppendOptions, Journal } from '../engine/types.ts';
import type { JournalRecords, RecordKind } from '../projections/journal-records.ts';
import type { ReadModel, ReadModelChange } from '../projections/read-model.ts';

/** What the services of a room work with. */
export interface RoomContext {
  readonly journal: Journal;
  readonly readModel: ReadModel;
  readonly now: () => EpochMs;
}

export interface AppendedRecord {
  readonly seq: number;
  readonly changes: readonly ReadModelChange[];
}

/** Appends a record of a known kind. The compiler checks its fields against projections/journal-records.ts. */
export function appendToJournal<K extends RecordKind>(
  journal: Journal,
  kind: K,
  at: EpochMs,
  fields: JournalRecords[K],
  options?: AppendOptions,
): Promise<AppendedRecord> {
  return journal.append({ kind, at, ...fields }, options) as Promise<AppendedRecord>; // as ReadModel.project made them
}

export function appendNow<K extends RecordKind>(
  { journal, now }: Pick<RoomContext, 'journal' | 'now'>,
  kind: K,
  fields: JournalRecords[K],
  options?: AppendOptions,
): Promise<AppendedRecord> {
  return appendToJournal(journal, kind, now(), fields, options);
}
