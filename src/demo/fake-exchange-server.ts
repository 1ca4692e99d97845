import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EpochMs } from '../domain/time.ts';
import type { PriceSimulator } from './price-simulator.ts';

const PRICES_PATH = '/prices.json';

/** The HTTP server of the simulated provider, on loopback only. */
export class FakeExchangeServer {
  readonly #server: Server;

  /** @param now the clock of the simulation */
  constructor(market: Pick<PriceSimulator, 'pricesAt'>, now: () => EpochMs) {
    this.#server = createServer((request, response) => {
      request.resume();
      const found = request.url === PRICES_PATH;
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

  /** The URL of the prices, after `start`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${PRICES_PATH}`;
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
