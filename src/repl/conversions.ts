import { parseMeasure } from '../domain/conversion.ts';
import { formatPrice } from '../domain/figures.ts';
import { plain } from '../domain/fold.ts';
import { formatMinute } from '../domain/instant.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { unitFactor } from '../domain/unit.ts';
import type { Result } from '../protocol/methods.ts';
import type { Paper } from './paper.ts';
import { ageCell, describe, type Quote, unitOf } from './presenter.ts';
import { type Cell, table } from './table.ts';

type ConvertedEach = NonNullable<Result<'rates.list'>['converted']>;
type Converted = NonNullable<ConvertedEach[number]>;

/** What quotes were converted to: `converted` has an entry for each of `quotes`, null where it could not be. */
export interface Conversions {
  readonly quotes: readonly Quote[];
  readonly converted?: ConvertedEach | undefined;
  /** As it was asked for. */
  readonly measure: string;
  /** The day whose quotes were used, `yyyy-mm-dd`; undefined: the latest quotes. */
  readonly date?: string | undefined;
}

/** To stand below quotes: each in another measure with the quotes that it rests on, or why it could not be converted. */
export function conversionLines(conversions: Conversions, paper: Paper): SafeText[] {
  const { quotes, converted = [], measure, date } = conversions;
  const head = safeText`In ${plain(measure)}${date === undefined ? safeText`` : safeText`, by quotes of ${plain(date)} only`}:`;
  const lines = quotes.flatMap((quote, i) => {
    const name = safeText`${plain(quote.instrument)} (${plain(quote.provider)})`;
    const result = converted[i];
    if (!result) return [safeText`${name}: ${figures(quote)}, ${notConverted(quote, conversions)}`];
    const legs = result.legs.map((leg) => safeText`  from ${describe(leg, paper, timesOf(leg, date, paper))}`);
    const age = oldest(result.legs);
    const stale = date === undefined && age?.stale ? safeText`, ${paper.style.stale(ageCell(age, paper).text)}` : '';
    return [safeText`${name}: ${figures(result)}${stale}`, ...legs];
  });
  return lines.length === 0 ? [] : [safeText``, head, ...lines];
}

/** The latest quotes in another measure, one a line; those that no quotes convert in their own, with the reason. */
export function convertedTable(conversions: Conversions, paper: Paper): SafeText[] {
  const { quotes, converted = [] } = conversions;
  return table(
    [
      { title: 'Instrument' },
      { title: 'Buy', align: 'right' },
      { title: 'Sell', align: 'right' },
      { title: 'Unit' },
      { title: 'Age', align: 'right' },
      { title: 'From' },
    ],
    quotes.map((quote, i): (SafeText | Cell)[] => {
      const result = converted[i];
      const shown = result ?? quote;
      return [
        plain(quote.instrument),
        formatPrice(shown.buy, shown.currency),
        formatPrice(shown.sell, shown.currency),
        unitOf(shown),
        ageCell((result && oldest(result.legs)) ?? quote, paper),
        result
          ? joinSafe(
              result.legs.map((leg) => source(leg, paper)),
              ', ',
            )
          : notConverted(quote, conversions),
      ];
    }),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
}

function figures(of: Quote | Converted): SafeText {
  return safeText`buy ${formatPrice(of.buy, of.currency)}, sell ${formatPrice(of.sell, of.currency)} ${unitOf(of)}`;
}

function source(leg: Quote, paper: Paper): SafeText {
  return safeText`${plain(leg.instrument)} ${plain(leg.provider)} ${ageCell(leg, paper).text}`;
}

function timesOf(leg: Quote, date: string | undefined, paper: Paper): SafeText {
  const since = safeText`since ${formatMinute(leg.at)}`;
  if (date !== undefined)
    return leg.checkedAt > leg.at ? safeText`${since}, confirmed until ${formatMinute(leg.checkedAt)}` : since;
  const { text } = ageCell(leg, paper);
  return leg.stale ? safeText`${since}, ${paper.style.stale(text)}` : safeText`${since}, confirmed ${text} ago`;
}

/** The leg by which the figures are as old as they are: a stale one, else the one that was confirmed first. */
function oldest(legs: readonly Quote[]): Quote | undefined {
  return [...legs].sort((a, b) => Number(b.stale) - Number(a.stale) || a.checkedAt - b.checkedAt)[0];
}

function notConverted(quote: Quote, { measure, date }: Conversions): SafeText {
  const { currency = quote.currency, unit = quote.unit } = parseMeasure(measure) ?? {};
  if (unitFactor(quote.unit, unit) === undefined) {
    return safeText`not converted: prices per ${plain(quote.unit)} and per ${plain(unit)} do not compare`;
  }
  if (quote.instrument === currency) return safeText`not converted: it is the price of ${plain(currency)} itself`;
  const known = date === undefined ? safeText`no quote` : safeText`no quote of ${plain(date)}`;
  return safeText`not converted: ${known} leads from ${plain(quote.currency)} to ${plain(currency)}`;
}
