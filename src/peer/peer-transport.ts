import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import UDX, { type UDXSocket } from 'udx-native';
import { isLoopback, normalizeIp } from '../domain/address.ts';
import { AppError } from '../domain/app-error.ts';
import { listenError } from '../domain/listen-error.ts';
import { datagramIdOf, type Endpoint, streamIds } from '../protocol/datagram.ts';
import { type ConnectionContext, PeerConnectionAttempt } from './connection-attempt.ts';
import { connectionLostError } from './connection-errors.ts';
import type { ConnectionOffer } from './connection-offer.ts';
import type { Identity } from './identity.ts';
import { localAddresses } from './local-addresses.ts';
import type { PeerChannel } from './peer-channel.ts';
import { ProbeBudget } from './probe-budget.ts';
import { createTlsContext } from './secure-channel.ts';

const HANDSHAKE_TIMEOUT_MS = 15_000;
const PUNCH_TIMEOUT_MS = 4000;
const SILENCE_TIMEOUT_MS = 10_000;
/** Absorbs the burst of a fast sender while this process is busy; the system may grant less. */
const SOCKET_BUFFER_BYTES = 4 << 20;

export interface PeerTransportSettings {
  readonly identity: Identity;
  /** UDP port; 0 (default) for a free one. */
  readonly port?: number | undefined;
  /** IP address to listen on; by default all IPv6 and IPv4 addresses. */
  readonly host?: string;
  /** The daemon's UDP endpoint: the address of the TCP connection, and the UDP port. */
  readonly daemon: { readonly address: string; readonly port: number };
  /** Time limit for `connect` as a whole (default 15 s). */
  readonly handshakeMs?: number;
  /** How long to try hole punching before requesting the relay (default 4 s). */
  readonly punchMs?: number;
  /** How long the other side may be silent before it counts as dead (default 10 s). */
  readonly silenceMs?: number | undefined;
  /** All transports of a process share one; by default this transport has its own. */
  readonly probeBudget?: ProbeBudget;
}

/** One UDP socket, used for the daemon's introduction server, for hole punching, and for the channels to other peers. */
export class PeerTransport {
  readonly #settings: PeerTransportSettings;
  readonly #tlsContext: SecureContext;
  readonly #attempts = new Map<string, PeerConnectionAttempt>();
  /** Needed because UDX does not check for duplicate ids. */
  readonly #usedStreamIds = new Set<number>();
  readonly #probeBudget: ProbeBudget;
  #udx: UDX | undefined;
  #socket: UDXSocket | undefined;
  #daemon: Endpoint | undefined;

  constructor(settings: PeerTransportSettings) {
    this.#settings = settings;
    this.#tlsContext = createTlsContext(settings.identity);
    this.#probeBudget = settings.probeBudget ?? new ProbeBudget();
  }

  /** The UDP port in use; 0 before `start`. */
  get port(): number {
    return this.#socket?.address()?.port ?? 0;
  }

  /** @throws AppError PORT_TAKEN; NOT_AVAILABLE when the daemon's name does not resolve or the socket cannot be opened */
  async start(): Promise<void> {
    if (this.#socket) return;
    const { port = 0, host, daemon } = this.#settings;
    this.#daemon = { address: await resolveHost(daemon.address), port: daemon.port };
    const udx = new UDX();
    const socket = udx.createSocket();
    try {
      // A daemon at an IPv4 address introduces IPv4 peers only. A dual-stack socket would need a seventh more CPU time
      // for each packet.
      socket.bind(port, host ?? (isIP(this.#daemon.address) === 4 ? '0.0.0.0' : undefined));
    } catch (cause) {
      await socket.close();
      const fix = 'Choose another port for files, or none to use a free one.';
      throw listenError(cause as NodeJS.ErrnoException, { protocol: 'UDP', host, port, fix });
    }
    socket.on('error', () => {}); // a packet that cannot be sent counts as lost
    socket.on('message', (bytes, { host: address, port: from }) => {
      const id = datagramIdOf(bytes);
      if (id !== undefined) this.#attempts.get(id)?.onDatagram(bytes, { address: normalizeIp(address), port: from });
    });
    for (const set of ['setRecvBufferSize', 'setSendBufferSize'] as const) {
      try {
        socket[set](SOCKET_BUFFER_BYTES);
      } catch {
        // the system's limit is lower; keep what it granted
      }
    }
    this.#udx = udx;
    this.#socket = socket;
  }

  /**
   * Aborts connection attempts, gives channels that are closing up to two seconds to finish, and closes the socket.
   * Afterwards nothing keeps the process alive.
   */
  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    const attempts = [...this.#attempts.values()];
    const error = connectionLostError('File transfer was stopped on this side.');
    await Promise.all(attempts.map((attempt) => attempt.stop(error)));
    await socket?.close();
  }

  /** This peer's endpoints in its own networks, at most 4, to be registered with the daemon. */
  localEndpoints(): Endpoint[] {
    const { port } = this;
    const bound = this.#socket?.address();
    if (!bound || port === 0) return [];
    if (bound.host !== '::' && bound.host !== '0.0.0.0') return [{ address: bound.host, port }];
    const daemon = this.#daemon?.address ?? '';
    // all clients of a daemon on loopback are on this machine
    if (isLoopback(daemon)) return [{ address: bound.family === 4 ? '127.0.0.1' : daemon, port }];
    return localAddresses(bound.family === 4 ? [4] : [4, 6]).map((address) => ({ address, port }));
  }

  /**
   * Connects to the other side of an offer, which must do the same now: first finds a path (direct if possible), then
   * verifies the keys. Many calls may run at once.
   * @param signal aborts the attempt; ignored once the channel is open
   * @throws AppError NOT_ALLOWED when the other side has another key or refuses ours; NOT_AVAILABLE or TOO_SLOW when
   * there is no path, with `data.resumable` if another attempt may help
   */
  async connect(offer: ConnectionOffer, signal?: AbortSignal): Promise<PeerChannel> {
    const context = this.#connectionContext(await this.#resolveDaemon(offer));
    if (signal?.aborted) throw connectionAbortedError(signal);
    const { id, side } = offer;
    const streamId = streamIds(id)[side];
    if (this.#attempts.has(id)) throw new AppError('CONFLICT', 'This connection offer is already in use.');
    if (this.#usedStreamIds.has(streamId)) throw connectionLostError('The stream id is already in use. Retrying.');
    const attempt = new PeerConnectionAttempt(offer, context);
    this.#attempts.set(id, attempt);
    this.#usedStreamIds.add(streamId);
    void attempt.closed.then(() => {
      this.#attempts.delete(id);
      this.#usedStreamIds.delete(streamId);
    });
    const abort = () => attempt.abort(connectionAbortedError(signal));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await attempt.open();
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** @throws AppError NOT_AVAILABLE when this socket cannot reach the daemon */
  async #resolveDaemon({ daemon }: ConnectionOffer): Promise<Endpoint | undefined> {
    if (!daemon) return this.#daemon;
    const address = await resolveHost(daemon.address);
    if (isIP(address) === 6 && this.#socket?.address()?.family === 4) {
      throw connectionLostError(`The other member's daemon is at ${address}, but this goldctl uses IPv4 only.`);
    }
    return { address, port: daemon.port };
  }

  #connectionContext(daemon: Endpoint | undefined): ConnectionContext {
    const {
      handshakeMs = HANDSHAKE_TIMEOUT_MS,
      punchMs = PUNCH_TIMEOUT_MS,
      silenceMs = SILENCE_TIMEOUT_MS,
    } = this.#settings;
    const socket = this.#socket;
    if (!socket || !this.#udx || !daemon) throw connectionLostError('File transfer is stopped on this side.');
    const family = socket.address()?.family;
    return {
      udx: this.#udx,
      socket,
      tlsContext: this.#tlsContext,
      daemon,
      localEndpoints: this.localEndpoints(),
      probeBudget: this.#probeBudget,
      handshakeMs,
      punchMs,
      silenceMs,
      send: (bytes, { address, port }) => {
        if (this.#socket !== socket || port < 1 || port > 65_535) return;
        const version = isIP(address);
        if (version === 4 || (version === 6 && family === 6)) socket.trySend(bytes, port, address);
      },
    };
  }
}

function connectionAbortedError(signal: AbortSignal | undefined): AppError {
  return new AppError('NOT_AVAILABLE', 'The connection attempt was cancelled.', { cause: signal?.reason });
}

async function resolveHost(host: string): Promise<string> {
  if (isIP(host)) return normalizeIp(host);
  try {
    const found = await lookup(host, { all: true });
    return (found.find(({ family }) => family === 4) ?? found[0]!).address;
  } catch (cause) {
    throw connectionLostError(`Cannot resolve the daemon's host name ${host}, so files cannot be exchanged.`, cause);
  }
}
