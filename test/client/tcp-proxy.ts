import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A proxy between client and daemon that can cut connections, refuse them, drop replies and hold data. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  /** Data from the daemon is dropped while this is set. */
  deaf = false;
  /** New connections are refused while this is set. */
  closed = false;
  /** The target port on loopback. */
  port: number;
  #held = false;

  constructor(port: number) {
    this.port = port;
    this.#server = createServer((near) => {
      if (this.closed) {
        near.destroy();
        return;
      }
      const far = connect(this.port, '127.0.0.1');
      const pair = { near, far };
      this.#pairs.add(pair);
      const end = () => {
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      };
      near.on('data', (chunk) => far.write(chunk));
      far.on('data', (chunk) => {
        if (!this.deaf) near.write(chunk);
      });
      for (const socket of [near, far]) socket.on('error', () => {}).on('close', end);
      if (this.#held) far.pause();
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as { port: number }).port;
  }

  cut(): void {
    for (const { near } of this.#pairs) near.destroy();
  }

  /** Stops reading from the daemon. */
  hold(): void {
    this.#held = true;
    for (const { far } of this.#pairs) far.pause();
  }

  release(): void {
    this.#held = false;
    for (const { far } of this.#pairs) far.resume();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
