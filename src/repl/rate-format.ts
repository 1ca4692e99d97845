import { describeClockOffset, findAgreedClockOffset } from '../domain/clock-offset.ts';
import { formatInteger, formatPercent, formatPrice } from '../domain/number-format.ts';
import { referencePrice } from '../domain/quote.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { formatSeries } from '../domain/series.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDate, formatDateTime, formatDuration } from '../domain/time.ts';
import type { EventParams } from '../protocol/events.ts';
import type { MethodResult } from '../protocol/methods.ts';
import { type Coverage, describeCoverage, type TimeWindow } from './chart-scale.ts';
import { compareInPercent } from './comparison.ts';
import type { ChartRange } from './grammar.ts';
import { closesOf, renderComparisonChart, renderLineChart } from './line-chart.ts';
import { advise, type OutputFormat } from './output-format.ts';
import { formatTable, rightAligned, type TableCell } from './table.ts';

export type ListedQuote = MethodResult<'rates.list'>['quotes'][number];
export type ProviderStatuses = MethodResult<'rates.providers'>['providers'];
type RateHistory = MethodResult<'rates.history'>;

/** Quotes, one per line. @param isDated shows since when a quote is valid, in place of its age, and its ID */
export function ratesTable(quotes: readonly ListedQuote[], format: OutputFormat, isDated = false): SafeText[] {
  return formatTable(
    [
      { title: 'Instrument', importance: 3 },
      { ...rightAligned('Buy'), importance: 3 },
      { ...rightAligned('Sell'), importance: 3 },
      'Unit',
      isDated ? 'Since' : rightAligned('Age'),
      { title: 'Provider', maxWidth: 20, minWidth: 10, importance: 1 },
      { title: 'Company', maxWidth: 24, minWidth: 8, importance: 1 },
      { title: 'Brand', maxWidth: 24, minWidth: 8, importance: 1 },
      ...(isDated ? [{ title: 'ID', importance: 0 as const }] : []),
    ],
    quotes.map((quote) => [
      sanitizeText(quote.instrument),
      formatPrice(quote.buy, quote.currency),
      formatPrice(quote.sell, quote.currency),
      formatQuoteUnit(quote),
      isDated ? formatDateTime(quote.at) : ageCell(quote, format),
      sanitizeText(quote.provider),
      isSameName(quote.company, quote.provider) ? '' : sanitizeText(quote.company),
      sanitizeText(quote.brand),
      ...(isDated ? [sanitizeText(quote.id)] : []),
    ]),
    format,
  );
}

/** Explains an empty rate table: missing prices are never replaced by anything. */
export function noRatesLines(providers: ProviderStatuses, format: OutputFormat, what = 'rates'): SafeText[] {
  const list = advise(format, safeText`goldctl rates providers`, safeText`PROVIDERS`);
  const elsewhere = advise(format, safeText``, safeText`, in another terminal`);
  const failing = providers.filter((each) => each.state === 'error' || (each.state === 'stale' && each.lastError));
  const waiting = providers.filter((each) => each.state !== 'off' && !failing.includes(each));
  const lines = [safeText`There are no ${sanitizeText(what)} yet.`];
  if (failing.length > 0) {
    lines.push(safeText`These providers could not be reached:`);
    // Without a network, all of them fail for the same reason.
    const reasonOf = ({ lastError }: ProviderStatus): string => lastError ?? 'no response yet';
    for (const reason of new Set(failing.map(reasonOf))) {
      const group = failing.filter((each) => reasonOf(each) === reason);
      const attempts = group.flatMap(({ nextAt }) => nextAt ?? []);
      const again =
        attempts.length === 0
          ? safeText``
          : safeText` (next attempt ${formatTimeUntil(Math.min(...attempts), format.now)})`;
      lines.push(safeText`  ${joinIds(group)}: ${sanitizeText(reason)}${again}`);
    }
  }
  if (waiting.length > 0) {
    lines.push(safeText`These providers have not returned any yet:`);
    for (const each of waiting) {
      lines.push(
        safeText`  ${sanitizeText(each.id)}${each.nextAt === null ? safeText`` : safeText` (next fetch ${formatTimeUntil(each.nextAt, format.now)})`}`,
      );
    }
  }
  if (failing.length + waiting.length === 0) {
    lines.push(safeText`No provider is enabled: ${list} lists them, and rates.providers in config.json enables them.`);
  } else {
    lines.push(safeText`To fetch now${elsewhere}: goldctl rates refresh`);
  }
  lines.push(safeText`To import prices${elsewhere}: goldctl rates import FILE`);
  return lines;
}

const MAX_JOINED_IDS = 4;

function joinIds(providers: ProviderStatuses): SafeText {
  const ids = providers.slice(0, MAX_JOINED_IDS).map(({ id }) => sanitizeText(id));
  const more = providers.length - ids.length;
  return safeText`${joinSafe(ids, ', ')}${more > 0 ? safeText` and ${more} more` : safeText``}`;
}

export function lookupLines(
  { quotes, before = [] }: MethodResult<'rates.lookup'>,
  date: string,
  instrument: string,
  format: OutputFormat,
): SafeText[] {
  if (quotes.length === 0) {
    const name = sanitizeText(instrument);
    return [
      safeText`No quotes for ${sanitizeText(instrument)} on ${sanitizeText(date)} (Vietnam time).`,
      ...(before.length > 0 ? [safeText`The last price before that date:`, ...ratesTable(before, format)] : []),
      advise(
        format,
        safeText`Latest price: goldctl rates show ${name}. All dates with prices: goldctl rates history ${name} --from 1800-01-01. To add prices: goldctl rates import FILE`,
        safeText`Latest price: MARKET ${name}. All dates with prices: CHART ${name} all. To add prices, in another terminal: goldctl rates import FILE`,
      ),
    ];
  }
  return [safeText`${quotes.length} result${quotes.length === 1 ? '' : 's'}`, ...ratesTable(quotes, format, true)];
}

export function providersTable(providers: ProviderStatuses, format: OutputFormat): SafeText[] {
  const lines = formatTable(
    [
      { title: 'Provider', importance: 3 },
      { title: 'State', importance: 3 },
      rightAligned('Last response'),
      { ...rightAligned('Provider time'), importance: 0 },
      { ...rightAligned('Next'), importance: 1 },
      { ...rightAligned('Rejected'), importance: 1 },
      { title: 'Distance', maxWidth: 24, importance: 0 },
      { title: 'Last error', minWidth: 24, wraps: true },
    ],
    providers.map((each) => [
      sanitizeText(each.id),
      { text: providerStateLabel(each), ...(isNotYetQueried(each) ? {} : providerStateStyle(each.state, format)) },
      each.lastOk === null ? safeText`-` : safeText`${formatDuration(format.now - each.lastOk)} ago`,
      each.response?.statedAt == null ? '-' : formatAgo(each.response.statedAt, format.now),
      each.nextAt === null ? '-' : formatTimeUntil(each.nextAt, format.now),
      rejectedCell(each),
      distanceCell(each),
      each.lastError === null
        ? safeText``
        : safeText`${sanitizeText(each.lastError)}${formatSince(each.lastErrorAt, format.now)}`,
    ]),
    format,
  );
  const offset = findAgreedClockOffset(providers.flatMap(({ response }) => response?.clockOffsetMs ?? []));
  return offset === undefined
    ? lines
    : [
        ...lines,
        safeText``,
        safeText`${describeClockOffset(offset)} Correct it; until then prices use the time of the providers.`,
      ];
}

type ProviderStatus = ProviderStatuses[number];

/** The daemon has not tried it since it started: it is neither stale nor in error. */
export function isNotYetQueried({ state, lastOk, lastError }: ProviderStatus): boolean {
  return state === 'stale' && lastOk === null && lastError === null;
}

function providerStateLabel(provider: ProviderStatus): SafeText {
  return isNotYetQueried(provider) ? safeText`not yet queried` : safeText`${provider.state}`;
}

function formatAgo(at: number, now: number): SafeText {
  return safeText`${formatDuration(Math.max(0, now - at))} ago`;
}

function formatSince(at: number | null | undefined, now: number): SafeText {
  return at == null ? safeText`` : safeText` (${formatAgo(at, now)})`;
}

/** Rows of the last response that are not shown as prices. */
function rejectedCell({ response }: ProviderStatus): SafeText {
  const count = (response?.rejected ?? 0) + (response?.refused ?? 0);
  return count === 0 ? safeText`` : formatInteger(count);
}

function distanceCell({ response }: ProviderStatus): SafeText {
  const distance = response?.distance;
  if (!distance) return safeText``;
  const { percent, label, instrument } = distance;
  return safeText`${sanitizeText(Math.abs(percent).toFixed(0))}% ${percent < 0 ? 'below' : 'above'} ${sanitizeText(label)} (${sanitizeText(instrument)})`;
}

/** What a chart covers; `range` is the name of the window, if it has one. */
export interface ChartPeriod {
  readonly window: TimeWindow;
  readonly range?: ChartRange;
}

/** Lines that charts are high in text output. */
const CHART_HEIGHT = 16;
/** On a wider terminal, a chart is not wider. */
const MAX_CHART_WIDTH = 160;

/** A chart with a title and a summary. */
export function historyChart(
  name: string,
  history: RateHistory,
  format: OutputFormat,
  { window, range }: ChartPeriod,
): SafeText[] {
  const { candles, currency, unit } = history;
  const [first, last] = [candles[0], candles.at(-1)];
  if (!first || !last) return noHistoryLines(name, format);
  let low = first.low;
  let high = first.high;
  for (const candle of candles) {
    low = Math.min(low, candle.low);
    high = Math.max(high, candle.high);
  }
  const coverage = describeCoverage(candles, window, range);
  return [
    safeText`${sanitizeText(name)}${seriesLabel(history)}  last ${formatPrice(last.close, currency)}  low ${formatPrice(low, currency)}  high ${formatPrice(high, currency)}  ${changeText(first.close, last.close, format)} in ${coverage.label}`,
    ...endedLines(coverage, format),
    ...renderLineChart(candles, window, {
      width: Math.min(format.width, MAX_CHART_WIDTH),
      height: CHART_HEIGHT,
      unicode: format.unicode,
      currency,
      unit,
    }),
  ];
}

function changeText(from: number, to: number, { style }: OutputFormat): SafeText {
  const change = formatPercent(from, to);
  return to < from ? style.down(change) : style.up(change);
}

/** A chart whose prices end long before its end says so. */
function endedLines({ endedAt }: Coverage, format: OutputFormat): SafeText[] {
  return endedAt === null ? [] : [format.style.stale(safeText`No prices since ${formatDate(endedAt)}.`)];
}

/** Two instruments in percent since the first moment at which both have a price. The second one is drawn with `o`. */
export function comparisonChart(
  names: readonly [string, string],
  histories: readonly [RateHistory, RateHistory],
  format: OutputFormat,
  { window, range }: ChartPeriod,
): SafeText[] {
  const missing = histories.findIndex(({ candles }) => candles.length === 0);
  if (missing >= 0) return noHistoryLines(names[missing]!, format);
  const [a, b] = compareInPercent(closesOf(histories[0].candles), closesOf(histories[1].candles));
  const summary = (i: 0 | 1, values: typeof a): SafeText => {
    const change = 100 + (values.at(-1)?.value ?? 0);
    return safeText`${sanitizeText(names[i])}${seriesLabel(histories[i])} ${changeText(100, change, format)}`;
  };
  const coverage = describeCoverage(a, window, range);
  return [
    safeText`${summary(0, a)}  ${summary(1, b)} (o)  in ${coverage.label}`,
    ...endedLines(coverage, format),
    ...renderComparisonChart([a, b], window, {
      width: Math.min(format.width, MAX_CHART_WIDTH),
      height: CHART_HEIGHT,
      unicode: format.unicode,
    }),
  ];
}

export function historyTable(name: string, history: RateHistory, format: OutputFormat): SafeText[] {
  const { candles, currency, unit } = history;
  if (candles.length === 0) return noHistoryLines(name, format);
  return [
    safeText`${sanitizeText(name)}${seriesLabel(history)}, ${sanitizeText(currency)}/${unit}`,
    ...formatTable(
      [
        { title: 'From', importance: 3 },
        rightAligned('Open'),
        rightAligned('High'),
        rightAligned('Low'),
        { ...rightAligned('Close'), importance: 3 },
        { ...rightAligned('Quotes'), importance: 0 },
      ],
      candles.map((candle) => [
        formatDateTime(candle.at),
        formatPrice(candle.open, currency),
        formatPrice(candle.high, currency),
        formatPrice(candle.low, currency),
        formatPrice(candle.close, currency),
        formatInteger(candle.count),
      ]),
      format,
    ),
  ];
}

/** The series of a history: ` (sjc, SJC, Hà Nội)`. */
function seriesLabel({ series }: RateHistory): SafeText {
  return series ? safeText` (${sanitizeText(formatSeries(series))})` : safeText``;
}

/** @param period what was looked for, such as `from 2021-12-27 to 2021-12-31` @param newest the newest known price */
export function noHistoryLines(
  name: string,
  format: OutputFormat,
  period = 'in this period',
  newest?: ListedQuote,
): SafeText[] {
  return [
    safeText`No prices for ${sanitizeText(name)} ${sanitizeText(period)}.`,
    ...(newest ? [safeText`The newest is ${describeQuote(newest, format)}.`] : []),
    advise(
      format,
      safeText`Try an earlier --from, or add prices: goldctl rates import FILE`,
      safeText`Try a longer range, or add prices in another terminal: goldctl rates import FILE`,
    ),
  ];
}

export function quoteEventLine(
  { quote }: EventParams<'quote'>,
  format: OutputFormat,
  before: number | undefined,
): SafeText {
  const change = changeCell(before, referencePrice(quote), format);
  const shown = change.text === '' ? safeText`` : safeText` ${change.style ? change.style(change.text) : change.text}`;
  return safeText`* ${describeQuote(quote, format)}${shown}`;
}

/** @param times replaces the times; by default since when the price is valid, and its age if it is stale */
export function describeQuote(quote: ListedQuote, format: OutputFormat, times?: SafeText): SafeText {
  const who = joinSafe(
    [quote.provider, isSameName(quote.company, quote.provider) ? '' : quote.company, quote.brand]
      .map(sanitizeText)
      .filter((part) => part !== ''),
    ', ',
  );
  const stale = quote.stale ? safeText`, ${format.style.stale(ageCell(quote, format).text)}` : '';
  return safeText`${sanitizeText(quote.instrument)} buy ${formatPrice(quote.buy, quote.currency)}, sell ${formatPrice(quote.sell, quote.currency)} ${formatQuoteUnit(quote)} (${who}, ${times ?? safeText`since ${formatDateTime(quote.at)}${stale}`})`;
}

export function formatQuoteUnit(quote: Pick<ListedQuote, 'currency' | 'unit'>): SafeText {
  return safeText`${sanitizeText(quote.currency)}/${quote.unit}`;
}

function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function ageCell(quote: ListedQuote, format: OutputFormat): TableCell {
  const age = formatDuration(format.now - quote.checkedAt);
  return quote.stale ? { text: safeText`STALE ${age}`, style: format.style.stale } : { text: age };
}

function changeCell(before: number | undefined, now: number, format: OutputFormat): TableCell {
  if (before === undefined) return { text: safeText`` };
  const text = formatPercent(before, now);
  return now === before ? { text } : { text, style: now > before ? format.style.up : format.style.down };
}

function providerStateStyle(state: ProviderStatuses[number]['state'], format: OutputFormat): Pick<TableCell, 'style'> {
  if (state === 'error') return { style: format.style.error };
  return state === 'stale' ? { style: format.style.stale } : {};
}

function formatTimeUntil(at: number, now: number): SafeText {
  return at <= now ? safeText`now` : safeText`in ${formatDuration(at - now)}`;
}
