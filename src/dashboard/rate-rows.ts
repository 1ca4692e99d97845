import { MARKETS } from '../domain/instrument.ts';
import { foldForSearch } from '../domain/text.ts';
import { type EpochMs, startOfDay } from '../domain/time.ts';
import type { RateRow, SortColumn, State } from './state.ts';

type RatesState = Pick<State, 'rates' | 'ratesView' | 'watchList' | 'now'>;

/**
 * The price that the change of a rate refers to: the last daily close before today, Vietnam time. Undefined if the rate
 * was not confirmed today, because nothing is known about today then.
 */
export function lastClose({ quote, closes }: RateRow, now: EpochMs): number | undefined {
  return quote.checkedAt >= startOfDay(now) ? closes.at(-1) : undefined;
}

/** Rates that pass the filter and the watch list, sorted as the member wants. */
export function shownRates(state: RatesState): readonly RateRow[] {
  const { rates, ratesView, watchList } = state;
  const today = startOfDay(state.now);
  const known = cache.get(rates);
  if (known?.ratesView === ratesView && known.watchList === watchList && known.today === today) return known.rows;
  const rows = sortRows(filterRows(state), state);
  cache.set(rates, { ratesView, watchList, today, rows });
  return rows;
}

/** Whether rows are in the order of the markets, so that market headings make sense. */
export function isByMarket({ ratesView }: Pick<State, 'ratesView'>): boolean {
  return ratesView.sortBy === null && !ratesView.isWatchListOnly;
}

/** The last result per list of rates: it is needed several times per frame. */
const cache = new WeakMap<
  readonly RateRow[],
  Pick<State, 'ratesView' | 'watchList'> & { readonly today: EpochMs; readonly rows: readonly RateRow[] }
>();

function filterRows({ rates, ratesView: { filter, isWatchListOnly }, watchList }: RatesState): readonly RateRow[] {
  const watched = new Set(watchList);
  const text = foldForSearch(filter.trim());
  if (text === '' && !isWatchListOnly) return rates;
  return rates.filter(({ quote }) => {
    if (isWatchListOnly && !watched.has(quote.instrument)) return false;
    const { instrument, provider, company, brand } = quote;
    return text === '' || foldForSearch(`${instrument} ${provider} ${company} ${brand}`).includes(text);
  });
}

function sortRows(
  rows: readonly RateRow[],
  { ratesView: { sortBy, isDescending, isWatchListOnly }, watchList, now }: RatesState,
): readonly RateRow[] {
  if (sortBy === null) {
    if (!isWatchListOnly) return rows;
    const positions = new Map(watchList.map((instrument, i) => [instrument, i]));
    return [...rows].sort((a, b) => positions.get(a.quote.instrument)! - positions.get(b.quote.instrument)!);
  }
  const keyed = rows.map((row) => ({ row, key: sortKey(row, sortBy, now) }));
  const sign = isDescending ? -1 : 1;
  keyed.sort((a, b) => {
    // Unknown values come last in both directions.
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    return a.key === b.key ? compareByMarket(a.row, b.row) : a.key < b.key ? -sign : sign;
  });
  return keyed.map(({ row }) => row);
}

function sortKey(row: RateRow, column: SortColumn, now: EpochMs): string | number | null {
  const { quote } = row;
  switch (column) {
    case 'name':
      return quote.instrument;
    case 'buy':
      return quote.buy;
    case 'sell':
      return quote.sell;
    case 'change': {
      const [close, price] = [lastClose(row, now), quote.sell ?? quote.buy];
      return close === undefined || price === null || !(close > 0) ? null : price / close;
    }
    case 'age':
      return -quote.checkedAt;
  }
}

/** The order of the list without a sort column. */
export function compareByMarket(a: RateRow, b: RateRow): number {
  const market = MARKETS.indexOf(a.quote.market) - MARKETS.indexOf(b.quote.market);
  return market !== 0 ? market : a.quote.instrument < b.quote.instrument ? -1 : 1;
}
