import { canonicalName } from '../domain/account.ts';
import type { NewRecord } from '../engine/types.ts';

const ACCOUNT_RECORD_KINDS: ReadonlySet<string> = new Set([
  'account.created',
  'account.password',
  'account.rehashed',
  'account.role',
  'account.banned',
]);

export function accountSubject(name: string): string {
  return `account.${canonicalName(name)}`;
}

/** What a record is about, for kinds whose writers race. A restore needs it, and records do not contain it. */
export function subjectOfRecord(record: NewRecord): string | undefined {
  return ACCOUNT_RECORD_KINDS.has(record.kind) && typeof record.name === 'string'
    ? accountSubject(record.name)
    : undefined;
}
