import { INSTRUMENT_CATALOGUE, type Market } from './instrument.ts';
import type { EpochMs } from './time.ts';
import { type Unit, unitConversionFactor } from './unit.ts';

/** Determines the band of a price. */
export interface PricedInstrument {
  /** The instrument's id. */
  readonly instrument: string;
  readonly market: Market | 'silver';
  readonly currency: string;
  readonly unit: Unit;
}

/** The range of possible prices at a time, in the currency per unit of the instrument. */
export interface PriceBand {
  readonly low: number;
  /** Approximate price, from public yearly averages; decides which factor explains a price outside the band. */
  readonly typical: number;
  readonly high: number;
}

const YEAR_MS = 365.2425 * 24 * 3_600_000;
/** End of the tables. Later bands are extrapolated from here. */
const LAST_KNOWN_YEAR = 2026.9;
const MAX_YEARS_OF_GROWTH = 10;
const METAL_GROWTH_PER_YEAR = { typical: 1.04, high: 1.15 };
const CRYPTO_GROWTH_PER_YEAR = 1.25;
/** Below 10, so that a band never contains both the price of a chỉ and that of a tael. */
const MAX_METAL_BAND_RATIO = 9.9;

/**
 * Fine gold: bars, rings and world gold; the band includes Vietnam's premium over the world price. Other gold can be
 * jewellery down to 10 carat, 0.3 of the price of fine gold; a chỉ of fine gold, 0.1 of a tael, stays outside.
 */
const FINE_GOLD_MARGIN = { low: 0.55, high: 2 };
const OTHER_GOLD_MARGIN = { low: 0.18, high: 1.75 };
const SILVER_MARGIN = { low: 0.33, high: 3.2 };
/** Approximate price of silver in Vietnam relative to the world price. */
const VIETNAM_SILVER_PREMIUM = 1.1;

/** By which factor US dollars, the dong and other listed currencies can deviate from the tables. */
const DOLLAR_SPREAD = 1;
const DONG_SPREAD = 1.7;
const CURRENCY_SPREAD = 2.5;
/** The dong lost 99.9 % of its value in the 1980s, so earlier years have no table. */
const MIN_DONG_YEAR = 1990;

const UNBOUNDED_PRICE_BAND: PriceBand = { low: 1e-9, typical: 1, high: 1e9 };
const UNBOUNDED_CRYPTO_BAND: PriceBand = { low: 1e-18, typical: 100, high: 1e7 };

const FINE_GOLD_IDS: ReadonlySet<string> = new Set(
  INSTRUMENT_CATALOGUE.filter(({ market }) => market === 'gold').map(({ id }) => id),
);

/** World gold, USD per troy ounce: rounded yearly averages. Fixed at 20.67 until 1933 and at 35 until 1968. */
const goldUsdPerOunce = interpolateYearly(
  '1833:19 1915:19 1920:20.67 1932:20.67 1934:35 1967:35 1968:39 1969:41 1970:36 1971:41 1972:58 1973:97 1974:160 ' +
    '1975:160 1976:125 1977:150 1978:195 1979:310 1980:615 1981:460 1982:375 1983:425 1984:360 1985:320 1986:370 ' +
    '1987:445 1990:385 1996:390 1997:330 2000:280 2001:270 2002:310 2003:365 2004:410 2005:445 2006:600 2007:700 ' +
    '2008:870 2009:970 2010:1230 2011:1570 2012:1670 2013:1410 2014:1270 2015:1160 2018:1270 2019:1390 2020:1770 ' +
    '2022:1800 2023:1940 2024:2390 2025:3400 2026:4600',
);

/** Silver, USD per troy ounce: rounded yearly averages. */
const silverUsdPerOunce = interpolateYearly(
  '1833:1.3 1873:1.3 1893:0.8 1902:0.5 1915:0.5 1919:1.1 1921:0.6 1931:0.3 1935:0.6 1939:0.4 1950:0.75 1960:0.9 ' +
    '1963:1.3 1968:2 1971:1.5 1973:2.5 1974:4.7 1978:5.4 1979:11 1980:20 1981:10 1982:8 1983:11 1985:6 1987:7 ' +
    '1992:4 1995:5 2003:5 2006:12 2009:15 2010:20 2011:35 2012:31 2013:24 2015:16 2019:16 2021:25 2023:23 2024:28 ' +
    '2025:38 2026:75',
);

/** A US dollar in VND: rounded. */
const vndPerUsd = interpolateYearly(
  '1990:6000 1992:11000 1996:11000 1998:13300 2000:14200 2008:16500 2010:19000 2012:20900 2016:22300 2020:23200 ' +
    '2023:24000 2026:26300',
);

/** Approximate value in USD since 1990. */
const USD_PER_CURRENCY: ReadonlyMap<string, number> = new Map(
  parsePairs(
    'AED:0.27 AUD:0.75 CAD:0.8 CHF:0.9 CNY:0.14 DKK:0.155 EUR:1.15 GBP:1.5 HKD:0.128 INR:0.017 JPY:0.0085 ' +
      'KRW:0.00085 KWD:3.3 MYR:0.28 NOK:0.13 NZD:0.65 PHP:0.022 RUB:0.02 SAR:0.267 SEK:0.12 SGD:0.68 THB:0.029 ' +
      'TWD:0.032',
  ),
);
const DOLLAR_CURRENCIES: ReadonlySet<string> = new Set(['USD', 'USDT', 'USDC', 'BUSD', 'FDUSD', 'TUSD', 'DAI']);

interface CryptoBand extends PriceBand {
  /** First year of the band. */
  readonly since: number;
  readonly isStable?: boolean;
}

const STABLECOIN_BANDS: readonly CryptoBand[] = [{ since: 0, low: 0.5, typical: 1, high: 2, isStable: true }];
/** In USD, the latest first. */
const CRYPTO_BANDS: ReadonlyMap<string, readonly CryptoBand[]> = new Map(
  Object.entries<readonly CryptoBand[]>({
    BTC: [
      { since: 2018, low: 1000, typical: 90_000, high: 1e7 },
      { since: 2013, low: 10, typical: 1000, high: 50_000 },
      { since: 0, low: 0.0005, typical: 5, high: 2000 },
    ],
    ETH: [
      { since: 2018, low: 50, typical: 3000, high: 500_000 },
      { since: 0, low: 0.2, typical: 10, high: 20_000 },
    ],
    BNB: [
      { since: 2021, low: 20, typical: 700, high: 100_000 },
      { since: 0, low: 0.05, typical: 20, high: 5000 },
    ],
    SOL: [{ since: 0, low: 0.2, typical: 100, high: 50_000 }],
    XRP: [{ since: 0, low: 0.001, typical: 1, high: 500 }],
    ADA: [{ since: 0, low: 0.01, typical: 0.5, high: 500 }],
    DOGE: [{ since: 0, low: 0.000_005, typical: 0.1, high: 5 }],
    POL: [{ since: 0, low: 0.002, typical: 0.3, high: 500 }],
    USDT: STABLECOIN_BANDS,
    USDC: STABLECOIN_BANDS,
  }),
);

/** Always returns a band; it is very wide for instruments without data. */
export function priceBandOf(priced: PricedInstrument, at: EpochMs): PriceBand {
  const year = 1970 + at / YEAR_MS;
  switch (priced.market) {
    case 'gold': {
      const margin = isFineGold(priced.instrument) ? FINE_GOLD_MARGIN : OTHER_GOLD_MARGIN;
      return metalBand(priced, year, goldUsdPerOunce(year), margin);
    }
    case 'silver': {
      const premium = priced.currency === 'VND' ? VIETNAM_SILVER_PREMIUM : 1;
      return metalBand(priced, year, silverUsdPerOunce(year) * premium, SILVER_MARGIN);
    }
    case 'crypto':
      return cryptoBand(priced, year);
    case 'fx':
      return currencyBand(priced, year);
  }
}

export function isWithinBand({ low, high }: PriceBand, value: number): boolean {
  return value >= low && value <= high;
}

/** Whether an instrument of the gold market is a bar, a ring or world gold of the catalogue, not jewellery. */
export function isFineGold(instrument: string): boolean {
  return FINE_GOLD_IDS.has(instrument);
}

function metalBand(
  { currency, unit }: PricedInstrument,
  year: number,
  usdPerOzt: number,
  margin: { readonly low: number; readonly high: number },
): PriceBand {
  const weight = unitConversionFactor('ozt', unit);
  const usd = usdValueOf(currency, year);
  if (weight === undefined || usd === undefined) return UNBOUNDED_PRICE_BAND;
  const years = Math.min(MAX_YEARS_OF_GROWTH, Math.max(0, year - LAST_KNOWN_YEAR));
  const typical = ((usdPerOzt * weight) / usd) * METAL_GROWTH_PER_YEAR.typical ** years;
  const isListed = !DOLLAR_CURRENCIES.has(currency) && currency !== 'VND';
  const spread = isListed ? CURRENCY_SPREAD : 1;
  const low = (typical * margin.low) / spread;
  const high = typical * margin.high * spread * METAL_GROWTH_PER_YEAR.high ** years;
  return { low, typical, high: isListed ? high : Math.min(high, low * MAX_METAL_BAND_RATIO) };
}

function cryptoBand({ instrument, currency }: PricedInstrument, year: number): PriceBand {
  const periods = CRYPTO_BANDS.get(baseSymbolOf(instrument));
  const usd = usdValueOf(currency, year);
  if (!periods || usd === undefined) return UNBOUNDED_CRYPTO_BAND;
  const { low, typical, high, isStable } = periods.find((period) => year >= period.since) ?? periods.at(-1)!;
  const spread = spreadOf(currency);
  const years = isStable ? 0 : Math.min(MAX_YEARS_OF_GROWTH, Math.max(0, year - LAST_KNOWN_YEAR));
  return {
    low: low / usd / spread,
    typical: typical / usd,
    high: (high / usd) * spread * CRYPTO_GROWTH_PER_YEAR ** years,
  };
}

function currencyBand({ instrument, currency, unit }: PricedInstrument, year: number): PriceBand {
  const base = baseSymbolOf(instrument);
  const [value, inValue] = [usdValueOf(base, year), usdValueOf(currency, year)];
  if (unit !== 'each' || value === undefined || inValue === undefined) return UNBOUNDED_PRICE_BAND;
  const typical = value / inValue;
  // Against the dong, the larger spread is wide enough for both.
  const spread =
    base === 'VND' || currency === 'VND'
      ? Math.max(spreadOf(base), spreadOf(currency))
      : spreadOf(base) * spreadOf(currency);
  return { low: typical / spread, typical, high: typical * spread };
}

/** `USD` of `USD-EUR`. */
function baseSymbolOf(instrument: string): string {
  const end = instrument.indexOf('-');
  return end < 0 ? instrument : instrument.slice(0, end);
}

/** Approximate value in USD; undefined if the currency is not listed. */
function usdValueOf(currency: string, year: number): number | undefined {
  if (DOLLAR_CURRENCIES.has(currency)) return 1;
  if (currency === 'VND') return year < MIN_DONG_YEAR ? undefined : 1 / vndPerUsd(year);
  return USD_PER_CURRENCY.get(currency);
}

function spreadOf(currency: string): number {
  if (DOLLAR_CURRENCIES.has(currency)) return DOLLAR_SPREAD;
  return currency === 'VND' ? DONG_SPREAD : CURRENCY_SPREAD;
}

/** Interpolates linearly between the middles of the given years; constant before the first and after the last. */
function interpolateYearly(pairs: string): (year: number) => number {
  const points = parsePairs(pairs).map(([year, value]) => [Number(year), value] as const);
  const first = points[0]![0];
  const values: number[] = [];
  for (const [i, [year, value]] of points.entries()) {
    const [nextYear, nextValue] = points[i + 1] ?? [year + 1, value];
    for (let y = year; y < nextYear; y++) values.push(value + ((nextValue - value) * (y - year)) / (nextYear - year));
  }
  const last = values.length - 1;
  return (year) => {
    const position = Math.min(last, Math.max(0, year - 0.5 - first));
    const before = Math.floor(position);
    const value = values[before]!;
    return value + ((values[before + 1] ?? value) - value) * (position - before);
  };
}

/** `1833:19 1915:19` */
function parsePairs(text: string): [key: string, value: number][] {
  return [...text.matchAll(/(\w+):(\S+)/g)].map(([, key, value]) => [key!, Number(value)]);
}
