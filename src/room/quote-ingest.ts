import { AppError } from '../domain/app-error.ts';
import { yieldToEventLoop } from '../domain/deferred.ts';
import { defined } from '../domain/defined.ts';
import { statedTimeExpiry } from '../domain/freshness.ts';
import {
  findCatalogueInstrument,
  type Instrument,
  isInstrumentId,
  type Market,
  makeInstrumentId,
} from '../domain/instrument.ts';
import {
  type DatedNewQuote,
  findNewAliases,
  hasSamePrice,
  type NewQuote,
  type Quote,
  referencePrice,
  type SeriesId,
  seriesId,
} from '../domain/quote.ts';
import { type ComparisonPrice, isProvisionalPrice, validateQuote } from '../domain/quote-validation.ts';
import { sanitizeText } from '../domain/text.ts';
import { type EpochMs, formatDate, MAX_EPOCH_MS } from '../domain/time.ts';
import { type Unit, unitConversionFactor } from '../domain/unit.ts';
import type {
  ImportedRow,
  JournalRecords,
  NewHeldQuote,
  SeriesConfirmation,
  SeriesDefinition,
  TradingRange,
} from '../projections/journal-records.ts';
import { quoteIdOf } from '../projections/quote-rows.ts';
import type { IngestResult, PriceDistance, QuoteSink, RejectedQuote } from '../rates/quote-sink.ts';
import { appendNow, appendToJournal, type RoomContext } from './append-to-journal.ts';
import { ComparisonPrices } from './comparison-prices.ts';
import { ProviderSeriesLimiter } from './provider-series-limiter.ts';
import { Quarantine } from './quarantine.ts';
import type { ProviderTiming, RateQueries } from './rate-queries.ts';
import { validateRows } from './row-validation.ts';

export interface SeriesInput {
  readonly instrument: string;
  readonly market?: Market | undefined;
  readonly provider?: string | undefined;
  readonly company?: string | undefined;
  readonly brand?: string | undefined;
  readonly currency?: string | undefined;
  readonly unit?: Unit | undefined;
  readonly aliases?: readonly string[] | undefined;
}

export interface ImportOptions {
  readonly batch: number;
  /** Hides other quotes of the series in `[from, to)`. */
  readonly replaces?: readonly [from: EpochMs, to: EpochMs] | undefined;
  readonly force?: boolean | undefined;
}

export interface ImportOutcome {
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: readonly { readonly row: number; readonly reason: string }[];
}

/** Rows per record, so that records and their batches stay small. */
const MAX_ROWS_PER_RECORD = 2000;
const PROVIDER_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const CURRENCY = /^[A-Z0-9]{3,5}$/;
/** Quotes of a response validated per turn of the event loop. */
const QUOTES_PER_TURN = 50;
/** New prices of a response stored per record; the event loop gets a turn between records. */
const QUOTES_PER_RECORD = 100;
/** Tolerated difference between the clock of an import's author and ours. */
const MAX_CLOCK_SKEW_MS = 10 * 60_000;
const MAX_TEXT_CHARS = 128;
const DAY_MS = 86_400_000;
/** Older rows of a live response stored at a time. The next response brings the others again. */
const MAX_OLDER = 200;
/** Held quotes per response; further ones are refused. */
const MAX_HELD_PER_RESPONSE = 100;
/** How long before a page of a history a held row may be that the page confirms. */
const MAX_HELD_BEFORE_MS = 7 * DAY_MS;
/** From this difference on, a provider is reported as far from another one. */
const MIN_DISTANCE_PERCENT = 5;
const MAX_DISTANCES = 200;
/** Rows of an import that are compared with stored prices, spread evenly over each call. */
const MAX_SAMPLES = 8;
const MAX_IMPORT_STARTS = 4096;
const MOST_DIFFER_PREFIX = 'most prices of the file are implausible, for example on';

type StoredPrices = readonly [at: EpochMs, buy: number | null, sell: number | null, ...rest: unknown[]];

interface Outcomes {
  readonly changed: Map<SeriesId, Quote>;
  readonly confirmed: Map<SeriesId, SeriesConfirmation | undefined>;
  readonly held: NewHeldQuote[];
  readonly released: number[];
  readonly refused: RejectedQuote[];
  readonly aliases: Map<SeriesId, string[]>;
  readonly older: DatedNewQuote[];
}

/** Accepts quotes from providers and files: normalizes, validates and stores them. */
export class QuoteIngest implements QuoteSink {
  readonly #room: RoomContext & { rates: RateQueries };
  readonly #comparisons: ComparisonPrices;
  readonly #quarantine: Quarantine;
  /** Imported rows on their way to the journal, by series. Concurrent imports of the series must see them. */
  readonly #pendingImports = new Map<SeriesId, Set<ReadonlyMap<EpochMs, ImportedRow>>>();
  readonly #importStarts = new Map<SeriesId, number>();

  constructor(room: RoomContext & { rates: RateQueries }) {
    this.#room = room;
    this.#quarantine = new Quarantine(room.readModel.quotes.heldQuotes);
    this.#comparisons = new ComparisonPrices(room, this.#quarantine);
  }

  lastReceived(provider: string): EpochMs | undefined {
    return this.#room.readModel.quotes.lastReceived(provider);
  }

  hasHistory(provider: string): boolean {
    return this.#room.readModel.quotes.hasHistory(provider);
  }

  async historyDone(provider: string): Promise<void> {
    await appendNow(this.#room, 'rates.backfilled', { provider });
  }

  async receive(provider: string, quotes: readonly NewQuote[], at: EpochMs): Promise<IngestResult> {
    const outcomes: Outcomes = {
      changed: new Map(),
      confirmed: new Map(),
      held: [],
      released: [],
      refused: [],
      aliases: new Map(),
      older: [],
    };
    const timing = this.#room.rates.timingOf(provider);
    let judged = 0;
    for (const [id, quote] of await this.#newestRows(provider, quotes, at, outcomes)) {
      if (++judged % QUOTES_PER_TURN === 0) await yieldToEventLoop();
      this.#classify(id, quote, at, timing, outcomes);
    }
    const { changed, confirmed, held, refused, aliases, older } = outcomes;
    if (held.length > 0) await appendToJournal(this.#room.journal, 'rates.held', at, { provider, quotes: held });
    // Do not keep aliases of series whose prices were not accepted.
    for (const id of aliases.keys()) if (!changed.has(id) && !confirmed.has(id)) aliases.delete(id);
    if (changed.size + confirmed.size > 0) await this.#storeResponse(provider, at, outcomes);
    await this.#storeOlder(provider, older, refused);
    const times = quotes.flatMap(({ at }) => (at !== undefined && Math.abs(at) <= MAX_EPOCH_MS ? [at] : []));
    return {
      stored: changed.size,
      confirmed: confirmed.size,
      held: held.length,
      refused,
      statedAt: timing.statedTime === 'none' || times.length === 0 ? null : newestTime(times),
      distance: this.#distance(provider, [...changed.keys(), ...confirmed.keys()]),
    };
  }

  /** Writes one record, or more if there are too many new prices. Later records confirm the rest. */
  async #storeResponse(
    provider: string,
    at: EpochMs,
    { changed, confirmed, released, aliases }: Outcomes,
  ): Promise<void> {
    const all = [...changed];
    for (let start = 0; start < all.length || start === 0; start += QUOTES_PER_RECORD) {
      const stored = new Map(all.slice(start, start + QUOTES_PER_RECORD));
      const isConfirmed = (id: SeriesId) => start === 0 && confirmed.has(id);
      const missing = this.#room.readModel.quotes
        .seriesOf(provider)
        .filter((id) => !stored.has(id) && !isConfirmed(id));
      const names = [...aliases].filter(([id]) => stored.has(id) || isConfirmed(id));
      await appendToJournal(this.#room.journal, 'rates.received', at, {
        provider,
        quotes: [...stored.values()],
        missing,
        confirmed: start === 0 ? [...confirmed.values()].filter((each) => each !== undefined) : [],
        ...(start > 0 || released.length === 0 ? undefined : { released }),
        ...(names.length === 0 ? undefined : { aliases: names }),
      });
    }
  }

  /** The largest difference between the provider's prices and those of others; null if all are near. */
  #distance(provider: string, series: readonly SeriesId[]): PriceDistance | null {
    let farthest: PriceDistance | null = null;
    for (const id of series.slice(0, MAX_DISTANCES)) {
      const own = this.#room.readModel.quotes.latestOf(id);
      const other = own && this.#room.rates.freshQuotes(own.instrument).find((quote) => quote.provider !== provider);
      if (!other) continue;
      const percent = (referencePrice(own) / referencePrice(other) - 1) * 100;
      if (!Number.isFinite(percent)) continue;
      if (Math.abs(percent) < MIN_DISTANCE_PERCENT || Math.abs(percent) <= Math.abs(farthest?.percent ?? 0)) continue;
      farthest = { percent, label: other.provider, instrument: own.instrument };
    }
    return farthest;
  }

  /** The newest row of each series. Other rows of the response are past prices. */
  async #newestRows(
    provider: string,
    quotes: readonly NewQuote[],
    now: EpochMs,
    { refused, aliases, older }: Outcomes,
  ): Promise<Map<SeriesId, NewQuote>> {
    const newest = new Map<SeriesId, NewQuote>();
    const bounds = this.#boundsOf(provider);
    for (const [i, raw] of quotes.entries()) {
      if (i % QUOTES_PER_TURN === QUOTES_PER_TURN - 1) await yieldToEventLoop();
      const normalized = this.#normalize({ ...raw, provider }, bounds, refused);
      if (!normalized) continue;
      const { aliases: names = [], ...quote } = normalized;
      const id = seriesId(quote);
      const added = this.#newAliases(id, [...(aliases.get(id) ?? []), ...names]);
      if (added.length > 0) aliases.set(id, added);
      const other = newest.get(id);
      const isNewer = !other || (quote.at ?? now) >= (other.at ?? now);
      const replaced = isNewer ? other : quote;
      if (replaced && isDated(replaced) && replaced.at !== (isNewer ? quote : other)?.at) older.push(replaced);
      if (isNewer) newest.set(id, quote);
    }
    return newest;
  }

  #classify(id: SeriesId, quote: NewQuote, now: EpochMs, { everyMs, statedTime }: ProviderTiming, to: Outcomes): void {
    const last = this.#room.readModel.quotes.latestOf(id);
    // A time slightly in the future comes from a clock that differs from ours.
    const statedAt = statedTime === 'none' || isSlightlyAhead(quote.at, now) ? undefined : quote.at;
    // A cache or another server of the provider replied: this price is in the past.
    const isOlder = statedAt !== undefined && last !== undefined && statedAt < (last.statedAt ?? last.at);
    if (isOlder || now < (last?.receivedAt ?? now)) {
      if (isDated(quote) && statedTime !== 'none') to.older.push(quote);
      return;
    }
    const isKnown = last !== undefined && hasSamePrice(last, quote);
    const isWeak = last !== undefined && isProvisionalPrice(last, everyMs);
    const accepted = isKnown ? { isWeak } : this.#validate(id, quote, statedAt ?? now, now, everyMs, isWeak, to);
    if (!accepted) return;
    const isCurrent = statedAt === undefined || now < statedTimeExpiry(statedAt, quote, everyMs);
    const confirmedAt = statedTime === 'response' && statedAt !== undefined ? Math.min(statedAt, now) : now;
    const gap = Math.min(3 * everyMs, DAY_MS);
    const isObserved = last?.observedFrom !== undefined && confirmedAt - last.checkedAt <= gap;
    if (isKnown) {
      if (!isCurrent) return;
      if (isObserved) {
        const isPlain = confirmedAt === now && statedAt === last.statedAt;
        to.confirmed.set(id, isPlain ? undefined : [id, statedAt ?? null, confirmedAt]);
        return;
      }
    }
    let from = statedAt ?? now;
    // The provider states the same time for two prices, or for one price after a gap. Use the time when we saw it.
    if (last && from <= Math.max(last.at, isKnown ? last.checkedAt : last.at)) {
      if (!isCurrent) {
        to.refused.push({ quote, reason: 'its stated time is not newer than that of a stored price' });
        return;
      }
      from = Math.max(confirmedAt, last.at + 1);
    }
    if (this.#room.readModel.quotes.hiddenOf(id)?.isHidden(from, 0)) from = Math.max(now, from);
    const checkedAt = isCurrent ? Math.max(confirmedAt, from) : from;
    to.changed.set(id, {
      ...quote,
      at: from,
      checkedAt,
      ...(isCurrent ? { observedFrom: Math.min(checkedAt, Math.max(confirmedAt, from)) } : undefined),
      ...defined({ statedAt }),
      ...(accepted.isWeak ? { weakSince: isWeak && isObserved ? last?.weakSince : checkedAt } : undefined),
      receivedAt: now,
      id: quote.id ?? quoteIdOf(from),
    });
  }

  /**
   * Accepts, holds or refuses a new price.
   * @param isLastWeak whether the last price of its series is weak
   * @returns whether it could be compared with weak and held prices only; undefined if it is not accepted
   */
  #validate(
    id: SeriesId,
    quote: NewQuote,
    at: EpochMs,
    now: EpochMs,
    everyMs: number,
    isLastWeak: boolean,
    to: Outcomes,
  ): { isWeak: boolean } | undefined {
    const comparisons = this.#comparisons.current(quote, isLastWeak, now);
    const validated = { ...quote, at };
    const verdict = validateQuote(validated, comparisons, now);
    if (verdict.outcome === 'accepted') {
      to.released.push(...this.#quarantine.recordAccepted(id, quote));
      return { isWeak: comparisons.every((other) => other.isWeak || other.isHeld) };
    }
    if (verdict.outcome === 'invalid') {
      to.refused.push({ quote, reason: verdict.reason });
      return undefined;
    }
    const decision = this.#quarantine.recordHeld(id, validated, verdict.factor, comparisons, everyMs, now);
    if (decision.isConfirmed) {
      to.released.push(...decision.ids);
      return { isWeak: false };
    }
    to.refused.push({ quote, reason: decision.isDiscarded ? `${verdict.reason} (discarded)` : verdict.reason });
    if (!decision.isNew || to.held.length >= MAX_HELD_PER_RESPONSE) return undefined;
    const { reason, factor } = verdict;
    to.held.push({
      quote: { ...quote, at, checkedAt: at, receivedAt: now, id: quote.id ?? quoteIdOf(at) },
      reason,
      ...(factor === undefined ? undefined : { factor: factor.factor }),
      comparisons: verdict.comparisons.slice(0, 5).map(({ label, buy, sell }) => ({ label, buy, sell })),
    });
    return undefined;
  }

  /** Stores past prices of a live response at their own time, where no other price was observed. */
  async #storeOlder(provider: string, quotes: readonly DatedNewQuote[], refused: RejectedQuote[]): Promise<void> {
    const newRows: DatedNewQuote[] = [];
    for (const quote of quotes) {
      if (newRows.length === MAX_OLDER) break;
      const id = seriesId(quote);
      if (this.#room.readModel.quotes.history.rowsAt(id, quote.at) !== undefined) continue;
      const latest = this.#room.readModel.quotes.latestOf(id);
      const before = latest && (await this.#room.readModel.quotes.history.newestBefore(latest, quote.at));
      const wasObserved =
        before?.observedFrom !== undefined && quote.at >= before.observedFrom && quote.at <= before.checkedAt;
      if (!wasObserved) newRows.push(quote);
    }
    if (newRows.length > 0) refused.push(...(await this.receiveHistory(provider, newRows)).refused);
  }

  async receiveHistory(provider: string, quotes: readonly DatedNewQuote[]): Promise<IngestResult> {
    const refused: RejectedQuote[] = [];
    const bounds = this.#boundsOf(provider);
    const series = new Map<SeriesId, { quote: NewQuote; rows: Map<EpochMs, ImportedRow>; aliases: string[] }>();
    for (const raw of quotes) {
      const quote = this.#normalize({ ...raw, provider }, bounds, refused);
      if (quote?.at === undefined) continue;
      const { at, buy, sell } = quote;
      const id = seriesId(quote);
      const found = series.get(id) ?? { quote, rows: new Map(), aliases: [] };
      series.set(id, found);
      found.aliases = this.#newAliases(id, [...found.aliases, ...(quote.aliases ?? [])]);
      if (this.#room.readModel.quotes.history.rowsAt(id, at) !== undefined) continue;
      found.rows.set(at, quote.id === undefined ? [at, buy, sell] : [at, buy, sell, null, quote.id]);
    }
    let stored = 0;
    let held = 0;
    for (const { quote, rows, aliases } of series.values()) {
      if (rows.size + aliases.length === 0) continue;
      const sorted = [...rows.values()].sort((a, b) => a[0] - b[0]);
      // The last rows of the previous page may start a new level, which the first row of this page confirms.
      const earlier = sorted[0] ? this.#heldBefore(seriesId(quote), sorted[0][0]) : new Map<ImportedRow, number>();
      const judged = [...earlier.keys(), ...sorted];
      const [first] = judged;
      const neighbours = first ? await this.#comparisons.neighbours(quote.instrument, first[0], 0, undefined) : [];
      const accepted: ImportedRow[] = [];
      const suspects: NewHeldQuote[] = [];
      const proven: number[] = [];
      validateRows(quote, judged, neighbours, this.#room.now(), (row, verdict) => {
        const heldId = earlier.get(row);
        if (heldId !== undefined) {
          if (!verdict) proven.push(heldId);
          return;
        }
        if (!verdict) {
          accepted.push(row);
          return;
        }
        const [at, buy, sell] = row;
        refused.push({ quote: { ...quote, at, buy, sell }, reason: verdict.reason });
        if (verdict.outcome !== 'held' || suspects.length >= MAX_HELD_PER_RESPONSE) return;
        const suspect = { ...quote, at, buy, sell, checkedAt: at, id: row[4] ?? quoteIdOf(at) };
        const { reason, comparisons } = verdict;
        if (this.#quarantine.hasLevel(seriesId(quote), suspect)) return;
        suspects.push({
          quote: suspect,
          reason,
          comparisons: comparisons
            .slice(0, 5)
            .map(({ label, ...prices }) => ({ label, buy: prices.buy, sell: prices.sell })),
        });
      });
      stored += accepted.length + proven.length;
      held += suspects.length;
      for (const id of proven) {
        await appendNow(this.#room, 'rates.decided', { id, accepted: true, by: provider });
      }
      await this.#storeImportedRows({ ...quote, aliases }, accepted);
      if (suspects.length > 0) await appendNow(this.#room, 'rates.held', { provider, quotes: suspects });
    }
    return { stored, confirmed: 0, held, refused, statedAt: null, distance: null };
  }

  /** Held rows of a history shortly before an instant, by time, with their ids. */
  #heldBefore(series: SeriesId, at: EpochMs): Map<ImportedRow, number> {
    const rows: [ImportedRow, number][] = [];
    for (const { id, quote } of this.#room.readModel.quotes.heldQuotes.undecidedOf(series)) {
      // Held prices of live responses are confirmed by later responses.
      if (quote.receivedAt !== undefined || quote.at >= at || at - quote.at > MAX_HELD_BEFORE_MS) continue;
      rows.push([[quote.at, quote.buy, quote.sell], id]);
    }
    return new Map(rows.sort(([a], [b]) => a[0] - b[0]));
  }

  async startImport(file: string, by: string): Promise<number> {
    const { seq } = await appendNow(this.#room, 'rates.importStarted', {
      file: truncate(file),
      by,
    });
    return seq;
  }

  /**
   * Imports quotes of one series. Implausible rows are refused by their position; the rest is stored.
   * @throws AppError INVALID_PARAMS when the series is ambiguous
   */
  async importRows(
    series: SeriesInput,
    rows: readonly ImportedRow[],
    { batch, replaces, force }: ImportOptions,
  ): Promise<ImportOutcome> {
    const { fields, factor } = this.#seriesOf(series);
    const id = seriesId(fields);
    const now = this.#room.now();
    const refused: { row: number; reason: string }[] = [];
    const newRows: ImportedRow[] = [];
    const positions: number[] = [];
    const accepted = new Map<EpochMs, ImportedRow>();
    const pending = this.#pendingImports.get(id);
    let duplicates = 0;
    for (const [row, raw] of rows.entries()) {
      const normalized = normalizeRow(raw, factor, now);
      if (typeof normalized === 'string') {
        refused.push({ row, reason: normalized });
        continue;
      }
      const [at, buy, sell] = normalized;
      let known: StoredPrices | undefined = accepted.get(at);
      if (pending) for (const others of pending) known ??= others.get(at);
      const isReplaced = replaces !== undefined && at >= replaces[0] && at < replaces[1];
      if (!known && !isReplaced) {
        const stored = this.#room.readModel.quotes.history.rowAt(id, at);
        known = stored && [at, stored[0], stored[1]];
      }
      if (known && known[1] === buy && known[2] === sell) {
        duplicates++;
        continue;
      }
      if (known) {
        const reason = `another price is stored for that time: buy ${known[1]}, sell ${known[2]} (--replace overwrites it)`;
        refused.push({ row, reason });
        continue;
      }
      newRows.push(normalized);
      positions.push(row);
      accepted.set(at, normalized);
    }
    const byTime = [...newRows].sort((a, b) => a[0] - b[0]);
    let positionOf: Map<ImportedRow, number> | undefined;
    // Publish the rows to concurrent imports of the series before the first await.
    const own = this.#pendingImports.get(id) ?? new Set();
    this.#pendingImports.set(id, own.add(accepted));
    try {
      if (this.#room.readModel.quotes.latestOf(id) === undefined) this.#recordImportStart(id, batch);
      const isAlone = replaces !== undefined || this.#importStarts.get(id) === batch;
      const problem = force
        ? undefined
        : await this.#differsFromStored(fields, byTime, batch, isAlone ? id : undefined);
      validateRows(fields, byTime, force ? undefined : [], now, (row, verdict) => {
        const reason =
          verdict?.reason ??
          (problem &&
            (row[0] === problem.at
              ? problem.reason
              : `${MOST_DIFFER_PREFIX} ${formatDate(problem.at)}: ${problem.reason}`));
        if (reason === undefined) return;
        accepted.delete(row[0]);
        positionOf ??= new Map(newRows.map((each, i) => [each, positions[i]!])); // lazy: few imports need it
        refused.push({ row: positionOf.get(row)!, reason });
      });
      // Stored rows may be from before aliases were kept.
      const aliases = accepted.size + duplicates > 0 ? this.#newAliases(id, series.aliases ?? []) : [];
      await this.#storeImportedRows({ ...fields, aliases }, [...accepted.values()], { batch, replaces });
    } finally {
      own.delete(accepted);
      if (own.size === 0) this.#pendingImports.delete(id);
    }
    refused.sort((a, b) => a.row - b.row);
    return { stored: accepted.size, duplicates, refused };
  }

  /** Remembers that a series starts with this import: its rows have no earlier prices of their own series. */
  #recordImportStart(series: SeriesId, batch: number): void {
    this.#importStarts.delete(series);
    this.#importStarts.set(series, batch);
    if (this.#importStarts.size > MAX_IMPORT_STARTS) this.#importStarts.delete(this.#importStarts.keys().next().value!);
  }

  /** A row that shows why most rows are implausible compared with stored prices; undefined if they are plausible. */
  async #differsFromStored(
    fields: SeriesDefinition,
    rows: readonly ImportedRow[],
    batch: number,
    except?: SeriesId,
  ): Promise<{ at: EpochMs; reason: string } | undefined> {
    if (this.#room.readModel.quotes.latest(fields.instrument).length === 0) return undefined;
    let [comparedCount, held] = [0, 0];
    let problem: { at: EpochMs; reason: string } | undefined;
    const step = Math.max(1, Math.floor(rows.length / MAX_SAMPLES));
    for (let i = 0; i < rows.length; i += step) {
      const [at, buy, sell] = rows[i]!;
      const neighbours: ComparisonPrice[] = await this.#comparisons.neighbours(fields.instrument, at, batch, except);
      if (neighbours.length === 0) continue;
      comparedCount++;
      const verdict = validateQuote({ ...fields, at, buy, sell }, neighbours, this.#room.now());
      if (verdict.outcome !== 'held') continue;
      held++;
      problem ??= { at, reason: verdict.reason };
    }
    return held * 2 > comparedCount ? problem : undefined;
  }

  #newAliases(series: SeriesId, raw: readonly string[]): string[] {
    return raw.length === 0 ? [] : findNewAliases(this.#room.readModel.quotes.aliasesOf(series), raw.map(sanitizeText));
  }

  #boundsOf(provider: string): ProviderSeriesLimiter {
    return new ProviderSeriesLimiter(this.#room.readModel.quotes.seriesOf(provider), (id) =>
      this.#room.readModel.quotes.instruments.has(id),
    );
  }

  /** Converts a quote to the instrument's unit and sanitizes its texts. Undefined if it is refused. */
  #normalize(raw: NewQuote, bounds: ProviderSeriesLimiter, refused: RejectedQuote[]): NewQuote | undefined {
    const instrument = this.#room.readModel.quotes.instruments.get(raw.instrument) ?? catalogInstrument(raw.instrument);
    const factor = instrument ? unitConversionFactor(raw.unit, instrument.unit) : 1;
    const problem = !isInstrumentId(raw.instrument)
      ? 'its instrument is not a valid id'
      : instrument && instrument.currency !== raw.currency
        ? `it is in ${raw.currency}, ${instrument.id} is in ${instrument.currency}`
        : factor === undefined
          ? `it is per ${raw.unit}, ${instrument?.id} is per ${instrument?.unit}`
          : undefined;
    if (problem !== undefined || factor === undefined) {
      refused.push({ quote: raw, reason: problem ?? 'its unit cannot be converted' });
      return undefined;
    }
    const normalized = {
      ...raw,
      market: instrument?.market ?? raw.market,
      unit: instrument?.unit ?? raw.unit,
      buy: raw.buy === null ? null : raw.buy * factor,
      sell: raw.sell === null ? null : raw.sell * factor,
      company: truncate(raw.company),
      brand: truncate(raw.brand),
      ...(raw.id === undefined ? undefined : { id: truncate(raw.id) }),
    };
    const tooMany = bounds.add(normalized);
    if (tooMany === undefined) return normalized;
    refused.push({ quote: raw, reason: tooMany });
    return undefined;
  }

  #seriesOf(series: SeriesInput): { fields: SeriesDefinition; factor: number } {
    const known = this.#room.rates.findInstrument(series.instrument);
    const id = known?.id ?? makeInstrumentId(series.instrument);
    const missing = known
      ? []
      : (['market', 'currency', 'unit'] as const).filter((field) => series[field] === undefined);
    if (!isInstrumentId(id) || missing.length > 0) {
      throw new AppError(
        'INVALID_PARAMS',
        isInstrumentId(id)
          ? `${id} is a new instrument: add ${missing.map((field) => `its ${field} (--${field})`).join(', ')}.`
          : `"${sanitizeText(series.instrument)}" is not a valid instrument id: use letters and digits.`,
        { data: { field: isInstrumentId(id) ? missing[0]! : 'instrument' } },
      );
    }
    const provider = series.provider ?? 'import';
    if (!PROVIDER_ID.test(provider)) {
      throw new AppError(
        'INVALID_PARAMS',
        'A provider name has lower-case letters, digits and -, such as sjc or import.',
        {
          data: { field: 'provider' },
        },
      );
    }
    const currency = series.currency?.toUpperCase() ?? known!.currency;
    if (!CURRENCY.test(currency)) {
      throw new AppError(
        'INVALID_PARAMS',
        `"${sanitizeText(currency)}" is not a currency code. Use one such as VND or USDT.`,
        {
          data: { field: 'currency' },
        },
      );
    }
    const unit = known?.unit ?? series.unit!;
    const factor = unitConversionFactor(series.unit ?? unit, unit);
    if ((known && known.currency !== currency) || factor === undefined) {
      throw new AppError(
        'INVALID_PARAMS',
        `${id} is in ${known?.currency}/${known?.unit}, not in ${currency}/${series.unit ?? unit}: convert the prices first.`,
        { data: { field: factor === undefined ? 'unit' : 'currency' } },
      );
    }
    return {
      factor,
      fields: {
        instrument: id,
        market: known?.market ?? series.market!,
        provider,
        company: truncate(series.company ?? ''),
        brand: truncate(series.brand ?? ''),
        currency,
        unit,
      },
    };
  }

  async #storeImportedRows(
    series: SeriesDefinition & { readonly aliases: readonly string[] },
    rows: ImportedRow[],
    options?: ImportOptions,
  ): Promise<void> {
    const { instrument, market, provider, company, brand, currency, unit, aliases } = series;
    for (let i = 0; i < rows.length || (i === 0 && aliases.length > 0); i += MAX_ROWS_PER_RECORD) {
      const record: JournalRecords['rates.imported'] = {
        instrument,
        market,
        provider,
        company,
        brand,
        currency,
        unit,
        ...(i === 0 && aliases.length > 0 ? { aliases: [...aliases] } : undefined),
        rows: rows.slice(i, i + MAX_ROWS_PER_RECORD),
        ...(options ? { batch: options.batch } : undefined),
        ...(options?.replaces ? { replaces: [...options.replaces] as [EpochMs, EpochMs] } : undefined),
      };
      await appendNow(this.#room, 'rates.imported', record);
    }
  }
}

function newestTime(times: readonly EpochMs[]): EpochMs {
  return times.reduce((latest, at) => Math.max(latest, at), Number.NEGATIVE_INFINITY);
}

function isSlightlyAhead(at: EpochMs | undefined, now: EpochMs): boolean {
  return at !== undefined && at > now && at <= now + MAX_CLOCK_SKEW_MS;
}

function isDated(quote: NewQuote): quote is DatedNewQuote {
  return quote.at !== undefined;
}

function truncate(text: string): string {
  const clean = sanitizeText(text);
  return clean.length <= MAX_TEXT_CHARS ? clean : [...clean].slice(0, MAX_TEXT_CHARS).join('').trimEnd();
}

function catalogInstrument(id: string): Instrument | undefined {
  const known = findCatalogueInstrument(id);
  return known?.id === id ? known : undefined;
}

/** An imported row with prices in the instrument's unit, or the reason why it is invalid. */
function normalizeRow(row: ImportedRow, factor: number, now: EpochMs): ImportedRow | string {
  const [at, buy, sell, checkedAt, id, range] = row as unknown[];
  if (!Number.isSafeInteger(at) || Math.abs(at as number) > 8.64e15) return 'its time is not valid';
  for (const [side, value] of [
    ['buy', buy],
    ['sell', sell],
  ] as const) {
    if (value !== null && typeof value !== 'number') return `${side} is not a number`;
  }
  if (factor === 1 && row.length === 3) return row;
  const scaled = (value: unknown) => (value === null ? null : (value as number) * factor);
  const normalized: ImportedRow = [at as number, scaled(buy), scaled(sell)];
  if (checkedAt !== undefined && checkedAt !== null) {
    if (!Number.isSafeInteger(checkedAt) || (checkedAt as number) < (at as number)) return 'checkedAt is before at';
    if ((checkedAt as number) > Math.max(at as number, now) + MAX_CLOCK_SKEW_MS) return 'checkedAt is in the future';
    normalized[3] = checkedAt as number;
  }
  if (id !== undefined && id !== null) {
    normalized[3] ??= null;
    normalized[4] = truncate(String(id));
  }
  if (range !== undefined) {
    if (!isTradingRange(range)) return 'its open, high and low are not valid prices';
    normalized[3] ??= null;
    normalized[4] ??= null;
    normalized[5] = range.map((price) => price * factor) as TradingRange;
  }
  return normalized;
}

function isTradingRange(range: unknown): range is TradingRange {
  if (!Array.isArray(range) || range.length !== 3) return false;
  if (!range.every((price) => typeof price === 'number' && Number.isFinite(price) && price > 0)) return false;
  const [open, high, low] = range as TradingRange;
  return high >= low && open <= high && open >= low;
}
