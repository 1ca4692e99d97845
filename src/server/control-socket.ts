import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { AppError } from '../domain/app-error.ts';

/** The same protocol on a socket file that only its owner can open, so no sign-in is needed. */
export class ControlSocket {
  readonly #path: string;
  readonly #server: Server;

  constructor(path: string, accept: (socket: Socket) => void) {
    this.#path = path;
    this.#server = createServer({ allowHalfOpen: true }, accept);
  }

  /** The path must be free: the caller has checked that no other daemon answers there. */
  async start(): Promise<void> {
    const before = process.umask(0o177); // the socket must not be open to others even for a moment
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(this.#path, resolve);
      });
    } catch (cause) {
      throw new AppError('NOT_AVAILABLE', `Cannot create the control socket: ${(cause as Error).message}.`, { cause });
    } finally {
      process.umask(before);
    }
    if (process.platform !== 'win32') await chmod(this.#path, 0o600);
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (process.platform !== 'win32') await rm(this.#path, { force: true });
  }
}
