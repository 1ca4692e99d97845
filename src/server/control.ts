import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { Failure } from '../domain/failure.ts';

/**
 * The control socket: the same wire on a socket file that only its owner can open, so whoever comes by it needs no
 * sign-in for reading and administration.
 */
export class Control {
  readonly #path: string;
  readonly #server: Server;

  constructor(path: string, accept: (socket: Socket) => void) {
    this.#path = path;
    this.#server = createServer({ allowHalfOpen: true }, accept);
  }

  /** The path must be free: whoever starts a daemon has made sure that no other one answers there. */
  async start(): Promise<void> {
    const before = process.umask(0o177); // no moment in which others could connect
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(this.#path, resolve);
      });
    } catch (cause) {
      throw new Failure('NOT_AVAILABLE', `The control socket cannot be made: ${(cause as Error).message}.`, { cause });
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
