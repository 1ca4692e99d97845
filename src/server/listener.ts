import { type AddressInfo, createServer, isIP, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { Failure } from '../domain/failure.ts';
import type { Place } from '../domain/peer.ts';
import { encodeFailure } from '../protocol/line.ts';
import type { Log } from '../rates/log.ts';
import { startInTurn } from './admission.ts';
import { type Arrival, type Arrivals, addressOf } from './arrivals.ts';
import type { Budget } from './budget.ts';
import type { Limits } from './limits.ts';
import type { Turns } from './turns.ts';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Clear text is taken as well, from loopback addresses. */
  readonly plain: boolean;
  readonly key: string;
  readonly cert: string;
  readonly limits: Limits;
  readonly log: Log;
  readonly arrivals: Arrivals;
  readonly budget: Budget;
  readonly turns: Turns;
  /** Gets every socket that is ready for lines. */
  readonly accept: (socket: Socket, address: string, arrival: Arrival) => void;
}

const TLS_HANDSHAKE = 0x16;
/** What a handshake takes of the event loop. */
const HANDSHAKE_MS = 2;

/**
 * The TCP port: TLS 1.3, and clear text from loopback where that is allowed; the first byte tells them apart.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #tls: TlsServer;
  readonly #sockets = new Set<Socket>();
  /** Connections in their TLS handshake, by their remote ends: the TLS server gives another socket than it took. */
  readonly #handshakes = new Map<string, Arrival>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { key, cert, limits } = options;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#arrived(socket));
    this.#tls = createTlsServer({
      key,
      cert,
      minVersion: 'TLSv1.3',
      allowHalfOpen: true,
      handshakeTimeout: limits.helloMs,
    });
    this.#tls.on('secureConnection', (socket) => {
      const end = remoteEnd(socket);
      const arrival = this.#handshakes.get(end);
      this.#handshakes.delete(end);
      if (arrival) options.accept(socket, addressOf(socket), arrival);
      else socket.destroy(); // it closed meanwhile
    });
    this.#tls.on('tlsClientError', (error, socket) => {
      options.log.debug({ event: 'tls.error', address: addressOf(socket), error: error.message }, 'TLS failed');
      socket.destroy();
    });
  }

  /** @throws Failure PORT_TAKEN, NOT_AVAILABLE */
  async start(): Promise<void> {
    const { host, port } = this.#options;
    this.#server.removeAllListeners('error');
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => reject(listenFailure(cause, host, port)));
      this.#server.listen({ host, port, backlog: 4096 }, resolve);
    });
    this.#server.removeAllListeners('error');
    this.#server.on('error', (error) =>
      this.#options.log.error({ event: 'listen', err: error }, 'the listener failed'),
    );
  }

  /** Another certificate, for connections that come from now on; those that are there keep theirs. */
  renew({ key, cert }: { key: string; cert: string }): void {
    this.#tls.setSecureContext({ key, cert, minVersion: 'TLSv1.3' });
  }

  /** Takes no more connections; those that are there are their sessions' to end. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    });
  }

  /** Cuts what has not ended by itself. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Whether the system chooses the port. */
  get anyPort(): boolean {
    return this.#options.port === 0;
  }

  /** Where it listens: an address, whatever name was given for it. */
  get place(): Place {
    return this.#server.address() as AddressInfo;
  }

  /** `host:port`, the port as it came out where 0 was asked. */
  get address(): string {
    const address = this.#server.address();
    const port = typeof address === 'object' && address ? address.port : this.#options.port;
    return `${isIP(this.#options.host) === 6 ? `[${this.#options.host}]` : this.#options.host}:${port}`;
  }

  #arrived(socket: Socket): void {
    const address = addressOf(socket);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // Until somebody takes it over: a reset must not be an uncaught error.
    socket.on('error', (error) =>
      this.#options.log.debug({ event: 'socket.error', address, error: error.message }, 'socket failed'),
    );
    const arrival = this.#options.arrivals.admit(socket, address);
    if (!arrival) {
      socket.destroy();
      return;
    }
    const slow = setTimeout(() => socket.destroy(), this.#options.limits.helloMs);
    socket.once('close', () => clearTimeout(slow));
    // Half of a connection may end and the other go on, but not before a word: it would count for ten seconds.
    const left = () => socket.destroy();
    socket.once('end', left);
    socket.once('data', (first: Buffer) => {
      clearTimeout(slow);
      socket.off('end', left);
      socket.pause();
      socket.unshift(first);
      const isTls = first[0] === TLS_HANDSHAKE;
      startInTurn(this.#options, { socket, address, costMs: isTls ? HANDSHAKE_MS : 0 }, () => {
        if (isTls) this.#shakeHands(socket, arrival);
        else this.#clear(socket, address, arrival);
      });
    });
  }

  #shakeHands(socket: Socket, arrival: Arrival): void {
    const end = remoteEnd(socket);
    this.#handshakes.set(end, arrival);
    socket.once('close', () => {
      if (this.#handshakes.get(end) === arrival) this.#handshakes.delete(end);
    });
    this.#tls.emit('connection', socket);
  }

  #clear(socket: Socket, address: string, arrival: Arrival): void {
    if (this.#options.plain && isLoopback(address)) {
      this.#options.accept(socket, address, arrival);
      return;
    }
    const failure = new Failure(
      'NOT_ALLOWED',
      this.#options.plain ? 'Clear text is allowed on loopback only. Speak TLS 1.3.' : 'This port speaks TLS 1.3.',
    );
    socket.end(encodeFailure(null, failure), () => socket.destroy());
  }
}

function remoteEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^127\./.test(address);
}

function listenFailure(cause: NodeJS.ErrnoException, host: string, port: number): Failure {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new Failure(
        'PORT_TAKEN',
        `Port ${port} of ${host} is taken by another program. Give another one by --port.`,
        { cause },
      );
    case 'EACCES':
      return new Failure(
        'NOT_AVAILABLE',
        `Port ${port} may not be opened by this user. Give one over 1023 by --port.`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Failure('NOT_AVAILABLE', `${host} is no address of this machine. Give one by --host.`, { cause });
    default:
      return new Failure('NOT_AVAILABLE', `${host}:${port} cannot be opened: ${cause.message}.`, { cause });
  }
}
