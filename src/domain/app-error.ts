/**
 * Every error that goldctl reports. `status`: the number on the wire (docs/protocol.md, "Status codes"). `exit`: the
 * exit status of a command that fails with it. `message`: the default text. Codes are stable: scripts and clients test
 * them as `data.reason`.
 */
export const ERROR_CODES = {
  // on the wire
  INVALID_REQUEST: { status: 400, exit: 1, message: 'The request is not valid.' },
  NO_SUCH_ACCOUNT: { status: 401, exit: 1, message: 'There is no such account.' },
  WRONG_PASSWORD: { status: 402, exit: 1, message: 'The password is wrong.' },
  ALREADY_SIGNED_IN: { status: 403, exit: 1, message: 'The account is already signed in.' },
  ACCOUNT_EXISTS: { status: 404, exit: 1, message: 'The account already exists.' },
  CONNECTION_ENDED: { status: 405, exit: 1, message: 'The server ended the connection.' },
  NO_SUCH_FILE: { status: 406, exit: 1, message: 'There is no such file.' },
  NOT_SIGNED_IN: { status: 407, exit: 1, message: 'Sign in first.' },
  TOO_SLOW: { status: 408, exit: 1, message: 'The other side took too long to respond.' },
  CONFLICT: { status: 409, exit: 1, message: 'Someone else changed this in the meantime.' },
  GONE: { status: 410, exit: 1, message: 'This was deleted.' },
  TOO_LARGE: { status: 413, exit: 1, message: 'This is too large.' },
  NOT_ALLOWED: { status: 416, exit: 1, message: 'This is not allowed.' },
  NOT_FOUND: { status: 417, exit: 1, message: 'Not found.' },
  LOCKED_OUT: { status: 423, exit: 1, message: 'Too many wrong passwords.' },
  TOO_MANY_REQUESTS: { status: 429, exit: 1, message: 'Too many requests.' },
  INTERNAL: { status: 500, exit: 1, message: 'Internal error in the daemon. See its log for details.' },
  NOT_AVAILABLE: { status: 503, exit: 1, message: 'This is not available right now.' },
  // JSON-RPC's own
  PARSE_ERROR: { status: -32700, exit: 1, message: 'The line is not JSON.' },
  NOT_A_REQUEST: { status: -32600, exit: 1, message: 'The line is not a JSON-RPC 2.0 request object.' },
  NO_SUCH_METHOD: { status: -32601, exit: 1, message: 'There is no such method.' },
  INVALID_PARAMS: { status: -32602, exit: 1, message: 'The parameters are not valid for this method.' },
  // on this machine only
  USAGE: { status: 400, exit: 2, message: 'The command line is not valid.' },
  NO_DAEMON: { status: 503, exit: 3, message: 'The daemon does not respond.' },
  CERTIFICATE_CHANGED: { status: 503, exit: 1, message: "The daemon's certificate changed." },
  CONFIG_INVALID: { status: 500, exit: 1, message: 'The configuration is not valid.' },
  PORT_TAKEN: { status: 503, exit: 1, message: 'The port is already in use.' },
  DATA_LOCKED: { status: 503, exit: 1, message: 'Another daemon is using this data folder.' },
  DATA_NEWER: { status: 503, exit: 1, message: 'The data folder was written by a newer goldctl.' },
  BACKUP_DAMAGED: { status: 400, exit: 1, message: 'The backup is damaged or incomplete.' },
  JOURNAL_HOLE: { status: 503, exit: 1, message: 'Records are missing from the journal.' },
  STORE_FAILED: { status: 503, exit: 1, message: 'The data folder cannot be read or written.' },
} as const satisfies Record<string, { status: number; exit: number; message: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Details sent with the message: plain JSON, never a stack, a password or a token. */
export type ErrorData = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** An error as sent to another goldctl process. */
export interface FailureJson {
  readonly code: string;
  readonly message: string;
  readonly data: ErrorData;
}

type FailureJsonInput = Pick<FailureJson, 'code'> & {
  readonly message?: string | undefined;
  readonly data?: ErrorData;
};

/** The only error class of goldctl. `code` is a row of the table above; `cause` is never sent to a client. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly data: ErrorData;

  constructor(code: ErrorCode, message?: string, options: { cause?: unknown; data?: ErrorData } = {}) {
    super(message ?? ERROR_CODES[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.data = options.data ?? {};
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  get exit(): number {
    return ERROR_CODES[this.code].exit;
  }

  /** Wraps any thrown value: an unknown one becomes INTERNAL with the original as `cause`. */
  static from(thrown: unknown): AppError {
    return thrown instanceof AppError ? thrown : new AppError('INTERNAL', undefined, { cause: thrown });
  }

  /** Reverses `toJSON`. Unknown codes, from a newer version, become INTERNAL. */
  static fromJSON(json: FailureJsonInput, options: { cause?: unknown } = {}): AppError {
    const { code, message, data = {} } = json;
    return new AppError(Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'INTERNAL', message, {
      ...options,
      data,
    });
  }

  /** Omits the cause, which is not sent to other processes. */
  toJSON(): FailureJson {
    return { code: this.code, message: this.message, data: this.data };
  }
}

/** INVALID_REQUEST for one field of a request. */
export function invalidFieldError(field: string, message: string): AppError {
  return new AppError('INVALID_REQUEST', message, { data: { field } });
}
