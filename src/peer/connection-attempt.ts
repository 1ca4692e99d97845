import type { SecureContext } from 'node:tls';
import type UDX from 'udx-native';
import type { UDXSocket } from 'udx-native';
import { AppError } from '../domain/app-error.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { decodeDatagram, type Endpoint, type IntroductionSide, streamIds } from '../protocol/datagram.ts';
import { connectionLostError } from './connection-errors.ts';
import type { ConnectionOffer } from './connection-offer.ts';
import { HolePuncher, type SendTarget } from './hole-puncher.ts';
import { IntroductionClient } from './introduction-client.ts';
import { endpointKey } from './local-addresses.ts';
import type { PeerChannel } from './peer-channel.ts';
import type { ProbeBudget } from './probe-budget.ts';
import { SecureChannel } from './secure-channel.ts';
import { SharedNetworks } from './shared-networks.ts';
import { UdxDuplex } from './udx-duplex.ts';

/**
 * Keep-alive interval of an idle stream until the handshake is complete. If the last probe was lost, these packets tell
 * the other side that the path works.
 */
const FAST_KEEPALIVE_MS = 100;
/** If the path does not work after all, this limits the packets sent to an uninvolved host. */
const SLOW_KEEPALIVE_MS = 1000;
const FAST_KEEPALIVE_PERIOD_MS = 1000;

/** Shared by all connection attempts of a transport. */
export interface ConnectionContext {
  readonly udx: UDX;
  readonly socket: UDXSocket;
  readonly tlsContext: SecureContext;
  /** The daemon's UDP endpoint. */
  readonly daemon: Endpoint;
  readonly localEndpoints: readonly Endpoint[];
  readonly probeBudget: ProbeBudget;
  readonly handshakeMs: number;
  readonly punchMs: number;
  readonly silenceMs: number;
  send(bytes: Uint8Array, to: Endpoint): void;
}

/**
 * One connection to a peer, from the first HELLO until its channel is closed. The stream exists from the start, so that
 * it can receive packets as soon as the other side has found a path. It is connected once this side has found one.
 */
export class PeerConnectionAttempt {
  readonly #context: ConnectionContext;
  readonly #offer: ConnectionOffer;
  readonly #remoteSide: IntroductionSide;
  readonly #introductionClient: IntroductionClient;
  readonly #holePuncher: HolePuncher;
  readonly #duplex: UdxDuplex;
  readonly #stream: ReturnType<UDX['createStream']>;
  readonly #target: Deferred<SendTarget> = deferred();
  readonly #closed: Deferred<void> = deferred();
  readonly #timers: NodeJS.Timeout[] = [];
  #channel: SecureChannel | undefined;
  #hasTarget = false;
  #hasSeenPeer = false;

  constructor(offer: ConnectionOffer, context: ConnectionContext) {
    this.#context = context;
    this.#offer = offer;
    this.#remoteSide = offer.side === 'a' ? 'b' : 'a';
    const { localEndpoints, daemon } = context;
    this.#introductionClient = new IntroductionClient(offer, localEndpoints, (bytes) => context.send(bytes, daemon));
    this.#holePuncher = new HolePuncher(offer, {
      networks: new SharedNetworks(localEndpoints),
      probeBudget: context.probeBudget,
      send: (bytes, to) => context.send(bytes, to),
      onFound: (target) => this.#onTargetFound(target),
    });
    this.#stream = context.udx.createStream(streamIds(offer.id)[offer.side], {
      firewall: (_socket, port, address) => !this.#isExpectedSender({ address, port }),
    });
    this.#duplex = new UdxDuplex(this.#stream);
    this.#target.promise.catch(() => {}); // may reject before `open` awaits it
    this.#duplex.on('error', (error) => this.#target.reject(error));
    this.#duplex.on('close', () => {
      for (const timer of this.#timers) clearTimeout(timer);
      this.#introductionClient.stop();
      this.#holePuncher.stop();
      this.#target.reject(connectionLostError('The connection attempt ended before a path was found.'));
      this.#closed.resolve();
    });
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** @throws AppError NOT_AVAILABLE, NOT_ALLOWED, TOO_SLOW */
  async open(): Promise<PeerChannel> {
    const { handshakeMs, punchMs, silenceMs, socket, tlsContext } = this.#context;
    const deadline = setTimeout(() => this.abort(this.#timeoutError()), handshakeMs);
    this.#timers.push(deadline);
    if (this.#offer.relay) this.#timers.push(setTimeout(() => this.#requestRelay(), punchMs));
    this.#holePuncher.start();
    this.#introductionClient.start();
    try {
      const { endpoint, path } = await this.#target.promise;
      this.#stream.connect(socket, streamIds(this.#offer.id)[this.#remoteSide], endpoint.port, endpoint.address);
      this.#stream.setKeepalive(FAST_KEEPALIVE_MS);
      this.#timers.push(setTimeout(() => this.#slowKeepalive(), FAST_KEEPALIVE_PERIOD_MS));
      const channel = await SecureChannel.open(this.#duplex, this.#offer, path, tlsContext);
      this.#channel = channel;
      clearTimeout(deadline);
      this.#duplex.watchSilence(silenceMs);
      return channel;
    } catch (error) {
      // a refusal is still being sent to the other side; that channel closes by itself
      if (!(error instanceof AppError && error.code === 'NOT_ALLOWED')) this.#duplex.destroy();
      throw error;
    }
  }

  /** Handles a datagram with the id of this connection. */
  onDatagram(bytes: Uint8Array, from: Endpoint): void {
    const datagram = decodeDatagram(bytes, this.#offer.secret);
    if (datagram?.type === 'probe' && datagram.side === this.#remoteSide) {
      this.#hasSeenPeer = true;
      this.#holePuncher.onProbe(datagram, from);
    } else if (datagram?.type === 'seen' && datagram.side === this.#offer.side) {
      // The other side knows the secret too and could claim to have been observed at a third party's endpoint.
      if (!this.#isDaemon(from)) return;
      this.#introductionClient.onObserved(datagram);
      if (this.#hasTarget) return;
      const { seen, other, otherLocal } = datagram;
      this.#holePuncher.addLocalCandidates(otherLocal, seen.address === other?.address);
      if (other) {
        this.#hasSeenPeer = true;
        this.#holePuncher.addObserved(other);
      }
      if (datagram.relayed && this.#introductionClient.isRelayRequested) this.#useRelay();
    }
  }

  /** Aborts, except for a channel that is closing: the other side may be waiting for its last frames. */
  async stop(failure: AppError): Promise<void> {
    if (!this.#channel?.isClosing) this.abort(failure);
    await this.closed;
  }

  abort(failure?: AppError): void {
    this.#duplex.destroy(failure);
    this.#duplex.destroyNow();
  }

  /** Stream packets also confirm a path: the other side found it first. */
  #isExpectedSender(from: Endpoint): boolean {
    if (this.#holePuncher.hasHeardFrom(from)) {
      setImmediate(() => this.#holePuncher.confirm(from)); // must not run inside UDX's native callback
      return true;
    }
    if (this.#introductionClient.isRelayRequested && this.#isDaemon(from)) {
      setImmediate(() => this.#useRelay());
      return true;
    }
    return false;
  }

  #isDaemon(from: Endpoint): boolean {
    return endpointKey(from) === endpointKey(this.#context.daemon);
  }

  #slowKeepalive(): void {
    if (!this.#channel && !this.#duplex.destroyed) this.#stream.setKeepalive(SLOW_KEEPALIVE_MS);
  }

  #requestRelay(): void {
    if (!this.#hasTarget) this.#introductionClient.requestRelay();
  }

  #useRelay(): void {
    this.#onTargetFound({ endpoint: this.#context.daemon, path: 'relayed' });
  }

  #onTargetFound(target: SendTarget): void {
    if (this.#hasTarget || this.#duplex.destroyed) return;
    this.#hasTarget = true;
    this.#holePuncher.stop();
    this.#introductionClient.keepAlive();
    this.#target.resolve(target);
  }

  #timeoutError(): AppError {
    const { member, relay } = this.#offer;
    const seconds = Math.round(this.#context.handshakeMs / 1000);
    const data = { resumable: true };
    if (this.#hasTarget) {
      const message = `Reached ${member}, but they did not complete the handshake within ${seconds} s.`;
      return new AppError('TOO_SLOW', message, { data });
    }
    if (!this.#hasSeenPeer) {
      return new AppError('TOO_SLOW', `No answer from ${member} within ${seconds} s. Try again later.`, { data });
    }
    return connectionLostError(
      relay
        ? `Found no path to ${member} within ${seconds} s, neither directly nor through the daemon. Check that both networks allow outgoing UDP.`
        : `Found no direct path to ${member} within ${seconds} s, and the daemon does not relay. Check that both networks allow outgoing UDP, or ask the daemon's administrator to enable the relay.`,
    );
  }
}
