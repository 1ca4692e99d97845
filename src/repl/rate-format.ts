import { describeClockOffset, findAgreedClockOffset } from '../domain/clock-offset.ts';
import { formatInteger, formatPercent, formatPrice } from '../domain/number-format.ts';
import { referencePrice } from '../domain/quote.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { formatSeries } from '../domain/series.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDateTime, formatDuration } from '../domain/time.ts';
import type { EventParams } from '../protocol/events.ts';
import type { MethodResult } from '../protocol/methods.ts';
import { renderLineChart } from './line-chart.ts';
import type { OutputFormat } from './output-format.ts';
import { formatTable, rightAligned, type TableCell } from './table.ts';

export type ListedQuote = MethodResult<'rates.list'>['quotes'][number];
export type ProviderStatuses = MethodResult<'rates.providers'>['providers'];
type RateHistory = MethodResult<'rates.history'>;

/** Quotes, one per line. @param isDated shows since when a quote is valid, in place of its age, and its ID */
export function ratesTable(quotes: readonly ListedQuote[], format: OutputFormat, isDated = false): SafeText[] {
  return formatTable(
    [
      'Instrument',
      rightAligned('Buy'),
      rightAligned('Sell'),
      'Unit',
      isDated ? 'Since' : rightAligned('Age'),
      { title: 'Provider', maxWidth: 20 },
      { title: 'Company', maxWidth: 24 },
      { title: 'Brand', maxWidth: 24 },
      ...(isDated ? ['ID'] : []),
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
  const failing = providers.filter((each) => each.state === 'error' || (each.state === 'stale' && each.lastError));
  const waiting = providers.filter((each) => each.state !== 'off' && !failing.includes(each));
  const lines = [safeText`There are no ${sanitizeText(what)} yet.`];
  if (failing.length > 0) {
    lines.push(safeText`These providers could not be reached:`);
    for (const each of failing) {
      const again =
        each.nextAt === null ? safeText`` : safeText` (next attempt ${formatTimeUntil(each.nextAt, format.now)})`;
      lines.push(safeText`  ${sanitizeText(each.id)}: ${sanitizeText(each.lastError ?? 'no response yet')}${again}`);
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
    lines.push(safeText`No provider is enabled: see "goldctl rates providers" and rates.providers in config.json.`);
  } else {
    lines.push(safeText`To fetch now: goldctl rates refresh`);
  }
  lines.push(safeText`To import prices: goldctl rates import FILE`);
  return lines;
}

export function lookupLines(
  { quotes, before = [] }: MethodResult<'rates.lookup'>,
  date: string,
  instrument: string,
  format: OutputFormat,
): SafeText[] {
  if (quotes.length === 0) {
    return [
      safeText`No quotes for ${sanitizeText(instrument)} on ${sanitizeText(date)} (Vietnam time).`,
      ...(before.length > 0 ? [safeText`The last price before that date:`, ...ratesTable(before, format)] : []),
      safeText`MARKET ${sanitizeText(instrument)} shows the latest price, CHART ${sanitizeText(instrument)} all dates with prices; "goldctl rates import FILE" adds more.`,
    ];
  }
  return [safeText`${quotes.length} result${quotes.length === 1 ? '' : 's'}`, ...ratesTable(quotes, format, true)];
}

export function providersTable(providers: ProviderStatuses, format: OutputFormat): SafeText[] {
  const lines = formatTable(
    [
      'Provider',
      'State',
      rightAligned('Last response'),
      rightAligned('Provider time'),
      rightAligned('Next'),
      rightAligned('Rejected'),
      { title: 'Distance', maxWidth: 24 },
      'Last error',
    ],
    providers.map((each) => [
      sanitizeText(each.id),
      { text: safeText`${each.state}`, ...providerStateStyle(each.state, format) },
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
  return safeText`${sanitizeText(Math.abs(percent).toFixed(0))} % ${percent < 0 ? 'below' : 'above'} ${sanitizeText(label)} (${sanitizeText(instrument)})`;
}

/** A chart with a title and a summary. */
export function historyChart(name: string, history: RateHistory, format: OutputFormat, height = 16): SafeText[] {
  const { candles, currency, unit } = history;
  const [first, last] = [candles[0], candles.at(-1)];
  if (!first || !last) return noHistoryLines(name);
  let low = first.low;
  let high = first.high;
  for (const candle of candles) {
    low = Math.min(low, candle.low);
    high = Math.max(high, candle.high);
  }
  const change = formatPercent(first.close, last.close);
  const coloured = last.close < first.close ? format.style.down(change) : format.style.up(change);
  return [
    safeText`${sanitizeText(name)}${seriesLabel(history)}  last ${formatPrice(last.close, currency)}  low ${formatPrice(low, currency)}  high ${formatPrice(high, currency)}  ${coloured}`,
    ...renderLineChart(candles, {
      width: Math.min(format.width, 160),
      height,
      unicode: format.unicode,
      currency,
      unit,
    }),
  ];
}

export function historyTable(name: string, history: RateHistory, format: OutputFormat): SafeText[] {
  const { candles, currency, unit } = history;
  if (candles.length === 0) return noHistoryLines(name);
  return [
    safeText`${sanitizeText(name)}${seriesLabel(history)}, ${sanitizeText(currency)}/${unit}`,
    ...formatTable(
      [
        'From',
        rightAligned('Open'),
        rightAligned('High'),
        rightAligned('Low'),
        rightAligned('Close'),
        rightAligned('Quotes'),
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

export function noHistoryLines(name: string): SafeText[] {
  return [
    safeText`No prices for ${sanitizeText(name)} in this period.`,
    safeText`Try a longer range, or add prices with "goldctl rates import FILE".`,
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
