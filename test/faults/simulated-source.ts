import type http from 'node:http';
import type { SeededRandom } from '../../src/demo/seeded-random.ts';
import { statedTimeExpiry } from '../../src/domain/freshness.ts';
import { formatDateTime } from '../../src/domain/time.ts';
import { createCustomProvider } from '../../src/rates/custom-provider.ts';
import type { HttpFetcher } from '../../src/rates/http-fetcher.ts';
import type { Provider } from '../../src/rates/provider.ts';
import { ProviderClient } from '../../src/rates/provider-client.ts';
import { coingecko } from '../../src/rates/providers/coingecko.ts';
import { goldApi } from '../../src/rates/providers/gold-api.ts';
import { pnj } from '../../src/rates/providers/pnj.ts';
import { sjc } from '../../src/rates/providers/sjc.ts';
import { vangToday } from '../../src/rates/providers/vang-today.ts';
import { vietcombank } from '../../src/rates/providers/vietcombank.ts';
import { HttpServer } from '../rates/http-server.ts';
import { DAY, HOUR, MINUTE } from '../room/room.ts';
import { isOpen, QUIET_MS, type SimulatedMarket, START, type Subject } from './simulated-market.ts';

/** What a source states about an instrument, and since when. */
export interface Revision {
  readonly at: number;
  readonly buy: number;
  readonly sell: number;
}

/** A temporary fault of a source. */
export type Fault =
  | { readonly kind: 'status' | 'hangs up' | 'nonsense' | 'late' | 'server clock ahead' }
  /** It repeats its response from the start of the fault; `header`: its cache says so in `Date` or `Age`. */
  | { readonly kind: 'frozen'; readonly header: 'none' | 'date' | 'age' }
  /** Every other response is an older one; `header` as above. */
  | { readonly kind: 'behind'; readonly lagMs: number; readonly header: 'none' | 'date' | 'age' }
  | { readonly kind: 'factor'; readonly factor: number }
  | { readonly kind: 'swapped' };

export interface FaultPeriod {
  readonly from: number;
  readonly to: number;
  readonly fault: Fault;
}

/** Input of a body. */
interface Statement extends Revision {
  /** Earlier revisions, newest first. */
  readonly earlier: readonly Revision[];
}
type Statements = Readonly<Partial<Record<Subject, Statement>>>;

interface Spec {
  readonly provider: Provider;
  readonly everyRatio: number;
  /** Deviation of its prices from the true ones, and the spread between buy and sell. */
  readonly subjects: Readonly<
    Partial<Record<Subject, { readonly bias: number; readonly spread: number; readonly tick: number }>>
  >;
  /** @param asOf when the response was created */
  readonly write: (statements: Statements, asOf: number, chance: SeededRandom) => unknown;
}

/** The URL of custom providers until their servers have one. */
const PLACEHOLDER = 'http://127.0.0.1/prices';

const SPECS: readonly Spec[] = [
  {
    provider: sjc,
    everyRatio: 1,
    subjects: { SJC: { bias: 0, spread: 0.018, tick: 10_000 } },
    write: ({ SJC }) => ({
      success: true,
      latestDate: vietnamTime(SJC!.at),
      data: [
        { TypeName: 'Vàng SJC 1L, 10L, 1KG', BranchName: 'Hồ Chí Minh', BuyValue: SJC!.buy, SellValue: SJC!.sell },
      ],
    }),
  },
  {
    provider: pnj,
    everyRatio: 1,
    subjects: { SJC: { bias: 0.001, spread: 0.017, tick: 10_000 } },
    write: ({ SJC }) => ({
      data: [{ masp: 'SJC', tensp: 'Vàng miếng SJC 999.9', giamua: SJC!.buy / 10_000, giaban: SJC!.sell / 10_000 }],
    }),
  },
  {
    provider: vangToday,
    everyRatio: 1,
    subjects: {
      SJC: { bias: -0.001, spread: 0.016, tick: 10_000 },
      XAU: { bias: 0.0005, spread: 0.0002, tick: 0.1 },
    },
    write: ({ SJC, XAU }) => ({
      success: true,
      timestamp: seconds(Math.max(SJC!.at, XAU!.at)),
      prices: {
        SJL1L10: { name: 'SJC 9999', buy: SJC!.buy, sell: SJC!.sell, currency: 'VND', update_time: seconds(SJC!.at) },
        XAUUSD: { name: 'Gold', buy: XAU!.buy, sell: XAU!.sell, currency: 'USD', update_time: seconds(XAU!.at) },
      },
    }),
  },
  {
    provider: configured('shop', {
      market: 'gold',
      number: '1.234,5',
      quote: { instrument: 'loai', buy: 'mua', sell: 'ban', currency: "'VND'", unit: "'luong'", at: 'luc' },
    }),
    everyRatio: 1,
    subjects: { SJC: { bias: 0.002, spread: 0.02, tick: 10_000 } },
    // Its list also contains earlier prices, in any order.
    write: ({ SJC }, _, chance) => {
      const rows = [SJC!, ...SJC!.earlier].map(({ at, buy, sell }) => ({
        loai: 'SJC',
        mua: dotted(buy),
        ban: dotted(sell),
        luc: new Date(at).toISOString(),
      }));
      return chance.next() < 0.5 ? rows : rows.reverse();
    },
  },
  {
    provider: goldApi,
    everyRatio: 1,
    subjects: { XAU: { bias: 0, spread: 0, tick: 0.01 } },
    write: ({ XAU }) => ({
      symbol: 'XAU',
      currency: 'USD',
      price: XAU!.sell,
      updatedAt: new Date(XAU!.at).toISOString(),
    }),
  },
  {
    provider: configured('spot', {
      market: 'gold',
      time: 'response',
      rows: '[@]',
      quote: { instrument: "'XAU'", buy: 'bid', sell: 'ask', currency: "'USD'", unit: "'ozt'", at: 'time' },
    }),
    everyRatio: 1,
    subjects: { XAU: { bias: 0.0002, spread: 0.0003, tick: 0.01 } },
    write: ({ XAU }, asOf) => ({ bid: XAU!.buy, ask: XAU!.sell, time: asOf }),
  },
  {
    provider: coingecko,
    everyRatio: 0.5,
    subjects: { BTC: { bias: 0, spread: 0, tick: 1 } },
    write: ({ BTC }, asOf) => ({ bitcoin: { usd: BTC!.sell, last_updated_at: seconds(asOf) } }),
  },
  {
    provider: configured('coins', {
      market: 'crypto',
      time: 'response',
      rows: '[@]',
      quote: { instrument: "'BTC'", buy: 'bid', sell: 'ask', currency: "'USD'", unit: "'coin'", at: 'time' },
    }),
    everyRatio: 0.5,
    subjects: { BTC: { bias: 0.001, spread: 0.0005, tick: 0.5 } },
    write: ({ BTC }, asOf) => ({ bid: `${BTC!.buy}`, ask: `${BTC!.sell}`, time: asOf }),
  },
  {
    provider: vietcombank,
    everyRatio: 1,
    subjects: { USD: { bias: 0.002, spread: 0.01, tick: 1 } },
    write: ({ USD }) => ({
      Count: 1,
      UpdatedDate: new Date(USD!.at).toISOString(),
      Data: [
        {
          currencyName: 'US DOLLAR',
          currencyCode: 'USD',
          cash: commas(USD!.buy - 30),
          transfer: commas(USD!.buy),
          sell: commas(USD!.sell),
        },
      ],
    }),
  },
  {
    provider: configured('bank', {
      market: 'fx',
      quote: { instrument: 'code', buy: 'buy', sell: 'sell', currency: "'VND'", unit: "'each'" },
    }),
    everyRatio: 1,
    subjects: { USD: { bias: 0.001, spread: 0.012, tick: 1 } },
    write: ({ USD }) => [{ code: 'USD', buy: USD!.buy, sell: USD!.sell }],
  },
];

const FACTORS: Readonly<Record<Subject, readonly number[]>> = {
  SJC: [0.1, 10, 0.001, 1000, 1 / 37.5],
  XAU: [10, 0.001, 1000, 31.1034768, 1 / 31.1034768],
  BTC: [0.1, 10, 0.001, 1000],
  USD: [0.001, 10, 1000],
};

/** Earlier prices in the list of a source that has them. */
const EARLIER = 2;

/** A price source over real HTTP: it states prices that follow the true ones, apart from its faults. */
export class SimulatedSource {
  static readonly count = SPECS.length;

  /** @param everyMs the interval of sources of gold and currencies */
  static async open(
    place: number,
    market: SimulatedMarket,
    chance: SeededRandom,
    everyMs: number,
  ): Promise<SimulatedSource> {
    const source = new SimulatedSource(SPECS[place]!, market, chance, everyMs);
    source.#server = await HttpServer.listen((_, response) => source.#answer(response));
    source.#server.now = () => source.#date;
    return source;
  }

  readonly provider: Provider;
  readonly everyMs: number;
  readonly subjects: readonly Subject[];
  readonly faults: readonly FaultPeriod[];
  /** The true time. */
  now = START;
  readonly #spec: Spec;
  readonly #chance: SeededRandom;
  readonly #revisions = new Map<Subject, Revision[]>();
  #server!: HttpServer;
  #date = START;

  private constructor(spec: Spec, market: SimulatedMarket, chance: SeededRandom, everyMs: number) {
    this.#spec = spec;
    this.#chance = chance;
    // Its host is polled as fast as the simulation runs.
    this.provider = { ...spec.provider, minIntervalMs: 0 };
    this.everyMs = everyMs * spec.everyRatio;
    this.subjects = Object.keys(spec.subjects) as Subject[];
    for (const subject of this.subjects) this.#revisions.set(subject, this.#revise(subject, market));
    this.faults = this.#plan(market.end);
  }

  get id(): string {
    return this.provider.id;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  source(fetcher: HttpFetcher, now: () => number): ProviderClient {
    const settings = { enabled: true, url: this.#server.url, intervalMs: this.everyMs };
    const { provider } = this;
    // A custom provider polls its own URL.
    const requests = provider.enabled && provider.url === PLACEHOLDER ? () => [{ url: this.#server.url }] : undefined;
    return new ProviderClient({ provider: { ...provider, ...(requests && { requests }) }, settings }, fetcher, now);
  }

  faultAt(at: number): FaultPeriod | undefined {
    return this.faults.find(({ from, to }) => at >= from && at < to);
  }

  /** Whether there is no fault at a time. */
  isWell(from: number, to: number): boolean {
    return !this.faults.some((period) => period.from < to && period.to > from);
  }

  /** Duration of a response that is requested now. */
  get latencyMs(): number {
    return this.faultAt(this.now)?.fault.kind === 'late' ? 1000 + this.#chance.next() * 8000 : 200;
  }

  /** What it states about an instrument at a time. */
  revision(subject: Subject, at: number): Revision {
    return this.#revisions.get(subject)![this.#place(subject, at)]!;
  }

  /** What it states about an instrument during a period, and until when each statement applies. */
  revisions(subject: Subject, from: number, to: number): { readonly revision: Revision; readonly end: number }[] {
    const all = this.#revisions.get(subject)!;
    const found: { revision: Revision; end: number }[] = [];
    for (let i = this.#place(subject, from); i < all.length && all[i]!.at < to; i++) {
      found.push({ revision: all[i]!, end: all[i + 1]?.at ?? Number.POSITIVE_INFINITY });
    }
    return found;
  }

  /** Until when a price that it stated until `end` may be shown as fresh. */
  allowedUntil({ revision, end }: { revision: Revision; end: number }): number {
    const [market, currency] = [
      this.subjects[0] === 'BTC' ? 'crypto' : 'gold',
      this.subjects.includes('SJC') ? 'VND' : 'USD',
    ] as const;
    switch (this.provider.statedTime) {
      case 'change':
        return Math.max(
          end,
          statedTimeExpiry(
            revision.at,
            {
              market: this.subjects[0] === 'USD' ? 'fx' : market,
              currency: this.subjects[0] === 'USD' ? 'VND' : currency,
            },
            this.everyMs,
          ),
        );
      case 'response':
        return statedTimeExpiry(end, { market, currency }, this.everyMs);
      case 'none':
        return end + 3 * this.everyMs;
    }
  }

  #place(subject: Subject, at: number): number {
    const all = this.#revisions.get(subject)!;
    let [low, high] = [0, all.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (all[middle]!.at <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Shops set their prices a few times a day, and at once if the true price moves by 1 %. */
  #revise(subject: Subject, market: SimulatedMarket): Revision[] {
    const { bias, spread, tick } = this.#spec.subjects[subject]!;
    const revisions: Revision[] = [];
    for (let hour = START; hour < market.end; hour += HOUR) {
      const sell = round(market.price(subject, hour) * (1 + bias), tick);
      const last = revisions.at(-1);
      const isFar = last !== undefined && Math.abs(sell / last.sell - 1) > 0.01;
      const isDue = isOpen(subject, hour) && (isFar || this.#chance.next() < 0.4);
      if (last && (!isDue || last.sell === sell)) continue;
      const at = last ? hour + Math.floor(this.#chance.next() * 50) * MINUTE : START - DAY;
      revisions.push({ at, sell, buy: round(sell * (1 - spread), tick) });
    }
    return revisions;
  }

  #plan(end: number): FaultPeriod[] {
    const periods: FaultPeriod[] = [];
    const chance = this.#chance;
    for (let at = START + QUIET_MS; ; ) {
      at += -Math.log(1 - chance.next()) * 12 * DAY;
      const lengthMs = chance.next() < 0.8 ? (1 + chance.next() * 30) * HOUR : (2 + chance.next() * 20) * DAY;
      if (at >= end) return periods;
      periods.push({ from: at, to: at + lengthMs, fault: this.#fault() });
      at += lengthMs + 6 * HOUR;
    }
  }

  #fault(): Fault {
    const chance = this.#chance;
    // If a source states no time, only the headers of its cache show that a response is old.
    const headers =
      this.provider.statedTime === 'none' ? (['date', 'age'] as const) : (['none', 'date', 'age'] as const);
    const kinds = [
      ...([
        'status',
        'hangs up',
        'nonsense',
        'late',
        'server clock ahead',
        'frozen',
        'frozen',
        'behind',
        'behind',
      ] as const),
      ...(['factor', 'factor', 'factor', 'swapped'] as const),
    ];
    const kind = chance.pick(kinds);
    switch (kind) {
      case 'frozen':
        return { kind, header: chance.pick(headers) };
      case 'behind':
        return { kind, header: chance.pick(headers), lagMs: (0.2 + chance.next() * 20) * HOUR };
      case 'factor':
        return { kind, factor: chance.pick(FACTORS[this.subjects[0]!]) };
      default:
        return { kind };
    }
  }

  #answer(response: http.ServerResponse): void {
    const period = this.faultAt(this.now);
    const fault = period?.fault;
    this.#server.seen.length = 0;
    let asOf = this.now;
    let [scale, swapped] = [1, false];
    switch (fault?.kind) {
      case 'status':
        response.writeHead(this.#chance.pick([403, 404, 500, 502])).end('sorry');
        return;
      case 'hangs up':
        response.destroy();
        return;
      case 'nonsense':
        response.end(
          this.#chance.pick(['', '<html><body>Bad gateway</body></html>', '{"success":', '{"data":{}}', '[]']),
        );
        return;
      case 'server clock ahead':
        response.setHeader('date', new Date(this.now + 5 * HOUR).toUTCString());
        break;
      case 'frozen':
        asOf = period!.from;
        break;
      case 'behind':
        if (this.#chance.next() < 0.5) asOf = this.now - fault.lagMs;
        break;
      case 'factor':
        scale = fault.factor;
        break;
      case 'swapped':
        swapped = true;
        break;
    }
    if (asOf < this.now && (fault?.kind === 'frozen' || fault?.kind === 'behind')) {
      if (fault.header === 'date') response.setHeader('date', new Date(asOf).toUTCString());
      if (fault.header === 'age') response.setHeader('age', `${Math.floor((this.now - asOf) / 1000)}`);
    }
    const statements: Partial<Record<Subject, Statement>> = {};
    for (const subject of this.subjects) {
      const place = this.#place(subject, asOf);
      const all = this.#revisions.get(subject)!;
      const wrong = ({ at, buy, sell }: Revision): Revision =>
        swapped ? { at, buy: sell, sell: buy } : { at, buy: scaled(buy, scale), sell: scaled(sell, scale) };
      const earlier = all
        .slice(Math.max(0, place - EARLIER), place)
        .reverse()
        .map(wrong);
      statements[subject] = { ...wrong(all[place]!), earlier };
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(this.#spec.write(statements, asOf, this.#chance)));
  }

  /** Sets the true time. */
  set time(at: number) {
    this.now = at;
    this.#date = at;
  }
}

function configured(id: string, settings: object): Provider {
  return createCustomProvider(id, { url: PLACEHOLDER, ...settings });
}

function round(value: number, tick: number): number {
  return Number((Math.round(value / tick) * tick).toPrecision(12));
}

function scaled(value: number, scale: number): number {
  return scale === 1 ? value : Number((value * scale).toPrecision(9));
}

function seconds(at: number): number {
  return Math.floor(at / 1000);
}

/** `14:52 15/04/2026` */
function vietnamTime(at: number): string {
  const [day, clock] = formatDateTime(at).split(' ');
  return `${clock} ${day!.split('-').reverse().join('/')}`;
}

function commas(value: number): string {
  const [whole, fraction = '00'] = String(value).split('.');
  return `${whole!.replace(/(?<=\d)(?=(?:\d{3})+$)/g, ',')}.${fraction}`;
}

function dotted(value: number): string {
  const [whole, fraction] = String(value).split('.');
  const grouped = whole!.replace(/(?<=\d)(?=(?:\d{3})+$)/g, '.');
  return fraction === undefined ? grouped : `${grouped},${fraction}`;
}
