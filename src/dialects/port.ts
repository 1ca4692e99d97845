import { createServer, type Server, type Socket } from 'node:net';
import { formatAddress, isLoopback } from '../address.ts';
import { Failure } from '../domain/failure.ts';
import { startInTurn } from '../server/admission.ts';
import { addressOf } from '../server/arrivals.ts';
import { closingMessage } from './closing-message.ts';
import type { Dialect, DialectRoom } from './dialect.ts';
import { banned, Guest } from './guest.ts';
import { cutObject } from './json-object.ts';

export interface PortOptions {
  readonly host: string;
  readonly port: number;
  /** What of the settings asked for it, for errors. */
  readonly setting: string;
}

type State = 'open' | 'closed' | 'terminated';

export interface PortStatus {
  readonly name: string;
  readonly address: string;
  readonly state: State;
  readonly note?: string;
}

/** How long clients have to take their goodbye: those that wait for their user do not end by themselves. */
const GOODBYE_MS = 500;
/** Refused clients that the daemon waits for until they have read why. It closes the sockets of more once that is sent. */
const REFUSED_CLIENTS = 64;

/** A port on which old clients are served, by one dialect or by several that their first object tells apart. */
export class DialectPort {
  readonly #options: PortOptions;
  readonly #dialects: readonly Dialect[];
  readonly #room: DialectRoom;
  readonly #server: Server;
  readonly #guests = new Map<Guest, Socket>();
  readonly #terminated = new Set<Dialect>();
  #refused = 0;
  #open = false;
  #port: number;

  constructor(dialects: readonly Dialect[], room: DialectRoom, options: PortOptions) {
    this.#options = options;
    this.#dialects = dialects;
    this.#room = room;
    this.#port = options.port;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#arrived(socket));
  }

  get status(): PortStatus[] {
    const address = formatAddress(this.#options.host, this.#port);
    return this.#dialects.map((dialect) => {
      const state = this.#terminated.has(dialect) ? 'terminated' : this.#open ? 'open' : 'closed';
      const note = this.#note(dialect);
      return { name: dialect.name, address, state, ...(note === undefined ? {} : { note }) };
    });
  }

  /** @throws Failure PORT_TAKEN */
  async start(): Promise<void> {
    const { host, port, setting } = this.#options;
    const { log, serverName } = this.#room;
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: Error) =>
        reject(
          new Failure('PORT_TAKEN', `Port ${port} of ${host} (${setting}) cannot be opened: ${cause.message}.`, {
            cause,
          }),
        );
      this.#server.once('error', failed);
      this.#server.listen({ host, port, backlog: 4096 }, () => {
        this.#server.off('error', failed);
        resolve();
      });
    });
    this.#server.on('error', (error) => log.error({ event: 'dialect', err: error }, 'a port of a dialect failed'));
    const address = this.#server.address();
    if (typeof address === 'object' && address) this.#port = address.port;
    this.#open = true;
    for (const { name, address, note } of this.status) {
      const said = note === undefined ? '' : ` for old ${name} clients: ${note}`;
      const fields = { event: 'dialect.start', dialect: name, address };
      const line = `${serverName} Server started and listening on ${address}${said}`;
      if (note === undefined || isLoopback(host)) log.info(fields, line);
      else log.warn(fields, line);
    }
  }

  /** Lets nobody in any more, says goodbye to all, and resolves once they are gone. */
  async stop(reason: string): Promise<void> {
    this.#open = false;
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const guest of [...this.#guests.keys()]) guest.end(reason);
    const cut = setTimeout(() => {
      for (const socket of this.#guests.values()) socket.destroy();
    }, GOODBYE_MS);
    await closed;
    clearTimeout(cut);
  }

  #note({ secrets }: Dialect): string | undefined {
    if (!isLoopback(this.#options.host)) {
      return `${secrets ?? 'all'} in clear text, which anybody on the way can read`;
    }
    return secrets === undefined ? undefined : `${secrets} in clear text, from this machine only`;
  }

  #arrived(socket: Socket): void {
    const { arrivals, addressBans, budget, log } = this.#room;
    const address = addressOf(socket);
    // Until somebody takes it over: a reset must not be an uncaught error.
    socket.on('error', (error) => log.debug({ event: 'socket.error', address, error: error.message }, 'socket failed'));
    const ban = addressBans.find(address);
    const arrival = arrivals.admit(socket, address);
    if (ban) log.info({ event: 'connection.banned', address, range: ban.range }, 'a banned address is kept out');
    const refusal = ban ? banned(ban.reason) : arrival ? undefined : 'There are too many connections. Try again later.';
    if (refusal !== undefined && budget.ofRefusals(address).charge(1, performance.now()) > 0) {
      socket.destroy(); // even a refusal is work
      return;
    }
    log.debug({ event: 'dialect', address }, `Connection accepted from ('${address}', ${socket.remotePort})`);
    const guest = new Guest(socket, {
      address,
      arrival,
      room: this.#room,
      dialects: this.#dialects,
      choose: (bytes) => this.#choose(bytes),
      farewell: closingMessage,
      onTerminate: (dialect) => this.#terminate(dialect, guest),
    });
    this.#guests.set(guest, socket);
    socket.once('close', () => this.#guests.delete(guest));
    if (refusal === undefined) {
      startInTurn(this.#room, { socket, address }, () => guest.start());
      return;
    }
    guest.start(refusal);
    if (this.#refused >= REFUSED_CLIENTS) socket.destroySoon();
    this.#refused += 1;
    socket.once('close', () => {
      this.#refused -= 1;
    });
  }

  #choose(bytes: Buffer): Dialect | undefined | null {
    try {
      const first = cutObject(bytes);
      if (!first) return undefined;
      return this.#dialects.find((each) => !this.#terminated.has(each) && each.owns?.(first.request)) ?? null;
    } catch {
      return null; // no object: nobody's
    }
  }

  /**
   * Of this dialect nobody is served here any more; the port goes with the last of them.
   * @param by whose request it was: it is answered by its conversation
   */
  #terminate(dialect: Dialect, by: Guest): void {
    this.#terminated.add(dialect);
    const isLast = this.#terminated.size === this.#dialects.length;
    for (const guest of [...this.#guests.keys()]) {
      if (guest !== by && (isLast || guest.dialect === dialect)) {
        guest.end(`A number out of range has ended ${dialect.name} until the daemon starts again.`);
      }
    }
    if (isLast) this.#server.close();
  }
}
