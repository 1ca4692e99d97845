import type { Instant } from '../domain/instant.ts';
import type { Appended, AppendOptions, Journal } from '../engine/contract.ts';
import type { Kind, Records } from '../view/records.ts';

/** Appends a record of a declared kind: the compiler holds its fields to view/records.ts. */
export function append<K extends Kind>(
  journal: Journal,
  kind: K,
  at: Instant,
  fields: Records[K],
  options?: AppendOptions,
): Promise<Appended> {
  return journal.append({ kind, at, ...fields }, options);
}
