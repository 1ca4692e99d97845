import type { Instant } from './instant.ts';
import { isFineGold, type PricedInstrument } from './price-bands.ts';
import { decimalFactorNear, type UnitFactor, unitFactorInto, unitFactorNear } from './unit-factor.ts';

export interface Sides {
  readonly buy: number | null;
  readonly sell: number | null;
}

/** A price that another one is compared with, in the same currency per the same unit. */
export interface ComparisonPrice extends Sides {
  /**
   * - `series`: the last price of the same series
   * - `provider`: a fresh price of another provider
   * - `neighbour`: the price of the same series before or after, in a history or an import
   * - `implied`: what prices of other instruments imply
   */
  readonly kind: 'series' | 'provider' | 'neighbour' | 'implied';
  /** For people: `last price`, `vang-today`, `import 2026-11-27`, `XAU × USD`. */
  readonly label: string;
  /** When it was last confirmed. */
  readonly at: Instant;
  /** It is held itself: it may corroborate, but is no reference. */
  readonly isHeld?: boolean;
  /** It was accepted without any comparison and seen for less than two intervals: it gives way. */
  readonly isWeak?: boolean;
}

/** What a provider or an import says, in the instrument's own currency and unit. */
export interface QuoteToValidate extends PricedInstrument, Sides {
  /** When this price first held. */
  readonly at: Instant;
}

const DAY_MS = 24 * 3_600_000;

const SERIES_TOLERANCE = { gold: 0.1, silver: 0.15, fx: 0.05, crypto: 0.2 };
const PROVIDER_TOLERANCE = { gold: 0.1, silver: 0.12, fx: 0.05, crypto: 0.05 };
const WORLD_GOLD_PROVIDER_TOLERANCE = 0.03;
const MAX_TOLERANCE = 0.6;
/** No repetition proves a price right that is so many times the last one of its series, or so small a part of it. */
const MAX_MOVE = 2.5;
/** Above this, a comparison is too old to say anything. */
const MAX_GROWN_TOLERANCE = 2 * MAX_TOLERANCE;
const SAME_LEVEL = 1.02;

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

/** Whether two prices are the same level: both sides within 2 %, or the side that both have. */
export function isSameLevel(a: Sides, b: Sides): boolean {
  return isRatioWithin(ratioOf(a, b), 1 / SAME_LEVEL, SAME_LEVEL);
}

export function isPrice(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) > 0;
}

export interface Difference {
  readonly comparison: ComparisonPrice;
  /** The quote's price, divided by the comparison's, of the side that differs more. */
  readonly ratio: number;
  readonly factor: UnitFactor | undefined;
}

/** What the comparisons say together. Weak and held ones are no references. */
export interface Findings {
  hasReference: boolean;
  /** The last price of the series or a neighbour. */
  seriesAgrees: boolean;
  seriesDisagrees: boolean;
  /** The last price of the series is so far that no market moved that much in the time between. */
  seriesVeryFar: boolean;
  /** The last price of the series agrees, and has both sides. */
  seriesHasSameSides: boolean;
  /** A price that was accepted has its buy under its sell. */
  hasBuyUnderSell: boolean;
  /** Another provider, or an implied price that is as good as one. */
  sourceAgrees: boolean;
  /** Another provider. */
  providerAgrees: boolean;
  impliedAgrees: boolean;
  /** An implied price of a wide range does not agree. */
  impliedDisagrees: boolean;
  /** Other providers and implied prices, and those that a factor separates from the quote. */
  others: number;
  othersByFactor: number;
  /** A factor separates the quote from a reference. */
  byFactor: boolean;
  /** Other providers and precise implied prices that differ by more than their tolerance, and by more than twice that. */
  sourcesFar: number;
  sourcesVeryFar: number;
  nearestProvider: Difference | undefined;
  /** A held or weak price of another provider is the same. */
  isCorroborated: boolean;
  weakAgrees: boolean;
  weakDisagrees: boolean;
  /** The difference that tells most to people. */
  difference: Difference | undefined;
}

/** Compares a price with others. The tolerances are in the table of `quote-validation.ts`. */
export function compare(quote: QuoteToValidate, comparisons: readonly ComparisonPrice[]): Findings {
  const findings: Findings = {
    hasReference: false,
    seriesAgrees: false,
    seriesDisagrees: false,
    seriesVeryFar: false,
    seriesHasSameSides: false,
    hasBuyUnderSell: false,
    sourceAgrees: false,
    providerAgrees: false,
    impliedAgrees: false,
    impliedDisagrees: false,
    others: 0,
    othersByFactor: 0,
    byFactor: false,
    sourcesFar: 0,
    sourcesVeryFar: 0,
    nearestProvider: undefined,
    isCorroborated: false,
    weakAgrees: false,
    weakDisagrees: false,
    difference: undefined,
  };
  for (const comparison of comparisons) {
    if (!isUsable(comparison)) continue;
    if (comparison.isHeld) {
      if (comparison.kind === 'provider' && isSameLevel(quote, comparison)) findings.isCorroborated = true;
    } else if (comparison.kind === 'implied') {
      compareImplied(findings, quote, comparison);
    } else {
      const { buy, sell } = comparison;
      if (buy !== null && sell !== null && buy < sell) findings.hasBuyUnderSell = true;
      comparePrice(findings, quote, comparison);
    }
  }
  return findings;
}

function comparePrice(findings: Findings, quote: QuoteToValidate, comparison: ComparisonPrice): void {
  const isProvider = comparison.kind === 'provider';
  const ratio = isProvider ? ratioToSource(quote, comparison) : ratioOf(quote, comparison);
  const base = isProvider ? providerTolerance(quote) : SERIES_TOLERANCE[quote.market];
  const grown = base * growth(quote, comparison);
  const tolerance = Math.min(MAX_TOLERANCE, grown);
  if (grown > MAX_GROWN_TOLERANCE) {
    if (comparison.kind !== 'series' || comparison.isWeak || quote.at < comparison.at) return;
    const factor = decimalFactorNear(ratio, quote.unit, MAX_TOLERANCE);
    if (factor) addDisagreement(findings, { comparison, ratio, factor }, tolerance);
    return;
  }
  if (isRatioWithin(ratio, 1 / (1 + tolerance), 1 + tolerance)) {
    addAgreement(findings, quote, comparison);
  } else {
    addDisagreement(findings, { comparison, ratio, factor: unitFactorNear(ratio, quote.unit, tolerance) }, tolerance);
  }
}

function addAgreement(findings: Findings, quote: Sides, comparison: ComparisonPrice): void {
  const isProvider = comparison.kind === 'provider';
  if (comparison.isWeak) {
    findings.weakAgrees = true;
    if (isProvider) findings.isCorroborated = true;
    return;
  }
  findings.hasReference = true;
  if (isProvider) {
    findings.others += 1;
    findings.sourceAgrees = true;
    findings.providerAgrees = true;
  } else {
    findings.seriesAgrees = true;
    const hasBothSides = comparison.buy !== null && comparison.sell !== null;
    if (comparison.kind === 'series' && hasBothSides && quote.buy !== null && quote.sell !== null) {
      findings.seriesHasSameSides = true;
    }
  }
}

function addDisagreement(findings: Findings, difference: Difference, tolerance: number): void {
  const { comparison, factor } = difference;
  const isProvider = comparison.kind === 'provider';
  if (comparison.isWeak) {
    findings.weakDisagrees = true;
  } else {
    findings.hasReference = true;
    if (factor) findings.byFactor = true;
    if (isProvider) {
      addFarProvider(findings, difference, tolerance);
    } else {
      findings.seriesDisagrees = true;
      if (distanceFromOne(difference.ratio) > MAX_MOVE) findings.seriesVeryFar = true;
    }
  }
  keepClearest(findings, difference);
}

function addFarProvider(findings: Findings, difference: Difference, tolerance: number): void {
  findings.others += 1;
  if (difference.factor) findings.othersByFactor += 1;
  addFarSource(findings, difference.ratio, tolerance);
  const nearest = findings.nearestProvider;
  if (!nearest || distanceFromOne(difference.ratio) < distanceFromOne(nearest.ratio)) {
    findings.nearestProvider = difference;
  }
}

function addFarSource(findings: Findings, ratio: number, tolerance: number): void {
  findings.sourcesFar += 1;
  if (distanceFromOne(ratio) > 1 + 2 * tolerance) findings.sourcesVeryFar += 1;
}

function compareImplied(findings: Findings, quote: QuoteToValidate, comparison: ComparisonPrice): void {
  const range = impliedRange(quote);
  const base = SERIES_TOLERANCE[quote.market];
  const drift = base * (growth(quote, comparison) - 1);
  if (drift > MAX_GROWN_TOLERANCE) return;
  const [low, high] = [range.low / (1 + drift), range.high * (1 + drift)];
  const ratio = ratioBetween(quote, comparison);
  const agrees = isRatioWithin(ratio, low, high);
  if (comparison.isWeak) {
    if (agrees) findings.weakAgrees = true;
    else findings.weakDisagrees = true;
    return;
  }
  findings.hasReference = true;
  findings.others += 1;
  if (agrees) {
    findings.impliedAgrees = true;
    if (range.isPrecise) findings.sourceAgrees = true;
    return;
  }
  if (range.isPrecise) addFarSource(findings, ratio, high - 1);
  else findings.impliedDisagrees = true;
  const factor = unitFactorInto(ratio, quote.unit, low, high);
  if (factor) {
    findings.byFactor = true;
    findings.othersByFactor += 1;
  }
  keepClearest(findings, { comparison, ratio, factor });
}

/** A reference tells more than a weak price, then a factor more than none, then a price more than an implied one. */
function keepClearest(findings: Findings, difference: Difference): void {
  const { difference: best } = findings;
  if (!best || clarity(difference) > clarity(best)) findings.difference = difference;
}

function clarity({ comparison, factor }: Difference): number {
  return (comparison.isWeak ? 0 : 4) + (factor ? 2 : 0) + (comparison.kind === 'implied' ? 0 : 1);
}

function isUsable({ buy, sell, at }: ComparisonPrice): boolean {
  return (
    (buy !== null || sell !== null) &&
    (buy === null || isPrice(buy)) &&
    (sell === null || isPrice(sell)) &&
    !Number.isNaN(at)
  );
}

/** How far prices of two providers may be apart, as 0.1 for 10 %. */
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

/** How much a tolerance grows over the time between two prices: prices move with the square root of time. */
function growth(a: { readonly at: Instant }, b: { readonly at: Instant }): number {
  return Math.sqrt(Math.max(1, Math.abs(a.at - b.at) / DAY_MS));
}

/**
 * A price divided by another, of the side that differs more. A side that only one of them has is not compared: the rule
 * for the two sides of a quote ties it to the other. Two single sides are compared, whichever they are.
 */
function ratioOf(a: Sides, b: Sides): number {
  if (a.buy !== null && b.buy !== null) {
    const buys = a.buy / b.buy;
    return a.sell === null || b.sell === null ? buys : farther(buys, a.sell / b.sell);
  }
  if (a.sell !== null && b.sell !== null) return a.sell / b.sell;
  return ((a.buy ?? a.sell) as number) / ((b.buy ?? b.sell) as number);
}

/**
 * A price divided by that of another source. A source that states one price for both sides means the middle: it agrees
 * with all sides around it, however far they are apart.
 */
function ratioToSource(a: Sides, b: Sides): number {
  if (a.buy === null || a.sell === null || b.buy === null || b.sell === null) return ratioOf(a, b);
  if (a.buy === a.sell) return nearestTo(1, a.sell / b.sell, a.buy / b.buy);
  if (b.buy === b.sell) return nearestTo(1, a.buy / b.buy, a.sell / b.sell);
  return ratioOf(a, b);
}

/** The number between two others that is nearest to a third. */
function nearestTo(wanted: number, a: number, b: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), wanted));
}

/** The gap between the sides of two prices as a ratio: 1 where they overlap. For what is only about so much. */
function ratioBetween(a: Sides, b: Sides): number {
  const [aLow, aHigh] = rangeOf(a);
  const [bLow, bHigh] = rangeOf(b);
  if (aLow > bHigh) return aLow / bHigh;
  return aHigh < bLow ? aHigh / bLow : 1;
}

function rangeOf({ buy, sell }: Sides): [low: number, high: number] {
  const first = (buy ?? sell) as number;
  const second = sell ?? first;
  return first < second ? [first, second] : [second, first];
}

function farther(a: number, b: number): number {
  return distanceFromOne(a) > distanceFromOne(b) ? a : b;
}

function distanceFromOne(ratio: number): number {
  return ratio > 1 ? ratio : 1 / ratio;
}

function isRatioWithin(ratio: number, low: number, high: number): boolean {
  return ratio >= low && ratio <= high;
}
