import { expect } from 'chai';
import type { Role } from '../../src/domain/account.ts';
import { AppError, type ErrorCode } from '../../src/domain/app-error.ts';
import type { Logger } from '../../src/domain/logger.ts';
import type { DatedNewQuote, NewQuote, Quote } from '../../src/domain/quote.ts';
import type { EpochMs } from '../../src/domain/time.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import type { ImportedRow } from '../../src/projections/journal-records.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { appendToJournal } from '../../src/room/append-to-journal.ts';
import { Cluster, type DaemonInfo } from '../../src/room/cluster.ts';
import { DirectMessages } from '../../src/room/direct-messages.ts';
import { FileCatalog } from '../../src/room/file-catalog.ts';
import { Forum, type Writer } from '../../src/room/forum.ts';
import { Presence } from '../../src/room/presence.ts';
import { type ImportOptions, QuoteIngest } from '../../src/room/quote-ingest.ts';
import { RateEdits } from '../../src/room/rate-edits.ts';
import { RateQueries } from '../../src/room/rate-queries.ts';
import { UnreadTracker } from '../../src/room/unread-tracker.ts';
import type { Store } from '../../src/store/store.ts';
import { memoryStore } from '../store/temporary.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export const SELF: DaemonInfo = {
  server: 'goldctl',
  address: '',
  startedAt: 0,
  connections: 0,
  members: 0,
  seq: 0,
  told: 0,
};

/** Monday noon in Vietnam. */
export const NOON = Date.parse('2026-07-20T12:00:00+07:00');

/** Providers in the order of their rank, with their intervals. */
const EVERY: Readonly<Record<string, number>> = {
  sjc: 30 * MINUTE,
  pnj: 30 * MINUTE,
  'gold-api': 30 * MINUTE,
  coingecko: MINUTE,
  vietcombank: HOUR,
};

/** The services of a room on the local engine in memory, with a clock that tests move. */
export class Room {
  static async open({ store = memoryStore(), now = NOON }: { store?: Store; now?: EpochMs } = {}): Promise<Room> {
    const room = new Room(store, now);
    await room.engine.start();
    return room;
  }

  now: EpochMs;
  /** How far the clocks of the price sources are ahead, if they agree that the local clock is wrong. */
  clockOffsetMs: () => number = () => 0;
  readonly store: Store;
  readonly view: ReadModel;
  readonly engine: LocalEngine;
  readonly rates: RateQueries;
  readonly intake: QuoteIngest;
  readonly edits: RateEdits;
  readonly forum: Forum;
  readonly unread: UnreadTracker;
  readonly messages: DirectMessages;
  readonly daemons: Cluster;
  readonly presence: Presence;
  readonly files: FileCatalog;

  private constructor(store: Store, at: EpochMs) {
    this.now = at;
    const now = () => this.now;
    const ids = Object.keys(EVERY);
    this.store = store;
    this.view = new ReadModel(store);
    this.engine = new LocalEngine(store, this.view);
    const { view } = this;
    const { journal, bus } = this.engine;
    this.rates = new RateQueries({
      readModel: view,
      now: () => this.now + this.clockOffsetMs(),
      providers: {
        fetchIntervalMs: (id) => EVERY[id],
        rank: (id) => (ids.includes(id) ? ids.indexOf(id) : Number.MAX_SAFE_INTEGER),
      },
    });
    this.intake = new QuoteIngest({ journal, readModel: view, rates: this.rates, now });
    this.edits = new RateEdits({ journal, readModel: view, rates: this.rates, now });
    this.forum = new Forum({ journal, readModel: view, now, postCharacters: 4096 });
    this.unread = new UnreadTracker({ journal, bus, readModel: view, now });
    this.messages = new DirectMessages({ journal, bus, readModel: view, now, postCharacters: 4096 });
    this.daemons = new Cluster({ bus, log: SILENT, self: () => SELF });
    this.presence = new Presence({ bus, cluster: this.daemons, now, monotonic: now, idleMs: 5 * MINUTE });
    this.files = new FileCatalog({ journal, readModel: view, presence: this.presence, now, listings: 100 });
  }

  /** Receives a response of a provider, now. */
  receive(provider: string, ...quotes: NewQuote[]) {
    return this.intake.receive(provider, quotes, this.now);
  }

  /** Imports rows, as an import of their own or as the one that `options` names. */
  async import(
    instrument: string,
    rows: ImportedRow[],
    more: Partial<Parameters<QuoteIngest['importRows']>[0]> = {},
    options: Partial<ImportOptions> = {},
  ) {
    const batch = options.batch ?? (await this.intake.startImport('test.csv', 'leia'));
    return this.intake.importRows({ instrument, ...more }, rows, { ...options, batch });
  }

  /** Latest quotes of an instrument. */
  get(instrument: string) {
    return this.rates.latestQuotes(this.rates.resolve(instrument));
  }

  /** Every stored quote of an instrument, series by series. */
  async stored(instrument: string): Promise<Quote[]> {
    const quotes: Quote[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.rates.exportPage(this.rates.resolve(instrument), { cursor });
      quotes.push(...page.quotes);
      if (page.cursor === null) return quotes;
      cursor = page.cursor;
    }
  }

  /** Creates an account without hashing a password, which no test needs here. */
  async account(name: string, role: Role = 'member'): Promise<Writer> {
    const password = { hash: '', salt: '', N: 2, r: 1, p: 1 };
    await appendToJournal(this.engine.journal, 'account.created', this.now, { name, role, password });
    return { name };
  }

  async close(): Promise<void> {
    await this.engine.stop();
  }
}

/** A quote of SJC gold, VND a tael, in millions. */
export function sjc(buy: number | null, sell: number | null, more: Partial<DatedNewQuote> = {}): DatedNewQuote {
  const million = (value: number | null) => (value === null ? null : value * 1e6);
  return {
    instrument: 'SJC',
    market: 'gold',
    provider: 'sjc',
    company: 'SJC',
    brand: '',
    buy: million(buy),
    sell: million(sell),
    currency: 'VND',
    unit: 'tael',
    at: NOON,
    ...more,
  };
}

/** A quote of a currency in VND, like a bank's board. */
export function money(instrument: string, buy: number, sell: number, more: Partial<DatedNewQuote> = {}): DatedNewQuote {
  return {
    ...sjc(null, null, { instrument, market: 'fx', provider: 'vietcombank', company: 'Vietcombank', unit: 'each' }),
    buy,
    sell,
    ...more,
  };
}

/** A coin in USD. */
export function coin(instrument: string, price: number, more: Partial<DatedNewQuote> = {}): DatedNewQuote {
  return {
    ...sjc(null, null, { instrument, market: 'crypto', provider: 'coingecko', company: 'CoinGecko', unit: 'coin' }),
    buy: price,
    sell: price,
    currency: 'USD',
    ...more,
  };
}

/** World gold in USD per troy ounce. */
export function world(price: number, more: Partial<DatedNewQuote> = {}): DatedNewQuote {
  return { ...coin('XAU', price), market: 'gold', provider: 'gold-api', company: 'gold-api.com', unit: 'ozt', ...more };
}

/** The error of a call. */
export async function refusal(call: () => unknown, code: ErrorCode): Promise<AppError> {
  try {
    await call();
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    expect(thrown.code, thrown.message).to.equal(code);
    return thrown;
  }
  throw new Error(`expected ${code}`);
}
