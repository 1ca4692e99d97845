import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '../../src/protocol/datagram.ts';

/** Forwards packets between two endpoints, each of which sees only the router: like two NATs without filtering. */
export class Router {
  /** Whether this packet is lost. */
  loses: (bytes: Buffer, from: 'a' | 'b') => boolean = () => false;
  readonly #faces: Record<'a' | 'b', Socket> = { a: createSocket('udp4'), b: createSocket('udp4') };
  readonly #hosts: Partial<Record<'a' | 'b', Endpoint>> = {};

  /** @param hosts the hosts behind either side */
  async start(hosts: Record<'a' | 'b', Endpoint>): Promise<void> {
    Object.assign(this.#hosts, hosts);
    for (const [near, far] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      this.#faces[near].on('message', (bytes) => {
        const { address, port } = this.#hosts[far]!;
        if (!this.loses(bytes, near)) this.#faces[far].send(bytes, port, address);
      });
      this.#faces[near].bind(0, '127.0.0.1');
      await once(this.#faces[near], 'listening');
    }
  }

  /** The endpoint at which side `a` finds `b`, and vice versa. */
  faces(side: 'a' | 'b'): Endpoint {
    return { address: '127.0.0.1', port: this.#faces[side].address().port };
  }

  stop(): void {
    this.#faces.a.close();
    this.#faces.b.close();
  }
}
