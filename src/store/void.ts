import type { Draft } from './draft.ts';
import { keys } from './keys.ts';

/** What stands in the place of a record that is void. */
export function voidOf(seq: number): { seq: number; kind: 'void'; at: 0 } {
  return { seq, kind: 'void', at: 0 };
}

/** Empties the places of the records that a record makes void (engine/contract.ts). */
export function stageVoids(record: { readonly seq: number; readonly voids?: readonly number[] }, draft: Draft): void {
  for (const seq of record.voids ?? []) if (seq < record.seq) draft.write(keys.record(seq), voidOf(seq));
}
