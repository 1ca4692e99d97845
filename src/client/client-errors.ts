import { AppError, type ErrorData } from '../domain/app-error.ts';
import type { RpcError } from '../protocol/jsonrpc.ts';
import { describeTarget, type Target } from './target.ts';

export function connectionClosedError(): AppError {
  return new AppError('CONNECTION_ENDED', 'The connection is closed.');
}

export function notADaemonError(target: Target): AppError {
  return new AppError(
    'NO_DAEMON',
    `The server at ${describeTarget(target)} is not a goldctl daemon. Check the address.`,
  );
}

/** `final` stops automatic reconnecting: nothing from such a daemon is used. */
export function protocolViolationError(target: Target, what: string, path: string): AppError {
  const where = path === '' ? '' : ` (${path})`;
  return new AppError(
    'CONNECTION_ENDED',
    `The connection to ${describeTarget(target)} was closed: its ${what} violates the protocol${where}. Check that it is a goldctl daemon of this version.`,
    { data: { final: true } },
  );
}

/** The error to report when no server is available: a changed certificate first, transient errors last. */
export function noServerError(errors: readonly AppError[]): AppError {
  const changed = errors.find(({ code }) => code === 'CERTIFICATE_CHANGED');
  if (changed) return changed;
  const last = errors.at(-1)!;
  if (errors.some(({ code }) => code !== 'NO_DAEMON')) return last;
  const all = errors.map(({ message }) => message.replace(/\. Check .*$/s, '.')).join(' ');
  return new AppError(
    'NO_DAEMON',
    `None of the ${errors.length} servers responds. ${all} Check the addresses, and that a daemon runs at one of them.`,
    { cause: last, data: last.data },
  );
}

/** A daemon's error as an AppError. Unknown codes become INTERNAL and keep their message. */
export function errorFromRpc(error: Partial<RpcError>): AppError {
  const { reason, ...rest } = (typeof error.data === 'object' && error.data !== null ? error.data : {}) as Record<
    string,
    unknown
  >;
  const data: Record<string, ErrorData[string]> = {};
  for (const [key, value] of Object.entries(rest)) {
    const plain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    if (plain || (Array.isArray(value) && value.every((item) => typeof item === 'string')))
      data[key] = value as ErrorData[string];
  }
  const message = typeof error.message === 'string' ? error.message : undefined;
  return AppError.fromJSON({ code: String(reason), message, data });
}
