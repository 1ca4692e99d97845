import { encodeDatagram, type Hello, type Place, type Seen, type Side } from '../protocol/datagram.ts';

const FAST_MS = 100;
const SLOW_MS = 1000;
/** So many HELLOs go out fast. */
const FAST_COUNT = 10;
/** Routers forget a way that is silent for longer than about 30 s, the daemon's relay after 60. */
const KEEP_MS = 15_000;

/** This side of an introduction at the daemon: says HELLO until enough is known, and then often enough to stay known. */
export class Rendezvous {
  readonly #introduction: { readonly id: string; readonly secret: string; readonly side: Side };
  readonly #local: readonly Place[];
  readonly #send: (bytes: Uint8Array) => void;
  #relay = false;
  #said = 0;
  /** Of the last HELLO. The daemon ignores a HELLO that does not count on: somebody else may have sent it again. */
  #counter = 0;
  #timer: NodeJS.Timeout | undefined;
  #seen: Seen | undefined;
  #kept = false;

  /** @param send to the daemon */
  constructor(
    introduction: { readonly id: string; readonly secret: string; readonly side: Side },
    local: readonly Place[],
    send: (bytes: Uint8Array) => void,
  ) {
    this.#introduction = introduction;
    this.#local = local;
    this.#send = send;
  }

  start(): void {
    this.#say();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The relay was asked for: packets may come by way of the daemon. */
  get relayAsked(): boolean {
    return this.#relay;
  }

  askRelay(): void {
    this.#relay = true;
    this.#said = 0;
    this.#say();
  }

  /** A way is found: from now on only what keeps the relay, and nothing where none was asked for. */
  keep(): void {
    this.#kept = true;
    this.stop();
    if (this.#relay) this.#timer = setTimeout(() => this.#say(), KEEP_MS);
  }

  hear(seen: Seen): void {
    this.#seen = seen;
  }

  #say(): void {
    this.stop();
    this.#said++;
    this.#counter++;
    this.#send(this.#encode());
    this.#timer = setTimeout(() => this.#say(), this.#pause());
  }

  #pause(): number {
    if (this.#kept) return KEEP_MS;
    const enough = this.#seen !== undefined && (this.#relay ? this.#seen.relayed : this.#seen.other !== null);
    return enough || this.#said >= FAST_COUNT ? SLOW_MS : FAST_MS;
  }

  #encode(): Uint8Array {
    const { id, side, secret } = this.#introduction;
    const hello: Hello = { type: 'hello', id, side, relay: this.#relay, local: this.#local, counter: this.#counter };
    return encodeDatagram(hello, secret);
  }
}
