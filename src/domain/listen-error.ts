import { AppError } from './app-error.ts';

export interface ListenAttempt {
  readonly protocol: 'TCP' | 'UDP';
  /** Undefined: every address of this machine. */
  readonly host?: string | undefined;
  readonly port: number;
  /** How to choose another port; a sentence. */
  readonly fix: string;
}

/** PORT_TAKEN if another program uses the port, else NOT_AVAILABLE. */
export function listenError(cause: NodeJS.ErrnoException, { protocol, host, port, fix }: ListenAttempt): AppError {
  const where = `${protocol} port ${port}${host === undefined ? '' : ` on ${host}`}`;
  const options = { cause, data: { port } };
  switch (cause.code) {
    case 'EADDRINUSE':
      return new AppError('PORT_TAKEN', `${where} is already in use by another program. ${fix}`, options);
    case 'EACCES':
      return new AppError('NOT_AVAILABLE', `${where} needs rights that this user does not have. ${fix}`, options);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new AppError('NOT_AVAILABLE', `${host} is not an address of this machine. Use one that is.`, options);
    default:
      return new AppError('NOT_AVAILABLE', `${where} cannot be opened (${cause.message}). ${fix}`, options);
  }
}
