import { expect } from 'chai';
import { Failure, type FailureCode } from '../../src/domain/failure.ts';
import type { Instant } from '../../src/domain/instant.ts';
import type { Role } from '../../src/domain/name.ts';
import type { DatedQuote, Quote, QuoteDraft } from '../../src/domain/quote.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import type { Log } from '../../src/rates/log.ts';
import { append } from '../../src/room/append.ts';
import { type DaemonInfo, Daemons } from '../../src/room/daemons.ts';
import { Files } from '../../src/room/files.ts';
import { Forum, type Writer } from '../../src/room/forum.ts';
import { type ImportOptions, Intake } from '../../src/room/intake.ts';
import { Messages } from '../../src/room/messages.ts';
import { Presence } from '../../src/room/presence.ts';
import { RateEdits } from '../../src/room/rate-edits.ts';
import { Rates } from '../../src/room/rates.ts';
import { Unread } from '../../src/room/unread.ts';
import type { Store } from '../../src/store/store.ts';
import type { ImportedRow } from '../../src/view/records.ts';
import { View } from '../../src/view/view.ts';
import { memoryStore } from '../store/temporary.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

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

/** The use cases of a room, on the local engine in memory, with a clock that a test moves. */
export class Room {
  static async open({ store = memoryStore(), now = NOON }: { store?: Store; now?: Instant } = {}): Promise<Room> {
    const room = new Room(store, now);
    await room.engine.start();
    return room;
  }

  now: Instant;
  /** How far the clocks of the price sources are ahead, where they agree that this one is wrong. */
  clockOffsetMs: () => number = () => 0;
  readonly store: Store;
  readonly view: View;
  readonly engine: LocalEngine;
  readonly rates: Rates;
  readonly intake: Intake;
  readonly edits: RateEdits;
  readonly forum: Forum;
  readonly unread: Unread;
  readonly messages: Messages;
  readonly daemons: Daemons;
  readonly presence: Presence;
  readonly files: Files;

  private constructor(store: Store, at: Instant) {
    this.now = at;
    const now = () => this.now;
    const ids = Object.keys(EVERY);
    this.store = store;
    this.view = new View(store);
    this.engine = new LocalEngine(store, this.view);
    const { view } = this;
    const { journal, bus } = this.engine;
    this.rates = new Rates({
      view,
      now: () => this.now + this.clockOffsetMs(),
      providers: {
        every: (id) => EVERY[id],
        rank: (id) => (ids.includes(id) ? ids.indexOf(id) : Number.MAX_SAFE_INTEGER),
      },
    });
    this.intake = new Intake({ journal, view, rates: this.rates, now });
    this.edits = new RateEdits({ journal, view, rates: this.rates, now });
    this.forum = new Forum({ journal, view, now, postCharacters: 4096 });
    this.unread = new Unread({ journal, bus, view, now });
    this.messages = new Messages({ journal, bus, view, now, postCharacters: 4096 });
    this.daemons = new Daemons({ bus, log: SILENT, self: () => SELF });
    this.presence = new Presence({ bus, daemons: this.daemons, now, monotonic: now, idleMs: 5 * MINUTE });
    this.files = new Files({ journal, view, presence: this.presence, now, listings: 100 });
  }

  /** A provider's answer, now. */
  receive(provider: string, ...quotes: QuoteDraft[]) {
    return this.intake.receive(provider, quotes, this.now);
  }

  /** Rows of an import of their own, or of the one that `options` names. */
  async import(
    instrument: string,
    rows: ImportedRow[],
    more: Partial<Parameters<Intake['import']>[0]> = {},
    options: Partial<ImportOptions> = {},
  ) {
    const batch = options.batch ?? (await this.intake.startImport('test.csv', 'leia'));
    return this.intake.import({ instrument, ...more }, rows, { ...options, batch });
  }

  /** Latest quotes of an instrument. */
  get(instrument: string) {
    return this.rates.get(this.rates.resolve(instrument));
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

  /** An account, without the password that nobody needs here. */
  async account(name: string, role: Role = 'member'): Promise<Writer> {
    const password = { hash: '', salt: '', N: 2, r: 1, p: 1 };
    await append(this.engine.journal, 'account.created', this.now, { name, role, password });
    return { name };
  }

  async close(): Promise<void> {
    await this.engine.stop();
  }
}

/** A quote of SJC gold, VND a tael, in millions. */
export function sjc(buy: number | null, sell: number | null, more: Partial<DatedQuote> = {}): DatedQuote {
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

/** A quote of money in VND, as a bank's board has it. */
export function money(instrument: string, buy: number, sell: number, more: Partial<DatedQuote> = {}): DatedQuote {
  return {
    ...sjc(null, null, { instrument, market: 'fx', provider: 'vietcombank', company: 'Vietcombank', unit: 'each' }),
    buy,
    sell,
    ...more,
  };
}

/** A coin in USD. */
export function coin(instrument: string, price: number, more: Partial<DatedQuote> = {}): DatedQuote {
  return {
    ...sjc(null, null, { instrument, market: 'crypto', provider: 'coingecko', company: 'CoinGecko', unit: 'coin' }),
    buy: price,
    sell: price,
    currency: 'USD',
    ...more,
  };
}

/** World gold, USD a troy ounce. */
export function world(price: number, more: Partial<DatedQuote> = {}): DatedQuote {
  return { ...coin('XAU', price), market: 'gold', provider: 'gold-api', company: 'gold-api.com', unit: 'ozt', ...more };
}

/** The failure that a call ends with. */
export async function refusal(call: () => unknown, code: FailureCode): Promise<Failure> {
  try {
    await call();
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    expect(thrown.code, thrown.message).to.equal(code);
    return thrown;
  }
  throw new Error(`expected ${code}`);
}
