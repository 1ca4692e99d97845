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
  return broken(
    `The connection to the other side broke: ${whyOf(thrown as NodeJS.ErrnoException)}. It is tried again.`,
    thrown,
  );
}

function whyOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ETIMEDOUT') return 'it no longer answers';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'it went away';
  if (code?.startsWith('ERR_SSL_')) return `what came is not what was sent (${code})`;
  return code ?? message;
}
