/**
 * Which prices are true. A price is compared with what is possible (its band) and with prices that are known: the last
 * one of its series, neighbours in time, other fresh providers, and what other instruments imply. What does not fit is
 * held, not lost: it is accepted once it has proved itself (`isConfirmedLevel`) or a second source says the same.
 *
 * | | gold | silver | fx | crypto |
 * |---|---|---|---|---|
 * | band, times the typical price of the year | fine 0.55-2, other 0.18-1.75 | 0.33-3.2 | USD in VND 0.59-1.7, others in VND or USD 0.4-2.5, crosses 0.16-6.3 | by coin; others up to 10,000,000 USD |
 * | buy over sell, at most | 5 % | 5 % | 5 % | 5 % |
 * | buy under sell, at most | 30 % | 35 % | 25 % | 20 % |
 * | from the last price of the series, or a neighbour in time | 10 % | 15 % | 5 % | 20 % |
 * | from another provider | 10 %, in USD 3 % | 12 % | 5 % | 5 % |
 * | times an implied price | fine 0.85-1.6, other 0.2-1.6, in USD 0.95-1.05 | 0.8-1.8, in USD 0.9-1.1 | 0.95-1.05 | 0.92-1.08 |
 *
 * Both sides count. The tolerances hold for a day and grow with the square root of the days between two prices, up to
 * 60 %. Where that would be over 120 % the comparison is too old to count, except that a price which is a power of ten
 * times the last one of its series is held however long ago that was. A factor is a mistake of unit or scale that
 * explains a difference (`unit-factor.ts`). The ranges of implied fx, crypto, and metal in USD are narrow enough for a
 * second source; those of metal in other currencies are wide.
 *
 * | rule, the first that applies | verdict |
 * |---|---|
 * | neither side; a side that is not finite and over 0; no instant, before 1800, or over 10 min in the future | invalid |
 * | outside the band, a factor brings it inside, and no implied price agrees | held |
 * | sides too far apart, unless the last price of the series is the same, without a factor, and buy is not over sell | held |
 * | buy is over sell, and under it in the last price of the series, a neighbour or another provider | held |
 * | there are other providers or implied prices, and a factor separates it from every one | held |
 * | the series, a neighbour, another provider or an implied price of a narrow range agrees | accepted |
 * | an implied price of a wide range agrees, and only weak prices do not | accepted |
 * | a held or weak price of another provider is the same, and no factor separates it from a comparison | accepted |
 * | outside the band | held |
 * | there is no comparison; or only weak ones, one of which agrees | accepted |
 * | any other | held |
 *
 * Weak and held prices are no comparison in the sense of the rules that do not name them. An accepted price that agrees
 * with none of the other providers says how far it is from the nearest.
 *
 * A held price is accepted when three responses over two intervals had that level, unless
 * - buy is over sell by more than the table allows, or over it where another price has it under its sell;
 * - a factor explains how far the sides are apart;
 * - it is outside the band, a factor brings it inside, and no implied price agrees;
 * - a factor separates it from a comparison that is not weak;
 * - it is over 2.5 times the last price of its series, or under 0.4 of it, and no other source agrees;
 * - an implied price of a wide range disagrees;
 * - no other source agrees, and two disagree or one does by more than twice its tolerance.
 */
import { formatCount, formatPrice } from './figures.ts';
import { formatSpan, type Instant, MAX_INSTANT } from './instant.ts';
import { isWithinBand, type PriceBand, type PricedInstrument, priceBandOf } from './price-bands.ts';
import {
  type ComparisonPrice,
  compare,
  type Findings,
  isPrice,
  isSameLevel,
  type QuoteToValidate,
  type Sides,
} from './price-comparison.ts';
import type { Quote } from './quote.ts';
import { type UnitFactor, unitFactorInto, unitFactorNear } from './unit-factor.ts';

export { type ComparisonPrice, isSameLevel, type QuoteToValidate } from './price-comparison.ts';
export type { UnitFactor } from './unit-factor.ts';

export interface AcceptedQuote {
  readonly outcome: 'accepted';
  /** How far it is from the nearest of the other providers, where it agrees with none: 13 = 13 % over it. */
  readonly distance?: { readonly label: string; readonly percent: number };
}

export interface HeldQuote {
  readonly outcome: 'held';
  /** For people, without a full stop: `sell 187 is 25 % over the last price (150)`. */
  readonly reason: string;
  readonly factor?: UnitFactor;
  /** What it was compared with. */
  readonly comparisons: readonly ComparisonPrice[];
}

export interface InvalidQuote {
  readonly outcome: 'invalid';
  readonly reason: string;
}

export type Verdict = AcceptedQuote | HeldQuote | InvalidQuote;

/** What is remembered of a held price. */
export interface HeldLevel extends Sides {
  /** Responses in a row that had it. */
  readonly responses: number;
  /** When the first of these responses came in, and the last. */
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly factor?: UnitFactor;
}

const MAX_AHEAD_MS = 10 * 60_000;
/** 1 January 1800. Empty dates of other systems lie before it. */
const EARLIEST = -5_364_662_400_000;

const MAX_BUY_OVER_SELL = 1.05;
/** By how much buy may be under sell. */
const MAX_SPREAD = { gold: 0.3, silver: 0.35, fx: 0.25, crypto: 0.2 };
/** A side in another unit is apart from the other by that factor, and by the spread. */
const SIDES_WINDOW = 0.4;

const CONFIRMING_RESPONSES = 3;
/** Responses of a provider do not come exactly one interval apart. */
const CONFIRMING_INTERVALS = 1.8;

const ACCEPTED: AcceptedQuote = { outcome: 'accepted' };

/**
 * Whether a price is accepted, held until it has proved itself, or nonsense.
 * @param comparisons in the quote's own currency and unit; providers that are stale do not belong here
 * @param now when the price came in
 */
export function validateQuote(quote: QuoteToValidate, comparisons: readonly ComparisonPrice[], now: Instant): Verdict {
  const invalid = invalidReason(quote, now);
  if (invalid !== undefined) return { outcome: 'invalid', reason: invalid };
  const findings = compare(quote, comparisons);
  const outside = outsideBand(quote);
  if (outside?.factor && !findings.impliedAgrees) return held(outside.reason, outside.factor, comparisons);
  if (!areSidesPlausible(quote)) {
    const factor = sidesFactor(quote);
    if (factor || isBuyOverSell(quote) || !findings.seriesHasSameSides) {
      return held(sidesReason(quote, factor), factor, comparisons);
    }
  }
  if (areSidesSwapped(quote, findings)) {
    return held(`${sidesReason(quote, undefined)}: are buy and sell swapped?`, undefined, comparisons);
  }
  if (findings.others > 0 && findings.othersByFactor === findings.others) return heldBy(findings, quote, comparisons);
  if (findings.seriesAgrees || findings.sourceAgrees) return acceptedAt(findings);
  if (findings.impliedAgrees && !findings.seriesDisagrees && findings.sourcesFar === 0) return ACCEPTED;
  if (findings.isCorroborated && !findings.byFactor) return acceptedAt(findings);
  if (outside) return held(outside.reason, undefined, comparisons);
  if (!findings.hasReference && (findings.weakAgrees || !findings.weakDisagrees)) return ACCEPTED;
  return heldBy(findings, quote, comparisons);
}

/**
 * Whether a held price has proved itself: by rule, see above. To be asked after `validateQuote` has held the latest
 * response of the level, with the same quote and comparisons.
 * @param everyMs the provider's interval in milliseconds
 */
export function isConfirmedLevel(
  level: HeldLevel,
  everyMs: number,
  quote: QuoteToValidate,
  comparisons: readonly ComparisonPrice[],
): boolean {
  if (level.responses < CONFIRMING_RESPONSES) return false;
  if (!(everyMs > 0) || !(level.lastAt - level.firstAt >= everyMs * CONFIRMING_INTERVALS)) return false;
  if (isBuyOverSell(quote) || (!areSidesPlausible(quote) && sidesFactor(quote))) return false;
  const findings = compare(quote, comparisons);
  if (areSidesSwapped(quote, findings)) return false;
  if (!findings.impliedAgrees && outsideBand(quote)?.factor) return false;
  if (!findings.hasReference) return true; // weak references give way, whatever separates them
  if (findings.seriesVeryFar && !findings.sourceAgrees) return false;
  if (findings.byFactor || level.factor || (findings.impliedDisagrees && !findings.impliedAgrees)) return false;
  return findings.sourceAgrees || (findings.sourcesFar < 2 && findings.sourcesVeryFar === 0);
}

/** Whether the last price of a series was accepted without proof, and has not lasted for as long as a held one must. */
export function isWeakPrice(
  { weakSince, checkedAt }: Pick<Quote, 'weakSince' | 'checkedAt'>,
  everyMs: number,
): boolean {
  return weakSince !== undefined && checkedAt - weakSince < everyMs * CONFIRMING_INTERVALS;
}

/** What is remembered of a held price after one more response with it: of the same level it counts on, else anew. */
export function nextHeldLevel(
  previous: HeldLevel | undefined,
  { buy, sell }: Sides,
  factor: UnitFactor | undefined,
  now: Instant,
): HeldLevel {
  const goesOn = previous !== undefined && isSameLevel(previous, { buy, sell });
  const kept = factor ?? (goesOn ? previous.factor : undefined);
  return {
    buy,
    sell,
    responses: goesOn ? previous.responses + 1 : 1,
    firstAt: goesOn ? previous.firstAt : now,
    lastAt: now,
    ...(kept && { factor: kept }),
  };
}

/**
 * The mistake of unit or scale that a ratio comes from; undefined where none explains it.
 * @param ratio the price, divided by what it should be about
 */
export function explainRatio(ratio: number, quote: Pick<QuoteToValidate, 'unit'>): UnitFactor | undefined {
  return ratio > 0 && ratio < Number.POSITIVE_INFINITY ? unitFactorNear(ratio, quote.unit) : undefined;
}

function invalidReason({ buy, sell, at }: QuoteToValidate, now: Instant): string | undefined {
  if (buy === null && sell === null) return 'it has neither a buy nor a sell price';
  if (buy !== null && !isPrice(buy)) return `buy ${buy} is not a number over 0`;
  if (sell !== null && !isPrice(sell)) return `sell ${sell} is not a number over 0`;
  if (!Number.isInteger(at) || Math.abs(at) > MAX_INSTANT) return `its time ${at} is not a valid time`;
  if (at < EARLIEST) return `its time ${new Date(at).toISOString()} is before the year 1800`;
  if (at > now + MAX_AHEAD_MS) return `its time is ${formatSpan(at - now)} in the future`;
  return undefined;
}

// Bands

interface OutsideBand {
  readonly reason: string;
  readonly factor: UnitFactor | undefined;
}

/** The side that is outside of the band, rather one that a factor explains. */
function outsideBand(quote: QuoteToValidate): OutsideBand | undefined {
  const { buy, sell } = quote;
  const band = priceBandOf(quote, quote.at);
  const outsideBuy = buy === null || isWithinBand(band, buy) ? undefined : describeOutside('buy', buy, band, quote);
  if (outsideBuy?.factor || sell === null || isWithinBand(band, sell)) return outsideBuy;
  const outsideSell = describeOutside('sell', sell, band, quote);
  return outsideSell.factor ? outsideSell : (outsideBuy ?? outsideSell);
}

function describeOutside(side: string, value: number, band: PriceBand, quote: QuoteToValidate): OutsideBand {
  const { low, typical, high } = band;
  const factor = unitFactorInto(value / typical, quote.unit, low / typical, high / typical);
  const year = new Date(quote.at).getUTCFullYear();
  const range = `${shortPrice(low, quote)}-${shortPrice(high, quote)} ${quote.currency}/${quote.unit}`;
  const hints = factor ? [factor.hint] : [];
  if (quote.market === 'gold' && isWithinBand(priceBandOf({ ...quote, market: 'silver' }, quote.at), value)) {
    hints.push('silver? --market silver');
  }
  const hint = hints.length > 0 ? `: ${hints.join(' or ')}` : '';
  return { reason: `${side} ${shown(value, quote)} is outside of ${range}, the range of ${year}${hint}`, factor };
}

// Sides

function areSidesPlausible({ market, buy, sell }: QuoteToValidate): boolean {
  return buy === null || sell === null || (buy <= sell * MAX_BUY_OVER_SELL && buy >= sell * (1 - MAX_SPREAD[market]));
}

function isBuyOverSell({ buy, sell }: Sides): boolean {
  return buy !== null && sell !== null && buy > sell * MAX_BUY_OVER_SELL;
}

/** A column of buy prices that passes for one of sell prices shows by nothing else where the two are near. */
function areSidesSwapped({ buy, sell }: Sides, { hasBuyUnderSell }: Findings): boolean {
  return buy !== null && sell !== null && buy > sell && hasBuyUnderSell;
}

function sidesFactor({ buy, sell, unit }: QuoteToValidate): UnitFactor | undefined {
  return buy === null || sell === null ? undefined : unitFactorNear(buy / sell, unit, SIDES_WINDOW);
}

function sidesReason(quote: QuoteToValidate, factor: UnitFactor | undefined): string {
  const [buy, sell] = [quote.buy as number, quote.sell as number];
  return `buy ${shown(buy, quote)} is ${describeRatio(buy / sell)} sell ${shown(sell, quote)}${hintOf(factor)}`;
}

// Verdicts

function acceptedAt({ providerAgrees, nearestProvider }: Findings): AcceptedQuote {
  if (providerAgrees || !nearestProvider) return ACCEPTED;
  const { comparison, ratio } = nearestProvider;
  return {
    outcome: 'accepted',
    distance: { label: comparison.label, percent: Math.round((ratio - 1) * 1000) / 10 },
  };
}

function held(reason: string, factor: UnitFactor | undefined, comparisons: readonly ComparisonPrice[]): HeldQuote {
  return { outcome: 'held', reason, ...(factor && { factor }), comparisons };
}

function heldBy({ difference }: Findings, quote: QuoteToValidate, comparisons: readonly ComparisonPrice[]): HeldQuote {
  if (!difference) return held('no other price agrees with it', undefined, comparisons);
  const { comparison, ratio, factor } = difference;
  // The side that the ratio is of.
  const isBuy = quote.buy !== null && (quote.sell === null || isNearer(quote.buy, quote.sell, comparison, ratio));
  const value = (isBuy ? quote.buy : quote.sell) as number;
  const reference = shown(value / ratio, quote);
  const label = comparison.kind === 'series' ? `the ${comparison.label}` : comparison.label;
  const reason = `${isBuy ? 'buy' : 'sell'} ${shown(value, quote)} is ${describeRatio(ratio)} ${label} (${reference})`;
  return held(`${reason}${hintOf(factor)}`, factor, comparisons);
}

/** Whether a ratio is that of the buy side rather than of the sell side. */
function isNearer(buy: number, sell: number, comparison: Sides, ratio: number): boolean {
  const off = (value: number, other: number | null) =>
    other === null ? Number.MAX_VALUE : Math.abs(value / other - ratio);
  return off(buy, comparison.buy) < off(sell, comparison.sell);
}

function hintOf(factor: UnitFactor | undefined): string {
  return factor ? `: ${factor.hint}` : '';
}

/** `25 % over`, `90 % under`, `1,000 times`. */
function describeRatio(ratio: number): string {
  if (ratio >= 3) return `${formatCount(ratio)} times`;
  if (ratio >= 1) return `${formatCount((ratio - 1) * 100)} % over`;
  return ratio < 0.05 ? `1/${formatCount(1 / ratio)} of` : `${formatCount((1 - ratio) * 100)} % under`;
}

function shown(value: number, { currency }: PricedInstrument): string {
  return formatPrice(value, currency);
}

/** With three significant digits, as what is only about so much. */
function shortPrice(value: number, { currency }: PricedInstrument): string {
  return formatPrice(Number(value.toPrecision(3)), currency);
}
