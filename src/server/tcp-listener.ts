import { type AddressInfo, createServer, isIP, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { isLoopback } from '../domain/address.ts';
import { AppError } from '../domain/app-error.ts';
import { listenError } from '../domain/listen-error.ts';
import type { Logger } from '../domain/logger.ts';
import type { Endpoint } from '../domain/peer.ts';
import { encodeError } from '../protocol/jsonrpc.ts';
import { scheduleAdmission } from './admission.ts';
import { type ConnectionLimiter, type ConnectionSlot, remoteAddressOf } from './connection-limiter.ts';
import type { ClientLimits } from './limits.ts';
import type { ReadScheduler } from './read-scheduler.ts';
import type { WorkBudget } from './work-budget.ts';

export interface TcpListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Accept clear text from loopback addresses. */
  readonly plain: boolean;
  readonly key: string;
  readonly cert: string;
  readonly limits: ClientLimits;
  readonly log: Logger;
  readonly connectionLimiter: ConnectionLimiter;
  readonly budget: WorkBudget;
  readonly scheduler: ReadScheduler;
  /** Receives every socket that is ready for lines. */
  readonly accept: (socket: Socket, address: string, slot: ConnectionSlot) => void;
}

const TLS_HANDSHAKE_RECORD = 0x16;
/** Event-loop time of a TLS handshake. */
const HANDSHAKE_COST_MS = 2;

/** The TCP port: TLS 1.3, and clear text from loopback if allowed. The first byte tells them apart. */
export class TcpListener {
  readonly #options: TcpListenerOptions;
  readonly #server: Server;
  readonly #tls: TlsServer;
  readonly #sockets = new Set<Socket>();
  /** TLS handshakes in progress, by remote endpoint: the TLS server emits another socket object. */
  readonly #handshakes = new Map<string, ConnectionSlot>();

  constructor(options: TcpListenerOptions) {
    this.#options = options;
    const { key, cert, limits } = options;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#onConnection(socket));
    const handshakeTimeout = limits.helloMs;
    this.#tls = createTlsServer({ key, cert, minVersion: 'TLSv1.3', allowHalfOpen: true, handshakeTimeout });
    this.#tls.on('secureConnection', (socket) => {
      const endpointKey = remoteEndpointKey(socket);
      const slot = this.#handshakes.get(endpointKey);
      this.#handshakes.delete(endpointKey);
      if (slot) options.accept(socket, remoteAddressOf(socket), slot);
      else socket.destroy(); // it closed meanwhile
    });
    this.#tls.on('tlsClientError', (error, socket) => {
      options.log.debug({ event: 'tls.error', address: remoteAddressOf(socket), error: error.message }, 'TLS failed');
      socket.destroy();
    });
  }

  /** @throws AppError PORT_TAKEN, NOT_AVAILABLE */
  async start(): Promise<void> {
    const { host, port } = this.#options;
    this.#server.removeAllListeners('error');
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) =>
        reject(listenError(cause, { protocol: 'TCP', host, port, fix: 'Choose another one with --port.' })),
      );
      this.#server.listen({ host, port, backlog: 4096 }, resolve);
    });
    this.#server.removeAllListeners('error');
    this.#server.on('error', (error) =>
      this.#options.log.error({ event: 'listen', err: error }, 'the listener failed'),
    );
  }

  /** Uses another certificate for new connections; open ones keep theirs. */
  setCertificate({ key, cert }: { key: string; cert: string }): void {
    this.#tls.setSecureContext({ key, cert, minVersion: 'TLSv1.3' });
  }

  /** Stops listening and destroys connections that have sent nothing; sessions end the others. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    });
  }

  /** Destroys the connections that have not ended. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  get connectionCount(): number {
    return this.#sockets.size;
  }

  /** Whether the system chooses the port. */
  get isAnyPort(): boolean {
    return this.#options.port === 0;
  }

  /** The bound IP address, also if a host name was configured. */
  get endpoint(): Endpoint {
    return this.#server.address() as AddressInfo;
  }

  /** `host:port` with the actual port. */
  get address(): string {
    const address = this.#server.address();
    const port = typeof address === 'object' && address ? address.port : this.#options.port;
    return `${isIP(this.#options.host) === 6 ? `[${this.#options.host}]` : this.#options.host}:${port}`;
  }

  #onConnection(socket: Socket): void {
    const address = remoteAddressOf(socket);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // Until a session takes over, a reset must not become an uncaught error.
    socket.on('error', (error) =>
      this.#options.log.debug({ event: 'socket.error', address, error: error.message }, 'socket failed'),
    );
    const slot = this.#options.connectionLimiter.admit(socket, address);
    if (!slot) {
      socket.destroy();
      return;
    }
    const firstByteTimer = setTimeout(() => socket.destroy(), this.#options.limits.helloMs);
    socket.once('close', () => clearTimeout(firstByteTimer));
    // A half-close before the first byte closes the connection: it would occupy a slot for ten seconds.
    const onEnd = () => socket.destroy();
    socket.once('end', onEnd);
    socket.once('data', (first: Buffer) => {
      clearTimeout(firstByteTimer);
      socket.off('end', onEnd);
      socket.pause();
      socket.unshift(first);
      const isTls = first[0] === TLS_HANDSHAKE_RECORD;
      scheduleAdmission(this.#options, { socket, address, costMs: isTls ? HANDSHAKE_COST_MS : 0 }, () => {
        if (isTls) this.#startTls(socket, slot);
        else this.#acceptPlain(socket, address, slot);
      });
    });
  }

  #startTls(socket: Socket, slot: ConnectionSlot): void {
    const endpointKey = remoteEndpointKey(socket);
    this.#handshakes.set(endpointKey, slot);
    socket.once('close', () => {
      if (this.#handshakes.get(endpointKey) === slot) this.#handshakes.delete(endpointKey);
    });
    this.#tls.emit('connection', socket);
  }

  #acceptPlain(socket: Socket, address: string, slot: ConnectionSlot): void {
    if (this.#options.plain && isLoopback(address)) {
      this.#options.accept(socket, address, slot);
      return;
    }
    const error = new AppError(
      'NOT_ALLOWED',
      this.#options.plain ? 'Clear text is allowed on loopback only. Speak TLS 1.3.' : 'This port speaks TLS 1.3.',
    );
    socket.end(encodeError(null, error), () => socket.destroy());
  }
}

function remoteEndpointKey({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
