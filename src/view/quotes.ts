import { addToShare, type Candle, type CandleShare, candleOf, openShare, rollUp } from '../domain/candle.ts';
import { fold } from '../domain/fold.ts';
import { type Instant, type Interval, startOf } from '../domain/instant.ts';
import { type Instrument, knownInstrument } from '../domain/instrument.ts';
import { newAliases, price, type Quote, type SeriesId, seriesId } from '../domain/quote.ts';
import type { Change } from '../engine/contract.ts';
import type { Draft } from '../store/draft.ts';
import { instantOf, keys, within } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { ImportedRow, RecordOf } from './records.ts';
import type { Part } from './view.ts';

/** A quote as it is kept in its series: `[buy, sell, checkedAt, id]`, shorter where the rest is what it would be anyway. */
type Row = [buy: number | null, sell: number | null, checkedAt?: Instant | null, id?: string];

/** Intervals that are kept up to date on write; longer ones are rolled up from days. */
const KEPT = ['1h', '1d'] as const satisfies readonly Interval[];

/** Quotes, newest of each series in memory, all of them and their candles on disk. */
export class QuotesView implements Part {
  readonly kinds = {
    'rates.received': (record: RecordOf<'rates.received'>, draft: Draft) => this.#received(record, draft),
    'rates.backfilled': (record: RecordOf<'rates.backfilled'>, draft: Draft) => {
      draft.write(keys.backfilled(record.provider), record.at);
      return [];
    },
    'rates.imported': (record: RecordOf<'rates.imported'>, draft: Draft) => this.#imported(record, draft),
    'rates.compacted': ({ through }: RecordOf<'rates.compacted'>, draft: Draft) => {
      draft.write(keys.compacted, through);
      return [];
    },
  };

  readonly #store: Store;
  readonly #instruments = new Map<string, Instrument>();
  readonly #latest = new Map<SeriesId, Quote>();
  readonly #series = new Map<string, Set<SeriesId>>();
  /** The newest instant of any quote of an instrument: no candle begins after it. */
  readonly #newest = new Map<string, Instant>();
  readonly #aliases = new Map<SeriesId, readonly string[]>();
  /** By folded aliases: the series that have it, and how each of them writes it. */
  readonly #aliased = new Map<string, Map<SeriesId, string>>();

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for await (const [, text] of this.#store.range(within('i/'))) {
      const instrument = JSON.parse(text) as Instrument;
      this.#instruments.set(instrument.id, instrument);
    }
    for await (const [, text] of this.#store.range(within('l/'))) this.#remember(JSON.parse(text) as Quote);
    const prefix = keys.aliases('');
    for await (const [key, text] of this.#store.range(within(prefix))) {
      this.#rememberAliases(key.slice(prefix.length), JSON.parse(text) as string[]);
    }
  }

  /** Instruments that have a quote, by id. */
  get instruments(): ReadonlyMap<string, Instrument> {
    return this.#instruments;
  }

  latestOf(series: SeriesId): Quote | undefined {
    return this.#latest.get(series);
  }

  /** Latest quotes of an instrument, one a series, by provider, company and brand. */
  latest(instrument: string): Quote[] {
    return [...(this.#series.get(instrument) ?? [])].map((series) => this.#latest.get(series)!);
  }

  /** Latest quotes of the series that have a name as an alias, one a series, compared folded. */
  aliased(name: string): Quote[] {
    const series = [...(this.#aliased.get(fold(name))?.keys() ?? [])].sort();
    return series.flatMap((id) => this.#latest.get(id) ?? []);
  }

  /** What sources call a series, as they write it. */
  aliasesOf(series: SeriesId): readonly string[] {
    return this.#aliases.get(series) ?? [];
  }

  /** The aliases of all series, folded and as the first one writes them. */
  *aliases(): Generator<[folded: string, alias: string]> {
    for (const [folded, series] of this.#aliased) {
      for (const alias of series.values()) {
        yield [folded, alias];
        break;
      }
    }
  }

  /** Whether all of the provider's own history is in. */
  hasHistory(provider: string): boolean {
    return this.#store.read(keys.backfilled(provider)) !== undefined;
  }

  /** Seq up to which records were looked through for those that can go. */
  get compacted(): number {
    return this.#store.read<number>(keys.compacted) ?? 0;
  }

  /** Series that a provider ever had. */
  seriesOf(provider: string): SeriesId[] {
    return this.#store.read<SeriesId[]>(keys.series(provider)) ?? [];
  }

  /** When a price of the provider was last confirmed. */
  lastReceived(provider: string): Instant | undefined {
    const checked = this.seriesOf(provider).flatMap((id) => this.#latest.get(id)?.checkedAt ?? []);
    return checked.length === 0 ? undefined : Math.max(...checked);
  }

  /** Whether the series has a quote at just this instant. */
  has(series: SeriesId, at: Instant): boolean {
    return this.rowAt(series, at) !== undefined;
  }

  /** `[at, buy, sell]` of the series' quote at just this instant. */
  rowAt(series: SeriesId, at: Instant): ImportedRow | undefined {
    const latest = this.#latest.get(series);
    if (latest === undefined || at > latest.at) return undefined;
    const row = this.#store.read<Row>(keys.quote(series, at));
    return row && [at, row[0], row[1]];
  }

  /**
   * All quotes of some series that held at some moment of `[start, end)`, by time.
   * @param series the latest quote of each
   */
  async held(series: readonly Quote[], start: Instant, end: Instant): Promise<Quote[]> {
    const found = await Promise.all(
      series.map(async (latest) => {
        const quotes: Quote[] = [];
        for await (const page of this.#backwards(latest, end)) {
          for (const [key, text] of page) {
            const quote = quoteOf(latest, key, text);
            // Newest first: the first one from before the day is the price the day began with, if it was still
            // confirmed on it and the day's first quote did not replace it at midnight sharp.
            const carried = quote.checkedAt >= start && quotes.at(-1)?.at !== start;
            if (quote.at >= start || carried) quotes.push(quote);
            if (quote.at < start) return quotes;
          }
        }
        return quotes;
      }),
    );
    return found.flat().sort((a, b) => a.at - b.at);
  }

  /**
   * Candles of `[from, to)`, oldest first, at most `limit`; of one provider or of all.
   * @param interval `raw` gives one candle a quote
   */
  async candles(
    instrument: string,
    interval: Interval | 'raw',
    from: Instant,
    to: Instant,
    { provider, limit }: { provider?: string | undefined; limit: number },
  ): Promise<Candle[]> {
    if (interval === 'raw') return this.#rawCandles(instrument, from, to, provider, limit);
    const kept = interval === '1h' ? '1h' : '1d';
    const candles: Candle[] = [];
    const range = {
      gte: keys.candle(instrument, kept, startOf(interval, from)),
      lt: keys.candle(instrument, kept, to),
    };
    let buckets = 0;
    let bucket: Instant | undefined;
    read: for await (const page of this.#store.pages(range)) {
      for (const [key, text] of page) {
        const at = instantOf(key);
        const shares = JSON.parse(text) as Record<string, CandleShare>;
        const chosen =
          provider === undefined ? Object.values(shares) : Object.hasOwn(shares, provider) ? [shares[provider]!] : [];
        const candle = candleOf(at, chosen);
        if (!candle) continue;
        const start = kept === interval ? at : startOf(interval, at);
        if (start !== bucket) {
          bucket = start;
          if (++buckets > limit) break read;
        }
        candles.push(candle);
      }
    }
    return interval === kept ? candles : rollUp(candles, interval);
  }

  /** A page of a series, oldest first, from an instant on. */
  async page(series: Quote, from: Instant, to: Instant, limit: number): Promise<Quote[]> {
    const id = seriesId(series);
    const range = { gte: keys.quote(id, from), lt: keys.quote(id, to), limit };
    const latest = this.#latest.get(id) ?? series; // as of the same moment as the rows
    return (await this.#store.entries(range)).map(([key, text]) => quoteOf(latest, key, text));
  }

  committed(change: Change): void {
    if (change.type === 'quote') this.#remember((change as unknown as QuoteChange).quote);
    else if (change.type === 'confirmed') {
      for (const quote of (change as unknown as ConfirmedChange).quotes) this.#remember(quote);
    } else if (change.type === 'aliases') {
      const { series, aliases } = change as unknown as AliasesChange;
      this.#rememberAliases(series, aliases);
    } else if (change.type === 'instrument') {
      const { instrument } = change as unknown as { instrument: Instrument };
      const all = [...this.#instruments.values(), instrument].sort((a, b) => (a.id < b.id ? -1 : 1));
      this.#instruments.clear();
      for (const each of all) this.#instruments.set(each.id, each);
    }
  }

  #remember(quote: Quote): void {
    const id = seriesId(quote);
    this.#latest.set(id, quote);
    const series = this.#series.get(quote.instrument);
    if (!series?.has(id)) this.#series.set(quote.instrument, new Set([...(series ?? []), id].sort()));
    if (quote.at > (this.#newest.get(quote.instrument) ?? Number.NEGATIVE_INFINITY)) {
      this.#newest.set(quote.instrument, quote.at);
    }
  }

  #rememberAliases(id: SeriesId, aliases: readonly string[]): void {
    this.#aliases.set(id, [...new Set([...this.aliasesOf(id), ...aliases])]);
    for (const alias of aliases) {
      const name = fold(alias);
      const series = this.#aliased.get(name);
      if (series) series.set(id, alias);
      else this.#aliased.set(name, new Map([[id, alias]]));
    }
  }

  #received(record: RecordOf<'rates.received'>, draft: Draft): Change[] {
    const { provider, quotes, missing, aliases = [] } = record;
    const changes: Change[] = [];
    const changed = new Set<SeriesId>();
    const known = draft.read<SeriesId[]>(keys.series(provider)) ?? [];
    const series = new Set(known);
    for (const quote of quotes) {
      const id = seriesId(quote);
      changed.add(id);
      series.add(id);
      this.#found(quote, draft, changes);
      const previous = draft.read<Quote>(keys.latest(id));
      if (previous) {
        if (quote.at <= previous.at) continue; // a late answer must not undo a newer one
        draft.write(keys.quote(id, previous.at), rowOf(previous));
      }
      draft.write(keys.quote(id, quote.at), rowOf(quote));
      draft.write(keys.latest(id), quote);
      this.#count(quote, draft);
      changes.push({ type: 'quote', quote } satisfies QuoteChange);
    }
    if (series.size > known.length) draft.write(keys.series(provider), [...series]);
    const skipped = new Set(missing);
    const confirmed: Quote[] = [];
    for (const id of known) {
      if (changed.has(id) || skipped.has(id)) continue;
      const latest = draft.read<Quote>(keys.latest(id));
      if (!latest || latest.checkedAt >= record.at) continue;
      const quote = { ...latest, checkedAt: record.at };
      draft.write(keys.latest(id), quote);
      confirmed.push(quote);
    }
    if (confirmed.length > 0) changes.push({ type: 'confirmed', quotes: confirmed } satisfies ConfirmedChange);
    for (const [id, names] of aliases) this.#named(id, names, draft, changes);
    return changes;
  }

  #imported(record: RecordOf<'rates.imported'>, draft: Draft): Change[] {
    const { kind: _, seq: __, rows, at: ___, aliases = [], ...series } = record;
    const changes: Change[] = [];
    const id = seriesId(series);
    this.#found(series, draft, changes);
    const known = draft.read<SeriesId[]>(keys.series(series.provider)) ?? [];
    if (!known.includes(id)) draft.write(keys.series(series.provider), [...known, id]);
    const before = draft.read<Quote>(keys.latest(id));
    let newest = before?.at ?? Number.NEGATIVE_INFINITY;
    let latest: ImportedRow | undefined;
    const candles = new CandleBook(draft, series.instrument, series.provider, this.#newest.get(series.instrument));
    // Imports are long: a row costs its key, its value and what candles take of it, nothing else.
    const keyOf = keys.quotesOf(id);
    for (const row of rows) {
      const at = row[0];
      const key = keyOf(at);
      if (at <= newest && draft.has(key)) continue; // the same row twice counts once
      draft.write(key, importedRow(row));
      candles.add((row[2] ?? row[1]) as number, at);
      if (at > newest) {
        newest = at;
        latest = row;
      }
    }
    candles.close();
    if (latest) {
      // The one that was newest until now was confirmed under `latest` only.
      if (before) draft.write(keys.quote(id, before.at), rowOf(before));
      const [at, buy, sell, checkedAt, ownId] = latest;
      const quote: Quote = { ...series, buy, sell, at, checkedAt: checkedAt ?? at, id: ownId ?? idOf(at) };
      draft.write(keys.latest(id), quote);
      changes.push({ type: 'quote', quote } satisfies QuoteChange);
    }
    this.#named(id, aliases, draft, changes);
    return changes;
  }

  #named(id: SeriesId, aliases: readonly string[], draft: Draft, changes: Change[]): void {
    if (aliases.length === 0) return;
    const known = draft.read<string[]>(keys.aliases(id)) ?? [];
    const added = newAliases(known, aliases);
    if (added.length === 0) return;
    draft.write(keys.aliases(id), [...known, ...added]);
    changes.push({ type: 'aliases', series: id, aliases: added } satisfies AliasesChange);
  }

  /** An instrument is fixed by its first quote: what the catalogue says of it, else what the quote says. */
  #found(quote: Pick<Quote, 'instrument' | 'market' | 'unit' | 'currency'>, draft: Draft, changes: Change[]): void {
    const id = quote.instrument;
    if (this.#instruments.has(id) || draft.readNew(keys.instrument(id)) !== undefined) return;
    const known = knownInstrument(id);
    const instrument: Instrument = {
      id,
      market: quote.market,
      name: known?.id === id ? known.name : id,
      unit: quote.unit,
      currency: quote.currency,
    };
    draft.write(keys.instrument(id), instrument);
    changes.push({ type: 'instrument', instrument });
  }

  #count(quote: Quote, draft: Draft): void {
    const candles = new CandleBook(draft, quote.instrument, quote.provider, this.#newest.get(quote.instrument));
    candles.add(price(quote), quote.at);
    candles.close();
  }

  async #rawCandles(
    instrument: string,
    from: Instant,
    to: Instant,
    provider: string | undefined,
    limit: number,
  ): Promise<Candle[]> {
    const series = this.latest(instrument).filter((quote) => provider === undefined || quote.provider === provider);
    const pages = await Promise.all(series.map((quote) => this.page(quote, from, to, limit)));
    return pages
      .flat()
      .sort((a, b) => a.at - b.at)
      .slice(0, limit)
      .map((quote) => candleOf(quote.at, [openShare(price(quote), quote.at)])!);
  }

  /** Rows of a series before `end`, newest first. */
  #backwards(series: Quote, end: Instant): AsyncIterable<[string, string][]> {
    const id = seriesId(series);
    return this.#store.pages({ gte: keys.quote(id, BEGINNING), lt: keys.quote(id, end), reverse: true }, DAY_OF_ROWS);
  }
}

export interface QuoteChange extends Change {
  readonly type: 'quote';
  readonly quote: Quote;
}

export interface ConfirmedChange extends Change {
  readonly type: 'confirmed';
  readonly quotes: readonly Quote[];
}

export interface AliasesChange extends Change {
  readonly type: 'aliases';
  readonly series: SeriesId;
  /** Those that are new. */
  readonly aliases: readonly string[];
}

/** Rows that are fetched at a time for one day: a quote every half hour, the one before, and some that came early. */
const DAY_OF_ROWS = 56;
/** Before every price: the first instant of a Date. */
const BEGINNING = -8_640_000_000_000_000;

/** @param latest the newest quote of the series: its row does not move with its `checkedAt` */
function quoteOf(latest: Quote, key: string, text: string): Quote {
  const at = instantOf(key);
  if (latest.at === at) return latest;
  const [buy, sell, checkedAt, id] = JSON.parse(text) as Row;
  // Spelled out: an object that is spread and changed is slow to make, and slower to spread again.
  return {
    instrument: latest.instrument,
    market: latest.market,
    provider: latest.provider,
    company: latest.company,
    brand: latest.brand,
    buy,
    sell,
    currency: latest.currency,
    unit: latest.unit,
    at,
    checkedAt: checkedAt ?? at,
    id: id ?? idOf(at),
  };
}

/** The id of a quote to which its provider gave none. */
export function idOf(at: Instant): string {
  return String(Math.abs(at));
}

function rowOf(quote: Quote): Row {
  const id = quote.id === idOf(quote.at) ? undefined : quote.id;
  const checkedAt = quote.checkedAt === quote.at ? null : quote.checkedAt;
  if (id !== undefined) return [quote.buy, quote.sell, checkedAt, id];
  return checkedAt === null ? [quote.buy, quote.sell] : [quote.buy, quote.sell, checkedAt];
}

/** The same for a row of an import. */
function importedRow([at, buy, sell, checkedAt, ownId]: ImportedRow): Row {
  const checked = checkedAt === undefined || checkedAt === at ? null : checkedAt;
  if (ownId !== undefined && ownId !== null && ownId !== idOf(at)) return [buy, sell, checked, ownId];
  return checked === null ? [buy, sell] : [buy, sell, checked];
}

/**
 * Adds a provider's quotes to the candles of an instrument. Quotes come mostly in order, so the open candle of each
 * interval stays at hand, and a candle that begins after everything known is not looked for on disk.
 */
class CandleBook {
  readonly #draft: Draft;
  readonly #instrument: string;
  readonly #provider: string;
  readonly #newest: Instant;
  readonly #open = KEPT.map((interval) => ({
    interval,
    at: Number.NaN,
    key: '',
    shares: {} as Record<string, CandleShare>,
  }));

  constructor(draft: Draft, instrument: string, provider: string, newest: Instant | undefined) {
    this.#draft = draft;
    this.#instrument = instrument;
    this.#provider = provider;
    this.#newest = newest ?? Number.NEGATIVE_INFINITY;
  }

  add(value: number, at: Instant): void {
    for (const candle of this.#open) {
      const start = startOf(candle.interval, at);
      if (start !== candle.at) {
        this.#save(candle);
        candle.at = start;
        candle.key = keys.candle(this.#instrument, candle.interval, start);
        candle.shares = (start > this.#newest ? this.#draft.readNew(candle.key) : this.#draft.read(candle.key)) ?? {};
      }
      // `constructor` is an id for a provider, and every object has one by nature.
      const share = Object.hasOwn(candle.shares, this.#provider) ? candle.shares[this.#provider] : undefined;
      if (share) addToShare(share, value, at);
      else candle.shares[this.#provider] = openShare(value, at);
    }
  }

  close(): void {
    for (const candle of this.#open) this.#save(candle);
  }

  #save(candle: { key: string; shares: Record<string, CandleShare> }): void {
    if (candle.key !== '') this.#draft.write(candle.key, candle.shares);
  }
}
