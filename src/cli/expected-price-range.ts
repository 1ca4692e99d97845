import { findCatalogueInstrument } from '../domain/instrument.ts';
import type { EpochMs } from '../domain/time.ts';
import { type Unit, unitConversionFactor } from '../domain/unit.ts';

/** Lowest and highest known price, in the instrument's own currency and unit. */
export interface ExpectedPriceRange {
  readonly low: number;
  readonly high: number;
}

/** Shops, rings and other bars differ from the SJC bar, and a day's XAU from the monthly mean. */
const TOLERANCE_FACTOR = 2;
/** Maximum rise after the last year of a table. */
const MAX_RISE_FACTOR = 4;

type YearlyLevels = readonly (readonly [from: number, low: number, high: number])[];

/** The SJC bar in million VND per tael, from each year on. Unknown before 2009. */
const GOLD_VND_TAEL: YearlyLevels = [
  ...([
    [2009, 21, 29],
    [2010, 25, 37],
    [2011, 35, 49],
    [2012, 40, 49],
    [2013, 34, 47],
    [2014, 34, 38],
  ] as const),
  ...([
    [2015, 32, 36],
    [2016, 32, 40],
    [2017, 36, 38],
    [2019, 36, 43],
    [2020, 42, 63],
    [2021, 54, 62],
  ] as const),
  ...([
    [2022, 61, 74],
    [2023, 66, 80],
    [2024, 74, 93],
    [2025, 85, 160],
    [2026, 130, 200],
  ] as const),
];
/** In USD per troy ounce. */
const GOLD_USD_OZT: YearlyLevels = [
  ...([
    [1800, 17, 22],
    [1933, 20, 36],
    [1968, 34, 45],
    [1972, 40, 200],
    [1978, 160, 850],
    [1981, 250, 680],
  ] as const),
  ...([
    [2004, 370, 1040],
    [2008, 680, 1900],
    [2013, 1050, 1800],
    [2020, 1400, 2800],
    [2025, 2600, 5500],
  ] as const),
];
/** In VND per unit of currency, since 1990. */
const CURRENCY_LEVELS_VND: Readonly<Record<string, ExpectedPriceRange>> = {
  USD: { low: 4000, high: 60_000 },
  EUR: { low: 9000, high: 80_000 },
  GBP: { low: 8000, high: 90_000 },
  JPY: { low: 30, high: 500 },
  CNY: { low: 800, high: 9000 },
  AUD: { low: 3000, high: 45_000 },
  SGD: { low: 2500, high: 50_000 },
  KRW: { low: 4, high: 60 },
  THB: { low: 150, high: 2000 },
};

/**
 * The approximate price range of an instrument at a time, precise enough to tell a tael from a chỉ, thousands from units,
 * and 24.325 from 24,325. Undefined if unknown.
 */
export function expectedPriceRange(instrument: string, at: EpochMs): ExpectedPriceRange | undefined {
  const known = findCatalogueInstrument(instrument);
  if (!known) return undefined;
  if (known.market === 'fx') return CURRENCY_LEVELS_VND[known.id];
  if (known.market !== 'gold') return undefined;
  const [years, scale] = known.currency === 'VND' ? [GOLD_VND_TAEL, 1e6] : [GOLD_USD_OZT, 1];
  const year = new Date(at).getUTCFullYear();
  let found: YearlyLevels[number] | undefined;
  for (const each of years) if (each[0] <= year) found = each;
  if (!found) return undefined;
  const [from, low, high] = found;
  const isLast = found === years.at(-1);
  return {
    low: (low * scale) / TOLERANCE_FACTOR,
    high: high * scale * (isLast && year > from ? MAX_RISE_FACTOR : TOLERANCE_FACTOR),
  };
}

export function isInPriceRange({ low, high }: ExpectedPriceRange, value: number): boolean {
  return value >= low && value <= high;
}

/** Units in which instruments are commonly quoted, by stored unit. */
const QUOTED_UNITS: Readonly<Partial<Record<Unit, readonly Unit[]>>> = {
  tael: ['tael', 'chi', 'g'],
  ozt: ['ozt', 'g', 'kg'],
};
const SCALES = ['1', '1000', '1000000'] as const;

/** How numbers of a file convert to prices of an instrument. */
export interface UnitScale {
  readonly unit: Unit;
  readonly scale: string;
  readonly factor: number;
}

/**
 * All units and scales in which the instrument's prices may be written, the stored unit first.
 * @param given what the command line or the file specifies
 */
export function possibleUnitScales(
  instrument: string,
  given: { unit?: Unit | undefined; scale?: string | undefined },
): UnitScale[] {
  const known = findCatalogueInstrument(instrument);
  if (!known || known.market === 'crypto') return [];
  const units = given.unit === undefined ? (QUOTED_UNITS[known.unit] ?? [known.unit]) : [given.unit];
  const unitScales: UnitScale[] = [];
  for (const scale of given.scale === undefined ? SCALES : [given.scale]) {
    for (const unit of units) {
      const factor = unitConversionFactor(unit, known.unit);
      if (factor !== undefined) unitScales.push({ unit, scale, factor: factor * Number(scale) });
    }
  }
  return unitScales;
}
