import { AppError } from '../domain/app-error.ts';

/** The connection was lost or could not be made; trying again may help. */
export function connectionLostError(message: string, cause?: unknown): AppError {
  return new AppError('NOT_AVAILABLE', message, { cause, data: { resumable: true } });
}

/** The channel of a transfer ended before the transfer did. */
export function channelEndedError(member: string, cause?: unknown): AppError {
  const message = `The connection to ${member} ended. The transfer resumes when it is back.`;
  return new AppError('CONNECTION_ENDED', message, { cause });
}

/** Whether another connection attempt may succeed. */
export function isResumableError(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.data.resumable === true;
}

export function toConnectionError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const reason = describeSocketError(thrown as NodeJS.ErrnoException);
  return connectionLostError(`Lost the connection to the other side: ${reason}. Retrying.`, thrown);
}

function describeSocketError({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ETIMEDOUT') return 'it no longer answers';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'it closed the connection';
  if (code?.startsWith('ERR_SSL_')) return `the data was altered in transit (${code})`;
  return code ?? message;
}
