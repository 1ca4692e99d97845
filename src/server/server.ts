import type { Socket } from 'node:net';
import { Failure } from '../domain/failure.ts';
import type { Arrival } from './arrivals.ts';
import type { CallCounts } from './call-counts.ts';
import { Connection } from './connection.ts';
import { Control } from './control.ts';
import { handlerTable } from './handlers/index.ts';
import { Listener } from './listener.ts';
import type { Services } from './services.ts';
import { compileTable, Session } from './session.ts';
import type { Visitor } from './visitor.ts';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly plain: boolean;
  readonly key: string;
  readonly cert: string;
  readonly controlPath: string;
}

/** How long connections have to take their goodbye. */
const GOODBYE_MS = 2000;
/** The same where the daemon is to be back soon: nobody can take its port before the last one is gone. */
const RETURN_MS = 500;
const PROGRESS_MS = 1000;
/** How many free ports are tried. */
const ATTEMPTS = 10;

/** The daemon's doors: the TCP port and the control socket, and the sessions that came through them. */
export class Server {
  readonly listener: Listener;
  readonly calls: CallCounts;
  readonly #control: Control;
  readonly #services: Services;
  #timers: NodeJS.Timeout[] = [];

  constructor(services: Services, options: ServerOptions) {
    this.#services = services;
    const table = compileTable(handlerTable(services));
    this.calls = table.calls;
    const { addressBans, arrivals, budget, limits, log, sessions, turns } = services;
    const accept = (socket: Socket, address: string, arrival?: Arrival) => {
      const local = arrival === undefined;
      const connection = new Connection(socket, { address, local, limits, turns, arrival });
      const session = new Session(connection, services, table);
      sessions.add(session);
      connection.start(session);
      const ban = local ? undefined : addressBans.find(address);
      if (!ban) return;
      log.info({ event: 'connection.banned', address, range: ban.range }, 'a banned address is kept out');
      session.keepOut(ban.reason);
    };
    this.listener = new Listener({
      ...options,
      limits,
      log,
      arrivals,
      budget,
      turns,
      accept,
    });
    this.#control = new Control(options.controlPath, (socket) => accept(socket, 'local'));
  }

  async start(): Promise<void> {
    await this.#openPorts();
    try {
      await this.#control.start();
    } catch (failure) {
      await Promise.all([this.listener.stop(), this.#services.rendezvous.stop()]);
      throw failure;
    }
    this.setTimers();
  }

  /** Looks after connections as often as the limits say, which may be set anew. */
  setTimers(): void {
    for (const timer of this.#timers) clearInterval(timer);
    const { sessions, limits } = this.#services;
    const every = (ms: number, look: (session: Visitor, now: number) => void) =>
      setInterval(() => {
        const now = performance.now();
        for (const session of sessions) look(session, now);
      }, ms).unref();
    this.#timers = [
      every(limits.pingMs, (session, now) => session.ping?.(now)),
      every(PROGRESS_MS, (session, now) => session.checkProgress(now)),
    ];
  }

  /** TCP and UDP, of one number. */
  async #openPorts(): Promise<void> {
    for (let attempts = this.listener.anyPort ? ATTEMPTS : 1; ; attempts--) {
      await this.listener.start();
      try {
        await this.#services.rendezvous.start(this.listener.place);
        return;
      } catch (failure) {
        await this.listener.stop();
        // Any number will do, and this one is free for TCP alone.
        if (attempts === 1 || !(failure instanceof Failure && failure.code === 'PORT_TAKEN')) throw failure;
      }
    }
  }

  /** Lets nobody in any more, says goodbye to all, and resolves once they are gone. */
  async stop(reason: string, retryAfterMs?: number): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const closed = Promise.all([this.listener.stop(), this.#control.stop()]);
    this.#services.sessions.endAll(reason, retryAfterMs === undefined ? {} : { retryAfterMs });
    const cut = setTimeout(() => this.listener.destroy(), retryAfterMs === undefined ? GOODBYE_MS : RETURN_MS);
    await closed;
    clearTimeout(cut);
    await this.#services.rendezvous.stop();
  }
}
