import { AppError, ERROR_CODES, type ErrorCode } from '../domain/app-error.ts';
import { FrameError } from './frame.ts';

/** A file of an offer, as described by its source. */
export interface FileSpec {
  /** Segments joined by '/'; a single file has one. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Epoch milliseconds. */
  readonly modified: number;
  /** Merkle root in hexadecimal digits; null when the source has not hashed the file yet. */
  readonly root: string | null;
}

/** Messages in control frames. `<` is sent by the receiver of the files, `>` by their source. */
export type PeerMessage =
  /** < Opens a channel: requests a file. Answered by `found` or `refuse`. */
  | { readonly type: 'want'; readonly name: string; readonly hash: string }
  | { readonly type: 'found'; readonly size: number }
  /** > Opens a channel; `count` files follow in `files`. Answered by `accept` or `refuse`. */
  | {
      readonly type: 'offer';
      /** 32 hexadecimal digits; the same when the offer is repeated after a lost connection. */
      readonly id: string;
      readonly name: string;
      readonly folder: boolean;
      readonly count: number;
    }
  | { readonly type: 'files'; readonly files: readonly FileSpec[] }
  | { readonly type: 'accept' }
  /** <> Ends the transfer, with the reason. */
  | { readonly type: 'refuse'; readonly code: string; readonly reason: string; readonly declined: boolean }
  /** < Requests a slot. Answered by `queued` or `go`; `queued` is repeated when the position changes. */
  | { readonly type: 'ready' }
  | { readonly type: 'queued'; readonly place: number }
  | { readonly type: 'go' }
  /** < Requests all leaves of one file. Answered by LEAVES frames. */
  | { readonly type: 'leaves'; readonly file: number }
  /** < Requests blocks. Answered by BLOCK frames. */
  | { readonly type: 'pull'; readonly file: number; readonly from: number; readonly count: number }
  /** < Cancels requests for blocks. */
  | { readonly type: 'drop'; readonly file: number; readonly from: number; readonly count: number }
  /** < Bytes processed on this channel, and verified bytes on disk of all files. */
  | { readonly type: 'ack'; readonly bytes: number; readonly done: number }
  /** < Requests the roots of files that were offered without one. Answered by `roots`. */
  | { readonly type: 'askRoots'; readonly from: number; readonly count: number }
  | { readonly type: 'roots'; readonly from: number; readonly roots: readonly string[] }
  /** < The receiver has everything. */
  | { readonly type: 'done' };

export const MAX_FILES = 10_000;
/** 1 TiB, which has 128 MB of hashes. */
export const MAX_TRANSFER_BYTES = 2 ** 40;
/** In UTF-8. */
export const MAX_PATH_BYTES = 1024;
export const MAX_ROOTS_PER_MESSAGE = 512;
const MAX_BLOCKS = MAX_TRANSFER_BYTES / (256 * 1024);
const MAX_REASON_CHARS = 500;

const HASH_PATTERN = /^[0-9a-f]{64}$/;
const TRANSFER_ID_PATTERN = /^[0-9a-f]{32}$/;

/** @throws FrameError when the message is invalid */
export function parsePeerMessage(value: unknown): PeerMessage {
  const fields = expectObject(value);
  switch (fields.type) {
    case 'want':
      return {
        type: 'want',
        name: expectString(fields.name, MAX_PATH_BYTES),
        hash: expectMatch(fields.hash, HASH_PATTERN),
      };
    case 'found':
      return { type: 'found', size: expectInteger(fields.size, MAX_TRANSFER_BYTES) };
    case 'offer':
      return {
        type: 'offer',
        id: expectMatch(fields.id, TRANSFER_ID_PATTERN),
        name: expectString(fields.name, MAX_PATH_BYTES),
        folder: expectBoolean(fields.folder),
        count: expectInteger(fields.count, MAX_FILES),
      };
    case 'files':
      return { type: 'files', files: expectList(fields.files, MAX_FILES).map(parseFileSpec) };
    case 'refuse': {
      const reason = expectString(fields.reason, 4 * MAX_REASON_CHARS);
      return { type: 'refuse', code: expectString(fields.code, 64), reason, declined: expectBoolean(fields.declined) };
    }
    case 'accept':
    case 'ready':
    case 'go':
    case 'done':
      return { type: fields.type };
    case 'queued':
      return { type: 'queued', place: expectInteger(fields.place, 1e6) };
    case 'leaves':
      return { type: 'leaves', file: expectInteger(fields.file, MAX_FILES) };
    case 'pull':
    case 'drop': {
      const [file, from] = [expectInteger(fields.file, MAX_FILES), expectInteger(fields.from, MAX_BLOCKS)];
      return { type: fields.type, file, from, count: expectInteger(fields.count, MAX_BLOCKS) };
    }
    case 'ack':
      return { type: 'ack', bytes: expectInteger(fields.bytes), done: expectInteger(fields.done, MAX_TRANSFER_BYTES) };
    case 'askRoots':
      return {
        type: 'askRoots',
        from: expectInteger(fields.from, MAX_FILES),
        count: expectInteger(fields.count, MAX_ROOTS_PER_MESSAGE),
      };
    case 'roots': {
      const roots = expectList(fields.roots, MAX_ROOTS_PER_MESSAGE).map((root) => expectMatch(root, HASH_PATTERN));
      return { type: 'roots', from: expectInteger(fields.from, MAX_FILES), roots };
    }
    default:
      throw new FrameError('Unknown control message.');
  }
}

/** An error that names a local folder is replaced, because the folder is private. */
export function encodeRefusal(error: AppError, declined = false): PeerMessage {
  const { code, message, data } = error;
  if (data.folder === undefined) return { type: 'refuse', code, reason: message.slice(0, MAX_REASON_CHARS), declined };
  if (code === 'TOO_LARGE')
    return { type: 'refuse', code, reason: 'The receiver does not have enough free space.', declined };
  const cause = data.full === true ? 'the disk is full' : 'the disk reported an error';
  const reason = `The receiver cannot save the file: ${cause}. The part received so far is kept.`;
  return { type: 'refuse', code: 'NOT_AVAILABLE', reason, declined };
}

/** @returns an error with `data.declined` set if a person or a rule declined */
export function decodeRefusal(message: Extract<PeerMessage, { type: 'refuse' }>): AppError {
  const code: ErrorCode = Object.hasOwn(ERROR_CODES, message.code) ? (message.code as ErrorCode) : 'NOT_AVAILABLE';
  const reason = message.reason.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, ' ').slice(0, MAX_REASON_CHARS);
  return new AppError(code, reason || undefined, { data: { declined: message.declined, told: true } });
}

function parseFileSpec(value: unknown): FileSpec {
  const { path, size, modified, root } = expectObject(value);
  return {
    path: expectString(path, MAX_PATH_BYTES),
    size: expectInteger(size, MAX_TRANSFER_BYTES),
    modified: expectInteger(modified),
    root: root === null ? null : expectMatch(root, HASH_PATTERN),
  };
}

function expectObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new FrameError('A control message lacks an object.');
}

function expectList(value: unknown, max: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= max) return value;
  throw new FrameError('A control message lacks a list, or the list is too long.');
}

function expectString(value: unknown, max: number): string {
  if (typeof value === 'string' && value.length <= max) return value;
  throw new FrameError('A control message lacks a string, or the string is too long.');
}

function expectMatch(value: unknown, pattern: RegExp): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new FrameError('A control message lacks a hash or an id.');
}

function expectInteger(value: unknown, max: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max) return value as number;
  throw new FrameError('A control message lacks a number, or the number is out of range.');
}

function expectBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new FrameError('A control message lacks a boolean.');
}
