import type { SecureContext } from 'node:tls';
import type UDX from 'udx-native';
import type { UDXSocket } from 'udx-native';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { Failure } from '../domain/failure.ts';
import { decodeDatagram, type Place, type Side, streamIds } from '../protocol/datagram.ts';
import { broken } from './broken.ts';
import type { Channel } from './channel.ts';
import type { Introduction } from './introduction.ts';
import { placeKey } from './places.ts';
import type { ProbeBudget } from './probe-budget.ts';
import { Punch, type Route } from './punch.ts';
import { Rendezvous } from './rendezvous.ts';
import { SecureChannel } from './secure-channel.ts';
import { SharedNetworks } from './shared-networks.ts';
import { StreamDuplex } from './stream-duplex.ts';

/**
 * Until the handshake is through, an idle stream shows itself so often: its packets are what tells the other side that
 * the way stands, where the last probe was lost.
 */
const ANNOUNCE_MS = 100;
/** Where the way is none after all, nobody shall get many packets of the stream. */
const SLOW_ANNOUNCE_MS = 1000;
const ANNOUNCE_FAST_FOR_MS = 1000;

/** What all meetings of an endpoint share. */
export interface MeetingPlace {
  readonly udx: UDX;
  readonly socket: UDXSocket;
  readonly context: SecureContext;
  /** UDP side of the daemon. */
  readonly daemon: Place;
  readonly local: readonly Place[];
  readonly budget: ProbeBudget;
  readonly handshakeMs: number;
  readonly punchMs: number;
  readonly silenceMs: number;
  send(bytes: Uint8Array, to: Place): void;
}

/**
 * One introduction, from the first HELLO until its channel is gone. The stream is there from the start, so that it can
 * take what the other side sends as soon as that one has found the way; it is joined to a place once there is one.
 */
export class Meeting {
  readonly #place: MeetingPlace;
  readonly #introduction: Introduction;
  readonly #other: Side;
  readonly #rendezvous: Rendezvous;
  readonly #punch: Punch;
  readonly #duplex: StreamDuplex;
  readonly #stream: ReturnType<UDX['createStream']>;
  readonly #route: Deferred<Route> = deferred();
  readonly #over: Deferred<void> = deferred();
  readonly #timers: NodeJS.Timeout[] = [];
  #channel: SecureChannel | undefined;
  #routed = false;
  #heardOf = false;

  constructor(introduction: Introduction, place: MeetingPlace) {
    this.#place = place;
    this.#introduction = introduction;
    this.#other = introduction.side === 'a' ? 'b' : 'a';
    this.#rendezvous = new Rendezvous(introduction, place.local, (bytes) => place.send(bytes, place.daemon));
    this.#punch = new Punch(introduction, {
      networks: new SharedNetworks(place.local),
      budget: place.budget,
      send: (bytes, to) => place.send(bytes, to),
      onFound: (route) => this.#found(route),
    });
    this.#stream = place.udx.createStream(streamIds(introduction.id)[introduction.side], {
      firewall: (_socket, port, address) => !this.#expects({ address, port }),
    });
    this.#duplex = new StreamDuplex(this.#stream);
    this.#route.promise.catch(() => {}); // a deadline may come before anybody waits for it
    this.#duplex.on('error', (error) => this.#route.reject(error));
    this.#duplex.on('close', () => {
      for (const timer of this.#timers) clearTimeout(timer);
      this.#rendezvous.stop();
      this.#punch.stop();
      this.#route.reject(broken('The connection was given up before it stood.'));
      this.#over.resolve();
    });
  }

  /** Resolves when nothing of it is left. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** @throws Failure NOT_AVAILABLE, NOT_ALLOWED, TOO_SLOW */
  async open(): Promise<Channel> {
    const { handshakeMs, punchMs, silenceMs, socket, context } = this.#place;
    const deadline = setTimeout(() => this.end(this.#tooSlow()), handshakeMs);
    this.#timers.push(deadline);
    if (this.#introduction.relay) this.#timers.push(setTimeout(() => this.#askRelay(), punchMs));
    this.#punch.start();
    this.#rendezvous.start();
    try {
      const { place, path } = await this.#route.promise;
      this.#stream.connect(socket, streamIds(this.#introduction.id)[this.#other], place.port, place.address);
      this.#stream.setKeepalive(ANNOUNCE_MS);
      this.#timers.push(setTimeout(() => this.#announceSlowly(), ANNOUNCE_FAST_FOR_MS));
      const channel = await SecureChannel.open(this.#duplex, this.#introduction, path, context);
      this.#channel = channel;
      clearTimeout(deadline);
      this.#duplex.watch(silenceMs);
      return channel;
    } catch (error) {
      // a refusal is still on its way to the other side, and ends by itself
      if (!(error instanceof Failure && error.code === 'NOT_ALLOWED')) this.#duplex.destroy();
      throw error;
    }
  }

  /** Takes a datagram that bears its id. */
  take(bytes: Uint8Array, from: Place): void {
    const datagram = decodeDatagram(bytes, this.#introduction.secret);
    if (datagram?.type === 'probe' && datagram.side === this.#other) {
      this.#heardOf = true;
      this.#punch.hear(datagram, from);
    } else if (datagram?.type === 'seen' && datagram.side === this.#introduction.side) {
      // The other side knows the secret too, and could say that it was seen at a third party's place.
      if (!this.#isDaemon(from)) return;
      this.#rendezvous.hear(datagram);
      if (this.#routed) return;
      const { seen, other, otherLocal } = datagram;
      this.#punch.addLocal(otherLocal, seen.address === other?.address);
      if (other) {
        this.#heardOf = true;
        this.#punch.addSeen(other);
      }
      if (datagram.relayed && this.#rendezvous.relayAsked) this.#relayed();
    }
  }

  /** Breaks off whatever stands, but for a channel that is being closed: its last words may be what the other waits for. */
  async stop(failure: Failure): Promise<void> {
    if (!this.#channel?.closing) this.end(failure);
    await this.over;
  }

  /** Breaks off whatever stands. */
  end(failure?: Failure): void {
    this.#duplex.destroy(failure);
    this.#duplex.cut();
  }

  /** Packets of the stream are the other side's answer too: it found the way first. */
  #expects(from: Place): boolean {
    if (this.#punch.hears(from)) {
      setImmediate(() => this.#punch.confirm(from)); // not from within the C code
      return true;
    }
    if (this.#rendezvous.relayAsked && this.#isDaemon(from)) {
      setImmediate(() => this.#relayed());
      return true;
    }
    return false;
  }

  #isDaemon(from: Place): boolean {
    return placeKey(from) === placeKey(this.#place.daemon);
  }

  #announceSlowly(): void {
    if (!this.#channel && !this.#duplex.destroyed) this.#stream.setKeepalive(SLOW_ANNOUNCE_MS);
  }

  #askRelay(): void {
    if (!this.#routed) this.#rendezvous.askRelay();
  }

  #relayed(): void {
    this.#found({ place: this.#place.daemon, path: 'relayed' });
  }

  #found(route: Route): void {
    if (this.#routed || this.#duplex.destroyed) return;
    this.#routed = true;
    this.#punch.stop();
    this.#rendezvous.keep();
    this.#route.resolve(route);
  }

  #tooSlow(): Failure {
    const { member, relay } = this.#introduction;
    const seconds = Math.round(this.#place.handshakeMs / 1000);
    if (this.#routed) {
      return new Failure('TOO_SLOW', `${member} was reached, but did not finish the handshake in ${seconds} s.`, {
        data: { resumable: true },
      });
    }
    if (!this.#heardOf) {
      return new Failure('TOO_SLOW', `Nothing was heard of ${member} for ${seconds} s. Try again in a while.`, {
        data: { resumable: true },
      });
    }
    return broken(
      relay
        ? `No way to ${member} was found in ${seconds} s, neither straight nor by way of the daemon. Check that UDP may leave both networks.`
        : `No straight way to ${member} was found in ${seconds} s, and the daemon relays nothing. Check that UDP may leave both networks, or ask its administrator to allow the relay.`,
    );
  }
}
