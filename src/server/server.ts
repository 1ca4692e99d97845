import type { Socket } from 'node:net';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import type { CallCounts } from './call-counts.ts';
import type { ClientConnection } from './client-connection.ts';
import { Connection } from './connection.ts';
import type { ConnectionSlot } from './connection-limiter.ts';
import { ControlSocket } from './control-socket.ts';
import { handlerTable } from './handlers/index.ts';
import { compileMethodTable } from './method-table.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';
import { TcpListener } from './tcp-listener.ts';

export interface DaemonServerOptions {
  readonly host: string;
  readonly port: number;
  readonly plain: boolean;
  readonly key: string;
  readonly cert: string;
  readonly controlPath: string;
}

/** How long clients may take to read `bye`. */
const STOP_GRACE_MS = 2000;
/** The same before a restart: the port stays taken until the last connection is gone. */
const RESTART_GRACE_MS = 500;
const STALL_CHECK_MS = 1000;
/** Free ports to try. */
const MAX_PORT_ATTEMPTS = 10;

/** The TCP port, the control socket, and the sessions on them. */
export class DaemonServer {
  readonly listener: TcpListener;
  readonly callCounts: CallCounts;
  readonly #controlSocket: ControlSocket;
  readonly #services: Services;
  #timers: NodeJS.Timeout[] = [];

  constructor(services: Services, options: DaemonServerOptions) {
    this.#services = services;
    const table = compileMethodTable(handlerTable(services));
    this.callCounts = table.callCounts;
    const { addressBans, connectionLimiter, budget, limits, log, connections, scheduler } = services;
    const accept = (socket: Socket, address: string, slot?: ConnectionSlot) => {
      const local = slot === undefined;
      const connection = new Connection(socket, { address, local, limits, scheduler, slot });
      const session = new Session(connection, services, table);
      connections.add(session);
      connection.start(session);
      const ban = local ? undefined : addressBans.find(address);
      if (!ban) return;
      log.info({ event: 'connection.banned', address, range: ban.range }, 'a banned address was refused');
      session.disconnectBanned(ban.reason);
    };
    this.listener = new TcpListener({
      ...options,
      limits,
      log,
      connectionLimiter,
      budget,
      scheduler,
      accept,
    });
    this.#controlSocket = new ControlSocket(options.controlPath, (socket) => accept(socket, 'local'));
  }

  async start(): Promise<void> {
    await this.#openPorts();
    try {
      await this.#controlSocket.start();
    } catch (error) {
      await Promise.all([this.listener.stop(), this.#services.introductionServer.stop()]);
      throw error;
    }
    this.startTimers();
  }

  /** Starts the periodic checks; call it again when the limits change. */
  startTimers(): void {
    for (const timer of this.#timers) clearInterval(timer);
    const { connections, limits } = this.#services;
    const every = (ms: number, check: (connection: ClientConnection, now: number) => void) =>
      setInterval(() => {
        const now = performance.now();
        for (const connection of connections) check(connection, now);
      }, ms).unref();
    this.#timers = [
      every(limits.pingMs, (connection, now) => connection.ping?.(now)),
      every(STALL_CHECK_MS, (connection, now) => connection.dropIfStalled(now)),
    ];
  }

  /** Opens TCP and UDP on the same port number. */
  async #openPorts(): Promise<void> {
    for (let attempts = this.listener.isAnyPort ? MAX_PORT_ATTEMPTS : 1; ; attempts--) {
      await this.listener.start();
      try {
        await this.#services.introductionServer.start(this.listener.endpoint);
        return;
      } catch (error) {
        await this.listener.stop();
        // Any port will do, but this one is free for TCP only.
        if (attempts === 1 || !(error instanceof AppError && error.code === 'PORT_TAKEN')) throw error;
      }
    }
  }

  /** Accepts no more connections, says `bye` to all, and resolves once they are gone. */
  async stop(reason: string, retryAfterMs?: number): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const closed = Promise.all([this.listener.stop(), this.#controlSocket.stop()]);
    this.#services.connections.endAll(reason, defined({ retryAfterMs }));
    const graceMs = retryAfterMs === undefined ? STOP_GRACE_MS : RESTART_GRACE_MS;
    const destroyTimer = setTimeout(() => this.listener.destroy(), graceMs);
    await closed;
    clearTimeout(destroyTimer);
    await this.#services.introductionServer.stop();
  }
}
