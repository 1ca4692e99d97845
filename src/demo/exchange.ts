import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Instant } from '../domain/instant.ts';
import type { Market } from './market.ts';

const PATH = '/prices.json';

/** Where the demo's prices come from: a real HTTP server, on this machine alone, with prices that are none. */
export class Exchange {
  readonly #server: Server;

  /** @param now the clock that the prices follow */
  constructor(market: Pick<Market, 'pricesAt'>, now: () => Instant) {
    this.#server = createServer((request, response) => {
      request.resume();
      const found = request.url === PATH;
      if (!found || (request.method !== 'GET' && request.method !== 'HEAD')) {
        response.writeHead(found ? 405 : 404).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(
        JSON.stringify({
          notice: 'SIMULATED: a random walk. Nothing here is or was a price.',
          board: market
            .pricesAt(now())
            .map(({ instrument, at, ...price }) => ({ code: instrument, ...price, since: new Date(at).toISOString() })),
        }),
      );
    });
  }

  /** Where the prices are, once it is started. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${PATH}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
