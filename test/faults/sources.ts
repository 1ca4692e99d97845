import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The state of a price source: it answers, or a way in which it fails. */
const OUTAGES = ['answers 500', 'hangs up', 'never answers', 'answers nonsense'] as const;
type Outage = (typeof OUTAGES)[number];

/** Maximum duration of good and of failing periods. */
const WELL_MS = 20_000;
const OUT_MS = 8000;

/** A price source over real HTTP that has one outage after another. */
export class FlakySource {
  readonly id: string;
  readonly outages: Record<string, number> = {};
  answered = 0;
  readonly #random: () => number;
  readonly #server: Server;
  #outage: Outage | undefined;
  #timer: NodeJS.Timeout | undefined;
  #price = 150_000_000;

  constructor(id: string, random: () => number) {
    this.id = id;
    this.#random = random;
    this.#server = createServer((_, response) => {
      switch (this.#outage) {
        case 'answers 500':
          response.writeHead(500).end();
          break;
        case 'hangs up':
          response.destroy();
          break;
        case 'never answers':
          break; // the connection stays open until the daemon gives up
        case 'answers nonsense':
          response.end('<html>{"a":');
          break;
        default:
          this.answered += 1;
          this.#price += Math.round((this.#random() - 0.5) * 20_000) * 10;
          response.end(JSON.stringify([{ name: `GOLD-${id}`, buy: this.#price, sell: this.#price + 2_000_000 }]));
      }
    });
  }

  /** @returns its settings for config.json */
  async start(): Promise<object> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#change();
    const { port } = this.#server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}/prices`,
      market: 'gold',
      every: '1s',
      quote: { instrument: 'name', buy: 'buy', sell: 'sell', currency: "'VND'", unit: "'tael'" },
    };
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** From now on it answers. */
  mend(): void {
    clearTimeout(this.#timer);
    this.#outage = undefined;
  }

  #change(): void {
    const well = this.#outage !== undefined;
    this.#outage = well ? undefined : OUTAGES[Math.floor(this.#random() * OUTAGES.length)]!;
    if (this.#outage) this.outages[this.#outage] = (this.outages[this.#outage] ?? 0) + 1;
    this.#timer = setTimeout(() => this.#change(), (well ? WELL_MS : OUT_MS) * (0.2 + 0.8 * this.#random()));
  }
}
