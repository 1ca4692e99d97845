import { Failure } from '../domain/failure.ts';
import { plain, plainPiece } from '../domain/fold.ts';
import { formatDay, type Instant, startOfDay } from '../domain/instant.ts';
import { instrumentIdOf, knownInstrument } from '../domain/instrument.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { seriesName } from '../domain/series.ts';
import { parseUnit, unitFactor } from '../domain/unit.ts';
import type { Params, Result } from '../protocol/methods.ts';
import type { ImportRow } from '../protocol/rates.ts';
import { counted } from './import-progress.ts';
import type { Reading } from './quote-import.ts';
import { shownPrice, shownTime } from './quote-plan.ts';
import type { Series } from './quote-series.ts';

const SHOWN_ROWS = 5;
/** Series that are told of one by one, and those that are counted. */
const MAX_SERIES = 20;
const MAX_COUNTED = 10_000;
/** Days that are compared with what is known. */
const MAX_DAYS = 200_000;
const DAY_MS = 24 * 3_600_000;
/** From here on a difference is a large one. */
const LARGE_DIFFERENCE = 0.1;

interface Historian {
  call(method: 'rates.history', params: Params<'rates.history'>): Promise<Result<'rates.history'>>;
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
  /** Provider, company and brand where the file or the command line names any. */
  readonly series?: string;
  readonly currency: string | null;
  readonly unit: string | null;
  /** Days, Vietnam time. */
  readonly first: string;
  readonly last: string;
  readonly years: readonly { readonly year: number; readonly low: number; readonly high: number }[];
}

/** How a file's days compare with those that a daemon has of the same series, or of the reference series where it has more. */
export interface KnownDays {
  readonly instrument: string;
  readonly series?: string;
  /** The daemon's series, where it is another one than the file's. */
  readonly comparedWith?: string;
  /** Days of the file, and those of them on which the daemon knows a price. */
  readonly days: number;
  readonly known: number;
  /** Shares of the known price; null where none is known. */
  readonly medianDifference: number | null;
  readonly largeDifferences: number;
}

interface Gathered {
  readonly name: string;
  /** Provider, company and brand as the file names them; empty where it names none. */
  readonly label: string;
  readonly series: Series;
  first: Instant;
  last: Instant;
  readonly years: Map<number, { low: number; high: number }>;
  /** By days: the latest quote of each. */
  readonly days: Map<Instant, { at: Instant; price: number }>;
}

/** Gathers what an import would store, without keeping all of it. */
export class ImportPreview {
  readonly rows: PreviewedRow[] = [];
  readonly #series = new Map<string, Gathered>();
  readonly #others = new Set<string>();
  readonly #keys = new WeakMap<Series, Gathered>();
  #days = 0;

  add(line: number, series: Series, [at, buy, sell]: ImportRow): void {
    const value = sell ?? buy;
    if (value === null) return;
    const gathered = this.#gathered(series, at);
    if (this.rows.length < SHOWN_ROWS) {
      const { instrument } = series;
      this.rows.push({ line, at: new Date(at).toISOString(), instrument, buy, sell });
    }
    if (!gathered) return;
    gathered.first = Math.min(gathered.first, at);
    gathered.last = Math.max(gathered.last, at);
    const day = startOfDay(at);
    const year = Number(formatDay(at).slice(0, 4));
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
      currency: series.currency ?? knownInstrument(name)?.currency ?? null,
      unit: series.unit ?? knownInstrument(name)?.unit ?? null,
      first: formatDay(first),
      last: formatDay(last),
      years: [...years].sort(([a], [b]) => a - b).map(([year, range]) => ({ year, ...range })),
    }));
  }

  /** Series that are not told of, up to 10,000. */
  get more(): number {
    return this.#others.size;
  }

  /** Compares each day's last price with the close that the daemon has of it. @throws Failure as the daemon answers */
  async compare(historian: Historian): Promise<KnownDays[]> {
    const compared: KnownDays[] = [];
    for (const gathered of this.#series.values()) compared.push(await compareDays(historian, gathered));
    return compared;
  }

  #gathered(series: Series, at: Instant): Gathered | undefined {
    let gathered = this.#keys.get(series);
    if (gathered) return gathered;
    const name = knownInstrument(series.instrument)?.id ?? instrumentIdOf(series.instrument);
    const label = plain(seriesName({ provider: '', company: '', brand: '', ...series }));
    const key = `${name} ${label}`;
    gathered = this.#series.get(key);
    if (!gathered) {
      if (this.#series.size >= MAX_SERIES) {
        if (this.#others.size < MAX_COUNTED) this.#others.add(key);
        return undefined;
      }
      gathered = { name, label, series, first: at, last: at, years: new Map(), days: new Map() };
      this.#series.set(key, gathered);
    }
    this.#keys.set(series, gathered);
    return gathered;
  }
}

async function compareDays(historian: Historian, gathered: Gathered): Promise<KnownDays> {
  const { provider = 'import', company = '', brand = '' } = gathered.series;
  const own = await differencesFrom(historian, gathered, { provider, company, brand });
  const shown = own.differences.length < gathered.days.size ? await differencesFrom(historian, gathered, {}) : own;
  const isOther = shown.differences.length > own.differences.length;
  const { differences, series } = isOther ? shown : own;
  differences.sort((a, b) => a - b);
  return {
    instrument: gathered.name,
    ...(gathered.label === '' ? undefined : { series: gathered.label }),
    ...(isOther && series ? { comparedWith: plain(seriesName(series)) } : undefined),
    days: gathered.days.size,
    known: differences.length,
    medianDifference: differences.length > 0 ? differences[Math.floor(differences.length / 2)]! : null,
    largeDifferences: differences.filter((each) => each > LARGE_DIFFERENCE).length,
  };
}

/** How far each known day of a daemon's series is from the file's, and which series that is. */
async function differencesFrom(
  historian: Historian,
  { name, series, days, first, last }: Gathered,
  choice: { provider?: string; company?: string; brand?: string },
): Promise<{ differences: number[]; series: Result<'rates.history'>['series'] }> {
  const differences: number[] = [];
  let compared: Result<'rates.history'>['series'];
  let from: number | null = startOfDay(first);
  while (from !== null) {
    let answer: Result<'rates.history'>;
    try {
      const to = startOfDay(last) + DAY_MS;
      answer = await historian.call('rates.history', { instrument: name, from, to, interval: '1d', ...choice });
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.code === 'NOT_FOUND') break;
      throw thrown;
    }
    compared = answer.series;
    const known = parseUnit(answer.unit);
    const unit = series.unit ?? known;
    const factor = known && unit ? unitFactor(unit, known) : undefined;
    for (const { at, close } of answer.candles) {
      const own = days.get(at);
      if (own && factor !== undefined) differences.push(Math.abs(own.price * factor - close) / close);
    }
    from = answer.next;
  }
  return { differences, series: compared };
}

/** How the file is read, for people. */
export function readingText({ columns, header, dates, number, scale }: Reading): SafeText {
  const names = Object.entries(columns).map(
    ([field, column]) => `${field} from ${header ? `"${plain(column)}"` : column}`,
  );
  const order = dates === null ? '' : `; dates ${dates}`;
  return plain(
    `Read${header ? '' : ' without a header'}: ${names.join(', ')}${order}; numbers ${number}${scale === '1' ? '' : `, times ${scale}`}.`,
  );
}

/** The preview for people. @param known undefined where no daemon could be asked */
export function previewLines(
  preview: Pick<ImportPreview, 'rows' | 'instruments' | 'more'>,
  counts: string,
  known: readonly KnownDays[] | undefined,
): SafeText[] {
  const lines = preview.rows.length > 0 ? ['As it would be stored:'] : [];
  for (const { line, at, instrument, buy, sell } of preview.rows) {
    const sides = buy === sell ? [sell] : [buy, sell];
    const prices = sides.map((side) => (side === null ? '-' : shownPrice(side))).join(' / ');
    lines.push(`  ${counts} ${line}: ${shownTime(Date.parse(at))}  ${instrument}  ${prices}`);
  }
  for (const { instrument, series, currency, unit, first, last, years } of preview.instruments) {
    const name = series === undefined ? instrument : `${instrument} (${series})`;
    lines.push(`${name}, ${currency ?? 'currency unknown'}/${unit ?? 'unit unknown'}: ${first} to ${last}`);
    for (const { year, low, high } of years) lines.push(`  ${year}  ${shownPrice(low)} to ${shownPrice(high)}`);
    const days = known?.find((each) => each.instrument === instrument && each.series === series);
    if (days) lines.push(`  ${knownText(days)}`);
  }
  if (preview.more > 0) {
    lines.push(`and ${counted(preview.more)}${preview.more === MAX_COUNTED ? ' or' : ''} more series`);
  }
  return lines.map(plainPiece);
}

function knownText({ comparedWith, days, known, medianDifference, largeDifferences }: KnownDays): SafeText {
  if (medianDifference === null) return safeText`The daemon knows no price on any of these ${counted(days)} days.`;
  const median = (medianDifference * 100).toFixed(1);
  const other = comparedWith === undefined ? safeText`` : safeText` (${plain(comparedWith)})`;
  return safeText`The daemon knows ${counted(known)} of these ${counted(days)} days${other}: median difference ${plain(median)} %, ${counted(largeDifferences)} of ${counted(known)} known days differ by more than 10 %.`;
}
