import { MARKETS, type Market } from '../../domain/instrument.ts';
import { formatCompactPrice, formatPrice } from '../../domain/number-format.ts';
import { type EpochMs, formatDuration } from '../../domain/time.ts';
import { displayWidth } from '../../repl/text-width.ts';
import { lastClose } from '../rate-rows.ts';
import type { RateRow, SortColumn, State } from '../state.ts';
import type { StyledSpan } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { changeSpan } from './price-trend.ts';
import { displayTimeOrDate } from './time-format.ts';

/** From this width on, the table has units and providers, if there is room. */
const WIDE_COLUMNS = 64;
const MAX_NAME_COLUMNS = 24;
const MAX_PROVIDER_COLUMNS = 24;
const MAX_TREND_COLUMNS = 40;
const NATURAL_TREND_COLUMNS = 12;
/** `12 min`: so that columns do not change when ages get a digit more. */
const MIN_AGE_COLUMNS = 6;
/** Pane width without rates: room for what explains that there are none. */
const EMPTY_COLUMNS = 44;

/** `STALE since 12:04`, `STALE 3 h`, `!3 h`. Fresh rates show their age in all forms. */
type AgeForm = 'long' | 'medium' | 'short';

/** How much each rate shows, from the most to the least: the first form in which the essential columns fit is used. */
interface TableForm {
  readonly isCompact: boolean;
  /** Prices are padded to align on the decimal point as long as their column is not wider than this. */
  readonly priceColumns: number;
  readonly nameColumns: number;
  readonly age: AgeForm;
  /** Default: true. */
  readonly hasBuy?: false;
}

const FORMS: readonly TableForm[] = [
  { isCompact: false, priceColumns: 16, nameColumns: MAX_NAME_COLUMNS, age: 'long' },
  { isCompact: false, priceColumns: 16, nameColumns: 16, age: 'medium' },
  { isCompact: false, priceColumns: 0, nameColumns: 10, age: 'medium' },
  { isCompact: true, priceColumns: 9, nameColumns: 10, age: 'medium' },
  { isCompact: true, priceColumns: 9, nameColumns: 10, age: 'short' },
  { isCompact: false, priceColumns: 0, nameColumns: 10, age: 'short', hasBuy: false },
];
const NARROWEST_FORM: TableForm = { isCompact: true, priceColumns: 0, nameColumns: 10, age: 'short' };
const NATURAL_FORM = FORMS[1]!;

export interface RateColumns {
  readonly name: number;
  readonly buy: number;
  readonly sell: number;
  readonly unit: number;
  readonly change: number;
  readonly trend: number;
  readonly age: number;
  readonly provider: number;
  readonly isCompact: boolean;
  readonly ageForm: AgeForm;
  /** How many characters from the decimal point on the prices of a market are padded to. */
  readonly decimals: Readonly<Partial<Record<Market, number>>>;
}

export const COLUMN_TITLES = {
  name: 'Name',
  buy: 'Buy',
  sell: 'Sell',
  unit: 'Unit',
  /** Since the last daily close. */
  change: 'Today',
  trend: 'Trend',
  age: 'Age',
  provider: 'Provider',
} as const;

interface PriceTexts {
  readonly buy: string;
  readonly sell: string;
  readonly sellOrBuy: string;
}

/** The texts of a rate that do not depend on time or width. */
export interface RateTexts {
  readonly name: string;
  readonly full: PriceTexts;
  readonly compact: PriceTexts;
  readonly unit: string;
  readonly provider: string;
}

const textsByRate = new WeakMap<RateRow, RateTexts>();

export function rateTexts(rate: RateRow): RateTexts {
  let texts = textsByRate.get(rate);
  if (!texts) {
    const { quote } = rate;
    const currency = displayText(quote.currency);
    const prices = (format: typeof formatPrice): PriceTexts => ({
      buy: format(quote.buy, currency),
      sell: format(quote.sell, currency),
      sellOrBuy: format(quote.sell ?? quote.buy, currency),
    });
    texts = {
      name: displayText(quote.instrument),
      full: prices(formatPrice),
      compact: prices(formatCompactPrice),
      unit: quote.unit === 'each' || quote.unit === 'coin' ? currency : `${currency}/${displayText(quote.unit)}`,
      provider: displayText(quote.provider),
    };
    textsByRate.set(rate, texts);
  }
  return texts;
}

/** The change since the last daily close; empty if the rate was not confirmed today. */
export function rateChange(rate: RateRow, now: EpochMs): StyledSpan {
  return changeSpan(lastClose(rate, now), rate.quote.sell ?? rate.quote.buy);
}

/** How old the last confirmation of a rate is; for a stale one, since when. */
export function rateAge({ quote }: RateRow, now: EpochMs, form: AgeForm): string {
  const age = formatDuration(now - quote.checkedAt);
  if (!quote.stale) return age;
  if (form === 'long') return `STALE since ${displayTimeOrDate(quote.checkedAt, now)}`;
  return form === 'medium' ? `STALE ${age}` : `!${age}`;
}

const naturalWidths = new WeakMap<readonly RateRow[], number>();

/** The inner width of the rates pane at which nothing is cut. Does not change with the age of the rates. */
export function naturalRatesWidth(state: Pick<State, 'rates' | 'ratesView' | 'now'>): number {
  const { rates } = state;
  if (rates.length === 0) return EMPTY_COLUMNS;
  const known = naturalWidths.get(rates);
  if (known !== undefined) return known;
  const table = measure(state);
  const { name, buy, sell, change } = table.essential(NATURAL_FORM);
  const age = rates.some(({ quote }) => quote.stale) ? 'STALE 12 min'.length : MIN_AGE_COLUMNS;
  const trend = table.hasTrends ? NATURAL_TREND_COLUMNS : 0;
  const width = widthOf(name, [buy, sell, change, age, trend, table.unit, table.provider]);
  naturalWidths.set(rates, width);
  return width;
}

/** The mark, the name, and the other columns with a blank before each. */
function widthOf(name: number, columns: readonly number[]): number {
  return columns.reduce((sum, each) => sum + (each > 0 ? each + 1 : 0), 1 + name);
}

/** Distributes the width of the pane: what can be missed most easily is dropped first, and the trend before all else. */
export function fitRateColumns(state: Pick<State, 'rates' | 'ratesView' | 'now'>, width: number): RateColumns {
  const table = measure(state);
  const essentialWidth = ({ name, buy, sell, change, age }: EssentialColumns): number =>
    widthOf(name, [buy, sell, change, age]);
  const fitting = FORMS.find((form) => essentialWidth(table.essential(form)) <= width);
  const form = fitting ?? NARROWEST_FORM;
  let columns = table.essential(form);
  if (!fitting) columns = dropColumns(columns, width);
  let left = width - essentialWidth(columns);
  const take = (wanted: number): number => {
    if (wanted === 0 || left < wanted + 1) return 0;
    left -= wanted + 1;
    return wanted;
  };
  const longer = Math.max(0, Math.min(table.name, MAX_NAME_COLUMNS) - columns.name);
  const moreName = Math.min(longer, Math.max(0, left));
  left -= moreName;
  const trend = table.hasTrends ? take(Math.min(6, Math.max(5, left - 1))) : 0;
  const isWide = width >= WIDE_COLUMNS;
  const unit = isWide ? take(table.unit) : 0;
  const provider = isWide ? take(table.provider) : 0;
  const moreTrend =
    trend > 0 ? Math.max(0, Math.min(left, Math.min(MAX_TREND_COLUMNS, table.longestTrend) - trend)) : 0;
  return {
    ...columns,
    name: columns.name + moreName,
    trend: trend + moreTrend,
    unit,
    provider,
    isCompact: form.isCompact,
    ageForm: form.age,
  };
}

type EssentialColumns = Pick<RateColumns, 'name' | 'buy' | 'sell' | 'change' | 'age' | 'decimals'>;

/** On a very narrow screen: one price first, then its change, its age, and the other price. */
function dropColumns({ decimals, ...wanted }: EssentialColumns, width: number): EssentialColumns {
  const sell = Math.min(wanted.sell, Math.max(1, width - 6));
  let left = width - 1 - 1 - sell;
  const name = Math.max(0, Math.min(wanted.name, Math.max(left, 0)));
  left -= name;
  const take = (column: number): number => {
    if (column === 0 || left < column + 1) return 0;
    left -= column + 1;
    return column;
  };
  const [change, age, buy] = [take(wanted.change), take(wanted.age), take(wanted.buy)];
  return { name, buy, sell, change, age, decimals };
}

/** The widths that the columns of the whole list need, whatever is filtered: so columns do not jump. */
function measure({ rates, ratesView, now }: Pick<State, 'rates' | 'ratesView' | 'now'>) {
  const all = rates.map((rate) => ({ rate, texts: rateTexts(rate) }));
  const widest = (of: (each: (typeof all)[number]) => string): number => {
    let most = 0;
    for (const each of all) most = Math.max(most, displayWidth(of(each)));
    return most;
  };
  /** At least as wide as the title, if the column has any value. The sort column has an arrow after the title. */
  const withTitle = (title: keyof typeof COLUMN_TITLES, wanted: number): number => {
    const arrow = ratesView.sortBy === (title as SortColumn) ? 1 : 0;
    return wanted === 0 ? 0 : Math.max(COLUMN_TITLES[title].length + arrow, wanted);
  };
  const name = withTitle(
    'name',
    widest(({ texts }) => texts.name),
  );
  const longestTrend = Math.max(0, ...rates.map(({ closes }) => closes.length)) + 1;
  const essential = (form: TableForm): EssentialColumns => {
    const prices = all.map(({ rate, texts }) => ({
      market: rate.quote.market,
      texts: form.isCompact ? texts.compact : texts.full,
    }));
    const decimals = commonDecimals(prices, form.priceColumns);
    const priceWidth = (of: (texts: PriceTexts) => string): number => {
      let most = 0;
      for (const { market, texts } of prices) most = Math.max(most, alignDecimals(of(texts), decimals[market]).length);
      return most;
    };
    return {
      name: Math.min(name, form.nameColumns),
      buy:
        form.hasBuy === false
          ? 0
          : withTitle(
              'buy',
              priceWidth(({ buy }) => buy),
            ),
      sell: withTitle(
        'sell',
        priceWidth(({ sellOrBuy }) => sellOrBuy),
      ),
      change: withTitle(
        'change',
        widest(({ rate }) => rateChange(rate, now).text),
      ),
      age: Math.max(
        MIN_AGE_COLUMNS,
        widest(({ rate }) => rateAge(rate, now, form.age)),
      ),
      decimals,
    };
  };
  return {
    name,
    unit: widest(({ texts }) => texts.unit),
    provider: Math.min(
      MAX_PROVIDER_COLUMNS,
      withTitle(
        'provider',
        widest(({ texts }) => texts.provider),
      ),
    ),
    hasTrends: longestTrend > 1,
    longestTrend,
    essential,
  };
}

/**
 * For each market, the longest fraction that all its prices can be padded to within `maxWidth`. Prices with a longer one
 * (one coin with many digits) stay as they are, so that they do not shift all others.
 */
function commonDecimals(
  prices: readonly { readonly market: Market; readonly texts: PriceTexts }[],
  maxWidth: number,
): Partial<Record<Market, number>> {
  const decimals: Partial<Record<Market, number>> = {};
  const widest = Math.max(maxWidth, ...prices.flatMap(({ texts: { buy, sell } }) => [buy.length, sell.length]));
  for (const market of MARKETS) {
    const lengths = prices
      .filter((each) => each.market === market)
      .flatMap(({ texts: { buy, sell } }) => [buy, sell])
      .map((price) => ({ whole: price.length - fractionLength(price), fraction: fractionLength(price) }));
    const fits = (fraction: number): boolean =>
      lengths.every((each) => each.fraction > fraction || each.whole + fraction <= widest);
    const fractions = [...new Set(lengths.map(({ fraction }) => fraction))].sort((a, b) => b - a);
    decimals[market] = fractions.find(fits) ?? 0;
  }
  return decimals;
}

function fractionLength(price: string): number {
  const point = price.indexOf('.');
  return point < 0 ? 0 : price.length - point;
}

/** Pads a price so that the decimal points of a column align. */
export function alignDecimals(price: string, decimals = 0): string {
  return price + ' '.repeat(Math.max(0, decimals - fractionLength(price)));
}
