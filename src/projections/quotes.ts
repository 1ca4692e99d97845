import { findCatalogueInstrument, type Instrument } from '../domain/instrument.ts';
import { findNewAliases, type Quote, referencePrice, type SeriesId, seriesId } from '../domain/quote.ts';
import { foldForSearch } from '../domain/text.ts';
import type { EpochMs } from '../domain/time.ts';
import { keys, prefixRange } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import { CandleWriter } from './candle-writer.ts';
import { HeldQuotes, type StoredHeldQuote } from './held-quotes.ts';
import { HiddenQuotes, type HiddenState, NONE_HIDDEN, type Removal, withRemoval, withUndone } from './hidden-quotes.ts';
import {
  type ImportedRow,
  type LatestQuote,
  type RecordOf,
  type SeriesDefinition,
  seriesFieldsOf,
} from './journal-records.ts';
import type { Projection } from './projection.ts';
import type {
  AliasesChange,
  ConfirmationChange,
  HeldQuotesChange,
  InstrumentChange,
  QuoteChange,
  QuotesChange,
  QuotesHiddenChange,
} from './quote-changes.ts';
import { QuoteHistory } from './quote-history.ts';
import {
  batchOf,
  type QuoteRow,
  quoteIdOf,
  rowOfImport,
  rowOfQuote,
  rowsOf,
  type StoredRows,
  withRow,
} from './quote-rows.ts';
import { RateBatches } from './rate-batches.ts';

const DAY_MS = 86_400_000;
/** For records without `confirmed`: a longer time between two confirmations is a gap in the observation. */
const LEGACY_GAP_MS = DAY_MS;
/** For records without `confirmed`: a price older than this on receipt was not observed. */
const LEGACY_MAX_AGE_MS = 4 * DAY_MS;

const NO_TIME = Number.NEGATIVE_INFINITY;

/** Quotes: the latest of each series in memory; all quotes and candles on disk. */
export class QuotesProjection implements Projection {
  readonly handlers = {
    'rates.received': (record: RecordOf<'rates.received'>, writes: WriteBatch) => this.#onReceived(record, writes),
    'rates.backfilled': (record: RecordOf<'rates.backfilled'>, writes: WriteBatch) => {
      writes.write(keys.backfilled(record.provider), record.at);
      return [];
    },
    'rates.importStarted': (record: RecordOf<'rates.importStarted'>, writes: WriteBatch) => {
      this.batches.addImport(record, writes);
      return [];
    },
    'rates.imported': (record: RecordOf<'rates.imported'>, writes: WriteBatch) => this.#onImported(record, writes),
    'rates.removed': (record: RecordOf<'rates.removed'>, writes: WriteBatch) => this.#onRemoved(record, writes),
    'rates.corrected': (record: RecordOf<'rates.corrected'>, writes: WriteBatch) => this.#onCorrected(record, writes),
    'rates.undone': (record: RecordOf<'rates.undone'>, writes: WriteBatch) => this.#onUndone(record, writes),
    'rates.held': (record: RecordOf<'rates.held'>, writes: WriteBatch) => this.#onHeld(record, writes),
    'rates.decided': (record: RecordOf<'rates.decided'>, writes: WriteBatch) => this.#onDecided(record, writes),
    'rates.compacted': ({ through }: RecordOf<'rates.compacted'>, writes: WriteBatch) => {
      writes.write(keys.compactedSeq, through);
      return [];
    },
  };

  readonly onCommitted = {
    quote: ({ quote }: QuoteChange) => this.#remember(quote),
    confirmed: ({ quotes }: ConfirmationChange) => {
      for (const quote of quotes) this.#remember(quote);
    },
    quotesHidden: ({ series, state, latest }: QuotesHiddenChange) => {
      this.#hidden.set(series, new HiddenQuotes(state));
      if (latest === null) this.#forget(series);
    },
    held: ({ added, removed }: HeldQuotesChange) => {
      for (const held of added) this.heldQuotes.remember(held);
      for (const id of removed) this.heldQuotes.forget(id);
    },
    aliases: ({ series, aliases }: AliasesChange) => this.#rememberAliases(series, aliases),
    instrument: ({ instrument }: InstrumentChange) => this.#instruments.set(instrument.id, instrument),
  };

  readonly batches: RateBatches;
  readonly history: QuoteHistory;
  readonly heldQuotes = new HeldQuotes();
  readonly #store: Store;
  readonly #instruments = new Map<string, Instrument>();
  readonly #latest = new Map<SeriesId, Quote>();
  readonly #series = new Map<string, SeriesOfInstrument>();
  readonly #hidden = new Map<SeriesId, HiddenQuotes>();
  readonly #aliases = new Map<SeriesId, readonly string[]>();
  /** By folded alias: the series that have it, with their spelling. */
  readonly #seriesByAlias = new Map<string, Map<SeriesId, string>>();

  constructor(store: Store) {
    this.#store = store;
    this.batches = new RateBatches(store);
    this.history = new QuoteHistory(
      store,
      (series) => this.#latest.get(series),
      (series) => this.#hidden.get(series),
    );
  }

  async load(): Promise<void> {
    for await (const [, text] of this.#store.range(prefixRange('i/'))) {
      const instrument = JSON.parse(text) as Instrument;
      this.#instruments.set(instrument.id, instrument);
    }
    for await (const [, text] of this.#store.range(prefixRange('l/'))) this.#remember(JSON.parse(text) as Quote);
    for await (const [key, text] of this.#store.range(prefixRange('z/'))) {
      this.#hidden.set(key.slice(2), new HiddenQuotes(JSON.parse(text) as HiddenState));
    }
    const prefix = keys.aliases('');
    for await (const [key, text] of this.#store.range(prefixRange(prefix))) {
      this.#rememberAliases(key.slice(prefix.length), JSON.parse(text) as string[]);
    }
    await this.heldQuotes.load(this.#store);
  }

  get instruments(): ReadonlyMap<string, Instrument> {
    return this.#instruments;
  }

  latestOf(series: SeriesId): Quote | undefined {
    return this.#latest.get(series);
  }

  /** Latest quotes of an instrument, one per series, by provider, company and brand. */
  latest(instrument: string): Quote[] {
    const series = this.#series.get(instrument);
    if (!series) return [];
    if (!series.isSorted) {
      series.ids.sort();
      series.isSorted = true;
    }
    return series.ids.map((id) => this.#latest.get(id)!);
  }

  /** Latest quotes of the series with this alias (compared folded), one per series. */
  withAlias(name: string): Quote[] {
    const series = [...(this.#seriesByAlias.get(foldForSearch(name))?.keys() ?? [])].sort();
    return series.flatMap((id) => this.#latest.get(id) ?? []);
  }

  aliasesOf(series: SeriesId): readonly string[] {
    return this.#aliases.get(series) ?? [];
  }

  /** The aliases of all series: folded, and in the spelling of the first series. */
  *aliases(): Generator<[folded: string, alias: string]> {
    for (const [folded, series] of this.#seriesByAlias) {
      for (const alias of series.values()) {
        yield [folded, alias];
        break;
      }
    }
  }

  hiddenOf(series: SeriesId): HiddenQuotes | undefined {
    return this.#hidden.get(series);
  }

  hasHistory(provider: string): boolean {
    return this.#store.read(keys.backfilled(provider)) !== undefined;
  }

  get compactedSeq(): number {
    return this.#store.read<number>(keys.compactedSeq) ?? 0;
  }

  seriesOf(provider: string): SeriesId[] {
    return this.#store.read<SeriesId[]>(keys.series(provider)) ?? [];
  }

  lastReceived(provider: string): EpochMs | undefined {
    const received = this.seriesOf(provider).flatMap((id) => {
      const latest = this.#latest.get(id);
      return latest ? (latest.receivedAt ?? latest.checkedAt) : [];
    });
    return received.length === 0 ? undefined : Math.max(...received);
  }

  #remember(quote: Quote): void {
    const id = seriesId(quote);
    const isKnown = this.#latest.has(id);
    this.#latest.set(id, quote);
    if (isKnown) return;
    const series = this.#series.get(quote.instrument);
    if (!series) this.#series.set(quote.instrument, { ids: [id], isSorted: true });
    else {
      series.ids.push(id);
      series.isSorted = false;
    }
  }

  #rememberAliases(id: SeriesId, aliases: readonly string[]): void {
    this.#aliases.set(id, [...new Set([...this.aliasesOf(id), ...aliases])]);
    for (const alias of aliases) {
      const name = foldForSearch(alias);
      const series = this.#seriesByAlias.get(name);
      if (series) series.set(id, alias);
      else this.#seriesByAlias.set(name, new Map([[id, alias]]));
    }
  }

  #forget(series: SeriesId): void {
    const latest = this.#latest.get(series);
    this.#latest.delete(series);
    const known = latest && this.#series.get(latest.instrument);
    if (known) known.ids = known.ids.filter((id) => id !== series);
  }

  #onReceived(record: RecordOf<'rates.received'>, writes: WriteBatch): QuotesChange[] {
    const { provider, quotes, missing, confirmed, released = [], aliases = [] } = record;
    const changes: QuotesChange[] = [];
    const changed = new Set<SeriesId>();
    const known = writes.read<SeriesId[]>(keys.series(provider)) ?? [];
    const series = new Set(known);
    for (const quote of quotes) {
      const id = seriesId(quote);
      changed.add(id);
      series.add(id);
      this.#registerInstrument(quote, writes, changes);
      this.#appendQuote(id, confirmed ? quote : withObservedFrom(quote, record.at), writes, changes);
    }
    if (series.size > known.length) writes.write(keys.series(provider), [...series]);
    const skipped = new Set(missing);
    const details = new Map(confirmed?.map(([id, ...times]) => [id, times]));
    const confirmedQuotes: Quote[] = [];
    for (const id of known) {
      if (changed.has(id) || skipped.has(id)) continue;
      const latest = writes.read<Quote>(keys.latest(id));
      if (!latest || latest.checkedAt >= record.at) continue;
      if (!confirmed && isObservationGap(latest, record.at)) {
        // Not observed in between: start a new observation of the same price.
        if (latest.observedFrom === undefined) continue;
        const restarted = {
          ...latest,
          at: record.at,
          checkedAt: record.at,
          observedFrom: record.at,
          id: quoteIdOf(record.at),
        };
        this.#appendQuote(id, restarted, writes, changes);
        continue;
      }
      const [statedAt, checkedAt] = details.get(id) ?? [latest.statedAt ?? null, record.at];
      const quote = {
        ...latest,
        checkedAt: Math.max(checkedAt, latest.checkedAt),
        receivedAt: record.at,
        ...(statedAt === null ? undefined : { statedAt }),
      };
      writes.write(keys.latest(id), quote);
      confirmedQuotes.push(quote);
    }
    if (confirmedQuotes.length > 0) changes.push({ type: 'confirmed', quotes: confirmedQuotes });
    if (released.length > 0) changes.push(this.#release(released, writes));
    for (const [id, names] of aliases) this.#addAliases(id, names, writes, changes);
    return changes;
  }

  /** Appends a quote to its series. A quote that is not newer is dropped: a late response must not undo a newer one. */
  #appendQuote(id: SeriesId, quote: Quote, writes: WriteBatch, changes: QuotesChange[]): void {
    const previous = writes.read<Quote>(keys.latest(id));
    if (previous) {
      if (quote.at <= previous.at) return;
      this.#writeRow(id, previous.at, rowOfQuote(previous), writes);
    }
    const isShared = this.#writeRow(id, quote.at, rowOfQuote(quote), writes);
    writes.write(keys.latest(id), quote);
    const candles = new CandleWriter(writes, id, 0, this.#newestAt(id, previous, writes));
    candles.add(referencePrice(quote), quote.at, undefined, isShared);
    candles.close();
    changes.push({ type: 'quote', quote });
  }

  #onImported(record: RecordOf<'rates.imported'>, writes: WriteBatch): QuotesChange[] {
    const { rows, batch = 0, replaces, aliases = [] } = record;
    const series = seriesFieldsOf(record);
    const changes: QuotesChange[] = [];
    const id = this.#registerSeries(series, writes, changes);
    let before = writes.read<Quote>(keys.latest(id));
    if (replaces) {
      const [from, to] = replaces;
      const removal: Removal = { from, to, before: batch };
      const hidden = this.#hide(id, before, writes, changes, (state) => withRemoval(state, removal));
      if (before && hidden.isHidden(before.at, before.batch ?? 0)) before = undefined;
    }
    const latest = this.#storeRows(id, series, rows, batch, before, writes, changes);
    if (replaces && !before && !latest) this.#setLatest(id, null, writes, changes);
    this.batches.addRows(batch, id, rows, replaces, writes);
    this.#addAliases(id, aliases, writes, changes);
    return changes;
  }

  #addAliases(id: SeriesId, aliases: readonly string[], writes: WriteBatch, changes: QuotesChange[]): void {
    if (aliases.length === 0) return;
    const known = writes.read<string[]>(keys.aliases(id)) ?? [];
    const added = findNewAliases(known, aliases);
    if (added.length === 0) return;
    writes.write(keys.aliases(id), [...known, ...added]);
    changes.push({ type: 'aliases', series: id, aliases: added });
  }

  /** Stores the rows of one batch. @returns the newest row as a quote, if it is now the latest of the series */
  #storeRows(
    id: SeriesId,
    series: SeriesDefinition,
    rows: readonly ImportedRow[],
    batch: number,
    before: Quote | undefined,
    writes: WriteBatch,
    changes: QuotesChange[],
  ): Quote | undefined {
    const newest = this.#newestAt(id, before, writes);
    const hidden = this.#pendingHidden(id, writes);
    const candles = new CandleWriter(writes, id, batch, newest);
    // Imports are long, so a row must cost only its key, its value and the candle update.
    const keyOf = keys.quotesOf(id);
    let known = newest;
    let latestAt = before?.at ?? NO_TIME;
    let latest: ImportedRow | undefined;
    for (const row of rows) {
      const at = row[0];
      const key = keyOf(at);
      const stored = at <= known ? writes.read<StoredRows>(key) : undefined;
      if (stored && rowsOf(stored).some((other) => batchOf(other) === batch)) continue; // a repeated row counts once
      const storedRow = rowOfImport(row, batch);
      writes.write(key, stored ? withRow(stored, storedRow) : storedRow);
      candles.add((row[2] ?? row[1]) as number, at, row[5], stored !== undefined);
      if (at > known) known = at;
      if (at > latestAt && !hidden?.isHidden(at, batch)) {
        latestAt = at;
        latest = row;
      }
    }
    candles.close();
    if (!latest) return undefined;
    // Confirmations updated only the latest quote, so write its row now.
    if (before) this.#writeRow(id, before.at, rowOfQuote(before), writes);
    const [at, buy, sell, checkedAt, ownId] = latest;
    const quote: Quote = {
      ...series,
      buy,
      sell,
      at,
      checkedAt: checkedAt ?? at,
      id: ownId ?? quoteIdOf(at),
      ...(batch === 0 ? undefined : { batch }),
    };
    this.#setLatest(id, quote, writes, changes);
    return quote;
  }

  #onRemoved(record: RecordOf<'rates.removed'>, writes: WriteBatch): QuotesChange[] {
    const { seq, from, to, series, latest } = record;
    const changes: QuotesChange[] = [];
    this.batches.addRemoval(record, writes);
    const removal: Removal = { from, to, before: seq };
    for (const id of series)
      this.#hideAndReplaceLatest(id, latest, writes, changes, (state) => withRemoval(state, removal));
    return changes;
  }

  #onCorrected(record: RecordOf<'rates.corrected'>, writes: WriteBatch): QuotesChange[] {
    const { seq, quoteAt, buy, sell } = record;
    const series = seriesFieldsOf(record);
    const changes: QuotesChange[] = [];
    const id = this.#registerSeries(series, writes, changes);
    this.batches.addCorrection(record, id, writes);
    const before = writes.read<Quote>(keys.latest(id));
    const removal: Removal = { from: quoteAt, to: quoteAt + 1, before: seq };
    this.#hide(id, before, writes, changes, (state) => withRemoval(state, removal));
    if (before?.at === quoteAt) {
      // The price changes; its times stay.
      const { batch: _, ...times } = before;
      const row: ImportedRow = [quoteAt, buy, sell, before.checkedAt, before.id];
      this.#storeRows(id, series, [row], seq, before, writes, changes);
      this.#setLatest(id, { ...times, buy, sell, batch: seq }, writes, changes);
    } else this.#storeRows(id, series, [[quoteAt, buy, sell]], seq, before, writes, changes);
    return changes;
  }

  #onUndone(record: RecordOf<'rates.undone'>, writes: WriteBatch): QuotesChange[] {
    const { batch, undone, latest } = record;
    const changes: QuotesChange[] = [];
    const removals = this.batches.setUndone(record, writes);
    for (const [id] of latest) {
      const own = removals.get(id) ?? [];
      this.#hideAndReplaceLatest(id, latest, writes, changes, (state) => withUndone(state, batch, undone, own));
    }
    return changes;
  }

  #onHeld(record: RecordOf<'rates.held'>, writes: WriteBatch): QuotesChange[] {
    const { added, dropped } = this.heldQuotes.stage(record.quotes, record.at, writes);
    return [{ type: 'held', added, removed: dropped }];
  }

  #onDecided(record: RecordOf<'rates.decided'>, writes: WriteBatch): QuotesChange[] {
    const held = writes.read<StoredHeldQuote>(keys.held(record.id));
    if (!held) return [];
    if (!record.accepted) {
      const discarded: StoredHeldQuote = { ...held, discarded: true };
      writes.write(keys.held(record.id), discarded);
      return [{ type: 'held', added: [discarded], removed: [] }];
    }
    const changes: QuotesChange[] = [this.#release([record.id], writes)];
    const { quote } = held;
    const id = this.#registerSeries(seriesFieldsOf(quote), writes, changes);
    const latest = writes.read<Quote>(keys.latest(id));
    if (!latest || quote.at > latest.at) this.#appendQuote(id, quote, writes, changes);
    else {
      const row: ImportedRow = [quote.at, quote.buy, quote.sell, quote.checkedAt, quote.id];
      this.#storeRows(id, seriesFieldsOf(quote), [row], 0, latest, writes, changes);
    }
    return changes;
  }

  #release(ids: readonly number[], writes: WriteBatch): HeldQuotesChange {
    for (const id of ids) writes.delete(keys.held(id));
    return { type: 'held', added: [], removed: ids };
  }

  /** Changes what is hidden in a series. If that hides the latest quote, the one named by the record replaces it. */
  #hideAndReplaceLatest(
    id: SeriesId,
    latest: readonly LatestQuote[],
    writes: WriteBatch,
    changes: QuotesChange[],
    change: (state: HiddenState) => HiddenState,
  ): void {
    const before = writes.read<Quote>(keys.latest(id));
    const hidden = this.#hide(id, before, writes, changes, change);
    const named = latest.find(([series]) => series === id)?.[1] ?? null;
    const isHidden = before === undefined || hidden.isHidden(before.at, before.batch ?? 0);
    if (isHidden || (named && named.at > before.at)) this.#setLatest(id, named, writes, changes);
    else changes.push({ type: 'quote', quote: before });
  }

  #hide(
    id: SeriesId,
    before: Quote | undefined,
    writes: WriteBatch,
    changes: QuotesChange[],
    change: (state: HiddenState) => HiddenState,
  ): HiddenQuotes {
    if (before) this.#writeRow(id, before.at, rowOfQuote(before), writes);
    const old = this.#pendingHidden(id, writes)?.state ?? NONE_HIDDEN;
    const newest = Math.max(orNoTime(old.newest), before?.at ?? NO_TIME);
    const state = change({ ...old, newest });
    writes.write(keys.hidden(id), state);
    changes.push({ type: 'quotesHidden', series: id, state, latest: undefined });
    return new HiddenQuotes(state);
  }

  #setLatest(id: SeriesId, latest: Quote | null, writes: WriteBatch, changes: QuotesChange[]): void {
    if (latest) {
      writes.write(keys.latest(id), latest);
      changes.push({ type: 'quote', quote: latest });
      return;
    }
    writes.delete(keys.latest(id));
    const state = this.#pendingHidden(id, writes)!.state;
    changes.push({ type: 'quotesHidden', series: id, state, latest: null });
  }

  /** The hidden quotes of a series, including earlier records of this batch. */
  #pendingHidden(id: SeriesId, writes: WriteBatch): HiddenQuotes | undefined {
    const pending = writes.readPending<HiddenState>(keys.hidden(id));
    return pending ? new HiddenQuotes(pending) : this.#hidden.get(id);
  }

  #newestAt(id: SeriesId, latest: Quote | undefined, writes: WriteBatch): EpochMs {
    const hidden = this.#pendingHidden(id, writes);
    return Math.max(latest?.at ?? NO_TIME, orNoTime(hidden?.state.newest));
  }

  /** @returns whether another batch has a quote at this instant, hidden or not */
  #writeRow(id: SeriesId, at: EpochMs, row: QuoteRow, writes: WriteBatch): boolean {
    const key = keys.quote(id, at);
    const rows = withRow(writes.read<StoredRows>(key), row);
    writes.write(key, rows);
    return rowsOf(rows).length > 1;
  }

  #registerSeries(series: SeriesDefinition, writes: WriteBatch, changes: QuotesChange[]): SeriesId {
    const id = seriesId(series);
    this.#registerInstrument(series, writes, changes);
    const known = writes.read<SeriesId[]>(keys.series(series.provider)) ?? [];
    if (!known.includes(id)) writes.write(keys.series(series.provider), [...known, id]);
    return id;
  }

  /** The first quote defines an instrument, together with its catalogue entry. */
  #registerInstrument(
    quote: Pick<Quote, 'instrument' | 'market' | 'unit' | 'currency'>,
    writes: WriteBatch,
    changes: QuotesChange[],
  ): void {
    const id = quote.instrument;
    if (this.#instruments.has(id) || writes.readPending(keys.instrument(id)) !== undefined) return;
    const known = findCatalogueInstrument(id);
    const instrument: Instrument = {
      id,
      market: quote.market,
      name: known?.id === id ? known.name : id,
      unit: quote.unit,
      currency: quote.currency,
    };
    writes.write(keys.instrument(id), instrument);
    changes.push({ type: 'instrument', instrument });
  }
}

/** Sorted on read: a response may bring many series, and each would sort all of them. */
interface SeriesOfInstrument {
  ids: SeriesId[];
  isSorted: boolean;
}

/** JSON cannot express infinity. */
function orNoTime(at: EpochMs | null | undefined): EpochMs {
  return at ?? NO_TIME;
}

/** Derives the observation of a quote from a record that does not contain it. */
function withObservedFrom(quote: Quote, receivedAt: EpochMs): Quote {
  if (receivedAt - quote.at > LEGACY_MAX_AGE_MS) return { ...quote, checkedAt: quote.at };
  return receivedAt > quote.at ? { ...quote, observedFrom: receivedAt } : { ...quote, observedFrom: quote.at };
}

function isObservationGap(latest: Quote, confirmedAt: EpochMs): boolean {
  return confirmedAt - latest.checkedAt > LEGACY_GAP_MS || latest.observedFrom === undefined;
}
