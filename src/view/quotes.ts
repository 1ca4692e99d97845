import { fold } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';
import { type Instrument, knownInstrument } from '../domain/instrument.ts';
import { newAliases, price, type Quote, type SeriesId, seriesId } from '../domain/quote.ts';
import type { Change } from '../engine/contract.ts';
import type { Draft } from '../store/draft.ts';
import { keys, within } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { CandleWriter } from './candle-writer.ts';
import { type HeldQuote, HeldQuotes } from './held-quotes.ts';
import {
  HiddenQuotes,
  type HiddenState,
  NOTHING_HIDDEN,
  type Removal,
  withRemoval,
  withUndone,
} from './hidden-quotes.ts';
import { QuoteHistory } from './quote-history.ts';
import {
  batchOf,
  quoteIdOf,
  type Row,
  rowOfImport,
  rowOfQuote,
  rowsOf,
  type StoredRows,
  withRow,
} from './quote-rows.ts';
import { BatchesView } from './rate-batches.ts';
import type { ImportedRow, LatestQuote, RecordOf, SeriesFields } from './records.ts';
import type { Part } from './view.ts';

const DAY_MS = 86_400_000;
/** Records without `confirmed`: a longer time between two confirmations is a gap in the observation. */
const LEGACY_GAP_MS = DAY_MS;
/** Records without `confirmed`: a price that was older than this when it was received was not observed. */
const LEGACY_MAX_AGE_MS = 4 * DAY_MS;

const NEVER = Number.NEGATIVE_INFINITY;

/** Quotes: the newest of each series in memory, all of them and their candles on disk. */
export class QuotesView implements Part {
  readonly kinds = {
    'rates.received': (record: RecordOf<'rates.received'>, draft: Draft) => this.#received(record, draft),
    'rates.backfilled': (record: RecordOf<'rates.backfilled'>, draft: Draft) => {
      draft.write(keys.backfilled(record.provider), record.at);
      return [];
    },
    'rates.importStarted': (record: RecordOf<'rates.importStarted'>, draft: Draft) => {
      this.batches.start(record, draft);
      return [];
    },
    'rates.imported': (record: RecordOf<'rates.imported'>, draft: Draft) => this.#imported(record, draft),
    'rates.removed': (record: RecordOf<'rates.removed'>, draft: Draft) => this.#removed(record, draft),
    'rates.corrected': (record: RecordOf<'rates.corrected'>, draft: Draft) => this.#corrected(record, draft),
    'rates.undone': (record: RecordOf<'rates.undone'>, draft: Draft) => this.#undone(record, draft),
    'rates.held': (record: RecordOf<'rates.held'>, draft: Draft) => this.#heldBack(record, draft),
    'rates.decided': (record: RecordOf<'rates.decided'>, draft: Draft) => this.#decided(record, draft),
    'rates.compacted': ({ through }: RecordOf<'rates.compacted'>, draft: Draft) => {
      draft.write(keys.compacted, through);
      return [];
    },
  };

  /** Imports, removals and corrections. */
  readonly batches: BatchesView;
  /** Single series, as they are stored. */
  readonly history: QuoteHistory;
  readonly heldQuotes = new HeldQuotes();
  readonly #store: Store;
  readonly #instruments = new Map<string, Instrument>();
  readonly #latest = new Map<SeriesId, Quote>();
  readonly #series = new Map<string, SeriesOfInstrument>();
  readonly #hidden = new Map<SeriesId, HiddenQuotes>();
  readonly #aliases = new Map<SeriesId, readonly string[]>();
  /** By folded alias: the series that have it, and how each of them writes it. */
  readonly #aliased = new Map<string, Map<SeriesId, string>>();

  constructor(store: Store) {
    this.#store = store;
    this.batches = new BatchesView(store);
    this.history = new QuoteHistory(
      store,
      (series) => this.#latest.get(series),
      (series) => this.#hidden.get(series),
    );
  }

  async load(): Promise<void> {
    for await (const [, text] of this.#store.range(within('i/'))) {
      const instrument = JSON.parse(text) as Instrument;
      this.#instruments.set(instrument.id, instrument);
    }
    for await (const [, text] of this.#store.range(within('l/'))) this.#remember(JSON.parse(text) as Quote);
    for await (const [key, text] of this.#store.range(within('z/'))) {
      this.#hidden.set(key.slice(2), new HiddenQuotes(JSON.parse(text) as HiddenState));
    }
    const prefix = keys.aliases('');
    for await (const [key, text] of this.#store.range(within(prefix))) {
      this.#rememberAliases(key.slice(prefix.length), JSON.parse(text) as string[]);
    }
    await this.heldQuotes.load(this.#store);
  }

  /** Instruments that ever had a quote, by id. */
  get instruments(): ReadonlyMap<string, Instrument> {
    return this.#instruments;
  }

  latestOf(series: SeriesId): Quote | undefined {
    return this.#latest.get(series);
  }

  /** Latest quotes of an instrument, one a series, by provider, company and brand. */
  latest(instrument: string): Quote[] {
    const series = this.#series.get(instrument);
    if (!series) return [];
    if (!series.isSorted) {
      series.ids.sort();
      series.isSorted = true;
    }
    return series.ids.map((id) => this.#latest.get(id)!);
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

  /** Which quotes of a series are hidden; undefined: none. */
  hiddenOf(series: SeriesId): HiddenQuotes | undefined {
    return this.#hidden.get(series);
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

  /** When a price of the provider was last received. */
  lastReceived(provider: string): Instant | undefined {
    const received = this.seriesOf(provider).flatMap((id) => {
      const latest = this.#latest.get(id);
      return latest ? (latest.receivedAt ?? latest.checkedAt) : [];
    });
    return received.length === 0 ? undefined : Math.max(...received);
  }

  committed(change: Change): void {
    switch (change.type) {
      case 'quote':
        this.#remember((change as QuoteChange).quote);
        break;
      case 'confirmed':
        for (const quote of (change as ConfirmedChange).quotes) this.#remember(quote);
        break;
      case 'quotesHidden': {
        const { series, state, latest } = change as QuotesHiddenChange;
        this.#hidden.set(series, new HiddenQuotes(state));
        if (latest === null) this.#forget(series);
        break;
      }
      case 'held':
        for (const held of (change as HeldChange).added) this.heldQuotes.remember(held);
        for (const id of (change as HeldChange).removed) this.heldQuotes.forget(id);
        break;
      case 'aliases':
        this.#rememberAliases((change as AliasesChange).series, (change as AliasesChange).aliases);
        break;
      case 'instrument': {
        const { instrument } = change as unknown as { instrument: Instrument };
        this.#instruments.set(instrument.id, instrument);
        break;
      }
    }
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
      const name = fold(alias);
      const series = this.#aliased.get(name);
      if (series) series.set(id, alias);
      else this.#aliased.set(name, new Map([[id, alias]]));
    }
  }

  #forget(series: SeriesId): void {
    const latest = this.#latest.get(series);
    this.#latest.delete(series);
    const known = latest && this.#series.get(latest.instrument);
    if (known) known.ids = known.ids.filter((id) => id !== series);
  }

  #received(record: RecordOf<'rates.received'>, draft: Draft): Change[] {
    const { provider, quotes, missing, confirmed, released = [], aliases = [] } = record;
    const changes: Change[] = [];
    const changed = new Set<SeriesId>();
    const known = draft.read<SeriesId[]>(keys.series(provider)) ?? [];
    const series = new Set(known);
    for (const quote of quotes) {
      const id = seriesId(quote);
      changed.add(id);
      series.add(id);
      this.#found(quote, draft, changes);
      this.#append(id, confirmed ? quote : observedAt(quote, record.at), draft, changes);
    }
    if (series.size > known.length) draft.write(keys.series(provider), [...series]);
    const skipped = new Set(missing);
    const details = new Map(confirmed?.map(([id, ...times]) => [id, times]));
    const moved: Quote[] = [];
    for (const id of known) {
      if (changed.has(id) || skipped.has(id)) continue;
      const latest = draft.read<Quote>(keys.latest(id));
      if (!latest || latest.checkedAt >= record.at) continue;
      if (!confirmed && isGap(latest, record.at)) {
        // Not observed in between: the same price begins anew.
        if (latest.observedFrom === undefined) continue;
        const again = {
          ...latest,
          at: record.at,
          checkedAt: record.at,
          observedFrom: record.at,
          id: quoteIdOf(record.at),
        };
        this.#append(id, again, draft, changes);
        continue;
      }
      const [statedAt, checkedAt] = details.get(id) ?? [latest.statedAt ?? null, record.at];
      const quote = {
        ...latest,
        checkedAt: Math.max(checkedAt, latest.checkedAt),
        receivedAt: record.at,
        ...(statedAt === null ? undefined : { statedAt }),
      };
      draft.write(keys.latest(id), quote);
      moved.push(quote);
    }
    if (moved.length > 0) changes.push({ type: 'confirmed', quotes: moved } satisfies ConfirmedChange);
    if (released.length > 0) changes.push(this.#release(released, draft));
    for (const [id, names] of aliases) this.#named(id, names, draft, changes);
    return changes;
  }

  /** A quote behind all others of its series. One that is not newer is left out: a late answer undoes nothing. */
  #append(id: SeriesId, quote: Quote, draft: Draft, changes: Change[]): void {
    const previous = draft.read<Quote>(keys.latest(id));
    if (previous) {
      if (quote.at <= previous.at) return;
      this.#writeRow(id, previous.at, rowOfQuote(previous), draft);
    }
    const isShared = this.#writeRow(id, quote.at, rowOfQuote(quote), draft);
    draft.write(keys.latest(id), quote);
    const candles = new CandleWriter(draft, id, 0, this.#newest(id, previous, draft));
    candles.add(price(quote), quote.at, undefined, isShared);
    candles.close();
    changes.push({ type: 'quote', quote } satisfies QuoteChange);
  }

  #imported(record: RecordOf<'rates.imported'>, draft: Draft): Change[] {
    const { rows, batch = 0, replaces, aliases = [] } = record;
    const series = fieldsOf(record);
    const changes: Change[] = [];
    const id = this.#knownSeries(series, draft, changes);
    let before = draft.read<Quote>(keys.latest(id));
    if (replaces) {
      const [from, to] = replaces;
      const removal: Removal = { from, to, before: batch };
      const hidden = this.#hide(id, before, draft, changes, (state) => withRemoval(state, removal));
      if (before && hidden.covers(before.at, before.batch ?? 0)) before = undefined;
    }
    const latest = this.#storeRows(id, series, rows, batch, before, draft, changes);
    if (replaces && !before && !latest) this.#setLatest(id, null, draft, changes);
    this.batches.add(batch, id, rows, replaces, draft);
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

  /** Rows of one batch. @returns the newest of them, where it is the latest of the series now */
  #storeRows(
    id: SeriesId,
    series: SeriesFields,
    rows: readonly ImportedRow[],
    batch: number,
    before: Quote | undefined,
    draft: Draft,
    changes: Change[],
  ): Quote | undefined {
    const newest = this.#newest(id, before, draft);
    const hidden = this.#pendingHidden(id, draft);
    const candles = new CandleWriter(draft, id, batch, newest);
    // Imports are long: a row costs its key, its value and what candles take of it, nothing else.
    const keyOf = keys.quotesOf(id);
    let known = newest;
    let latestAt = before?.at ?? NEVER;
    let latest: ImportedRow | undefined;
    for (const row of rows) {
      const at = row[0];
      const key = keyOf(at);
      const stored = at <= known ? draft.read<StoredRows>(key) : undefined;
      if (stored && rowsOf(stored).some((other) => batchOf(other) === batch)) continue; // the same row twice counts once
      const kept = rowOfImport(row, batch);
      draft.write(key, stored ? withRow(stored, kept) : kept);
      candles.add((row[2] ?? row[1]) as number, at, row[5], stored !== undefined);
      if (at > known) known = at;
      if (at > latestAt && !hidden?.covers(at, batch)) {
        latestAt = at;
        latest = row;
      }
    }
    candles.close();
    if (!latest) return undefined;
    // The one that was newest until now was confirmed under `latest` only.
    if (before) this.#writeRow(id, before.at, rowOfQuote(before), draft);
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
    this.#setLatest(id, quote, draft, changes);
    return quote;
  }

  #removed(record: RecordOf<'rates.removed'>, draft: Draft): Change[] {
    const { seq, from, to, series, latest } = record;
    const changes: Change[] = [];
    this.batches.remove(record, draft);
    const removal: Removal = { from, to, before: seq };
    for (const id of series) this.#hideAndSettle(id, latest, draft, changes, (state) => withRemoval(state, removal));
    return changes;
  }

  #corrected(record: RecordOf<'rates.corrected'>, draft: Draft): Change[] {
    const { seq, quoteAt, buy, sell } = record;
    const series = fieldsOf(record);
    const changes: Change[] = [];
    const id = this.#knownSeries(series, draft, changes);
    this.batches.correct(record, id, draft);
    const before = draft.read<Quote>(keys.latest(id));
    const removal: Removal = { from: quoteAt, to: quoteAt + 1, before: seq };
    this.#hide(id, before, draft, changes, (state) => withRemoval(state, removal));
    if (before?.at === quoteAt) {
      // The price is another one; when it held and was confirmed stays.
      const { batch: _, ...times } = before;
      const row: ImportedRow = [quoteAt, buy, sell, before.checkedAt, before.id];
      this.#storeRows(id, series, [row], seq, before, draft, changes);
      this.#setLatest(id, { ...times, buy, sell, batch: seq }, draft, changes);
    } else this.#storeRows(id, series, [[quoteAt, buy, sell]], seq, before, draft, changes);
    return changes;
  }

  #undone(record: RecordOf<'rates.undone'>, draft: Draft): Change[] {
    const { batch, undone, latest } = record;
    const changes: Change[] = [];
    const removals = this.batches.setUndone(record, draft);
    for (const [id] of latest) {
      const own = removals.get(id) ?? [];
      this.#hideAndSettle(id, latest, draft, changes, (state) => withUndone(state, batch, undone, own));
    }
    return changes;
  }

  #heldBack(record: RecordOf<'rates.held'>, draft: Draft): Change[] {
    const { added, dropped } = this.heldQuotes.stage(record.quotes, record.at, draft);
    return [{ type: 'held', added, removed: dropped } satisfies HeldChange];
  }

  #decided(record: RecordOf<'rates.decided'>, draft: Draft): Change[] {
    const held = draft.read<HeldQuote>(keys.held(record.id));
    if (!held) return [];
    if (!record.accepted) {
      const discarded: HeldQuote = { ...held, discarded: true };
      draft.write(keys.held(record.id), discarded);
      return [{ type: 'held', added: [discarded], removed: [] } satisfies HeldChange];
    }
    const changes: Change[] = [this.#release([record.id], draft)];
    const { quote } = held;
    const id = this.#knownSeries(fieldsOf(quote), draft, changes);
    const latest = draft.read<Quote>(keys.latest(id));
    if (!latest || quote.at > latest.at) this.#append(id, quote, draft, changes);
    else {
      const row: ImportedRow = [quote.at, quote.buy, quote.sell, quote.checkedAt, quote.id];
      this.#storeRows(id, fieldsOf(quote), [row], 0, latest, draft, changes);
    }
    return changes;
  }

  #release(ids: readonly number[], draft: Draft): HeldChange {
    for (const id of ids) draft.delete(keys.held(id));
    return { type: 'held', added: [], removed: ids };
  }

  /** Changes what is hidden of a series, and puts the latest quote that the record names in place where it was hidden. */
  #hideAndSettle(
    id: SeriesId,
    latest: readonly LatestQuote[],
    draft: Draft,
    changes: Change[],
    change: (state: HiddenState) => HiddenState,
  ): void {
    const before = draft.read<Quote>(keys.latest(id));
    const hidden = this.#hide(id, before, draft, changes, change);
    const named = latest.find(([series]) => series === id)?.[1] ?? null;
    const isHidden = before === undefined || hidden.covers(before.at, before.batch ?? 0);
    if (isHidden || (named && named.at > before.at)) this.#setLatest(id, named, draft, changes);
    else changes.push({ type: 'quote', quote: before } satisfies QuoteChange);
  }

  #hide(
    id: SeriesId,
    before: Quote | undefined,
    draft: Draft,
    changes: Change[],
    change: (state: HiddenState) => HiddenState,
  ): HiddenQuotes {
    if (before) this.#writeRow(id, before.at, rowOfQuote(before), draft);
    const old = this.#pendingHidden(id, draft)?.state ?? NOTHING_HIDDEN;
    const newest = Math.max(finite(old.newest), before?.at ?? NEVER);
    const state = change({ ...old, newest });
    draft.write(keys.hidden(id), state);
    changes.push({ type: 'quotesHidden', series: id, state, latest: undefined } satisfies QuotesHiddenChange);
    return new HiddenQuotes(state);
  }

  #setLatest(id: SeriesId, latest: Quote | null, draft: Draft, changes: Change[]): void {
    if (latest) {
      draft.write(keys.latest(id), latest);
      changes.push({ type: 'quote', quote: latest } satisfies QuoteChange);
      return;
    }
    draft.delete(keys.latest(id));
    const state = this.#pendingHidden(id, draft)!.state;
    changes.push({ type: 'quotesHidden', series: id, state, latest: null } satisfies QuotesHiddenChange);
  }

  /** What is hidden of a series, earlier records of the batch included. */
  #pendingHidden(id: SeriesId, draft: Draft): HiddenQuotes | undefined {
    const pending = draft.readNew<HiddenState>(keys.hidden(id));
    return pending ? new HiddenQuotes(pending) : this.#hidden.get(id);
  }

  /** No quote of the series, hidden or not, is newer. */
  #newest(id: SeriesId, latest: Quote | undefined, draft: Draft): Instant {
    const hidden = this.#pendingHidden(id, draft);
    return Math.max(latest?.at ?? NEVER, finite(hidden?.state.newest));
  }

  /** @returns whether another batch has a quote at this instant, hidden or not */
  #writeRow(id: SeriesId, at: Instant, row: Row, draft: Draft): boolean {
    const key = keys.quote(id, at);
    const rows = withRow(draft.read<StoredRows>(key), row);
    draft.write(key, rows);
    return rowsOf(rows).length > 1;
  }

  #knownSeries(series: SeriesFields, draft: Draft, changes: Change[]): SeriesId {
    const id = seriesId(series);
    this.#found(series, draft, changes);
    const known = draft.read<SeriesId[]>(keys.series(series.provider)) ?? [];
    if (!known.includes(id)) draft.write(keys.series(series.provider), [...known, id]);
    return id;
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
}

/** Sorted when it is read: a response may bring many series, and each would sort all of them. */
interface SeriesOfInstrument {
  ids: SeriesId[];
  isSorted: boolean;
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

/** Other quotes of a series are hidden than before. `latest` null: none is left. */
export interface QuotesHiddenChange extends Change {
  readonly type: 'quotesHidden';
  readonly series: SeriesId;
  readonly state: HiddenState;
  readonly latest: null | undefined;
}

export interface HeldChange extends Change {
  readonly type: 'held';
  readonly added: readonly HeldQuote[];
  readonly removed: readonly number[];
}

function fieldsOf({
  instrument,
  market,
  provider,
  company,
  brand,
  currency,
  unit,
}: SeriesFields | Quote): SeriesFields {
  return { instrument, market, provider, company, brand, currency, unit };
}

/** JSON has no infinity. */
function finite(at: Instant | null | undefined): Instant {
  return at ?? NEVER;
}

/** A quote of a record that does not tell what was observed. */
function observedAt(quote: Quote, receivedAt: Instant): Quote {
  if (receivedAt - quote.at > LEGACY_MAX_AGE_MS) return { ...quote, checkedAt: quote.at };
  return receivedAt > quote.at ? { ...quote, observedFrom: receivedAt } : { ...quote, observedFrom: quote.at };
}

function isGap(latest: Quote, confirmedAt: Instant): boolean {
  return confirmedAt - latest.checkedAt > LEGACY_GAP_MS || latest.observedFrom === undefined;
}
