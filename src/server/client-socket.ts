import type { Socket } from 'node:net';

/** How long a client may take to read the final bytes before the socket is destroyed. */
const LINGER_MS = 2000;

/** Detects that a client reads too slowly, and ends its connection once, with a reason. */
export class ClientSocket {
  hasEnded = false;
  /** The client was dropped because it did not read. */
  wasDropped = false;
  readonly #socket: Socket;
  readonly #onClosed: (reason: string) => void;
  #behindSince: number | undefined;
  /** Bytes that the client had read at the last check. */
  #readBytes = 0;

  constructor(socket: Socket, onClosed: (reason: string) => void) {
    this.#socket = socket;
    this.#onClosed = onClosed;
  }

  get isBehind(): boolean {
    return this.#behindSince !== undefined;
  }

  /** The system did not accept all of a write at once. */
  markBehind(): void {
    if (this.#behindSince === undefined) this.#markProgress(performance.now());
  }

  markCaughtUp(): void {
    this.#behindSince = undefined;
  }

  /** Called periodically: drops a client that has read nothing for too long. */
  dropIfStalled(now: number, stallMs: number): void {
    if (this.#behindSince === undefined) return;
    if (this.#socket.bytesWritten - this.#socket.writableLength !== this.#readBytes) this.#markProgress(now);
    else if (now - this.#behindSince > stallMs) this.drop();
  }

  /** Without a final message: it would queue behind output that is not being read. */
  drop(): void {
    this.wasDropped = true;
    this.#socket.destroy();
    this.close('the client is too slow to read');
  }

  /** Closes once the client has read everything, or after LINGER_MS. */
  closeGracefully(reason: string): void {
    if (this.hasEnded) return;
    this.#socket.end();
    this.#socket.resume(); // otherwise 'end' is never emitted
    const lingerTimer = setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    this.#socket.once('close', () => clearTimeout(lingerTimer));
    this.close(reason);
  }

  close(reason: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.#onClosed(reason);
  }

  #markProgress(now: number): void {
    this.#behindSince = now;
    this.#readBytes = this.#socket.bytesWritten - this.#socket.writableLength;
  }
}
