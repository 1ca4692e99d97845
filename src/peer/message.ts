import { FAILURES, Failure, type FailureCode } from '../domain/failure.ts';
import { FrameError } from './frame.ts';

/** A file of an offer or a listing, as its source describes it. */
export interface FileSpec {
  /** Segments joined by '/'; a single file has one. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Epoch milliseconds. */
  readonly modified: number;
  /** Root of its hash tree in hexadecimal digits; null where the source has not read it yet. */
  readonly root: string | null;
}

/** Everything that control frames say. `<` comes from the receiver of the files, `>` from their source. */
export type Message =
  /** < Opens a channel: whether the source has this file. `found` or `refuse` answers. */
  | { readonly type: 'want'; readonly name: string; readonly hash: string }
  | { readonly type: 'found'; readonly size: number }
  /** > Opens a channel; as many files follow in `files`. `accept` or `refuse` answers. */
  | {
      readonly type: 'offer';
      /** 32 hexadecimal digits; the same where the same is offered once more after a loss. */
      readonly id: string;
      readonly name: string;
      readonly folder: boolean;
      readonly count: number;
    }
  | { readonly type: 'files'; readonly files: readonly FileSpec[] }
  | { readonly type: 'accept' }
  /** <> The end: why there will be nothing more. */
  | { readonly type: 'refuse'; readonly code: string; readonly reason: string; readonly declined: boolean }
  /** < Asks for a slot. `queued` or `go` answers, `queued` again whenever the place changes. */
  | { readonly type: 'ready' }
  | { readonly type: 'queued'; readonly place: number }
  | { readonly type: 'go' }
  /** < LEAVES frames answer: all of one file. */
  | { readonly type: 'leaves'; readonly file: number }
  /** < BLOCK frames answer. */
  | { readonly type: 'pull'; readonly file: number; readonly from: number; readonly count: number }
  /** < Blocks pulled before that need not come any more. */
  | { readonly type: 'drop'; readonly file: number; readonly from: number; readonly count: number }
  /** < Bytes of this channel that are dealt with, and bytes of all files that are checked and on the disk. */
  | { readonly type: 'ack'; readonly bytes: number; readonly done: number }
  /** < Asks for the roots of files that were offered without; the same with `roots` answers. */
  | { readonly type: 'askRoots'; readonly from: number; readonly count: number }
  | { readonly type: 'roots'; readonly from: number; readonly roots: readonly string[] }
  /** < Everything is there. */
  | { readonly type: 'done' };

export const MAX_FILES = 10_000;
/** 1 TiB: its hashes are 128 MB. */
export const MAX_BYTES = 2 ** 40;
/** Bytes of UTF-8 in a path. */
export const MAX_PATH = 1024;
/** Most roots in one message. */
export const MAX_ROOTS = 512;
const MAX_BLOCKS = MAX_BYTES / (256 * 1024);
const MAX_REASON = 500;

const HASH = /^[0-9a-f]{64}$/;
const ID = /^[0-9a-f]{32}$/;

/** @throws FrameError for what no honest peer says */
export function checkMessage(value: unknown): Message {
  const fields = objectOf(value);
  switch (fields.type) {
    case 'want':
      return { type: 'want', name: textOf(fields.name, MAX_PATH), hash: matching(fields.hash, HASH) };
    case 'found':
      return { type: 'found', size: wholeOf(fields.size, MAX_BYTES) };
    case 'offer':
      return {
        type: 'offer',
        id: matching(fields.id, ID),
        name: textOf(fields.name, MAX_PATH),
        folder: flagOf(fields.folder),
        count: wholeOf(fields.count, MAX_FILES),
      };
    case 'files':
      return { type: 'files', files: listOf(fields.files, MAX_FILES).map(specOf) };
    case 'refuse': {
      const reason = textOf(fields.reason, 4 * MAX_REASON);
      return { type: 'refuse', code: textOf(fields.code, 64), reason, declined: flagOf(fields.declined) };
    }
    case 'accept':
    case 'ready':
    case 'go':
    case 'done':
      return { type: fields.type };
    case 'queued':
      return { type: 'queued', place: wholeOf(fields.place, 1e6) };
    case 'leaves':
      return { type: 'leaves', file: wholeOf(fields.file, MAX_FILES) };
    case 'pull':
    case 'drop': {
      const [file, from] = [wholeOf(fields.file, MAX_FILES), wholeOf(fields.from, MAX_BLOCKS)];
      return { type: fields.type, file, from, count: wholeOf(fields.count, MAX_BLOCKS) };
    }
    case 'ack':
      return { type: 'ack', bytes: wholeOf(fields.bytes), done: wholeOf(fields.done, MAX_BYTES) };
    case 'askRoots':
      return { type: 'askRoots', from: wholeOf(fields.from, MAX_FILES), count: wholeOf(fields.count, MAX_ROOTS) };
    case 'roots': {
      const roots = listOf(fields.roots, MAX_ROOTS).map((root) => matching(root, HASH));
      return { type: 'roots', from: wholeOf(fields.from, MAX_FILES), roots };
    }
    default:
      throw new FrameError('A control frame says nothing that is known.');
  }
}

/** A Failure as `refuse` carries it. What names a folder of this side is told in other words. */
export function refusal(failure: Failure, declined = false): Message {
  const { code, message, data } = failure;
  if (data.folder === undefined) return { type: 'refuse', code, reason: message.slice(0, MAX_REASON), declined };
  if (code === 'TOO_LARGE')
    return { type: 'refuse', code, reason: 'The receiver has too little space for it.', declined };
  const why = data.full === true ? 'its disk is full' : 'its disk does not take it';
  const reason = `The receiver cannot save it: ${why}. What it has is kept.`;
  return { type: 'refuse', code: 'NOT_AVAILABLE', reason, declined };
}

/** What a `refuse` says, as this side throws it. `data.declined` where a person or a rule said no. */
export function refused(message: Extract<Message, { type: 'refuse' }>): Failure {
  const code: FailureCode = Object.hasOwn(FAILURES, message.code) ? (message.code as FailureCode) : 'NOT_AVAILABLE';
  const reason = message.reason.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, ' ').slice(0, MAX_REASON);
  return new Failure(code, reason || undefined, { data: { declined: message.declined, told: true } });
}

function specOf(value: unknown): FileSpec {
  const { path, size, modified, root } = objectOf(value);
  return {
    path: textOf(path, MAX_PATH),
    size: wholeOf(size, MAX_BYTES),
    modified: wholeOf(modified),
    root: root === null ? null : matching(root, HASH),
  };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new FrameError('A control frame has no object where one belongs.');
}

function listOf(value: unknown, most: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= most) return value;
  throw new FrameError('A control frame has no list where one belongs, or too long a one.');
}

function textOf(value: unknown, most: number): string {
  if (typeof value === 'string' && value.length <= most) return value;
  throw new FrameError('A control frame has no text where one belongs, or too long a one.');
}

function matching(value: unknown, pattern: RegExp): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new FrameError('A control frame has no hash where one belongs.');
}

function wholeOf(value: unknown, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most) return value as number;
  throw new FrameError('A control frame has no number where one belongs, or one out of range.');
}

function flagOf(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new FrameError('A control frame has neither true nor false where one belongs.');
}
