import type { Instant } from './instant.ts';
import { CATALOGUE, type Market } from './instrument.ts';
import { type Unit, unitFactor } from './unit.ts';

/** What decides the band of a price. */
export interface PricedInstrument {
  /** The instrument's id. */
  readonly instrument: string;
  readonly market: Market | 'silver';
  readonly currency: string;
  readonly unit: Unit;
}

/** The prices that are possible at one time, in the currency per unit of the instrument. */
export interface PriceBand {
  readonly low: number;
  /** What the price was about, from public yearly averages; tells which factor of several explains a price outside. */
  readonly typical: number;
  readonly high: number;
}

type Point = readonly [year: number, value: number];

const YEAR_MS = 365.2425 * 24 * 3_600_000;
/** The tables end here: later bands are the last known ones, with room for growth. */
const LAST_KNOWN_YEAR = 2026.9;
const MAX_YEARS_OF_GROWTH = 10;
const METAL_GROWTH_A_YEAR = { typical: 1.04, high: 1.15 };
const COIN_GROWTH_A_YEAR = 1.25;
/** A band of this width never holds a price and ten times that price, as of a chỉ and a tael. */
const MAX_METAL_WIDTH = 9.9;

/**
 * Fine gold: bars, rings and world gold. The band allows for what Vietnam pays over the world price. Other gold may be
 * jewellery, which costs down to 0.3 of fine gold (10 carat); a chỉ of fine gold, 0.1 of a tael, stays outside.
 */
const FINE_GOLD = { low: 0.55, high: 2 };
const OTHER_GOLD = { low: 0.18, high: 1.75 };
const SILVER = { low: 0.33, high: 3.2 };
/** What silver costs in Vietnam over the world price, about. */
const VIETNAM_SILVER_PREMIUM = 1.1;

/** How far one US dollar, the dong and another listed currency get from the value of the table, as a factor. */
const DOLLAR_SPREAD = 1;
const DONG_SPREAD = 1.7;
const CURRENCY_SPREAD = 2.5;
/** The value of the dong fell a thousandfold in the 1980s: no table holds for that. */
const FIRST_YEAR_OF_DONG = 1990;

const ANY_PRICE: PriceBand = { low: 1e-9, typical: 1, high: 1e9 };
const ANY_COIN: PriceBand = { low: 1e-18, typical: 100, high: 1e7 };

const FINE_GOLD_IDS: ReadonlySet<string> = new Set(
  CATALOGUE.filter(({ market }) => market === 'gold').map(({ id }) => id),
);

/** World gold, USD per troy ounce: rounded yearly averages. Fixed at 20.67 until 1933 and at 35 until 1968. */
const GOLD_USD_OZT = yearlyTable([
  [1833, 19],
  [1915, 19],
  [1920, 20.67],
  [1932, 20.67],
  [1934, 35],
  [1967, 35],
  [1968, 39],
  [1969, 41],
  [1970, 36],
  [1971, 41],
  [1972, 58],
  [1973, 97],
  [1974, 160],
  [1975, 160],
  [1976, 125],
  [1977, 150],
  [1978, 195],
  [1979, 310],
  [1980, 615],
  [1981, 460],
  [1982, 375],
  [1983, 425],
  [1984, 360],
  [1985, 320],
  [1986, 370],
  [1987, 445],
  [1990, 385],
  [1996, 390],
  [1997, 330],
  [2000, 280],
  [2001, 270],
  [2002, 310],
  [2003, 365],
  [2004, 410],
  [2005, 445],
  [2006, 600],
  [2007, 700],
  [2008, 870],
  [2009, 970],
  [2010, 1230],
  [2011, 1570],
  [2012, 1670],
  [2013, 1410],
  [2014, 1270],
  [2015, 1160],
  [2018, 1270],
  [2019, 1390],
  [2020, 1770],
  [2022, 1800],
  [2023, 1940],
  [2024, 2390],
  [2025, 3400],
  [2026, 4600],
]);

/** Silver, USD per troy ounce: rounded yearly averages. */
const SILVER_USD_OZT = yearlyTable([
  [1833, 1.3],
  [1873, 1.3],
  [1893, 0.8],
  [1902, 0.5],
  [1915, 0.5],
  [1919, 1.1],
  [1921, 0.6],
  [1931, 0.3],
  [1935, 0.6],
  [1939, 0.4],
  [1950, 0.75],
  [1960, 0.9],
  [1963, 1.3],
  [1968, 2],
  [1971, 1.5],
  [1973, 2.5],
  [1974, 4.7],
  [1978, 5.4],
  [1979, 11],
  [1980, 20],
  [1981, 10],
  [1982, 8],
  [1983, 11],
  [1985, 6],
  [1987, 7],
  [1992, 4],
  [1995, 5],
  [2003, 5],
  [2006, 12],
  [2009, 15],
  [2010, 20],
  [2011, 35],
  [2012, 31],
  [2013, 24],
  [2015, 16],
  [2019, 16],
  [2021, 25],
  [2023, 23],
  [2024, 28],
  [2025, 38],
  [2026, 75],
]);

/** A US dollar in VND: rounded. */
const USD_VND = yearlyTable([
  [1990, 6000],
  [1992, 11_000],
  [1996, 11_000],
  [1998, 13_300],
  [2000, 14_200],
  [2008, 16_500],
  [2010, 19_000],
  [2012, 20_900],
  [2016, 22_300],
  [2020, 23_200],
  [2023, 24_000],
  [2026, 26_300],
]);

/** What one of a currency costs in USD, about, since 1990. */
const USD_PER_CURRENCY: ReadonlyMap<string, number> = new Map(
  Object.entries({
    AED: 0.27,
    AUD: 0.75,
    CAD: 0.8,
    CHF: 0.9,
    CNY: 0.14,
    DKK: 0.155,
    EUR: 1.15,
    GBP: 1.5,
    HKD: 0.128,
    INR: 0.017,
    JPY: 0.0085,
    KRW: 0.00085,
    KWD: 3.3,
    MYR: 0.28,
    NOK: 0.13,
    NZD: 0.65,
    PHP: 0.022,
    RUB: 0.02,
    SAR: 0.267,
    SEK: 0.12,
    SGD: 0.68,
    THB: 0.029,
    TWD: 0.032,
  }),
);
const DOLLARS: ReadonlySet<string> = new Set(['USD', 'USDT', 'USDC', 'BUSD', 'FDUSD', 'TUSD', 'DAI']);

interface CoinBand extends PriceBand {
  /** The first year that the band holds for. */
  readonly since: number;
  readonly isStable?: boolean;
}

const STABLE_COIN: readonly CoinBand[] = [{ since: 0, low: 0.5, typical: 1, high: 2, isStable: true }];
/** Bands of coins in USD, the latest first. */
const COINS: ReadonlyMap<string, readonly CoinBand[]> = new Map<string, readonly CoinBand[]>([
  [
    'BTC',
    [
      { since: 2018, low: 1000, typical: 90_000, high: 1e7 },
      { since: 2013, low: 10, typical: 1000, high: 50_000 },
      { since: 0, low: 0.0005, typical: 5, high: 2000 },
    ],
  ],
  [
    'ETH',
    [
      { since: 2018, low: 50, typical: 3000, high: 500_000 },
      { since: 0, low: 0.2, typical: 10, high: 20_000 },
    ],
  ],
  [
    'BNB',
    [
      { since: 2021, low: 20, typical: 700, high: 100_000 },
      { since: 0, low: 0.05, typical: 20, high: 5000 },
    ],
  ],
  ['SOL', [{ since: 0, low: 0.2, typical: 100, high: 50_000 }]],
  ['XRP', [{ since: 0, low: 0.001, typical: 1, high: 500 }]],
  ['ADA', [{ since: 0, low: 0.01, typical: 0.5, high: 500 }]],
  ['DOGE', [{ since: 0, low: 0.000_005, typical: 0.1, high: 5 }]],
  ['POL', [{ since: 0, low: 0.002, typical: 0.3, high: 500 }]],
  ['USDT', STABLE_COIN],
  ['USDC', STABLE_COIN],
]);

/** The band of an instrument's price at an instant. Every market has one; where nothing is known it is very wide. */
export function priceBandOf(priced: PricedInstrument, at: Instant): PriceBand {
  const year = 1970 + at / YEAR_MS;
  switch (priced.market) {
    case 'gold':
      return metalBand(priced, year, GOLD_USD_OZT(year), isFineGold(priced.instrument) ? FINE_GOLD : OTHER_GOLD);
    case 'silver': {
      const premium = priced.currency === 'VND' ? VIETNAM_SILVER_PREMIUM : 1;
      return metalBand(priced, year, SILVER_USD_OZT(year) * premium, SILVER);
    }
    case 'crypto':
      return coinBand(priced, year);
    case 'fx':
      return currencyBand(priced, year);
  }
}

export function isWithinBand({ low, high }: PriceBand, value: number): boolean {
  return value >= low && value <= high;
}

/** Whether an instrument of the gold market is fine gold: the catalogue's bars, rings and world gold, not jewellery. */
export function isFineGold(instrument: string): boolean {
  return FINE_GOLD_IDS.has(instrument);
}

function metalBand(
  { currency, unit }: PricedInstrument,
  year: number,
  usdPerOzt: number,
  margin: { readonly low: number; readonly high: number },
): PriceBand {
  const weight = unitFactor('ozt', unit);
  const usd = usdValueOf(currency, year);
  if (weight === undefined || usd === undefined) return ANY_PRICE;
  const years = Math.min(MAX_YEARS_OF_GROWTH, Math.max(0, year - LAST_KNOWN_YEAR));
  const typical = ((usdPerOzt * weight) / usd) * METAL_GROWTH_A_YEAR.typical ** years;
  const isListed = !DOLLARS.has(currency) && currency !== 'VND';
  const spread = isListed ? CURRENCY_SPREAD : 1;
  const low = (typical * margin.low) / spread;
  const high = typical * margin.high * spread * METAL_GROWTH_A_YEAR.high ** years;
  return { low, typical, high: isListed ? high : Math.min(high, low * MAX_METAL_WIDTH) };
}

function coinBand({ instrument, currency }: PricedInstrument, year: number): PriceBand {
  const periods = COINS.get(baseOf(instrument));
  const usd = usdValueOf(currency, year);
  if (!periods || usd === undefined) return ANY_COIN;
  const { low, typical, high, isStable } = periods.find((period) => year >= period.since) ?? periods.at(-1)!;
  const spread = spreadOf(currency);
  const years = isStable ? 0 : Math.min(MAX_YEARS_OF_GROWTH, Math.max(0, year - LAST_KNOWN_YEAR));
  return {
    low: low / usd / spread,
    typical: typical / usd,
    high: (high / usd) * spread * COIN_GROWTH_A_YEAR ** years,
  };
}

function currencyBand({ instrument, currency, unit }: PricedInstrument, year: number): PriceBand {
  const base = baseOf(instrument);
  const [value, inValue] = [usdValueOf(base, year), usdValueOf(currency, year)];
  if (unit !== 'each' || value === undefined || inValue === undefined) return ANY_PRICE;
  const typical = value / inValue;
  // A listed currency in dong: its own spread is wide enough for both.
  const spread =
    base === 'VND' || currency === 'VND'
      ? Math.max(spreadOf(base), spreadOf(currency))
      : spreadOf(base) * spreadOf(currency);
  return { low: typical / spread, typical, high: typical * spread };
}

/** `USD` of `USD-EUR`. */
function baseOf(instrument: string): string {
  const end = instrument.indexOf('-');
  return end < 0 ? instrument : instrument.slice(0, end);
}

/** What one of a currency costs in USD in a year, about; undefined when it is not listed. */
function usdValueOf(currency: string, year: number): number | undefined {
  if (DOLLARS.has(currency)) return 1;
  if (currency === 'VND') return year < FIRST_YEAR_OF_DONG ? undefined : 1 / USD_VND(year);
  return USD_PER_CURRENCY.get(currency);
}

function spreadOf(currency: string): number {
  if (DOLLARS.has(currency)) return DOLLAR_SPREAD;
  return currency === 'VND' ? DONG_SPREAD : CURRENCY_SPREAD;
}

/** Values between the middles of the given years by straight lines; before the first and after the last they stay. */
function yearlyTable(points: readonly Point[]): (year: number) => number {
  const first = points[0]![0];
  const values: number[] = [];
  for (const [i, [year, value]] of points.entries()) {
    const [nextYear, nextValue] = points[i + 1] ?? [year + 1, value];
    for (let y = year; y < nextYear; y++) {
      values.push(value + ((nextValue - value) * (y - year)) / (nextYear - year));
    }
  }
  const last = values.length - 1;
  return (year) => {
    const position = Math.min(last, Math.max(0, year - 0.5 - first));
    const before = Math.floor(position);
    const value = values[before]!;
    return value + ((values[before + 1] ?? value) - value) * (position - before);
  };
}
