import { createServer, type Server, type Socket } from 'node:net';
import { formatAddress, isLoopback } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { listenError } from '../domain/listen-error.ts';
import { scheduleAdmission } from '../server/admission.ts';
import { remoteAddressOf } from '../server/connection-limiter.ts';
import { closingMessage } from './closing-message.ts';
import { decodeObject } from './json-object.ts';
import { bannedMessage, LegacyConnection } from './legacy-connection.ts';
import type { LegacyProtocol, LegacyServices } from './legacy-protocol.ts';

export interface LegacyListenerOptions {
  readonly host: string;
  readonly port: number;
  /** The setting that asked for the port, for errors. */
  readonly setting: string;
}

type ListenerState = 'open' | 'closed' | 'terminated';

export interface LegacyListenerStatus {
  readonly name: string;
  readonly address: string;
  readonly state: ListenerState;
  readonly note?: string;
}

/** How long clients may take to read the closing message: those that wait for their user do not end by themselves. */
const CLOSE_GRACE_MS = 500;
/** Refused clients that may take their time to read the reason; sockets of more are closed once it is sent. */
const MAX_LINGERING_REFUSALS = 64;

/** A port for legacy clients of one protocol, or of several that the first object tells apart. */
export class LegacyListener {
  readonly #options: LegacyListenerOptions;
  readonly #protocols: readonly LegacyProtocol[];
  readonly #services: LegacyServices;
  readonly #server: Server;
  readonly #connections = new Map<LegacyConnection, Socket>();
  readonly #terminated = new Set<LegacyProtocol>();
  #lingeringRefusals = 0;
  #isOpen = false;
  #port: number;

  constructor(protocols: readonly LegacyProtocol[], services: LegacyServices, options: LegacyListenerOptions) {
    this.#options = options;
    this.#protocols = protocols;
    this.#services = services;
    this.#port = options.port;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#onConnection(socket));
  }

  get status(): LegacyListenerStatus[] {
    const address = formatAddress(this.#options.host, this.#port);
    return this.#protocols.map((protocol) => {
      const state = this.#terminated.has(protocol) ? 'terminated' : this.#isOpen ? 'open' : 'closed';
      const note = this.#clearTextWarning(protocol);
      return { name: protocol.name, address, state, ...defined({ note }) };
    });
  }

  /** @throws AppError PORT_TAKEN */
  async start(): Promise<void> {
    const { host, port, setting } = this.#options;
    const { log, serverName } = this.#services;
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: NodeJS.ErrnoException) =>
        reject(listenError(cause, { protocol: 'TCP', host, port, fix: `Change ${setting}.` }));
      this.#server.once('error', onError);
      this.#server.listen({ host, port, backlog: 4096 }, () => {
        this.#server.off('error', onError);
        resolve();
      });
    });
    this.#server.on('error', (error) => log.error({ event: 'dialect', err: error }, 'a legacy listener failed'));
    const address = this.#server.address();
    if (typeof address === 'object' && address) this.#port = address.port;
    this.#isOpen = true;
    for (const { name, address, note } of this.status) {
      const suffix = note === undefined ? '' : ` for legacy ${name} clients: ${note}`;
      const fields = { event: 'dialect.start', dialect: name, address };
      const line = `${serverName} Server started and listening on ${address}${suffix}`;
      if (note === undefined || isLoopback(host)) log.info(fields, line);
      else log.warn(fields, line);
    }
  }

  /** Stops listening, sends closing messages, and resolves once all clients are gone. */
  async stop(reason: string): Promise<void> {
    this.#isOpen = false;
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of [...this.#connections.keys()]) connection.end(reason);
    const destroyTimer = setTimeout(() => {
      for (const socket of this.#connections.values()) socket.destroy();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(destroyTimer);
  }

  #clearTextWarning({ clearTextSecrets }: LegacyProtocol): string | undefined {
    if (!isLoopback(this.#options.host)) {
      return `${clearTextSecrets ?? 'all'} in clear text, readable by anyone on the network path`;
    }
    return clearTextSecrets === undefined ? undefined : `${clearTextSecrets} in clear text, from this machine only`;
  }

  #onConnection(socket: Socket): void {
    const { connectionLimiter, addressBans, budget, log } = this.#services;
    const address = remoteAddressOf(socket);
    // Until a connection takes over, a reset must not become an uncaught error.
    socket.on('error', (error) => log.debug({ event: 'socket.error', address, error: error.message }, 'socket failed'));
    const ban = addressBans.find(address);
    const slot = connectionLimiter.admit(socket, address);
    if (ban) log.info({ event: 'connection.banned', address, range: ban.range }, 'a banned address was refused');
    const refusal = ban
      ? bannedMessage(ban.reason)
      : slot
        ? undefined
        : 'There are too many connections. Try again later.';
    if (refusal !== undefined && budget.refusalAccount(address).tryCharge(1, performance.now()) > 0) {
      socket.destroy(); // even a refusal is work
      return;
    }
    log.debug({ event: 'dialect', address }, `Connection accepted from ('${address}', ${socket.remotePort})`);
    const connection = new LegacyConnection(socket, {
      address,
      slot,
      services: this.#services,
      protocols: this.#protocols,
      selectProtocol: (bytes) => this.#selectProtocol(bytes),
      closingMessage,
      onTerminate: (protocol) => this.#terminate(protocol, connection),
    });
    this.#connections.set(connection, socket);
    socket.once('close', () => this.#connections.delete(connection));
    if (refusal === undefined) {
      scheduleAdmission(this.#services, { socket, address }, () => connection.start());
      return;
    }
    connection.start(refusal);
    if (this.#lingeringRefusals >= MAX_LINGERING_REFUSALS) socket.destroySoon();
    this.#lingeringRefusals += 1;
    socket.once('close', () => {
      this.#lingeringRefusals -= 1;
    });
  }

  #selectProtocol(bytes: Buffer): LegacyProtocol | undefined | null {
    try {
      const first = decodeObject(bytes);
      if (!first) return undefined;
      return this.#protocols.find((each) => !this.#terminated.has(each) && each.recognizes?.(first.request)) ?? null;
    } catch {
      return null; // not an object: no protocol matches
    }
  }

  /** Stops serving a protocol; the port closes with the last one. @param requester its session answers it */
  #terminate(protocol: LegacyProtocol, requester: LegacyConnection): void {
    this.#terminated.add(protocol);
    const isLast = this.#terminated.size === this.#protocols.length;
    for (const connection of [...this.#connections.keys()]) {
      if (connection !== requester && (isLast || connection.protocol === protocol)) {
        connection.end(`A number out of range has ended ${protocol.name} until the daemon restarts.`);
      }
    }
    if (isLast) this.#server.close();
  }
}
