import { type Endpoint, encodeDatagram, type HelloDatagram, type SeenDatagram } from '../protocol/datagram.ts';
import type { ConnectionOffer } from './connection-offer.ts';

const FAST_HELLO_INTERVAL_MS = 100;
const SLOW_HELLO_INTERVAL_MS = 1000;
const FAST_HELLO_COUNT = 10;
/** NAT mappings expire after about 30 s of silence, the daemon's relay after 60 s. */
const KEEPALIVE_INTERVAL_MS = 15_000;

/** Sends HELLO to the daemon's introduction server until it has the needed information, then to keep the relay open. */
export class IntroductionClient {
  readonly #offer: Pick<ConnectionOffer, 'id' | 'secret' | 'side'>;
  readonly #local: readonly Endpoint[];
  readonly #send: (bytes: Uint8Array) => void;
  #isRelayRequested = false;
  #helloCount = 0;
  /** Of the last HELLO. The daemon ignores a HELLO whose counter does not increase, because it may be a replay. */
  #counter = 0;
  #timer: NodeJS.Timeout | undefined;
  #observed: SeenDatagram | undefined;
  #isKeepingAlive = false;

  /** @param send sends to the daemon */
  constructor(
    offer: Pick<ConnectionOffer, 'id' | 'secret' | 'side'>,
    local: readonly Endpoint[],
    send: (bytes: Uint8Array) => void,
  ) {
    this.#offer = offer;
    this.#local = local;
    this.#send = send;
  }

  start(): void {
    this.#sendHello();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** If so, packets may arrive through the daemon. */
  get isRelayRequested(): boolean {
    return this.#isRelayRequested;
  }

  requestRelay(): void {
    this.#isRelayRequested = true;
    this.#helloCount = 0;
    this.#sendHello();
  }

  /** A path has been found: from now on only keeps the relay open, if it was requested. */
  keepAlive(): void {
    this.#isKeepingAlive = true;
    this.stop();
    if (this.#isRelayRequested) this.#timer = setTimeout(() => this.#sendHello(), KEEPALIVE_INTERVAL_MS);
  }

  onObserved(seen: SeenDatagram): void {
    this.#observed = seen;
  }

  #sendHello(): void {
    this.stop();
    this.#helloCount++;
    this.#counter++;
    this.#send(this.#encodeHello());
    this.#timer = setTimeout(() => this.#sendHello(), this.#nextDelayMs());
  }

  #nextDelayMs(): number {
    if (this.#isKeepingAlive) return KEEPALIVE_INTERVAL_MS;
    const enough =
      this.#observed !== undefined && (this.#isRelayRequested ? this.#observed.relayed : this.#observed.other !== null);
    return enough || this.#helloCount >= FAST_HELLO_COUNT ? SLOW_HELLO_INTERVAL_MS : FAST_HELLO_INTERVAL_MS;
  }

  #encodeHello(): Uint8Array {
    const { id, side, secret } = this.#offer;
    const hello: HelloDatagram = {
      type: 'hello',
      id,
      side,
      relay: this.#isRelayRequested,
      local: this.#local,
      counter: this.#counter,
    };
    return encodeDatagram(hello, secret);
  }
}
