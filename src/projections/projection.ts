import type { Change } from '../engine/types.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import type { RecordKind, RecordOf } from './journal-records.ts';

/** Handles the records of one topic. A record kind belongs to one projection only. */
export interface Projection {
  readonly handlers: { readonly [K in RecordKind]?: (record: RecordOf<K>, writes: WriteBatch) => readonly Change[] };
  /** By type of change: updates what is in memory once the change is durable. */
  readonly onCommitted?: { readonly [type: string]: (change: never) => void };
  load?(): Promise<void>;
}
