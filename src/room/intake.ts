import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { statedExpiry } from '../domain/freshness.ts';
import { formatDay, type Instant, MAX_INSTANT } from '../domain/instant.ts';
import { type Instrument, instrumentIdOf, isInstrumentId, knownInstrument, type Market } from '../domain/instrument.ts';
import {
  type DatedQuote,
  newAliases,
  price,
  type Quote,
  type QuoteDraft,
  type SeriesId,
  samePrice,
  seriesId,
} from '../domain/quote.ts';
import { type ComparisonPrice, isWeakPrice, validateQuote } from '../domain/quote-validation.ts';
import { type Unit, unitFactor } from '../domain/unit.ts';
import type { Journal } from '../engine/contract.ts';
import type { PriceDistance, QuoteSink, Received, Refused } from '../rates/sink.ts';
import { quoteIdOf } from '../view/quote-rows.ts';
import type { Confirmation, ImportedRow, NewHeldQuote, PriceRange, Records, SeriesFields } from '../view/records.ts';
import type { View } from '../view/view.ts';
import { append } from './append.ts';
import { ComparisonPrices } from './comparison-prices.ts';
import { Quarantine } from './quarantine.ts';
import type { ProviderTiming, Rates } from './rates.ts';
import { judgeRows } from './row-validation.ts';
import { SourceBounds } from './source-bounds.ts';
import { nextTurn } from './turn.ts';

export interface Series {
  readonly instrument: string;
  readonly market?: Market | undefined;
  readonly provider?: string | undefined;
  readonly company?: string | undefined;
  readonly brand?: string | undefined;
  readonly currency?: string | undefined;
  readonly unit?: Unit | undefined;
  /** What the source calls it. */
  readonly aliases?: readonly string[] | undefined;
}

export interface ImportOptions {
  /** The import that the rows belong to, as `startImport` gave it. */
  readonly batch: number;
  /** Quotes of the series in `[from, to)` that give way to the rows. */
  readonly replaces?: readonly [from: Instant, to: Instant] | undefined;
  /** Store prices that do not fit what is known. */
  readonly force?: boolean | undefined;
}

export interface Imported {
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: readonly { readonly row: number; readonly reason: string }[];
}

/** Rows of one record: keeps records, and the batches they go into, small. */
const ROWS = 2000;
const PROVIDER_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const CURRENCY = /^[A-Z0-9]{3,5}$/;
/** Quotes of a response that are judged in one turn of the event loop. */
const QUOTES_PER_TURN = 50;
/** New prices of a response that are stored at a time: between two records others have the event loop. */
const QUOTES_PER_RECORD = 100;
/** How far the clock of who wrote an import may be ahead of ours. */
const SKEW = 10 * 60_000;
/** Characters of a text that comes with quotes. */
const TEXT = 128;
const DAY_MS = 86_400_000;
/** Older rows of a live response that are stored at a time; the next response brings the others again. */
const MAX_OLDER = 200;
/** Held quotes of one response; of more, the rest is refused. */
const MAX_HELD = 100;
/** How long before a page of a history a held row may lie that the page proves right. */
const MAX_HELD_BEFORE_MS = 7 * DAY_MS;
/** From there on a provider counts as far from another one. */
const FAR_PERCENT = 5;
/** Series of a response that are compared with others for their distance. */
const MAX_DISTANCES = 200;
/** Rows of an import that are compared with stored prices, evenly spread over each call. */
const SAMPLES = 8;
/** Series that are remembered as begun by an import. */
const MAX_BEGUN = 4096;
const MOST_DIFFER = 'most prices of the file do not fit what is known, as on';

type StoredPrices = readonly [at: Instant, buy: number | null, sell: number | null, ...rest: unknown[]];

/** What becomes of a price in a live response. */
interface Outcomes {
  readonly changed: Map<SeriesId, Quote>;
  readonly confirmed: Map<SeriesId, Confirmation | undefined>;
  readonly held: NewHeldQuote[];
  readonly released: number[];
  readonly refused: Refused[];
  /** New aliases, by series. */
  readonly aliases: Map<SeriesId, string[]>;
  /** Rows of the past that the response has beside or in place of the current price. */
  readonly older: DatedQuote[];
}

/** The way in for quotes, from providers and from files: fitted to their instrument, validated, stored when new. */
export class Intake implements QuoteSink {
  readonly #journal: Journal;
  readonly #view: View;
  readonly #rates: Rates;
  readonly #now: () => Instant;
  readonly #comparisons: ComparisonPrices;
  readonly #quarantine: Quarantine;
  /** Imported rows that are on their way to the journal, by series: another import of the series must know them. */
  readonly #underWay = new Map<SeriesId, Set<ReadonlyMap<Instant, ImportedRow>>>();
  readonly #begunBy = new Map<SeriesId, number>();

  constructor(room: { journal: Journal; view: View; rates: Rates; now: () => Instant }) {
    this.#journal = room.journal;
    this.#view = room.view;
    this.#rates = room.rates;
    this.#now = room.now;
    this.#comparisons = new ComparisonPrices(room);
    this.#quarantine = new Quarantine(room.view.quotes.heldQuotes);
  }

  /** When the provider's latest response came in; undefined where it never gave one. */
  lastReceived(provider: string): Instant | undefined {
    return this.#view.quotes.lastReceived(provider);
  }

  hasHistory(provider: string): boolean {
    return this.#view.quotes.hasHistory(provider);
  }

  async historyDone(provider: string): Promise<void> {
    await append(this.#journal, 'rates.backfilled', this.#now(), { provider });
  }

  async receive(provider: string, quotes: readonly QuoteDraft[], at: Instant): Promise<Received> {
    const outcomes: Outcomes = {
      changed: new Map(),
      confirmed: new Map(),
      held: [],
      released: [],
      refused: [],
      aliases: new Map(),
      older: [],
    };
    const timing = this.#rates.timingOf(provider);
    let judged = 0;
    for (const [id, quote] of await this.#newestRows(provider, quotes, at, outcomes)) {
      if (++judged % QUOTES_PER_TURN === 0) await nextTurn();
      this.#decide(id, quote, at, timing, outcomes);
    }
    const { changed, confirmed, held, refused, aliases, older } = outcomes;
    if (held.length > 0) await append(this.#journal, 'rates.held', at, { provider, quotes: held });
    // Names of series that are not believed are not kept.
    for (const id of aliases.keys()) if (!changed.has(id) && !confirmed.has(id)) aliases.delete(id);
    if (changed.size + confirmed.size > 0) await this.#storeResponse(provider, at, outcomes);
    await this.#storeOlder(provider, older, refused);
    const times = quotes.flatMap(({ at }) => (at !== undefined && Math.abs(at) <= MAX_INSTANT ? [at] : []));
    return {
      stored: changed.size,
      confirmed: confirmed.size,
      held: held.length,
      refused,
      statedAt: timing.statedTime === 'none' || times.length === 0 ? null : latestOf(times),
      distance: this.#distance(provider, [...changed.keys(), ...confirmed.keys()]),
    };
  }

  /** One record, and further ones for the new prices that are too many for it. What the first has not, they confirm. */
  async #storeResponse(
    provider: string,
    at: Instant,
    { changed, confirmed, released, aliases }: Outcomes,
  ): Promise<void> {
    const all = [...changed];
    for (let start = 0; start < all.length || start === 0; start += QUOTES_PER_RECORD) {
      const stored = new Map(all.slice(start, start + QUOTES_PER_RECORD));
      const isConfirmed = (id: SeriesId) => start === 0 && confirmed.has(id);
      const missing = this.#view.quotes.seriesOf(provider).filter((id) => !stored.has(id) && !isConfirmed(id));
      const names = [...aliases].filter(([id]) => stored.has(id) || isConfirmed(id));
      await append(this.#journal, 'rates.received', at, {
        provider,
        quotes: [...stored.values()],
        missing,
        confirmed: start === 0 ? [...confirmed.values()].filter((each) => each !== undefined) : [],
        ...(start > 0 || released.length === 0 ? undefined : { released }),
        ...(names.length === 0 ? undefined : { aliases: names }),
      });
    }
  }

  /** How far the provider's prices are from those of others at most; null when near. */
  #distance(provider: string, series: readonly SeriesId[]): PriceDistance | null {
    let farthest: PriceDistance | null = null;
    for (const id of series.slice(0, MAX_DISTANCES)) {
      const own = this.#view.quotes.latestOf(id);
      const other = own && this.#rates.fresh(own.instrument).find((quote) => quote.provider !== provider);
      if (!other) continue;
      const percent = (price(own) / price(other) - 1) * 100;
      if (!Number.isFinite(percent)) continue;
      if (Math.abs(percent) < FAR_PERCENT || Math.abs(percent) <= Math.abs(farthest?.percent ?? 0)) continue;
      farthest = { percent, label: other.provider, instrument: own.instrument };
    }
    return farthest;
  }

  /** The newest row of each series. The others of the response are of the past. */
  async #newestRows(
    provider: string,
    quotes: readonly QuoteDraft[],
    now: Instant,
    { refused, aliases, older }: Outcomes,
  ): Promise<Map<SeriesId, QuoteDraft>> {
    const newest = new Map<SeriesId, QuoteDraft>();
    const bounds = this.#boundsOf(provider);
    for (const [i, given] of quotes.entries()) {
      if (i % QUOTES_PER_TURN === QUOTES_PER_TURN - 1) await nextTurn();
      const fitted = this.#fit({ ...given, provider }, bounds, refused);
      if (!fitted) continue;
      const { aliases: names = [], ...quote } = fitted;
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

  #decide(id: SeriesId, quote: QuoteDraft, now: Instant, { everyMs, statedTime }: ProviderTiming, to: Outcomes): void {
    const last = this.#view.quotes.latestOf(id);
    // A time that lies a little ahead is of a clock that differs from ours.
    const statedAt = statedTime === 'none' || isAhead(quote.at, now) ? undefined : quote.at;
    // A cache or another server of the provider answered: what it says is history.
    const isOlder = statedAt !== undefined && last !== undefined && statedAt < (last.statedAt ?? last.at);
    if (isOlder || now < (last?.receivedAt ?? now)) {
      if (isDated(quote) && statedTime !== 'none') to.older.push(quote);
      return;
    }
    const isKnown = last !== undefined && samePrice(last, quote);
    const isWeak = last !== undefined && isWeakPrice(last, everyMs);
    const accepted = isKnown ? { isWeak } : this.#accept(id, quote, statedAt ?? now, now, everyMs, isWeak, to);
    if (!accepted) return;
    const isCurrent = statedAt === undefined || now < statedExpiry(statedAt, quote, everyMs);
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
    // The provider states one time for two prices, or for one price after a gap: it holds from when it was seen.
    if (last && from <= Math.max(last.at, isKnown ? last.checkedAt : last.at)) {
      if (!isCurrent) {
        to.refused.push({ quote, reason: 'it states the same old time as another price' });
        return;
      }
      from = Math.max(confirmedAt, last.at + 1);
    }
    if (this.#view.quotes.hiddenOf(id)?.covers(from, 0)) from = Math.max(now, from);
    const checkedAt = isCurrent ? Math.max(confirmedAt, from) : from;
    to.changed.set(id, {
      ...quote,
      at: from,
      checkedAt,
      ...(isCurrent ? { observedFrom: Math.min(checkedAt, Math.max(confirmedAt, from)) } : undefined),
      ...(statedAt === undefined ? undefined : { statedAt }),
      ...(accepted.isWeak ? { weakSince: isWeak && isObserved ? last?.weakSince : checkedAt } : undefined),
      receivedAt: now,
      id: quote.id ?? quoteIdOf(from),
    });
  }

  /**
   * A new price is believed, or else held or refused.
   * @param isLastWeak whether the last price of its series is weak
   * @returns whether only weak and held prices were there to compare it with; undefined where it is not believed
   */
  #accept(
    id: SeriesId,
    quote: QuoteDraft,
    at: Instant,
    now: Instant,
    everyMs: number,
    isLastWeak: boolean,
    to: Outcomes,
  ): { isWeak: boolean } | undefined {
    const comparisons = this.#comparisons.current(quote, isLastWeak);
    const validated = { ...quote, at };
    const verdict = validateQuote(validated, comparisons, now);
    if (verdict.outcome === 'accepted') {
      to.released.push(...this.#quarantine.accepted(id, quote));
      return { isWeak: comparisons.every((other) => other.isWeak || other.isHeld) };
    }
    if (verdict.outcome === 'invalid') {
      to.refused.push({ quote, reason: verdict.reason });
      return undefined;
    }
    const decision = this.#quarantine.seen(id, validated, verdict.factor, comparisons, everyMs, now);
    if (decision.isConfirmed) {
      to.released.push(...decision.ids);
      return { isWeak: false };
    }
    to.refused.push({ quote, reason: decision.isDiscarded ? `${verdict.reason} (discarded)` : verdict.reason });
    if (!decision.isNew || to.held.length >= MAX_HELD) return undefined;
    const { reason, factor } = verdict;
    to.held.push({
      quote: { ...quote, at, checkedAt: at, receivedAt: now, id: quote.id ?? quoteIdOf(at) },
      reason,
      ...(factor === undefined ? undefined : { factor: factor.factor }),
      comparisons: verdict.comparisons.slice(0, 5).map(({ label, buy, sell }) => ({ label, buy, sell })),
    });
    return undefined;
  }

  /** Prices of the past that came with a live response: stored at their own time where nothing else was observed. */
  async #storeOlder(provider: string, quotes: readonly DatedQuote[], refused: Refused[]): Promise<void> {
    const fresh: DatedQuote[] = [];
    for (const quote of quotes) {
      if (fresh.length === MAX_OLDER) break;
      const id = seriesId(quote);
      if (this.#view.quotes.history.rowsAt(id, quote.at) !== undefined) continue;
      const latest = this.#view.quotes.latestOf(id);
      const before = latest && (await this.#view.quotes.history.newestBefore(latest, quote.at));
      const wasObserved =
        before?.observedFrom !== undefined && quote.at >= before.observedFrom && quote.at <= before.checkedAt;
      if (!wasObserved) fresh.push(quote);
    }
    if (fresh.length > 0) refused.push(...(await this.receiveHistory(provider, fresh)).refused);
  }

  async receiveHistory(provider: string, quotes: readonly DatedQuote[]): Promise<Received> {
    const refused: Refused[] = [];
    const bounds = this.#boundsOf(provider);
    const series = new Map<SeriesId, { quote: QuoteDraft; rows: Map<Instant, ImportedRow>; aliases: string[] }>();
    for (const given of quotes) {
      const quote = this.#fit({ ...given, provider }, bounds, refused);
      if (quote?.at === undefined) continue;
      const { at, buy, sell } = quote;
      const id = seriesId(quote);
      const found = series.get(id) ?? { quote, rows: new Map(), aliases: [] };
      series.set(id, found);
      found.aliases = this.#newAliases(id, [...found.aliases, ...(quote.aliases ?? [])]);
      if (this.#view.quotes.history.rowsAt(id, at) !== undefined) continue;
      found.rows.set(at, quote.id === undefined ? [at, buy, sell] : [at, buy, sell, null, quote.id]);
    }
    let stored = 0;
    let held = 0;
    for (const { quote, rows, aliases } of series.values()) {
      if (rows.size + aliases.length === 0) continue;
      const sorted = [...rows.values()].sort((a, b) => a[0] - b[0]);
      // The last rows of the page before may have begun a level: the first row of this one tells.
      const earlier = sorted[0] ? this.#heldBefore(seriesId(quote), sorted[0][0]) : new Map<ImportedRow, number>();
      const judged = [...earlier.keys(), ...sorted];
      const [first] = judged;
      const neighbours = first ? await this.#comparisons.near(quote.instrument, first[0], 0, undefined) : [];
      const accepted: ImportedRow[] = [];
      const suspects: NewHeldQuote[] = [];
      const proven: number[] = [];
      judgeRows(quote, judged, neighbours, this.#now(), (row, verdict) => {
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
        if (verdict.outcome !== 'held' || suspects.length >= MAX_HELD) return;
        const suspect = { ...quote, at, buy, sell, checkedAt: at, id: row[4] ?? quoteIdOf(at) };
        const { reason, comparisons } = verdict;
        if (this.#quarantine.knows(seriesId(quote), suspect)) return;
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
        await append(this.#journal, 'rates.decided', this.#now(), { id, accepted: true, by: provider });
      }
      await this.#store({ ...quote, aliases }, accepted);
      if (suspects.length > 0) await append(this.#journal, 'rates.held', this.#now(), { provider, quotes: suspects });
    }
    return { stored, confirmed: 0, held, refused, statedAt: null, distance: null };
  }

  /** Rows of a history that are held since shortly before an instant, by time, with the numbers that they are held under. */
  #heldBefore(series: SeriesId, at: Instant): Map<ImportedRow, number> {
    const rows: [ImportedRow, number][] = [];
    for (const { id, quote } of this.#view.quotes.heldQuotes.of(series)) {
      // Prices of live responses prove themselves by what the provider responds later.
      if (quote.receivedAt !== undefined || quote.at >= at || at - quote.at > MAX_HELD_BEFORE_MS) continue;
      rows.push([[quote.at, quote.buy, quote.sell], id]);
    }
    return new Map(rows.sort(([a], [b]) => a[0] - b[0]));
  }

  /** Begins an import. @returns its number, which rows are imported under and which undoes it */
  async startImport(file: string, by: string): Promise<number> {
    const { seq } = await append(this.#journal, 'rates.importStarted', this.#now(), { file: short(file), by });
    return seq;
  }

  /**
   * Stores quotes of one series, as somebody brings them. What does not fit is refused by its place, the rest goes in.
   * @throws Failure INVALID_PARAMS when the series itself is not clear
   */
  async import(
    series: Series,
    rows: readonly ImportedRow[],
    { batch, replaces, force }: ImportOptions,
  ): Promise<Imported> {
    const { fields, factor } = this.#seriesOf(series);
    const id = seriesId(fields);
    const now = this.#now();
    const refused: { row: number; reason: string }[] = [];
    const fresh: ImportedRow[] = [];
    const places: number[] = [];
    const accepted = new Map<Instant, ImportedRow>();
    const underWay = this.#underWay.get(id);
    let duplicates = 0;
    for (const [row, given] of rows.entries()) {
      const fitted = rowOf(given, factor, now);
      if (typeof fitted === 'string') {
        refused.push({ row, reason: fitted });
        continue;
      }
      const [at, buy, sell] = fitted;
      let known: StoredPrices | undefined = accepted.get(at);
      if (underWay) for (const others of underWay) known ??= others.get(at);
      const isReplaced = replaces !== undefined && at >= replaces[0] && at < replaces[1];
      if (!known && !isReplaced) {
        const stored = this.#view.quotes.history.rowAt(id, at);
        known = stored && [at, stored[0], stored[1]];
      }
      if (known && known[1] === buy && known[2] === sell) {
        duplicates++;
        continue;
      }
      if (known) {
        const reason = `another price is stored for that time: buy ${known[1]}, sell ${known[2]} (--replace puts the file's in its place)`;
        refused.push({ row, reason });
        continue;
      }
      fresh.push(fitted);
      places.push(row);
      accepted.set(at, fitted);
    }
    const byTime = [...fresh].sort((a, b) => a[0] - b[0]);
    let placeOf: Map<ImportedRow, number> | undefined;
    // Known to other imports of the series from now on, before anything is waited for.
    const own = this.#underWay.get(id) ?? new Set();
    this.#underWay.set(id, own.add(accepted));
    try {
      if (this.#view.quotes.latestOf(id) === undefined) this.#noteBegun(id, batch);
      const isAlone = replaces !== undefined || this.#begunBy.get(id) === batch;
      const wrong = force ? undefined : await this.#differsFromStored(fields, byTime, batch, isAlone ? id : undefined);
      judgeRows(fields, byTime, force ? undefined : [], now, (row, verdict) => {
        const reason =
          verdict?.reason ??
          (wrong && (row[0] === wrong.at ? wrong.reason : `${MOST_DIFFER} ${formatDay(wrong.at)}: ${wrong.reason}`));
        if (reason === undefined) return;
        accepted.delete(row[0]);
        placeOf ??= new Map(fresh.map((each, i) => [each, places[i]!])); // few imports need it
        refused.push({ row: placeOf.get(row)!, reason });
      });
      // Rows that are there already may have come before their aliases were kept.
      const aliases = accepted.size + duplicates > 0 ? this.#newAliases(id, series.aliases ?? []) : [];
      await this.#store({ ...fields, aliases }, [...accepted.values()], { batch, replaces });
    } finally {
      own.delete(accepted);
      if (own.size === 0) this.#underWay.delete(id);
    }
    refused.sort((a, b) => a.row - b.row);
    return { stored: accepted.size, duplicates, refused };
  }

  /** Notes that a series begins with an import: the import's rows have none of their own series to be compared with. */
  #noteBegun(series: SeriesId, batch: number): void {
    this.#begunBy.delete(series);
    this.#begunBy.set(series, batch);
    if (this.#begunBy.size > MAX_BEGUN) this.#begunBy.delete(this.#begunBy.keys().next().value!);
  }

  /** A row that shows why rows as a whole do not fit the stored prices of their times; undefined when they do. */
  async #differsFromStored(
    fields: SeriesFields,
    rows: readonly ImportedRow[],
    batch: number,
    except: SeriesId | undefined,
  ): Promise<{ at: Instant; reason: string } | undefined> {
    if (this.#view.quotes.latest(fields.instrument).length === 0) return undefined;
    let [compared, held] = [0, 0];
    let wrong: { at: Instant; reason: string } | undefined;
    const step = Math.max(1, Math.floor(rows.length / SAMPLES));
    for (let i = 0; i < rows.length; i += step) {
      const [at, buy, sell] = rows[i]!;
      const neighbours: ComparisonPrice[] = await this.#comparisons.near(fields.instrument, at, batch, except);
      if (neighbours.length === 0) continue;
      compared++;
      const verdict = validateQuote({ ...fields, at, buy, sell }, neighbours, this.#now());
      if (verdict.outcome !== 'held') continue;
      held++;
      wrong ??= { at, reason: verdict.reason };
    }
    return held * 2 > compared ? wrong : undefined;
  }

  /** Those of the given aliases that the series does not have, safe to show. */
  #newAliases(series: SeriesId, given: readonly string[]): string[] {
    return given.length === 0 ? [] : newAliases(this.#view.quotes.aliasesOf(series), given.map(plain));
  }

  #boundsOf(provider: string): SourceBounds {
    return new SourceBounds(this.#view.quotes.seriesOf(provider), (id) => this.#view.quotes.instruments.has(id));
  }

  /** A provider's quote in the instrument's own unit, its texts safe to show; or its refusal. */
  #fit(given: QuoteDraft, bounds: SourceBounds, refused: Refused[]): QuoteDraft | undefined {
    const instrument = this.#view.quotes.instruments.get(given.instrument) ?? catalogued(given.instrument);
    const factor = instrument ? unitFactor(given.unit, instrument.unit) : 1;
    const wrong = !isInstrumentId(given.instrument)
      ? 'its instrument is not a valid id'
      : instrument && instrument.currency !== given.currency
        ? `it is in ${given.currency}, ${instrument.id} is in ${instrument.currency}`
        : factor === undefined
          ? `it is per ${given.unit}, ${instrument?.id} is per ${instrument?.unit}`
          : undefined;
    if (wrong !== undefined || factor === undefined) {
      refused.push({ quote: given, reason: wrong ?? 'its unit does not compare' });
      return undefined;
    }
    const fitted = {
      ...given,
      market: instrument?.market ?? given.market,
      unit: instrument?.unit ?? given.unit,
      buy: given.buy === null ? null : given.buy * factor,
      sell: given.sell === null ? null : given.sell * factor,
      company: short(given.company),
      brand: short(given.brand),
      ...(given.id === undefined ? undefined : { id: short(given.id) }),
    };
    const tooMany = bounds.add(fitted);
    if (tooMany === undefined) return fitted;
    refused.push({ quote: given, reason: tooMany });
    return undefined;
  }

  /** What an import is about, from what its sender says and what is known of the instrument. */
  #seriesOf(series: Series): { fields: SeriesFields; factor: number } {
    const known = this.#rates.named(series.instrument);
    const id = known?.id ?? instrumentIdOf(series.instrument);
    const missing = known
      ? []
      : (['market', 'currency', 'unit'] as const).filter((field) => series[field] === undefined);
    if (!isInstrumentId(id) || missing.length > 0) {
      throw new Failure(
        'INVALID_PARAMS',
        isInstrumentId(id)
          ? `${id} is a new instrument: say ${missing.map((field) => `its ${field} (--${field})`).join(', ')} as well.`
          : `"${plain(series.instrument)}" cannot be made an instrument's id: use letters and digits.`,
        { data: { field: isInstrumentId(id) ? missing[0]! : 'instrument' } },
      );
    }
    const provider = series.provider ?? 'import';
    if (!PROVIDER_ID.test(provider)) {
      throw new Failure('INVALID_PARAMS', 'A provider is small letters, digits and -, as sjc or import.', {
        data: { field: 'provider' },
      });
    }
    const currency = series.currency?.toUpperCase() ?? known!.currency;
    if (!CURRENCY.test(currency)) {
      throw new Failure('INVALID_PARAMS', `"${plain(currency)}" is not a currency code. Use one such as VND or USDT.`, {
        data: { field: 'currency' },
      });
    }
    const unit = known?.unit ?? series.unit!;
    const factor = unitFactor(series.unit ?? unit, unit);
    if ((known && known.currency !== currency) || factor === undefined) {
      throw new Failure(
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
        company: short(series.company ?? ''),
        brand: short(series.brand ?? ''),
        currency,
        unit,
      },
    };
  }

  async #store(
    series: SeriesFields & { readonly aliases: readonly string[] },
    rows: ImportedRow[],
    options?: ImportOptions,
  ): Promise<void> {
    const { instrument, market, provider, company, brand, currency, unit, aliases } = series;
    for (let i = 0; i < rows.length || (i === 0 && aliases.length > 0); i += ROWS) {
      const record: Records['rates.imported'] = {
        instrument,
        market,
        provider,
        company,
        brand,
        currency,
        unit,
        ...(i === 0 && aliases.length > 0 ? { aliases: [...aliases] } : undefined),
        rows: rows.slice(i, i + ROWS),
        ...(options ? { batch: options.batch } : undefined),
        ...(options?.replaces ? { replaces: [...options.replaces] as [Instant, Instant] } : undefined),
      };
      await append(this.#journal, 'rates.imported', this.#now(), record);
    }
  }
}

function latestOf(times: readonly Instant[]): Instant {
  return times.reduce((latest, at) => Math.max(latest, at), Number.NEGATIVE_INFINITY);
}

function isAhead(at: Instant | undefined, now: Instant): boolean {
  return at !== undefined && at > now && at <= now + SKEW;
}

function isDated(quote: QuoteDraft): quote is DatedQuote {
  return quote.at !== undefined;
}

/** A text of others, safe to show and not long. */
function short(text: string): string {
  const clean = plain(text);
  return clean.length <= TEXT ? clean : [...clean].slice(0, TEXT).join('').trimEnd();
}

/** The catalogue's entry of exactly this id. */
function catalogued(id: string): Instrument | undefined {
  const known = knownInstrument(id);
  return known?.id === id ? known : undefined;
}

/** An imported row with its prices in the instrument's unit, or why it is not valid. */
function rowOf(row: ImportedRow, factor: number, now: Instant): ImportedRow | string {
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
  const fitted: ImportedRow = [at as number, scaled(buy), scaled(sell)];
  if (checkedAt !== undefined && checkedAt !== null) {
    if (!Number.isSafeInteger(checkedAt) || (checkedAt as number) < (at as number))
      return 'checkedAt is not a time after at';
    if ((checkedAt as number) > Math.max(at as number, now) + SKEW) return 'checkedAt lies in the future';
    fitted[3] = checkedAt as number;
  }
  if (id !== undefined && id !== null) {
    fitted[3] ??= null;
    fitted[4] = short(String(id));
  }
  if (range !== undefined) {
    if (!isRange(range)) return 'its open, high and low are not three prices, the high the highest';
    fitted[3] ??= null;
    fitted[4] ??= null;
    fitted[5] = range.map((price) => price * factor) as PriceRange;
  }
  return fitted;
}

function isRange(range: unknown): range is PriceRange {
  if (!Array.isArray(range) || range.length !== 3) return false;
  if (!range.every((price) => typeof price === 'number' && Number.isFinite(price) && price > 0)) return false;
  const [open, high, low] = range as PriceRange;
  return high >= low && open <= high && open >= low;
}
