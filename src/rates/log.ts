type Write = (fields: object, message: string) => void;

/** What the rates need of a log; pino's loggers fit. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}
