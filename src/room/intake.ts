import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';
import { type Instrument, instrumentIdOf, isInstrumentId, knownInstrument, type Market } from '../domain/instrument.ts';
import { implausible } from '../domain/plausible.ts';
import { newAliases, type Quote, type QuoteDraft, type SeriesId, samePrice, seriesId } from '../domain/quote.ts';
import { type Unit, unitFactor } from '../domain/unit.ts';
import type { Journal } from '../engine/contract.ts';
import type { QuoteSink, Received, Refused } from '../rates/sink.ts';
import { idOf } from '../view/quotes.ts';
import type { ImportedRow, Records } from '../view/records.ts';
import type { View } from '../view/view.ts';
import { append } from './append.ts';
import type { Rates } from './rates.ts';

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

export interface Imported {
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: readonly { readonly row: number; readonly reason: string }[];
}

/** Rows of one record: keeps records, and the batches they go into, small. */
const ROWS = 2000;
const PROVIDER_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const CURRENCY = /^[A-Z0-9]{3,5}$/;
/** How far the clock of who wrote an import may be ahead of ours. */
const SKEW = 10 * 60_000;
/** Characters of a text that comes with quotes. */
const TEXT = 128;

/** The way in for quotes, from providers and from files: fitted to their instrument, judged, stored when new. */
export class Intake implements QuoteSink {
  readonly #journal: Journal;
  readonly #view: View;
  readonly #rates: Rates;
  readonly #now: () => Instant;
  /** Imported rows that are on their way to the journal, by series: another import of the series must know them. */
  readonly #underWay = new Map<SeriesId, Set<ReadonlyMap<Instant, ImportedRow>>>();

  constructor(room: { journal: Journal; view: View; rates: Rates; now: () => Instant }) {
    this.#journal = room.journal;
    this.#view = room.view;
    this.#rates = room.rates;
    this.#now = room.now;
  }

  /** When the provider's latest answer came in; undefined where it never gave one. */
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
    const refused: Refused[] = [];
    /** When the quotes that count here are of, by what they state. */
    const seen = new Map<SeriesId, Instant>();
    const changed = new Map<SeriesId, Quote>();
    const named = new Map<SeriesId, string[]>();
    for (const given of quotes) {
      const fitted = this.#fit({ ...given, provider }, refused);
      if (!fitted) continue;
      const { aliases = [], ...quote } = fitted;
      const id = seriesId(quote);
      const last = this.#view.quotes.latestOf(id);
      const reason = implausible(quote, last, at);
      if (reason !== undefined) {
        refused.push({ quote, reason });
        continue;
      }
      const added = this.#newAliases(id, [...(named.get(id) ?? []), ...aliases]);
      if (added.length > 0) named.set(id, added);
      if (quote.at < (seen.get(id) ?? Number.NEGATIVE_INFINITY)) continue; // an older row beside a newer one
      seen.set(id, quote.at);
      if (last && samePrice(last, quote)) {
        changed.delete(id);
        continue;
      }
      // A provider that states one time for two prices corrects itself: the second holds from when it was seen.
      const from = last && quote.at <= last.at ? Math.max(at, last.at + 1) : quote.at;
      changed.set(id, { ...quote, at: from, checkedAt: Math.max(at, from), id: quote.id ?? idOf(from) });
    }
    const missing = this.#view.quotes.seriesOf(provider).filter((id) => !seen.has(id));
    if (seen.size > 0) {
      await append(this.#journal, 'rates.received', at, {
        provider,
        quotes: [...changed.values()],
        missing,
        ...(named.size > 0 ? { aliases: [...named] } : {}),
      });
    }
    return { stored: changed.size, confirmed: seen.size - changed.size, refused };
  }

  async receiveHistory(provider: string, quotes: readonly QuoteDraft[]): Promise<Received> {
    const refused: Refused[] = [];
    const series = new Map<SeriesId, { quote: QuoteDraft; rows: Map<Instant, ImportedRow>; aliases: string[] }>();
    const now = this.#now();
    for (const given of quotes) {
      const quote = this.#fit({ ...given, provider }, refused);
      if (!quote) continue;
      const reason = implausible(quote, undefined, now);
      if (reason !== undefined) {
        refused.push({ quote, reason });
        continue;
      }
      const id = seriesId(quote);
      const found = series.get(id) ?? { quote, rows: new Map(), aliases: [] };
      series.set(id, found);
      found.aliases = this.#newAliases(id, [...found.aliases, ...(quote.aliases ?? [])]);
      if (this.#view.quotes.has(id, quote.at)) continue;
      found.rows.set(
        quote.at,
        quote.id === undefined ? [quote.at, quote.buy, quote.sell] : [quote.at, quote.buy, quote.sell, null, quote.id],
      );
    }
    let stored = 0;
    for (const { quote, rows, aliases } of series.values()) {
      stored += rows.size;
      if (rows.size + aliases.length > 0) await this.#store({ ...quote, aliases }, [...rows.values()]);
    }
    return { stored, confirmed: 0, refused };
  }

  /**
   * Stores quotes of one series, as somebody brings them. What does not fit is refused by its place, the rest goes in.
   * @throws Failure INVALID_PARAMS when the series itself is not clear
   */
  async import(series: Series, rows: readonly ImportedRow[]): Promise<Imported> {
    const { quote, factor } = this.#seriesOf(series);
    const id = seriesId(quote);
    const now = this.#now();
    const refused: { row: number; reason: string }[] = [];
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
      let known = accepted.get(at);
      if (underWay) for (const others of underWay) known ??= others.get(at);
      known ??= this.#view.quotes.rowAt(id, at);
      const reason = known
        ? `another price is stored for that instant: buy ${known[1]}, sell ${known[2]}`
        : implausible({ ...quote, at, buy, sell }, undefined, now);
      if (known && known[1] === buy && known[2] === sell) duplicates++;
      else if (reason !== undefined) refused.push({ row, reason });
      else accepted.set(at, fitted);
    }
    const stored = accepted.size;
    // Rows that are there already may have come before their aliases were kept.
    const aliases = stored + duplicates > 0 ? this.#newAliases(id, series.aliases ?? []) : [];
    if (stored + aliases.length > 0) await this.#storeNew(id, { ...quote, aliases }, accepted);
    return { stored, duplicates, refused };
  }

  async #storeNew(id: SeriesId, quote: QuoteDraft, accepted: ReadonlyMap<Instant, ImportedRow>): Promise<void> {
    const underWay = this.#underWay.get(id) ?? new Set();
    this.#underWay.set(id, underWay.add(accepted));
    try {
      await this.#store(quote, [...accepted.values()]);
    } finally {
      underWay.delete(accepted);
      if (underWay.size === 0) this.#underWay.delete(id);
    }
  }

  /** Those of the given aliases that the series does not have, safe to show. */
  #newAliases(series: SeriesId, given: readonly string[]): string[] {
    return given.length === 0 ? [] : newAliases(this.#view.quotes.aliasesOf(series), given.map(plain));
  }

  /** A provider's quote in the instrument's own unit, its texts safe to show; or its refusal. */
  #fit(given: QuoteDraft, refused: Refused[]): QuoteDraft | undefined {
    const instrument = this.#view.quotes.instruments.get(given.instrument) ?? catalogued(given.instrument);
    const factor = instrument ? unitFactor(given.unit, instrument.unit) : 1;
    const wrong = !isInstrumentId(given.instrument)
      ? 'its instrument is no id'
      : instrument && instrument.currency !== given.currency
        ? `it is in ${given.currency}, ${instrument.id} is in ${instrument.currency}`
        : factor === undefined
          ? `it is per ${given.unit}, ${instrument?.id} is per ${instrument?.unit}`
          : undefined;
    if (wrong !== undefined || factor === undefined) {
      refused.push({ quote: given, reason: wrong ?? 'its unit does not compare' });
      return undefined;
    }
    return {
      ...given,
      market: instrument?.market ?? given.market,
      unit: instrument?.unit ?? given.unit,
      buy: given.buy === null ? null : given.buy * factor,
      sell: given.sell === null ? null : given.sell * factor,
      company: short(given.company),
      brand: short(given.brand),
      ...(given.id === undefined ? {} : { id: short(given.id) }),
    };
  }

  /** What an import is about, from what its sender says and what is known of the instrument. */
  #seriesOf(series: Series): {
    quote: Omit<QuoteDraft, 'at' | 'buy' | 'sell'> & Pick<QuoteDraft, 'at' | 'buy' | 'sell'>;
    factor: number;
  } {
    const known = this.#rates.named(series.instrument);
    const id = known?.id ?? instrumentIdOf(series.instrument);
    const missing = known
      ? []
      : (['market', 'currency', 'unit'] as const).filter((field) => series[field] === undefined);
    if (!isInstrumentId(id) || missing.length > 0) {
      throw new Failure(
        'INVALID_PARAMS',
        isInstrumentId(id)
          ? `${id} is not known yet: say its ${missing.join(', its ')} as well.`
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
      throw new Failure('INVALID_PARAMS', `"${plain(currency)}" is no currency: write a code, as VND or USDT.`, {
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
      quote: {
        instrument: id,
        market: known?.market ?? series.market!,
        provider,
        company: short(series.company ?? ''),
        brand: short(series.brand ?? ''),
        currency,
        unit,
        at: 0,
        buy: null,
        sell: null,
      },
    };
  }

  async #store(quote: QuoteDraft, rows: ImportedRow[]): Promise<void> {
    const { instrument, market, provider, company, brand, currency, unit, aliases = [] } = quote;
    for (let i = 0; i === 0 || i < rows.length; i += ROWS) {
      const record: Records['rates.imported'] = {
        instrument,
        market,
        provider,
        company,
        brand,
        currency,
        unit,
        ...(i === 0 && aliases.length > 0 ? { aliases: [...aliases] } : {}),
        rows: rows.slice(i, i + ROWS),
      };
      await append(this.#journal, 'rates.imported', this.#now(), record);
    }
  }
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

/** An imported row with its prices in the instrument's unit, or why it is none. */
function rowOf(row: ImportedRow, factor: number, now: Instant): ImportedRow | string {
  const [at, buy, sell, checkedAt, id] = row as unknown[];
  if (!Number.isSafeInteger(at) || Math.abs(at as number) > 8.64e15) return 'its time is no instant';
  for (const [side, value] of [
    ['buy', buy],
    ['sell', sell],
  ] as const) {
    if (value !== null && typeof value !== 'number') return `${side} is no number`;
  }
  if (factor === 1 && row.length === 3) return row;
  const scaled = (value: unknown) => (value === null ? null : (value as number) * factor);
  const fitted: ImportedRow = [at as number, scaled(buy), scaled(sell)];
  if (checkedAt !== undefined && checkedAt !== null) {
    if (!Number.isSafeInteger(checkedAt) || (checkedAt as number) < (at as number))
      return 'checkedAt is no instant after at';
    if ((checkedAt as number) > Math.max(at as number, now) + SKEW) return 'checkedAt lies in the future';
    fitted[3] = checkedAt as number;
  }
  if (id !== undefined && id !== null) {
    fitted[3] ??= null;
    fitted[4] = short(String(id));
  }
  return fitted;
}
