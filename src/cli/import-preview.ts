import { AppError } from '../domain/app-error.ts';
import { findCatalogueInstrument, makeInstrumentId } from '../domain/instrument.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { formatSeries } from '../domain/series.ts';
import { sanitizeFragment, sanitizeText } from '../domain/text.ts';
import { DAY_MS, type EpochMs, formatDate, startOfDay } from '../domain/time.ts';
import { parseUnit, unitConversionFactor } from '../domain/unit.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';
import type { QuoteImportRow } from '../protocol/rates.ts';
import type { ImportReading } from './file-analysis.ts';
import { formatCount } from './progress-line.ts';
import { formatImportPrice, formatImportTime } from './quote-plan.ts';
import type { ImportSeries } from './quote-series.ts';

const MAX_PREVIEW_ROWS = 5;
/** Series that are shown individually, and those that are only counted. */
const MAX_SERIES = 20;
const MAX_COUNTED_SERIES = 10_000;
/** Days that are compared with known prices. */
const MAX_DAYS = 200_000;
/** Differences above this share count as large. */
const LARGE_DIFFERENCE_SHARE = 0.1;

interface HistoryClient {
  call(method: 'rates.history', params: MethodParams<'rates.history'>): Promise<MethodResult<'rates.history'>>;
}

export interface PreviewedRow {
  readonly line: number;
  readonly at: string;
  readonly instrument: string;
  readonly buy: number | null;
  readonly sell: number | null;
}

export interface PreviewedInstrument {
  readonly instrument: string;
  /** Provider, company and brand, if given by the file or the command line. */
  readonly series?: string;
  readonly currency: string | null;
  readonly unit: string | null;
  /** Days, Vietnam time. */
  readonly first: string;
  readonly last: string;
  readonly years: readonly { readonly year: number; readonly low: number; readonly high: number }[];
}

/** Compares the file's days with the daemon's same series, or with the reference series if it covers more days. */
export interface KnownDays {
  readonly instrument: string;
  readonly series?: string;
  /** The daemon's series, if it differs from the file's. */
  readonly comparedWith?: string;
  /** Days of the file, and those for which the daemon has a price. */
  readonly days: number;
  readonly known: number;
  /** Relative to the known price; null if none is known. */
  readonly medianDifference: number | null;
  readonly largeDifferences: number;
}

interface SeriesSummary {
  readonly name: string;
  /** Provider, company and brand of the file; empty if it has none. */
  readonly label: string;
  readonly series: ImportSeries;
  first: EpochMs;
  last: EpochMs;
  readonly years: Map<number, { low: number; high: number }>;
  /** The latest quote of each day. */
  readonly days: Map<EpochMs, { at: EpochMs; price: number }>;
}

/** Summarizes what an import would store, in bounded memory. */
export class ImportPreview {
  readonly rows: PreviewedRow[] = [];
  readonly #series = new Map<string, SeriesSummary>();
  readonly #uncountedSeries = new Set<string>();
  readonly #summaries = new WeakMap<ImportSeries, SeriesSummary>();
  #days = 0;

  add(line: number, series: ImportSeries, [at, buy, sell]: QuoteImportRow): void {
    const value = sell ?? buy;
    if (value === null) return;
    const gathered = this.#summaryOf(series, at);
    if (this.rows.length < MAX_PREVIEW_ROWS) {
      const { instrument } = series;
      this.rows.push({ line, at: new Date(at).toISOString(), instrument, buy, sell });
    }
    if (!gathered) return;
    gathered.first = Math.min(gathered.first, at);
    gathered.last = Math.max(gathered.last, at);
    const day = startOfDay(at);
    const year = Number(formatDate(at).slice(0, 4));
    const range = gathered.years.get(year);
    if (!range) gathered.years.set(year, { low: value, high: value });
    else {
      range.low = Math.min(range.low, value);
      range.high = Math.max(range.high, value);
    }
    const known = gathered.days.get(day);
    if (known ? at >= known.at : this.#days < MAX_DAYS) {
      if (!known) this.#days++;
      gathered.days.set(day, { at, price: value });
    }
  }

  get instruments(): PreviewedInstrument[] {
    return [...this.#series.values()].map(({ name, label, series, first, last, years }) => ({
      instrument: name,
      ...(label === '' ? undefined : { series: label }),
      currency: series.currency ?? findCatalogueInstrument(name)?.currency ?? null,
      unit: series.unit ?? findCatalogueInstrument(name)?.unit ?? null,
      first: formatDate(first),
      last: formatDate(last),
      years: [...years].sort(([a], [b]) => a - b).map(([year, range]) => ({ year, ...range })),
    }));
  }

  /** Number of series that are not shown, up to 10,000. */
  get more(): number {
    return this.#uncountedSeries.size;
  }

  /** Compares each day's last price with the daemon's close. @throws AppError of the daemon */
  async compare(historian: HistoryClient): Promise<KnownDays[]> {
    const compared: KnownDays[] = [];
    for (const gathered of this.#series.values()) compared.push(await compareDays(historian, gathered));
    return compared;
  }

  #summaryOf(series: ImportSeries, at: EpochMs): SeriesSummary | undefined {
    let gathered = this.#summaries.get(series);
    if (gathered) return gathered;
    const name = findCatalogueInstrument(series.instrument)?.id ?? makeInstrumentId(series.instrument);
    const label = sanitizeText(formatSeries({ provider: '', company: '', brand: '', ...series }));
    const key = `${name} ${label}`;
    gathered = this.#series.get(key);
    if (!gathered) {
      if (this.#series.size >= MAX_SERIES) {
        if (this.#uncountedSeries.size < MAX_COUNTED_SERIES) this.#uncountedSeries.add(key);
        return undefined;
      }
      gathered = { name, label, series, first: at, last: at, years: new Map(), days: new Map() };
      this.#series.set(key, gathered);
    }
    this.#summaries.set(series, gathered);
    return gathered;
  }
}

async function compareDays(historian: HistoryClient, gathered: SeriesSummary): Promise<KnownDays> {
  const { provider = 'import', company = '', brand = '' } = gathered.series;
  const own = await compareWithSeries(historian, gathered, { provider, company, brand });
  const shown = own.differences.length < gathered.days.size ? await compareWithSeries(historian, gathered, {}) : own;
  const isOther = shown.differences.length > own.differences.length;
  const { differences, series } = isOther ? shown : own;
  differences.sort((a, b) => a - b);
  return {
    instrument: gathered.name,
    ...(gathered.label === '' ? undefined : { series: gathered.label }),
    ...(isOther && series ? { comparedWith: sanitizeText(formatSeries(series)) } : undefined),
    days: gathered.days.size,
    known: differences.length,
    medianDifference: differences.length > 0 ? differences[Math.floor(differences.length / 2)]! : null,
    largeDifferences: differences.filter((each) => each > LARGE_DIFFERENCE_SHARE).length,
  };
}

/** The relative difference of each common day, and the daemon's series. */
async function compareWithSeries(
  historian: HistoryClient,
  { name, series, days, first, last }: SeriesSummary,
  choice: { provider?: string; company?: string; brand?: string },
): Promise<{ differences: number[]; series: MethodResult<'rates.history'>['series'] }> {
  const differences: number[] = [];
  let compared: MethodResult<'rates.history'>['series'];
  let from: number | null = startOfDay(first);
  while (from !== null) {
    let answer: MethodResult<'rates.history'>;
    try {
      const to = startOfDay(last) + DAY_MS;
      answer = await historian.call('rates.history', { instrument: name, from, to, interval: '1d', ...choice });
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'NOT_FOUND') break;
      throw thrown;
    }
    compared = answer.series;
    const known = parseUnit(answer.unit);
    const unit = series.unit ?? known;
    const factor = known && unit ? unitConversionFactor(unit, known) : undefined;
    for (const { at, close } of answer.candles) {
      const own = days.get(at);
      if (own && factor !== undefined) differences.push(Math.abs(own.price * factor - close) / close);
    }
    from = answer.next;
  }
  return { differences, series: compared };
}

export function formatReading({ columns, header, dates, number, scale }: ImportReading): SafeText {
  const names = Object.entries(columns).map(
    ([field, column]) => `${field} from ${header ? `"${sanitizeText(column)}"` : column}`,
  );
  const order = dates === null ? '' : `; dates ${dates}`;
  return sanitizeText(
    `Read${header ? '' : ' without a header'}: ${names.join(', ')}${order}; numbers ${number}${scale === '1' ? '' : `, times ${scale}`}.`,
  );
}

/** @param known undefined if no daemon could be reached */
export function previewLines(
  preview: Pick<ImportPreview, 'rows' | 'instruments' | 'more'>,
  counts: string,
  known: readonly KnownDays[] | undefined,
): SafeText[] {
  const lines = preview.rows.length > 0 ? ['As it would be stored:'] : [];
  for (const { line, at, instrument, buy, sell } of preview.rows) {
    const sides = buy === sell ? [sell] : [buy, sell];
    const prices = sides.map((side) => (side === null ? '-' : formatImportPrice(side))).join(' / ');
    lines.push(`  ${counts} ${line}: ${formatImportTime(Date.parse(at))}  ${instrument}  ${prices}`);
  }
  for (const { instrument, series, currency, unit, first, last, years } of preview.instruments) {
    const name = series === undefined ? instrument : `${instrument} (${series})`;
    lines.push(`${name}, ${currency ?? 'currency unknown'}/${unit ?? 'unit unknown'}: ${first} to ${last}`);
    for (const { year, low, high } of years)
      lines.push(`  ${year}  ${formatImportPrice(low)} to ${formatImportPrice(high)}`);
    const days = known?.find((each) => each.instrument === instrument && each.series === series);
    if (days) lines.push(`  ${formatKnownDays(days)}`);
  }
  if (preview.more > 0) {
    lines.push(`and ${formatCount(preview.more)}${preview.more === MAX_COUNTED_SERIES ? ' or' : ''} more series`);
  }
  return lines.map(sanitizeFragment);
}

function formatKnownDays({ comparedWith, days, known, medianDifference, largeDifferences }: KnownDays): SafeText {
  if (medianDifference === null) return safeText`The daemon has no price for any of these ${formatCount(days)} days.`;
  const median = (medianDifference * 100).toFixed(1);
  const other = comparedWith === undefined ? safeText`` : safeText` (${sanitizeText(comparedWith)})`;
  return safeText`The daemon has prices for ${formatCount(known)} of these ${formatCount(days)} days${other}: median difference ${sanitizeText(median)}%, ${formatCount(largeDifferences)} of ${formatCount(known)} differ by more than 10%.`;
}
