import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { ConnectionOffer } from '../../src/peer/connection-offer.ts';
import type { PeerTransport } from '../../src/peer/peer-transport.ts';
import {
  datagramIdOf,
  decodeDatagram,
  type Endpoint,
  encodeDatagram,
  type IntroductionSide,
  STREAM_MAGIC,
  streamIds,
} from '../../src/protocol/datagram.ts';

interface Known {
  readonly place: Endpoint;
  readonly local: readonly Endpoint[];
  readonly relay: boolean;
}

/** The daemon's UDP side as an endpoint sees it, with faults on demand. */
export class TestRendezvous {
  /** Send each side an endpoint without a listener, in place of the other's. */
  hides = false;
  /** Stop relaying. */
  silent = false;
  relayed = 0;
  hellos = 0;
  readonly #socket: Socket = createSocket('udp4');
  readonly #secrets = new Map<string, string>();
  readonly #known = new Map<string, Partial<Record<IntroductionSide, Known>>>();
  readonly #streams = new Map<number, { readonly id: string; readonly side: IntroductionSide }>();
  #nowhere: Socket | undefined;

  get place(): Endpoint {
    return { address: '127.0.0.1', port: this.#socket.address().port };
  }

  async start(): Promise<void> {
    this.#socket.on('message', (bytes, from) => this.#take(bytes, from));
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    this.#nowhere = createSocket('udp4').bind(0, '127.0.0.1');
    await once(this.#nowhere, 'listening');
  }

  stop(): void {
    this.#socket.close();
    this.#nowhere?.close();
  }

  /** What `peer.connect` returns to both. */
  introduce(
    a: { readonly key: string; readonly endpoint: PeerTransport },
    b: { readonly key: string; readonly endpoint: PeerTransport },
    options: { readonly relay?: boolean; readonly hidden?: boolean } = {},
  ): Record<IntroductionSide, ConnectionOffer> {
    const id = randomBytes(16).toString('hex');
    const secret = randomBytes(32).toString('hex');
    this.#secrets.set(id, secret);
    this.#known.set(id, {});
    for (const side of ['a', 'b'] as const) this.#streams.set(streamIds(id)[side], { id, side });
    const of = ({ key, endpoint }: typeof a) => ({
      id,
      secret,
      key,
      address: options.hidden ? null : '127.0.0.1',
      port: options.hidden ? null : endpoint.port,
      local: options.hidden ? [] : endpoint.localEndpoints(),
      relay: options.relay ?? true,
    });
    return { a: { side: 'a', member: 'yoda', ...of(b) }, b: { side: 'b', member: 'luke', ...of(a) } };
  }

  #take(bytes: Buffer, { address, port }: Endpoint): void {
    if (this.silent) return;
    if (bytes[0] === STREAM_MAGIC) this.#relay(bytes, { address, port });
    const id = datagramIdOf(bytes);
    const secret = id === undefined ? undefined : this.#secrets.get(id);
    const hello = secret === undefined ? undefined : decodeDatagram(bytes, secret);
    if (id === undefined || secret === undefined || hello?.type !== 'hello') return;
    this.hellos++;
    const sides = this.#known.get(id)!;
    sides[hello.side] = { place: { address, port }, local: hello.local, relay: hello.relay };
    const other = sides[hello.side === 'a' ? 'b' : 'a'];
    const seen = encodeDatagram(
      {
        type: 'seen',
        id,
        side: hello.side,
        seen: { address, port },
        other: other
          ? this.hides
            ? { address: '127.0.0.1', port: this.#nowhere!.address().port }
            : other.place
          : null,
        otherLocal: other && !this.hides ? other.local : [],
        relayed: hello.relay && other?.relay === true,
      },
      secret,
    );
    this.#socket.send(seen, port, address);
  }

  #relay(bytes: Buffer, from: Endpoint): void {
    const to = bytes.length < 20 ? undefined : this.#streams.get(bytes.readUInt32LE(4));
    const sides = to && this.#known.get(to.id);
    const receiver = to && sides?.[to.side];
    const sender = to && sides?.[to.side === 'a' ? 'b' : 'a'];
    if (!receiver?.relay || !sender?.relay || sender.place.port !== from.port) return;
    this.relayed++;
    this.#socket.send(bytes, receiver.place.port, receiver.place.address);
  }
}
