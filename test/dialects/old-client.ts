import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';

/**
 * A client like those of the older programs: it sends, then reads one `recv`, and never reads more. If a reply does
 * not fit into one `recv`, or is written in two chunks, the comparing test fails.
 */
export class OldClient {
  readonly socket: Socket;
  readonly #most: number;
  #bytes: Buffer = Buffer.alloc(0);
  #wake: (() => void)[] = [];
  #isOver = false;

  private constructor(socket: Socket, most: number) {
    this.socket = socket;
    this.#most = most;
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#stir();
    });
    socket.on('error', () => {}); // a reset is an end as well
    const over = () => {
      this.#isOver = true;
      this.#stir();
    };
    socket.on('end', over).on('close', over);
  }

  /**
   * @param address `host:port`
   * @param most maximum bytes of one `recv`
   * @param from the local address
   */
  static async open(address: string, most: number, from?: string): Promise<OldClient> {
    const at = address.lastIndexOf(':');
    const socket = connect({
      host: address.slice(0, at),
      port: Number(address.slice(at + 1)),
      noDelay: true,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    await once(socket, 'connect');
    return new OldClient(socket, most);
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** The bytes of one `recv`; empty once the other side has ended. */
  async recv(): Promise<string> {
    while (this.#bytes.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    const taken = this.#bytes.subarray(0, this.#most);
    this.#bytes = this.#bytes.subarray(taken.length);
    expect(this.#bytes.length, `bytes behind ${this.#most}: the client would take them for the next reply`).to.equal(0);
    return new TextDecoder('utf-8', { fatal: true }).decode(taken);
  }

  /** Sends a request and returns the reply. */
  async ask(bytes: string | Buffer): Promise<string> {
    this.send(bytes);
    return await this.recv();
  }

  /** Resolves once the other side has ended without further data. */
  async over(): Promise<void> {
    expect(await this.recv()).to.equal('');
  }

  /** Ends as by `kill -9`, without a goodbye. */
  kill(): void {
    this.socket.destroy();
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
