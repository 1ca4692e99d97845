import { isUtf8 } from 'node:buffer';
import { Failure, type FailureData } from '../domain/failure.ts';

/** Version of the wire contract that `hello` agrees on. */
export const PROTOCOL = 1;

/** The longest line a daemon takes, in bytes without the newline. */
export const LINE_BYTES = 64 * 1024;

export type RequestId = string | number | null;

export interface ErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data: { readonly reason: string } & FailureData;
}

/** Any line of the wire, as a client or a daemon may meet it. */
export interface Line {
  readonly jsonrpc: '2.0';
  readonly id?: RequestId;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: ErrorObject;
}

const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a stream of bytes into lines. Holds at most one unfinished line of `limit` bytes; a longer one, or bytes that
 * are not UTF-8, throw and end the stream for good: nothing after them can be trusted to be a line.
 */
export class LineSplitter {
  readonly #limit: number;
  /** The beginning of a line in its first `#held` bytes. One buffer: a line that comes byte by byte costs no more memory. */
  #beginning = NOTHING;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines that `chunk` completes, without newline and carriage return. @throws Failure TOO_LARGE, PARSE_ERROR */
  push(chunk: Buffer): string[] {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.#hold(chunk);
      return [];
    }
    let whole = chunk.subarray(0, end);
    if (this.#held > 0) {
      whole = Buffer.concat([this.#beginning.subarray(0, this.#held), whole]);
      this.#beginning = NOTHING;
      this.#held = 0;
    }
    if (!isUtf8(whole)) throw new Failure('PARSE_ERROR', 'The line is not UTF-8.');
    const lines = whole.toString('utf8').split('\n');
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      // A string has at most one unit a byte and one byte at least a third of a unit: only long ones are measured.
      if (line.length * 3 > this.#limit && Buffer.byteLength(line) > this.#limit) throw this.#tooLong();
      if (line.endsWith('\r')) lines[i] = line.slice(0, -1);
    }
    if (end + 1 < chunk.length) this.#hold(chunk.subarray(end + 1));
    return lines;
  }

  #hold(piece: Buffer): void {
    const held = this.#held + piece.length;
    if (held > this.#limit) throw this.#tooLong();
    if (held > this.#beginning.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#limit, 2 * held));
      this.#beginning.copy(larger, 0, 0, this.#held);
      this.#beginning = larger;
    }
    piece.copy(this.#beginning, this.#held); // the chunk may be one slice of a large pooled buffer
    this.#held = held;
  }

  #tooLong(): Failure {
    return new Failure('TOO_LARGE', `A line may have ${this.#limit} bytes at most.`, {
      data: { limitBytes: this.#limit },
    });
  }
}

/** Reads one line. @throws Failure PARSE_ERROR, NOT_A_REQUEST */
export function parseLine(text: string): Line {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (cause) {
    throw new Failure('PARSE_ERROR', undefined, { cause });
  }
  if (typeof line !== 'object' || line === null || Array.isArray(line)) throw new Failure('NOT_A_REQUEST');
  const { jsonrpc, id, method } = line as Line;
  if (jsonrpc !== '2.0') {
    throw new Failure('NOT_A_REQUEST', 'Expected "jsonrpc": "2.0".', { data: { field: 'jsonrpc' } });
  }
  if (id !== undefined && id !== null && typeof id !== 'string' && !Number.isFinite(id)) {
    throw new Failure('NOT_A_REQUEST', 'Expected "id" to be a string or a finite number.', { data: { field: 'id' } });
  }
  if (method !== undefined && typeof method !== 'string') {
    throw new Failure('NOT_A_REQUEST', 'Expected "method" to be a string.', { data: { field: 'method' } });
  }
  return line as Line;
}

/** One answer, from a result that is JSON already. */
export function encodeResult(id: RequestId, resultJson: string): string {
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"result":${resultJson}}\n`;
}

export function encodeFailure(id: RequestId, failure: Failure): string {
  const error: ErrorObject = {
    code: failure.status,
    message: failure.message,
    data: { ...failure.data, reason: failure.code },
  };
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"error":${JSON.stringify(error)}}\n`;
}

export function encodeNotification(method: string, params: unknown): string {
  return `{"jsonrpc":"2.0","method":"${method}","params":${JSON.stringify(params)}}\n`;
}

export function encodeRequest(id: RequestId, method: string, params: unknown): string {
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"method":"${method}","params":${JSON.stringify(params ?? {})}}\n`;
}

function encodeId(id: RequestId): string {
  return typeof id === 'number' ? String(id) : JSON.stringify(id);
}
