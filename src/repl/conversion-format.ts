import { formatPrice } from '../domain/number-format.ts';
import { parsePriceUnit } from '../domain/price-conversion.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDateTime } from '../domain/time.ts';
import { unitConversionFactor } from '../domain/unit.ts';
import type { MethodResult } from '../protocol/methods.ts';
import type { OutputFormat } from './output-format.ts';
import { ageCell, describeQuote, formatQuoteUnit, type ListedQuote } from './rate-format.ts';
import { formatTable, rightAligned, type TableCell } from './table.ts';

type ConvertedPrices = NonNullable<MethodResult<'rates.list'>['converted']>;
type ConvertedQuote = NonNullable<ConvertedPrices[number]>;

/** Quotes and what they were converted to: `converted` has one entry per quote, null if it could not be converted. */
export interface ConversionResult {
  readonly quotes: readonly ListedQuote[];
  readonly converted?: ConvertedPrices | undefined;
  readonly priceUnit: string;
  /** The date whose quotes were used, `yyyy-mm-dd`; undefined: the latest quotes. */
  readonly date?: string | undefined;
}

/** Lines below a table of quotes: each quote converted, with the quotes used, or the reason why it was not converted. */
export function conversionLines(conversions: ConversionResult, format: OutputFormat): SafeText[] {
  const { quotes, converted = [], priceUnit, date } = conversions;
  const head = safeText`In ${sanitizeText(priceUnit)}${date === undefined ? safeText`` : safeText`, using only quotes of ${sanitizeText(date)}`}:`;
  const lines = quotes.flatMap((quote, i) => {
    const name = safeText`${sanitizeText(quote.instrument)} (${sanitizeText(quote.provider)})`;
    const result = converted[i];
    if (!result) return [safeText`${name}: ${formatBuySell(quote)}, ${notConvertedReason(quote, conversions)}`];
    const legs = result.legs.map(
      (leg) => safeText`  from ${describeQuote(leg, format, formatLegTimes(leg, date, format))}`,
    );
    const age = oldestQuote(result.legs);
    const stale = date === undefined && age?.stale ? safeText`, ${format.style.stale(ageCell(age, format).text)}` : '';
    return [safeText`${name}: ${formatBuySell(result)}${stale}`, ...legs];
  });
  return lines.length === 0 ? [] : [safeText``, head, ...lines];
}

/** The latest converted quotes, one per line. Quotes that cannot be converted keep their own unit and give the reason. */
export function conversionTable(conversions: ConversionResult, format: OutputFormat): SafeText[] {
  const { quotes, converted = [] } = conversions;
  return formatTable(
    [
      { title: 'Instrument', importance: 3 },
      { ...rightAligned('Buy'), importance: 3 },
      { ...rightAligned('Sell'), importance: 3 },
      { title: 'Unit', importance: 3 },
      rightAligned('Age'),
      { title: 'From', minWidth: 20, importance: 1, wraps: true },
    ],
    quotes.map((quote, i): (SafeText | TableCell)[] => {
      const result = converted[i];
      const shown = result ?? quote;
      return [
        sanitizeText(quote.instrument),
        formatPrice(shown.buy, shown.currency),
        formatPrice(shown.sell, shown.currency),
        formatQuoteUnit(shown),
        ageCell((result && oldestQuote(result.legs)) ?? quote, format),
        result
          ? joinSafe(
              result.legs.map((leg) => describeLeg(leg, format)),
              ', ',
            )
          : notConvertedReason(quote, conversions),
      ];
    }),
    format,
  );
}

function formatBuySell(of: ListedQuote | ConvertedQuote): SafeText {
  return safeText`buy ${formatPrice(of.buy, of.currency)}, sell ${formatPrice(of.sell, of.currency)} ${formatQuoteUnit(of)}`;
}

function describeLeg(leg: ListedQuote, format: OutputFormat): SafeText {
  return safeText`${sanitizeText(leg.instrument)} ${sanitizeText(leg.provider)} ${ageCell(leg, format).text}`;
}

function formatLegTimes(leg: ListedQuote, date: string | undefined, format: OutputFormat): SafeText {
  const since = safeText`since ${formatDateTime(leg.at)}`;
  if (date !== undefined)
    return leg.checkedAt > leg.at ? safeText`${since}, confirmed until ${formatDateTime(leg.checkedAt)}` : since;
  const { text } = ageCell(leg, format);
  return leg.stale ? safeText`${since}, ${format.style.stale(text)}` : safeText`${since}, confirmed ${text} ago`;
}

/** The quote that determines the age of a conversion: a stale one, else the one that was confirmed first. */
function oldestQuote(legs: readonly ListedQuote[]): ListedQuote | undefined {
  return [...legs].sort((a, b) => Number(b.stale) - Number(a.stale) || a.checkedAt - b.checkedAt)[0];
}

function notConvertedReason(quote: ListedQuote, { priceUnit, date }: ConversionResult): SafeText {
  const { currency = quote.currency, unit = quote.unit } = parsePriceUnit(priceUnit) ?? {};
  if (unitConversionFactor(quote.unit, unit) === undefined) {
    return safeText`not converted: prices per ${sanitizeText(quote.unit)} and per ${sanitizeText(unit)} cannot be compared`;
  }
  if (quote.instrument === currency)
    return safeText`not converted: this is the price of ${sanitizeText(currency)} itself`;
  const known = date === undefined ? safeText`no quote` : safeText`no quote of ${sanitizeText(date)}`;
  return safeText`not converted: ${known} converts ${sanitizeText(quote.currency)} to ${sanitizeText(currency)}`;
}
