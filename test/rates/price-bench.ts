import { createCustomProvider } from '../../src/rates/custom-provider.ts';
import { HttpFetcher } from '../../src/rates/http-fetcher.ts';
import type { Provider } from '../../src/rates/provider.ts';
import { coinbase } from '../../src/rates/providers/coinbase.ts';
import { coingecko } from '../../src/rates/providers/coingecko.ts';
import { goldApi } from '../../src/rates/providers/gold-api.ts';
import { pnjHistory } from '../../src/rates/providers/pnj-history.ts';
import { sjc } from '../../src/rates/providers/sjc.ts';
import { sjcXml } from '../../src/rates/providers/sjc-xml.ts';
import { vietcombank } from '../../src/rates/providers/vietcombank.ts';
import { RatePoller } from '../../src/rates/rate-poller.ts';
import { Room, SILENT } from '../room/room.ts';
import { HttpServer, until } from './http-server.ts';

const QUOTE = { instrument: 'name', buy: 'buy', sell: 'sell', currency: 'money', unit: 'per' };
/** Custom providers of one format, `{"rows": [{name, buy, sell, money, per, at}]}`; `own-untimed` reads no time. */
const CONFIGURED = {
  own: { market: 'gold', every: '30m', rows: 'rows', quote: { ...QUOTE, at: 'at' } },
  'own-untimed': { market: 'gold', every: '30m', rows: 'rows', quote: QUOTE },
  'own-fx': { market: 'fx', every: '30m', rows: 'rows', quote: { ...QUOTE, at: 'at' } },
};

/** A room with real providers over HTTP: server, fetcher, poller and ingest are those of goldctl. */
export class PriceBench {
  static async open(): Promise<PriceBench> {
    const room = await Room.open();
    const server = await HttpServer.listen((_, response) => response.writeHead(404).end());
    server.now = () => room.now;
    const bench = new PriceBench(room, server);
    bench.#gatherer.start();
    await until(() => bench.#gatherer.isPolling);
    return bench;
  }

  readonly room: Room;
  readonly #server: HttpServer;
  readonly #fetcher = new HttpFetcher({ version: '0' });
  readonly #gatherer: RatePoller;

  private constructor(room: Room, server: HttpServer) {
    this.room = room;
    this.#server = server;
    const builtIn = [sjc, sjcXml, pnjHistory, vietcombank, goldApi, coingecko, coinbase];
    const configured = Object.entries(CONFIGURED).map(([id, settings]) =>
      createCustomProvider(id, { ...settings, url: `${server.url}/rates` }),
    );
    const providers: Provider[] = [...builtIn, ...configured];
    const find = (id: string) => providers.find((provider) => provider.id === id);
    room.rates.setProviders({
      fetchIntervalMs: (id) => find(id)?.intervalMs,
      statedTime: (id) => find(id)?.statedTime ?? 'change',
      rank: (id) => providers.findIndex((provider) => provider.id === id),
    });
    this.#gatherer = new RatePoller({
      // The real servers require pauses between requests, this one does not.
      providers: providers.map((provider) => ({
        provider: { ...provider, minIntervalMs: 0 },
        settings: { enabled: true, url: server.url, intervalMs: provider.intervalMs },
      })),
      fetcher: this.#fetcher,
      sink: room.intake,
      lease: room.engine.lease('rates'),
      log: SILENT,
      lastFetchElsewhere: () => room.now, // nothing is fetched unless the test requests it
      now: () => room.now,
      monotonic: () => room.now,
    });
  }

  /**
   * Fetches a provider, whose server returns `body`.
   * @param past the response to a form (SJC's history)
   * @returns the reason of a failed fetch, or an empty text
   */
  async fetch(provider: string, body: unknown, past: unknown = { success: true, data: [] }): Promise<string> {
    this.#server.answer = ({ method, url }, response) => {
      const answer = method === 'POST' ? past : typeof body === 'function' ? body(url) : body;
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    };
    return this.#gatherer.refresh(provider).then(
      () => '',
      (thrown: Error) => thrown.message,
    );
  }

  /** Fetches SJC's board for the first time, and its history with it. */
  async backfill(past: unknown, board: unknown): Promise<void> {
    const failure = await this.fetch('sjc', board, past);
    if (failure !== '') throw new Error(failure);
    await until(() => this.room.intake.hasHistory('sjc'));
  }

  /** Invalid rows of the provider's latest body. */
  rejected(provider: string): number {
    return this.#gatherer.health().find(({ id }) => id === provider)?.last?.rejected ?? 0;
  }

  /** `buy/sell` of the reference series, in millions for high prices. */
  current(instrument: string): string {
    const { buy, sell } = this.room.get(instrument)[0] ?? { buy: null, sell: null };
    return pair(buy, sell);
  }

  isStale(instrument: string): boolean | undefined {
    return this.room.get(instrument)[0]?.stale;
  }

  /** Every stored price of an instrument, by series and time. */
  async stored(instrument: string): Promise<string[]> {
    return (await this.room.stored(instrument)).map(({ buy, sell }) => pair(buy, sell));
  }

  /** The prices known for a day, `2026-07-18`. */
  async on(day: string, instrument = 'SJC'): Promise<string[]> {
    const { quotes } = await this.room.rates.quotesOn(day, instrument);
    return quotes.map(({ buy, sell }) => pair(buy, sell));
  }

  held(): { id: number; reason: string; price: string }[] {
    return this.room.edits
      .listHeld()
      .map(({ id, reason, quote }) => ({ id, reason, price: pair(quote.buy, quote.sell) }));
  }

  async close(): Promise<void> {
    await this.#gatherer.stop();
    this.#fetcher.stop();
    await this.#server.close();
    await this.room.close();
  }
}

function pair(buy: number | null, sell: number | null): string {
  const text = (value: number | null) => (value === null ? '-' : value >= 1e6 ? `${value / 1e6}` : `${value}`);
  return `${text(buy)}/${text(sell)}`;
}
