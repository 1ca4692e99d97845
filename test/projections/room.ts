import { expect } from 'chai';
import { type Quote, seriesId } from '../../src/domain/quote.ts';
import type { EpochMs } from '../../src/domain/time.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import type { AppendResult } from '../../src/engine/types.ts';
import type { ImportedRow, JournalRecords, RecordKind } from '../../src/projections/journal-records.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { differingKeys, rebuildStore } from '../../src/projections/rebuild.ts';
import type { Store } from '../../src/store/store.ts';
import { memoryStore } from '../store/temporary.ts';

/** A journal and its read model in memory. */
export class TestRoom {
  readonly store: Store;
  engine: LocalEngine;
  view: ReadModel;

  constructor(store = memoryStore()) {
    this.store = store;
    this.view = new ReadModel(store);
    this.engine = new LocalEngine(store, this.view);
  }

  async start(): Promise<this> {
    await this.engine.start();
    return this;
  }

  stop(): Promise<void> {
    return this.engine.stop();
  }

  /** After every test, the read model must match its journal. */
  async checked(): Promise<void> {
    const fresh = memoryStore();
    await fresh.open();
    await rebuildStore(this.store, fresh);
    expect(await differingKeys(this.store, fresh)).to.deep.equal([]);
  }

  /** Restarts the daemon: the same store, a new read model. */
  async restart(): Promise<void> {
    await this.engine.stop();
    this.view = new ReadModel(this.store);
    this.engine = new LocalEngine(this.store, this.view);
    await this.engine.start();
  }

  append<K extends RecordKind>(kind: K, at: EpochMs, fields: JournalRecords[K]): Promise<AppendResult> {
    return this.engine.journal.append({ kind, at, ...fields });
  }

  /** A response of a provider at `at`. */
  receive(at: EpochMs, quotes: Quote[], { provider = 'sjc', missing = [] as string[] } = {}): Promise<AppendResult> {
    return this.append('rates.received', at, { provider, quotes, missing, confirmed: [] });
  }

  /** The same as recorded by versions before 0.2. */
  receiveLegacy(at: EpochMs, quotes: Quote[]): Promise<AppendResult> {
    return this.append('rates.received', at, { provider: 'sjc', quotes, missing: [] });
  }

  /** Quotes valid or observed in a period, of all series of an instrument, by time. */
  async held(instrument: string, start: EpochMs, end: EpochMs): Promise<Quote[]> {
    const { history } = this.view.quotes;
    const all = this.view.quotes.latest(instrument).map((latest) => history.validDuring(latest, start, end));
    return (await Promise.all(all)).flat().sort((a, b) => a.at - b.at);
  }

  import(rows: ImportedRow[], series: Partial<JournalRecords['rates.imported']> = {}): Promise<AppendResult> {
    return this.append('rates.imported', 0, { ...SERIES, ...series, rows });
  }

  /** The keys and values of the read model, without those of the engine. */
  async content(): Promise<Map<string, string>> {
    return new Map((await this.store.entries({})).filter(([key]) => !/^[jmx]\//.test(key)));
  }

  /** The memory of the read model, as its readers see it. */
  memory(): unknown {
    const instruments = [...this.view.quotes.instruments].sort(([a], [b]) => (a < b ? -1 : 1));
    const latest = instruments.map(([id]) => this.view.quotes.latest(id));
    const aliases = latest.flat().map((quote) => this.view.quotes.aliasesOf(seriesId(quote)));
    return { instruments, latest, aliases };
  }
}

export const SERIES = {
  instrument: 'SJC',
  market: 'gold',
  provider: 'sjc',
  company: 'SJC',
  brand: 'Hà Nội',
  currency: 'VND',
  unit: 'tael',
} as const;

export function quote(at: EpochMs, sell: number, fields: Partial<Quote> = {}): Quote {
  return { ...SERIES, buy: sell - 2, sell, at, checkedAt: at, id: `n${at}`, ...fields };
}
