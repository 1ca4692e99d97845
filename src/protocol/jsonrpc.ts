import { isUtf8 } from 'node:buffer';
import { AppError, type ErrorData } from '../domain/app-error.ts';

/** Version of the wire protocol, negotiated by `hello`. */
export const PROTOCOL_VERSION = 1;

/** Maximum length of a line that a daemon accepts, without the newline. */
export const MAX_LINE_BYTES = 64 * 1024;

export type RequestId = string | number | null;

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data: { readonly reason: string } & ErrorData;
}

/** A request, response or notification. */
export interface RpcMessage {
  readonly jsonrpc: '2.0';
  readonly id?: RequestId;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: RpcError;
}

const NEWLINE = 0x0a;
const EMPTY_BUFFER = Buffer.alloc(0);

/**
 * Splits a byte stream into lines. Buffers at most one incomplete line of `maxBytes`. A longer line or invalid UTF-8
 * throws; the stream must be closed then, because the start of the next line is unknown.
 */
export class LineDecoder {
  readonly #maxBytes: number;
  /**
   * Incomplete line, in the first `#partialBytes`. One buffer, so that a line sent byte by byte takes no more memory.
   */
  #partialLine = EMPTY_BUFFER;
  #partialBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Returns the lines completed by `chunk`, without line ends. @throws AppError TOO_LARGE, PARSE_ERROR */
  push(chunk: Buffer): string[] {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.#appendPartial(chunk);
      return [];
    }
    let complete = chunk.subarray(0, end);
    if (this.#partialBytes > 0) {
      complete = Buffer.concat([this.#partialLine.subarray(0, this.#partialBytes), complete]);
      this.#partialLine = EMPTY_BUFFER;
      this.#partialBytes = 0;
    }
    if (!isUtf8(complete)) throw new AppError('PARSE_ERROR', 'The line is not UTF-8.');
    const lines = complete.toString('utf8').split('\n');
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      // A UTF-16 unit takes at most three bytes in UTF-8, so only long strings need measuring.
      if (line.length * 3 > this.#maxBytes && Buffer.byteLength(line) > this.#maxBytes) throw this.#tooLongError();
      if (line.endsWith('\r')) lines[i] = line.slice(0, -1);
    }
    if (end + 1 < chunk.length) this.#appendPartial(chunk.subarray(end + 1));
    return lines;
  }

  #appendPartial(chunk: Buffer): void {
    const length = this.#partialBytes + chunk.length;
    if (length > this.#maxBytes) throw this.#tooLongError();
    if (length > this.#partialLine.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#maxBytes, 2 * length));
      this.#partialLine.copy(larger, 0, 0, this.#partialBytes);
      this.#partialLine = larger;
    }
    chunk.copy(this.#partialLine, this.#partialBytes); // the chunk may be one slice of a large pooled buffer
    this.#partialBytes = length;
  }

  #tooLongError(): AppError {
    return new AppError('TOO_LARGE', `A line can have at most ${this.#maxBytes} bytes.`, {
      data: { limitBytes: this.#maxBytes },
    });
  }
}

/** @throws AppError PARSE_ERROR, NOT_A_REQUEST */
export function parseRpcMessage(line: string): RpcMessage {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch (cause) {
    throw new AppError('PARSE_ERROR', undefined, { cause });
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) throw new AppError('NOT_A_REQUEST');
  const { jsonrpc, id, method } = message as RpcMessage;
  if (jsonrpc !== '2.0') {
    throw new AppError('NOT_A_REQUEST', 'Expected "jsonrpc": "2.0".', { data: { field: 'jsonrpc' } });
  }
  if (id !== undefined && id !== null && typeof id !== 'string' && !Number.isFinite(id)) {
    throw new AppError('NOT_A_REQUEST', 'Expected "id" to be a string or a finite number.', { data: { field: 'id' } });
  }
  if (method !== undefined && typeof method !== 'string') {
    throw new AppError('NOT_A_REQUEST', 'Expected "method" to be a string.', { data: { field: 'method' } });
  }
  return message as RpcMessage;
}

/** Encodes a response. */
export function encodeResult(id: RequestId, resultJson: string): string {
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"result":${resultJson}}\n`;
}

export function encodeError(id: RequestId, failure: AppError): string {
  const error: RpcError = {
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
