import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
}

export type Answer = (seen: Seen, response: http.ServerResponse, request: http.IncomingMessage) => void;

/** A real server on a free loopback port that records requests. `answer` may be changed at any time. */
export class HttpServer {
  answer: Answer;
  /** The time of the `Date` header; undefined sends none, for daemons whose clock a test sets. */
  now: (() => number) | undefined = Date.now;
  readonly seen: Seen[] = [];
  /** The largest number of concurrently open requests. */
  mostOpen = 0;
  /** Address and port. */
  host = '';
  #open = 0;
  readonly #server: http.Server;

  private constructor(answer: Answer) {
    this.answer = answer;
    this.#server = http.createServer((request, response) => {
      this.mostOpen = Math.max(this.mostOpen, ++this.#open);
      response.on('close', () => this.#open--);
      const at = performance.now();
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const seen = { method: request.method!, url: request.url!, headers: request.headers, body, at };
        this.seen.push(seen);
        if (this.now) response.setHeader('date', new Date(this.now()).toUTCString());
        else response.sendDate = false;
        this.answer(seen, response, request);
      });
    });
  }

  static async listen(answer: Answer): Promise<HttpServer> {
    const server = new HttpServer(answer);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    server.host = `127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    return server;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Resolves once the condition holds; rejects after a while, so that a failed test ends. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
