import { isFineGold, type PricedInstrument } from './price-bands.ts';
import { DAY_MS, type EpochMs } from './time.ts';
import { findScaleMistakeNear, findUnitMistakeNear, findUnitMistakeWithin, type UnitMistake } from './unit-mistake.ts';

export interface PriceSides {
  readonly buy: number | null;
  readonly sell: number | null;
}

/** A price to compare a quote with, in the same currency and unit. */
export interface ComparisonPrice extends PriceSides {
  /**
   * - `series`: the last price of the same series
   * - `provider`: a fresh price of another provider
   * - `neighbour`: the previous or next price of the same series, in a history or an import
   * - `implied`: computed from prices of other instruments
   */
  readonly kind: 'series' | 'provider' | 'neighbour' | 'implied';
  /** Shown to people: `last price`, `vang-today`, `import 2026-11-27`, `XAU × USD`. */
  readonly label: string;
  /** When it was last confirmed. */
  readonly at: EpochMs;
  /** Held itself: it can corroborate, but is not a reference. */
  readonly isHeld?: boolean;
  /** Accepted without any comparison and seen for less than two intervals; can be overruled. */
  readonly isWeak?: boolean;
}

/** A quote from a provider or an import, in the instrument's currency and unit. */
export interface QuoteToValidate extends PricedInstrument, PriceSides {
  /** Start of its validity. */
  readonly at: EpochMs;
}

const SERIES_TOLERANCE = { gold: 0.1, silver: 0.15, fx: 0.05, crypto: 0.2 };
const PROVIDER_TOLERANCE = { gold: 0.1, silver: 0.12, fx: 0.05, crypto: 0.05 };
const WORLD_GOLD_PROVIDER_TOLERANCE = 0.03;
const MAX_TOLERANCE = 0.6;
/** Repetition alone never confirms a price that differs from the last one of its series by more than this factor. */
const MAX_MOVE_RATIO = 2.5;
/** Above this, a comparison is too old to be useful. */
const MAX_GROWN_TOLERANCE = 2 * MAX_TOLERANCE;
const SAME_LEVEL_RATIO = 1.02;

interface ImpliedRange {
  readonly low: number;
  readonly high: number;
  /** Narrow enough to count as a second source. */
  readonly isPrecise: boolean;
}

const IMPLIED_FINE_GOLD: ImpliedRange = { low: 0.85, high: 1.6, isPrecise: false };
const IMPLIED_OTHER_GOLD: ImpliedRange = { low: 0.2, high: 1.6, isPrecise: false };
const IMPLIED_WORLD_GOLD: ImpliedRange = { low: 0.95, high: 1.05, isPrecise: true };
const IMPLIED_SILVER: ImpliedRange = { low: 0.8, high: 1.8, isPrecise: false };
const IMPLIED_WORLD_SILVER: ImpliedRange = { low: 0.9, high: 1.1, isPrecise: true };
const IMPLIED_FX: ImpliedRange = { low: 0.95, high: 1.05, isPrecise: true };
const IMPLIED_CRYPTO: ImpliedRange = { low: 0.92, high: 1.08, isPrecise: true };

/** Whether both sides differ by at most 2 %, or the one side that both prices have. */
export function isSameLevel(a: PriceSides, b: PriceSides): boolean {
  return isRatioWithin(largestRatio(a, b), 1 / SAME_LEVEL_RATIO, SAME_LEVEL_RATIO);
}

export function isValidPrice(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) > 0;
}

export interface PriceDifference {
  readonly comparison: ComparisonPrice;
  /** The quote's price divided by the comparison's, for the side that differs more. */
  readonly ratio: number;
  readonly mistake: UnitMistake | undefined;
}

/** Summary of all comparisons. Weak and held prices are not references. */
export class ComparisonResult {
  hasReference = false;
  /** By the last price of the series or a neighbour. */
  seriesAgrees = false;
  seriesDisagrees = false;
  /** The last price of the series is further away than MAX_MOVE_RATIO. */
  seriesVeryFar = false;
  /** The last price of the series agrees, and both prices have both sides. */
  seriesHasSameSides = false;
  /** An accepted price has its buy below its sell. */
  hasBuyUnderSell = false;
  /** Another provider, or a precise implied price. */
  sourceAgrees = false;
  providerAgrees = false;
  impliedAgrees = false;
  /** By an implied price of a wide range. */
  impliedDisagrees = false;
  /** Number of other providers and implied prices, and of those that differ from the quote by a factor. */
  sourceCount = 0;
  sourcesOffByFactor = 0;
  /** The quote differs from a reference by a factor. */
  isOffByFactor = false;
  /** Number of other providers and precise implied prices beyond their tolerance, and beyond twice that. */
  sourcesFar = 0;
  sourcesVeryFar = 0;
  nearestProvider: PriceDifference | undefined;
  /** A held or weak price of another provider agrees. */
  isCorroborated = false;
  weakAgrees = false;
  weakDisagrees = false;
  /** The most informative difference for people. */
  difference: PriceDifference | undefined;
}

/** The tolerances are documented in `quote-validation.ts`. */
export function comparePrices(quote: QuoteToValidate, comparisons: readonly ComparisonPrice[]): ComparisonResult {
  const result = new ComparisonResult();
  for (const comparison of comparisons) {
    if (!isUsableComparison(comparison)) continue;
    if (comparison.isHeld) {
      if (comparison.kind === 'provider' && isSameLevel(quote, comparison)) result.isCorroborated = true;
    } else if (comparison.kind === 'implied') {
      compareImplied(result, quote, comparison);
    } else {
      const { buy, sell } = comparison;
      if (buy !== null && sell !== null && buy < sell) result.hasBuyUnderSell = true;
      comparePrice(result, quote, comparison);
    }
  }
  return result;
}

function comparePrice(result: ComparisonResult, quote: QuoteToValidate, comparison: ComparisonPrice): void {
  const isProvider = comparison.kind === 'provider';
  const ratio = isProvider ? ratioToSource(quote, comparison) : largestRatio(quote, comparison);
  const base = isProvider ? providerTolerance(quote) : SERIES_TOLERANCE[quote.market];
  const grown = base * toleranceGrowth(quote, comparison);
  const tolerance = Math.min(MAX_TOLERANCE, grown);
  if (grown > MAX_GROWN_TOLERANCE) {
    if (comparison.kind !== 'series' || comparison.isWeak || quote.at < comparison.at) return;
    const mistake = findScaleMistakeNear(ratio, quote.unit, MAX_TOLERANCE);
    if (mistake) addDisagreement(result, { comparison, ratio, mistake }, tolerance);
    return;
  }
  if (isRatioWithin(ratio, 1 / (1 + tolerance), 1 + tolerance)) {
    addAgreement(result, quote, comparison);
  } else {
    addDisagreement(
      result,
      { comparison, ratio, mistake: findUnitMistakeNear(ratio, quote.unit, tolerance) },
      tolerance,
    );
  }
}

function addAgreement(result: ComparisonResult, quote: PriceSides, comparison: ComparisonPrice): void {
  const isProvider = comparison.kind === 'provider';
  if (comparison.isWeak) {
    result.weakAgrees = true;
    if (isProvider) result.isCorroborated = true;
    return;
  }
  result.hasReference = true;
  if (isProvider) {
    result.sourceCount += 1;
    result.sourceAgrees = true;
    result.providerAgrees = true;
  } else {
    result.seriesAgrees = true;
    const hasBothSides = comparison.buy !== null && comparison.sell !== null;
    if (comparison.kind === 'series' && hasBothSides && quote.buy !== null && quote.sell !== null) {
      result.seriesHasSameSides = true;
    }
  }
}

function addDisagreement(result: ComparisonResult, difference: PriceDifference, tolerance: number): void {
  const { comparison, mistake } = difference;
  const isProvider = comparison.kind === 'provider';
  if (comparison.isWeak) {
    result.weakDisagrees = true;
  } else {
    result.hasReference = true;
    if (mistake) result.isOffByFactor = true;
    if (isProvider) {
      addFarProvider(result, difference, tolerance);
    } else {
      result.seriesDisagrees = true;
      if (distanceFromOne(difference.ratio) > MAX_MOVE_RATIO) result.seriesVeryFar = true;
    }
  }
  keepClearestDifference(result, difference);
}

function addFarProvider(result: ComparisonResult, difference: PriceDifference, tolerance: number): void {
  result.sourceCount += 1;
  if (difference.mistake) result.sourcesOffByFactor += 1;
  addFarSource(result, difference.ratio, tolerance);
  const nearest = result.nearestProvider;
  if (!nearest || distanceFromOne(difference.ratio) < distanceFromOne(nearest.ratio)) {
    result.nearestProvider = difference;
  }
}

function addFarSource(result: ComparisonResult, ratio: number, tolerance: number): void {
  result.sourcesFar += 1;
  if (distanceFromOne(ratio) > 1 + 2 * tolerance) result.sourcesVeryFar += 1;
}

function compareImplied(result: ComparisonResult, quote: QuoteToValidate, comparison: ComparisonPrice): void {
  const range = impliedRange(quote);
  const base = SERIES_TOLERANCE[quote.market];
  const drift = base * (toleranceGrowth(quote, comparison) - 1);
  if (drift > MAX_GROWN_TOLERANCE) return;
  const [low, high] = [range.low / (1 + drift), range.high * (1 + drift)];
  const ratio = gapRatio(quote, comparison);
  const agrees = isRatioWithin(ratio, low, high);
  if (comparison.isWeak) {
    if (agrees) result.weakAgrees = true;
    else result.weakDisagrees = true;
    return;
  }
  result.hasReference = true;
  result.sourceCount += 1;
  if (agrees) {
    result.impliedAgrees = true;
    if (range.isPrecise) result.sourceAgrees = true;
    return;
  }
  if (range.isPrecise) addFarSource(result, ratio, high - 1);
  else result.impliedDisagrees = true;
  const mistake = findUnitMistakeWithin(ratio, quote.unit, low, high);
  if (mistake) {
    result.isOffByFactor = true;
    result.sourcesOffByFactor += 1;
  }
  keepClearestDifference(result, { comparison, ratio, mistake });
}

/** Prefers references to weak prices, then differences by a factor, then prices to implied ones. */
function keepClearestDifference(result: ComparisonResult, difference: PriceDifference): void {
  const { difference: clearest } = result;
  if (!clearest || clarityOf(difference) > clarityOf(clearest)) result.difference = difference;
}

function clarityOf({ comparison, mistake }: PriceDifference): number {
  return (comparison.isWeak ? 0 : 4) + (mistake ? 2 : 0) + (comparison.kind === 'implied' ? 0 : 1);
}

function isUsableComparison({ buy, sell, at }: ComparisonPrice): boolean {
  return (
    (buy !== null || sell !== null) &&
    (buy === null || isValidPrice(buy)) &&
    (sell === null || isValidPrice(sell)) &&
    !Number.isNaN(at)
  );
}

/** Maximum difference between prices of two providers, 0.1 for 10 %. */
export function providerTolerance({ market, currency }: Pick<PricedInstrument, 'market' | 'currency'>): number {
  return market === 'gold' && currency === 'USD' ? WORLD_GOLD_PROVIDER_TOLERANCE : PROVIDER_TOLERANCE[market];
}

function impliedRange({ market, currency, instrument }: QuoteToValidate): ImpliedRange {
  switch (market) {
    case 'gold':
      if (currency === 'USD') return IMPLIED_WORLD_GOLD;
      return isFineGold(instrument) ? IMPLIED_FINE_GOLD : IMPLIED_OTHER_GOLD;
    case 'silver':
      return currency === 'USD' ? IMPLIED_WORLD_SILVER : IMPLIED_SILVER;
    case 'fx':
      return IMPLIED_FX;
    case 'crypto':
      return IMPLIED_CRYPTO;
  }
}

/** Tolerances grow with the square root of the time between two prices, as prices do. */
function toleranceGrowth(a: { readonly at: EpochMs }, b: { readonly at: EpochMs }): number {
  return Math.sqrt(Math.max(1, Math.abs(a.at - b.at) / DAY_MS));
}

/**
 * A price divided by another, for the side that differs more. A side that only one of them has is ignored: the rule for
 * the two sides of a quote covers it. Two single sides are always compared.
 */
function largestRatio(a: PriceSides, b: PriceSides): number {
  if (a.buy !== null && b.buy !== null) {
    const buys = a.buy / b.buy;
    return a.sell === null || b.sell === null ? buys : fartherFromOne(buys, a.sell / b.sell);
  }
  if (a.sell !== null && b.sell !== null) return a.sell / b.sell;
  return ((a.buy ?? a.sell) as number) / ((b.buy ?? b.sell) as number);
}

/**
 * A price divided by that of another source. A source with equal sides states the mid-price: it agrees with any sides
 * around it, whatever their spread.
 */
function ratioToSource(a: PriceSides, b: PriceSides): number {
  if (a.buy === null || a.sell === null || b.buy === null || b.sell === null) return largestRatio(a, b);
  if (a.buy === a.sell) return clampBetween(1, a.sell / b.sell, a.buy / b.buy);
  if (b.buy === b.sell) return clampBetween(1, a.buy / b.buy, a.sell / b.sell);
  return largestRatio(a, b);
}

function clampBetween(value: number, a: number, b: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), value));
}

/** The gap between the sides of two prices as a ratio, 1 if they overlap. For approximate comparisons. */
function gapRatio(a: PriceSides, b: PriceSides): number {
  const [aLow, aHigh] = sortedSides(a);
  const [bLow, bHigh] = sortedSides(b);
  if (aLow > bHigh) return aLow / bHigh;
  return aHigh < bLow ? aHigh / bLow : 1;
}

function sortedSides({ buy, sell }: PriceSides): [low: number, high: number] {
  const first = (buy ?? sell) as number;
  const second = sell ?? first;
  return first < second ? [first, second] : [second, first];
}

function fartherFromOne(a: number, b: number): number {
  return distanceFromOne(a) > distanceFromOne(b) ? a : b;
}

function distanceFromOne(ratio: number): number {
  return ratio > 1 ? ratio : 1 / ratio;
}

function isRatioWithin(ratio: number, low: number, high: number): boolean {
  return ratio >= low && ratio <= high;
}
