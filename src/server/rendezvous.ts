import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { bareAddress } from '../domain/address.ts';
import { Failure } from '../domain/failure.ts';
import type { Place } from '../domain/peer.ts';
import {
  decodeDatagram,
  encodeDatagram,
  HELLO_BYTES,
  type Hello,
  idOf,
  type Side,
  STREAM_MAGIC,
  streamIds,
} from '../protocol/datagram.ts';
import type { Log } from '../rates/log.ts';
import { Bucket } from './bucket.ts';
import { FairShare, type Holder } from './fair-share.ts';
import { placeOfHost } from './place.ts';
import { type Lane, Shaper } from './shaper.ts';

export interface RendezvousOptions {
  /** Introductions that are relayed at the same time; 0: none ever. */
  readonly relays: number;
  /** What one introduction may have relayed, each way. */
  readonly relayBytesPerSecond: number;
  readonly log: Log;
  /** Whether an address is kept out: it gets no answer. */
  readonly isBanned?: (address: string) => boolean;
  /** How long an introduction is open after the last HELLO of it. */
  readonly openMs?: number;
  /** Introductions in all. */
  readonly most?: number;
}

/** What both sides of an introduction know. */
export interface Opened {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** 64 hexadecimal digits. */
  readonly secret: string;
}

export interface RendezvousCounts {
  readonly introductions: number;
  readonly relays: number;
  readonly relayedBytes: number;
  readonly overQuota: number;
  readonly unproven: number;
}

/** One of the two, as it showed itself. */
interface End {
  /** Of the socket, as it spells it; empty and 0 until a HELLO came. */
  address: string;
  port: number;
  local: readonly Place[];
  relay: boolean;
  /** Of the last HELLO. */
  counter: number;
}

interface Introduction extends Opened {
  readonly a: End;
  readonly b: End;
  /** The two connections that it stands and falls with. */
  readonly owners: readonly [asker: object, asked: object];
  /** Who asked: the introduction is charged to them, and its relay. */
  readonly holder: Holder;
  /** HELLOs that are looked at: each costs a MAC. */
  readonly hellos: Bucket;
  relayed: boolean;
  /** Monotonic milliseconds. */
  heard: number;
}

/** A direction of an introduction, by the id of the stream at its end. */
interface Leg {
  readonly introduction: Introduction;
  readonly from: End;
  readonly to: End;
  readonly lane: Lane;
}

const OPEN_MS = 60_000;
const MOST = 20_000;
const PER_CONNECTION = 64;
const HELLO_TYPE = 1;
const MAGIC = 0x67;
const STREAM_HEAD = 20;
/** Longer than any packet of UDX, shorter than any burst of the relay. */
const STREAM_MOST = 4096;
const SOCKET_BYTES = 4 * 1024 * 1024;
/** Of both sides; each needs ten. */
const HELLOS_PER_SECOND = 100;
/** What may wait for the system to take it. */
const QUEUE_BYTES = 4 * 1024 * 1024;

/**
 * The UDP port: two peers that were introduced learn here where the other one is seen from, and are relayed where they
 * find no way of their own. Whoever does not know the secret of an open introduction gets no answer, nobody gets a
 * longer one than what it answers, and nothing is kept or written for datagrams of strangers but their number.
 */
export class Rendezvous {
  readonly #options: RendezvousOptions;
  readonly #openMs: number;
  readonly #shaper: Shaper;
  readonly #introductions = new Map<string, Introduction>();
  readonly #legs = new Map<number, Leg>();
  readonly #owned = new Map<object, Set<Introduction>>();
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #shares: FairShare;
  readonly #relayShares: FairShare;
  #relayedBytes = 0;
  #overQuota = 0;
  #unproven = 0;

  constructor(options: RendezvousOptions) {
    this.#options = options;
    this.#openMs = options.openMs ?? OPEN_MS;
    this.#shaper = new Shaper(options.relayBytesPerSecond);
    this.#shares = new FairShare(() => options.most ?? MOST);
    this.#relayShares = new FairShare(() => options.relays);
  }

  /**
   * @param address an address of this machine, not a name
   * @throws Failure PORT_TAKEN, NOT_AVAILABLE
   */
  async start({ address, port }: Place): Promise<void> {
    const type = isIP(address) === 6 ? 'udp6' : 'udp4';
    // Addresses only are sent to: the resolver has no part in it, which spares every packet a turn of the event loop.
    const socket = createSocket({ type, lookup: (host, _, done) => done(null, host, type === 'udp6' ? 6 : 4) });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (cause: NodeJS.ErrnoException) => {
        socket.close();
        reject(bindFailure(cause, address, port));
      });
      socket.bind({ address, port, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (err) => this.#options.log.error({ event: 'udp', err }, 'the UDP port failed'));
    try {
      socket.setRecvBufferSize(SOCKET_BYTES);
      socket.setSendBufferSize(SOCKET_BYTES);
    } catch (err) {
      this.#options.log.debug({ event: 'udp', err }, 'the UDP port keeps the buffers of the system');
    }
    socket.on('message', (bytes, from) => this.#message(bytes, from));
    this.#socket = socket;
    this.#timer = setInterval(() => this.#sweep(), Math.max(10, Math.min(5000, this.#openMs / 4))).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#shaper.stop();
    const socket = this.#socket;
    this.#socket = undefined;
    for (const introduction of [...this.#introductions.values()]) this.#close(introduction);
    if (socket) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  /** `host:port`. */
  get address(): string {
    if (!this.#socket) return '';
    const { address, port } = this.#socket.address();
    return `${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
  }

  get open(): boolean {
    return this.#socket !== undefined;
  }

  /** Whether one more introduction that this member asks for could be relayed. */
  wouldRelay(holder: Holder): boolean {
    return this.#relayShares.allows(holder);
  }

  get counts(): RendezvousCounts {
    return {
      introductions: this.#introductions.size,
      relays: this.#relayShares.used,
      relayedBytes: this.#relayedBytes,
      overQuota: this.#overQuota,
      unproven: this.#unproven,
    };
  }

  /**
   * Opens an introduction.
   * @param asker the connection that asks: it may have 64 open ones
   * @param holder whose connection that is: they get a fair share of all introductions
   * @throws Failure TOO_MANY_REQUESTS, NOT_AVAILABLE
   */
  introduce(asker: object, asked: object, holder: Holder): Opened {
    if (!this.#socket) throw new Failure('NOT_AVAILABLE', 'The daemon is starting or ending. Try again in a moment.');
    const own = [...(this.#owned.get(asker) ?? [])].filter(({ owners }) => owners[0] === asker);
    if (own.length >= PER_CONNECTION) {
      throw new Failure(
        'TOO_MANY_REQUESTS',
        `${PER_CONNECTION} introductions of this connection are open. They end ${this.#openMs / 1000} s after they were last used.`,
        { data: { retryAfterMs: this.#openMs } },
      );
    }
    const id = this.#freeId();
    if (!this.#shares.take(holder)) {
      throw new Failure(
        'TOO_MANY_REQUESTS',
        'The daemon has no more introductions for you now: others need those that are left. Try again in a minute.',
        { data: { retryAfterMs: this.#openMs } },
      );
    }
    const now = performance.now();
    const introduction: Introduction = {
      id,
      secret: randomBytes(32).toString('hex'),
      a: { address: '', port: 0, local: [], relay: false, counter: 0 },
      b: { address: '', port: 0, local: [], relay: false, counter: 0 },
      owners: [asker, asked],
      holder,
      hellos: new Bucket(HELLOS_PER_SECOND, 2 * HELLOS_PER_SECOND, now),
      relayed: false,
      heard: now,
    };
    this.#introductions.set(id, introduction);
    const streams = streamIds(id);
    const { a, b } = introduction;
    this.#legs.set(streams.a, { introduction, from: b, to: a, lane: this.#laneTo(a) });
    this.#legs.set(streams.b, { introduction, from: a, to: b, lane: this.#laneTo(b) });
    for (const owner of introduction.owners) {
      const owned = this.#owned.get(owner);
      if (owned) owned.add(introduction);
      else this.#owned.set(owner, new Set([introduction]));
    }
    return { id, secret: introduction.secret };
  }

  /** A connection ended, or nobody is signed in on it any more: its introductions are over, relayed ones too. */
  forget(owner: object): void {
    for (const introduction of [...(this.#owned.get(owner) ?? [])]) this.#close(introduction);
  }

  /** Ends one introduction: its other side was not told. */
  close(id: string): void {
    const introduction = this.#introductions.get(id);
    if (introduction) this.#close(introduction);
  }

  /** Ends the introductions that have a side at such an address. */
  forgetAddress(is: (address: string) => boolean): void {
    for (const introduction of [...this.#introductions.values()]) {
      const { a, b } = introduction;
      if ([a, b].some(({ address, port }) => port !== 0 && is(bareAddress(address)))) this.#close(introduction);
    }
  }

  /** One whose streams have ids that no other open one has. */
  #freeId(): string {
    for (;;) {
      const id = randomBytes(16).toString('hex');
      const { a, b } = streamIds(id);
      if (a !== b && a !== 0 && b !== 0 && !this.#legs.has(a) && !this.#legs.has(b)) return id;
    }
  }

  #close(introduction: Introduction): void {
    if (introduction.relayed) this.#relayShares.release(introduction.holder);
    introduction.relayed = false;
    this.#introductions.delete(introduction.id);
    this.#shares.release(introduction.holder);
    this.#clearLanes(introduction);
    const streams = streamIds(introduction.id);
    this.#legs.delete(streams.a);
    this.#legs.delete(streams.b);
    for (const owner of introduction.owners) {
      const owned = this.#owned.get(owner);
      owned?.delete(introduction);
      if (owned?.size === 0) this.#owned.delete(owner);
    }
  }

  #sweep(): void {
    const since = performance.now() - this.#openMs;
    for (const introduction of [...this.#introductions.values()]) {
      if (introduction.heard < since) this.#close(introduction);
    }
  }

  /** Called for every packet that is relayed, and for every one that strangers send: it must cost next to nothing. */
  #message(bytes: Buffer, from: RemoteInfo): void {
    if (from.port === 0)
      this.#unproven += 1; // nothing can be sent there
    else if (bytes[0] === STREAM_MAGIC) this.#relay(bytes, from);
    else if (bytes[0] === MAGIC && bytes.length === HELLO_BYTES && bytes[2] === HELLO_TYPE) this.#hello(bytes, from);
    else this.#unproven += 1;
  }

  #relay(bytes: Buffer, { address, port }: RemoteInfo): void {
    const fits = bytes.length >= STREAM_HEAD && bytes.length <= STREAM_MOST;
    const leg = fits ? this.#legs.get(bytes.readUInt32LE(4)) : undefined;
    if (!leg?.introduction.relayed || leg.from.port !== port || leg.from.address !== address) {
      this.#unproven += 1;
      return;
    }
    if (!this.#shaper.pass(leg.lane, bytes)) this.#overQuota += 1;
  }

  #laneTo(end: End): Lane {
    return this.#shaper.lane((packet) => {
      const socket = this.#socket!;
      if (socket.getSendQueueSize() + packet.length > QUEUE_BYTES) {
        this.#overQuota += 1;
        return;
      }
      this.#relayedBytes += packet.length;
      socket.send(packet, end.port, end.address);
    });
  }

  #clearLanes({ id }: Introduction): void {
    for (const stream of Object.values(streamIds(id))) {
      const leg = this.#legs.get(stream);
      if (leg) this.#shaper.clear(leg.lane);
    }
  }

  /** A right one says where its sender is now: a router may give them another place at any time. */
  #hello(bytes: Buffer, from: RemoteInfo): void {
    const id = idOf(bytes);
    const introduction = id === undefined ? undefined : this.#introductions.get(id);
    const now = performance.now();
    if (!introduction || introduction.hellos.take(now) > 0) {
      if (introduction) this.#overQuota += 1;
      else this.#unproven += 1;
      return;
    }
    const hello = decodeDatagram(bytes, introduction.secret);
    if (hello?.type !== 'hello' || this.#options.isBanned?.(bareAddress(from.address))) {
      this.#unproven += 1;
      return;
    }
    const { side } = hello;
    const other: Side = side === 'a' ? 'b' : 'a';
    const own = introduction[side];
    if (!isFresh(hello, from, own)) {
      this.#unproven += 1;
      return;
    }
    own.counter = hello.counter;
    own.address = from.address;
    own.port = from.port;
    own.local = hello.local.flatMap((place) => placeOfHost(place) ?? []);
    own.relay = hello.relay;
    introduction.heard = now;
    this.#settleRelay(introduction);
    const theirs = introduction[other];
    const seen = encodeDatagram(
      {
        type: 'seen',
        id: introduction.id,
        side,
        seen: { address: bareAddress(from.address), port: from.port },
        other: theirs.port === 0 ? null : { address: bareAddress(theirs.address), port: theirs.port },
        otherLocal: theirs.local,
        relayed: introduction.relayed,
      },
      introduction.secret,
    );
    this.#socket!.send(seen, from.port, from.address);
  }

  /** It is relayed while both ask for it and there is room. */
  #settleRelay(introduction: Introduction): void {
    const wanted = introduction.a.relay && introduction.b.relay;
    if (wanted === introduction.relayed) return;
    if (!wanted) this.#relayShares.release(introduction.holder);
    else if (!this.#relayShares.take(introduction.holder)) return;
    introduction.relayed = wanted;
    if (!wanted) this.#clearLanes(introduction);
  }
}

/**
 * Whether a HELLO is no copy of an earlier one, which somebody between sends again from elsewhere to move the side
 * there. A client that does not count cannot move: it stays where it was seen first.
 */
function isFresh({ counter }: Hello, from: RemoteInfo, { counter: last, port, address }: End): boolean {
  if (counter > last) return true;
  return counter === 0 && last === 0 && (port === 0 || (port === from.port && address === from.address));
}

function bindFailure(cause: NodeJS.ErrnoException, address: string, port: number): Failure {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new Failure(
        'PORT_TAKEN',
        `UDP port ${port} of ${address} is taken by another program. goldctl needs the same number for TCP and UDP: give another one by --port.`,
        { cause },
      );
    case 'EACCES':
      return new Failure(
        'NOT_AVAILABLE',
        `UDP port ${port} may not be opened by this user. Give one over 1023 by --port.`,
        { cause },
      );
    default:
      return new Failure('NOT_AVAILABLE', `UDP port ${port} of ${address} cannot be opened: ${cause.message}.`, {
        cause,
      });
  }
}
