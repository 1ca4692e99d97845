import { Failure } from './failure.ts';

/** Form of the file. Older ones are always read; one that is newer than this goldctl knows is refused. */
export const BACKUP_FORMAT = 1;

/**
 * The first line of a backup. Behind it stand the records 1 to `seq`, one a line, then the trailer. Everything else
 * that a daemon knows is made of the records.
 */
export interface BackupHeader {
  readonly backup: 'goldctl';
  readonly format: number;
  /** The journal's head when the backup began: the last record that is in it. */
  readonly seq: number;
  /** Name and version of the daemon. */
  readonly server: string;
  /** Epoch milliseconds. */
  readonly madeAt: number;
  /** The daemon's key and certificate (PEM), where they were asked for. */
  readonly certificate?: string;
}

/** The last line. */
export interface BackupTrailer {
  readonly records: number;
  /** Of every line before it with its newline, hex. */
  readonly sha256: string;
}

/** @throws Failure BACKUP_DAMAGED, DATA_NEWER */
export function readBackupHeader(line: string): BackupHeader {
  const header = object(line, 'its first line is no header');
  if (header.backup !== 'goldctl' || !isPlace(header.format)) throw damaged('it is no backup of goldctl');
  if ((header.format as number) > BACKUP_FORMAT) {
    throw new Failure(
      'DATA_NEWER',
      `The backup has format ${header.format}; this goldctl reads up to ${BACKUP_FORMAT}. Use a newer goldctl.`,
    );
  }
  const { seq, server, madeAt, certificate } = header;
  const whole =
    isPlace(seq) &&
    typeof server === 'string' &&
    isPlace(madeAt) &&
    (certificate === undefined || typeof certificate === 'string');
  if (!whole) throw damaged('its first line is no header');
  return header as unknown as BackupHeader;
}

/** A record, as far as every one is the same. */
export interface BackupRecord {
  readonly seq: number;
  readonly kind: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly [field: string]: unknown;
}

/**
 * @param seq the place where it stands
 * @throws Failure BACKUP_DAMAGED
 */
export function readBackupRecord(line: string, seq: number): BackupRecord {
  const why = `record ${seq} is missing or no record`;
  const record = object(line, why);
  if (record.seq !== seq || typeof record.kind !== 'string' || typeof record.at !== 'number') throw damaged(why);
  return record as unknown as BackupRecord;
}

/** @throws Failure BACKUP_DAMAGED */
export function readBackupTrailer(line: string): BackupTrailer {
  const trailer = object(line, 'its last line is missing');
  if (!isPlace(trailer.records) || typeof trailer.sha256 !== 'string') throw damaged('its last line is missing');
  return trailer as unknown as BackupTrailer;
}

/** A file that cannot be taken for a backup. `why` goes on after "it". */
export function damaged(why: string, cause?: unknown): Failure {
  return new Failure(
    'BACKUP_DAMAGED',
    `The backup is damaged or cut short: ${why}. Nothing was restored. Take another copy of it, or an older backup.`,
    cause === undefined ? {} : { cause },
  );
}

function isPlace(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function object(line: string, why: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw damaged(why, cause);
  }
  throw damaged(why);
}
