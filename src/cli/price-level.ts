import type { Instant } from '../domain/instant.ts';
import { knownInstrument } from '../domain/instrument.ts';
import { type Unit, unitFactor } from '../domain/unit.ts';

/** Lowest and highest price, in the instrument's own currency and unit. */
export interface PriceLevel {
  readonly low: number;
  readonly high: number;
}

/** Shops, rings and kinds of bars differ from the bar of SJC, and XAU of a day from the mean of its month. */
const TOLERANCE = 2;
/** How far a price may have risen after the last year of a table. */
const RISE = 4;

type Years = readonly (readonly [from: number, low: number, high: number])[];

/** The bar of SJC in million VND a tael, from each year on. Before 2009 nothing is known here. */
const GOLD_VND_TAEL: Years = [
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
/** USD a troy ounce. */
const GOLD_USD_OZT: Years = [
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
/** VND for one of a currency, since 1990. */
const MONEY_VND: Readonly<Record<string, PriceLevel>> = {
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
 * The prices that an instrument had about an instant, roughly: enough to tell a tael from a chỉ, thousands from units,
 * 24.325 from 24,325. Undefined where goldctl does not know.
 */
export function priceLevel(instrument: string, at: Instant): PriceLevel | undefined {
  const known = knownInstrument(instrument);
  if (!known) return undefined;
  if (known.market === 'fx') return MONEY_VND[known.id];
  if (known.market !== 'gold') return undefined;
  const [years, scale] = known.currency === 'VND' ? [GOLD_VND_TAEL, 1e6] : [GOLD_USD_OZT, 1];
  const year = new Date(at).getUTCFullYear();
  let found: Years[number] | undefined;
  for (const each of years) if (each[0] <= year) found = each;
  if (!found) return undefined;
  const [from, low, high] = found;
  const isLast = found === years.at(-1);
  return {
    low: (low * scale) / TOLERANCE,
    high: high * scale * (isLast && year > from ? RISE : TOLERANCE),
  };
}

export function isWithin({ low, high }: PriceLevel, value: number): boolean {
  return value >= low && value <= high;
}

/** Units in which people quote what goldctl keeps in the first one, and scales in which they write it. */
const QUOTED_IN: Readonly<Partial<Record<Unit, readonly Unit[]>>> = {
  tael: ['tael', 'chi', 'g'],
  ozt: ['ozt', 'g', 'kg'],
};
const SCALES = ['1', '1000', '1000000'] as const;

/** What makes of a file's figures prices of an instrument. */
export interface Measure {
  readonly unit: Unit;
  readonly scale: string;
  readonly factor: number;
}

/**
 * Every unit and scale in which the instrument's prices may be written, the plain one first.
 * @param given what the command line or the file says already
 */
export function measuresOf(
  instrument: string,
  given: { unit?: Unit | undefined; scale?: string | undefined },
): Measure[] {
  const known = knownInstrument(instrument);
  if (!known || known.market === 'crypto') return [];
  const units = given.unit === undefined ? (QUOTED_IN[known.unit] ?? [known.unit]) : [given.unit];
  const measures: Measure[] = [];
  for (const scale of given.scale === undefined ? SCALES : [given.scale]) {
    for (const unit of units) {
      const factor = unitFactor(unit, known.unit);
      if (factor !== undefined) measures.push({ unit, scale, factor: factor * Number(scale) });
    }
  }
  return measures;
}
