import { Failure } from '../domain/failure.ts';

/** The way to the other side broke, or never was: worth another introduction. */
export function broken(sentence: string, cause?: unknown): Failure {
  return new Failure('NOT_AVAILABLE', sentence, { cause, data: { resumable: true } });
}

/** Whether another introduction may do what this one could not. */
export function isResumable(thrown: unknown): boolean {
  return thrown instanceof Failure && thrown.data.resumable === true;
}

/** What ended a stream, as a Failure. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const { code } = thrown as NodeJS.ErrnoException;
  const why =
    code === 'ETIMEDOUT'
      ? 'it no longer answers'
      : code === 'ECONNRESET' || code === 'EPIPE'
        ? 'it went away'
        : (code ?? (thrown as Error).message);
  return broken(`The connection to the other side broke: ${why}. It is tried again.`, thrown);
}
