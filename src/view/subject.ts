import { nameKey } from '../domain/name.ts';
import type { NewRecord } from '../engine/contract.ts';

const OF_ACCOUNT: ReadonlySet<string> = new Set([
  'account.created',
  'account.password',
  'account.rehashed',
  'account.role',
  'account.banned',
]);

export function accountSubject(name: string): string {
  return `account.${nameKey(name)}`;
}

/** What a record is about, where its writers may race: whoever restores a journal needs it, and no record says it. */
export function subjectOf(record: NewRecord): string | undefined {
  return OF_ACCOUNT.has(record.kind) && typeof record.name === 'string' ? accountSubject(record.name) : undefined;
}
