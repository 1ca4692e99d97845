import { AppError } from './app-error.ts';
import { defined } from './defined.ts';

/** Version of the file format. Older versions can always be read; newer ones are rejected. */
export const BACKUP_FORMAT_VERSION = 1;

/**
 * The first line of a backup. The records 1 to `seq` follow, one per line, then the trailer. All other data of a daemon
 * is derived from the records.
 */
export interface BackupHeader {
  readonly backup: 'goldctl';
  readonly format: number;
  /** The journal's head when the backup began: the last record in the backup. */
  readonly seq: number;
  /** Name and version of the daemon. */
  readonly server: string;
  /** Epoch milliseconds. */
  readonly madeAt: number;
  /** The daemon's key and certificate (PEM), if requested. */
  readonly certificate?: string;
}

/** The last line. */
export interface BackupTrailer {
  readonly records: number;
  /** Hash of all lines before this one, newlines included; hex. */
  readonly sha256: string;
}

/** @throws AppError BACKUP_DAMAGED, DATA_NEWER */
export function parseBackupHeader(line: string): BackupHeader {
  const header = parseObject(line, 'its first line is not a header');
  if (header.backup !== 'goldctl' || !isNonNegativeInteger(header.format))
    throw backupCorruptError('it is not a goldctl backup');
  if ((header.format as number) > BACKUP_FORMAT_VERSION) {
    throw new AppError(
      'DATA_NEWER',
      `The backup has format ${header.format}; this goldctl supports up to ${BACKUP_FORMAT_VERSION}. Use a newer goldctl.`,
    );
  }
  const { seq, server, madeAt, certificate } = header;
  const isComplete =
    isNonNegativeInteger(seq) &&
    typeof server === 'string' &&
    isNonNegativeInteger(madeAt) &&
    (certificate === undefined || typeof certificate === 'string');
  if (!isComplete) throw backupCorruptError('its first line is not a header');
  return header as unknown as BackupHeader;
}

/** The fields that all records share. */
export interface BackupRecord {
  readonly seq: number;
  readonly kind: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly [field: string]: unknown;
}

/**
 * @param seq the expected sequence number
 * @throws AppError BACKUP_DAMAGED
 */
export function parseBackupRecord(line: string, seq: number): BackupRecord {
  const reason = `record ${seq} is missing or invalid`;
  const record = parseObject(line, reason);
  if (record.seq !== seq || typeof record.kind !== 'string' || typeof record.at !== 'number')
    throw backupCorruptError(reason);
  return record as unknown as BackupRecord;
}

/** @throws AppError BACKUP_DAMAGED */
export function parseBackupTrailer(line: string): BackupTrailer {
  const trailer = parseObject(line, 'its last line is missing');
  if (!isNonNegativeInteger(trailer.records) || typeof trailer.sha256 !== 'string')
    throw backupCorruptError('its last line is missing');
  return trailer as unknown as BackupTrailer;
}

/** @param reason a clause, appended to the message */
export function backupCorruptError(reason: string, cause?: unknown): AppError {
  return new AppError(
    'BACKUP_DAMAGED',
    `The backup is damaged or incomplete: ${reason}. Nothing was restored. Use another copy of it, or an older backup.`,
    defined({ cause }),
  );
}

function isNonNegativeInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseObject(line: string, reason: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw backupCorruptError(reason, cause);
  }
  throw backupCorruptError(reason);
}
