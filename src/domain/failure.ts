/**
 * Every way in which goldctl says no. One row a failure: `status` is the number on the wire (docs/protocol.md,
 * "Status codes"), `exit` the exit status of a command that ends with it, `message` the sentence that stands when
 * nobody has a better one. Codes are stable: scripts and clients test them as `data.reason`.
 */
export const FAILURES = {
  // on the wire
  INVALID_REQUEST: { status: 400, exit: 1, message: 'The request is not valid.' },
  NO_SUCH_ACCOUNT: { status: 401, exit: 1, message: 'There is no such account.' },
  WRONG_PASSWORD: { status: 402, exit: 1, message: 'The password is wrong.' },
  ALREADY_SIGNED_IN: { status: 403, exit: 1, message: 'The account is already signed in.' },
  ACCOUNT_EXISTS: { status: 404, exit: 1, message: 'The account exists already.' },
  CONNECTION_ENDED: { status: 405, exit: 1, message: 'The server ended the connection.' },
  NO_SUCH_FILE: { status: 406, exit: 1, message: 'There is no such file.' },
  NOT_SIGNED_IN: { status: 407, exit: 1, message: 'Sign in first.' },
  TOO_SLOW: { status: 408, exit: 1, message: 'The other side took too long.' },
  CONFLICT: { status: 409, exit: 1, message: 'Somebody else changed this in the meantime.' },
  GONE: { status: 410, exit: 1, message: 'This was deleted.' },
  TOO_LARGE: { status: 413, exit: 1, message: 'This is too large.' },
  NOT_ALLOWED: { status: 416, exit: 1, message: 'This is not allowed.' },
  NOT_FOUND: { status: 417, exit: 1, message: 'There is nothing of that name.' },
  LOCKED_OUT: { status: 423, exit: 1, message: 'Too many wrong passwords.' },
  TOO_MANY_REQUESTS: { status: 429, exit: 1, message: 'Too many requests.' },
  INTERNAL: { status: 500, exit: 1, message: 'Something went wrong in the daemon; its log says what.' },
  NOT_AVAILABLE: { status: 503, exit: 1, message: 'This is not available now.' },
  // JSON-RPC's own
  PARSE_ERROR: { status: -32700, exit: 1, message: 'The line is not JSON.' },
  NOT_A_REQUEST: { status: -32600, exit: 1, message: 'The line is not a JSON-RPC 2.0 request object.' },
  NO_SUCH_METHOD: { status: -32601, exit: 1, message: 'There is no such method.' },
  INVALID_PARAMS: { status: -32602, exit: 1, message: 'The parameters do not fit the method.' },
  // on this machine only
  USAGE: { status: 400, exit: 2, message: 'The command line is not valid.' },
  NO_DAEMON: { status: 503, exit: 3, message: 'No daemon answers.' },
  CERTIFICATE_CHANGED: { status: 503, exit: 1, message: "The daemon's certificate changed." },
  CONFIG_INVALID: { status: 500, exit: 1, message: 'The configuration is not valid.' },
  PORT_TAKEN: { status: 503, exit: 1, message: 'The port is taken.' },
  DATA_LOCKED: { status: 503, exit: 1, message: 'Another daemon uses this data folder.' },
  DATA_NEWER: { status: 503, exit: 1, message: 'The data folder was written by a newer goldctl.' },
  BACKUP_DAMAGED: { status: 400, exit: 1, message: 'The backup is damaged or cut short.' },
  JOURNAL_HOLE: { status: 503, exit: 1, message: 'Records are missing in the journal.' },
  STORE_FAILED: { status: 503, exit: 1, message: 'The data folder cannot be read or written.' },
} as const satisfies Record<string, { status: number; exit: number; message: string }>;

export type FailureCode = keyof typeof FAILURES;

/** What a failure may tell its reader besides the sentence: plain JSON, never a stack, a password or a token. */
export type FailureData = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** The one error class of the house. `code` is the row above, `cause` what brought it about (never sent to a client). */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly data: FailureData;

  constructor(code: FailureCode, message?: string, options: { cause?: unknown; data?: FailureData } = {}) {
    super(message ?? FAILURES[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.code = code;
    this.data = options.data ?? {};
  }

  get status(): number {
    return FAILURES[this.code].status;
  }

  get exit(): number {
    return FAILURES[this.code].exit;
  }

  /** Whatever was thrown, as a Failure: strangers become INTERNAL and keep themselves as `cause`. */
  static from(thrown: unknown): Failure {
    return thrown instanceof Failure ? thrown : new Failure('INTERNAL', undefined, { cause: thrown });
  }
}
