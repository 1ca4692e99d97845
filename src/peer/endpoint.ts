import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import UDX, { type UDXSocket } from 'udx-native';
import { bareAddress } from '../domain/address.ts';
import { Failure } from '../domain/failure.ts';
import { idOf, type Place, streamIds } from '../protocol/datagram.ts';
import { broken } from './broken.ts';
import type { Channel } from './channel.ts';
import type { Identity } from './identity.ts';
import type { Introduction } from './introduction.ts';
import { Meeting, type MeetingPlace } from './meeting.ts';
import { isLoopback, localAddresses } from './places.ts';
import { ProbeBudget } from './probe-budget.ts';
import { secureContext } from './secure-channel.ts';

export type { Channel } from './channel.ts';
export type { Introduction } from './introduction.ts';

const HANDSHAKE_MS = 15_000;
const PUNCH_MS = 4000;
const SILENCE_MS = 10_000;
/** What a burst of a fast sender needs while this process is busy; the system may give less. */
const BUFFER_BYTES = 4 << 20;

export interface EndpointSettings {
  readonly identity: Identity;
  /** UDP port; 0 (default) for a free one. */
  readonly port?: number;
  /** IP address to listen on; all of them, IPv6 and IPv4, by default. */
  readonly host?: string;
  /** UDP side of the daemon: the address that the TCP connection goes to, and the port. */
  readonly daemon: { readonly address: string; readonly port: number };
  /** How long `connect` may take in all (default 15 s). */
  readonly handshakeMs?: number;
  /** How long a way without the daemon is looked for, until the relay is asked for (default 4 s). */
  readonly punchMs?: number;
  /** How long the other side may be silent before it is taken for dead (default 10 s). */
  readonly silenceMs?: number;
  /** Endpoints of one process share one; by default it is this endpoint's alone. */
  readonly budget?: ProbeBudget;
}

/** What an endpoint is for those who use one. */
export type EndpointContract = Pick<Endpoint, 'port' | 'start' | 'stop' | 'local' | 'connect'>;

/**
 * Where this goldctl is for others who exchange files with it: one UDP socket, over which it meets the daemon's
 * rendezvous, finds its way to other endpoints, and carries the channels to them.
 */
export class Endpoint {
  readonly #settings: EndpointSettings;
  readonly #context: SecureContext;
  readonly #meetings = new Map<string, Meeting>();
  /** Streams in use; UDX itself does not look. */
  readonly #streams = new Set<number>();
  readonly #budget: ProbeBudget;
  #udx: UDX | undefined;
  #socket: UDXSocket | undefined;
  #daemon: Place | undefined;

  constructor(settings: EndpointSettings) {
    this.#settings = settings;
    this.#context = secureContext(settings.identity);
    this.#budget = settings.budget ?? new ProbeBudget();
  }

  /** The UDP port in use; 0 before `start`. */
  get port(): number {
    return this.#socket?.address()?.port ?? 0;
  }

  /** @throws Failure PORT_TAKEN, NOT_AVAILABLE when the daemon's name leads nowhere or no socket is to be had */
  async start(): Promise<void> {
    if (this.#socket) return;
    const { port = 0, host, daemon } = this.#settings;
    this.#daemon = { address: await addressOf(daemon.address), port: daemon.port };
    const udx = new UDX();
    const socket = udx.createSocket();
    try {
      // Where the daemon is at an IPv4 address, so is everybody it can introduce. A socket for both families would take
      // a seventh more of the processor for every packet.
      socket.bind(port, host ?? (isIP(this.#daemon.address) === 4 ? '0.0.0.0' : undefined));
    } catch (cause) {
      await socket.close();
      throw cannotListen(cause as NodeJS.ErrnoException, port, host);
    }
    socket.on('error', () => {}); // packets that are not sent are packets that are lost
    socket.on('message', (bytes, { host: address, port: from }) => {
      const id = idOf(bytes);
      if (id !== undefined) this.#meetings.get(id)?.take(bytes, { address: bareAddress(address), port: from });
    });
    for (const set of ['setRecvBufferSize', 'setSendBufferSize'] as const) {
      try {
        socket[set](BUFFER_BYTES);
      } catch {
        // the system's limit is lower: what it gave stands
      }
    }
    this.#udx = udx;
    this.#socket = socket;
  }

  /**
   * Breaks off what is under way, lets channels that are being closed come to their end (two seconds at most), and
   * closes the socket: nothing of it keeps the process alive.
   */
  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    const meetings = [...this.#meetings.values()];
    const stopped = broken('The transfer of files was stopped here.');
    await Promise.all(meetings.map((meeting) => meeting.stop(stopped)));
    await socket?.close();
  }

  /** Where it can be reached from its own networks, at most 4, to be registered with the daemon. */
  local(): Place[] {
    const { port } = this;
    const own = this.#socket?.address();
    if (!own || port === 0) return [];
    const anywhere = own.host === '::' || own.host === '0.0.0.0';
    if (!anywhere) return [{ address: own.host, port }];
    const daemon = this.#daemon?.address ?? '';
    // a daemon on loopback has all its clients on this machine
    if (isLoopback(daemon)) return [{ address: own.family === 4 ? '127.0.0.1' : daemon, port }];
    return localAddresses(own.family === 4 ? [4] : [4, 6]).map((address) => ({ address, port }));
  }

  /**
   * Meets the other side of an introduction, which must be about to do the same: the way (straight where possible), then
   * the keys. Many at once are fine.
   * @param signal calls it off as long as the channel does not stand
   * @throws Failure NOT_ALLOWED when the other has another key, or refuses this one; NOT_AVAILABLE and TOO_SLOW when
   * there is no way, with `data.resumable` where another introduction may help
   */
  async connect(introduction: Introduction, signal?: AbortSignal): Promise<Channel> {
    const place = this.#meetingPlace(await this.#daemonOf(introduction));
    if (signal?.aborted) throw calledOff(signal);
    const { id, side } = introduction;
    const stream = streamIds(id)[side];
    if (this.#meetings.has(id)) throw new Failure('CONFLICT', 'This introduction is in use already.');
    if (this.#streams.has(stream)) throw broken('The number of the connection is in use. It is tried again.');
    const meeting = new Meeting(introduction, place);
    this.#meetings.set(id, meeting);
    this.#streams.add(stream);
    void meeting.over.then(() => {
      this.#meetings.delete(id);
      this.#streams.delete(stream);
    });
    const abort = () => meeting.end(calledOff(signal));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await meeting.open();
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** @throws Failure NOT_AVAILABLE when this socket does not reach it */
  async #daemonOf({ daemon }: Introduction): Promise<Place | undefined> {
    if (!daemon) return this.#daemon;
    const address = await addressOf(daemon.address);
    if (isIP(address) === 6 && this.#socket?.address()?.family === 4) {
      throw broken(`The other one's daemon is at ${address}, and this goldctl came to its own by IPv4.`);
    }
    return { address, port: daemon.port };
  }

  #meetingPlace(daemon: Place | undefined): MeetingPlace {
    const { handshakeMs = HANDSHAKE_MS, punchMs = PUNCH_MS, silenceMs = SILENCE_MS } = this.#settings;
    const socket = this.#socket;
    if (!socket || !this.#udx || !daemon) throw broken('The transfer of files is stopped here.');
    const family = socket.address()?.family;
    return {
      udx: this.#udx,
      socket,
      context: this.#context,
      daemon,
      local: this.local(),
      budget: this.#budget,
      handshakeMs,
      punchMs,
      silenceMs,
      send: (bytes, { address, port }) => {
        if (this.#socket !== socket || port < 1 || port > 65_535) return;
        const to = isIP(address);
        if (to === 4 || (to === 6 && family === 6)) socket.trySend(bytes, port, address);
      },
    };
  }
}

function calledOff(signal: AbortSignal | undefined): Failure {
  return new Failure('NOT_AVAILABLE', 'The connection was called off.', { cause: signal?.reason });
}

async function addressOf(host: string): Promise<string> {
  if (isIP(host)) return bareAddress(host);
  try {
    const found = await lookup(host, { all: true });
    return (found.find(({ family }) => family === 4) ?? found[0]!).address;
  } catch (cause) {
    throw broken(`The name ${host} of the daemon leads to no address now, so files cannot be exchanged.`, cause);
  }
}

function cannotListen(cause: NodeJS.ErrnoException, port: number, host: string | undefined): Failure {
  const data = { port };
  if (cause.code === 'EADDRINUSE') {
    return new Failure('PORT_TAKEN', `UDP port ${port} is taken. Name another one for files, or none for a free one.`, {
      cause,
      data,
    });
  }
  const where = host === undefined ? '' : ` on ${host}`;
  return new Failure(
    'NOT_AVAILABLE',
    `No UDP socket is to be had${where} for files (${cause.code ?? cause.message}). Check address and port.`,
    { cause, data },
  );
}
