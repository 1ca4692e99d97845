import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { normalizeIp } from '../domain/address.ts';
import { AppError } from '../domain/app-error.ts';
import { listenError } from '../domain/listen-error.ts';
import type { Logger } from '../domain/logger.ts';
import type { Endpoint } from '../domain/peer.ts';
import {
  datagramIdOf,
  decodeDatagram,
  encodeDatagram,
  HELLO_BYTES,
  type HelloDatagram,
  type IntroductionSide,
  STREAM_MAGIC,
  streamIds,
} from '../protocol/datagram.ts';
import { FairShare, type SlotHolder } from './fair-share.ts';
import { TokenBucket } from './token-bucket.ts';
import { type ShaperQueue, TrafficShaper } from './traffic-shaper.ts';
import { parseUnicastEndpoint } from './unicast-endpoint.ts';

export interface IntroductionServerOptions {
  /** Introductions relayed at the same time; 0 disables relaying. */
  readonly maxRelays: number;
  /** Per introduction and direction. */
  readonly relayBytesPerSecond: number;
  readonly log: Logger;
  /** Banned addresses get no answer. */
  readonly isBanned?: (address: string) => boolean;
  /** How long an introduction stays open after its last HELLO. */
  readonly ttlMs?: number;
  readonly maxIntroductions?: number;
}

/** What both sides of an introduction know. */
export interface IntroductionCredentials {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** 64 hexadecimal digits. */
  readonly secret: string;
}

export interface IntroductionCounts {
  readonly introductions: number;
  readonly relays: number;
  readonly relayedBytes: number;
  readonly overQuota: number;
  readonly unproven: number;
}

/** One of the two peers, as observed. */
interface IntroducedPeer {
  /** As the socket spells it; empty and 0 until the first HELLO. */
  address: string;
  port: number;
  local: readonly Endpoint[];
  wantsRelay: boolean;
  /** Of the last HELLO. */
  counter: number;
}

interface OpenIntroduction extends IntroductionCredentials {
  readonly a: IntroducedPeer;
  readonly b: IntroducedPeer;
  /** The introduction closes when either connection does. */
  readonly owners: readonly [asker: object, asked: object];
  /** Who is charged for the introduction and its relay. */
  readonly holder: SlotHolder;
  /** Limits the HELLOs that are verified: each costs a MAC. */
  readonly helloBucket: TokenBucket;
  isRelayed: boolean;
  /** Monotonic milliseconds. */
  lastHelloAt: number;
}

/** One direction of a relay, found by the id of the receiving stream. */
interface RelayDirection {
  readonly introduction: OpenIntroduction;
  readonly from: IntroducedPeer;
  readonly to: IntroducedPeer;
  readonly queue: ShaperQueue;
}

const INTRODUCTION_TTL_MS = 60_000;
const MAX_INTRODUCTIONS = 20_000;
const MAX_INTRODUCTIONS_PER_CONNECTION = 64;
const HELLO_TYPE = 1;
const HELLO_MAGIC = 0x67;
const STREAM_HEADER_BYTES = 20;
/** Longer than any UDX packet, shorter than any burst of the relay. */
const MAX_STREAM_PACKET_BYTES = 4096;
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
/** For both sides together; each needs ten. */
const MAX_HELLOS_PER_SECOND = 100;
/** Bytes waiting in the system's send queue. */
const MAX_SEND_QUEUE_BYTES = 4 * 1024 * 1024;

/**
 * The UDP port: introduced peers learn their observed addresses here, and are relayed if they find no direct path. Only
 * datagrams that prove the secret of an open introduction are answered, no answer is longer than its request, and
 * strangers' datagrams leave nothing but a count.
 */
export class IntroductionServer {
  readonly #options: IntroductionServerOptions;
  readonly #ttlMs: number;
  readonly #shaper: TrafficShaper;
  readonly #introductions = new Map<string, OpenIntroduction>();
  readonly #directions = new Map<number, RelayDirection>();
  readonly #introductionsByOwner = new Map<object, Set<OpenIntroduction>>();
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #slots: FairShare;
  readonly #relaySlots: FairShare;
  #relayedBytes = 0;
  #overQuota = 0;
  #unproven = 0;

  constructor(options: IntroductionServerOptions) {
    this.#options = options;
    this.#ttlMs = options.ttlMs ?? INTRODUCTION_TTL_MS;
    this.#shaper = new TrafficShaper(options.relayBytesPerSecond);
    this.#slots = new FairShare(() => options.maxIntroductions ?? MAX_INTRODUCTIONS);
    this.#relaySlots = new FairShare(() => options.maxRelays);
  }

  /** @param address a local IP address, not a name @throws AppError PORT_TAKEN, NOT_AVAILABLE */
  async start({ address, port }: Endpoint): Promise<void> {
    const type = isIP(address) === 6 ? 'udp6' : 'udp4';
    // All targets are IP addresses: skipping the resolver saves an event-loop turn per packet.
    const socket = createSocket({ type, lookup: (host, _, done) => done(null, host, type === 'udp6' ? 6 : 4) });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (cause: NodeJS.ErrnoException) => {
        socket.close();
        const fix = 'goldctl needs the same number for TCP and UDP. Choose another one with --port.';
        reject(listenError(cause, { protocol: 'UDP', host: address, port, fix }));
      });
      socket.bind({ address, port, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (err) => this.#options.log.error({ event: 'udp', err }, 'the UDP port failed'));
    try {
      socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
      socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
    } catch (err) {
      this.#options.log.debug({ event: 'udp', err }, 'the UDP port keeps the default buffer sizes');
    }
    socket.on('message', (bytes, from) => this.#onDatagram(bytes, from));
    this.#socket = socket;
    this.#timer = setInterval(() => this.#sweep(), Math.max(10, Math.min(5000, this.#ttlMs / 4))).unref();
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

  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  /** Whether one more introduction of this member could be relayed. */
  canRelay(holder: SlotHolder): boolean {
    return this.#relaySlots.allows(holder);
  }

  get counts(): IntroductionCounts {
    return {
      introductions: this.#introductions.size,
      relays: this.#relaySlots.used,
      relayedBytes: this.#relayedBytes,
      overQuota: this.#overQuota,
      unproven: this.#unproven,
    };
  }

  /**
   * Opens an introduction.
   * @param asker the requesting connection: limited to 64 open introductions
   * @param holder the requesting member: limited to a fair share of all introductions
   * @throws AppError TOO_MANY_REQUESTS, NOT_AVAILABLE
   */
  introduce(asker: object, asked: object, holder: SlotHolder): IntroductionCredentials {
    if (!this.#socket) throw new AppError('NOT_AVAILABLE', 'The daemon is starting or stopping. Try again soon.');
    const side = [...(this.#introductionsByOwner.get(asker) ?? [])].filter(({ owners }) => owners[0] === asker);
    if (side.length >= MAX_INTRODUCTIONS_PER_CONNECTION) {
      throw new AppError(
        'TOO_MANY_REQUESTS',
        `${MAX_INTRODUCTIONS_PER_CONNECTION} introductions of this connection are open. They close ${this.#ttlMs / 1000} s after they were last used.`,
        { data: { retryAfterMs: this.#ttlMs } },
      );
    }
    const id = this.#freeId();
    if (!this.#slots.take(holder)) {
      throw new AppError('TOO_MANY_REQUESTS', 'You have used up your share of introductions. Try again in a minute.', {
        data: { retryAfterMs: this.#ttlMs },
      });
    }
    const now = performance.now();
    const introduction: OpenIntroduction = {
      id,
      secret: randomBytes(32).toString('hex'),
      a: { address: '', port: 0, local: [], wantsRelay: false, counter: 0 },
      b: { address: '', port: 0, local: [], wantsRelay: false, counter: 0 },
      owners: [asker, asked],
      holder,
      helloBucket: new TokenBucket(MAX_HELLOS_PER_SECOND, 2 * MAX_HELLOS_PER_SECOND, now),
      isRelayed: false,
      lastHelloAt: now,
    };
    this.#introductions.set(id, introduction);
    const streams = streamIds(id);
    const { a, b } = introduction;
    this.#directions.set(streams.a, { introduction, from: b, to: a, queue: this.#createQueueTo(a) });
    this.#directions.set(streams.b, { introduction, from: a, to: b, queue: this.#createQueueTo(b) });
    for (const owner of introduction.owners) {
      const owned = this.#introductionsByOwner.get(owner);
      if (owned) owned.add(introduction);
      else this.#introductionsByOwner.set(owner, new Set([introduction]));
    }
    return { id, secret: introduction.secret };
  }

  /** Closes all introductions of a connection that ended or signed out, relayed ones too. */
  closeAllOf(owner: object): void {
    for (const introduction of [...(this.#introductionsByOwner.get(owner) ?? [])]) this.#close(introduction);
  }

  /** Closes an introduction whose other side was not notified. */
  close(id: string): void {
    const introduction = this.#introductions.get(id);
    if (introduction) this.#close(introduction);
  }

  /** Closes the introductions that have a side at such an address. */
  forgetAddress(matches: (address: string) => boolean): void {
    for (const introduction of [...this.#introductions.values()]) {
      const { a, b } = introduction;
      if ([a, b].some(({ address, port }) => port !== 0 && matches(normalizeIp(address)))) this.#close(introduction);
    }
  }

  /** An id whose stream ids no other open introduction uses. */
  #freeId(): string {
    for (;;) {
      const id = randomBytes(16).toString('hex');
      const { a, b } = streamIds(id);
      if (a !== b && a !== 0 && b !== 0 && !this.#directions.has(a) && !this.#directions.has(b)) return id;
    }
  }

  #close(introduction: OpenIntroduction): void {
    if (introduction.isRelayed) this.#relaySlots.release(introduction.holder);
    introduction.isRelayed = false;
    this.#introductions.delete(introduction.id);
    this.#slots.release(introduction.holder);
    this.#clearQueues(introduction);
    const streams = streamIds(introduction.id);
    this.#directions.delete(streams.a);
    this.#directions.delete(streams.b);
    for (const owner of introduction.owners) {
      const owned = this.#introductionsByOwner.get(owner);
      owned?.delete(introduction);
      if (owned?.size === 0) this.#introductionsByOwner.delete(owner);
    }
  }

  #sweep(): void {
    const since = performance.now() - this.#ttlMs;
    for (const introduction of [...this.#introductions.values()]) {
      if (introduction.lastHelloAt < since) this.#close(introduction);
    }
  }

  /** Called for every relayed packet and for every packet of strangers: must be cheap. */
  #onDatagram(bytes: Buffer, from: RemoteInfo): void {
    if (from.port === 0)
      this.#unproven += 1; // nothing can be sent there
    else if (bytes[0] === STREAM_MAGIC) this.#relay(bytes, from);
    else if (bytes[0] === HELLO_MAGIC && bytes.length === HELLO_BYTES && bytes[2] === HELLO_TYPE)
      this.#onHello(bytes, from);
    else this.#unproven += 1;
  }

  #relay(bytes: Buffer, { address, port }: RemoteInfo): void {
    const fits = bytes.length >= STREAM_HEADER_BYTES && bytes.length <= MAX_STREAM_PACKET_BYTES;
    const direction = fits ? this.#directions.get(bytes.readUInt32LE(4)) : undefined;
    if (!direction?.introduction.isRelayed || direction.from.port !== port || direction.from.address !== address) {
      this.#unproven += 1;
      return;
    }
    if (!this.#shaper.send(direction.queue, bytes)) this.#overQuota += 1;
  }

  #createQueueTo(peer: IntroducedPeer): ShaperQueue {
    return this.#shaper.createQueue((packet) => {
      const socket = this.#socket!;
      if (socket.getSendQueueSize() + packet.length > MAX_SEND_QUEUE_BYTES) {
        this.#overQuota += 1;
        return;
      }
      this.#relayedBytes += packet.length;
      socket.send(packet, peer.port, peer.address);
    });
  }

  #clearQueues({ id }: OpenIntroduction): void {
    for (const stream of Object.values(streamIds(id))) {
      const direction = this.#directions.get(stream);
      if (direction) this.#shaper.clear(direction.queue);
    }
  }

  /** A valid HELLO updates the sender's address, which a NAT may change at any time. */
  #onHello(bytes: Buffer, from: RemoteInfo): void {
    const id = datagramIdOf(bytes);
    const introduction = id === undefined ? undefined : this.#introductions.get(id);
    const now = performance.now();
    if (!introduction || introduction.helloBucket.take(now) > 0) {
      if (introduction) this.#overQuota += 1;
      else this.#unproven += 1;
      return;
    }
    const hello = decodeDatagram(bytes, introduction.secret);
    if (hello?.type !== 'hello' || this.#options.isBanned?.(normalizeIp(from.address))) {
      this.#unproven += 1;
      return;
    }
    const { side } = hello;
    const other: IntroductionSide = side === 'a' ? 'b' : 'a';
    const own = introduction[side];
    if (!isFresh(hello, from, own)) {
      this.#unproven += 1;
      return;
    }
    own.counter = hello.counter;
    own.address = from.address;
    own.port = from.port;
    own.local = hello.local.flatMap((endpoint) => parseUnicastEndpoint(endpoint) ?? []);
    own.wantsRelay = hello.relay;
    introduction.lastHelloAt = now;
    this.#updateRelay(introduction);
    const theirs = introduction[other];
    const seen = encodeDatagram(
      {
        type: 'seen',
        id: introduction.id,
        side,
        seen: { address: normalizeIp(from.address), port: from.port },
        other: theirs.port === 0 ? null : { address: normalizeIp(theirs.address), port: theirs.port },
        otherLocal: theirs.local,
        relayed: introduction.isRelayed,
      },
      introduction.secret,
    );
    this.#socket!.send(seen, from.port, from.address);
  }

  /** Relays while both sides ask for it and a slot is free. */
  #updateRelay(introduction: OpenIntroduction): void {
    const wanted = introduction.a.wantsRelay && introduction.b.wantsRelay;
    if (wanted === introduction.isRelayed) return;
    if (!wanted) this.#relaySlots.release(introduction.holder);
    else if (!this.#relaySlots.take(introduction.holder)) return;
    introduction.isRelayed = wanted;
    if (!wanted) this.#clearQueues(introduction);
  }
}

/** Rejects replayed HELLOs, which could move a side. A client without a counter cannot move. */
function isFresh({ counter }: HelloDatagram, from: RemoteInfo, peer: IntroducedPeer): boolean {
  if (counter > peer.counter) return true;
  const isSameEndpoint = peer.port === 0 || (peer.port === from.port && peer.address === from.address);
  return counter === 0 && peer.counter === 0 && isSameEndpoint;
}
