type LogWrite = (fields: object, message: string) => void;

/** The subset of pino's logger that goldctl uses. */
export interface Logger {
  readonly debug: LogWrite;
  readonly info: LogWrite;
  readonly warn: LogWrite;
  readonly error: LogWrite;
}
